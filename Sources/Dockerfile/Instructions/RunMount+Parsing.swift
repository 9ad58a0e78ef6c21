extension Dockerfile.RunMount {
    /// Judges the fields; their values are expanded already.
    init(_ fields: [Options.Field]) throws(RunMountError) {
        var reader = Reader()
        for field in fields { try reader.read(field) }
        self = try reader.mount()
    }

    /// Gathers fields in their order, which counts: `size` is known after `type=tmpfs` alone, as in BuildKit.
    fileprivate struct Reader {
        enum Kind: String, CaseIterable { case bind, cache, tmpfs, secret, ssh }

        var kind = Kind.bind
        var from: String?
        var source = ""
        var target = ""
        var id = ""
        var isReadOnly: Bool?
        var isRequired = false
        var sharing: Dockerfile.RunMount.Sharing?
        var mode: UInt32?
        var userID: UInt32?
        var groupID: UInt32?
        var size: Int64?
        var environmentName: String?

        static let keys = [
            "type", "from", "source", "target", "readonly", "id", "sharing", "required", "size", "mode", "uid", "gid",
            "src",
            "dst", "destination", "ro", "rw", "readwrite", "env",
        ]
    }
}

extension Dockerfile.RunMount.Reader {
    fileprivate mutating func read(_ field: Dockerfile.RunMount.Options.Field) throws(RunMountError) {
        let key = field.key
        let value = try value(of: field)
        switch key {
        case "type": kind = try choice(value, "unsupported mount type")
        case "from": from = value.isEmpty ? nil : value
        case "source", "src": source = value
        case "target", "dst", "destination": target = value
        case "readonly", "ro": isReadOnly = try boolean(value, key)
        case "readwrite", "rw": isReadOnly = try !boolean(value, key)
        case "required":
            try need(key, [.secret, .ssh])
            isRequired = try boolean(value, key)
        case "size":
            try need(key, [.tmpfs])
            guard let bytes = ByteSize.bytes(value) else { throw RunMountError("invalid value for \(key): \(value)") }
            size = bytes
        case "id": id = value
        case "sharing": sharing = try choice(value, "unsupported sharing value")
        case "mode": mode = try number(value, key, radix: 8)
        case "uid": userID = try number(value, key, radix: 10)
        case "gid": groupID = try number(value, key, radix: 10)
        case "env":
            try need(key, [.secret])
            environmentName = value
        default:
            throw RunMountError(
                "unexpected key '\(key)' in '\(field.text)'", suggestion: Suggestion.nearest(to: key, among: Self.keys))
        }
    }

    /// Only switches stand alone.
    private func value(of field: Dockerfile.RunMount.Options.Field) throws(RunMountError) -> String {
        if let value = field.value { return value }
        switch field.key {
        case "readonly", "ro", "readwrite", "rw", "required": return "true"
        default: throw RunMountError("invalid field '\(field.text)' must be a key=value pair")
        }
    }

    private func need(_ key: String, _ kinds: [Kind]) throws(RunMountError) {
        guard kinds.contains(kind) else {
            throw RunMountError("unexpected key '\(key)' for mount type '\(kind.rawValue)'")
        }
    }

