extension RuntimeSpec {
    /// A filter of system calls. config-linux.md, "Seccomp".
    public struct Seccomp: Hashable, Sendable {
        public var defaultAction: SeccompAction
        public var defaultErrnoRet: UInt32?
        /// `SCMP_ARCH_X86_64`; empty: the kernel's own.
        public var architectures: [String]
        /// `SECCOMP_FILTER_FLAG_LOG`.
        public var flags: [String]
        public var listenerPath: String?
        public var listenerMetadata: String?
        public var syscalls: [SeccompRule]
        public var other = JSONObject()

        public init(defaultAction: SeccompAction, architectures: [String] = [], syscalls: [SeccompRule] = []) {
            self.defaultAction = defaultAction
            self.architectures = architectures
            self.flags = []
            self.syscalls = syscalls
        }

        public init(json: JSON) throws(FieldError) {
            var reader = try FieldReader(json)
            defaultAction = try reader.required("defaultAction", try reader.value("defaultAction", FieldReader.word))
            defaultErrnoRet = try reader.integer("defaultErrnoRet")
            architectures = try reader.strings("architectures") ?? []
            flags = try reader.strings("flags") ?? []
            listenerPath = try reader.string("listenerPath")
            listenerMetadata = try reader.string("listenerMetadata")
            syscalls = try reader.list("syscalls", SeccompRule.init(json:)) ?? []
            other = reader.rest
        }

        public var json: JSON {
            var writer = FieldWriter()
            writer.add("defaultAction", defaultAction.rawValue)
            writer.add("defaultErrnoRet", defaultErrnoRet)
            writer.add("architectures", architectures)
            writer.add("flags", flags)
            writer.add("listenerPath", listenerPath)
            writer.add("listenerMetadata", listenerMetadata)
            writer.add("syscalls", syscalls, \.json)
            return writer.object(and: other)
        }
    }

    /// What happens to a call that a rule matches.
    public enum SeccompAction: String, Hashable, Sendable {
        case kill = "SCMP_ACT_KILL"
        case killThread = "SCMP_ACT_KILL_THREAD"
        case killProcess = "SCMP_ACT_KILL_PROCESS"
        case trap = "SCMP_ACT_TRAP"
        case errno = "SCMP_ACT_ERRNO"
        case trace = "SCMP_ACT_TRACE"
        case allow = "SCMP_ACT_ALLOW"
        case log = "SCMP_ACT_LOG"
        case notify = "SCMP_ACT_NOTIFY"
    }

    /// Calls by name, and what happens to them if every condition on their arguments holds.
    public struct SeccompRule: Hashable, Sendable {
        public var names: [String]
        public var action: SeccompAction
        public var errnoRet: UInt32?
        public var args: [SeccompArgument]
        public var other = JSONObject()

        public init(
            _ names: [String], _ action: SeccompAction, errnoRet: UInt32? = nil, args: [SeccompArgument] = []
        ) {
            self.names = names
            self.action = action
            self.errnoRet = errnoRet
            self.args = args
        }

        public init(json: JSON) throws(FieldError) {
            var reader = try FieldReader(json)
            names = try reader.required("names", try reader.strings("names"))
            action = try reader.required("action", try reader.value("action", FieldReader.word))
            errnoRet = try reader.integer("errnoRet")
            args = try reader.list("args", SeccompArgument.init(json:)) ?? []
            other = reader.rest
            if names.isEmpty { throw FieldError("names", "must hold a name") }
        }

        public var json: JSON {
            var writer = FieldWriter()
            writer.add("names", names)
            writer.add("action", action.rawValue)
            writer.add("errnoRet", errnoRet)
            writer.add("args", args, \.json)
            return writer.object(and: other)
        }
    }

    /// A condition on one argument, compared as an unsigned 64-bit number.
    public struct SeccompArgument: Hashable, Sendable {
        public enum Comparison: String, Hashable, Sendable {
            case notEqual = "SCMP_CMP_NE"
            case less = "SCMP_CMP_LT"
            case lessOrEqual = "SCMP_CMP_LE"
            case equal = "SCMP_CMP_EQ"
            case greaterOrEqual = "SCMP_CMP_GE"
            case greater = "SCMP_CMP_GT"
            case maskedEqual = "SCMP_CMP_MASKED_EQ"
        }

        /// 0 to 5.
        public var index: UInt32
        public var value: UInt64
        /// With ``Comparison/maskedEqual``: `value` is the mask, this what remains under it.
        public var valueTwo: UInt64
        public var comparison: Comparison
        public var other = JSONObject()

        public init(index: UInt32, _ comparison: Comparison, _ value: UInt64, valueTwo: UInt64 = 0) {
            self.index = index
            self.value = value
            self.valueTwo = valueTwo
            self.comparison = comparison
        }

        public init(json: JSON) throws(FieldError) {
            var reader = try FieldReader(json)
            index = try reader.required("index", try reader.integer("index"))
            value = try reader.required("value", try reader.integer("value"))
            valueTwo = try reader.integer("valueTwo") ?? 0
            comparison = try reader.required("op", try reader.value("op", FieldReader.word))
            other = reader.rest
            if index > 5 { throw FieldError("index", "must be 0 to 5") }
        }

        public var json: JSON {
            var writer = FieldWriter()
            writer.add("index", index)
            writer.add("value", value)
            if valueTwo != 0 { writer.add("valueTwo", valueTwo) }
            writer.add("op", comparison.rawValue)
            return writer.object(and: other)
        }
    }
}
