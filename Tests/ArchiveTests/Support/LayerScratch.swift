import Archive
import Glibc
import Linux
import TestSupport

/// A directory to unpack into, beside a canary that nothing may touch.
struct LayerScratch: ~Copyable {
    let scratch: Scratch

    init() throws {
        let scratch = try Scratch([
            "layer": .directory, "canary/secret": "HOSTSECRET", "canary/dir/file": "HOSTSECRET",
        ])
        try FileDescriptor.directory(scratch.path("layer")).changeMode(0o755)
        self.scratch = scratch
    }

    var canary: String { scratch.path("canary") }
    var layer: String { scratch.path("layer") }

    func root() throws -> FileDescriptor { try FileDescriptor.directory(layer) }

    @discardableResult
    func unpack(_ bytes: [UInt8], limits: ExtractionLimits = ExtractionLimits()) throws -> UnpackedLayer {
        try LayerUnpacker.unpack(MemorySource(bytes, chunkSize: 1000), into: try root(), limits: limits)
    }

    @discardableResult
    func unpack(_ entries: [Entry], limits: ExtractionLimits = ExtractionLimits()) throws -> UnpackedLayer {
        try unpack(tar(entries), limits: limits)
    }

    func status(_ path: String) throws -> FileStatus {
        try FileDescriptor.status(of: layer + "/" + path, followingSymlinks: false)
    }

    func contents(_ path: String) throws -> [UInt8] { try FileDescriptor.contents(of: layer + "/" + path) }

    func attribute(_ name: PathBytes, of path: String) throws -> [UInt8]? {
        try FileDescriptor.open(layer + "/" + path).extendedAttribute(name)
    }

    /// Everything below the layer's root, see ``snapshot(of:)``.
    func tree() throws -> [String] { try snapshot(of: layer) }
}

/// An entry with its body, for tests that write archives.
struct Entry: Sendable {
    var entry: TarEntry
    var body: [UInt8]

    init(_ entry: TarEntry, _ body: [UInt8] = []) {
        self.entry = entry
        self.body = body
    }

    static func file(_ name: PathBytes, _ text: String = "", mode: UInt32 = 0o644) -> Entry {
        Entry(TarEntry(.regular, name, mode: mode), Array(text.utf8))
    }
    static func directory(_ name: PathBytes, mode: UInt32 = 0o755, modified: Int64 = 0) -> Entry {
        Entry(TarEntry(.directory, name, mode: mode, modified: FileTime(seconds: modified)))
    }
    static func symlink(_ name: PathBytes, _ target: PathBytes) -> Entry {
        Entry(TarEntry(.symlink, name, linkTarget: target, mode: 0o777))
    }
    static func hardLink(_ name: PathBytes, _ target: PathBytes) -> Entry {
        Entry(TarEntry(.hardLink, name, linkTarget: target))
    }
}

/// The archive of these entries, as ``TarWriter`` writes it.
func tar(_ entries: [Entry]) throws -> [UInt8] {
    let sink = MemorySink()
    let writer = TarWriter(sink)
    for entry in entries { try writer.append(entry.entry, body: entry.body) }
    try writer.finish()
    return sink.bytes
}

/// One line for each file below `path`, sorted: name, kind, mode, owner, links, size, time, content or target, attributes.
func snapshot(of path: String) throws -> [String] {
    var lines: [String] = []
    func walk(_ directory: borrowing FileDescriptor, _ prefix: String) throws {
        for name in try directory.names() {
            let status = try directory.status(of: name)
            let shown = prefix + name.description
            var line = "\(shown) \(status.kind) \(String(status.permissions, radix: 8)) \(status.userID):\(status.groupID)"
            line += " \(status.modified.seconds).\(status.modified.nanoseconds)"
            switch status.kind {
            case .regular:
                let file = try directory.openChild(name)
                line += " \(status.size) links=\(status.linkCount) \(try file.readAll().hashValue)"
                line += try describeAttributes(of: file)
            case .symlink: line += " -> \(try directory.symlinkTarget(of: name))"
            case .directory: line += try describeAttributes(of: try directory.openChild(name))
            case .characterDevice, .blockDevice: line += " \(status.deviceMajor):\(status.deviceMinor)"
            default: break
            }
            lines.append(line)
            if status.kind == .directory {
                try walk(try directory.openChild(name, flags: O_RDONLY | O_DIRECTORY), shown + "/")
            }
        }
    }
    try walk(try FileDescriptor.directory(path), "")
    return lines.sorted()
}

private func describeAttributes(of file: borrowing FileDescriptor) throws -> String {
    var text = ""
    for name in try file.extendedAttributeNames() {
        text += " \(name)=\(try file.extendedAttribute(name) ?? [])"
    }
    return text
}

/// Runs a program, waits for it, and expects it to succeed.
func run(_ path: String, _ arguments: [String]) throws {
    var spawn = Spawn(path, [path] + arguments)
    spawn.pass(number: 2, as: 2)
    let status = try spawn.start().wait()
    guard status == .exited(code: 0) else { throw ProgramFailed(program: path, arguments: arguments, status: status) }
}

struct ProgramFailed: Error {
    let program: String
    let arguments: [String]
    let status: ExitStatus
}
