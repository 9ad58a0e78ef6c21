import Glibc
import Linux
import OCI

/// A program that keeps logins: `docker-credential-NAME get`, which reads a registry's name and answers with JSON, `store`
/// and `erase` (docker/docker-credential-helpers, "Development").
struct CredentialHelper: Sendable {
    private let program: String
    private let environment: [String: String]

    /// The answer's size and the time it may take: a helper that asks its user for a fingerprint needs some.
    private static let answerBytes = 1 << 20
    private static let timeLimit: Duration = .seconds(60)

    /// - Parameter name: Letters, digits, `_` and `-`: it comes from a file and becomes a program's name.
    init(named name: String, environment: [String: String]) throws(RegistryError) {
        let program = "docker-credential-" + name
        let isValid = name.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"): true
            default: false
            }
        }
        guard isValid, (1...64).contains(name.utf8.count) else {
            throw RegistryError(
                on: "credential helper \(ForeignText.escaped(name))",
                .invalidConfiguration("a helper's name has letters, digits, _ and - only"))
        }
        guard let path = Self.find(program, in: environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin") else {
            throw RegistryError(on: program, .credentialHelper("it is not installed"))
        }
        self.program = path
        self.environment = environment
    }

    /// The login for `server`; nil where the helper has none.
    func credential(for server: String) throws(RegistryError) -> Credential? {
        let answer = try ask("get", server)
        guard case .exited(code: 0) = answer.status else {
            let text = String(decoding: answer.output, as: UTF8.self)
            // The helpers' own words (credentials.IsErrCredentialsNotFoundMessage).
            if text.contains("credentials not found in native keychain") { return nil }
            throw failure(answer.status)
        }
        guard let json = try? JSON(parsing: answer.output), let username = json["Username"]?.string,
            let secret = json["Secret"]?.string
        else { throw RegistryError(on: program, .credentialHelper("its answer is not a login in JSON")) }
        // Docker's mark for an identity token in place of a password.
        if username == "<token>" { return Credential(.identityToken(secret)) }
        return secret.isEmpty ? nil : Credential(username: username, password: secret)
    }

    /// Keeps a login, in place of the one that it has for `server`.
    ///
    /// - Parameter username: `<token>` marks the secret as an identity token.
    func store(_ secret: String, of username: String, for server: String) throws(RegistryError) {
        let login: JSON = ["ServerURL": .string(server), "Username": .string(username), "Secret": .string(secret)]
        let answer = try ask("store", login.text())
        guard case .exited(code: 0) = answer.status else { throw failure(answer.status) }
    }

    /// Forgets the login for `server`; where there is none, helpers may fail.
    func erase(_ server: String) throws(RegistryError) {
        let answer = try ask("erase", server)
        guard case .exited(code: 0) = answer.status else { throw failure(answer.status) }
    }

    /// Its output isn't repeated: nobody knows what a failing helper prints.
    private func failure(_ status: ExitStatus) -> RegistryError {
        RegistryError(on: program, .credentialHelper("it failed, with status \(status.shellCode)"))
    }

    private func ask(_ action: String, _ input: String) throws(RegistryError) -> (status: ExitStatus, output: [UInt8]) {
        do throws(SystemCallError) { return try run(action, input: input) } catch {
            throw RegistryError(on: program, .credentialHelper("\(error)"))
        }
    }

    /// Absolute directories only: a helper in the working directory is somebody else's.
    private static func find(_ program: String, in path: String) -> String? {
        for directory in path.split(separator: ":") where directory.hasPrefix("/") {
            let candidate = "\(directory)/\(program)"
            if access(candidate, X_OK) == 0, (try? FileDescriptor.status(of: candidate))?.kind == .regular {
                return candidate
            }
        }
        return nil
    }

    /// Both ways through pipes: the secret is in no file and on no command line.
    private func run(_ action: String, input: String) throws(SystemCallError) -> (status: ExitStatus, output: [UInt8]) {
        let question = try Pipe()
        let answer = try Pipe()
        var spawn = Spawn(program, [program, action], environment: environment.map { "\($0.key)=\($0.value)" })
        spawn.pass(question.reading, as: StandardDescriptor.input)
        spawn.pass(answer.writing, as: StandardDescriptor.output)
        spawn.pass(number: StandardDescriptor.error)
        let child = try spawn.start()
        // A pipe holds 64 KiB (pipe(7)): neither a registry's name nor a login blocks.
        try Self.finish(question, writing: input + "\n")
        let output = try Self.drain(answer, of: child)
        return (try child.wait(), output)
    }

    private static func finish(_ pipe: consuming Pipe, writing text: String) throws(SystemCallError) {
        do throws(SystemCallError) { try pipe.writing.writeAll(text) } catch  where error.errno == .brokenPipe {
            // It has ended without reading, and its status says why.
        }
    }

    private static func drain(_ pipe: consuming Pipe, of child: borrowing ChildProcess) throws(SystemCallError)
        -> [UInt8]
    {
        let reading = pipe.keepingReading()
        let deadline = ContinuousClock.now + timeLimit
        var output: [UInt8] = []
        while output.count <= answerBytes {
            var entries = [PollEntry(reading.number, .readable)]
            let left = max(0, ContinuousClock.now.duration(to: deadline).components.seconds)
            guard try PollEntry.wait(&entries, timeoutMilliseconds: CInt(clamping: left * 1000)) > 0 else { break }
            let part = try reading.read(upTo: 4096)
            if part.isEmpty { return output }
            output += part
        }
        try child.send(signal: SIGKILL)
        return []
    }
}
