import Hashing

/// What is kept of a step that was done: its inputs and the files that it read, in a bounded number of bytes.
struct StepRecord: Hashable {
    let kind: StepInputs.Kind
    let parts: [StepInputs.Part]
    let argumentNames: [String]
    /// By the target of the mount that they are in; those of COPY and ADD under the empty name.
    let files: [String: FileList]

    init(_ inputs: StepInputs, files: [String: FileList]) {
        kind = inputs.kind
        parts = inputs.parts.map(Self.shortened)
        argumentNames = inputs.argumentNames.sorted()
        self.files = files
    }

    /// Of a long value its beginning, and a digest of all of it: two that differ still do.
    static func shortened(_ part: StepInputs.Part) -> StepInputs.Part {
        guard part.value.count > longestValue else { return part }
        let digest = Array("… (\(SHA256.hexDigest(of: part.value).prefix(16)))".utf8)
        return StepInputs.Part(field: part.field, name: part.name, value: part.value.prefix(longestValue - digest.count) + digest)
    }

    private static let longestValue = 2048
    /// Of the files of one place, in bytes: some 40,000.
    private static let filesLimit = 1 << 20
    private static let version: UInt8 = 1

    var bytes: [UInt8] {
        var writer = ByteWriter()
        writer.append(Self.version)
        writer.append(kind.rawValue.utf8)
        writer.append(number: parts.count)
        for part in parts { writer.append(part) }
        writer.append(number: argumentNames.count)
        for name in argumentNames { writer.append(name.utf8) }
        let lists = files.compactMapValues { $0.fitting(Self.filesLimit) }
        writer.append(number: lists.count)
        for (name, list) in lists.sorted(by: { $0.key < $1.key }) {
            writer.append(name.utf8)
            writer.append(list)
        }
        return writer.bytes
    }

    /// Nil for what another version wrote, or what is damaged: then nothing is known.
    init?(_ bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard reader.byte() == Self.version, let kind = reader.text().flatMap(StepInputs.Kind.init),
            let parts = reader.list({ $0.part() }), let argumentNames = reader.list({ $0.text() }),
            let files = reader.list({ reader in reader.text().flatMap { name in reader.fileList().map { (name, $0) } } }), reader.isAtEnd
        else { return nil }
        self.kind = kind
        self.parts = parts
        self.argumentNames = argumentNames
        self.files = Dictionary(files) { _, last in last }
    }
}
