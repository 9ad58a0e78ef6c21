/// An OCI runtime and where it keeps its state. What is run is its command line, in runc's words, which every runtime
/// understands.
public struct RuntimeCommand: Hashable, Sendable {
    /// Absolute.
    public var program: String
    /// `--root`.
    public var root: String

    public init(program: String, root: String) {
        self.program = program
        self.root = root
    }
}
