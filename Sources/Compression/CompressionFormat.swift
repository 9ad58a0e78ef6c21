/// How the bytes of a layer or archive are compressed.
public enum CompressionFormat: String, Hashable, Sendable, CaseIterable {
    /// Not at all.
    case none
    /// One or more gzip members (RFC 1952).
    case gzip
    /// Zstandard frames (RFC 8878), skippable ones among them.
    case zstd

    /// How many bytes ``init(magic:)`` wants to see.
    public static let magicSize = 4

    /// Tells the format from a stream's first bytes; what isn't known is ``none``.
    public init(magic bytes: some Collection<UInt8>) {
        let bytes = Array(bytes.prefix(Self.magicSize))
        if bytes.starts(with: [0x1F, 0x8B]) {
            self = .gzip
        } else if bytes == [0x28, 0xB5, 0x2F, 0xFD]
            || (bytes.count == 4 && bytes[0] & 0xF0 == 0x50 && bytes[1...] == [0x2A, 0x4D, 0x18])
        {
            self = .zstd
        } else {
            self = .none
        }
    }
}

/// Why a compressed stream can't be decoded.
public enum CompressionError: Error, Hashable, Sendable {
    /// The stream ends inside a gzip member or zstd frame.
    case truncated(CompressionFormat)
    /// Wrong checksum, length or structure; the decoder's own words.
    case corrupt(CompressionFormat, reason: String)
    /// Bytes that start no further gzip member or zstd frame follow the last one.
    case trailingGarbage(CompressionFormat)
    /// The zstd frame asks for a window above ``DecodingLimits/windowLog``.
    case windowTooLarge(limitInBytes: Int64)
    /// Above ``DecodingLimits/totalInBytes``.
    case tooLarge(limitInBytes: Int64)
    /// Above ``DecodingLimits/ratio``.
    case ratioTooHigh(limit: Int64)
    /// A codec can't be set up: no memory.
    case unavailable(CompressionFormat)
    /// The level is none that the encoder has.
    case invalidLevel(Int)
}

extension CompressionError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .truncated(let format): "\(format.rawValue) stream ends too early"
        case .corrupt(let format, let reason): "\(format.rawValue) stream is corrupt: \(reason)"
        case .trailingGarbage(let format): "bytes that are not \(format.rawValue) follow the \(format.rawValue) stream"
        case .windowTooLarge(let limit): "zstd window is larger than the limit of \(limit) bytes"
        case .tooLarge(let limit): "decompressed size is above the limit of \(limit) bytes"
        case .ratioTooHigh(let limit): "compression ratio is above the limit of \(limit)"
        case .unavailable(let format): "no memory for a \(format.rawValue) codec"
        case .invalidLevel(let level): "there is no compression level \(level)"
        }
    }
}

/// What a decoder takes before it gives up: a few kilobytes can unpack to terabytes.
public struct DecodingLimits: Sendable {
    /// The most bytes that come out.
    public var totalInBytes: Int64
    /// The most bytes that come out for each one that goes in, once ``ratioFreeInBytes`` are out. gzip can't exceed 1,032.
    public var ratio: Int64
    /// Output that may have any ratio: small streams of zeros are normal.
    public var ratioFreeInBytes: Int64
    /// The base-2 logarithm of the largest zstd window, which is memory that the decoder needs. RFC 8878 asks decoders
    /// for 8 MiB (23), `zstd --ultra` makes up to 128 MiB (27).
    public var windowLog: Int

    public init(
        totalInBytes: Int64 = 256 << 30, ratio: Int64 = 250, ratioFreeInBytes: Int64 = 1 << 30, windowLog: Int = 27
    ) {
        self.totalInBytes = totalInBytes
        self.ratio = ratio
        self.ratioFreeInBytes = ratioFreeInBytes
        self.windowLog = windowLog
    }

    func check(input: Int64, output: Int64) throws(CompressionError) {
        guard output <= totalInBytes else { throw .tooLarge(limitInBytes: totalInBytes) }
        guard output > ratioFreeInBytes else { return }
        let (allowed, overflows) = input.multipliedReportingOverflow(by: ratio)
        guard overflows || output <= allowed else { throw .ratioTooHigh(limit: ratio) }
    }
}
