import Glibc
import Monitor
import Runtime

let words = Array(CommandLine.arguments.dropFirst())
if words.first == "monitor" { exit(MonitorCommand.run(Array(words.dropFirst()))) }
if words.first == "watch-exec" { exit(ExecWatchCommand.run(Array(words.dropFirst()))) }
// A reader that is gone is an error to handle, and no reason to die half-way.
signal(SIGPIPE, SIG_IGN)
do throws(RuntimeError) { exit(try RuntimeProgram(words).run()) } catch {
    complain("hako-runtime: \(error)")
    exit(1)
}
