import Glibc
import Linux
import Testing
import TestSupport

/// Pulls from a registry that is not what it should be, from a user's seat.
@Suite(
    "A pull", .enabled(if: TestStore.isRunnable, TestStore.reason),
    .enabled(if: Skopeo.isInstalled && DockerRegistry.isInstalled, "skopeo and docker-registry are not both installed"))
struct PullTests {
    enum Damage: CaseIterable { case changed, cutOff, longer }

    @Test("takes no layer that isn't what its digest says, and takes it when it is", arguments: Damage.allCases)
    func damaged(damage: Damage) throws {
        let registry = try DockerRegistry()
        let store = try TestStore(images: [])
        let name = try push(to: registry)
        let (path, good) = try layer(of: registry)
        var bad = good
        switch damage {
        case .changed: bad[bad.count / 2] ^= 0x55
        case .cutOff: bad.removeLast(bad.count / 3)
        case .longer: bad += Array("more".utf8)
        }
        try FileDescriptor.replaceContents(of: path, with: bad, mode: 0o644)
        let pull = try store.hako("pull", "-q", name)
        #expect(pull.status == 1, "\(pull)")
        #expect(!pull.error.isEmpty)
        #expect(try store.hako("run", "--rm", name, "true").status == 125)
        #expect(try store.output("images", "-aq") == "")
        try store.expectNothingLeft()
        try FileDescriptor.replaceContents(of: path, with: good, mode: 0o644)
        #expect(try store.output("run", "--rm", "-q", name, "echo", "runs") == "runs")
        try store.expectNothingLeft()
    }

    @Test("takes layers that are not compressed")
    func uncompressed() throws {
        let registry = try DockerRegistry()
        let store = try TestStore(images: [])
        let plain = store.scratch.path("plain")
        try Skopeo.copy(["--dest-decompress", try Skopeo.source, "dir:\(plain)"])
        let name = "\(registry.host)/plain:v1"
        try Skopeo.copy(["--preserve-digests", "--dest-tls-verify=false", "dir:\(plain)", "docker://\(name)"])
        let manifest = try FileDescriptor.contents(of: plain + "/manifest.json")
        #expect(String(decoding: manifest, as: UTF8.self).contains("image.layer.v1.tar\""))
        #expect(try store.output("run", "--rm", "-q", name, "echo", "runs") == "runs")
    }

    @Test("that is killed at any moment does no harm")
    func killed() throws {
        let registry = try DockerRegistry()
        let store = try TestStore(images: [])
        let name = try push(to: registry)
        for delay in 0..<20 { try store.killing(after: delay * 5, ["pull", "-q", name]) }
        #expect(try store.output("run", "--rm", "-q", name, "echo", "works") == "works")
        try store.expectNothingLeft()
    }

    @Test("on a disk that fills up fails as a whole, and the store goes on")
    func fullDisk() throws {
        let registry = try DockerRegistry()
        let name = try push(to: registry)
        try TestStore.withDisk(megabytes: 3) { store in
            let pull = try store.hako("pull", "-q", name)
            #expect(pull.status == 1, "\(pull)")
            #expect(pull.error.contains("no space left on device"))
            #expect(try store.output("images", "-q") == "")
            try store.hako("system", "prune", "-f")
            #expect(try store.output("system", "check") == "The store is whole.")
        }
    }

    @Test("names what isn't there: a tag, a repository, a digest, a platform")
    func unknown() throws {
        let registry = try DockerRegistry()
        let store = try TestStore(images: [])
        let name = try push(to: registry)
        let digest = "sha256:" + String(repeating: "0", count: 64)
        for (words, said) in [
            ([name + "-not"], "v1-not"), (["\(registry.host)/nobody"], "\(registry.host)/nobody"),
            (["\(registry.host)/app@\(digest)"], digest), (["--platform", "linux/s390x", name], "linux/s390x"),
        ] {
            let pull = try store.hako(["pull", "-q"] + words)
            #expect(pull.status == 1 && pull.error.contains(said), "\(words): \(pull)")
        }
        #expect(try store.output("images", "-aq") == "")
    }

    @Test("from a registry that falls silent ends when it is told to", arguments: [["pull"], ["run", "--rm"], ["run", "-d"]])
    func silent(words: [String]) throws {
        let liar = try Liar { _, connection in try connection.fallSilent() }
        defer { liar.stop() }
        let store = try TestStore(images: [])
        let pull = try store.start(words + ["-q", "\(liar.host)/app"])
        while liar.requests.isEmpty {
            var entries = [PollEntry(pull.pidfd.number, .readable)]
            try #require(PollEntry.wait(&entries, timeoutMilliseconds: 1) == 0, "it ended before it asked for anything")
        }
        try pull.send(signal: SIGTERM)
        #expect(try pull.wait().shellCode == 128 + SIGTERM)
        try store.expectNothingLeft()
    }

    private func push(to registry: borrowing DockerRegistry) throws -> String {
        let name = "\(registry.host)/app:v1"
        try Skopeo.copy(["--dest-tls-verify=false", try Skopeo.source, "docker://\(name)"])
        return name
    }

    /// The biggest of the registry's blobs, and where it keeps it.
    private func layer(of registry: borrowing DockerRegistry) throws -> (path: String, bytes: [UInt8]) {
        let found = try ProgramRun.of("/bin/sh", ["-c", "find '\(registry.path("blobs"))' -name data -size +100k"])
        let path = try #require(found.text.split(separator: "\n").first.map(String.init))
        return (path, try FileDescriptor.contents(of: path))
    }
}
