/// The command line of `hako-runtime monitor`.
struct MonitorArguments {
    /// The number of the control socket.
    let control: Int32
    let bundle: String

    struct Fault: Error { let reason: String }

    /// Parses `--control-fd N BUNDLE`.
    init(parsing words: [String]) throws(Fault) {
        guard words.count == 3, words[0] == "--control-fd", let number = Int32(words[1]), number > 2 else {
            throw Fault(reason: "expected --control-fd and a descriptor's number, and a bundle's path")
        }
        guard words[2].utf8.first == UInt8(ascii: "/") else {
            throw Fault(reason: "expected an absolute bundle path, not \(words[2])")
        }
        control = number
        bundle = words[2]
    }
}
