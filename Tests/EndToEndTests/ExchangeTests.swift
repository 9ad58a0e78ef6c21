import Glibc
import TestSupport
import Testing

/// One image, of layers with what is hard to carry, goes to another engine and comes back: the same, byte for byte.
///
/// `HAKO_PODMAN`, words of a shell, names a podman that isn't this machine's own.
@Suite(
    "An image that goes from engine to engine", .enabled(if: TestStore.isRunnable, TestStore.reason),
    .enabled(if: Skopeo.isInstalled && DockerRegistry.isInstalled, "skopeo and docker-registry are not both installed"))
struct ExchangeTests {
    private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
    private static let allTests = variable("HAKO_TEST_ALL") != nil
    private static let hasUmoci = Program.isInstalled("umoci")
    private static let podman = variable("HAKO_PODMAN") ?? (Program.isInstalled("podman") ? "podman" : nil)

    /// A store with the image `made:v1`: a device, a pipe, hard links, a capability; and a layer that deletes, replaces and links.
    private func makeStore() throws -> TestStore {
        let store = try TestStore(images: [])
        _ = try shell(
            store,
            """
            '\(Corpus.directory)/base' base.tar; $HAKO load -q -i base.tar > /dev/null
            $HAKO run --name box corpus/base sh -c '
              rm -r /lower/dir /lower/pipe; mkdir /lower/dir; echo new > /lower/dir/n; ln /lower/file /lower/linked; mv /lower/capable /moved; chmod 4711 /lower/owned/file'
            $HAKO commit box made:v1; $HAKO rm box
            """)
        return store
    }

    private func shell(_ store: TestStore, _ script: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
        let run = try store.shell("set -e -o pipefail; cd '\(store.scratch.root)'\n" + script)
        #expect(run.status == 0, "\(run)", sourceLocation: sourceLocation)
        return run.text
    }

    /// That another store has the image, whole, and that it runs.
    private func expectSame(
        _ name: String, in other: TestStore, as store: TestStore, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        #expect(try other.inspect(name, "{{.Id}}") == store.inspect("made:v1", "{{.Id}}"), sourceLocation: sourceLocation)
        #expect(try other.output("run", "--rm", name, "cat", "/lower/dir/n") == "new", sourceLocation: sourceLocation)
        #expect(try other.output("system", "check") == "The store is whole.", sourceLocation: sourceLocation)
    }

    private let manifest = "{{.Descriptor.digest}}"

