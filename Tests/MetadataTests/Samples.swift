import Metadata
import OCI
import TestSupport

/// Rows for tests, each different from the last only where it must be.
enum Samples {
    static func digest(_ number: Int) throws -> Digest {
        let digits = String(number, radix: 16)
        return try Digest(algorithm: .sha256, hex: String(repeating: "0", count: 64 - digits.utf8.count) + digits)
    }

    /// 64 digits that begin with `prefix`.
    static func id(_ prefix: String) -> String { prefix + String(repeating: "0", count: 64 - prefix.utf8.count) }

    static let image = 0xA0

    /// A database with one image, of two layers, that has no name.
    static func database(_ scratch: borrowing Scratch) throws -> Database {
        let database = try Database(path: scratch.path("hako.db"))
        for number in [1, 2] {
            try database.insert(
                StoredItem(.layer(DiffID(try digest(number))), size: 100, unsyncedBoot: nil))
        }
        for number in [image, 0xB0] {
            try database.insert(StoredItem(.blob(try digest(number)), size: 10, unsyncedBoot: "boot"))
        }
        _ = try database.register(try registration(image: image, reference: nil))
        return database
    }

    static func registration(image: Int, reference: String?) throws -> ImageRegistration {
        ImageRegistration(
            image: ImageRecord(
                id: ImageID(try digest(image)), manifest: try digest(0xB0), manifestMediaType: .imageManifest,
                manifestSize: 10, platform: "linux/amd64", created: 5, size: 200, registered: 7),
            layers: [DiffID(try digest(1)), DiffID(try digest(2))], blobs: [try digest(image), try digest(0xB0)],
            reference: reference)
    }

    static func container(_ id: String, _ name: String) throws -> NewContainer {
        NewContainer(
            id: Self.id(id), name: name, image: ImageID(try digest(image)), imageName: "nginx", created: 1,
            command: "true", spec: Array("spec".utf8))
    }
}
