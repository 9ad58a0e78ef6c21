import ImageStore
import Linux
import Metadata
import OCI
import RuntimeClient

/// What a prune removed.
public struct SystemPruneReport: Sendable {
    /// Ids.
    public var containers: [String] = []
    public var images: [RemovedItem] = []
    /// Names.
    public var volumes: [String] = []
    /// Ids of entries of the build cache; it is the caller's to prune.
    public var buildCache: [String] = []
    /// In bytes.
    public var reclaimed: Int64 = 0
}

/// Which of what nothing needs a prune takes, by when it was made (in nanoseconds since 1970; nil where that isn't known) and by
/// its labels.
public typealias PruneCondition = (_ created: Int64?, _ labels: [String: String]) -> Bool

extension Engine {
    /// Removes stopped containers, images that nothing needs, and what killed processes left behind.
    ///
    /// - Parameter volumes: Whether anonymous volumes go, too, that no container uses then.
    public func prune(
        allImages: Bool, volumes: Bool = false, where isWanted: PruneCondition = { _, _ in true }
    ) throws(EngineError) -> SystemPruneReport {
        var report = try pruneContainers(where: isWanted)
        if volumes {
            let pruned = try pruneVolumes(all: false) { isWanted(nil, $0.labelMembers) }
            report.volumes = pruned.volumes
            report.reclaimed += pruned.reclaimed
        }
        let images = try pruneImages(all: allImages, where: isWanted)
        report.images = images.removed
        report.reclaimed += images.reclaimed
        for stray in try strays() { try remove(stray) }
        _ = try checkVolumes(repair: true)
        return report
    }

    /// Removes stopped containers.
    public func pruneContainers(
        where isWanted: PruneCondition = { _, _ in true }
    ) throws(EngineError) -> SystemPruneReport {
        var report = SystemPruneReport()
        for record in try containers() where !record.state.isUp && isWanted(record.created, record.labelMembers) {
            let size = try sizes(of: record).written
            guard try remove(record) else { continue }
            report.reclaimed += size
            report.containers.append(record.id)
        }
        notePrune("container", report.reclaimed)
        return report
    }

    /// Tells of a prune in the events.
    public func notePrune(_ type: String, _ reclaimed: Int64) {
        note("prune", of: "", type: type, ["reclaimed": String(reclaimed)])
    }

    /// Verifies everything; a line for each thing that isn't as it should be.
    ///
    /// - Parameter repair: Whether to drop what is damaged or belongs to nobody.
    public func check(repair: Bool) throws(EngineError) -> [String] {
        var findings = try onImages("check the images") { store throws(StoreError) in
            try store.check(repair: repair).map(\.description)
        }
        for stray in try strays() {
            findings.append("\(stray.path) belongs to no container")
            if repair { try remove(stray) }
        }
        findings += try checkVolumes(repair: repair)
        return findings
    }

    /// What `info` tells: counts, host, limits of it.
    public func info(version: String) throws(EngineError) -> JSON {
        let containers = try self.containers()
        let count = { (status: Metadata.ContainerState.Status) in
            Int64(containers.count { $0.state.status == status })
        }
        let images = try listImages()
        var object: JSONObject = [
            "Containers": .integer(Int64(containers.count)), "ContainersRunning": .integer(count(.running)),
            "ContainersPaused": .integer(count(.paused)),
            "ContainersStopped": .integer(Int64(containers.count) - count(.running) - count(.paused)),
            "Images": .integer(Int64(images.count)), "ServerVersion": .string(version), "Driver": "overlay",
            "LoggingDriver": .string(configuration.logDriver), "CgroupDriver": "cgroupfs", "CgroupVersion": .string(CgroupLayout.version),
            "DefaultRuntime": .string(configuration.defaultRuntime.isEmpty ? "hako-runtime" : configuration.defaultRuntime),
            "SecurityOptions": ["name=seccomp,profile=builtin", "name=userns", "name=cgroupns"],
            "KernelVersion": .string(HostInfo.kernelRelease), "OperatingSystem": .string(HostInfo.operatingSystem),
            "OSType": "linux", "Architecture": .string(HostInfo.machine), "NCPU": .integer(Int64(Processors.count)),
            "MemTotal": .integer(HostInfo.memory), "DockerRootDir": .string(paths.root), "Name": .string(HostInfo.nodeName),
            // Scripts ask whether this is a node of one.
            "Swarm": ["LocalNodeState": "inactive"],
            "Warnings": JSON(try firewallWarnings()),
        ]
        for (name, value) in configured { object[name] = value }
        return .object(object)
    }

    /// What the configuration says, under Docker's names where it has them.
    private var configured: [(name: String, value: JSON)] {
        var runtimes: JSONObject = ["hako-runtime": ["path": .string(programs.runtime)]]
        for (name, path) in configuration.runtimes.sorted(by: { $0.key < $1.key }) { runtimes[name] = ["path": .string(path)] }
        let pools = configuration.addressPools.map { pool -> JSON in
            ["Base": .string("\(pool.base)"), "Size": .integer(Int64(pool.prefixLength))]
        }
        return [
            ("Runtimes", .object(runtimes)), ("InitBinary", "hako-init"), ("Labels", JSON(configuration.labels)),
            ("DefaultAddressPools", .array(pools)),
            ("RegistryConfig", [
                "InsecureRegistryCIDRs": JSON(configuration.insecureRegistries.filter { $0.contains("/") }),
                "InsecureRegistries": JSON(configuration.insecureRegistries.filter { !$0.contains("/") }),
                "Mirrors": JSON(configuration.registryMirrors),
            ]),
            ("ConfigurationFile", JSON(configuration.path)),
        ]
    }
}

extension ContainerRecord {
    /// What Hako has written is an object of strings.
    public var labelMembers: [String: String] { (try? JSON(parsing: labels))?.stringMembers ?? [:] }
}

/// How the host's cgroups are mounted, for showing.
enum CgroupLayout {
    /// `2`, or `1` also where version 2 is mounted beside it without controllers.
    static var version: String {
        // The file is version 2's alone.
        (try? FileDescriptor.status(of: "/sys/fs/cgroup/cgroup.controllers")) == nil ? "1" : "2"
    }
}
