import ContainerNetwork
import Glibc
import Linux
import Metadata
import MonitorProtocol
import OCI
import RuntimeClient

/// A child of this process, which is reaped when the next one is needed.
final class StartedMonitor {
    private let process: ChildProcess
    init(_ process: consuming ChildProcess) { self.process = process }

    /// Whether it has ended; then it is reaped.
    var hasEnded: Bool { (try? process.statusIfEnded()) != nil }
}

// A container whose monitor was killed runs on. Whoever looks at it next starts another monitor, which takes it over.
extension Engine {
    /// Starts a monitor for a container that has none, and returns when it has taken it over.
    ///
    /// - Parameters:
    ///   - process: A pidfd of the container's first process.
    ///   - lock: Holds the container's byte; the monitor goes on with it.
    func takeOver(
        _ record: ContainerRecord, _ process: borrowing FileDescriptor, _ lock: borrowing FileDescriptor
    ) throws(EngineError) {
        let action = "take over container \(record.name), whose monitor was killed"
        let spec = try storedSpec(of: record)
        var settings = try keptSettings(of: record, action)
        settings.restart = spec.host.restartPolicy
        let means = RestartMeans()
        var isLast = record.isStopped
        do throws(EngineError) { try take(means, of: record, spec, settings, process) } catch {
            isLast = true
            if settings.restart.condition != .never {
                warnings.append("container \(record.name) can't be started again by its restart policy: \(error.reason)")
            }
        }
        settings.running = MonitorSettings.RunningContainer(
            pid: Int32(clamping: record.state.pid), startedAt: Timestamp(nanoseconds: record.state.started ?? record.created),
            restarts: record.restarts, isLast: isLast)
        var handed = MonitorProcess.Handed(
            lock: lock.number, userNamespace: means.namespaces.userNumber, networkNamespace: means.namespaces.networkNumber)
        handed.process = process.number
        handed.mounts = means.volumes.numbers
        handed.kept = means.ports?.descriptors ?? []
        startedMonitors.removeAll(where: \.hasEnded)
        do throws(RuntimeClientError) {
            let monitor = try MonitorProcess.spawn(program: programs.runtime, bundle: runtimePaths.bundle(record.id))
            startedMonitors.append(StartedMonitor(try monitor.takeOver(settings, handing: handed)))
        } catch { throw EngineError(.unavailable, cannot: action, because: "\(error)", hint: Self.takeOverHint(record), cause: error) }
        withExtendedLifetime(means) {}
    }

    private static func takeOverHint(_ record: ContainerRecord) -> String {
        "It runs on. `hako stop \(record.name)` kills it."
    }

    private func keptSettings(of record: ContainerRecord, _ action: String) throws(EngineError) -> MonitorSettings {
        let path = runtimePaths.settings(record.id)
        do {
            return try MonitorSettings(json: JSON(parsing: FileDescriptor.contents(of: path, limit: MonitorSettings.limit)))
        } catch {
            throw EngineError(
                .unavailable, cannot: action, because: "what its monitor was told is not there: \(error)",
                hint: Self.takeOverHint(record), cause: error)
        }
    }

    /// What went with the monitor, and a container needs to be started again where it was.
    private final class RestartMeans {
        var namespaces = ContainerNamespaces()
        var volumes = OpenedVolumes()
        /// The ports of the host that it has, if nobody else has taken them since.
        var ports: PortSockets?
    }

    private func take(
        _ means: RestartMeans, of record: ContainerRecord, _ spec: StoredSpec, _ settings: MonitorSettings,
        _ process: borrowing FileDescriptor
    ) throws(EngineError) {
        do throws(SystemCallError) {
            // What the process shows it could enter anyway.
            means.namespaces = try Self.namespaces(
                ofProcess: record.state.pid, hasOwnIDs: settings.idMap != nil,
                network: spec.host.networkMode == "host" ? .host : .shared)
            // It was that process, and not the next with its number.
            try ProcessHandle.send(0, to: process)
        } catch {
            throw EngineError(.system, cannot: "hold its namespaces", because: "\(error)", cause: error)
        }
        var mounts = try spec.mounts()
        means.volumes = try openVolumes(&mounts, bundle: runtimePaths.bundle(record.id), means.namespaces)
        means.ports = try reopenedPorts(of: record.id)
    }
}
