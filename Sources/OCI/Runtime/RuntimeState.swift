/// The state of a container as `state` prints it and hooks read it. runtime-spec v1.2 runtime.md, "State".
public struct RuntimeState: Hashable, Sendable {
    public enum Status: String, Hashable, Sendable { case creating, created, running, stopped }

    public var ociVersion: String
    public var id: String
    public var status: Status
    /// Of the container's first process, in the caller's PID namespace; nil once it is stopped.
    public var pid: Int32?
    /// Absolute.
    public var bundle: String
    public var annotations: [String: String]
    public var other = JSONObject()

    public init(id: String, status: Status, pid: Int32?, bundle: String, annotations: [String: String] = [:]) {
        ociVersion = RuntimeSpec.version
        self.id = id
        self.status = status
        self.pid = pid
        self.bundle = bundle
        self.annotations = annotations
    }

    public init(json: JSON) throws(FieldError) {
        var reader = try FieldReader(json)
        ociVersion = try reader.required("ociVersion", try reader.string("ociVersion"))
        id = try reader.required("id", try reader.string("id"))
        status = try reader.required("status", try reader.value("status", FieldReader.word))
        pid = try reader.integer("pid")
        bundle = try reader.required("bundle", try reader.string("bundle"))
        annotations = try reader.map("annotations") ?? [:]
        other = reader.rest
        if pid == 0 { pid = nil }
    }

    public var json: JSON {
        var writer = FieldWriter()
        writer.add("ociVersion", ociVersion)
        writer.add("id", id)
        writer.add("status", status.rawValue)
        // runc writes 0 for a stopped container, and callers decode it so.
        writer.add("pid", pid ?? 0)
        writer.add("bundle", bundle)
        writer.add("annotations", annotations)
        return writer.object(and: other)
    }
}
