import Glibc
import Linux
import OCI

/// Runs hooks of a bundle, each with the container's state on its standard input. config.md, "POSIX-platform Hooks".
struct HookRunner: Sendable {
    let state: RuntimeState

    /// One after the other, in this process's namespaces.
    ///
    /// - Throws: ``RuntimeError`` for the first that can't be started, ends badly or takes longer than it may.
    func run(_ hooks: [RuntimeSpec.Hook], named name: String) throws(RuntimeError) {
        for (index, hook) in hooks.enumerated() {
            let action = "run \(name) hook \(index) (\(PrintableText(hook.path)))"
            guard let status = try attempt(action, { () throws(SystemCallError) in try run(hook) }) else {
                throw RuntimeError(
                    .system, cannot: action, because: "it did not end within \(hook.timeout ?? 0) seconds")
            }
            guard status == .exited(code: 0) else {
                throw RuntimeError(.system, cannot: action, because: "it ended with status \(status.shellCode)")
            }
        }
    }

    /// Its status; nil if it had to be killed.
    private func run(_ hook: RuntimeSpec.Hook) throws(SystemCallError) -> ExitStatus? {
        let input = try FileDescriptor.memory(named: "state")
        try input.writeAll(state.json.bytes())
        try input.seek(to: 0)
        var spawn = Spawn(
            hook.path, hook.args.isEmpty ? [hook.path] : hook.args, environment: hook.env)
        spawn.pass(input, as: 0)
        // What a hook says goes where the runtime's own errors go.
        spawn.pass(number: StandardDescriptor.error, as: 2)
        let child = try spawn.start()
        var entries = [PollEntry(child.pidfd.number, .readable)]
        let timeout = hook.timeout.map { CInt(clamping: Int64($0) * 1000) }
        if try PollEntry.wait(&entries, timeoutMilliseconds: timeout) == 0 {
            try child.send(signal: SIGKILL)
            _ = try child.wait()
            return nil
        }
        return try child.wait()
    }
}
