/// A file of a container, as far as executing it goes.
struct ProgramFile {
    var isDirectory: Bool
    /// Permission bits.
    var permissions: UInt32
    /// A few thousand bytes.
    var beginning: [UInt8]
}

/// Finds out why the kernel would not execute a container's program.
struct ProgramCheck {
    /// Of a container's environment.
    var searchPath: String
    var workingDirectory: String
    /// What is at a path in the container.
    var look: (String) -> ProgramFile?

    /// Scripts that are interpreted by scripts: the kernel follows four (execve(2)).
    private static let deepest = 4

    /// Nothing where it can be executed.
    func findings(for program: String) -> [Diagnosis.Finding] {
        guard let path = resolve(program) else { return [notFound(program)] }
        return judge(path, depth: 0).map { [$0] } ?? []
    }

    /// A name with a slash is a path; else PATH is searched.
    private func resolve(_ program: String) -> String? {
        if program.contains("/") {
            let path = program.hasPrefix("/") ? program : "\(workingDirectory)/\(program)"
            return look(path) == nil ? nil : path
        }
        let places = searchPath.split(separator: ":").map { "\($0)/\(program)" }
        // A directory, or what isn't executable, is passed over as long as there is something better.
        return places.first { look($0).map { !$0.isDirectory && $0.permissions & 0o111 != 0 } ?? false }
            ?? places.first { look($0) != nil }
    }

    private func notFound(_ program: String) -> Diagnosis.Finding {
        guard !program.contains("/") else {
            return Diagnosis.Finding(.programNotFound, "its program \(program) is not in the image", try: [
                "hako run --rm -it --entrypoint sh IMAGE, and look with ls where it is",
            ])
        }
        let usual = ["/bin", "/usr/bin", "/usr/local/bin", "/sbin", "/usr/sbin", "/opt/bin", "/app", workingDirectory]
        let elsewhere = usual.first { look("\($0)/\(program)").map { !$0.isDirectory } ?? false }
        let place = elsewhere.map { "\($0 == "/" ? "" : $0)/\(program)" }
        return Diagnosis.Finding(
            .programNotFound,
            "its program \(program) is in none of the directories of its PATH (\(searchPath))" + (place.map { ", but at \($0)" } ?? ""),
            try: [place.map { "hako run IMAGE \($0)" } ?? "name a program that the image has, by its whole path"])
    }

    private func judge(_ path: String, depth: Int) -> Diagnosis.Finding? {
        guard let file = look(path) else { return nil }
        if file.isDirectory { return Diagnosis.Finding(.programNotExecutable, "\(path) is a directory", try: ["name a program in it"]) }
        guard file.permissions & 0o111 != 0 else {
            return Diagnosis.Finding(.programNotExecutable, "\(path) is not executable (mode \(String(file.permissions & 0o7777, radix: 8)))", try: [
                "chmod +x \(path) in the image's build (RUN chmod +x \(path)), or on the host where it is mounted from there",
            ])
        }
        switch ExecutableFormat(file.beginning) {
        case .empty:
            return Diagnosis.Finding(.unknownFormat, "\(path) is empty", try: ["build the image again: the file was lost on the way"])
        case .unknown:
            return Diagnosis.Finding(
                .unknownFormat, "\(path) is neither a program nor a script: its first line does not begin with #! and an interpreter",
                try: ["begin it with #!/bin/sh, or run it by a shell: hako run --entrypoint sh IMAGE \(path)"])
        case .elf(let machine, let interpreter): return judge(path, machine, interpreter)
        case .script(let interpreter, let argument, let endsInReturn):
            return judgeScript(path, interpreter, argument, endsInReturn, depth)
        }
    }

    private func judge(_ path: String, _ machine: UInt16, _ interpreter: String?) -> Diagnosis.Finding? {
        guard ExecutableFormat.runsHere(machine) else {
            return Diagnosis.Finding(
                .wrongArchitecture,
                "\(path) is built for \(ExecutableFormat.name(ofMachine: machine)), and this host is \(HostInfo.machine)",
                try: ["hako pull --platform linux/\(Self.hostArchitecture) IMAGE"])
        }
        guard let interpreter, look(interpreter) == nil else { return nil }
        let library = interpreter.contains("musl") ? "musl" : "glibc"
        return Diagnosis.Finding(
            .missingInterpreter,
            "\(path) asks for the loader \(interpreter), which the image does not have: it was built for \(library)",
            try: ["link it statically, or take an image with \(library) as the base"])
    }

    private static var hostArchitecture: String { HostInfo.machine == "aarch64" ? "arm64" : "amd64" }

    private func judgeScript(
        _ path: String, _ interpreter: String, _ argument: String, _ endsInReturn: Bool, _ depth: Int
    ) -> Diagnosis.Finding? {
        guard !endsInReturn else {
            return Diagnosis.Finding(
                .carriageReturn,
                "\(path) has the line ends of Windows (CRLF): its interpreter would be \"\(interpreter)\\r\", which is not there",
                try: ["sed -i 's/\\r$//' \(path) before the image is built; in git: a line *.sh text eol=lf in .gitattributes"])
        }
        guard !interpreter.isEmpty, look(interpreter) != nil else {
            return Diagnosis.Finding(
                .missingInterpreter, "the script \(path) asks for the interpreter \(interpreter), which the image does not have",
                try: ["install it in the image, or begin the script with #!/bin/sh"])
        }
        if interpreter.hasSuffix("/env"), let name = argument.split(separator: " ").first.map(String.init),
            !name.hasPrefix("-"), !name.contains("="), resolve(name) == nil
        {
            return Diagnosis.Finding(
                .missingInterpreter, "the script \(path) asks for the interpreter \(name), which is not in the image's PATH",
                try: ["install \(name) in the image"])
        }
        return depth < Self.deepest ? judge(interpreter, depth: depth + 1) : nil
    }
}
