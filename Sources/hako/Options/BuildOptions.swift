import BuildContext
import Builder
import CommandLineTables
import Engine
import Glibc
import Linux
import OCI

/// What `hako build` is asked for, as its words say it.
enum BuildOptions {
    static func request(_ arguments: ParsedArguments) throws -> BuildRequest {
        let path = arguments.positionals[0]
        var request = path == "-" ? BuildRequest(file: try standardInput()) : try inDirectory(path, arguments.value("file"))
        for word in arguments.values("build-arg") {
            let (name, value) = assignment(word)
            // Without a value it has that of the environment, or isn't given.
            if let value = value ?? GlobalOptions.environment(name) { request.arguments[name] = value }
        }
        for word in arguments.values("label") {
            let (name, value) = assignment(word)
            request.labels[name] = value ?? ""
        }
        request.tags = try arguments.values("tag").map(tag)
        request.target = arguments.value("target")
        request.usesCache = !arguments.flag("no-cache")
        request.pullsBases = arguments.flag("pull")
        request.sourceDateEpoch = try epoch()
        return request
    }

    private static func epoch() throws -> Int64? {
        guard let text = GlobalOptions.environment("SOURCE_DATE_EPOCH") else { return nil }
        guard let seconds = Int64(text), seconds >= 0 else {
            throw EngineError(.invalidArgument, "invalid SOURCE_DATE_EPOCH: \(text)", hint: "Give seconds since 1970.")
        }
        return seconds
    }

    private static func inDirectory(_ path: String, _ file: String?) throws -> BuildRequest {
        let root: FileDescriptor
        do throws(SystemCallError) { root = try FileDescriptor.directory(path) } catch {
            guard [.noSuchFile, .notDirectory].contains(error.errno) else { throw error }
            throw EngineError(.invalidArgument, "path \"\(path)\" not found")
        }
        let bytes: [UInt8]
        var below: PathBytes?
        switch file {
        case "-": bytes = try standardInput()
        case let file?:
            do throws(SystemCallError) { bytes = try FileDescriptor.contents(of: file, limit: 16 << 20) } catch {
                throw unreadable(file, error)
            }
            below = Self.below(file, path)
        case nil:
            below = "Dockerfile"
            guard let found = try ContextTree.contents(of: "Dockerfile", in: root) else {
                throw EngineError(
                    .invalidArgument, "failed to read dockerfile: open Dockerfile: no such file or directory",
                    hint: "Name another file with -f.")
            }
            bytes = found
        }
        let ignored = try ContextTree.ignorePatterns(in: root, dockerfile: below)
        let origin = (try? root.path()) ?? ""
        let name = file.map { $0 == "-" ? "Dockerfile" : String($0.split(separator: "/").last ?? "Dockerfile") } ?? "Dockerfile"
        var request = BuildRequest(file: bytes, fileName: name, context: ContextTree(root: root, ignoring: ignored))
        request.origin = origin.isEmpty ? "" : "\(origin)\n\(file ?? "Dockerfile")"
        return request
    }

    private static func unreadable(_ file: String, _ error: SystemCallError) -> EngineError {
        let reason = error.errno == .noSuchFile ? "no such file or directory" : "\(error.errno)"
        return EngineError(.invalidArgument, "failed to read dockerfile: open \(file): \(reason)")
    }

    /// The file's path below the context; nil where it isn't there.
    private static func below(_ file: String, _ directory: String) -> PathBytes? {
        guard let whole = realPath(file), let root = realPath(directory) else { return nil }
        let prefix = root == "/" ? "/" : root + "/"
        guard whole.hasPrefix(prefix) else { return nil }
        return PathBytes(whole.dropFirst(prefix.count).utf8)
    }

    private static func realPath(_ path: String) -> String? {
        try? FileDescriptor.open(path, flags: FileDescriptor.pathOnly).path()
    }

    private static func standardInput() throws -> [UInt8] {
        let input = FileDescriptor(adopting: StandardDescriptor.input)
        let bytes: Result<[UInt8], SystemCallError>
        do throws(SystemCallError) { bytes = .success(try input.readAll(limit: 16 << 20)) } catch { bytes = .failure(error) }
        _ = input.relinquish()
        return try bytes.get()
    }

    private static func assignment(_ word: String) -> (name: String, value: String?) {
        guard let index = word.firstIndex(of: "=") else { return (word, nil) }
        return (String(word[..<index]), String(word[word.index(after: index)...]))
    }

    private static func tag(_ text: String) throws -> Reference {
        do throws(ReferenceError) {
            let reference = try Reference(text)
            if reference.digest == nil { return reference.withDefaultTag }
        } catch {
            throw EngineError(.invalidArgument, "invalid tag \"\(text)\": \(error)")
        }
        throw EngineError(.invalidArgument, "invalid tag \"\(text)\": refusing to create a tag with a digest reference")
    }
}
