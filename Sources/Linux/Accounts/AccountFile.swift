import Glibc

/// One line of a passwd(5) or group(5) file, as its fields.
struct AccountLine {
    let fields: [ArraySlice<UInt8>]

    /// A field as a name, which in these files is bytes: compared byte by byte.
    func matches(_ field: Int, _ name: some Sequence<UInt8>) -> Bool {
        field < fields.count && fields[field].elementsEqual(name)
    }

    func id(_ field: Int) -> UInt32? { field < fields.count ? AccountFile.id(fields[field]) : nil }
}

/// A passwd(5) or group(5) file that a stranger may have written: an image's.
enum AccountFile {
    /// More than any honest file has; an image's can be anything.
    static let sizeLimit = 8 << 20

    /// Calls `body` with each line below `root`'s `path`, until it returns false. A file that isn't there has no lines.
    ///
    /// The file is opened inside `root` and without blocking, and must be a regular one: a FIFO would wait for ever, a
    /// device have no end (CVE-2024-9676).
    static func forEachLine(
        _ path: String, in root: borrowing FileDescriptor, _ body: (AccountLine) -> Bool
    ) throws(SystemCallError) {
        if let bytes = try contents(path, in: root) { forEachLine(of: bytes, body) }
    }

    static func forEachLine(of bytes: [UInt8], _ body: (AccountLine) -> Bool) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
            let line = rest[..<end]
            rest = end < rest.endIndex ? rest[(end + 1)...] : []
            let fields = line.split(separator: UInt8(ascii: ":"), maxSplits: 7, omittingEmptySubsequences: false)
            if fields.count >= 3, !body(AccountLine(fields: fields)) { return }
        }
    }

    private static func contents(_ path: String, in root: borrowing FileDescriptor) throws(SystemCallError) -> [UInt8]? {
        let file: FileDescriptor
        do {
            file = try FileDescriptor.open(path, in: root, flags: O_RDONLY | O_NONBLOCK | O_NOCTTY)
        } catch {
            if error.errno == .noSuchFile || error.errno == .notDirectory { return nil }
            throw error
        }
        guard try file.status().kind == .regular else {
            throw SystemCallError("open", on: path, .invalidArgument)
        }
        do {
            return try file.readAll(limit: sizeLimit)
        } catch {
            throw SystemCallError("read", on: path, error.errno)
        }
    }

    /// Decimal ASCII digits below 2³² - 1, which is setuid(2)'s "no change". Nothing else is an id: no sign, space or
    /// other script's digits (CVE-2016-3697 took a name for one).
    static func id(_ text: some Collection<UInt8>) -> UInt32? {
        guard !text.isEmpty, text.count <= 10 else { return nil }
        var value: UInt64 = 0
        for byte in text {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + UInt64(byte - UInt8(ascii: "0"))
        }
        return value < UInt64(UInt32.max) ? UInt32(value) : nil
    }
}
