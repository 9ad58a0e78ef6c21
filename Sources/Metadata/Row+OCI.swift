import OCI
import SQLite

extension Row {
    /// A digest that Hako wrote; what it can't have written is an error and not a crash.
    func digest(_ column: Int32, _ name: String) throws(MetadataError) -> Digest {
        let text = text(column)
        do throws(DigestError) { return try Digest(text) } catch { throw .malformed(column: name, value: text) }
    }

    func diffID(_ column: Int32, _ name: String) throws(MetadataError) -> DiffID { DiffID(try digest(column, name)) }
    func imageID(_ column: Int32, _ name: String) throws(MetadataError) -> ImageID { ImageID(try digest(column, name)) }
}
