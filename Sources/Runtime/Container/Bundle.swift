import Linux
import OCI

/// A directory with a `config.json` and, as a rule, the container's root file system. runtime-spec bundle.md.
public struct Bundle: Sendable {
    /// Absolute.
    public let path: String
    public let spec: RuntimeSpec

    /// - Parameter path: Absolute, or relative to the working directory.
    public init(path: String) throws(RuntimeError) {
        let absolute = try attempt("open the bundle \(path)") { () throws(SystemCallError) in
            try FileDescriptor.directory(path).path()
        }
        self.init(path: absolute, spec: try Self.read(absolute + "/config.json"))
    }

    /// For a caller that has read `config.json` already; `path` is absolute.
    public init(path: String, spec: RuntimeSpec) {
        self.path = path
        self.spec = spec
    }

    private static func read(_ file: String) throws(RuntimeError) -> RuntimeSpec {
        let bytes = try attempt("read the bundle's configuration") { () throws(SystemCallError) in
            try FileDescriptor.contents(of: file)
        }
        return try RuntimeSpec(json: parseJSON(bytes, from: file), from: file)
    }
}

func parseJSON(_ bytes: [UInt8], from file: String) throws(RuntimeError) -> JSON {
    do throws(JSONError) { return try JSON(parsing: bytes) } catch {
        throw RuntimeError(.invalid, cannot: "read \(file)", because: error.description)
    }
}

extension RuntimeSpec {
    init(json: JSON, from file: String) throws(RuntimeError) {
        do throws(FieldError) { try self.init(json: json) } catch {
            throw RuntimeError(.invalid, cannot: "read \(file)", because: error.description)
        }
    }
}
