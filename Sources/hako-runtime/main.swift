import Glibc
import Linux
import Monitor

let words = Array(CommandLine.arguments.dropFirst())
switch words.first {
case "monitor": exit(MonitorCommand.run(Array(words.dropFirst())))
default:
    let message = "hako-runtime: unknown command \(words.first ?? "")\n"
    _ = try? StandardDescriptor.write(Array(message.utf8)[...], to: StandardDescriptor.error)
    exit(1)
}
