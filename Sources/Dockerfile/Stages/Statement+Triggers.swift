extension Dockerfile.Statement {
    /// Reads the trigger of an ONBUILD for the stage that it runs in. Its place is that of the stage's FROM.
    ///
    /// - Throws: What isn't one instruction, or is one that ONBUILD doesn't allow.
    public init(trigger: String, for stage: Dockerfile.Stage) throws(DockerfileError) {
        do throws(DockerfileError) {
            var reader = LineReader(Array(trigger.utf8), isTrigger: true)
            guard let (written, parsed) = try reader.instruction(), try reader.instruction() == nil else {
                throw DockerfileError("onbuild trigger should be a single expression")
            }
            switch parsed {
            case .from: throw DockerfileError("FROM isn't allowed as an ONBUILD trigger")
            case .other(.maintainer): throw DockerfileError("MAINTAINER isn't allowed as an ONBUILD trigger")
            case .other(.onBuild): throw DockerfileError("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
            case .other(let instruction):
                let place = stage.source.position
                let source = Dockerfile.Source(
                    keyword: written.keyword, text: written.text, lines: stage.source.lines, comments: [],
                    hasEmptyContinuation: false, lastLineOfText: stage.source.lines.lowerBound,
                    map: SourceMap(at: place))
                self.init(instruction: instruction, source: source, isTrigger: true)
            }
        } catch { throw stage.source.error(error.message, suggestion: error.suggestion) }
    }

    /// Reads an instruction that stands alone, in no file: its errors tell no lines.
    ///
    /// - Throws: What isn't one instruction.
    public init(alone text: String) throws(DockerfileError) {
        var reader = LineReader(Array(text.utf8), isTrigger: true)
        guard let (source, parsed) = try reader.instruction(), case .other(let instruction) = parsed,
            try reader.instruction() == nil
        else {
            throw DockerfileError("\(text) is no single instruction")
        }
        self.init(instruction: instruction, source: source)
    }

    static func triggers(_ texts: [String], for stage: Dockerfile.Stage) throws(DockerfileError) -> [Dockerfile
        .Statement]
    {
        var statements: [Dockerfile.Statement] = []
        for text in texts { statements.append(try Dockerfile.Statement(trigger: text, for: stage)) }
        return statements
    }

    /// Judges the mounts that hold no variable before anything is built.
    func checkMounts() throws(DockerfileError) {
        guard case .run(let run) = instruction else { return }
        for options in run.mountOptions where !options.holdsVariables {
            do throws(RunMountError) {
                _ = try Dockerfile.RunMount(options.fields)
            } catch { throw source.error(error.text, at: options.text, suggestion: error.suggestion) }
        }
    }
}
