/// What one call of a decoder did.
struct DecodingStep {
    var consumed: Int
    var produced: Int
    /// The gzip member or zstd frame is complete and verified.
    var endsFrame: Bool
}

/// A decoder of one format that works on the buffers it is given.
protocol FrameDecoder: AnyObject {
    /// Makes ready for the next gzip member or zstd frame.
    func startFrame()

    /// Decodes as much as fits. Consuming and producing nothing means that it needs more input.
    func decode(
        _ input: UnsafeBufferPointer<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>
    ) throws(CompressionError) -> DecodingStep
}
