import Linux
import OCI

extension ImageClient {
    /// Tries a login at a registry and keeps it, where Docker does.
    ///
    /// - Parameters:
    ///   - server: `HOST[:PORT]`, or a URL of it; nil for Docker Hub.
    ///   - login: Nil for the one that is kept already.
    ///   - onStatus: Gets lines for people.
    public func logIn(
        to server: String?, as login: (username: String, password: String)?, onStatus: (String) -> Void = { _ in }
    ) throws(ImageClientError) -> LoginResult {
        let words = ["login"] + (server.map { ["--server", $0] } ?? [])
        func tell(_ event: ImageEvent) { if case .status(let text) = event { onStatus(text) } }
        let results: [ImageEvent]
        if let login {
            let document: JSON = ["username": .string(login.username), "password": .string(login.password)]
            let secret = try Self.inMemory(document, named: "login")
            defer { withExtendedLifetime(secret) {} }
            results = try run(words, [], input: secret.number, tell)
        } else {
            results = try run(words + ["--stored", "true"], [], tell)
        }
        guard let result = results.compactMap(\.loggedIn).last else {
            throw ImageClientError(.system, "hako-image ended without a result")
        }
        return result
    }

    /// A document that is handed on: in memory and on no command line, as everybody may read those (proc_pid_cmdline(5)).
    static func inMemory(_ document: JSON, named name: String) throws(ImageClientError) -> FileDescriptor {
        do throws(SystemCallError) {
            let file = try FileDescriptor.memory(named: name)
            try file.writeAll(document.bytes())
            try file.seek(to: 0)
            return file
        } catch { throw ImageClientError(.system, "cannot hand the \(name) on: \(error.errno)") }
    }

    /// Forgets the login for a registry.
    public func logOut(of server: String?) throws(ImageClientError) {
        _ = try run(["logout"] + (server.map { ["--server", $0] } ?? []), []) { _ in }
    }
}
