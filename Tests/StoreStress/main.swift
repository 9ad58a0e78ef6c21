import ImageStore
import StoreSamples

// Works on a store until it is killed: `store-stress ROOT pull|prune`. What it finds broken ends it with another status.
//
// The images share layers and names, so that pulls wait for, move and collect what others have just written.
let arguments = CommandLine.arguments
guard arguments.count == 3 else { throw StressError.usage }
let (root, role) = (arguments[1], arguments[2])
let images = try (0..<6).map { number in
    try SampleImage([("base", "shared"), ("half", "\(number / 2)"), ("file", String(repeating: "\(number)", count: 60_000))])
}
while true {
    let store = try ImageStore(root: root)
    switch role {
    case "pull":
        try images[Int.random(in: 0..<6)].pull(into: store, as: "image\(Int.random(in: 0..<3))")
    case "prune": _ = try store.prune(Bool.random() ? .unused : .dangling)
    default: throw StressError.usage
    }
}

enum StressError: Error { case usage }
