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
    let streams: Attachment
    let proxiesSignals: Bool
    let detachKeys: DetachKeys?

    /// How a command's stay with a container ended, with the exit code that it has for it.
    enum End {
        case ended(Int32)
        /// The container runs on: the user detached, or the command lost its reader or was told to end.
        case left(Int32)

        var exitCode: Int32 {
            switch self {
            case .ended(let code), .left(let code): code
            }
        }
    }

    /// Relays until the container ends or is left.
    func run(_ connection: consuming AttachConnection?, _ signals: consuming SignalDescriptor) throws -> End {
        guard let connection else { return .left(0) }
        var options = RelayOptions()
        if !streams.stdin { options.input = nil }
        // A terminal's output is one stream, whichever was asked for.
        let hasOutput = streams.stdout || (hasTerminal && streams.stderr)
        if !hasOutput { options.output = nil }
        if !streams.stderr { options.error = nil }
        options.endsWithInput = !streams.stdout && !streams.stderr
        options.terminal = hasTerminal
        options.detachKeys = detachKeys
        let (engine, id) = (engine, id)
        options.onResize = { engine.noteResized(id, $0) }
        if proxiesSignals {
            // A signal that finds nobody is the container's end, which is told next.
            options.forwardSignal = { number in (try? engine.signal(id, number)) != nil }
        }
        switch try connection.relay(options, signals: signals) {
        case .exited(let exit):
            if exit.oomKilled {
                Terminal.printError("\(HakoProgram.name): the kernel killed a process of the container: its memory limit was reached\n")
            }
            return .ended(exit.exitCode)
        case .detached:
            if hasOutput { engine.noteDetached(id) }
            return .left(0)
        case .outputClosed: return .left(141)
        case .interrupted(let signal): return .left(128 + signal)
        case .monitorLost:
            throw EngineError(
                .system, cannot: "follow container \(id.prefix(12))", because: "its monitor ended",
                hint: "`hako ps -a` shows what became of the container; if it goes on, `hako attach` follows it again.")
        }
    }

    /// With a terminal inside and typing asked for, there has to be one outside. Docker ends with 1 here, not with 125.
    static func requireTerminal() throws {
        guard !RawMode.isTerminal(StandardDescriptor.input) else { return }
        throw CommandFailure(
            EngineError(
                .invalidArgument, "the input device is not a TTY", hint: "Leave out -t, or run it in a terminal."),
            exitCode: 1)
    }

    /// To be asked before anything is started. Docker ends with 1 here, not with 125.
    static func detachKeys(_ arguments: ParsedArguments) throws -> DetachKeys? {
        let given = arguments.value("detach-keys")
        guard let text = given ?? GlobalOptions.user.detachKeys else { return .standard }
        guard let keys = DetachKeys(parsing: text) else {
            let origin = given == nil ? "\(GlobalOptions.user.path) has them as detachKeys; write them as" : "As"
            throw CommandFailure(
                EngineError(
                    .invalidArgument, "Invalid detach keys (\(text)) provided", hint: "\(origin) in ctrl-p,ctrl-q or ctrl-]."),
                exitCode: 1)
        }
        return keys
    }

    /// A container that never started leaves nothing if it was made with `--rm`.
    static func discard(_ created: CreatedContainer, _ engine: Engine) {
        guard created.record.autoRemove else { return }
        do {
            try engine.remove(created.record.id, force: true)
        } catch { Terminal.printError("\(HakoProgram.name): \(Terminal.escaped("\(error)"))\n") }
    }
}
