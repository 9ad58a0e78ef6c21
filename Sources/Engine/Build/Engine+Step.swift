import Archive
import ContainerNetwork
import Glibc
import ImageStore
import Linux
import Metadata
import MonitorProtocol
import OCI
import RuntimeClient

// A step of a build is a container like any other to the kernel, started in the same way; but it has no image, and nobody but
// whoever builds knows of it. It ends with the process that builds.
extension Engine {
    /// Starts a step; returns when its program runs.
    ///
    /// - Throws: ``EngineError`` of kind `commandNotFound` or `commandNotExecutable` where the program can't be executed.
    public func start(_ request: StepRequest) throws(EngineError) -> StepContainer {
        var spec = StoredSpec(config: ContainerConfig(), host: request.host, imageArchitecture: request.architecture)
        spec.config.hostname = StepRequest.hostName
        spec.config.user = request.user
        spec.config.environment = request.environment
        spec.config.entrypoint = request.words
        spec.config.workingDirectory = request.workingDirectory
        spec.host.autoRemove = true
        spec.host.logConfig.type = "none"
        try spec.host.validate()
        var draft = ContainerSpec()
        draft.host = spec.host
        prepareStart(of: draft)
        let layer = try onImages("make a layer") { store throws(StoreError) in try store.layerDraft() }
        let lowers = try onImages("find the layers of the build step") { store throws(StoreError) in
            try store.lowerDirectories(of: request.layers)
        }
        let begun = try insertStep(spec, draft)
        let record = begun.record
        do throws(EngineError) {
            return try launch(begun, spec, request, layer, lowers + [try stepLayer()])
        } catch {
            // What can't be undone now is what a later command finds.
            try? removeFailed(record)
            throw error
        }
    }

    /// A step that has a row, and its byte.
    private struct BegunStep: ~Copyable {
        let record: ContainerRecord
        let lock: FileDescriptor
    }

    /// A process that looks for dead steps may take a new one for dead until its byte is taken. What was prepared for it, such as
    /// its cgroup, is gone then, too.
    private func insertStep(_ spec: StoredSpec, _ draft: ContainerSpec) throws(EngineError) -> BegunStep {
        while true {
            let id = monitorDraft.id ?? RandomID.make()
            let record = try onDatabase("begin the build step") { database throws(MetadataError) in
                try database.insertStepContainer(
                    id, at: RealTime.now, networkMode: spec.host.networkMode, idSlots: spec.host.hasOwnIDs ? paths.idSlots : nil)
            }
            let lock = try calling("lock the build step") { () throws(RuntimeClientError) in
                try ContainerLocks(path: runtimePaths.locks).acquireWaiting(record.slot)
            }
            if try isBuildStep(id) { return BegunStep(record: record, lock: lock) }
            prepareStart(of: draft)
        }
    }

    private func isBuildStep(_ id: String) throws(EngineError) -> Bool {
        try onDatabase("find the build step") { database throws(MetadataError) in try database.stepContainer(id) } != nil
    }

    /// As ``launch(_:_:_:attachment:)`` does for containers.
    private func launch(
        _ begun: consuming BegunStep, _ spec: StoredSpec, _ request: StepRequest, _ draft: LayerDraft, _ lowers: [String]
    ) throws(EngineError) -> StepContainer {
        let begun = begun
        defer { withExtendedLifetime(begun.lock) {} }
        let record = begun.record
        let rootID = rootID(record, spec, JoinedContainers())
        let namespaces = try makeNamespaces(spec, rootID: rootID, joined: JoinedContainers())
        let endpoint = try allocateNetwork(record, spec)
        let places = StepPlaces(
            bundle: runtimePaths.bundle(record.id), directory: runtimePaths.directory(record.id), rootID: rootID)
        let mounts = try open(request.mounts, places, namespaces)
        let plan = BundlePlan(
            record: record, spec: spec, rootID: rootID, lowers: lowers, mounts: mounts, volumes: places.volumes,
            addresses: endpoint?.addresses ?? [], gateways: endpoint?.gateways ?? [], draft: draft.path)
        var stream = try prepareAttachment(Attachment(stdin: false))
        let monitor = try takeMonitor(record.id, spec.host)
        var handed = MonitorProcess.Handed(
            lock: begun.lock.number, userNamespace: namespaces.userNumber, networkNamespace: namespaces.networkNumber,
            attach: stream.monitorNumber)
        handed.kept = (endpoint?.portDescriptors ?? []) + request.kept
        try waitForEndedSteps()
        try makeBundle(plan, for: monitor, handed)
        if let endpoint {
            try connect(endpoint, namespaces, record)
        } else if spec.host.networkMode == "none" {
            try raiseLoopback(namespaces)
        }
        try start(monitor, record)
        letGo(of: namespaces)
        _ = try wait(for: monitor, record)
        guard let connection = stream.connection.take() else {
            throw EngineError(.system, cannot: "run the build step", because: "nobody hears what it prints")
        }
        do throws(RuntimeClientError) {
            return try StepContainer(
                id: record.id, slot: record.slot, rootID: rootID, runtime: spec.host.runtime, draft: draft,
                listeners: places.listeners, monitor: monitor, connection: connection)
        } catch { throw EngineError(error, cannot: "run the build step") }
    }

    // MARK: Its end

    /// Makes a layer of what a step that has ended has written.
    ///
    /// - Parameters:
    ///   - latestModified: Seconds since 1970: later times become this one (`SOURCE_DATE_EPOCH`).
    ///   - edit: Takes away what is no part of the layer, before it is packed.
    /// - Returns: The blob; its digest is the layer's diffID.
    public func adoptLayer(
        of step: StepContainer, lease: Lease, latestModified: Int64? = nil,
        edit: (borrowing FileDescriptor) throws -> Void = { _ in }
    ) throws -> Descriptor {
        let files = try step.draft.openFiles()
        try WrittenFiles(owner: fileOwner(rootID: step.rootID)).settle(files)
        try edit(files)
        var rules = PackingRules(.changes)
        rules.latestModified = latestModified
        return try step.draft.adopt(rules, lease: lease)
    }

    /// Ends a step for good: nothing of it stays but its layer, where it was adopted.
    public func end(_ step: StepContainer) throws(EngineError) {
        try onDatabase("end the build step") { database throws(MetadataError) in try database.deleteStepContainer(step.id) }
        hasRetiredAddresses = true
        let isGone = try calling("end the build step") { () throws(RuntimeClientError) in try step.leaveRemoval() }
        if isGone { endedSteps.append(step.slot) } else { try removeLeftovers(step.id, runtime: step.runtime) }
    }

    /// Until their overlays are unmounted, their layers are still written to as far as the kernel knows, and are no others' lower
    /// layers.
    private func waitForEndedSteps() throws(EngineError) {
        for slot in endedSteps {
            try calling("wait for the build step before") { () throws(RuntimeClientError) in
                try ContainerLocks(path: runtimePaths.locks).waitForCleanUp(slot)
            }
        }
        endedSteps = []
    }
}
