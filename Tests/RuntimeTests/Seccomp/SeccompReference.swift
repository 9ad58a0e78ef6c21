import Linux
import OCI

/// What a policy means, rule by rule and without any cleverness.
enum SeccompReference {
    /// For policies whose rules all have the same action, on a 64-bit architecture, and calls that they name.
    static func verdict(
        _ policy: RuntimeSpec.Seccomp, _ name: String, _ arguments: [UInt64]
    ) -> RuntimeSpec.SeccompAction {
        let rules = policy.syscalls.filter { $0.names.contains(name) && $0.action != policy.defaultAction }
        let isMatched = rules.contains { rule in
            let outcomes = rule.args.map { holds($0, arguments[Int($0.index)]) }
            let isOneEach = Set(rule.args.map(\.index)).count == rule.args.count
            return rule.args.isEmpty || (isOneEach ? outcomes.allSatisfy { $0 } : outcomes.contains(true))
        }
        return isMatched ? rules[0].action : policy.defaultAction
    }

    private static func holds(_ test: RuntimeSpec.SeccompArgument, _ argument: UInt64) -> Bool {
        switch test.comparison {
        case .equal: argument == test.value
        case .notEqual: argument != test.value
        case .less: argument < test.value
        case .lessOrEqual: argument <= test.value
        case .greater: argument > test.value
        case .greaterOrEqual: argument >= test.value
        case .maskedEqual: argument & test.value == test.valueTwo
        }
    }
}
