/// An id of 64 hexadecimal digits, from the kernel's random numbers.
public enum RandomID {
    public static func make() -> String {
        var generator = SystemRandomNumberGenerator()
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(64)
        for _ in 0..<8 {
            let word = generator.next()
            for shift in stride(from: 0, to: 32, by: 4) { text.append(digits[Int(word >> UInt64(shift) & 15)]) }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
