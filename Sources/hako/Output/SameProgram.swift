import Glibc
import Linux

/// This program, started anew with a descriptor that all its children share: its number is in the environment, which is read once.
enum SameProgram {
    /// - Parameters:
    ///   - number: What the descriptor becomes; above those that programs pass to one another.
    ///   - variable: The environment variable that has its number.
    static func start(
        _ words: [String], handing descriptor: borrowing FileDescriptor, as number: CInt, named variable: String
    ) throws(SystemCallError) -> ChildProcess {
        var spawn = Spawn("/proc/self/exe", [HakoProgram.name] + words)
        for number in [StandardDescriptor.input, StandardDescriptor.output, StandardDescriptor.error] {
            spawn.pass(number: number, as: number)
        }
        // What an outer one handed over stays.
        for handed in [Timings.descriptor, ObjectLog.descriptor] where handed >= 0 { spawn.pass(number: handed, as: handed) }
        spawn.pass(number: descriptor.number, as: number)
        spawn.environment = environment().filter { !$0.hasPrefix(variable + "=") } + ["\(variable)=\(number)"]
        // The child takes the signals; it ends, and so does this.
        SignalAction.ignore([SIGINT, SIGTERM, SIGQUIT])
        return try spawn.start()
    }

    private static func environment() -> [String] {
        let bytes = (try? FileDescriptor.contents(of: "/proc/self/environ")) ?? []
        return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }
}
