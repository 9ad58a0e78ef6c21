import Linux
import OCI

/// The rules of a policy, with names resolved to numbers and conflicts to one verdict for each number.
struct SeccompPolicy {
    /// What the filter does with a call: a list of branches, tried in order, and what holds if none matches.
    struct Verdict: Hashable {
        var branches: [Branch]
        /// A `SECCOMP_RET_*` value.
        var action: UInt32
    }

    /// Tests that must all hold, and what happens then.
    struct Branch: Hashable {
        var tests: [SeccompTest]
        var action: UInt32
    }

    let defaultAction: UInt32
    /// What happens to calls above all that the policy names. A program takes ENOSYS for an older kernel and does
    /// without the call, where it takes EPERM for a failure; a policy can't have meant calls that came after it. As
    /// runc has it.
    private let actionBeyond: UInt32
    /// Whether a call goes to a listener.
    private(set) var notifies = false
    private var rules: [Branch] = []
    /// For each rule, its action if it has no conditions; most have none, and then this is all there is to know.
    private var plainActions: [UInt32?] = []
    private let architectures: [SystemCallArchitecture]
    /// For each architecture, numbers and rules in one word, so that sorting groups them in the rules' order.
    private var entries: [[UInt64]]
    /// For each architecture, the highest number that the policy names, also in rules that say what the default says.
    private var highest: [UInt32]

    init(_ seccomp: RuntimeSpec.Seccomp, architectures: [SystemCallArchitecture]) throws(SeccompError) {
        defaultAction = try Self.returnValue(seccomp.defaultAction, errno: seccomp.defaultErrnoRet)
        actionBeyond = seccomp.defaultAction == .errno ? SeccompConstant.errno | Self.noSuchCall : defaultAction
        notifies = seccomp.defaultAction == .notify
        self.architectures = architectures
        entries = architectures.map { _ in [] }
        highest = architectures.map { _ in 0 }
        for index in entries.indices { entries[index].reserveCapacity(512) }
        for rule in seccomp.syscalls {
            let action = try Self.returnValue(rule.action, errno: rule.errnoRet)
            if rule.action == .notify { notifies = true }
            add(rule, action)
        }
        for index in entries.indices { entries[index].sort() }
    }

    private mutating func add(_ rule: RuntimeSpec.SeccompRule, _ action: UInt32) {
        // As libseccomp's users do: what the default says anyway is no rule, and does not win over one.
        let isRule = action != defaultAction
        let first = rules.count
        if isRule { for branch in Self.branches(rule.args, action) { add(branch) } }
        let indices = first..<rules.count
        for name in rule.names {
            guard let row = SystemCallTable.row(named: name) else { continue }
            for (index, architecture) in architectures.enumerated() {
                if architecture == .x86, isRule { addMultiplexed(row, rule, action, at: index) }
                guard let number = row.number(on: architecture) else { continue }
                if UInt64(number) < Self.armPrivate { highest[index] = max(highest[index], number) }
                for rule in indices { entries[index].append(UInt64(number) << 32 | UInt64(rule)) }
            }
        }
    }

    private mutating func add(_ branch: Branch) {
        rules.append(branch)
        plainActions.append(branch.tests.isEmpty ? branch.action : nil)
    }

    /// i386 has `socket` and its kin also behind `socketcall`, and the calls of System V IPC behind `ipc`, whose first
    /// argument says which is meant. A rule for one is a rule for both ways, as in libseccomp, with one difference: a
    /// condition on arguments, which lie behind a pointer there, can't be tested. So a rule that allows is left out
    /// then, and one that forbids forbids all.
    private mutating func addMultiplexed(
        _ row: SystemCallTable.Row, _ rule: RuntimeSpec.SeccompRule, _ action: UInt32, at index: Int
    ) {
        guard let call = SeccompMultiplexer.call(of: row) else { return }
        let forbids = Self.precedence(action) < Self.precedence(defaultAction)
        guard rule.args.isEmpty || forbids else { return }
        // The upper half of ipc's selector is a version, which must not hide a call that is forbidden.
        let mask: UInt64 = forbids && call.number == SeccompMultiplexer.ipc ? 0xFFFF : .max
        entries[index].append(UInt64(call.number) << 32 | UInt64(rules.count))
        add(Branch(tests: [SeccompTest(0, .maskedEqual, UInt64(call.selector), mask: mask)], action: action))
    }

    /// Conditions on different arguments must all hold. Of several on the same argument one is enough: libseccomp takes
    /// only one of each in a rule, and runc makes them rules of their own.
    private static func branches(_ arguments: [RuntimeSpec.SeccompArgument], _ action: UInt32) -> [Branch] {
        let tests = arguments.map { SeccompTest($0) }
        guard Set(arguments.map(\.index)).count == arguments.count else {
            return tests.map { Branch(tests: [$0], action: action) }
        }
        return [Branch(tests: tests, action: action)]
    }

