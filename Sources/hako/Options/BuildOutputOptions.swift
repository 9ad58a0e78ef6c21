import Builder
import CommandLineTables
import Dockerfile
import Glibc
import Linux
import OCI

/// `--output`, `--push` and `--load`.
enum BuildOutputOption {
    static func read(_ arguments: ParsedArguments) throws(BuildRefusal) -> [BuildOutput] {
        var outputs: [BuildOutput] = []
        for word in arguments.values("output") where !word.isEmpty { outputs.append(try output(word)) }
        if arguments.value("iidfile") != nil, outputs.contains(where: { [.local, .tar].contains($0.kind) }) {
            throw BuildRefusal("local and tar exporters are incompatible with image ID file")
        }
        for index in outputs.indices { try check(&outputs[index]) }
        guard outputs.count(where: { $0.destination == "-" }) < 2 else { throw .building("multiple outputs configured to write to stdout") }
        if arguments.flag("push") {
            let images = outputs.indices.filter { outputs[$0].kind == .image }
            for index in images { outputs[index].attributes["push"] = "true" }
            if images.isEmpty { outputs.append(BuildOutput(.image, attributes: ["push": "true"])) }
        }
        if arguments.flag("load"), !outputs.contains(where: { $0.kind == .docker && $0.destination == nil }) {
            outputs.append(BuildOutput(.docker))
        }
        let hasName = !arguments.values("tag").isEmpty || outputs.contains { $0.attributes["name"] != nil }
        guard hasName || !outputs.contains(where: \.isPushed) else { throw .building("tag is needed when pushing to registry") }
        return outputs
    }

    /// `type=local,dest=DIRECTORY`, or a directory, or `-`.
    private static func output(_ word: String) throws(BuildRefusal) -> BuildOutput {
        guard let fields = CommaSeparated.fields(word) else { throw BuildRefusal("invalid output \(word): its quotes don't match up") }
        if fields == [word], !word.hasPrefix("type=") {
            return word == "-" ? BuildOutput(.tar, to: "-") : BuildOutput(.local, to: word)
        }
        var (kind, destination): (String, String?) = ("", nil)
        var attributes: [String: String] = [:]
        for field in fields {
            guard let (name, value) = field.assignment() else { throw BuildRefusal("invalid value \(field)") }
            switch name.lowercased().filter({ $0 != " " }) {
            case "type": kind = value
            case "dest": destination = value
            case let name: attributes[name] = value
            }
        }
        guard !kind.isEmpty else { throw BuildRefusal("type is required for output") }
        if kind == "registry" {
            attributes["push"] = "true"
            return BuildOutput(.image, to: destination, attributes: attributes)
        }
        guard let known = BuildOutput.Kind(rawValue: kind) else {
            throw .building(
                "failed to solve: exporter \(kind.inQuotes) could not be found",
                hint: "There are cacheonly, docker, image, local, oci, registry and tar.")
        }
        return BuildOutput(known, to: destination, attributes: attributes)
    }

    private static func check(_ output: inout BuildOutput) throws(BuildRefusal) {
        if let compression = output.attributes["compression"], !["uncompressed", "gzip", "zstd"].contains(compression) {
            throw .building("failed to solve: unsupported layer compression type \(compression.inQuotes)", hint: "There are uncompressed, gzip and zstd.")
        }
        switch output.kind {
        case .local: try checkDirectory(output)
        case .tar: try checkFile(&output)
        case .oci, .docker:
            let isArchive = output.attributes["tar"].flatMap(OptionValue.bool) ?? true
            if isArchive { try checkFile(&output) } else { try checkDirectory(output) }
        case .image, .cacheonly: break
        }
    }

    private static func checkDirectory(_ output: BuildOutput) throws(BuildRefusal) {
        let kind = output.kind.rawValue
        guard let path = output.destination, !path.isEmpty else { throw .building("dest is required for \(kind) exporter") }
        guard path != "-" else { throw .building("dest cannot be stdout for \(kind) exporter") }
        if let status = try status(of: path, "destination directory"), status.kind != .directory {
            throw .building("destination directory \(path) is a file")
        }
    }

