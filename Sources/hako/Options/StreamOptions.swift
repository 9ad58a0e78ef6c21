import CommandLineTables
import Engine
import Linux

/// `-a`
enum AttachOption {
    /// The streams that a client is to stay with: those that are named, else all; the input only with `-i`.
    static func streams(_ arguments: ParsedArguments) throws -> Attachment {
        var streams = Attachment(stdin: arguments.flag("interactive"), stdout: false, stderr: false)
        let names = arguments.values("attach")
        if names.isEmpty { (streams.stdout, streams.stderr) = (true, true) }
        for name in names {
            switch name.lowercased() {
            case "stdin": streams.stdin = true
            case "stdout": streams.stdout = true
            case "stderr": streams.stderr = true
            default:
                throw arguments.invalid(name, for: "attach", because: "valid streams are STDIN, STDOUT and STDERR")
            }
        }
        return streams
    }
}

/// `--mac-address 92:d0:c6:0a:29:33`
enum MACAddressOption {
    /// As `02:42:ac:11:00:02`; empty where none is given.
    static func parse(_ arguments: ParsedArguments) throws -> String {
        guard let text = arguments.value("mac-address"), !text.isEmpty else { return "" }
        guard let address = MACAddress(text) else {
            throw EngineError(
                .invalidArgument, "\(text) is not a valid mac address",
                hint: "It has six bytes, as in 92:d0:c6:0a:29:33, the first of them even.")
        }
        return "\(address)"
    }
}

/// `--blkio-weight-device /dev/sda:100`
enum WeightOption {
    static func parse(_ text: String, _ arguments: ParsedArguments) throws -> DeviceWeight {
        let invalid = { (reason: String) in arguments.invalid(text, for: "blkio-weight-device", because: reason) }
        guard let colon = text.lastIndex(of: ":"), colon != text.startIndex else { throw invalid("bad format: \(text)") }
        guard text.hasPrefix("/dev/") else { throw invalid("bad format for device path: \(text)") }
        guard let weight = Int64(text[text.index(after: colon)...]), weight == 0 || (10...1000).contains(weight) else {
            throw invalid("invalid weight for device: \(text)")
        }
        return DeviceWeight(path: String(text[..<colon]), weight: weight)
    }
}
