import OCI

struct UsageError: Error { let message: String }

/// What the program is asked to do.
struct ImageArguments: Sendable {
    enum Action: Sendable {
        case pull(Reference, Platform?)
        /// From a file, or from the standard input.
        case load(input: String?)
        /// Writes to the disk what an earlier call left unwritten: after the answer, by a process of its own.
        case synchronize
    }

    let action: Action
    let root: String
    let configuration: String?
    let progressNumber: Int32?

    init(_ words: [String]) throws(UsageError) {
        guard let command = words.first else { throw UsageError(message: "expected pull or load") }
        var options: [String: String] = [:]
        var operands: [String] = []
        var rest = words.dropFirst()
        while let word = rest.popFirst() {
            if word == "--" {
                operands += rest
                break
            }
            guard word.hasPrefix("--") else {
                operands.append(word)
                continue
            }
            guard Self.known.contains(word) else { throw UsageError(message: "unknown option \(word)") }
            guard let value = rest.popFirst() else { throw UsageError(message: "\(word) needs a value") }
            options[word] = value
        }
        guard let root = options["--root"], root.hasPrefix("/") else {
            throw UsageError(message: "--root needs an absolute path")
        }
        self.root = root
        configuration = options["--config"]
        progressNumber = options["--progress-fd"].flatMap { Int32($0) }
        action = try Self.action(command, options, operands)
        if case .synchronize = action { return }
        guard let progressNumber, progressNumber > 2 else {
            throw UsageError(message: "--progress-fd needs a number above 2")
        }
    }

    private static let known: Set<String> = ["--root", "--config", "--platform", "--progress-fd", "--input"]

    private static func action(
        _ command: String, _ options: [String: String], _ operands: [String]
    ) throws(UsageError) -> Action {
        switch (command, operands.count) {
        case ("pull", 1):
            let reference: Reference
            do throws(ReferenceError) { reference = try Reference(operands[0]) } catch {
                throw UsageError(message: "\(error)")
            }
            guard let text = options["--platform"] else { return .pull(reference, nil) }
            do throws(PlatformError) { return .pull(reference, try Platform(text)) } catch {
                throw UsageError(message: "\(error)")
            }
        case ("load", 0): return .load(input: options["--input"])
        case ("synchronize", 0): return .synchronize
        default: throw UsageError(message: "expected pull REFERENCE or load")
        }
    }
}