    private static func returnValue(
        _ action: RuntimeSpec.SeccompAction, errno: UInt32?
    ) throws(SeccompError) -> UInt32 {
        if let errno, errno > 4095 || (action != .errno && action != .trace) { throw .invalidErrno(errno) }
        return switch action {
        case .kill, .killThread: SeccompConstant.killThread
        case .killProcess: SeccompConstant.killProcess
        case .trap: SeccompConstant.trap
        case .errno: SeccompConstant.errno | (errno ?? 1)  // EPERM, as runc and crun have it
        case .trace: SeccompConstant.trace | (errno ?? 1)
        case .allow: SeccompConstant.allow
        case .log: SeccompConstant.log
        case .notify: SeccompConstant.notify
        }
    }

    /// ENOSYS
    private static let noSuchCall: UInt32 = 38
    /// From here on lie the calls that 32-bit ARM has for itself, as `set_tls`.
    private static let armPrivate: UInt64 = 0x000F_0000
    private static let x32Bit: UInt64 = 0x4000_0000
    /// One more than the last number.
    private static let end: UInt64 = 1 << 32

    /// The kernel's order of severity: of two filters, the lower one's verdict holds (seccomp(2)).
    private static func precedence(_ action: UInt32) -> Int32 { Int32(bitPattern: action & 0xFFFF_0000) }
}

extension SeccompPolicy {
    /// All numbers of an architecture, as merged ranges from 0 up.
    ///
    /// - Parameter withX32: For x86_64, whether numbers with bit 30 are calls of x32; else they end the process.
    func ranges(of architecture: SystemCallArchitecture, withX32: Bool) -> SeccompRanges {
        var ranges = SeccompRanges(defaultAction: defaultAction)
        guard architecture == .x86_64 else {
            add(architecture, offset: 0, upTo: Self.end, to: &ranges)
            return ranges
        }
        add(.x86_64, offset: 0, upTo: Self.x32Bit, to: &ranges)
        let cancelled = Self.end - 1  // -1, a call that a tracer has cancelled
        if withX32 {
            add(.x32, offset: Self.x32Bit, upTo: cancelled, to: &ranges)
        } else {
            ranges.append(Self.x32Bit..<cancelled, action: SeccompConstant.killProcess)
        }
        ranges.append(beyond: cancelled, upTo: Self.end, action: defaultAction)
        return ranges
    }

    private func add(
        _ architecture: SystemCallArchitecture, offset: UInt64, upTo end: UInt64, to ranges: inout SeccompRanges
    ) {
        guard let index = architectures.firstIndex(of: architecture) else { return }
        let list = entries[index]
        let highest = UInt64(highest[index]) + offset
        let firstPrivate = list.firstIndex { $0 >> 32 >= Self.armPrivate } ?? list.endIndex
        add(list[..<firstPrivate], offset, to: &ranges)
        if firstPrivate < list.endIndex {
            ranges.append(beyond: highest, upTo: Self.armPrivate, action: actionBeyond)
            add(list[firstPrivate...], offset, to: &ranges)
        }
        ranges.append(beyond: highest, upTo: end, action: actionBeyond)
    }

    private func add(_ list: ArraySlice<UInt64>, _ offset: UInt64, to ranges: inout SeccompRanges) {
        var start = list.startIndex
        while start < list.endIndex {
            let number = list[start] >> 32
            var (end, plain): (Int, UInt32?) = (start, nil)
            while end < list.endIndex, list[end] >> 32 == number {
                // The first rule without conditions decides, whatever others say.
                if plain == nil { plain = plainActions[Self.rule(list[end])] }
                end += 1
            }
            if let plain {
                ranges.append(number + offset..<number + offset + 1, action: plain)
            } else {
                ranges.append(number + offset..<number + offset + 1, verdict(of: list[start..<end].map(Self.rule)))
            }
            start = end
        }
    }

    private static func rule(_ entry: UInt64) -> Int { Int(truncatingIfNeeded: entry & 0xFFFF_FFFF) }

    /// Of rules with conditions each counts, the most severe first where several hold.
    private func verdict(of indices: [Int]) -> Verdict {
        let branches = indices.enumerated().sorted {
            let (one, other) = (Self.precedence(rules[$0.element].action), Self.precedence(rules[$1.element].action))
            return one != other ? one < other : $0.offset < $1.offset
        }
        return Verdict(branches: branches.map { rules[$0.element] }, action: defaultAction)
    }
}
