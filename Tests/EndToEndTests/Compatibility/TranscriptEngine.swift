import Glibc
import Linux
import Testing
import TestSupport

/// An engine that answers the command lines of transcripts: what they call `docker`.
final class TranscriptEngine {
    private let scratch: Scratch
    private let environment: [String: String]
    private let peer: DockerPeer?

    /// Hako, with a test's store, called by Docker's name.
    convenience init(_ store: TestStore) throws {
        try self.init("exec -a docker \"\(TestStore.programs ?? "")/hako\" \"$@\"", store.environment, peer: nil)
    }

    /// - Parameter docker: Words of a shell: `docker -H unix:///run/docker.sock`.
    convenience init(docker: String) throws {
        try self.init("exec \(docker) \"$@\"", [:], peer: DockerPeer())
        let own = try script("set -e; docker ps -aq; docker volume ls -q; docker images --format '{{.Repository}}:{{.Tag}}' | sed '/^busybox:latest$/d'")
        guard own.status == 0, own.text.isEmpty else {
            throw Program.Failure(description: "\(docker) has containers, volumes or images of its own, or does not answer: \(own)")
        }
        // Docker's classic store does not read OCI archives.
        let loaded = try script(
            """
            skopeo copy -q --insecure-policy oci-archive:\(try TestImages.archive("busybox")) docker-archive:busybox.tar:busybox:latest &&
            docker load -q -i busybox.tar
            """)
        guard loaded.status == 0 else { throw Program.Failure(description: "loading busybox: \(loaded)") }
    }

    private init(_ call: String, _ environment: [String: String], peer: DockerPeer?) throws {
        self.peer = peer
        scratch = try Scratch(["bin/docker": .file(Array("#!/bin/bash\nPATH=${PATH#*:}\n\(call)\n".utf8)), "home": .directory])
        self.environment = environment.merging(["HOME": scratch.path("home"), "LC_ALL": "C", "TZ": "UTC"]) { own, _ in own }
        try FileDescriptor.open(scratch.path("bin/docker")).changeMode(0o755)
    }

    private func script(_ text: String) throws -> ProgramRun {
        let start = "PATH='\(scratch.path("bin"))':$PATH; T=$(mktemp -d); trap 'rm -rf \"$T\"' EXIT; cd \"$T\"; unset DOCKER_CONFIG\n"
        return try ProgramRun.of("/bin/bash", ["-c", start + text], environment: environment, timeoutMilliseconds: 300_000)
    }

    /// Runs a case's command lines one after the other, in a shell and an empty directory of their own, and removes its
    /// containers, volumes and images.
    func run(_ each: Transcript.Case) throws -> [Transcript.Outcome] {
        let steps = each.steps.enumerated().map { index, step in
            """
            { \(step.command)
            } > "$R/\(index).output" 2> "$R/\(index).error" < /dev/null; echo $? > "$R/\(index).status"
            """
        }
        let results = scratch.path("results")
        try Directory.create(results)
        let run = try script(
            """
            R='\(results)'
            \(steps.joined(separator: "\n"))
            ids=$(docker ps -aq --no-trunc); [ -z "$ids" ] || docker rm -fv $ids > /dev/null
            volumes=$(docker volume ls -q); [ -z "$volumes" ] || docker volume rm $volumes > /dev/null
            base=$(docker inspect -f '{{.Id}}' busybox); images=$(docker images -aq --no-trunc | uniq | grep -vx "$base")
            [ -z "$images" ] || docker rmi -f $images > /dev/null
            names=$(docker images --format '{{.Repository}}:{{.Tag}}' | grep -vx busybox:latest); [ -z "$names" ] || docker rmi $names > /dev/null
            for file in "$R"/*.output "$R"/*.error; do
              sed -i -e "s|$T|<directory>|g" "$file"; sed -i -zE -f '\(TranscriptFile.directory)/normalise.sed' "$file"
            done
            """)
        #expect(run.status == 0 && run.error.isEmpty, "\(each.name): \(run)")
        let outcomes = try each.steps.indices.map { try outcome("\(results)/\($0)") }
        try FileDescriptor.directory(scratch.root).removeTree("results")
        return outcomes
    }

    private func outcome(_ path: String) throws -> Transcript.Outcome {
        let text = { (part: String) in String(decoding: try FileDescriptor.contents(of: "\(path).\(part)"), as: UTF8.self) }
        return Transcript.Outcome(
            status: CInt(try text("status").filter(\.isNumber)) ?? -1, output: try text("output"), error: try text("error"))
    }
}

/// Where transcripts lie: beside these sources, so that they can be recorded anew.
enum TranscriptFile {
    static let directory = String(#filePath.dropLast("/TranscriptEngine.swift".count))

    /// Without `.txt`, in order.
    static let names: [String] = {
        let listed = try? Program.run("ls", directory + "/Transcripts")
        return (listed ?? "").split(separator: "\n").filter { $0.hasSuffix(".txt") }.map { String($0.dropLast(4)) }
    }()

    private static func path(_ name: String) -> String { "\(directory)/Transcripts/\(name).txt" }

    static func read(_ name: String) throws -> Transcript {
        try Transcript(parsing: String(decoding: FileDescriptor.contents(of: path(name)), as: UTF8.self))
    }

    static func write(_ transcript: Transcript, _ name: String) throws {
        try FileDescriptor.open(path(name), flags: O_WRONLY | O_TRUNC).writeAll(Array(transcript.text.utf8))
    }
}
