import CCodecs
import Linux

/// The compressed bytes of a plain stream: one gzip member or one zstd frame with a checksum. The same input gives the
/// same output.
public final class EncodingSource: ByteSource {
    private let source: any ByteSource
    private let encoder: (any FrameEncoder)?
    private var input: [UInt8]
    private var position = 0
    private var end = 0
    private var sourceHasEnded = false
    private var hasEnded = false

    /// - Parameter level: gzip 0 to 3 (ISA-L's), zstd 1 to 19; nil is the format's usual one.
    public init(
        _ source: any ByteSource, as format: CompressionFormat, level: Int? = nil, bufferSize: Int = 256 << 10
    ) throws(CompressionError) {
        self.source = source
        input = [UInt8](repeating: 0, count: max(bufferSize, 512))
        switch format {
        case .none: encoder = nil
        case .gzip: encoder = try GzipEncoder(level: level ?? 2)
        case .zstd: encoder = try ZstdEncoder(level: level ?? 3)
        }
    }

    public func read(into buffer: inout [UInt8]) throws -> Int {
        guard let encoder else { return try source.read(into: &buffer) }
        while !hasEnded, !buffer.isEmpty {
            if position == end, !sourceHasEnded {
                position = 0
                end = 0
                end = try source.read(into: &input)
                sourceHasEnded = end == 0
            }
            let (range, isLast) = (position..<end, sourceHasEnded)
            let step = try input.withUnsafeBufferPointer { input throws(CompressionError) in
                try buffer.withUnsafeMutableBufferPointer { output throws(CompressionError) in
                    try encoder.encode(UnsafeBufferPointer(rebasing: input[range]), isLast: isLast, into: output)
                }
            }
            position += step.consumed
            hasEnded = step.endsFrame
            if step.produced > 0 { return step.produced }
        }
        return 0
    }
}

/// An encoder of one format that works on the buffers it is given.
protocol FrameEncoder: AnyObject {
    func encode(
        _ input: UnsafeBufferPointer<UInt8>, isLast: Bool, into output: UnsafeMutableBufferPointer<UInt8>
    ) throws(CompressionError) -> DecodingStep
}

private final class GzipEncoder: FrameEncoder {
    private let stream: UnsafeMutablePointer<isal_zstream>
    private let levelBuffer: UnsafeMutablePointer<UInt8>

    init(level: Int) throws(CompressionError) {
        guard (0...Int(ISAL_DEF_MAX_LEVEL)).contains(level) else { throw .invalidLevel(level) }
        let size = hako_isal_level_buffer_size(UInt32(level))
        levelBuffer = .allocate(capacity: max(Int(size), 1))
        stream = .allocate(capacity: 1)
        isal_deflate_init(stream)
        stream.pointee.level = UInt32(level)
        stream.pointee.level_buf = levelBuffer
        stream.pointee.level_buf_size = size
        stream.pointee.gzip_flag = UInt16(IGZIP_GZIP)
    }

    deinit {
        stream.deallocate()
        levelBuffer.deallocate()
    }

    func encode(
        _ input: UnsafeBufferPointer<UInt8>, isLast: Bool, into output: UnsafeMutableBufferPointer<UInt8>
    ) throws(CompressionError) -> DecodingStep {
        let available = (input: UInt32(clamping: input.count), output: UInt32(clamping: output.count))
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        stream.pointee.avail_in = available.input
        stream.pointee.next_out = output.baseAddress
        stream.pointee.avail_out = available.output
        stream.pointee.end_of_stream = isLast ? 1 : 0
        let result = isal_deflate(stream)
        guard result == COMP_OK else { throw .corrupt(.gzip, reason: "deflate error \(result)") }
        return DecodingStep(
            consumed: Int(available.input - stream.pointee.avail_in),
            produced: Int(available.output - stream.pointee.avail_out),
            endsFrame: stream.pointee.internal_state.state == ZSTATE_END)
    }
}

private final class ZstdEncoder: FrameEncoder {
    private let context: OpaquePointer

    init(level: Int) throws(CompressionError) {
        guard (1...19).contains(level) else { throw .invalidLevel(level) }
        guard let context = ZSTD_createCCtx() else { throw .unavailable(.zstd) }
        self.context = context
        for (parameter, value) in [(ZSTD_c_compressionLevel, CInt(level)), (ZSTD_c_checksumFlag, 1)] {
            guard ZSTD_isError(ZSTD_CCtx_setParameter(context, parameter, value)) == 0 else {
                throw .invalidLevel(level)
            }
        }
    }

    deinit { ZSTD_freeCCtx(context) }

    func encode(
        _ input: UnsafeBufferPointer<UInt8>, isLast: Bool, into output: UnsafeMutableBufferPointer<UInt8>
    ) throws(CompressionError) -> DecodingStep {
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var destination = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let result = ZSTD_compressStream2(context, &destination, &source, isLast ? ZSTD_e_end : ZSTD_e_continue)
        guard ZSTD_isError(result) == 0 else {
            throw .corrupt(.zstd, reason: String(cString: ZSTD_getErrorName(result)).lowercased())
        }
        return DecodingStep(consumed: source.pos, produced: destination.pos, endsFrame: isLast && result == 0)
    }
}