    private func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ text: String, _ complaint: String
    ) throws(RunMountError) -> Value {
        guard let value = Value(rawValue: text.lowercased()) else {
            throw RunMountError(
                "\(complaint) \(text.quoted)",
                suggestion: Suggestion.nearest(to: text, among: Value.allCases.map(\.rawValue)))
        }
        return value
    }

    /// As Go's strconv.ParseBool.
    private func boolean(_ text: String, _ key: String) throws(RunMountError) -> Bool {
        switch text {
        case "1", "t", "T", "true", "TRUE", "True": return true
        case "0", "f", "F", "false", "FALSE", "False": return false
        default: throw RunMountError("invalid value for \(key): \(text)")
        }
    }

    private func number(_ text: String, _ key: String, radix: Int) throws(RunMountError) -> UInt32 {
        guard text.utf8.first?.isDigit == true, let value = UInt32(text, radix: radix) else {
            throw RunMountError("invalid value \(text) for \(key)")
        }
        return value
    }

    fileprivate func mount() throws(RunMountError) -> Dockerfile.RunMount {
        try check()
        switch kind {
        case .bind:
            return .bind(.init(from: from, source: sourceOrRoot, target: target, isReadOnly: isReadOnly ?? true))
        case .cache:
            return .cache(
                .init(
                    id: id.isEmpty ? target.cleanedPath : id, from: from, source: sourceOrRoot, target: target,
                    sharing: sharing ?? .shared, mode: mode ?? 0o755, userID: userID ?? 0, groupID: groupID ?? 0,
                    isReadOnly: isReadOnly ?? false))
        case .tmpfs: return .tmpfs(.init(target: target, size: size, isReadOnly: isReadOnly ?? false))
        case .secret: return .secret(secret)
        case .ssh:
            return .ssh(
                .init(
                    id: id.isEmpty ? "default" : id, target: target.isEmpty ? nil : target,
                    isRequired: isRequired, mode: mode ?? 0o600, userID: userID ?? 0, groupID: groupID ?? 0))
        }
    }

    private func check() throws(RunMountError) {
        if kind == .bind || kind == .tmpfs {
            for (key, isSet) in [("mode", mode != nil), ("uid", userID != nil), ("gid", groupID != nil)] where isSet {
                throw RunMountError("\(key) not allowed for \(kind.rawValue.quoted) type mounts")
            }
        }
        if kind == .secret {
            if from != nil { throw RunMountError("secret mount should not have a from") }
            if sharing != nil { throw RunMountError("secret mount should not define sharing") }
            if source.isEmpty, target.isEmpty, id.isEmpty {
                throw RunMountError("invalid secret mount. one of source, target required")
            }
            if !source.isEmpty, !id.isEmpty { throw RunMountError("both source and id can't be set") }
        }
        if kind == .ssh, !source.isEmpty { throw RunMountError("ssh does not support source") }
        if sharing != nil, kind != .cache {
            throw RunMountError("invalid cache sharing set for \(kind.rawValue) mount")
        }
    }

    private var sourceOrRoot: String { source.isEmpty ? "/" : source }

    /// A file unless only a variable is asked for.
    private var secret: Dockerfile.RunMount.Secret {
        let name = !source.isEmpty ? source : !id.isEmpty ? id : target.lastPathComponent
        let path = !target.isEmpty ? target : environmentName == nil ? "/run/secrets/" + name.lastPathComponent : nil
        return .init(
            id: name, target: path, environmentName: environmentName, isRequired: isRequired, mode: mode ?? 0o400,
            userID: userID ?? 0, groupID: groupID ?? 0)
    }
}

extension String {
    /// As Go's path.Clean: no `.`, no `//`, `..` resolved where something stands before it; `.` for nothing.
    var cleanedPath: String {
        let isAbsolute = utf8.first == .slash
        var parts: [String] = []
        for part in split(by: .slash) where !part.isEmpty && part != "." {
            if part != ".." {
                parts.append(part)
            } else if let last = parts.last, last != ".." {
                parts.removeLast()
            } else if !isAbsolute {
                parts.append(part)
            }
        }
        let path = (isAbsolute ? "/" : "") + parts.joined(separator: "/")
        return path.isEmpty ? "." : path
    }

    /// As Go's path.Base.
    var lastPathComponent: String {
        if isEmpty { return "." }
        return split(by: .slash).last { !$0.isEmpty } ?? "/"
    }
}

/// Sizes as Docker's go-units reads them: powers of 1024.
enum ByteSize {
    /// `64m`, `1.5 GiB`, `100`; nil where `text` is none.
    static func bytes(_ text: String) -> Int64? {
        let number = text.utf8.prefix { $0.isDigit || $0 == UInt8(ascii: ".") }
        var unit = String(decoding: text.utf8.dropFirst(number.count), as: UTF8.self).lowercased()
        if unit.hasPrefix(" ") { unit.removeFirst() }
        guard number.first?.isDigit == true, let value = Double(String(decoding: number, as: UTF8.self)) else {
            return nil
        }
        guard let exponent = exponents[unit] else { return nil }
        let factor = Double(Int64(1) << (10 * Int64(exponent)))
        return Int64(exactly: (value * factor).rounded(.towardZero))
    }

    private static let exponents: [String: Int] = [
        "": 0, "b": 0, "k": 1, "kb": 1, "kib": 1, "m": 2, "mb": 2, "mib": 2, "g": 3, "gb": 3, "gib": 3, "t": 4, "tb": 4,
        "tib": 4, "p": 5, "pb": 5, "pib": 5,
    ]
}
