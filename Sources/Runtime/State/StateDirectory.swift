import Glibc
import Linux
import OCI

/// Where the runtime keeps what it knows of one container: `ROOT/<id>`, closed to everybody else.
struct StateDirectory: ~Copyable {
    let id: ContainerID
    let path: String
    let descriptor: FileDescriptor

    /// The socket on which a created container waits for its start; gone once it is started.
    static let startSocket = "start.sock"
    static let incomplete = "it is not created completely"
    private static let record = "state.json"
    private static let filter = "filter"

    /// Makes it.
    ///
    /// - Throws: ``RuntimeError/Kind/exists`` if the id is taken.
    static func create(_ id: ContainerID, in root: String) throws(RuntimeError) -> StateDirectory {
        let path = root + "/" + id.text
        do throws(SystemCallError) {
            try Directory.create(root)
            let directory = try FileDescriptor.directory(root)
            try directory.makeDirectory(id.text)
            return StateDirectory(id: id, path: path, descriptor: try directory.openChild(id.text, flags: O_DIRECTORY))
        } catch {
            guard error.errno == .exists else {
                throw RuntimeError(.system, cannot: "keep the container's state", because: error.description)
            }
            throw RuntimeError(
                .exists, cannot: "create container \(id)", because: "there is one of that id",
                hint: "Delete it, or choose another id")
        }
    }

    /// - Throws: ``RuntimeError/Kind/noSuchContainer``.
    static func open(_ id: ContainerID, in root: String) throws(RuntimeError) -> StateDirectory {
        let path = root + "/" + id.text
        do throws(SystemCallError) {
            return StateDirectory(id: id, path: path, descriptor: try FileDescriptor.directory(path))
        } catch {
            guard error.errno == .noSuchFile else {
                throw RuntimeError(.system, cannot: "read the state of container \(id)", because: error.description)
            }
            throw RuntimeError(.noSuchContainer, cannot: "find container \(id)", because: "it does not exist")
        }
    }

    borrowing func write(_ record: ContainerRecord, filter: SeccompFilter?) throws(RuntimeError) {
        try attempt("keep the container's state") { () throws(SystemCallError) in
            if let filter { try FileDescriptor.replaceContents(of: "\(path)/\(Self.filter)", with: filter.bytes) }
            try FileDescriptor.replaceContents(of: "\(path)/\(Self.record)", with: record.json.bytes())
        }
    }

    /// - Throws: ``RuntimeError/Kind/wrongState`` for a container that is just being created, or never was to its end.
    borrowing func read() throws(RuntimeError) -> ContainerRecord {
        let file = "\(path)/\(Self.record)"
        let bytes: [UInt8]
        do throws(SystemCallError) { bytes = try FileDescriptor.contents(of: file) } catch {
            throw RuntimeError(
                error.errno == .noSuchFile ? .wrongState : .system, cannot: "read the state of container \(id)",
                because: error.errno == .noSuchFile ? Self.incomplete : error.description)
        }
        let json = try parseJSON(bytes, from: file)
        do throws(FieldError) { return try ContainerRecord(json: json, id: id) } catch {
            throw RuntimeError(.system, cannot: "read \(file)", because: error.description)
        }
    }

    /// The filter that the container's first process has; nil for none.
    borrowing func readFilter() throws(RuntimeError) -> SeccompFilter? {
        do throws(SystemCallError) {
            return SeccompFilter(bytes: try FileDescriptor.contents(of: "\(path)/\(Self.filter)"))
        } catch {
            if error.errno == .noSuchFile { return nil }
            throw RuntimeError(.system, cannot: "read the container's system call filter", because: error.description)
        }
    }

    var waitsForStart: Bool { access("\(path)/\(Self.startSocket)", F_OK) == 0 }

    /// Removes it; a second time is no error.
    static func remove(_ id: ContainerID, in root: String) throws(RuntimeError) {
        try attempt("remove the state of container \(id)") { () throws(SystemCallError) in
            do throws(SystemCallError) { try FileDescriptor.directory(root).removeTree(id.text) } catch {
                guard error.errno == .noSuchFile else { throw error }
            }
        }
    }
}
