import CommandLineTables
import Linux
import OCI

/// What the machine's owner says about all containers and the store: `/etc/hako/config.json`, read; where that says nothing,
/// what holds without it.
public struct EngineConfiguration: Sendable, Equatable {
    /// Where it is unless `--config-file` or `HAKO_CONFIG` says otherwise.
    public static let defaultPath = "/etc/hako/config.json"

    /// The file that it was read from; nil where there is none.
    public internal(set) var path: String?
    /// What the file says.
    public internal(set) var document = JSONObject()

    // What is filled in when a container is made, and kept with it.
    public internal(set) var logDriver = "json-file"
    public internal(set) var logOptions: [String: String] = [:]
    /// Empty is Hako's own.
    public internal(set) var defaultRuntime = ""
    /// In bytes.
    public internal(set) var shmSize: Int64 = 64 << 20
    public internal(set) var cgroupParent = ""
    public internal(set) var cgroupnsMode = "private"
    public internal(set) var ipcMode = "private"

    // What is looked up at each start.
    public internal(set) var ulimits: [DefaultUlimit] = []
    public internal(set) var usesInit = false
    public internal(set) var noNewPrivileges = false
    /// A path, `builtin`, `unconfined`, or empty for builtin.
    public internal(set) var seccompProfile = ""
    public internal(set) var dns: [String] = []
    public internal(set) var dnsSearch: [String] = []
    public internal(set) var dnsOptions: [String] = []
    /// Of published ports; empty is every address.
    public internal(set) var publishAddress = ""
    /// Paths by name.
    public internal(set) var runtimes: [String: String] = [:]

    // The default network.
    public internal(set) var bridgeSubnet: IPPrefix?
    public internal(set) var addressPools: [AddressPool] = []
    public internal(set) var ipv6: Bool?
    public internal(set) var ipv6Subnet: IPPrefix?
    /// In bytes.
    public internal(set) var mtu: UInt32?

    public internal(set) var registryMirrors: [String] = []
    public internal(set) var insecureRegistries: [String] = []
    public internal(set) var dataRoot: String?
    public internal(set) var execRoot: String?
    public internal(set) var labels: [String] = []

    public init() {}

    /// Takes over what stands in a file that ``ConfigurationFile/findings`` has found right.
    public init(_ file: ConfigurationFile) {
        self.init(file.document.object ?? JSONObject())
        path = file.path
    }

    init(_ document: JSONObject) {
        self.document = document
        for (name, value) in document.members { ConfigurationKey.named(name)?.apply(&self, value) }
    }

    /// Reads the file.
    ///
    /// - Parameter path: Nil for the default, which need not be there; a path that was given must.
    /// - Throws: ``ConfigurationError``, with the first thing that is wrong.
    public static func read(path: String?) throws(ConfigurationError) -> EngineConfiguration {
        let file: ConfigurationFile
        do throws(ConfigurationError) { file = try ConfigurationFile(path: path ?? defaultPath) } catch {
            guard path == nil, case .unreadable(_, let cause) = error, cause.errno == .noSuchFile else { throw error }
            return EngineConfiguration()
        }
        if let first = file.findings().first(where: \.isError) { throw .wrong(file.located(first)) }
        return EngineConfiguration(file)
    }
}

/// A limit by setrlimit(2)'s name in lower case; -1 is unlimited.
public struct DefaultUlimit: Sendable, Equatable {
    public let name: String
    public let soft: Int64
    public let hard: Int64
}

/// A network of which others have pieces.
public struct AddressPool: Sendable, Equatable {
    public let base: IPPrefix
    /// Of a piece, in bits.
    public let prefixLength: Int
}

extension JSON {
    /// A number of bytes, or a text such as `64m`; nil where it is neither.
    var sizeInBytes: Int64? {
        if let integer { return integer > 0 ? integer : nil }
        guard let string, let bytes = try? OptionValue.bytes(string), bytes > 0 else { return nil }
        return bytes
    }
}
