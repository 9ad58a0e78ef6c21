import Linux

/// The decompressed bytes of a compressed stream.
///
/// All of the compressed stream is read: its end is found only once the last gzip member or zstd frame is complete and
/// verified and nothing follows it.
public final class DecodingSource: ByteSource {
    private let source: any ByteSource
    private let limits: DecodingLimits
    private var decoder: (any FrameDecoder)?
    /// Compressed bytes that were read and not yet decoded: `input[position..<end]`.
    private var input: [UInt8]
    private var position = 0
    private var end = 0
    private var frames = 0
    private var isBetweenFrames = true
    private var frameInputInBytes = 0
    /// The last call filled its output: the decoder may hold more without new input.
    private var mayHoldOutput = false
    private var hasEnded = false

    /// What was asked for, or what the stream's first bytes say.
    public let format: CompressionFormat
    /// Compressed bytes consumed so far.
    public private(set) var inputInBytes: Int64 = 0
    /// Decompressed bytes handed out so far.
    public private(set) var outputInBytes: Int64 = 0

    /// Reads the first bytes of `source` to see how it is compressed, unless `format` says so.
    public init(
        _ source: any ByteSource, as format: CompressionFormat? = nil, limits: DecodingLimits = DecodingLimits(),
        bufferSize: Int = 256 << 10
    ) throws {
        self.source = source
        self.limits = limits
        var input = [UInt8](repeating: 0, count: max(bufferSize, 512))
        var filled = try source.read(into: &input)
        var rest = [UInt8](repeating: 0, count: CompressionFormat.magicSize)
        while filled > 0, filled < CompressionFormat.magicSize {
            let count = try source.read(into: &rest)
            if count == 0 { break }
            input.replaceSubrange(filled..<filled + count, with: rest[..<count])
            filled += count
        }
        self.format = format ?? CompressionFormat(magic: input[..<filled])
        self.input = input
        self.end = filled
        switch self.format {
        case .none: decoder = nil
        case .gzip: decoder = GzipDecoder()
        case .zstd: decoder = try ZstdDecoder(windowLog: limits.windowLog)
        }
    }

    public func read(into buffer: inout [UInt8]) throws -> Int {
        guard !hasEnded, !buffer.isEmpty else { return 0 }
        guard let decoder else { return try copy(into: &buffer) }
        while true {
            if position == end, !mayHoldOutput, try !refill() {
                guard isBetweenFrames, frames > 0 else { throw CompressionError.truncated(format) }
                hasEnded = true
                return 0
            }
            if isBetweenFrames { decoder.startFrame() }
            let step = try step(decoder, into: &buffer)
            if step.produced > 0 { return step.produced }
        }
    }

    private func step(_ decoder: any FrameDecoder, into buffer: inout [UInt8]) throws -> DecodingStep {
        let range = position..<end
        let step: DecodingStep
        do throws(CompressionError) {
            step = try input.withUnsafeBufferPointer { input throws(CompressionError) in
                try buffer.withUnsafeMutableBufferPointer { output throws(CompressionError) in
                    try decoder.decode(UnsafeBufferPointer(rebasing: input[range]), into: output)
                }
            }
        } catch {
            throw followsLastFrame(range) ? CompressionError.trailingGarbage(format) : error
        }
        // A decoder that stands still on input it was given would be asked for ever.
        guard step.consumed > 0 || step.produced > 0 || step.endsFrame || range.isEmpty else {
            throw CompressionError.corrupt(format, reason: "no progress")
        }
        position += step.consumed
        frameInputInBytes = isBetweenFrames ? step.consumed : frameInputInBytes + step.consumed
        isBetweenFrames = step.endsFrame
        if step.endsFrame { frames += 1 }
        mayHoldOutput = step.produced == buffer.count && !step.endsFrame
        inputInBytes += Int64(step.consumed)
        outputInBytes += Int64(step.produced)
        try limits.check(input: inputInBytes, output: outputInBytes)
        return step
    }

    /// Whether a decoder that fails on this input fails on something behind the last frame that isn't one itself.
    private func followsLastFrame(_ range: Range<Int>) -> Bool {
        guard frames > 0 else { return false }
        // A gzip header has ten bytes; the decoder takes them one by one if they come so.
        return isBetweenFrames ? CompressionFormat(magic: input[range]) != format : frameInputInBytes < 10
    }

    private func copy(into buffer: inout [UInt8]) throws -> Int {
        let count: Int
        if position < end {
            count = min(end - position, buffer.count)
            buffer.replaceSubrange(..<count, with: input[position..<position + count])
            position += count
        } else {
            count = try source.read(into: &buffer)
            hasEnded = count == 0
        }
        inputInBytes += Int64(count)
        outputInBytes += Int64(count)
        try limits.check(input: inputInBytes, output: outputInBytes)
        return count
    }

    /// Reads more of the compressed stream; false at its end.
    private func refill() throws -> Bool {
        position = 0
        end = 0
        end = try source.read(into: &input)
        return end > 0
    }
}
