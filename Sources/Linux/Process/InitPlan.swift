import CLinux
import Glibc

/// What `hako-init` is to do before it becomes a container's program, and its encoding.
///
/// The runtime starts `hako-init` with one socket, sends it this, gives it orders, and reads its reports.
public struct InitPlan: Sendable {
    public struct Hook: Sendable {
        public var path: String
        public var arguments: [String]
        public var environment: [String]
        public var timeout: Duration?

        public init(path: String, arguments: [String], environment: [String], timeout: Duration?) {
            self.path = path
            self.arguments = arguments
            self.environment = environment
            self.timeout = timeout
        }
    }

    /// Waits until the runtime says that all is mounted, before anything else.
    public var waitsForMounts = false
    /// Reports that it is ready and waits for the start, before hooks, filter and program.
    public var waitsForStart = false
    /// The number of a listening socket on which the start comes; nil: it comes as an order.
    public var startDescriptor: CInt?
    public var unsharesMounts = false
    public var hasTerminal = false
    public var joinsNewKeyring = true
    public var isPersonality32 = false
    public var setsNoNewPrivileges = false
    public var preservedCount: UInt32 = 0
    public var user: UInt32 = 0
    public var group: UInt32 = 0
    public var groups: [UInt32] = []
    public var umask: UInt32?
    public var capabilities: CapabilitySets
    public var filter: SeccompFilter?
    public var directory = "/"
    /// Paths of the program, tried in turn.
    public var candidates: [String] = []
    public var arguments: [String] = []
    public var environment: [String] = []
    public var hooks: [Hook] = []
    /// What hooks read.
    public var state: [UInt8] = []

    public init(capabilities: CapabilitySets) { self.capabilities = capabilities }

    /// As `hako-init` reads it.
    public var encoded: [UInt8] {
        var plan = hako_init_plan()
        var block = PlanBlock(headerSize: MemoryLayout<hako_init_plan>.size)
        plan.flags = flags
        plan.start_descriptor = startDescriptor ?? -1
        plan.preserved = preservedCount
        (plan.user, plan.group, plan.umask) = (user, group, umask ?? 0)
        plan.group_count = UInt32(clamping: groups.count)
        plan.groups_at = block.add(groups)
        encodeCapabilities(in: &plan)
        if let filter {
            plan.filter_count = UInt32(clamping: filter.instructions.count)
            plan.filter_flags = filter.flags
            plan.filter_at = block.add(filter.instructions.map(\.prepared))
        }
        plan.directory_at = block.add(directory)
        plan.candidates_at = block.add(candidates)
        plan.arguments_at = block.add(arguments)
        plan.environment_at = block.add(environment)
        plan.hook_count = UInt32(clamping: hooks.count)
        plan.hooks_at = block.add(hooks.map { $0.encoded(in: &block) })
        plan.state_at = block.add(state)
        plan.state_size = UInt64(state.count)
        plan.size = UInt32(clamping: block.bytes.count)
        return block.finish(plan)
    }

    private var flags: UInt32 {
        let all: [(Bool, hako_init_flags)] = [
            (waitsForMounts, HAKO_INIT_WAITS_FOR_MOUNTS), (waitsForStart, HAKO_INIT_WAITS_FOR_START),
            (unsharesMounts, HAKO_INIT_UNSHARES_MOUNTS), (hasTerminal, HAKO_INIT_HAS_TERMINAL),
            (joinsNewKeyring, HAKO_INIT_NEW_KEYRING), (umask != nil, HAKO_INIT_SETS_UMASK),
            (setsNoNewPrivileges, HAKO_INIT_NO_NEW_PRIVILEGES), (isPersonality32, HAKO_INIT_PERSONALITY_32),
        ]
        return all.reduce(0) { $1.0 ? $0 | UInt32($1.1.rawValue) : $0 }
    }

    private func encodeCapabilities(in plan: inout hako_init_plan) {
        let sets = capabilities.known()
        plan.bounding = sets.bounding.rawValue
        plan.permitted = sets.permitted.rawValue
        plan.effective = sets.effective.rawValue
        plan.inheritable = sets.inheritable.rawValue
        plan.ambient = sets.ambient.rawValue
        plan.last_capability = UInt32(sets.last.rawValue)
    }
}

