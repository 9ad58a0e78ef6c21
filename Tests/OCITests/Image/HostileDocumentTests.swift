import OCI
import Testing

@Suite("Documents of strangers")
struct HostileDocumentTests {
    @Test("never stop the program: 100,000 mutated ones are read or refused", arguments: 0..<10)
    func mutations(seed: UInt64) {
        var random = Random(seed: seed)
        let documents = [ManifestTests.manifest, ManifestTests.index, ImageConfigTests.text, #"["\ud83d\ude00\u0041\\",-0.1e+9,[[{}]]]"#]
        let originals = documents.map { Array($0.utf8) }
        for round in 0..<10_000 {
            var bytes = originals[round % originals.count]
            for _ in 0...random.below(4) { random.mutate(&bytes) }
            guard let json = try? JSON(parsing: bytes) else { continue }
            _ = json.bytes(indent: 4)
            _ = try? ManifestDocument(json: json).json
            if let config = try? ImageConfig(json: json) {
                _ = config.json
                _ = try? config.config.ports()
                _ = try? config.config.volumePaths()
                try? config.config.healthcheck?.check()
            }
        }
    }

    @Test("with very many members are read in time that does not grow with their square")
    func manyMembers() throws {
        let labels = (0..<50_000).map { "\"k\($0)\":\"\"" }.joined(separator: ",")
        let volumes = (0..<50_000).map { "\"/\($0)\":{}" }.joined(separator: ",")
        let config = try ExecutionConfig(json: JSON(parsing: "{\"Labels\":{\(labels)},\"Volumes\":{\(volumes)}}"))
        #expect(config.labels.count == 50_000)
        #expect(try config.volumePaths().count == 50_000)
        #expect(config.json["Volumes"]?.object?.count == 50_000)
    }

    @Test("with more layers than a system can stack are refused")
    func manyLayers() throws {
        let layers = Array(repeating: ManifestTests.blob, count: ImageManifest.maximumLayers + 1).joined(separator: ",")
        let json = try JSON(parsing: "{\"schemaVersion\":2,\"config\":\(ManifestTests.blob),\"layers\":[\(layers)]}")
        #expect(throws: FormatError.self) { try ImageManifest(json: json) }
    }
}

/// The same numbers in each run, so that what fails can be found again.
private struct Random {
    private var state: UInt64

    init(seed: UInt64) { state = (seed &+ 1) &* 0x9E37_79B9_7F4A_7C15 }

    mutating func below(_ bound: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(state % UInt64(bound))
    }

    mutating func mutate(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        let place = below(bytes.count)
        let pieces = ["null", "-9223372036854775808", "1e999", "\"\\ud800\"", "{}", "[", "}", "\"", "\\u", "99999999999999999999", ",", ":", "\u{0}"]
        switch below(5) {
        case 0: bytes[place] = UInt8(below(256))
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(contentsOf: pieces[below(pieces.count)].utf8, at: place)
        case 3: bytes.removeSubrange(place..<min(bytes.count, place + below(40)))
        default: bytes.append(contentsOf: bytes[..<place])
        }
    }
}
