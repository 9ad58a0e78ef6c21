import MonitorProtocol
import Testing

@Suite("The file of a container's last use")
struct UsageRingTests {
    private func sample(_ number: UInt64) -> UsageSample {
        var sample = UsageSample()
        sample.time = 1_000_000 + number
        sample.processor = number * 1_000_000_007
        sample.memory = .max - number - 1
        sample.throttled = UsageSample.unknown
        return sample
    }

    /// The file after so many samples.
    private func file(_ count: UInt64) -> [UInt8] {
        var bytes = UsageRing.head
        var buffer = [UInt8](repeating: 0xFF, count: 4096)
        for number in 0..<count {
            UsageRing.encode(sample(number), into: &buffer)
            let start = Int(UsageRing.offset(of: Int(number)))
            if bytes.count < start + UsageRing.size { bytes += [UInt8](repeating: 0, count: start + UsageRing.size - bytes.count) }
            bytes.replaceSubrange(start..<start + UsageRing.size, with: buffer[..<UsageRing.size])
        }
        return bytes
    }

    @Test("gives back what was put in, the oldest first, and no more than it has places for", arguments: [0, 1, 15, 16, 17, 40] as [UInt64])
    func roundTrip(count: UInt64) {
        let bytes = file(count)
        #expect(bytes.count <= 64 << 10)
        #expect(UsageRing.samples(in: bytes) == (count - min(count, UInt64(UsageRing.count))..<count).map(sample))
    }

    @Test("goes on in the oldest place", arguments: [(0, 0), (1, 1), (15, 15), (16, 0), (17, 1), (40, 8)] as [(UInt64, Int)])
    func next(count: UInt64, place: Int) {
        #expect(UsageRing.next(in: file(count)) == place)
        #expect(UsageRing.next(in: []) == 0)
    }

    @Test("what is cut, or no such file, has what is whole of it, or nothing")
    func damage() {
        let bytes = file(5)
        for length in bytes.indices { #expect(UsageRing.samples(in: Array(bytes[..<length])).count <= 5) }
        #expect(UsageRing.samples(in: Array(bytes.dropLast())).count == 4)
        #expect(UsageRing.samples(in: [UInt8](repeating: 0x41, count: 4096)).isEmpty)
    }
}
