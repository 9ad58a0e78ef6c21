import Compression
import OCI
import Registry
import Transfer

struct UsageError: Error { let message: String }

/// What the program is asked to do.
struct ImageArguments: Sendable {
    enum Action: Sendable {
        case pull(Reference, Platform?)
        /// Without a tag: all of the repository.
        case push(Reference, Platform?)
        /// From a file, or from the standard input.
        case load(input: String?, Platform?)
        /// To the standard output.
        case save([String], Platform?)
        /// From a file, an http or https address, or the standard input.
        case `import`(input: String?, ImportSettings)
        case manifest(Reference, isWhole: Bool)
        /// All tags of a repository.
        case tags(Reference)
        /// An index that stands on standard input (`AssembledIndex`), into this registry.
        case pushIndex(registry: String)
        /// An http or https address, to the standard output, unless its content still has this tag.
        case download(String, tag: String?)
        /// Plain layers, for good.
        case compress([String], CompressionFormat)
        /// What a cache of builds says of its steps.
        case readCache(BuildCachePlace, [Platform])
        /// The layers of a cache that stand on standard input, as a document (`BuildCacheDocument`).
        case fetchCache(BuildCachePlace)
        /// A cache of which the document stands on standard input.
        case writeCache(BuildCachePlace, CompressionFormat)
        /// With what stands on standard input, as `{"username": …, "password": …}`, or with what is kept.
        case login(server: String?, isStored: Bool)
        case logout(server: String?)
    }

    let action: Action
    /// Empty for what is no matter of a store.
    let root: String
    let configuration: String?
    let progressNumber: Int32
    /// Whether the registry may speak plain HTTP, or show a certificate that nobody vouches for.
    let isInsecure: Bool

    init(_ words: [String]) throws(UsageError) {
        guard let command = words.first else { throw UsageError(message: "expected an action") }
        var options: [String: String] = [:]
        var operands: [String] = []
        var rest = words.dropFirst()
        while let word = rest.popFirst() {
            if word == "--" {
                operands += rest
                break
            }
            guard word.hasPrefix("--") else {
                operands.append(word)
                continue
            }
            guard Self.known.contains(word) else { throw UsageError(message: "unknown option \(word)") }
            guard let value = rest.popFirst() else { throw UsageError(message: "\(word) needs a value") }
            options[word] = value
        }
        action = try Self.action(command, options, operands)
        root = options["--root"] ?? ""
        configuration = options["--config"]
        isInsecure = options["--insecure"] == "true"
        guard root.hasPrefix("/") || !action.needsStore else {
            throw UsageError(message: "--root needs an absolute path")
        }
        guard let number = options["--progress-fd"].flatMap({ Int32($0) }), number > 2 else {
            throw UsageError(message: "--progress-fd needs a number above 2")
        }
        progressNumber = number
    }

    private static let known: Set<String> = [
        "--root", "--config", "--platform", "--progress-fd", "--input", "--server", "--stored", "--settings",
        "--whole", "--tag", "--format", "--layout", "--insecure",
    ]

    private static func action(
        _ command: String, _ options: [String: String], _ operands: [String]
    ) throws(UsageError) -> Action {
        switch (command, operands.count) {
        case ("pull", 1): return .pull(try reference(operands[0]), try platform(options))
        case ("push", 1): return .push(try reference(operands[0]), try platform(options))
        case ("load", 0): return .load(input: options["--input"], try platform(options))
        case ("save", 1...): return .save(operands, try platform(options))
        case ("import", 0...1): return .import(input: options["--input"], try importSettings(options, operands.first))
        case ("manifest", 1): return .manifest(try reference(operands[0]), isWhole: options["--whole"] == "true")
        case ("tags", 1): return .tags(try reference(operands[0]))
        case ("push-index", 1): return .pushIndex(registry: try reference(operands[0]).domain)
        case ("download", 1): return .download(operands[0], tag: options["--tag"])
        case ("compress", 1...): return .compress(operands, try compression(options))
        case ("read-cache", 1): return .readCache(try cachePlace(options, operands[0]), try platforms(options))
        case ("fetch-cache", 1): return .fetchCache(try cachePlace(options, operands[0]))
        case ("write-cache", 1): return .writeCache(try cachePlace(options, operands[0]), try compression(options))
        case ("login", 0): return .login(server: options["--server"], isStored: options["--stored"] == "true")
        case ("logout", 0): return .logout(server: options["--server"])
        default: throw UsageError(message: "\(command) is no action, or wants other operands")
        }
    }

    /// `--settings`: `{"config": …, "message": …, "created": …}`.
    private static func importSettings(
        _ options: [String: String], _ name: String?
    ) throws(UsageError) -> ImportSettings {
        let json: JSON
        do throws(JSONError) { json = try JSON(parsing: Array((options["--settings"] ?? "{}").utf8)) } catch {
            throw UsageError(message: "--settings: \(error)")
        }
        let config: ExecutionConfig
        do throws(FormatError) { config = try ExecutionConfig(json: json["config"] ?? [:]) } catch {
            throw UsageError(message: "--settings: \(error)")
        }
        return ImportSettings(
            reference: try name.map { name throws(UsageError) in try reference(name).withDefaultTag },
            platform: try platform(options) ?? .host, config: config, message: json["message"]?.string ?? "",
            created: json["created"]?.string ?? "")
    }

    private static func compression(_ options: [String: String]) throws(UsageError) -> CompressionFormat {
        switch options["--format"] {
        case "none": return .none
        case "gzip": return .gzip
        case "zstd": return .zstd
        case let other: throw UsageError(message: "--format \(other ?? "") is none, gzip or zstd")
        }
    }

    /// A reference; with `--layout DIRECTORY` a tag or a digest in that.
    private static func cachePlace(_ options: [String: String], _ operand: String) throws(UsageError) -> BuildCachePlace {
        if let directory = options["--layout"] { return .layout(directory: directory, name: operand) }
        return .registry(try reference(operand))
    }

    /// `linux/amd64,linux/arm64`
    private static func platforms(_ options: [String: String]) throws(UsageError) -> [Platform] {
        try (options["--platform"] ?? "").split(separator: ",").map { text throws(UsageError) in try platform(String(text)) }
    }

    private static func reference(_ text: String) throws(UsageError) -> Reference {
        do throws(ReferenceError) { return try Reference(text) } catch { throw UsageError(message: "\(error)") }
    }

    private static func platform(_ options: [String: String]) throws(UsageError) -> Platform? {
        try options["--platform"].map { text throws(UsageError) in try platform(text) }
    }

    private static func platform(_ text: String) throws(UsageError) -> Platform {
        do throws(PlatformError) { return try Platform(text) } catch { throw UsageError(message: "\(error)") }
    }
}

extension ImageArguments.Action {
    var needsStore: Bool {
        switch self {
        case .login, .logout, .manifest, .tags, .pushIndex, .download, .readCache: false
        default: true
        }
    }
}
