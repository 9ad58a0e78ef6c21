extension StepRecord {
    /// Why a step isn't the one that was done last at its place.
    ///
    /// - Parameters:
    ///   - before: What was kept of that one.
    ///   - parent: The reason where the layers beneath are other ones.
    static func reasons(
        _ now: StepRecord, since before: StepRecord, parent: BuildExplanation.Reason
    ) -> [BuildExplanation.Reason] {
        guard now.kind == before.kind else { return [.changed("the instruction", before: before.kind.rawValue, now: now.kind.rawValue)] }
        var reasons: [BuildExplanation.Reason] = []
        for field in StepInputs.Field.allCases {
            let (old, new) = (before.parts.filter { $0.field == field }, now.parts.filter { $0.field == field })
            guard old != new else { continue }
            switch field {
            case .parent: reasons.append(parent)
            case .environment: reasons += variables(old, new, Set(before.argumentNames + now.argumentNames))
            case .files: reasons.append(files("", now, since: before))
            case .mountFiles: reasons += mounts(old, new).map { files($0, now, since: before) }
            case .mount: reasons += mounts(old, new).map { .changed("mount \($0)", before: nil, now: nil) }
            default: reasons.append(.changed(field.words, before: text(old), now: text(new)))
            }
        }
        return reasons.isEmpty ? [.forgotten] : reasons
    }

    private static func variables(
        _ old: [StepInputs.Part], _ new: [StepInputs.Part], _ argumentNames: Set<String>
    ) -> [BuildExplanation.Reason] {
        let values = { (parts: [StepInputs.Part]) in
            Dictionary(parts.map { ($0.name, String(decoding: $0.value, as: UTF8.self)) }) { _, last in last }
        }
        let (before, now) = (values(old), values(new))
        let names = old.map(\.name) + new.map(\.name).filter { before[$0] == nil }
        let changed = names.filter { before[$0] != now[$0] }
        if changed.isEmpty { return [.changed("the order of the environment", before: nil, now: nil)] }
        return changed.map { .variable(name: $0, isArgument: argumentNames.contains($0), before: before[$0], now: now[$0]) }
    }

    /// The targets of which something differs.
    private static func mounts(_ old: [StepInputs.Part], _ new: [StepInputs.Part]) -> [String] {
        var targets: [String] = []
        for part in old.filter({ !new.contains($0) }) + new.filter({ !old.contains($0) }) where !targets.contains(part.name) {
            targets.append(part.name)
        }
        // The same ones in another order.
        return targets.isEmpty ? Array(new.map(\.name).prefix(1)) : targets
    }

    private static func files(_ place: String, _ now: StepRecord, since before: StepRecord) -> BuildExplanation.Reason {
        guard let old = before.files[place], let new = now.files[place] else { return .otherFiles(place: place) }
        return .files(place: place, new.changes(since: old))
    }

    private static func text(_ parts: [StepInputs.Part]) -> String? {
        parts.isEmpty ? nil : parts.map { String(decoding: $0.value, as: UTF8.self) }.joined(separator: " ")
    }
}

extension StepInputs.Field {
    fileprivate var words: String {
        switch self {
        case .parent: "the layers beneath"
        case .platform: "the platform"
        case .epoch: "SOURCE_DATE_EPOCH"
        case .command: "the command"
        case .script: "the script"
        case .environment: "the environment"
        case .user: "USER"
        case .directory: "WORKDIR"
        case .host: "--add-host"
        case .network: "the network"
        case .security: "the security mode"
        case .limit: "a limit"
        case .mount: "a mount"
        case .mountFiles, .files: "the files"
        case .destination: "the destination"
        case .owner: "--chown"
        case .mode: "--chmod"
        case .option: "the options"
        case .document: "a here-document"
        }
    }
}