    private static func checkFile(_ output: inout BuildOutput) throws(BuildRefusal) {
        let kind = output.kind.rawValue
        if output.destination?.isEmpty ?? true { output.destination = output.kind == .docker ? nil : "-" }
        guard let path = output.destination else { return }
        guard path != "-" else {
            guard !RawMode.isTerminal(StandardDescriptor.output) else {
                throw .building("dest file is required for \(kind) exporter. refusing to write to console")
            }
            return
        }
        if let status = try status(of: path, "destination file"), status.kind == .directory {
            throw .building("destination file \(path) is a directory")
        }
    }

    private static func status(of path: String, _ what: String) throws(BuildRefusal) -> FileStatus? {
        do throws(SystemCallError) { return try FileDescriptor.status(of: path) } catch {
            guard error.errno == .noSuchFile else { throw .building("invalid \(what): \(path): stat \(path): \(error.errno)") }
            return nil
        }
    }
}

/// `--annotation manifest,index[linux/arm64]:key=value`.
enum AnnotationOption {
    static func read(_ words: [String]) throws(BuildRefusal) -> [BuildAnnotation] {
        var annotations: [BuildAnnotation] = []
        for word in words where !word.isEmpty {
            guard let (name, value) = word.assignment() else {
                throw .building("parse annotations: invalid annotation \(word.inQuotes), expected key=value")
            }
            guard let (places, key) = name.assignment(by: ":") else {
                annotations.append(BuildAnnotation(key: name, value: value))
                continue
            }
            for place in places.split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
                let (kind, platform) = try parts(place)
                annotations.append(BuildAnnotation(kind, platform: platform, key: key, value: value))
            }
        }
        return annotations
    }

    private static func parts(_ text: String) throws(BuildRefusal) -> (BuildAnnotation.Place, Dockerfile.PlatformName?) {
        var (name, platform): (String, String?) = (text, nil)
        if text.hasSuffix("]"), let (before, inside) = text.assignment(by: "[") { (name, platform) = (before, String(inside.dropLast())) }
        let isName = !name.isEmpty && name.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0 == UInt8(ascii: "-") }
        guard isName, platform?.isEmpty != true else {
            throw .building(
                "parse annotations: invalid annotation type \(text.inQuotes), expected type and optional platform in square brackets")
        }
        guard let place = BuildAnnotation.Place(rawValue: name) else {
            throw .building("parse annotations: unknown annotation type \(name.inQuotes)")
        }
        guard let platform else { return (place, nil) }
        do throws(PlatformError) {
            return (place, Dockerfile.PlatformName(try Platform(platform)))
        } catch { throw .building("parse annotations: invalid platform \(platform.inQuotes): \(error.reason)") }
    }
}

/// `--attest`, `--sbom`, `--provenance`: nothing attests here, so that only their absence can be asked for.
enum AttestOption {
    static func refuse(_ arguments: ParsedArguments) throws(BuildRefusal) {
        var words = arguments.values("attest")
        for kind in ["provenance", "sbom"] {
            guard let value = arguments.value(kind), !value.isEmpty else { continue }
            words.append("type=\(kind)," + (OptionValue.bool(value).map { "disabled=\(!$0)" } ?? value))
        }
        for word in words where try isWanted(word) {
            throw .building("Attestation is not supported: Hako makes no statements about how an image came to be", hint: "Leave out \(word.inQuotes), or give --provenance=false and --sbom=false.")
        }
    }

    private static func isWanted(_ word: String) throws(BuildRefusal) -> Bool {
        var (kind, isWanted) = ("", true)
        for field in CommaSeparated.fields(word) ?? [word] {
            guard let (name, value) = field.assignment() else { throw BuildRefusal("invalid value \(field)") }
            switch name.lowercased() {
            case "type": kind = value
            case "disabled":
                guard let isDisabled = OptionValue.bool(value) else {
                    throw BuildRefusal("invalid value \(field): strconv.ParseBool: parsing \(value.inQuotes): invalid syntax")
                }
                isWanted = !isDisabled
            default: break
            }
        }
        guard !kind.isEmpty else { throw BuildRefusal("attestation type not specified") }
        return isWanted
    }
}
