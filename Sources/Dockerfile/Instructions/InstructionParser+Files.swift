/// RUN, COPY and ADD: what works on files.
extension InstructionParser {
    func run() throws(DockerfileError) -> Dockerfile.Run {
        let flags = try self.flags(["mount": .list, "network": .text, "security": .text, "device": .list])
        if let device = flags.list("device").first {
            throw error("the flag --device isn't supported: a build step gets no devices", at: device)
        }
        var mounts: [Dockerfile.RunMount.Options] = []
        for word in flags.list("mount") {
            do throws(RunMountError) {
                mounts.append(try Dockerfile.RunMount.Options(parsing: word.text))
            } catch { throw self.error(error.message, at: word, suggestion: error.suggestion) }
        }
        return Dockerfile.Run(
            command: try runCommand(), mountOptions: mounts,
            network: try choice(flags.word("network")) { "invalid network mode \($0)" } ?? .default,
            security: try choice(flags.word("security")) { "security \($0) is not valid" } ?? .sandbox)
    }

    private func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ word: Word?, complaint: (String) -> String
    ) throws(DockerfileError) -> Value? {
        guard let word else { return nil }
        guard let value = Value(rawValue: word.text) else {
            let suggestion = Suggestion.nearest(to: word.text, among: Value.allCases.map(\.rawValue))
            throw error(complaint(word.text.quoted), at: word, suggestion: suggestion)
        }
        return value
    }

    private func runCommand() throws(DockerfileError) -> Dockerfile.Run.Command {
        if syntax.isJSON {
            guard !syntax.arguments.isEmpty else { throw error("arguments are required") }
            return .exec(syntax.arguments.map(\.text))
        }
        var command = syntax.arguments.first?.text ?? ""
        if let heredoc = heredocs.first, heredocs.count == 1, HeredocWord(command) != nil {
            _ = try text(of: heredoc)
            return .script(heredoc)
        }
        for heredoc in heredocs { command += "\n" + (try text(of: heredoc)) + heredoc.name }
        return .shell(command)
    }

    func copy() throws(DockerfileError) -> Dockerfile.Copy {
        try needDestination()
        let flags = try self.flags([
            "from": .text, "chown": .text, "chmod": .text, "link": .boolean, "parents": .boolean, "exclude": .list,
        ])
        return Dockerfile.Copy(
            files: try files(flags), from: flags.text("from"), keepsParents: flags.boolean("parents") ?? false)
    }

    func add() throws(DockerfileError) -> Dockerfile.Add {
        try needDestination()
        let flags = try self.flags([
            "chown": .text, "chmod": .text, "link": .boolean, "keep-git-dir": .boolean, "checksum": .text,
            "unpack": .boolean, "exclude": .list,
        ])
        return Dockerfile.Add(
            files: try files(flags), checksum: flags.text("checksum"), keepsGitDirectory: flags.boolean("keep-git-dir"),
            unpacks: flags.boolean("unpack"))
    }

    private func needDestination() throws(DockerfileError) {
        guard syntax.arguments.count < 2 else { return }
        throw error(
            "\(syntax.name) requires at least two arguments, but only one was provided. Destination could not be determined",
            at: syntax.arguments.first)
    }

    private func files(_ flags: InstructionFlags) throws(DockerfileError) -> Dockerfile.CopiedFiles {
        var sources: [String] = []
        var documents: [Dockerfile.Heredoc] = []
        let destination = syntax.arguments[syntax.arguments.count - 1]
        guard syntax.isJSON || HeredocWord(destination.text) == nil else {
            throw error("\(syntax.name) cannot accept a heredoc as a destination", at: destination)
        }
        for word in syntax.arguments.dropLast() {
            guard !syntax.isJSON, let heredoc = HeredocWord(word.text) else {
                sources.append(word.text)
                continue
            }
            guard let document = heredocs.last(where: { $0.name == heredoc.name }) else {
                throw error("unterminated heredoc", at: word)
            }
            documents.append(document)
        }
        return Dockerfile.CopiedFiles(
            sources: sources, heredocs: documents, destination: destination.text, owner: flags.text("chown"),
            mode: flags.text("chmod"), isLinked: flags.boolean("link") ?? false,
            exclusions: flags.list("exclude").map(\.text))
    }
}