extension InitPlan.Hook {
    fileprivate func encoded(in block: inout PlanBlock) -> hako_init_hook {
        var hook = hako_init_hook()
        hook.path_at = block.add(path)
        hook.arguments_at = block.add(arguments)
        hook.environment_at = block.add(environment)
        let (seconds, attoseconds) = timeout?.components ?? (0, 0)
        hook.timeout_milliseconds = min(seconds, 1_000_000) * 1000 + attoseconds / 1_000_000_000_000_000
        return hook
    }
}

/// The plan's bytes while they are put together: things in it are named by their offset.
private struct PlanBlock {
    private(set) var bytes: [UInt8]

    init(headerSize: Int) { bytes = [UInt8](repeating: 0, count: headerSize) }

    private mutating func align() -> UInt64 {
        while bytes.count % 8 != 0 { bytes.append(0) }
        return UInt64(bytes.count)
    }

    mutating func add(_ text: String) -> UInt64 {
        let offset = UInt64(bytes.count)
        bytes.append(contentsOf: text.utf8)
        bytes.append(0)
        return offset
    }

    mutating func add(_ texts: [String]) -> UInt64 {
        var offsets: [UInt64] = []
        offsets.reserveCapacity(texts.count + 1)
        for text in texts { offsets.append(add(text)) }
        offsets.append(0)
        return add(offsets)
    }

    /// Numbers, or structs of them.
    mutating func add<Value: BitwiseCopyable>(_ values: [Value]) -> UInt64 {
        let offset = align()
        values.withUnsafeBytes { bytes.append(contentsOf: $0) }
        return offset
    }

    consuming func finish(_ header: hako_init_plan) -> [UInt8] {
        var result = bytes
        withUnsafeBytes(of: header) { header in
            result.withUnsafeMutableBytes { $0.copyMemory(from: header) }
        }
        return result
    }
}

/// What `hako-init` says when it is ready, or stops.
public struct InitReport: Hashable, Sendable {
    public enum Step: UInt32, Hashable, Sendable {
        case ready, plan, mounts, session, terminal, keyring, groups, group, user, bounding, capabilities, privileges
        case directory, directoryOutside, program, hook, filter, exec, descriptors, personality
    }

    public let step: Step
    /// For a hook that ended badly: 0x10000 and its wait status.
    public let errno: Errno
    /// Which hook.
    public let index: UInt32

    /// Nil for bytes that are no report.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == 12 else { return nil }
        func number(_ offset: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) }
        }
        guard let step = Step(rawValue: number(0)) else { return nil }
        self.step = step
        errno = Errno(rawValue: CInt(bitPattern: number(4)))
        index = number(8)
    }
}

/// The runtime's end of the socket to a `hako-init`.
@frozen public struct InitConnection: ~Copyable, Sendable {
    public let socket: FileDescriptor

    public init(_ socket: consuming FileDescriptor) { self.socket = socket }

    public borrowing func send(_ plan: InitPlan) throws(SystemCallError) { try sendAll(plan.encoded) }
    public borrowing func sendMounted() throws(SystemCallError) { try sendAll([UInt8(HAKO_INIT_MOUNTED.rawValue)]) }
    public borrowing func sendStart() throws(SystemCallError) { try sendAll([UInt8(HAKO_INIT_START.rawValue)]) }

    private borrowing func sendAll(_ bytes: [UInt8]) throws(SystemCallError) {
        var rest = bytes[...]
        while !rest.isEmpty { rest = rest.dropFirst(try socket.send(rest)) }
    }

    /// Waits for the next report; nil at the end of the stream: the program is executed, or its process is gone.
    public borrowing func report() throws(SystemCallError) -> InitReport? {
        var bytes: [UInt8] = []
        while bytes.count < 12 {
            let part: [UInt8]
            do throws(SystemCallError) { part = try socket.read(upTo: 12 - bytes.count) } catch {
                // A process that ended with orders unread.
                if error.errno.rawValue == ECONNRESET { return nil }
                throw error
            }
            if part.isEmpty { return nil }
            bytes += part
        }
        return InitReport(bytes)
    }
}
