/// Lists of `NAME=value`.
enum Environment {
    /// `base` with `overrides` on top: a name keeps its place and takes the last value; a bare `NAME` removes it.
    ///
    /// A bare name never reads Hako's own environment: an image could ask for the user's secrets (CVE-2022-23648's kin).
    static func merged(_ base: [String], with overrides: [String]) -> [String] {
        var result = base
        for entry in overrides {
            guard let name = name(of: entry) else { continue }
            let index = result.firstIndex { self.name(of: $0)?.elementsEqual(name) == true }
            if name.count == entry.utf8.count {
                if let index { result.remove(at: index) }
            } else if let index {
                result[index] = entry
            } else {
                result.append(entry)
            }
        }
        return result
    }

    /// What a container has of its image's variables: the request's own first, as Docker orders them, then those of the
    /// image that the request neither sets nor removes.
    static func inherited(_ image: [String], below own: [String]) -> [String] {
        let named = Set(own.compactMap { name(of: $0).map { String($0) } })
        let rest = image.filter { entry in name(of: entry).map { !named.contains(String($0)) } ?? false }
        return merged([], with: own) + rest
    }

    /// The bytes before the first `=`, or all; nil for an empty name.
    private static func name(of entry: String) -> Substring.UTF8View? {
        let name = entry.utf8.prefix { $0 != UInt8(ascii: "=") }
        return name.isEmpty ? nil : name
    }
}
