import Glibc
import Linux

// The files of a removed container go when the answer is given: a file system on a disk takes up to milliseconds for each. Until
// then their directory is called `.gone-…`, and is locked by who is at work: an unlocked one is what a killed process left, and
// goes with the next.
extension Engine {
    private static let mark = ".gone-"
    /// Of descriptors that are open for it at the same time.
    private static let retiredLimit = 64

    /// Takes the name of a container's directory away. One that isn't there is no error.
    func retireFiles(of id: String) throws(EngineError) {
        if retired.count >= Self.retiredLimit { removeRetired() }
        let path = runtimePaths.directory(id)
        let gone = "\(paths.containers)/\(Self.mark)\(RandomID.make().prefix(16))"
        do throws(SystemCallError) {
            let directory = try FileDescriptor.directory(path)
            if try directory.tryLockWhole() {
                try FileDescriptor.rename(path, to: gone)
                retired.append(RetiredDirectory(gone, directory))
            } else {
                // A monitor that still cleans up has it locked: a locked one around it says that somebody sees to it afterwards.
                guard let around = try Directory.createLocked(gone) else { throw SystemCallError("mkdir", on: gone, .exists) }
                try FileDescriptor.rename(path, to: gone + "/files")
                retired.append(RetiredDirectory(gone, around, waitingFor: directory))
            }
        } catch {
            guard error.errno != .noSuchFile else { return }
            throw EngineError(
                .system, cannot: "remove the files of container \(id.prefix(12))", because: "\(error)",
                hint: "What is mounted at \(path) must be unmounted first.", cause: error)
        }
    }

    /// Removes what was retired, and what others have left of theirs. What can't be removed is what `system check` finds.
    func removeRetired() {
        guard !retired.isEmpty else { return }
        for directory in retired { try? directory.remove() }
        retired = []
        let names = ((try? FileDescriptor.directory(paths.containers).names()) ?? []).filter { $0.bytes.starts(with: Self.mark.utf8) }
        guard !names.isEmpty, (try? Directory.waitForLocks(in: paths.containers)) != nil else { return }
        for name in names {
            let path = "\(paths.containers)/\(name)"
            guard let directory = try? FileDescriptor.directory(path), (try? directory.tryLockWhole()) == true else { continue }
            try? RetiredDirectory(path, directory).remove()
        }
    }

    /// What commands have left until their answer was given. Failing, it is done by the next one that leaves something.
    func giveBack() {
        if hasRetiredAddresses { _ = try? freeRetiredAddresses() }
        removeRetired()
    }

    /// The same as ``finish()``, for a command whose caller does not wait for it: where there is something to remove, this process
    /// ends with `status`, and what follows runs in another one.
    public func finish(leaving status: CInt) {
        // Who watches what is made and removed, or how long it takes, sees all of it.
        guard !retired.isEmpty || hasRetiredAddresses, !ObjectLog.isOn, Timings.descriptor < 0 else { return finish() }
        let needsCheckpoint = openedImages?.database.isLogLarge ?? false
        closeImages()
        do throws(SystemCallError) { try Daemon.become(leaving: status) } catch {
            // Then it is waited for.
        }
        giveBack()
        // What can't be opened now is moved by the next command.
        if needsCheckpoint, (try? database()) != nil { finish() }
    }
}
