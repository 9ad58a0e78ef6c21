import Glibc
import Linux

/// A regular file that a walk has found, to be opened while the walk goes on, on any thread.
///
/// It holds its directory open.
public struct SelectedFile: Sendable {
    let directory: OpenDirectory
    let name: PathBytes
    let source: Selection.Source
    /// As its ``SelectedEntry`` has it.
    let path: PathBytes

    /// - Throws: ``ContextError/changed(_:)`` where it isn't a regular file any more.
    public func open() throws(ContextError) -> FileDescriptor {
        do throws(SystemCallError) {
            // Should it have become a FIFO meanwhile, opening it waits for nobody.
            let file = try directory.descriptor.openChild(name, flags: O_RDONLY | O_NONBLOCK | O_NOCTTY)
            guard try file.status().kind == .regular else {
                throw SystemCallError("openat", on: name.description, .symlinkLoop)
            }
            return file
        } catch {
            throw ContextError(error, at: source.path(of: path))
        }
    }
}

extension Selection.Source {
    /// Of an entry, below the root, for messages.
    func path(of entry: PathBytes) -> PathBytes {
        isDirectory ? PathBytes(joining: components + entry.componentsBelowRoot) : path
    }
}

extension ContextError {
    init(_ error: SystemCallError, at path: PathBytes) {
        self = error.isOfAbsence || error.errno == .invalidArgument ? .changed(path) : .unreadable(path, error)
    }
}
