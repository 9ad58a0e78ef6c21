import Linux

/// Why the files of an instruction can't be had.
public enum ContextError: Error, Hashable, Sendable {
    /// Nothing of that name, or a symlink on the way leads to nothing.
    ///
    /// - Parameters:
    ///   - path: As it was written, cleaned; absolute, the tree being `/`.
    ///   - isIgnored: It is there, but the ignore file hides it.
    case notFound(_ path: PathBytes, isIgnored: Bool)
    /// Symlinks that lead on for ever.
    case tooManyLinks(_ path: PathBytes)
    /// The kernel refused.
    case unreadable(_ path: PathBytes, SystemCallError)
    /// Somebody changes the tree so fast that no state of it can be read.
    case changed(_ path: PathBytes)
    case invalidPattern(PatternError)
}

extension ContextError: CustomStringConvertible {
    /// For what is missing, BuildKit's words: `"/nope": not found`.
    public var description: String {
        switch self {
        case .notFound(let path, _): "\"\(path)\": not found"
        case .tooManyLinks(let path): "\"\(path)\": too many levels of symbolic links"
        case .unreadable(let path, let error): "cannot read \"\(path)\": \(error.errno)"
        case .changed(let path): "\"\(path)\" changed while it was read"
        case .invalidPattern(let error): error.description
        }
    }
}
