import Linux
import Testing
import TestSupport

/// Images that tests build.
extension TestStore {
    /// Builds in a directory of its own.
    ///
    /// - Parameters:
    ///   - script: A shell's, which puts files into the context.
    ///   - options: Of `build`, before its directory.
    @discardableResult
    func build(_ dockerfile: String, context script: String = "", _ options: String..., environment: String = "") throws -> ProgramRun {
        let directory = scratch.path("context")
        try Directory.removeTree(directory)
        try Directory.create(directory)
        let file = try FileDescriptor.openEmpty(directory + "/Dockerfile", mode: 0o644)
        try file.writeAll(dockerfile)
        let words = options.map { "'\($0)'" }.joined(separator: " ")
        return try shell("set -e; cd '\(directory)'; umask 022\n\(script)\n\(environment) \"$HAKO\" build \(words) '\(directory)'")
    }

    /// The same, of what has to become the image `made`.
    func make(_ dockerfile: String, context script: String = "", sourceLocation: SourceLocation = #_sourceLocation) throws {
        let run = try build(dockerfile, context: script, "-q", "-t", "made")
        #expect(run.status == 0, "\(run)", sourceLocation: sourceLocation)
    }

    /// What a shell's script says in a container of the image `made`.
    func made(_ script: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> [String] {
        let run = try hako("run", "--rm", "--network", "none", "--userns", "host", "made", "sh", "-c", script)
        #expect(run.status == 0, "\(run)", sourceLocation: sourceLocation)
        return run.lines
    }

    /// The files of the image `made` below these paths: `path kind mode uid:gid target`.
    func files(_ paths: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> [String] {
        let script = "find \(paths) | sort | while read f; do stat -c '%n %F %a %u:%g' \"$f\" | tr -d '\\n'; [ -L \"$f\" ] && echo \" $(readlink \"$f\")\" || echo; done"
        return try made(script, sourceLocation: sourceLocation).map { line in
            var line = line
            for (long, short) in [
                (" regular file ", " f "), (" regular empty file ", " f "), (" directory ", " d "), (" symbolic link ", " l "), (" fifo ", " p "),
                (" character special file ", " c "),
            ] {
                if let range = line.firstRange(of: long) { line.replaceSubrange(range, with: short) }
            }
            return line
        }
    }

    /// What the history of an image says, the oldest first; with `+` for a layer and `-` for none.
    func history(of image: String) throws -> [String] {
        let config = "\(root)/content/blobs/sha256/" + (try inspect(image, "{{.Id}}")).dropFirst("sha256:".count)
        let script = """
            import json, sys
            for entry in json.load(open(sys.argv[1]))["history"]:
                print(entry.get("created_by", ""), "-" if entry.get("empty_layer") else "+")
            """
        let run = try ProgramRun.of("/usr/bin/python3", ["-c", script, config])
        #expect(run.status == 0, "\(run)")
        return run.lines
    }
}
