import Dockerfile

extension StepInputs {
    /// What a COPY depends on.
    ///
    /// - Parameters:
    ///   - base: Without layers for `--link`.
    ///   - copy: Evaluated.
    ///   - owner: What `--chown` comes to; of a step without layers the ids, as a name means nothing there.
    ///   - digests: Of the files of its sources, in their order; one for all that come from one place is enough.
    /// - SeeAlso: BuildKit's solver/llbsolver/ops/file.go, `CacheMap`.
    public static func copy(
        _ copy: Dockerfile.Copy, on base: StepBase, in stage: StageConfiguration, owner: String?, digests: [[UInt8]]
    ) -> StepInputs {
        var inputs = StepInputs(.copy, on: base)
        inputs.add(copy.files, stage, owner, digests)
        if copy.keepsParents { inputs.add(.option, "parents") }
        return inputs
    }

    /// What an ADD depends on: as ``copy(_:on:in:owner:digests:)``; of a URL or repository the digest is of what came from there.
    public static func add(
        _ add: Dockerfile.Add, on base: StepBase, in stage: StageConfiguration, owner: String?, digests: [[UInt8]]
    ) -> StepInputs {
        var inputs = StepInputs(.add, on: base)
        inputs.add(add.files, stage, owner, digests)
        if let unpacks = add.unpacks { inputs.add(.option, "unpack=\(unpacks)") }
        if let keeps = add.keepsGitDirectory { inputs.add(.option, "keep-git-dir=\(keeps)") }
        return inputs
    }

    /// What a WORKDIR depends on that makes its directory.
    ///
    /// - Parameter stage: With the path set.
    public static func workdir(on base: StepBase, in stage: StageConfiguration) -> StepInputs {
        var inputs = StepInputs(.workdir, on: base)
        inputs.add(.directory, stage.config.workingDirectory)
        inputs.add(.user, stage.config.user)
        return inputs
    }

    /// Patterns that leave files out are in the digest: it is of those that are left.
    private mutating func add(_ files: Dockerfile.CopiedFiles, _ stage: StageConfiguration, _ owner: String?, _ digests: [[UInt8]]) {
        add(.destination, stage.absolutePath(files.destination))
        let last = files.destination.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        // A file goes into a directory, but becomes what isn't one.
        if ["", ".", ".."].contains(last) { add(.option, "directory") }
        if let owner { add(.owner, owner) }
        if let mode = files.mode { add(.mode, mode) }
        for digest in digests { add(.files, value: digest) }
        for document in files.heredocs { add(.document, document.name, value: document.content) }
    }
}
