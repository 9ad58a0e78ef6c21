import CommandLineTables
import OCI

extension ValueShape {
    /// What is wrong with a value that should have this shape.
    func findings(_ value: JSON, at path: [JSONStep]) -> [Finding] {
        let isWrongType = { Finding.wrongType(value, at: path, expected: words) }
        switch self {
        case .flag: return value.bool == nil ? [isWrongType()] : []
        case .integer(let range, _): return value.integer.map(range.contains) == true ? [] : [isWrongType()]
        case .size: return value.sizeInBytes == nil ? [isWrongType()] : []
        case .text(let form):
            guard let text = value.string else { return [isWrongType()] }
            return form.complaint(text).map { [Finding.value(text, at: path, $0)] } ?? []
        case .list(let element):
            guard let elements = value.array else { return [isWrongType()] }
            return elements.enumerated().flatMap { element.findings($1, at: path + [.element($0)]) }
        case .map(let each, _):
            guard let members = value.object?.members else { return [isWrongType()] }
            return members.flatMap { each.findings($0.value, at: path + [.member($0.name)]) }
        case .object(let members):
            guard let object = value.object else { return [isWrongType()] }
            return Self.findings(object, members, at: path)
        }
    }

    private static func findings(_ object: JSONObject, _ members: [ObjectMember], at path: [JSONStep]) -> [Finding] {
        var findings: [Finding] = []
        for (name, value) in object.members {
            if let member = members.first(where: { $0.name == name }) {
                findings += member.shape.findings(value, at: path + [.member(name)])
            } else {
                let known = members.map(\.name)
                let nearest = Suggestion.nearest(to: name, among: known) ?? known.first { $0.lowercased() == name.lowercased() }
                let what = "member of \(Finding.words(path)), which has \(known.joined(separator: ", "))"
                findings.append(.unknown(name, at: path + [.member(name)], what: what, nearest: nearest))
            }
        }
        for member in members where member.isRequired && object[member.name] == nil {
            findings.append(Finding(.steps(path, ofName: false), "\(Finding.words(path)) has no \"\(member.name)\""))
        }
        return findings
    }
}

extension Finding {
    static func wrongType(_ value: JSON, at path: [JSONStep], expected: String) -> Finding {
        let found: String =
            switch value {
            case .null: "null"
            case .bool(let value): value ? "true" : "false"
            case .integer(let value): "\(value)"
            case .number(let digits): digits
            case .string(let text): "\"\(text)\""
            case .array: "an array"
            case .object: "an object"
            }
        return Finding(.steps(path, ofName: false), "\(words(path)) must be \(expected), not \(found)")
    }

    static func value(_ text: String, at path: [JSONStep], _ complaint: String) -> Finding {
        Finding(.steps(path, ofName: false), "\(words(path)) is \"\(text)\": \(complaint)")
    }

    /// `"default-address-pools[0].base"`
    static func words(_ path: [JSONStep]) -> String {
        var text = ""
        for step in path {
            switch step {
            case .member(let name): text += (text.isEmpty ? "" : ".") + name
            case .element(let index): text += "[\(index)]"
            }
        }
        return "\"\(text)\""
    }
}
