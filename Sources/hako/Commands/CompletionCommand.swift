import CommandLineTables
import ConfigurationFiles
import Engine
import Glibc
import ImageStore

/// `hako completion …`
enum CompletionCommand {
    static let command = Command(
        "completion", "Generate the autocompletion script for the specified shell", group: .other,
        subcommands: [script("bash", CompletionScript.bash), script("fish", CompletionScript.fish), script("zsh", CompletionScript.zsh)])

    private static func script(_ shell: String, _ make: @escaping @Sendable (String) -> String) -> Command {
        Command(shell, "Generate the autocompletion script for \(shell)", arity: .none) { _ in
            Terminal.print(make(HakoProgram.program.name))
            return 0
        }
    }

    /// `hako __complete -- WORD...`: what can stand in place of the last word. It is asked at each press of a key, and by
    /// users who can't read the store: whatever goes wrong, there is only less to offer.
    static let answer = Command(
        CompletionScript.command, "Say what can stand at the end of a command line", usage: "-- WORD...", isHidden: true,
        arity: .any, order: .beforeArguments
    ) { arguments in
        let request = HakoProgram.program.completion(of: arguments.positionals)
        let candidates = request.candidates + request.candidates(from: names(request))
        var text = ""
        for candidate in candidates {
            text += candidate.help.isEmpty ? "\(candidate.word)\n" : "\(candidate.word)\t\(candidate.help)\n"
        }
        if request.source == .files { text += ":files\n" }
        if request.source == .directories { text += ":directories\n" }
        Terminal.print(text)
        return 0
    }

    private static func names(_ request: CompletionRequest) -> [CompletionCandidate] {
        switch request.source {
        case .nothing, .words, .files, .directories: []
        case .networks: ["bridge", "host", "none"].map { CompletionCandidate($0) }
        case .containers: ask(request) { try containers($0, onlyRunning: false) }
        case .runningContainers: ask(request) { try containers($0, onlyRunning: true) }
        case .images: ask(request, images)
        case .volumes: ask(request) { try $0.volumes().map { CompletionCandidate($0.record.name) } }
        }
    }

    /// Nothing where there is no store, or none that this user can read: to complete makes none.
    private static func ask(
        _ request: CompletionRequest, _ list: (Engine) throws -> [CompletionCandidate]
    ) -> [CompletionCandidate] {
        GlobalOptions.export(request.global)
        guard let configuration = try? EngineConfiguration.load(path: GlobalOptions.configurationPath),
            let paths = try? request.global.storePaths(configuration), access(paths.root + "/hako.db", R_OK | W_OK) == 0,
            let engine = try? Engine(paths: paths)
        else { return [] }
        return (try? list(engine)) ?? []
    }

    private static func containers(_ engine: Engine, onlyRunning: Bool) throws -> [CompletionCandidate] {
        try engine.containers().filter { !onlyRunning || $0.state.isUp }
            .map { CompletionCandidate($0.name, Terminal.escaped($0.imageName)) }
    }

    private static func images(_ engine: Engine) throws -> [CompletionCandidate] {
        try engine.listImages().flatMap { image in
            image.references.map { CompletionCandidate($0.familiar, image.record.id.short) }
        }
    }
}
