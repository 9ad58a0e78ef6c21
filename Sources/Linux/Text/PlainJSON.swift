import CLinux

extension ArraySlice<UInt8> {
    /// Where, from `index` on, the first byte is that does not stand for itself in JSON as Go's encoder writes it; the end where
    /// there is none. What does is ASCII, but not control characters, `"`, `\`, `<`, `>` and `&`.
    public func endOfPlainJSON(from index: Int) -> Int {
        withUnsafeBufferPointer { text in
            guard let start = text.baseAddress, index < endIndex else { return index }
            return index + hako_plain_json(start + (index - startIndex), endIndex - index)
        }
    }
}

extension [UInt8] {
    /// Appends each line of `text` without its line end between `beginning` and `ending`, as long as lines are plain (as by
    /// ``Swift/ArraySlice/endOfPlainJSON(from:)``) and whole.
    ///
    /// Most lines of most logs are: this is what a chatty container's log costs.
    ///
    /// - Parameters:
    ///   - index: Where the first line begins.
    ///   - limit: How many bytes are to be here: when there are, no further line is begun.
    /// - Returns: Where the first line begins that was not appended.
    public mutating func appendPlainLines(
        of text: ArraySlice<UInt8>, from index: Int, beginning: [UInt8], ending: [UInt8], until limit: Int
    ) -> Int {
        guard count < limit else { return index }
        let limit = limit - count
        var end = index
        append(addingCapacity: limit + Self.longLine) { span in
            span.withUnsafeMutableBufferPointer { out, count in
                var written = 0
                end += text[index...].plainLines(beginning, ending, limit, UnsafeMutableBufferPointer(rebasing: out[count...]), &written)
                count += written
            }
        }
        return end
    }

    /// What of the last line may go beyond the limit. One that is longer is appended by who called.
    private static let longLine = 1 << 10
}

extension ArraySlice<UInt8> {
    fileprivate func plainLines(
        _ beginning: [UInt8], _ ending: [UInt8], _ limit: Int, _ out: UnsafeMutableBufferPointer<UInt8>, _ written: inout Int
    ) -> Int {
        withUnsafeBufferPointer { text in
            beginning.withUnsafeBufferPointer { beginning in
                ending.withUnsafeBufferPointer { ending in
                    hako_plain_lines(
                        text.baseAddress, text.count, beginning.baseAddress, beginning.count, ending.baseAddress, ending.count,
                        out.baseAddress, limit, out.count, &written)
                }
            }
        }
    }
}
