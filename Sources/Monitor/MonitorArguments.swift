/// The command line of `hako-runtime monitor`.
struct MonitorArguments {
    /// The number of the control socket.
    let control: Int32
    let bundle: String
    /// Where the container's cgroup will be, if it may be made before the settings come: `/hako/ID`.
    private(set) var cgroup: String?
    /// A new container's directory, if it may be made before that.
    private(set) var directory: String?

    struct Fault: Error { let reason: String }

    /// Parses `--control-fd N [--cgroup PATH] [--directory PATH] BUNDLE`.
    init(parsing words: [String]) throws(Fault) {
        guard words.count >= 3, words.count % 2 == 1, words[0] == "--control-fd", let number = Int32(words[1]), number > 2 else {
            throw Fault(reason: "expected --control-fd and a descriptor's number, and a bundle's path")
        }
        let path = words[words.count - 1]
        guard path.utf8.first == UInt8(ascii: "/") else {
            throw Fault(reason: "expected an absolute bundle path, not \(path)")
        }
        control = number
        bundle = path
        for index in stride(from: 2, to: words.count - 1, by: 2) {
            switch words[index] {
            case "--cgroup": cgroup = words[index + 1]
            case "--directory": directory = words[index + 1]
            default: throw Fault(reason: "expected --cgroup or --directory, not \(words[index])")
            }
        }
    }
}
