import Engine
import Glibc
import Linux
import OCI

/// Lists of manifests that are being put together. They lie where Docker's client keeps its own, and in its form, so that each of the two
/// goes on with what the other began: `manifests/LIST/MANIFEST` beside the user's config.json, a file for each manifest of a list.
struct ManifestLists {
    private let directory: String
    /// A manifest and its text in Base64, and once more as JSON.
    private static let entryLimit = 4 * ImageManifest.maximumSize

    init() throws {
        guard let place = GlobalOptions.userDirectory else {
            throw EngineError(
                .invalidArgument, "there is no place for manifest lists", hint: "Name one by DOCKER_CONFIG, or by HOME.")
        }
        directory = place + "/manifests"
    }

    /// What a list leads to, in its order; empty where there is no such list.
    func manifests(of list: Reference) throws -> [RegistryManifest] {
        let names: [PathBytes]
        do throws(SystemCallError) { names = try FileDescriptor.directory(place(of: list)).names() } catch {
            guard error.errno == .noSuchFile else { throw Self.failure(list, error) }
            return []
        }
        return try names.map(\.description).sorted().map { try Self.read("\(place(of: list))/\($0)", of: list) }
    }

    func manifest(_ name: Reference, in list: Reference) throws -> RegistryManifest? {
        try manifests(of: list).first { $0.reference == name }
    }

    /// Puts a manifest into a list, which may be a new one, in place of what it had under the same name.
    func keep(_ manifest: RegistryManifest, in list: Reference) throws {
        let entry = try manifest.entry.bytes()
        do throws(SystemCallError) {
            try Directory.create(place(of: list), mode: 0o755)
            try FileDescriptor.replaceContents(
                of: "\(place(of: list))/\(Self.fileName(manifest.reference))", with: entry, mode: 0o644,
                by: "\(directory)/.\(getpid()).tmp")
        } catch { throw Self.failure(list, error) }
    }

    /// Also where what is in it can't be read.
    ///
    /// - Returns: Whether there was such a list.
    func remove(_ list: Reference) throws -> Bool {
        guard access(place(of: list), F_OK) == 0 else { return false }
        do throws(SystemCallError) { try Directory.removeTree(place(of: list)) } catch { throw Self.failure(list, error) }
        return true
    }

    private func place(of list: Reference) -> String { "\(directory)/\(Self.fileName(list))" }

    /// As Docker's client forms it (cli/manifest/store). A name holds neither `..` nor anything that a path can't.
    private static func fileName(_ reference: Reference) -> String {
        String(reference.description.map { $0 == ":" ? "-" : $0 == "/" ? "_" : $0 })
    }

    private static func read(_ path: String, of list: Reference) throws -> RegistryManifest {
        let bytes: [UInt8]
        do throws(SystemCallError) { bytes = try FileDescriptor.contents(of: path, limit: entryLimit) } catch { throw failure(list, error) }
        guard let json = try? JSON(parsing: bytes), let manifest = RegistryManifest(entry: json) else {
            throw EngineError(
                .system, cannot: "read manifest list \(list)", because: "\(path) is no manifest",
                hint: "Remove it, or the whole list: `\(HakoProgram.name) manifest rm \(list)`.")
        }
        return manifest
    }

    private static func failure(_ list: Reference, _ error: SystemCallError) -> EngineError {
        EngineError(.system, cannot: "keep manifest list \(list)", because: "\(error)", cause: error)
    }
}

extension RegistryManifest {
    /// As Docker's client writes a manifest, into files and for people.
    var entry: JSON {
        get throws(JSONError) {
            let kind = descriptor.mediaType == .dockerManifest ? "SchemaV2Manifest" : "OCIManifest"
            return [
                "Ref": .string(reference.description), "Descriptor": descriptor.json,
                "Raw": .string(Base64.encode(Array(text.utf8)[...])), kind: try JSON(parsing: Array(text.utf8)),
            ]
        }
    }

    init?(entry json: JSON) {
        guard let reference = json["Ref"]?.string.flatMap({ try? Reference($0) }),
            let descriptor = json["Descriptor"].flatMap({ try? Descriptor(json: $0) }),
            let text = json["Raw"]?.string.flatMap(Base64.decode)
        else { return nil }
        self.init(reference, descriptor, text: String(decoding: text, as: UTF8.self))
    }
}
