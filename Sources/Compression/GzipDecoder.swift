import CCodecs

/// gzip members by ISA-L, which is five times as fast as zlib, and by zlib for what ISA-L refuses.
///
/// The fallback starts a member again, so it serves only where the refusal comes before the member's first bytes were
/// handed out and its start is still in the input: headers and first blocks.
final class GzipDecoder: FrameDecoder {
    private let state: UnsafeMutablePointer<inflate_state>
    private var fallback: ZlibMember?
    /// Input of this member that earlier calls consumed without giving output: what a fallback has to see again.
    private var replay: [UInt8] = []
    private var hasOutput = false
    /// Replayed input larger than this isn't kept: a header and a first block fit.
    private static let replayLimit = 256 << 10

    init() {
        state = .allocate(capacity: 1)
        isal_inflate_init(state)
        state.pointee.crc_flag = UInt32(ISAL_GZIP)
    }

    deinit { state.deallocate() }

    func startFrame() {
        isal_inflate_reset(state)
        state.pointee.crc_flag = UInt32(ISAL_GZIP)
        fallback = nil
        replay.removeAll(keepingCapacity: true)
        hasOutput = false
    }

    func decode(
        _ input: UnsafeBufferPointer<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>
    ) throws(CompressionError) -> DecodingStep {
        if let fallback { return try fallback.decode(input, into: output) }
        do throws(CompressionError) {
            let step = try inflate(input, into: output)
            if step.produced > 0 {
                hasOutput = true
                replay.removeAll()
            } else if !hasOutput, replay.count <= Self.replayLimit {
                replay.append(contentsOf: input[..<step.consumed])
            }
            return step
        } catch {
            guard !hasOutput, replay.count <= Self.replayLimit else { throw error }
            let member = try ZlibMember()
            fallback = member
            // Gives no output: ISA-L had none from the same bytes, or had refused them as a whole.
            var kept = replay[...]
            while !kept.isEmpty {
                let step = try kept.withUnsafeBufferPointer { input throws(CompressionError) in
                    try member.decode(input, into: .init(start: nil, count: 0))
                }
                guard step.consumed > 0 else { throw error }
                kept = kept.dropFirst(step.consumed)
            }
            return try member.decode(input, into: output)
        }
    }

    private func inflate(
        _ input: UnsafeBufferPointer<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>
    ) throws(CompressionError) -> DecodingStep {
        let available = (input: UInt32(clamping: input.count), output: UInt32(clamping: output.count))
        state.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        state.pointee.avail_in = available.input
        state.pointee.next_out = output.baseAddress
        state.pointee.avail_out = available.output
        let result = isal_inflate(state)
        guard result >= 0, result != ISAL_NEED_DICT else {
            throw .corrupt(.gzip, reason: Self.reason(result))
        }
        return DecodingStep(
            consumed: Int(available.input - state.pointee.avail_in),
            produced: Int(available.output - state.pointee.avail_out),
            endsFrame: state.pointee.block_state == ISAL_BLOCK_FINISH)
    }

    private static func reason(_ result: CInt) -> String {
        switch result {
        case ISAL_INVALID_BLOCK: "invalid block"
        case ISAL_INVALID_SYMBOL: "invalid symbol"
        case ISAL_INVALID_LOOKBACK: "distance too far back"
        case ISAL_INVALID_WRAPPER: "invalid header"
        case ISAL_UNSUPPORTED_METHOD: "unknown compression method"
        case ISAL_INCORRECT_CHECKSUM: "wrong checksum or length"
        default: "inflate error \(result)"
        }
    }
}

/// One gzip member by zlib.
final class ZlibMember {
    private let stream: UnsafeMutablePointer<z_stream>

    init() throws(CompressionError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard hako_inflate_init_gzip(stream) == Z_OK else {
            stream.deallocate()
            throw .unavailable(.gzip)
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    func decode(
        _ input: UnsafeBufferPointer<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>
    ) throws(CompressionError) -> DecodingStep {
        // zlib refuses a null output buffer even when there is nothing to write.
        var nowhere: UInt8 = 0
        return try withUnsafeMutablePointer(to: &nowhere) { nowhere throws(CompressionError) in
            let available = (input: UInt32(clamping: input.count), output: UInt32(clamping: output.count))
            stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            stream.pointee.avail_in = available.input
            stream.pointee.next_out = output.baseAddress ?? nowhere
            stream.pointee.avail_out = available.output
            let result = inflate(stream, Z_NO_FLUSH)
            // Z_BUF_ERROR: no progress without more input or room, which is no error.
            guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else {
                throw .corrupt(.gzip, reason: stream.pointee.msg.map { String(cString: $0) } ?? "zlib error \(result)")
            }
            return DecodingStep(
                consumed: Int(available.input - stream.pointee.avail_in),
                produced: Int(available.output - stream.pointee.avail_out), endsFrame: result == Z_STREAM_END)
        }
    }
}
