import CommandLineTables
import Engine
import Glibc
import Linux
import RuntimeClient

/// A container that a command stays with: `run`, `start -a`.
struct ForegroundContainer {
    let engine: Engine
    let id: String
    let hasTerminal: Bool
    let isInteractive: Bool
    let proxiesSignals: Bool
    let detachKeys: DetachKeys?

    /// Relays until the container ends. Returns its exit code; nil where the user detached.
    func run(_ connection: consuming AttachConnection?, _ signals: consuming SignalDescriptor) throws -> Int32? {
        guard let connection else { return nil }
        var options = RelayOptions()
        if !isInteractive { options.input = nil }
        options.terminal = hasTerminal
        options.detachKeys = detachKeys
        if proxiesSignals {
            let (engine, id) = (engine, id)
            // A signal that finds nobody is the container's end, which is told next.
            options.forwardSignal = { number in (try? engine.signal(id, number)) != nil }
        }
        switch try connection.relay(options, signals: signals) {
        case .exited(let exit):
            if exit.oomKilled {
                Terminal.printError("hako: the kernel killed a process of the container: its memory limit was reached\n")
            }
            return exit.exitCode
        case .detached: return nil
        case .outputClosed: return 141
        case .interrupted(let signal): return 128 + signal
        case .monitorLost:
            throw EngineError(
                .system, cannot: "follow container \(id.prefix(12))", because: "its monitor ended",
                hint: "`hako ps -a` shows what became of the container.")
        }
    }

    static func detachKeys(_ arguments: ParsedArguments) throws -> DetachKeys? {
        guard let text = arguments.value("detach-keys") else { return .standard }
        guard let keys = DetachKeys(parsing: text) else {
            throw EngineError(
                .invalidArgument, "Invalid detach keys (\(text)) provided", hint: "As in ctrl-p,ctrl-q or ctrl-].")
        }
        return keys
    }

    /// A container that never started leaves nothing if it was made with `--rm`.
    static func discard(_ created: CreatedContainer, _ engine: Engine) {
        guard created.record.autoRemove else { return }
        do {
            try engine.remove(created.record.id, force: true)
        } catch { Terminal.printError("hako: \(Terminal.escaped("\(error)"))\n") }
    }
}
