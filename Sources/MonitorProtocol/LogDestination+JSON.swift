import OCI

extension LogDestination {
    /// Nil for driver `none`.
    static func parse(_ json: JSON) throws(FieldError) -> LogDestination? {
        switch try json.requiredString("driver") {
        case "none": return nil
        case "json-file": return .file(try LogFile(.json, json))
        case "local": return .file(try LogFile(.local, json))
        case "journald":
            let pairs = json["fields"]?.object?.members.compactMap { field in
                field.value.string.map { (field.name, $0) }
            }
            return .socket(try LogSocket(.journal(fields: Dictionary(pairs ?? []) { $1 }), json))
        case "syslog": return .socket(try LogSocket(.syslog(SyslogForm(json)), json))
        default: throw FieldError("log.driver", "must be json-file, local, journald, syslog or none")
        }
    }

    var json: JSON {
        switch self {
        case .file(let file): file.json
        case .socket(let socket): socket.json
        }
    }
}

extension LogDestination.LogFile {
    fileprivate init(_ format: Format, _ json: JSON) throws(FieldError) {
        let maxSize = json["maxSize"]?.integer
        guard maxSize.map({ $0 > 0 }) ?? true else { throw FieldError("log.maxSize", "must be more than 0") }
        let maxFile = json["maxFile"]?.integer ?? 1
        guard (1...1000).contains(maxFile) else { throw FieldError("log.maxFile", "must be from 1 to 1000") }
        self.init(format, path: try json.requiredString("path"), maxSize: maxSize, maxFile: Int(maxFile))
        compressor = try json.strings("compressor")
        details = json["details"]?.string ?? ""
    }

    fileprivate var json: JSON {
        var object: JSONObject = ["driver": .string(format.rawValue), "path": .string(path)]
        object["maxSize"] = maxSize.map(JSON.integer)
        object["maxFile"] = .integer(Int64(maxFile))
        if !compressor.isEmpty { object["compressor"] = JSON(compressor) }
        if !details.isEmpty { object["details"] = .string(details) }
        return .object(object)
    }
}

extension LogDestination.LogSocket {
    fileprivate init(_ kind: Kind, _ json: JSON) throws(FieldError) {
        guard let address = LogAddress(parsing: try json.requiredString("address")) else {
            throw FieldError("log.address", "must be a URL of unix, unixgram, udp or tcp")
        }
        self.init(kind, address: address, bufferSize: json["bufferSize"]?.integer)
    }

    fileprivate var json: JSON {
        var object: JSONObject
        switch kind {
        case .journal(let fields): object = ["driver": "journald", "fields": JSON(fields)]
        case .syslog(let form):
            object = [
                "driver": "syslog", "format": .string(form.format.rawValue), "facility": .integer(Int64(form.facility)),
                "tag": .string(form.tag), "hostName": .string(form.hostName),
            ]
        }
        object["address"] = .string(address.description)
        object["bufferSize"] = bufferSize.map(JSON.integer)
        return .object(object)
    }
}

extension LogDestination.SyslogForm {
    fileprivate init(_ json: JSON) throws(FieldError) {
        guard let format = Format(rawValue: try json.requiredString("format")) else {
            throw FieldError("log.format", "must be empty, rfc3164, rfc5424 or rfc5424micro")
        }
        self.init(
            format, facility: try json.requiredInteger("facility"), tag: try json.requiredString("tag"),
            hostName: try json.requiredString("hostName"))
    }
}
