import Linux
import OCI

/// One value for one control file.
struct CgroupSetting: Hashable, Sendable {
    /// `memory`, `cpu`: who keeps the limit.
    let controller: String
    let file: String
    let value: String
    /// The limit's name in errors: `memory limit`.
    let limit: String

    init(_ controller: String, _ file: String, _ value: some CustomStringConvertible, _ limit: String) {
        self.controller = controller
        self.file = file
        self.value = value.description
        self.limit = limit
    }
}

extension CgroupSetting {
    /// Writes the value.
    ///
    /// - Parameter directory: The controller's; nil where it has none.
    /// - Parameter absence: Why there is none, read after `the cgroup controller "memory"`.
    func apply(in directory: CgroupDirectory?, absence: String) throws(CgroupError) {
        guard let directory else { throw .noController(controller, limit: limit, reason: absence) }
        do throws(SystemCallError) {
            try directory.write(value, to: file)
        } catch {
            guard error.errno == .noSuchFile, directory.exists else {
                throw .refused(limit: limit, value: value, error)
            }
            // On v2 the files of a controller that the parent doesn't hand down aren't there.
            let hasController = (try? directory.read("cgroup.controllers")).map {
                $0.split(whereSeparator: \.isWhitespace).contains { $0 == controller }
            }
            throw hasController == false
                ? .noController(controller, limit: limit, reason: absence)
                : .notSupported(limit: limit, reason: "this kernel has no \(file)")
        }
    }
}

/// Limits of the spec that no kernel of today keeps, or that only one of the two versions has.
enum UnsupportedLimits {
    /// - Throws: For what stands in the bundle and would be dropped silently otherwise.
    static func check(_ resources: RuntimeSpec.Resources) throws(CgroupError) {
        for name in ["network", "rdma"] where resources.other[name]?.object?.isEmpty == false {
            throw .notSupported(limit: "\(name) limit", reason: "Hako does not set resources.\(name)")
        }
        let blockIO = resources.blockIO
        guard blockIO?.leafWeight == nil, blockIO?.weightDevice.allSatisfy({ $0.leafWeight == nil }) ?? true else {
            throw .notSupported(limit: "leaf weight", reason: "Linux removed it with the CFQ scheduler (5.0)")
        }
    }
}
