extension Dockerfile {
    /// What BuildKit advises against.
    ///
    /// - SeeAlso: docs.docker.com/reference/build-checks
    public enum LintRule: String, Hashable, Sendable, CaseIterable {
        case stageNameCasing = "StageNameCasing"
        case fromAsCasing = "FromAsCasing"
        case noEmptyContinuation = "NoEmptyContinuation"
        case consistentInstructionCasing = "ConsistentInstructionCasing"
        case duplicateStageName = "DuplicateStageName"
        case reservedStageName = "ReservedStageName"
        case jsonArgsRecommended = "JSONArgsRecommended"
        case maintainerDeprecated = "MaintainerDeprecated"
        case undefinedArgInFrom = "UndefinedArgInFrom"
        case workdirRelativePath = "WorkdirRelativePath"
        case undefinedVar = "UndefinedVar"
        case multipleInstructionsDisallowed = "MultipleInstructionsDisallowed"
        case legacyKeyValueFormat = "LegacyKeyValueFormat"
        case invalidBaseImagePlatform = "InvalidBaseImagePlatform"
        case redundantTargetPlatform = "RedundantTargetPlatform"
        case secretsUsedInArgOrEnv = "SecretsUsedInArgOrEnv"
        case invalidDefaultArgInFrom = "InvalidDefaultArgInFrom"
        case fromPlatformFlagConstDisallowed = "FromPlatformFlagConstDisallowed"
        case copyIgnoredFile = "CopyIgnoredFile"
        case invalidDefinitionDescription = "InvalidDefinitionDescription"
        case exposeProtoCasing = "ExposeProtoCasing"
        case exposeInvalidFormat = "ExposeInvalidFormat"

        public var name: String { rawValue }

        /// Where the rule is explained.
        public var url: String {
            var words = ""
            let letters = Array(rawValue.utf8)
            for (index, letter) in letters.enumerated() {
                let isUpper = letter & 0x20 == 0
                let beginsWord = isUpper && index + 1 < letters.count && letters[index + 1] & 0x20 != 0
                if index > 0, beginsWord { words += "-" }
                words.unicodeScalars.append(Unicode.Scalar(letter | 0x20))
            }
            return "https://docs.docker.com/go/dockerfile/rule/\(words)/"
        }

        /// Only looked for where a `check=experimental=` asks for it.
        public var isExperimental: Bool { self == .invalidDefinitionDescription }
    }

    /// What a rule has found.
    public struct LintFinding: Hashable, Sendable {
        public let rule: LintRule
        public let text: String
        /// From 1.
        public let lines: ClosedRange<Int>

        /// As the progress shows it: `UndefinedVar: Usage of undefined variable '$x' (line 2)`.
        public var summary: String { "\(rule.name): \(text) (line \(lines.lowerBound))" }
    }

    /// All that was found, from the first line to the last.
    public struct LintReport: Hashable, Sendable {
        public internal(set) var findings: [LintFinding] = []
        /// Why the rest couldn't be looked at.
        public internal(set) var error: DockerfileError?
        /// `lint violation found for rules: X, Y`: why the build fails, where `check=error=true` asks for that.
        public internal(set) var violation: String?
    }
}

struct LintOptionsError: Error { let message: String }

extension Dockerfile {
    /// `skip=A,B;error=true;experimental=all`: of `# check=`, or the build argument BUILDKIT_DOCKERFILE_CHECK.
    public struct LintOptions: Hashable, Sendable {
        private enum Selection: Hashable, Sendable {
            case all
            case named(Set<String>)

            init(_ text: String) {
                self = text == "all" ? .all : .named(Set(text.split(by: .comma).map(\.trimmed)))
            }

            func contains(_ rule: LintRule) -> Bool {
                switch self {
                case .all: true
                case .named(let names): names.contains(rule.name)
                }
            }

            func union(_ other: Selection) -> Selection {
                guard case .named(let one) = self, case .named(let two) = other else { return .all }
                return .named(one.union(two))
            }
        }

        private var skipped = Selection.named([])
        private var experimental = Selection.named([])
        /// Whether a finding makes the build fail.
        public private(set) var failsOnFindings = false

        public init() {}

        /// - Returns: Nil where the text can't be read.
        public init?(_ text: String) {
            guard let options = try? LintOptions(parsing: text) else { return nil }
            self = options
        }

        init(parsing text: String) throws(LintOptionsError) {
            let text = text.trimmed
            guard !text.isEmpty else { return }
            for part in text.split(by: UInt8(ascii: ";")) {
                guard let (key, value) = part.split(atFirst: .equals).map({ ($0.before.trimmed, $0.after.trimmed) })
                else {
                    throw LintOptionsError(message: "invalid check option \(part.quoted)")
                }
                switch key {
                case "skip": skipped = Selection(value)
                case "experimental": experimental = Selection(value)
                case "error":
                    guard ["1", "t", "true", "0", "f", "false"].contains(value.lowercased()) else {
                        throw LintOptionsError(
                            message:
                                "failed to parse check option \(part.quoted): strconv.ParseBool: parsing \(value.quoted): invalid syntax"
                        )
                    }
                    failsOnFindings = ["1", "t", "true"].contains(value.lowercased())
                default: throw LintOptionsError(message: "invalid check option \(key.quoted)")
                }
            }
        }

        /// Whether the rule is looked for.
        public func allow(_ rule: LintRule) -> Bool {
            rule.isExperimental ? experimental.contains(rule) : !skipped.contains(rule)
        }

        /// With those of a comment above an instruction.
        func merging(_ other: LintOptions?) -> LintOptions {
            guard let other else { return self }
            var merged = self
            merged.skipped = skipped.union(other.skipped)
            merged.experimental = experimental.union(other.experimental)
            return merged
        }
    }
}
