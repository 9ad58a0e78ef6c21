import Glibc
import Linux

/// Runs other programs, for what tests compare with or need made.
public enum Program {
    public struct Failure: Error, CustomStringConvertible {
        public let description: String

        public init(description: String) { self.description = description }
    }

    /// The absolute path of an installed program; nil where there is none.
    public static func path(_ name: String) -> String? {
        if name.hasPrefix("/") { return name }
        return ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
            .map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }

    /// For `.enabled(if:)`.
    public static func isInstalled(_ names: String...) -> Bool { names.allSatisfy { path($0) != nil } }

    /// Runs to the end and returns what the program wrote to its standard output.
    ///
    /// - Throws: ``Failure`` with its output where its status isn't 0.
    @discardableResult
    public static func run(_ command: String..., environment: [String]? = nil, in directory: String? = nil) throws
        -> String
    {
        try run(command, environment: environment)
    }

    @discardableResult
    public static func run(_ command: [String], environment: [String]? = nil) throws -> String {
        guard let name = command.first, let path = path(name) else {
            throw Failure(description: "\(command.first ?? "a program without a name") is not installed")
        }
        let output = try Pipe()
        var spawn = Spawn(path, command, environment: environment)
        spawn.pass(output.writing, as: StandardDescriptor.output)
        spawn.pass(output.writing, as: StandardDescriptor.error)
        let child = try spawn.start()
        let text = String(decoding: try output.keepingReading().readAll(), as: UTF8.self)
        let status = try child.wait()
        guard status == .exited(code: 0) else {
            throw Failure(description: "\(command.joined(separator: " ")): \(status): \(text)")
        }
        return text
    }
}
