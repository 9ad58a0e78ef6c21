import CommandLineTables
import Engine
import Glibc
import ImageClient
import Linux

/// `hako login`
enum LoginCommand {
    static let command = Command(
        "login", "Authenticate to a registry", usage: "[SERVER]", group: .common, arity: .atMost(1),
        options: [
            .text("password", short: "p", "Password/PAT"),
            .flag("password-stdin", "Take the password/PAT from stdin"),
            .text("username", short: "u", "Username"),
        ], run: run)

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        let server = arguments.positionals.first
        let username = arguments.value("username") ?? ""
        let password = try givenPassword(arguments)
        let client = try client()
        if username.isEmpty, password.isEmpty, try usesStored(client, server) { return 0 }
        guard !username.isEmpty && !password.isEmpty || RawMode.isTerminal(StandardDescriptor.input) else {
            throw EngineError(.invalidArgument, "Error: Cannot perform an interactive login from a non TTY device")
        }
        let name = username.isEmpty ? ask("Username: ") : username
        guard !name.isEmpty else { throw EngineError(.invalidArgument, "Error: Non-null Username Required") }
        let secret = try password.isEmpty ? Terminal.askHidden("Password: ") : password
        guard !secret.isEmpty else { throw EngineError(.invalidArgument, "Error: Password Required") }
        do throws(ImageClientError) { show(try client.logIn(to: server, as: (name, secret))) } catch {
            throw EngineError(error)
        }
        return 0
    }

    /// Neither a store nor root is needed.
    static func client() throws -> ImageClient { ImageClient(program: try Programs.find().image, root: "/") }

    /// Empty where none was given.
    private static func givenPassword(_ arguments: ParsedArguments) throws -> String {
        let given = arguments.value("password") ?? ""
        if !given.isEmpty {
            Terminal.printError("WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n")
        }
        guard arguments.flag("password-stdin") else { return given }
        guard given.isEmpty else { throw EngineError(.invalidArgument, "--password and --password-stdin are mutually exclusive") }
        guard !(arguments.value("username") ?? "").isEmpty else {
            throw EngineError(.invalidArgument, "Must provide --username with --password-stdin")
        }
        var (bytes, chunk): ([UInt8], [UInt8]) = ([], [UInt8](repeating: 0, count: 4096))
        while bytes.count < 1 << 20 {
            let count = try FileDescriptor.read(number: StandardDescriptor.input, into: &chunk)
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Tries the login that is kept already; false where there is none, or it isn't taken any more.
    private static func usesStored(_ client: ImageClient, _ server: String?) throws -> Bool {
        do throws(ImageClientError) {
            show(
                try client.logIn(to: server, as: nil) { text in
                    Terminal.print(
                        Terminal.escaped(text)
                            + "\nTo login with a different account, run '\(HakoProgram.name) logout' followed by '\(HakoProgram.name) login'\n\n")
                })
            return true
        } catch {
            switch error.kind {
            case .notFound: return false
            case .unauthorized: Terminal.printError("Stored credentials invalid or expired\n")
            default: throw EngineError(error)
            }
            return false
        }
    }

    private static func show(_ result: LoginResult) {
        if let file = result.file {
            Terminal.printError(
                """

                WARNING! Your credentials are stored unencrypted in '\(Terminal.escaped(file))'.
                Configure a credential helper to remove this warning. See
                https://docs.docker.com/go/credential-store/


                """)
        }
        Terminal.print("Login Succeeded\n")
    }

    private static func ask(_ question: String) -> String {
        Terminal.print(question)
        return readLine() ?? ""
    }
}

/// `hako logout`
enum LogoutCommand {
    static let command = Command(
        "logout", "Log out from a registry", usage: "[SERVER]", arity: .atMost(1), run: run)

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        let server = arguments.positionals.first.flatMap { $0.isEmpty ? nil : $0 }
        Terminal.print("Removing login credentials for \(Terminal.escaped(server.map(host) ?? "https://index.docker.io/v1/"))\n")
        let client = try LoginCommand.client()
        do throws(ImageClientError) { try client.logOut(of: server) } catch {
            Terminal.printError("WARNING: could not erase credentials:\n\(Terminal.escaped("\(error)"))\n")
        }
        return 0
    }

    /// Without scheme and path.
    private static func host(_ server: String) -> String {
        var text = server[...]
        for scheme in ["https://", "http://"] where text.hasPrefix(scheme) { text = text.dropFirst(scheme.utf8.count) }
        return String(text.prefix { $0 != "/" })
    }
}
