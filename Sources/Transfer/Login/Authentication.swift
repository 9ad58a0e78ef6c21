import OCI
import Registry

/// Logs in to registries, and out.
public struct Authentication: Sendable {
    private let credentials: CredentialStore
    private let progress: Progress
    private let interruption: Interruption

    public init(environment: [String: String], progress: Progress, interruption: Interruption) {
        credentials = CredentialStore(environment: environment)
        self.progress = progress
        self.interruption = interruption
    }

    /// The login that is kept for a server, which is told of.
    ///
    /// - Throws: ``TransferError/Kind/notFound`` where there is none.
    public func storedLogin(for server: String?) throws(TransferError) -> Login {
        let registry = Login.registry(ofServer: server)
        let stored: Login?
        do throws(RegistryError) { stored = try credentials.login(for: registry) } catch {
            throw TransferError(error, while: "log in to \(registry)")
        }
        guard let stored else { throw TransferError(.notFound, "no login is kept for \(registry)") }
        progress.status("Authenticating with existing credentials... [Username: \(stored.username)]")
        return stored
    }

    /// Tries a login at its registry, and keeps it if it is taken. Blocks this thread.
    ///
    /// - Parameter client: Made with this login.
    public func logIn(_ login: Login, with client: RegistryClient) throws(TransferError) {
        do {
            let token = try interruption.wait { try await client.checkLogin(at: login.registry) }
            switch try credentials.store(login, identityToken: token) {
            case .file(let path): progress.loggedIn(keptIn: token == nil ? path : nil)
            case .helper: progress.loggedIn(keptIn: nil)
            }
        } catch { throw TransferError(loginAt: login.registry, error) }
    }

    /// Forgets the login that is kept for a server.
    public func logOut(of server: String?) throws(TransferError) {
        let registry = Login.registry(ofServer: server)
        do throws(RegistryError) { try credentials.erase(registry) } catch {
            throw TransferError(error, while: "log out of \(registry)")
        }
        progress.done()
    }
}

extension TransferError {
    /// What Docker says of a login that isn't taken.
    init(loginAt registry: String, _ error: any Error) {
        guard let refusal = error as? RegistryError, case .unauthorized(let why) = refusal.reason else {
            self.init(error, while: "log in to \(registry)")
            return
        }
        let endpoint = refusal.endpoint ?? "https://\(registry)"
        if refusal.operand.hasPrefix("token for") {
            self.init(.unauthorized, "Get \"https://\(registry)/v2/\": unauthorized: \(why ?? "incorrect username or password")")
        } else {
            self.init(.unauthorized, "login attempt to \(endpoint)/v2/ failed with status: 401 Unauthorized")
        }
    }
}
