import CommandLineTables
import Engine

/// `--gpus all`, `--gpus 2`, `--gpus device=0,driver=nvidia,"capabilities=compute,utility"`
enum GPUOption {
    static func parse(_ text: String, _ arguments: ParsedArguments) throws -> DeviceSetRequest {
        let invalid = { (reason: String) in arguments.invalid(text, for: "gpus", because: reason) }
        guard let fields = CommaSeparated.fields(text) else { throw invalid("its quotes don't match up") }
        var request = DeviceSetRequest(capabilities: [["gpu"]])
        var seen: Set<String> = []
        for field in fields {
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard seen.insert(parts[0]).inserted else {
                throw invalid("gpu request key '\(parts[0])' can be specified only once")
            }
            guard parts.count > 1 else {
                seen.insert("count")
                request.count = try count(parts[0], invalid)
                continue
            }
            switch parts[0] {
            case "driver": request.driver = parts[1]
            case "count": request.count = try count(parts[1], invalid)
            case "device": request.ids = parts[1].split(separator: ",").map(String.init)
            case "capabilities": request.capabilities = [parts[1].split(separator: ",").map(String.init) + ["gpu"]]
            case "options":
                guard let options = CommaSeparated.fields(parts[1]) else { throw invalid("its quotes don't match up") }
                for option in options {
                    let pair = option.split(separator: "=", maxSplits: 1).map(String.init)
                    if let name = pair.first { request.options[name] = pair.count > 1 ? pair[1] : "" }
                }
            default: throw invalid("unexpected key '\(parts[0])' in '\(field)'")
            }
        }
        if !seen.contains("count"), request.ids == nil { request.count = 1 }
        return request
    }

    private static func count(_ text: String, _ invalid: (String) -> CommandLineError) throws -> Int64 {
        if text == "all" { return -1 }
        guard let count = Int64(text) else {
            throw invalid("invalid count (\(text)): value must be either \"all\" or an integer: invalid syntax")
        }
        return count
    }
}
