import Linux

/// What clients typed and the container has not read yet.
struct InputQueue {
    private var pending: [UInt8] = []
    /// Whether the container's input is to end when all of it is written.
    private(set) var isEnding = false

    var isEmpty: Bool { pending.isEmpty }
    /// A client's frame more fits; then clients are not listened to.
    var hasRoom: Bool { pending.count < 32 << 10 }

    mutating func append(_ bytes: [UInt8]) { if !isEnding { pending.append(contentsOf: bytes) } }
    mutating func end() { isEnding = true }

    /// Writes what the container takes now.
    mutating func flush(to input: borrowing FileDescriptor) {
        do throws(SystemCallError) {
            while !pending.isEmpty { pending.removeFirst(try input.write(pending[...])) }
        } catch {
            // EPIPE: it reads no more.
            if error.errno != .wouldBlock { pending.removeAll() }
        }
    }
}
