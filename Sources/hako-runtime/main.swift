import Glibc
import Monitor

let words = Array(CommandLine.arguments.dropFirst())
switch words.first {
case "monitor": exit(MonitorCommand.run(Array(words.dropFirst())))
default:
    fputs("hako-runtime: unknown command \(words.first ?? "")\n", stderr)
    exit(1)
}
