import Glibc
import Linux
import MonitorProtocol
import OCI

/// What a monitor reads in a bundle's `config.json`, and what it writes into a copy for a runtime that takes namespaces only
/// by path.
struct BundleConfig {
    private var json: JSON

    init(bundle: String) throws(StartFailure) {
        let path = bundle + "/config.json"
        let bytes: [UInt8]
        do throws(SystemCallError) {
            bytes = try FileDescriptor.contents(of: path, limit: 16 << 20)
        } catch { throw StartFailure(.invalid, "cannot read the bundle: \(error)") }
        do throws(JSONError) { json = try JSON(parsing: bytes) } catch {
            throw StartFailure(.invalid, "\(path): \(error)")
        }
    }

    /// The ids of the container's first process, as the container sees them.
    var user: (uid: UInt32, gid: UInt32) {
        let user = json["process"]?["user"]
        func id(_ name: String) -> UInt32 { user?[name]?.integer.flatMap(UInt32.init(exactly:)) ?? 0 }
        return (id("uid"), id("gid"))
    }

    var workingDirectory: String { json["process"]?["cwd"]?.string ?? "/" }

    /// Sets who the container's first process is, and its HOME if nothing sets that yet, as Docker does.
    mutating func set(_ user: ContainerUser) {
        guard var object = json.object, var process = json["process"]?.object else { return }
        var members = process["user"]?.object ?? JSONObject()
        members["uid"] = .integer(Int64(user.userID))
        members["gid"] = .integer(Int64(user.groupID))
        members["additionalGids"] = .array(user.groups.map { .integer(Int64($0)) })
        process["user"] = .object(members)
        var environment = process["env"]?.array ?? []
        if !environment.contains(where: { $0.string?.utf8.starts(with: "HOME=".utf8) == true }) {
            environment.append(.string("HOME=\(user.home)"))
        }
        process["env"] = .array(environment)
        object["process"] = .object(process)
        json = .object(object)
    }

    /// The container's `process`, with other words and without its terminal: what probes of its health run as.
    func process(running arguments: [String]) -> JSON? {
        guard var process = json["process"]?.object else { return nil }
        process["args"] = JSON(arguments)
        process["terminal"] = false
        process["consoleSize"] = nil
        return .object(process)
    }

    /// What is bound with the container's ids. Below a mount that shows such ids already it can't be.
    var mappedSources: [String] {
        (json["mounts"]?.array ?? []).compactMap { mount in
            mount["uidMappings"]?.array?.isEmpty == false ? mount["source"]?.string : nil
        }
    }

    func spec() throws(StartFailure) -> RuntimeSpec {
        do throws(FieldError) { return try RuntimeSpec(json: json) } catch {
            throw StartFailure(.invalid, "config.json: \(error)")
        }
    }

    /// The document with a path for each namespace of these types that has none.
    func bytes(naming paths: [(type: String, path: String)]) -> [UInt8] {
        guard var object = json.object, var linux = json["linux"]?.object, let namespaces = linux["namespaces"]?.array
        else { return json.bytes() }
        linux["namespaces"] = .array(
            namespaces.map { namespace in
                guard var members = namespace.object, members["path"]?.string ?? "" == "",
                    let path = paths.first(where: { $0.type == members["type"]?.string })?.path
                else { return namespace }
                members["path"] = .string(path)
                return .object(members)
            })
        object["linux"] = .object(linux)
        return JSON.object(object).bytes()
    }
}
