import Linux
import OCI

/// Programs of another processor, as the kernel has them run: by an interpreter that is registered for the bytes they begin with.
///
/// - SeeAlso: Documentation/admin-guide/binfmt-misc.rst of Linux; elf.h, `e_machine`
enum Emulator {
    private static let directory = "/proc/sys/fs/binfmt_misc"

    /// What an ELF file of an architecture has at bytes 4 (class), 5 (byte order) and 18 to 19 (machine).
    private static let machines: [String: [UInt8]] = [
        "386": [1, 1, 0x03, 0], "amd64": [2, 1, 0x3E, 0], "arm": [1, 1, 0x28, 0], "arm64": [2, 1, 0xB7, 0], "loong64": [2, 1, 0x02, 0x01],
        "mips64": [2, 2, 0, 0x08], "mips64le": [2, 1, 0x08, 0], "ppc64le": [2, 1, 0x15, 0], "riscv64": [2, 1, 0xF3, 0], "s390x": [2, 2, 0, 0x16],
    ]

    /// Whether this machine runs programs of such a platform, by itself or by an interpreter.
    ///
    /// - Throws: ``BuildError`` that names what is missing.
    static func require(_ platform: Platform) throws(BuildError) {
        guard !Platform.host.runs(platform) else { return }
        var isUnusable = false
        for name in names() where !["register", "status"].contains(name) {
            guard let bytes = try? FileDescriptor.contents(of: "\(directory)/\(name)", limit: 4096),
                let entry = BinaryFormat(String(decoding: bytes, as: UTF8.self)), let machine = machines[platform.architecture],
                entry.accepts(machine)
            else { continue }
            if entry.isFixed { return }
            isUnusable = true
        }
        var error = BuildError(
            "RUN of the platform \(platform) can't be done on this machine (\(Platform.host)): "
                + (isUnusable
                    ? "the interpreter that binfmt_misc has for \(platform.architecture) isn't opened beforehand (flag F), and so not there in an image"
                    : "binfmt_misc has no interpreter for \(platform.architecture)"))
        error.advice = "Install qemu-user-static, which registers one, or build for \(platform) on such a machine."
        throw error
    }

    /// None where the file system isn't mounted.
    private static func names() -> [String] {
        do throws(SystemCallError) { return try FileDescriptor.directory(directory).names().map(\.description) } catch { return [] }
    }
}

/// An entry of binfmt_misc.
private struct BinaryFormat {
    private var magic: [UInt8] = []
    private var mask: [UInt8] = []
    /// The interpreter was opened when it was registered: a file of that name is not needed where it runs.
    private(set) var isFixed = false

    /// Nil for one that is disabled, or goes by names or by other places in a file.
    init?(_ text: String) {
        var isEnabled = false
        for line in text.split(separator: "\n").map(String.init) {
            let (name, value) = line.split(atFirst: " ")
            switch name {
            case "enabled": isEnabled = true
            case "flags:": isFixed = value?.contains("F") ?? false
            case "offset": if value != "0" { return nil }
            case "magic": magic = Self.bytes(value ?? "")
            case "mask": mask = Self.bytes(value ?? "")
            default: continue
            }
        }
        guard isEnabled, magic.count >= 20 else { return nil }
        if mask.count != magic.count { mask = magic.map { _ in 0xFF } }
    }

    /// - Parameter machine: Class, byte order, and the two bytes of the machine.
    func accepts(_ machine: [UInt8]) -> Bool {
        [0x7F, 0x45, 0x4C, 0x46].elementsEqual(magic[..<4])
            && zip([4, 5, 18, 19], machine).allSatisfy { index, byte in (byte ^ magic[index]) & mask[index] == 0 }
    }

    private static func bytes(_ digits: String) -> [UInt8] {
        let digits = Array(digits.utf8)
        return stride(from: 0, to: digits.count - digits.count % 2, by: 2).compactMap {
            UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
        }
    }
}
