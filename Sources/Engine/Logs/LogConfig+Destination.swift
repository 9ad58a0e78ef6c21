import Glibc
import Metadata
import MonitorProtocol
import RuntimeClient

extension Engine {
    /// Where the container's monitor is to write its output; nil for driver `none`.
    func logDestination(_ record: ContainerRecord, _ spec: StoredSpec) throws(EngineError) -> LogDestination? {
        let log = spec.host.logConfig
        switch log.type {
        case "none": return nil
        case "journald": return .socket(try journal(record, spec))
        case "syslog": return .socket(try syslog(record, spec))
        default: return .file(try logFile(record, spec))
        }
    }

    private func logFile(_ record: ContainerRecord, _ spec: StoredSpec) throws(EngineError) -> LogDestination.LogFile {
        let log = spec.host.logConfig
        let limits = try log.fileLimits()
        let format = log.fileFormat ?? .json
        var file = LogDestination.LogFile(
            format, path: runtimePaths.log(record.id, format), maxSize: limits.maxSize, maxFile: limits.maxFile)
        if limits.isCompressed { file.compressor = [programs.hako, "container", "compress-log"] }
        // Most containers have no such option, and start without looking at all that it could name.
        guard log.options.keys.contains(where: { ["labels", "labels-regex", "env", "env-regex", "tag"].contains($0) })
        else { return file }
        var attributes = try LogAttributes(spec)
        let tag = try LogTag.text(log.options["tag"], standard: "", record, spec, hostName: HostInfo.nodeName)
        if !tag.isEmpty { attributes.add("tag", tag) }
        file.details = format == .json ? attributes.json : attributes.text
        return file
    }

    private func journal(_ record: ContainerRecord, _ spec: StoredSpec) throws(EngineError) -> LogDestination.LogSocket
    {
        let log = spec.host.logConfig
        let tag = try LogTag.text(log.options["tag"], standard: "{{.ID}}", record, spec, hostName: HostInfo.nodeName)
        // A field may stand in a message twice: a label called "message" or "priority" would be taken for the record's.
        var fields = try LogAttributes(spec, rename: LogAttributes.journalName).values.filter { name, _ in
            !name.isEmpty && !JournalFields.isOwn(name)
        }
        fields["CONTAINER_ID"] = String(record.id.prefix(12))
        fields["CONTAINER_ID_FULL"] = record.id
        fields["CONTAINER_NAME"] = record.name
        fields["CONTAINER_TAG"] = tag
        fields["IMAGE_NAME"] = spec.config.image
        fields["SYSLOG_IDENTIFIER"] = tag
        // Where systemd's journal takes messages, everywhere.
        return .init(
            .journal(fields: fields),
            address: .init(.unixgram, host: "/run/systemd/journal/socket"),
            bufferSize: log.bufferSize)
    }

    private func syslog(_ record: ContainerRecord, _ spec: StoredSpec) throws(EngineError) -> LogDestination.LogSocket {
        let log = spec.host.logConfig
        let hostName = HostInfo.nodeName
        let tag = try LogTag.text(log.options["tag"], standard: "{{.ID}}", record, spec, hostName: hostName)
        // It may be made of the image's labels, and messages end with a line end: it would begin one of its own.
        guard !tag.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw EngineError(.invalidArgument, "invalid value for tag: \(tag): it holds a control character")
        }
        let form = try log.syslogForm(tag: tag, hostName: hostName)
        return .init(
            .syslog(form), address: try log.syslogAddress() ?? LogAddress(.unixgram, host: "/dev/log"),
            bufferSize: log.bufferSize)
    }
}

extension LogConfig {
    /// Nil for drivers whose records aren't in files of Hako's.
    var fileFormat: LogDestination.LogFile.Format? { .init(rawValue: type) }
}
