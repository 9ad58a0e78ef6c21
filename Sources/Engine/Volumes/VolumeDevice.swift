import Linux

/// What the `local` driver's options mount as a volume, in mount(8)'s words: `type`, `device` and `o`.
///
/// Each container that starts has it mounted anew, in its monitor's private mount namespace, and gone with it.
struct VolumeDevice: Sendable {
    private let type: String
    private let device: String
    private var attributes: MountAttributes = .noDevices
    private var isBind = false
    private var isRecursive = false
    /// What the file system itself understands.
    private var data: [(key: String, value: String?)] = []

    /// Nil without options: the volume is a directory of the store.
    init?(_ options: [String: String]) throws(EngineError) {
        guard !options.isEmpty else { return nil }
        for name in options.keys.sorted() where !["type", "device", "o"].contains(name) {
            throw EngineError(
                .invalidArgument, "invalid option: \"\(name)\"",
                hint: name == "size" ? "Quotas are not available yet." : "The local driver has type, device and o.")
        }
        for name in ["type", "device"] where options[name, default: ""].isEmpty {
            throw EngineError(.invalidArgument, "missing required option: \"\(name)\"")
        }
        type = options["type", default: ""]
        device = options["device", default: ""]
        guard type.utf8.allSatisfy(Self.isNameByte), !device.utf8.contains(0) else {
            throw EngineError(
                .invalidArgument, "invalid option: \"type\"", hint: "It is a file system's name, as mount -t has it.")
        }
        for option in options["o", default: ""].split(separator: ",").map(String.init) { try take(option) }
        guard !isBind || device.hasPrefix("/") else {
            throw EngineError(
                .invalidArgument, "invalid option: \"device\"", hint: "With o=bind it is an absolute path.")
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte)
            || [0x2E, 0x5F, 0x2D].contains(byte)
    }

    private mutating func take(_ option: String) throws(EngineError) {
        switch option {
        case "bind": isBind = true
        case "rbind": (isBind, isRecursive) = (true, true)
        case "ro":
            attributes.insert(.readOnly)
            // Of the file system too: a disk that takes no writes can't be opened for them.
            data.append(("ro", nil))
        case "nosuid": attributes.insert(.noSetUserID)
        case "noexec": attributes.insert(.noExecution)
        case "noatime": attributes.insert(.noAccessTime)
        case "nodiratime": attributes.insert(.noDirectoryAccessTime)
        case "strictatime": attributes.insert(.strictAccessTime)
        // What is done anyway, and what only fstab(5) knows. No volume has devices.
        case "rw", "nodev", "relatime", "defaults", "auto", "noauto", "nofail", "_netdev": break
        case "suid", "exec", "atime": break
        case _
        where ContainerMount.propagations.contains(option) || option == "remount" || option == "move" || option == "dev":
            throw EngineError(
                .invalidArgument, "invalid option: \"o=\(option)\"",
                hint: "A volume's mounts are private, and have no devices.")
        default:
            let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard !option.utf8.contains(0), !parts[0].isEmpty else {
                throw EngineError(.invalidArgument, "invalid option: \"o=\(option)\"")
            }
            data.append((parts[0], parts.count > 1 ? parts[1] : nil))
        }
    }

    /// Mounts it, attached nowhere yet.
    func mount() throws(SystemCallError) -> Mount {
        if isBind {
            let mount = try Mount.copy(of: device, recursive: isRecursive)
            try mount.setAttributes([], propagation: .private, recursive: true)
            try mount.setAttributes(attributes, recursive: isRecursive)
            return mount
        }
        let context = try FileSystemContext(type)
        try context.set("source", device)
        for (key, value) in data {
            if let value { try context.set(key, value) } else { try context.set(key) }
        }
        return try context.mount(attributes)
    }
}
