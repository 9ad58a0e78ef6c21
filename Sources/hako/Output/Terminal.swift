import Glibc
import Linux
import OCI

/// What Hako writes for its user.
enum Terminal {
    /// Writes to standard output. A reader that has gone away (`hako ps | head -1`) ends the command as SIGPIPE would.
    static func print(_ text: String) { write(text, to: StandardDescriptor.output) }

    static func printError(_ text: String) { write(text, to: StandardDescriptor.error) }

    private static func write(_ text: String, to number: CInt) {
        write(Array(text.utf8), toError: number == StandardDescriptor.error)
    }

    /// Bytes as they are: what a container wrote.
    static func write(_ bytes: [UInt8], toError: Bool) {
        guard !bytes.isEmpty else { return }
        let stream = FileDescriptor(adopting: toError ? StandardDescriptor.error : StandardDescriptor.output)
        let failure: SystemCallError?
        do throws(SystemCallError) {
            try stream.writeAll(bytes)
            failure = nil
        } catch { failure = error }
        _ = stream.relinquish()
        guard let failure else { return }
        exit(failure.errno == .brokenPipe ? 141 : 125)
    }

    /// Asks at the terminal for what nobody beside it may read. Empty at the end of its input.
    ///
    /// Ctrl-C ends this process, once the terminal is as it was.
    static func askHidden(_ question: String) throws -> String {
        let bytes = try readHidden(after: question)
        print("\n")
        guard let bytes else {
            signal(SIGINT, SIG_DFL)
            kill(getpid(), SIGINT)
            exit(130)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A line, key by key; nil at Ctrl-C. The terminal shows none from before the question on: who is quick has answered by then.
    private static func readHidden(after question: String) throws -> [UInt8]? {
        let mode = try RawMode(StandardDescriptor.input)
        defer { withExtendedLifetime(mode) {} }
        print(question)
        var (line, key): ([UInt8], [UInt8]) = ([], [0])
        while try FileDescriptor.read(number: StandardDescriptor.input, into: &key) > 0 {
            switch key[0] {
            case UInt8(ascii: "\r"), UInt8(ascii: "\n"), 0x04: return line
            case 0x03: return nil
            // Backspace, and Ctrl-U.
            case 0x7F, 0x08: _ = line.popLast()
            case 0x15: line = []
            default: line.append(key[0])
            }
        }
        return line
    }

    /// Text that a container, image or registry chose, made harmless for a terminal: what would steer it is shown as escapes.
    static func escaped(_ text: String) -> String {
        // Nearly all text is plain, and is told from the rest byte by byte.
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
        guard text.unicodeScalars.contains(where: \.steersTerminals) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if !scalar.steersTerminals {
                result.unicodeScalars.append(scalar)
            } else if scalar == "\n" {
                result += "\\n"
            } else if scalar == "\r" {
                result += "\\r"
            } else if scalar == "\t" {
                result += "\\t"
            } else {
                let digits = String(scalar.value, radix: 16)
                result += scalar.value < 0x80 ? "\\x" + pad(digits, 2) : "\\u" + pad(digits, 4)
            }
        }
        return result
    }

    /// The same for text of several lines, whose line ends and tabs are the user's own template's.
    static func escapedLines(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.steersTerminals && $0 != "\n" && $0 != "\t" }) else { return text }
        return text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.split(separator: "\t", omittingEmptySubsequences: false).map { escaped(String($0)) }
                .joined(separator: "\t")
        }.joined(separator: "\n")
    }

    private static func pad(_ digits: String, _ width: Int) -> String {
        String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
