import Linux
import OCI

/// The options of a bundle's mount, taken apart. config.md, "Linux mount options".
struct MountOptions: Sendable {
    /// With the mounts below the source: `rbind`.
    var isRecursive = false
    var isBind = false
    var attributes: MountAttributes = []
    var cleared: MountAttributes = []
    /// For all mounts below too: `rro`, `rnosuid`.
    var recursiveAttributes: MountAttributes = []
    var propagation: Propagation?
    var isPropagationRecursive = false
    /// With the container's own id map, where the bundle gives none: `idmap`, `ridmap`.
    var mapsIDs = false
    /// `idmap` means the mount itself and `ridmap` all below too; without either, what the bind means. config.md, "Mounts".
    var mapsBelow: Bool?
    /// `dev`: device nodes may be opened, which no mount of Hako's allows unasked.
    var allowsDevices = false
    /// What the file system itself understands: `size=65536k`.
    var data: [(key: String, value: String?)] = []

    init(_ mount: RuntimeSpec.Mount) throws(RuntimeError) {
        isBind = mount.type == "bind" || mount.type == "rbind"
        isRecursive = mount.type == "rbind"
        for option in mount.options { try take(option, of: mount) }
    }

    /// Whether it is to be read-only for the whole tree: a bind's submounts would else stay writable.
    var isReadOnly: Bool { attributes.contains(.readOnly) || recursiveAttributes.contains(.readOnly) }

    private mutating func take(_ option: String, of mount: RuntimeSpec.Mount) throws(RuntimeError) {
        switch option {
        case "bind": isBind = true
        case "rbind": (isBind, isRecursive) = (true, true)
        case "idmap", "ridmap": (mapsIDs, mapsBelow) = (true, option == "ridmap")
        case "dev": allowsDevices = true
        case "private", "rprivate": setPropagation(.private, option)
        case "slave", "rslave": setPropagation(.slave, option)
        case "shared", "rshared": setPropagation(.shared, option)
        case "unbindable", "runbindable": setPropagation(.unbindable, option)
        // What Hako can't do must not look as if it were done.
        case "tmpcopyup", "copy-symlink", "mand":
            throw RuntimeError(
                .invalid, cannot: "mount \(PrintableText(mount.destination))",
                because: "the mount option \"\(option)\" is not supported")
        case "defaults", "rw", "rrw", "suid", "exec", "nomand", "silent", "loud", "async", "norelatime", "symfollow":
            clear(option)
        default: takeAttribute(option)
        }
    }

    private mutating func setPropagation(_ value: Propagation, _ option: String) {
        propagation = value
        isPropagationRecursive = option.utf8.first == UInt8(ascii: "r")
    }

    private mutating func clear(_ option: String) {
        switch option {
        case "rw": cleared.insert(.readOnly)
        case "suid": cleared.insert(.noSetUserID)
        case "exec": cleared.insert(.noExecution)
        default: break
        }
    }

    private mutating func takeAttribute(_ option: String) {
        if let attribute = Self.attributes[option] {
            attributes.insert(attribute)
        } else if option.utf8.first == UInt8(ascii: "r"), let attribute = Self.attributes[String(option.dropFirst())] {
            recursiveAttributes.insert(attribute)
        } else {
            let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            data.append((String(parts[0]), parts.count > 1 ? String(parts[1]) : nil))
        }
    }

    private static let attributes: [String: MountAttributes] = [
        "ro": .readOnly, "nosuid": .noSetUserID, "nodev": .noDevices, "noexec": .noExecution,
        "noatime": .noAccessTime, "nodiratime": .noDirectoryAccessTime, "relatime": [],
        "strictatime": .strictAccessTime, "nosymfollow": .noSymlinkFollowing,
    ]
}
