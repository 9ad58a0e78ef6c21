import Linux

extension PathBytes {
    /// The shortest path that says the same, by the text alone, as Go's `path.Clean` has it: without empty components, `.`
    /// and what `..` takes back. Nothing is `.`.
    var cleaned: PathBytes {
        let isAbsolute = bytes.first == UInt8(ascii: "/")
        var components: [ArraySlice<UInt8>] = []
        for component in bytes.split(separator: UInt8(ascii: "/")) where !component.elementsEqual(".".utf8) {
            guard component.elementsEqual("..".utf8) else {
                components.append(component)
                continue
            }
            if let last = components.last, !last.elementsEqual("..".utf8) {
                components.removeLast()
            } else if !isAbsolute {
                components.append(component)
            }
        }
        let joined = (isAbsolute ? [UInt8(ascii: "/")] : []) + Array(components.joined(separator: [UInt8(ascii: "/")]))
        return PathBytes(known: joined.isEmpty ? [UInt8(ascii: ".")] : joined)
    }

    /// The components of a path below a root: `..` stops there, a `/` at the beginning means nothing.
    var componentsBelowRoot: [PathBytes] {
        PathBytes(known: [UInt8(ascii: "/")] + bytes).cleaned.bytes.split(separator: UInt8(ascii: "/"))
            .map { PathBytes(known: Array($0)) }
    }

    /// Components with slashes between them; `.` for none.
    init(joining components: [PathBytes]) {
        let joined = Array(components.map(\.bytes).joined(separator: [UInt8(ascii: "/")]))
        self.init(known: joined.isEmpty ? [UInt8(ascii: ".")] : joined)
    }

    /// For bytes of other paths, which have no NUL.
    init(known bytes: [UInt8]) { self = PathBytes(bytes) ?? "" }
}
