import Glibc

/// The environment that this process was started with.
public enum Environment {
    /// All variables; of two with the same name the first holds, as for getenv(3). Entries without `=` are left out.
    public static var current: [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let bytes = String(cString: text)
            if let equals = bytes.firstIndex(of: "=") {
                let name = String(bytes[..<equals])
                if variables[name] == nil { variables[name] = String(bytes[bytes.index(after: equals)...]) }
            }
            entry += 1
        }
        return variables
    }
}
