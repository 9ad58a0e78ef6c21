import CCodecs

/// Zstandard frames by libzstd.
final class ZstdDecoder: FrameDecoder {
    private let context: OpaquePointer
    private let windowLog: Int

    init(windowLog: Int) throws(CompressionError) {
        guard let context = ZSTD_createDCtx() else { throw .unavailable(.zstd) }
        self.context = context
        self.windowLog = windowLog
        // A value that libzstd refuses (below 10, above 31) would leave its own default of 27 in force.
        let result = ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, CInt(clamping: windowLog))
        guard ZSTD_isError(result) == 0 else { throw .windowTooLarge(limitInBytes: 0) }
    }

    deinit { ZSTD_freeDCtx(context) }

    // ZSTD_decompressStream goes on with the next frame by itself.
    func startFrame() {}

    func decode(
        _ input: UnsafeBufferPointer<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>
    ) throws(CompressionError) -> DecodingStep {
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var destination = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let result = ZSTD_decompressStream(context, &destination, &source)
        if ZSTD_isError(result) != 0 {
            switch ZSTD_getErrorCode(result) {
            case ZSTD_error_frameParameter_windowTooLarge: throw .windowTooLarge(limitInBytes: 1 << Int64(windowLog))
            default: throw .corrupt(.zstd, reason: String(cString: ZSTD_getErrorName(result)).lowercased())
            }
        }
        return DecodingStep(consumed: source.pos, produced: destination.pos, endsFrame: result == 0)
    }
}