    @Test(
        "is the same behind skopeo, in each kind of archive",
        arguments: [("oci-archive", ":v1", true), ("docker-archive", ":made:v1", false)])
    func throughSkopeo(transport: String, name: String, keepsManifest: Bool) throws {
        let (store, other) = (try makeStore(), try TestStore(images: []))
        let path = store.scratch.path("copy.tar")
        _ = try shell(store, "$HAKO save -o a.tar made:v1")
        let options = keepsManifest ? ["--preserve-digests"] : []
        try Skopeo.copy(options + ["\(transport):\(store.scratch.path("a.tar"))\(name)", "\(transport):\(path):made:v1"])
        #expect(try other.output("load", "-i", path) == "Loaded image: made:v1")
        try expectSame("made:v1", in: other, as: store)
        if keepsManifest { #expect(try other.inspect("made:v1", manifest) == store.inspect("made:v1", manifest)) }
    }

    @Test("is the same behind a registry, and where skopeo has copied it there", arguments: ["oci", "v2s2"])
    func throughRegistry(format: String) throws {
        let registry = try DockerRegistry()
        let (store, other) = (try makeStore(), try TestStore(images: []))
        let (first, second) = ("\(registry.host)/team/first:v1", "\(registry.host)/second:v1")
        try store.hako("tag", "made:v1", first).expectSuccess()
        try store.hako("push", "-q", first).expectSuccess()
        let own = format == "oci" ? ["--preserve-digests"] : ["--format", format]
        try Skopeo.copy(["--src-tls-verify=false", "--dest-tls-verify=false"] + own + ["docker://\(first)", "docker://\(second)"])
        for name in [first, second] {
            try other.hako("pull", "-q", name).expectSuccess()
            try expectSame(name, in: other, as: store)
            let there = try shell(store, "skopeo inspect --tls-verify=false -f '{{.Digest}}' docker://\(name)")
            #expect(try other.inspect(name, "{{.RepoDigests}}").contains(there))
        }
        // And on to a third, out of the second's store.
        let (third, last) = ("\(registry.host)/third:v1", try TestStore(images: []))
        try other.hako("tag", first, third).expectSuccess()
        try other.hako("push", "-q", third).expectSuccess()
        try last.hako("pull", "-q", third).expectSuccess()
        try expectSame(third, in: last, as: store)
        #expect(try last.inspect(third, manifest) == other.inspect(first, manifest))
    }

    @Test("is the same in umoci's hands", .enabled(if: hasUmoci, "umoci is not installed"))
    func throughUmoci() throws {
        let (store, other) = (try makeStore(), try TestStore(images: []))
        let seen = try shell(
            store,
            """
            mkdir layout; $HAKO save made:v1 | tar x -C layout
            umoci tag --image layout:v1 again > /dev/null
            umoci unpack --image layout:again bundle > /dev/null
            cd bundle/rootfs/lower; cat dir/n; ls dir; stat -c '%a %u:%g' owned/file; stat -c %h file linked; getfattr --only-values -n security.capability ../moved | od -An -tx1 | tr -d ' \\n'; echo
            tar c -C ../../../layout . > ../../../again.tar
            """)
        #expect(seen == "new\nn\n4711 1000:1001\n2\n2\n0100000200200000000000000000000000000000")
        try other.hako("load", "-i", store.scratch.path("again.tar")).expectSuccess()
        #expect(try other.inspect("made:v1", manifest) == store.inspect("made:v1", manifest))
        try expectSame("made:v1", in: other, as: store)
    }

    @Test(
        "is the same behind Docker: loaded and saved, pulled and pushed",
        .enabled(if: allTests && DockerPeer.command != nil, "HAKO_TEST_ALL isn't set, or HAKO_DOCKER names no Docker 28"))
    func throughDocker() throws {
        let (docker, enter) = (try DockerPeer(), DockerPeer.enter)
        defer { withExtendedLifetime(docker) {} }
        try exchange(
            """
            engine="\(DockerPeer.command ?? "")" options=
            trap '$engine rmi -f $name:v1 $host/first:v1 $host/second:v1 > /dev/null 2>&1; [ -z "$registry" ] || kill $registry' EXIT
            # A daemon with a network of its own has the registry there, too: of the same files.
            if [ -n "\(enter)" ]; then
              \(enter) docker-registry serve $config > /dev/null 2>&1 & registry=$!
              until \(enter) curl -s http://$host/v2/ > /dev/null; do kill -0 $registry; done
            fi
            """)
    }

    @Test(
        "is the same behind podman: loaded and saved, pulled and pushed",
        .enabled(if: allTests && podman != nil, "HAKO_TEST_ALL isn't set, or podman is not installed"))
    func throughPodman() throws {
        try exchange(
            """
            engine="\(Self.podman ?? "") --root $PWD/podman --runroot $PWD/podman-run --storage-driver vfs --cgroup-manager cgroupfs --events-backend file"
            options=--tls-verify=false
            trap '$engine system reset -f > /dev/null 2>&1; rm -rf podman podman-run' EXIT
            """)
    }

    /// - Parameter peer: Sets `engine`, and `options` for its pull and push.
    private func exchange(_ peer: String) throws {
        let registry = try DockerRegistry()
        let (store, other) = (try makeStore(), try TestStore(images: []))
        let (name, host) = ("hako-exchange-\(UInt32.random(in: .min ... .max))", registry.host)
        let ids = try shell(
            store,
            """
            name=\(name) host=\(host) config='\(registry.configuration)' registry=
            \(peer)
            $HAKO tag made:v1 $name:v1; $HAKO tag made:v1 $host/first:v1
            $HAKO save $name:v1 | $engine load -q > /dev/null
            $engine inspect -f '{{.Id}}' $name:v1
            $engine save $name:v1 > b.tar
            $HAKO push -q $host/first:v1 > /dev/null
            $engine pull -q $options $host/first:v1 > /dev/null
            $engine inspect -f '{{.Id}}' $host/first:v1
            $engine tag $host/first:v1 $host/second:v1
            $engine push $options $host/second:v1 > /dev/null 2>&1
            """)
        // Podman's ids have no algorithm before them.
        let id = String(try store.inspect("made:v1", "{{.Id}}").dropFirst("sha256:".count))
        #expect(ids.split(separator: "\n").map { $0.hasPrefix("sha256:") ? String($0.dropFirst("sha256:".count)) : String($0) } == [id, id])
        try other.hako("load", "-i", store.scratch.path("b.tar")).expectSuccess()
        for reference in ["\(name):v1", "\(host)/second:v1"] {
            if reference.hasPrefix(host) { try other.hako("pull", "-q", reference).expectSuccess() }
            try expectSame(reference, in: other, as: store)
        }
        let there = try shell(store, "skopeo inspect --tls-verify=false -f '{{.Digest}}' docker://\(host)/second:v1")
        #expect(try other.inspect("\(host)/second:v1", "{{.RepoDigests}}").contains(there))
    }
}
