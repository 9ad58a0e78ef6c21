/// The rules that look at FROM.
extension Linter {
    mutating func checkBases(
        of dockerfile: Dockerfile, arguments: Dockerfile.BuildArguments
    ) throws(DockerfileError) {
        checkDefaults(of: dockerfile, arguments: arguments)
        for stage in dockerfile.stages {
            let base = try arguments.expand(stage.base, in: stage.source)
            noteUndefined(base.unsetNames, arguments: arguments, in: stage.source)
            guard let word = stage.platform else { continue }
            let platform = try arguments.expand(word, in: stage.source)
            noteUndefined(platform.unsetNames, arguments: arguments, in: stage.source)
            if platform.usedNames == ["TARGETPLATFORM"], platform.unsetNames.isEmpty,
                platform.text == arguments.globals["TARGETPLATFORM"]
            {
                add(
                    .redundantTargetPlatform,
                    "Setting platform to predefined \(word) in FROM is redundant as this is the default behavior",
                    in: stage.source)
            }
            checkConstant(platform, of: stage)
        }
    }

    private mutating func noteUndefined(
        _ names: [String], arguments: Dockerfile.BuildArguments, in source: Dockerfile.Source
    ) {
        for name in names where !arguments.isDeclared(name) {
            let known = arguments.globals.names.prefix(1_000) + arguments.declaredNames.prefix(1_000)
            let suggestion = suggestion(for: name, among: known)
            add(
                .undefinedArgInFrom, "FROM argument '\(name)' is not declared" + Suggestion.text(suggestion), in: source
            )
        }
    }

    /// A platform that no variable made, and that the stage's name doesn't tell either.
    private mutating func checkConstant(_ platform: Dockerfile.Expansion, of stage: Dockerfile.Stage) {
        guard platform.usedNames.isEmpty, platform.unsetNames.isEmpty, !platform.text.isEmpty else { return }
        let parts = platform.text.split(by: .slash)
        let name = stage.name ?? ""
        guard !parts.prefix(2).contains(where: { !$0.isEmpty && name.holds($0) }) else { return }
        add(
            .fromPlatformFlagConstDisallowed,
            "FROM --platform flag should not use constant value \(platform.text.quoted)",
            in: stage.source)
    }

    /// What FROM would say without a `--build-arg`.
    private mutating func checkDefaults(of dockerfile: Dockerfile, arguments: Dockerfile.BuildArguments) {
        // A default that can't be expanded is told as an error when it is used.
        guard let defaults = try? arguments.withoutGiven(dockerfile) else { return }
        for stage in dockerfile.stages where stage.base.utf8.contains(.dollar) {
            guard let base = try? defaults.expand(stage.base, in: stage.source).text else { return }
            guard !ImageName.isValid(base) else { continue }
            add(
                .invalidDefaultArgInFrom,
                "Default value for ARG \(stage.base) results in empty or invalid base image name", in: stage.source)
        }
    }

    mutating func checkPlatform(
        of stage: Dockerfile.Stage, node: Dockerfile.StageGraph.Node, expected: Dockerfile.PlatformName,
        actual: Dockerfile.PlatformName
    ) {
        guard case .image(let name) = node.base else { return }
        guard expected.os != actual.os || expected.architecture != actual.architecture else { return }
        add(
            .invalidBaseImagePlatform,
            "Base image \(name) was pulled with platform \(actual.text.quoted), expected \(expected.text.quoted) for current build",
            in: stage.source)
    }
}

/// The grammar of image references, as far as a base's name needs it.
///
/// - SeeAlso: distribution/reference, "Grammar"
enum ImageName {
    static func isValid(_ text: String) -> Bool {
        var rest = text
        if let (name, digest) = rest.split(atFirst: UInt8(ascii: "@")) {
            guard isDigest(digest) else { return false }
            rest = name
        }
        var components = rest.split(by: .slash)
        let last = components.removeLast()
        if let (name, tag) = last.split(atFirst: .colon) {
            guard isTag(tag) else { return false }
            components.append(name)
        } else {
            components.append(last)
        }
        if components.count > 1, isDomain(components[0]) { components.removeFirst() }
        return components.allSatisfy(isPathComponent)
    }

    private static func isDigest(_ text: String) -> Bool {
        guard let (algorithm, hex) = text.split(atFirst: .colon), !algorithm.isEmpty, hex.utf8.count >= 32 else {
            return false
        }
        return hex.utf8.allSatisfy { $0.isDigit || ($0.isLetter && ($0 | 0x20) <= UInt8(ascii: "f")) }
    }

    private static func isTag(_ text: String) -> Bool {
        guard let first = text.utf8.first, first.isNamePart, text.utf8.count <= 128 else { return false }
        return text.utf8.allSatisfy { $0.isNamePart || $0 == .dash || $0 == UInt8(ascii: ".") }
    }

    /// What has a dot or a port, or is localhost.
    private static func isDomain(_ text: String) -> Bool {
        guard text == "localhost" || text.utf8.contains(UInt8(ascii: ".")) || text.utf8.contains(.colon) else {
            return false
        }
        return text.utf8.allSatisfy { ($0.isNamePart && $0 != UInt8(ascii: "_")) || ".-:[]".utf8.contains($0) }
    }

    /// Lower-case letters and digits, parted by `.`, `_`, `__` or dashes.
    private static func isPathComponent(_ text: String) -> Bool {
        func isPlain(_ byte: UInt8) -> Bool { byte.isDigit || (byte.isLetter && byte & 0x20 != 0) }
        guard let first = text.utf8.first, isPlain(first), let last = text.utf8.last, isPlain(last) else {
            return false
        }
        let separators = text.utf8.split(whereSeparator: isPlain).map { String(decoding: $0, as: UTF8.self) }
        return separators.allSatisfy { [".", "_", "__"].contains($0) || $0.utf8.allSatisfy { $0 == .dash } }
    }
}
