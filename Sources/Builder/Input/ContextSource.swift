/// What the last word of `build`, or `--build-context NAME=`, names.
public enum ContextSource: Hashable, Sendable {
    case directory(String)
    /// `-`: an archive, or a Dockerfile.
    case standardInput
    /// An archive, or a Dockerfile, at an http or https address.
    case file(String)
    case repository(GitSource)
    /// `docker-image://REFERENCE`
    case image(String)
    /// `oci-layout://DIRECTORY[:TAG|@DIGEST]`
    case layout(String)

    /// - Parameters:
    ///   - text: As it is written.
    ///   - isDirectory: Whether there is a directory of that name: it comes first, as with Docker's client.
    /// - Throws: ``BuildError`` for an address that can't be had.
    public init(_ text: String, isDirectory: (String) -> Bool) throws(BuildError) {
        if text == "-" {
            self = .standardInput
        } else if isDirectory(text) {
            self = .directory(text)
        } else if let image = text.behind("docker-image://") {
            self = .image(image)
        } else if let layout = text.behind("oci-layout://") {
            self = .layout(layout)
        } else {
            do throws(GitSource.Failure) {
                if let source = try GitSource(text) {
                    self = .repository(source)
                } else {
                    self = RemoteFile.isRemote(text) ? .file(text) : .directory(text)
                }
            } catch { throw BuildError(error.description) }
        }
    }
}

extension String {
    fileprivate func behind(_ start: String) -> String? {
        utf8.starts(with: start.utf8) ? String(decoding: utf8.dropFirst(start.utf8.count), as: UTF8.self) : nil
    }
}
