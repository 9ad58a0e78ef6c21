/// The command line of `hako-runtime monitor`.
struct MonitorArguments {
    /// The number of the control socket.
    let control: Int32
    let bundle: String
    /// Where the container's cgroup will be, if it may be made before the settings come: `/hako/ID`.
    let cgroup: String?

    struct Fault: Error { let reason: String }

    /// Parses `--control-fd N [--cgroup PATH] BUNDLE`.
    init(parsing words: [String]) throws(Fault) {
        guard words.count == 3 || words.count == 5, words[0] == "--control-fd", let number = Int32(words[1]), number > 2 else {
            throw Fault(reason: "expected --control-fd and a descriptor's number, and a bundle's path")
        }
        if words.count == 5, words[2] != "--cgroup" { throw Fault(reason: "expected --cgroup, not \(words[2])") }
        let path = words[words.count - 1]
        guard path.utf8.first == UInt8(ascii: "/") else {
            throw Fault(reason: "expected an absolute bundle path, not \(path)")
        }
        control = number
        bundle = path
        cgroup = words.count == 5 ? words[3] : nil
    }
}
