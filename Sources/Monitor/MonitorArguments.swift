/// The command line of `hako-runtime monitor`.
struct MonitorArguments {
    var control: Int32 = -1
    var lock: Int32 = -1
    var userNamespace: Int32?
    var networkNamespace: Int32?
    var attach: Int32?
    /// Kept open for as long as the monitor lives, and of no other use here.
    var kept: [Int32] = []
    var bundle = ""

    /// All descriptors that were handed down.
    var numbers: [Int32] { [control, lock] + [userNamespace, networkNamespace, attach].compactMap { $0 } + kept }

    struct Fault: Error { let reason: String }

    /// Parses `--control-fd N --lock-fd N [--userns-fd N] [--netns-fd N] [--attach-fd N] [--keep-fd N]… BUNDLE`.
    init(parsing words: [String]) throws(Fault) {
        var rest = words[...]
        while let word = rest.popFirst() {
            guard word.utf8.starts(with: "--".utf8) else {
                guard bundle.isEmpty, word.utf8.first == UInt8(ascii: "/") else {
                    throw Fault(reason: "expected one absolute bundle path, not \(word)")
                }
                bundle = word
                continue
            }
            guard let number = rest.popFirst().flatMap(Int32.init), number > 2 else {
                throw Fault(reason: "\(word) needs a descriptor's number")
            }
            switch word {
            case "--control-fd": control = number
            case "--lock-fd": lock = number
            case "--userns-fd": userNamespace = number
            case "--netns-fd": networkNamespace = number
            case "--attach-fd": attach = number
            case "--keep-fd": kept.append(number)
            default: throw Fault(reason: "unknown option \(word)")
            }
        }
        guard control >= 0, lock >= 0, !bundle.isEmpty else {
            throw Fault(reason: "--control-fd, --lock-fd and a bundle are needed")
        }
    }
}
