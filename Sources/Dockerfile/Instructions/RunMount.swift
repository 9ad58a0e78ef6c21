extension Dockerfile {
    /// What a RUN step finds beside its root file system: `--mount`, expanded and with its defaults.
    ///
    /// Targets are as they are written: one that isn't absolute is relative to WORKDIR, an empty one is WORKDIR itself; a
    /// mount on `/` is for the executor to refuse.
    public enum RunMount: Hashable, Sendable {
        case bind(Bind)
        case cache(Cache)
        case tmpfs(Tmpfs)
        case secret(Secret)
        case ssh(SSH)

        /// A directory or file of the build context, a stage or an image. What is written into it is dropped.
        public struct Bind: Hashable, Sendable {
            /// A stage, named context or image; nil for the build context.
            public let from: String?
            /// Below the root of `from`.
            public let source: String
            public let target: String
            public let isReadOnly: Bool
        }

        public enum Sharing: String, Hashable, Sendable, CaseIterable { case shared, `private`, locked }

        /// A directory that outlives the build.
        public struct Cache: Hashable, Sendable {
            /// One directory for all builds that name it; the cleaned target unless said.
            public let id: String
            /// What a new one begins with, and part of its identity; nil for nothing.
            public let from: String?
            /// Below the root of `from`.
            public let source: String
            public let target: String
            public let sharing: Sharing
            public let mode: UInt32
            public let userID: UInt32
            public let groupID: UInt32
            public let isReadOnly: Bool
        }

        public struct Tmpfs: Hashable, Sendable {
            public let target: String
            /// Bytes; nil for the kernel's default.
            public let size: Int64?
            public let isReadOnly: Bool
        }

        /// A secret of the command line, as a file or in the environment.
        public struct Secret: Hashable, Sendable {
            public let id: String
            /// Nil where it is only wanted in the environment.
            public let target: String?
            /// The name of the variable; nil for none.
            public let environmentName: String?
            /// Whether the step fails without it.
            public let isRequired: Bool
            public let mode: UInt32
            public let userID: UInt32
            public let groupID: UInt32
        }

        /// The socket of an SSH agent.
        public struct SSH: Hashable, Sendable {
            public let id: String
            /// Nil for `/run/buildkit/ssh_agent.N`, N counting those of the step from 0.
            public let target: String?
            public let isRequired: Bool
            public let mode: UInt32
            public let userID: UInt32
            public let groupID: UInt32
        }

        /// The stage, context or image that it reads from.
        public var from: String? {
            switch self {
            case .bind(let bind): bind.from
            case .cache(let cache): cache.from
            case .tmpfs, .secret, .ssh: nil
            }
        }
    }
}

/// Why a `--mount` can't be taken.
struct RunMountError: Error {
    let message: String
    var suggestion: String?

    init(_ message: String, suggestion: String? = nil) {
        self.message = message
        self.suggestion = suggestion
    }

    var text: String { message + Suggestion.text(suggestion) }
}

extension Dockerfile.RunMount {
    /// `type=cache,target=/c`, unexpanded. What the keys mean is judged when they are expanded.
    public struct Options: Hashable, Sendable {
        struct Field: Hashable, Sendable {
            let text: String
            /// In lower case.
            let key: String
            /// Nil without `=`.
            let value: String?
        }

        public let text: String
        let fields: [Field]

        /// The stage, context or image that it names; never a variable.
        public var from: String? {
            guard let from = fields.last(where: { $0.key == "from" })?.value, !from.isEmpty else { return nil }
            return from
        }

        var holdsVariables: Bool { text.utf8.contains(.dollar) }

        init(parsing text: String) throws(RunMountError) {
            self.text = text
            var fields: [Field] = []
            for field in try Self.fields(Array(text.utf8)[...]) {
                let (key, value) =
                    field.split(atFirst: .equals).map { ($0.before, $0.after as String?) } ?? (field, nil)
                fields.append(Field(text: field, key: key.lowercased(), value: value))
            }
            self.fields = fields
            // The graph of stages is known before any variable.
            if let from, let dollar = from.utf8.firstIndex(of: .dollar),
                from.utf8.index(after: dollar) < from.utf8.endIndex
            {
                throw RunMountError("'from' doesn't support variable expansion, define alias stage instead")
            }
        }

        /// One record of comma-separated values, quoted as Go's encoding/csv reads them.
        private static func fields(_ text: ArraySlice<UInt8>) throws(RunMountError) -> [String] {
            guard !text.isEmpty else { throw RunMountError("failed to parse csv mounts: EOF") }
            var fields: [String] = []
            var index = text.startIndex
            while true {
                var field: [UInt8] = []
                let isQuoted = index < text.endIndex && text[index] == .doubleQuote
                if isQuoted { index += 1 }
                var isOpen = isQuoted
                while index < text.endIndex, isOpen || text[index] != .comma {
                    let byte = text[index]
                    let next = index + 1 < text.endIndex ? text[index + 1] : nil
                    index += 1
                    guard byte == .doubleQuote else {
                        if isQuoted, !isOpen { throw csvError("extraneous or missing \" in quoted-field", index - 1) }
                        field.append(byte)
                        continue
                    }
                    guard isQuoted else { throw csvError("bare \" in non-quoted field", index) }
                    if isOpen, next == .doubleQuote {
                        field.append(byte)
                        index += 1
                    } else if isOpen {
                        isOpen = false
                    } else {
                        throw csvError("extraneous or missing \" in quoted-field", index - 1)
                    }
                }
                if isOpen { throw csvError("extraneous or missing \" in quoted-field", text.endIndex + 1) }
                fields.append(String(field[...]))
                guard index < text.endIndex else { return fields }
                index += 1
            }
        }

        private static func csvError(_ message: String, _ column: Int) -> RunMountError {
            RunMountError("failed to parse csv mounts: parse error on line 1, column \(column): \(message)")
        }
    }
}
