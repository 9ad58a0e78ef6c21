import OCI

/// YAML as tools write CDI specifications: block mappings and sequences, plain and quoted scalars on one line, empty flow
/// collections and flow lists of scalars. YAML 1.2.2, chapters 7 and 8. Anchors, tags, block scalars and more documents are
/// refused.
struct BlockYAML {
    private struct Line {
        var indent: Int
        var text: Substring
        let number: Int
    }

    private var lines: [Line] = []
    private var next = 0

    static func json(_ text: String) throws(CDIError) -> JSON {
        var yaml = try BlockYAML(text)
        guard let first = yaml.lines.first else { return .null }
        let value = try yaml.block(at: first.indent, depth: 0)
        if yaml.next < yaml.lines.count { throw yaml.fault("unexpected indentation") }
        return value
    }

    private init(_ text: String) throws(CDIError) {
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let content = line.drop { $0 == " " }
            let trimmed = content.last == "\r" ? content.dropLast() : content
            if trimmed.isEmpty || trimmed.hasPrefix("#") || (trimmed == "---" && lines.isEmpty) { continue }
            guard !trimmed.hasPrefix("\t"), trimmed != "---" else { throw CDIError("line \(index + 1): tabs and further documents are not supported") }
            lines.append(Line(indent: line.utf8.count - content.utf8.count, text: trimmed, number: index + 1))
        }
    }

    private func fault(_ reason: String) -> CDIError {
        CDIError("line \(next < lines.count ? lines[next].number : lines.last?.number ?? 0): \(reason)")
    }

    private func isItem(_ text: Substring) -> Bool { text == "-" || text.hasPrefix("- ") }

    private mutating func block(at indent: Int, depth: Int) throws(CDIError) -> JSON {
        guard depth < 50 else { throw fault("too deep") }
        return isItem(lines[next].text) ? try sequence(at: indent, depth: depth) : try mapping(at: indent, depth: depth)
    }

    private mutating func sequence(at indent: Int, depth: Int) throws(CDIError) -> JSON {
        var elements: [JSON] = []
        while next < lines.count, lines[next].indent == indent, isItem(lines[next].text) {
            let rest = lines[next].text.dropFirst().drop { $0 == " " }
            if rest.isEmpty {
                next += 1
                elements.append(try nested(below: indent, depth: depth))
            } else if Self.entry(rest) != nil || isItem(rest) {
                // What begins behind the dash goes on below it, in the same column.
                lines[next].indent = indent + lines[next].text.utf8.count - rest.utf8.count
                lines[next].text = rest
                elements.append(try block(at: lines[next].indent, depth: depth + 1))
            } else {
                elements.append(try scalar(rest))
                next += 1
            }
        }
        return .array(elements)
    }

    private mutating func mapping(at indent: Int, depth: Int) throws(CDIError) -> JSON {
        var object = JSONObject()
        while next < lines.count, lines[next].indent == indent, !isItem(lines[next].text) {
            guard let (key, value) = Self.entry(lines[next].text) else { throw fault("expected KEY: VALUE") }
            guard let name = try scalarText(key) else { throw fault("expected KEY: VALUE") }
            if value.isEmpty {
                next += 1
                // A sequence may stand in its key's own column.
                let isList = next < lines.count && lines[next].indent == indent && isItem(lines[next].text)
                object[name] = isList ? try sequence(at: indent, depth: depth + 1) : try nested(below: indent, depth: depth)
            } else {
                object[name] = try scalar(value)
                next += 1
            }
        }
        return .object(object)
    }

    private mutating func nested(below indent: Int, depth: Int) throws(CDIError) -> JSON {
        guard next < lines.count, lines[next].indent > indent else { return .null }
        return try block(at: lines[next].indent, depth: depth + 1)
    }

    /// `key: value`, or `key:` with an empty value; nil for what is none. A colon in quotes is no key's.
    private static func entry(_ text: Substring) -> (key: Substring, value: Substring)? {
        var quote: Character?
        var index = text.startIndex
        while index < text.endIndex {
            let character = text[index]
            let after = text.index(after: index)
            if let open = quote {
                if character == open { quote = nil }
            } else if character == "\"" || character == "'" {
                quote = character
            } else if character == ":", after == text.endIndex || text[after] == " " {
                let value = text[after...].drop { $0 == " " }
                return (text[..<index], value.hasPrefix("#") ? "" : value)
            }
            index = after
        }
        return nil
    }

    private func scalar(_ text: Substring) throws(CDIError) -> JSON {
        let plain = Self.withoutComment(text)
        if plain == "{}" { return .object(JSONObject()) }
        if plain.hasPrefix("["), plain.hasSuffix("]") {
            let inside = plain.dropFirst().dropLast().drop { $0 == " " }
            return .array(try inside.isEmpty ? [] : inside.split(separator: ",").map { part throws(CDIError) in
                try scalar(part.drop { $0 == " " })
            })
        }
        if let first = plain.first, first == "\"" || first == "'" { return try scalarText(plain).map(JSON.string) ?? .null }
        if let first = plain.first, "&*!|>{[%@`".contains(first) { throw fault("\(first) is not supported here") }
        switch plain {
        case "true": return true
        case "false": return false
        case "null", "~": return .null
        default: return Int64(plain).map(JSON.integer) ?? .string(String(plain))
        }
    }

    private static func withoutComment(_ text: Substring) -> Substring {
        guard text.first != "\"", text.first != "'", let hash = text.firstRange(of: " #") else { return trimmed(text) }
        return trimmed(text[..<hash.lowerBound])
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while text.last == " " { text.removeLast() }
        return text
    }

    /// A scalar without its quotes. YAML 1.2.2, 7.3.
    private func scalarText(_ text: Substring) throws(CDIError) -> String? {
        guard let quote = text.first, quote == "\"" || quote == "'" else { return String(text) }
        var result = ""
        var rest = text.dropFirst()
        while let character = rest.popFirst() {
            if character == "\\", quote == "\"" {
                guard let escaped = rest.popFirst(), let meant = ["n": "\n", "t": "\t", "\"": "\"", "\\": "\\", "/": "/"][escaped] else {
                    throw fault("an escape is not supported")
                }
                result += meant
            } else if character == quote {
                guard quote == "'", rest.first == "'" else { return result }
                result += "'"
                rest.removeFirst()
            } else {
                result.append(character)
            }
        }
        throw fault("a quote does not end")
    }
}
