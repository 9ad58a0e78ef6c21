extension Dockerfile {
    /// A platform as the predefined arguments name it: `linux`, `arm64`, `v8`.
    public struct PlatformName: Hashable, Sendable {
        public let os: String
        public let architecture: String
        /// Empty where it has none.
        public let variant: String
        public let osVersion: String

        public init(os: String, architecture: String, variant: String = "", osVersion: String = "") {
            self.os = os
            self.architecture = architecture
            self.variant = variant
            self.osVersion = osVersion
        }

        var text: String { "\(os)/\(architecture)" + (variant.isEmpty ? "" : "/\(variant)") }
    }

    /// What is known before the first FROM: the arguments of the command line, the predefined ones, and the global ARGs.
    public struct BuildArguments: Sendable {
        /// `--build-arg`.
        public private(set) var given: [String: String]
        /// What FROM may use: the platform arguments and the global ARGs that have a value.
        public private(set) var globals = Variables()
        /// The global ARGs, those without a value, too.
        private(set) var declaredNames: [String] = []
        private var declared: Set<String> = []
        private var predefined = Variables()
        let escape: UInt8

        /// None at all.
        init() {
            given = [:]
            escape = .backslash
        }

        /// - Parameters:
        ///   - given: `--build-arg NAME=value`; one without `=` has its value from the client's environment, or isn't given.
        ///   - target: `--target`.
        /// - Throws: A default of a global ARG that can't be expanded.
        public init(
            _ dockerfile: Dockerfile, given: [String: String] = [:], buildPlatform: PlatformName,
            targetPlatform: PlatformName,
            target: String? = nil
        ) throws(DockerfileError) {
            self.given = given
            escape = dockerfile.directives.escape
            for (prefix, platform) in [("BUILD", buildPlatform), ("TARGET", targetPlatform)] {
                predefine(prefix + "PLATFORM", platform.text)
                predefine(prefix + "OS", platform.os)
                predefine(prefix + "OSVERSION", platform.osVersion)
                predefine(prefix + "ARCH", platform.architecture)
                predefine(prefix + "VARIANT", platform.variant)
            }
            predefine("TARGETSTAGE", target ?? "default")
            globals = predefined
            for statement in dockerfile.globalArguments { try declare(statement) }
        }

        /// The same as if nothing were given on the command line.
        func withoutGiven(_ dockerfile: Dockerfile) throws(DockerfileError) -> BuildArguments {
            var arguments = self
            arguments.given = [:]
            arguments.globals = predefined
            for statement in dockerfile.globalArguments { try arguments.declare(statement) }
            return arguments
        }

        private mutating func predefine(_ name: String, _ value: String) { predefined[name] = given[name] ?? value }

        private mutating func declare(_ statement: Statement) throws(DockerfileError) {
            guard case .arg(let arguments) = statement.instruction else { return }
            for argument in arguments {
                if declared.insert(argument.name).inserted { declaredNames.append(argument.name) }
                if let value = given[argument.name] {
                    globals[argument.name] = value
                } else if let value = argument.value {
                    globals[argument.name] = try expand(value, in: statement.source).text
                }
                guard globals.sizeInBytes <= StageScope.largestEnvironment else {
                    throw statement.source.error("the global arguments are larger than 8 MiB", at: argument.name)
                }
            }
        }

        func isDeclared(_ name: String) -> Bool { declared.contains(name) }

        func expand(_ word: String, in source: Source) throws(DockerfileError) -> Expansion {
            let globals = globals
            do throws(ExpansionError) {
                return try WordExpander(escape: escape) { globals[$0] }.expand(word)
            } catch { throw source.error(error.message, at: word) }
        }

        /// The base that `stage` names, expanded: an earlier stage, `scratch` or an image.
        ///
        /// - Throws: A word that can't be expanded, and one that becomes empty.
        public func base(of stage: Stage) throws(DockerfileError) -> String {
            let name = try expand(stage.base, in: stage.source).text
            guard name.isEmpty else { return name }
            throw stage.source.error("base name (\(stage.base)) should not be blank", at: stage.base)
        }

        /// What `--platform` of its FROM says, expanded; nil where it isn't given.
        public func platform(of stage: Stage) throws(DockerfileError) -> String? {
            guard let word = stage.platform else { return nil }
            let globals = globals
            let expansion: Expansion
            do throws(ExpansionError) {
                expansion = try WordExpander(escape: escape) { globals[$0] }.expand(word)
            } catch {
                throw stage.source.error("failed to process arguments for platform : \(error.message)", at: word)
            }
            guard expansion.text.isEmpty else { return expansion.text }
            let suggestion = expansion.unsetNames.lazy.compactMap { Suggestion.nearest(to: $0, among: globals.names) }
                .first
            throw stage.source.error(
                "empty platform value from expression \(word)" + Suggestion.text(suggestion), at: word,
                suggestion: suggestion)
        }

        /// The proxies that RUN sees without an ARG, in both cases. They are part of no image and no cache key.
        public var proxyEnvironment: [String] {
            var proxies: [String: String] = [:]
            for (name, value) in given.sorted(by: { $0.key < $1.key }) { proxies[name.uppercased()] = value }
            let names = ["HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"]
            return names.flatMap { name -> [String] in
                guard let value = proxies[name], !value.isEmpty else { return [] }
                return ["\(name)=\(value)", "\(name.lowercased())=\(value)"]
            }
        }
    }
}
