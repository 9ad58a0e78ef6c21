import Compression
import Linux
import TestSupport
import Testing

/// Reads a stream to its end, some bytes at a time.
private func readAll(_ source: any ByteSource, bufferSize: Int = 64 << 10) throws -> [UInt8] {
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: bufferSize)
    while true {
        let count = try source.read(into: &buffer)
        if count == 0 { return all }
        all.append(contentsOf: buffer[..<count])
    }
}

private func encode(_ bytes: [UInt8], as format: CompressionFormat, level: Int? = nil) throws -> [UInt8] {
    try readAll(try EncodingSource(MemorySource(bytes), as: format, level: level))
}

private func decode(
    _ bytes: [UInt8], chunkSize: Int = .max, limits: DecodingLimits = DecodingLimits(), bufferSize: Int = 64 << 10
) throws -> [UInt8] {
    try readAll(try DecodingSource(MemorySource(bytes, chunkSize: chunkSize), limits: limits), bufferSize: bufferSize)
}

/// Bytes with repetitions and without, more than any codec's window of input.
private let sample: [UInt8] = {
    var random = SplitMix(state: 1)
    return (0..<300_000).map { index in
        index / 10_000 % 2 == 0 ? UInt8(truncatingIfNeeded: random.next()) : UInt8(truncatingIfNeeded: index % 251)
    }
}()

private let codecs: [CompressionFormat] = [.gzip, .zstd]

@Suite("Compressed streams")
struct CompressionTests {
    @Test("come out as they went in, whatever the pieces", arguments: CompressionFormat.allCases, [1, 3, 1000, .max])
    func roundTrip(format: CompressionFormat, chunkSize: Int) throws {
        let encoded = try encode(sample, as: format)
        let source = try DecodingSource(MemorySource(encoded, chunkSize: chunkSize))
        #expect(source.format == format)
        #expect(try readAll(source, bufferSize: 7777) == sample)
        #expect(source.inputInBytes == encoded.count)
        #expect(source.outputInBytes == sample.count)
    }

    @Test("may be empty", arguments: CompressionFormat.allCases)
    func empty(format: CompressionFormat) throws {
        #expect(try decode(try encode([], as: format)) == [])
    }

    @Test("are encoded the same each time, at every level", arguments: codecs, 1...3)
    func deterministic(format: CompressionFormat, level: Int) throws {
        let encoded = try encode(sample, as: format, level: level)
        #expect(try encode(sample, as: format, level: level) == encoded)
        #expect(try decode(encoded) == sample)
    }

    @Test("may be several members or frames, one after another", arguments: codecs, [1, 1000, .max])
    func concatenated(format: CompressionFormat, chunkSize: Int) throws {
        let encoded = try encode(sample, as: format) + encode([], as: format) + encode([1, 2, 3], as: format)
        #expect(try decode(encoded, chunkSize: chunkSize) == sample + [1, 2, 3])
    }

    @Test("may hold skippable zstd frames")
    func skippable() throws {
        let skippable: [UInt8] = [0x5A, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 9, 9, 9]
        let encoded = try encode([1, 2, 3], as: .zstd)
        #expect(try decode(skippable + encoded + skippable + encoded) == [1, 2, 3, 1, 2, 3])
    }

    @Test("may have a gzip header with extra field, name, comment and checksum", arguments: [1, 5, .max])
    func gzipHeader(chunkSize: Int) throws {
        let plain = try encode([1, 2, 3], as: .gzip)
        var header: [UInt8] = [0x1F, 0x8B, 8, 0x1C, 0, 0, 0, 0, 0, 3]
        header += [4, 0, 1, 2, 3, 4] + Array("name\0comment\0".utf8)
        #expect(try decode(header + plain.dropFirst(10), chunkSize: chunkSize) == [1, 2, 3])
    }

    @Test("that end too early are an error", arguments: codecs)
    func truncated(format: CompressionFormat) throws {
        let encoded = try encode(sample, as: format)
        for end in [5, 20, encoded.count / 2, encoded.count - 5, encoded.count - 1] {
            #expect(throws: CompressionError.truncated(format)) { try decode(Array(encoded[..<end])) }
        }
    }

    @Test("are verified", arguments: codecs)
    func verified(format: CompressionFormat) throws {
        var encoded = try encode(sample, as: format)
        // In the checksum: of gzip before the length, of zstd the last four bytes.
        encoded[encoded.count - (format == .gzip ? 6 : 2)] ^= 1
        #expect(throws: CompressionError.self) { try decode(encoded) }
        guard format == .gzip else { return }
        encoded = try encode(sample, as: format)
        encoded[encoded.count - 2] ^= 1
        #expect(throws: CompressionError.self) { try decode(encoded) }
    }

    @Test("may not be followed by anything else", arguments: codecs, [1, .max])
    func trailingGarbage(format: CompressionFormat, chunkSize: Int) throws {
        let encoded = try encode(sample, as: format) + Array("no such member".utf8)
        #expect(throws: CompressionError.trailingGarbage(format)) { try decode(encoded, chunkSize: chunkSize) }
    }

    @Test("stop at their limits", arguments: codecs)
    func limits(format: CompressionFormat) throws {
        let bomb = try encode([UInt8](repeating: 0, count: 8 << 20), as: format)
        #expect(throws: CompressionError.tooLarge(limitInBytes: 1 << 20)) {
            try decode(bomb, limits: DecodingLimits(totalInBytes: 1 << 20))
        }
        #expect(throws: CompressionError.ratioTooHigh(limit: 10)) {
            try decode(bomb, limits: DecodingLimits(ratio: 10, ratioFreeInBytes: 1 << 20))
        }
        #expect(try decode(bomb, limits: DecodingLimits(ratio: 10)).count == 8 << 20)
    }

    @Test("with a window above the limit are refused before memory is taken")
    func window() throws {
        // Magic, a descriptor without single segment, window descriptor 21 << 3: 2^(10+21) = 2 GiB.
        let header: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 21 << 3, 1, 0, 0]
        #expect(throws: CompressionError.windowTooLarge(limitInBytes: 1 << 27)) { try decode(header) }
    }

    @Test("that are mangled give an error or other bytes, never a crash", arguments: codecs)
    func mutations(format: CompressionFormat) throws {
        let seed = try encode(Array(sample[..<20_000]), as: format) + encode(Array(sample[10_000..<12_000]), as: format)
        var random = SplitMix(state: 7)
        let limits = DecodingLimits(totalInBytes: 1 << 20)
        for _ in 0..<3000 {
            var bytes = seed
            for _ in 0..<(1 + random.next() % 4) {
                // Half of them in the headers, where structure is.
                let range = random.next() % 2 == 0 ? 64 : bytes.count
                bytes[Int(random.next() % UInt64(range))] = UInt8(truncatingIfNeeded: random.next())
            }
            if random.next() % 4 == 0 { bytes.removeLast(Int(random.next() % UInt64(bytes.count))) }
            do {
                _ = try decode(bytes, chunkSize: 1 + Int(random.next() % 5000), limits: limits, bufferSize: 4096)
            } catch is CompressionError {}
        }
    }
}
