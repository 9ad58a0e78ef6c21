import CommandLineTables
import Engine

/// `hako boot`: what Docker's daemon does when it starts, once after a reboot.
enum BootCommand {
    static let command = Command(
        "boot", "Start the containers that should run after a reboot, by their restart policies", arity: .none
    ) { arguments in
        let engine = try arguments.engine()
        defer { engine.finish() }
        var status: Int32 = 0
        try engine.boot { record, failure in
            if let failure {
                status = CommandFailure(
                    EngineError(failure.kind, cannot: "start container \(record.name)", because: "\(failure)"), exitCode: 1
                ).report()
            } else {
                Terminal.print(record.name + "\n")
            }
        }
        engine.printWarnings()
        return status
    }
}
