import Builder
import CommandLineTables
import OCI

/// `--cache-from` and `--cache-to`: a reference, or `type=registry,ref=…`, `type=local,src=…`, `type=inline`.
enum CacheOption {
    private struct Words {
        let kind: String
        /// By their names in lower case.
        var attributes: [String: String]

        mutating func take(_ name: String) -> String? { attributes.removeValue(forKey: name).flatMap { $0.isEmpty ? nil : $0 } }

        mutating func required(_ name: String, _ option: String) throws(BuildRefusal) -> String {
            guard let value = take(name) else { throw .building("\(name) is required for \(option) type=\(kind)") }
            return value
        }

        mutating func bool(_ name: String) throws(BuildRefusal) -> Bool? {
            guard let text = take(name) else { return nil }
            guard let value = OptionValue.bool(text) else { throw .building("\(name)=\(text.inQuotes) is neither true nor false") }
            return value
        }

        /// Nothing that is asked for may be passed over.
        func requireEnd(_ option: String) throws(BuildRefusal) {
            guard let name = attributes.keys.min() else { return }
            throw .building("\(option) type=\(kind) has no attribute \(name.inQuotes)")
        }
    }

    static func sources(_ words: [String]) throws(BuildRefusal) -> [BuildCachePlace] {
        var places: [BuildCachePlace] = []
        for var words in try read(words) {
            switch words.kind {
            case "inline":
                throw .building(
                    "--cache-from has no type=inline", hint: "A cache in an image is found by the image's name: --cache-from type=registry,ref=NAME.")
            case "local":
                let directory = try words.required("src", "--cache-from")
                let name = words.take("digest") ?? words.take("tag") ?? BuildCachePlace.defaultName
                places.append(.layout(directory: directory, name: name))
            default: places.append(.registry(try reference(&words, "--cache-from")))
            }
            try words.requireEnd("--cache-from")
        }
        return places
    }

    static func destinations(_ words: [String]) throws(BuildRefusal) -> [CacheDestination] {
        var destinations: [CacheDestination] = []
        for var words in try read(words) {
            var destination: CacheDestination
            switch words.kind {
            case "inline": destination = CacheDestination(nil)
            case "local":
                let directory = try words.required("dest", "--cache-to")
                destination = CacheDestination(.layout(directory: directory, name: words.take("tag") ?? BuildCachePlace.defaultName))
            default: destination = CacheDestination(.registry(try reference(&words, "--cache-to")))
            }
            try set(&destination, &words)
            try words.requireEnd("--cache-to")
            destinations.append(destination)
        }
        return destinations
    }

    private static func set(_ destination: inout CacheDestination, _ words: inout Words) throws(BuildRefusal) {
        switch words.take("mode") {
        case nil, "min": break
        case "max": destination.includesAll = true
        case let mode?: throw .building("--cache-to has no mode \(mode.inQuotes)", hint: "There are min and max.")
        }
        destination.ignoresErrors = try words.bool("ignore-error") ?? false
        switch words.take("compression") {
        case nil: break
        case "uncompressed": destination.compression = "none"
        case let format? where ["gzip", "zstd"].contains(format): destination.compression = format
        case let format?:
            throw .building("unsupported layer compression type \(format.inQuotes)", hint: "There are uncompressed, gzip and zstd.")
        }
        // What is written is an image manifest of OCI's, whatever BuildKit's usual form is.
        for name in ["image-manifest", "oci-mediatypes"] where try words.bool(name) == false {
            throw .building("--cache-to has no \(name)=false: a cache is an OCI image manifest")
        }
    }

    private static func reference(_ words: inout Words, _ option: String) throws(BuildRefusal) -> Reference {
        let text = try words.required("ref", option)
        do throws(ReferenceError) { return try Reference(text).withDefaultTag } catch {
            throw .building("invalid reference \(text.inQuotes) of \(option): \(error)")
        }
    }

    private static let kinds = ["inline", "local", "registry"]

    private static func read(_ texts: [String]) throws(BuildRefusal) -> [Words] {
        var all: [Words] = []
        for word in texts where !word.isEmpty {
            guard let fields = CommaSeparated.fields(word) else { throw BuildRefusal("invalid cache \(word): its quotes don't match up") }
            if !word.utf8.contains(UInt8(ascii: "=")) {
                all += fields.map { Words(kind: "registry", attributes: ["ref": $0]) }
            } else {
                all.append(try words(of: fields, word))
            }
        }
        return all
    }

    private static func words(of fields: [String], _ word: String) throws(BuildRefusal) -> Words {
        var kind = ""
        var attributes: [String: String] = [:]
        for field in fields {
            guard let (name, value) = field.assignment() else { throw BuildRefusal("invalid value \(field)") }
            if name.lowercased() == "type" { kind = value } else { attributes[name.lowercased()] = value }
        }
        guard !kind.isEmpty else { throw BuildRefusal("type required for \(word.inQuotes)") }
        guard kinds.contains(kind) else {
            throw .building("unknown cache type \(kind.inQuotes)", hint: "There are \(kinds.joined(separator: ", ")).")
        }
        return Words(kind: kind, attributes: attributes)
    }
}
