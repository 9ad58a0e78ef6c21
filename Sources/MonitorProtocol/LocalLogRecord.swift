import OCI

/// One record of log driver `local`, so that it can be read from either end of a file.
///
/// ```
/// length   4 bytes   of what is between the two lengths; little-endian, as all numbers
/// flags    1 byte    1: of standard error; 2: with details
/// time     8 bytes   nanoseconds since 1970
/// details  2 bytes their length, and as many: `name=value,…` in UTF-8; only with flag 2
/// text               the bytes that the container wrote, mostly with their line end
/// length   4 bytes   the same once more
/// ```
public struct LocalLogRecord: Hashable, Sendable {
    public var isError: Bool
    public var time: Timestamp
    public var details: ArraySlice<UInt8>
    public var text: ArraySlice<UInt8>

    /// Bytes of the two lengths.
    public static let frameSize = 8
    /// Of what is between them: a piece of text, and 64 KiB of details.
    public static let limit = 96 << 10
    private static let fixedSize = 9

    /// Appends a record to `bytes`; of details more than 65,535 bytes are cut.
    public static func append(
        _ text: ArraySlice<UInt8>, isError: Bool, time: Timestamp, details: [UInt8], to bytes: inout [UInt8]
    ) {
        let details = details.prefix(Int(UInt16.max))
        let length = fixedSize + (details.isEmpty ? 0 : 2 + details.count) + text.count
        append(UInt32(truncatingIfNeeded: length), to: &bytes)
        bytes.append((isError ? 1 : 0) | (details.isEmpty ? 0 : 2))
        append(UInt64(bitPattern: time.nanoseconds), to: &bytes)
        if !details.isEmpty {
            append(UInt16(truncatingIfNeeded: details.count), to: &bytes)
            bytes.append(contentsOf: details)
        }
        bytes.append(contentsOf: text)
        append(UInt32(truncatingIfNeeded: length), to: &bytes)
    }

    private static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
        for shift in stride(from: 0, to: number.bitWidth, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> shift))
        }
    }

    /// The length at `index`, of what is between the two; nil where there are no four bytes, or none that a record can have.
    public static func length(at index: Int, in bytes: ArraySlice<UInt8>) -> Int? {
        guard index >= bytes.startIndex, index + 4 <= bytes.endIndex else { return nil }
        let length = Int(number(bytes[index..<index + 4]))
        return (fixedSize...limit).contains(length) ? length : nil
    }

    /// How many records `bytes` are.
    public static func count(in bytes: ArraySlice<UInt8>) -> Int {
        var (index, count) = (bytes.startIndex, 0)
        while let length = length(at: index, in: bytes) {
            index += size(length: length)
            count += 1
        }
        return count
    }

    /// Reads the record at the beginning of `bytes`; nil where there is no whole one, or nothing that is one.
    public init?(_ bytes: ArraySlice<UInt8>) {
        guard let length = Self.length(at: bytes.startIndex, in: bytes), bytes.count >= length + Self.frameSize,
            Self.length(at: bytes.startIndex + 4 + length, in: bytes) == length
        else { return nil }
        let body = bytes[(bytes.startIndex + 4)..<(bytes.startIndex + 4 + length)]
        let flags = body[body.startIndex]
        isError = flags & 1 != 0
        time = Timestamp(nanoseconds: Int64(bitPattern: Self.number(body.dropFirst().prefix(8))))
        var rest = body.dropFirst(Self.fixedSize)
        details = []
        if flags & 2 != 0 {
            let count = Int(Self.number(rest.prefix(2)))
            guard rest.count >= 2 + count else { return nil }
            details = rest.dropFirst(2).prefix(count)
            rest = rest.dropFirst(2 + count)
        }
        text = rest
    }

    /// How many bytes the record takes.
    public static func size(length: Int) -> Int { length + frameSize }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
