/// What a file's beginning says of how the kernel would execute it. execve(2), elf(5).
enum ExecutableFormat: Equatable {
    /// - Parameters:
    ///   - machine: e_machine: 62 is x86-64.
    ///   - interpreter: The loader that it asks for (PT_INTERP); nil for a static program.
    case elf(machine: UInt16, interpreter: String?)
    /// - Parameters:
    ///   - argument: All that follows the interpreter on its line.
    ///   - endsInReturn: Its first line ends as Windows ends lines: to the kernel, the carriage return belongs to the name.
    case script(interpreter: String, argument: String, endsInReturn: Bool)
    /// Nothing that the kernel knows: it says "exec format error".
    case unknown
    case empty

    /// - Parameter bytes: A few thousand of them: a program's heads come first.
    init(_ bytes: [UInt8]) {
        if bytes.isEmpty {
            self = .empty
        } else if bytes.starts(with: [0x7F, UInt8(ascii: "E"), UInt8(ascii: "L"), UInt8(ascii: "F")]), let elf = ELFHead(bytes) {
            self = .elf(machine: elf.machine, interpreter: elf.interpreter)
        } else if bytes.starts(with: "#!".utf8) {
            self = Self.script(bytes[2...])
        } else {
            self = .unknown
        }
    }

    private static func script(_ bytes: ArraySlice<UInt8>) -> ExecutableFormat {
        var line = bytes.prefix { $0 != UInt8(ascii: "\n") }
        let endsInReturn = line.last == UInt8(ascii: "\r")
        if endsInReturn { line = line.dropLast() }
        let isBlank = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        let words = line.drop(while: isBlank)
        let interpreter = words.prefix { !isBlank($0) }
        var rest = words.dropFirst(interpreter.count).drop(while: isBlank)
        while let last = rest.last, isBlank(last) { rest = rest.dropLast() }
        return .script(
            interpreter: String(decoding: interpreter, as: UTF8.self), argument: String(decoding: rest, as: UTF8.self),
            endsInReturn: endsInReturn)
    }

    /// As people call the machine; its number where we know no name.
    static func name(ofMachine machine: UInt16) -> String {
        let names: [UInt16: String] = [
            3: "386", 8: "mips", 20: "ppc", 21: "ppc64", 22: "s390x", 40: "arm", 62: "amd64", 183: "arm64", 243: "riscv64",
            258: "loong64",
        ]
        return names[machine] ?? "machine \(machine)"
    }

    /// Whether this host's processors run it, or most kernels for them do.
    static func runsHere(_ machine: UInt16) -> Bool {
        #if arch(x86_64)
            machine == 62 || machine == 3
        #elseif arch(arm64)
            machine == 183 || machine == 40
        #else
            true
        #endif
    }
}

/// The parts of an ELF file's heads that say who can execute it.
private struct ELFHead {
    let machine: UInt16
    private(set) var interpreter: String?

    private let bytes: [UInt8]
    private let isBigEndian: Bool

    /// Nil for a head that is cut.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= 52 else { return nil }
        let is64 = bytes[4] == 2
        self.bytes = bytes
        isBigEndian = bytes[5] == 2
        machine = UInt16(truncatingIfNeeded: Self.number(bytes, 18, 2, bytes[5] == 2) ?? 0)
        guard let start = number(is64 ? 32 : 28, is64 ? 8 : 4), let size = number(is64 ? 54 : 42, 2),
            let count = number(is64 ? 56 : 44, 2)
        else { return nil }
        for index in 0..<min(count, 64) {
            let head = start &+ index &* size
            // PT_INTERP
            guard number(head, 4) == 3, let offset = number(head &+ (is64 ? 8 : 4), is64 ? 8 : 4),
                let length = number(head &+ (is64 ? 32 : 16), is64 ? 8 : 4)
            else { continue }
            guard offset <= bytes.count, length <= bytes.count, offset &+ length <= bytes.count else { return }
            interpreter = String(decoding: bytes[offset..<offset + length].prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    private func number(_ offset: Int, _ size: Int) -> Int? { Self.number(bytes, offset, size, isBigEndian) }

    /// Nil behind the end, and for what no file of any size has.
    private static func number(_ bytes: [UInt8], _ offset: Int, _ size: Int, _ isBigEndian: Bool) -> Int? {
        guard offset >= 0, offset <= bytes.count - size else { return nil }
        let part = bytes[offset..<offset + size]
        let value = (isBigEndian ? Array(part) : part.reversed()).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return value < 1 << 32 ? Int(value) : nil
    }
}
