import OCI
import Testing

@Suite("Timestamps")
struct TimestampTests {
    @Test("are written as Go writes them", arguments: [
        (0, "1970-01-01T00:00:00Z"), (1_700_000_000_123_456_789, "2023-11-14T22:13:20.123456789Z"),
        (1_709_164_800_500_000_000, "2024-02-29T00:00:00.5Z"), (-1, "1969-12-31T23:59:59.999999999Z"),
        (951_782_399_000_000_000, "2000-02-28T23:59:59Z"), (.max, "2262-04-11T23:47:16.854775807Z"),
    ] as [(Int64, String)])
    func writes(nanoseconds: Int64, text: String) {
        #expect(Timestamp(nanoseconds: nanoseconds).description == text)
        #expect(Timestamp(parsing: text)?.nanoseconds == nanoseconds)
    }

    @Test("are read with an offset and more digits than count")
    func reads() {
        #expect(Timestamp(parsing: "2023-11-14T23:13:20.1234567899+01:00")?.nanoseconds == 1_700_000_000_123_456_789)
        #expect(Timestamp(parsing: "2023-11-14t17:13:20-05:00")?.nanoseconds == 1_700_000_000_000_000_000)
    }

    @Test("are nothing else", arguments: [
        "", "2023", "2023-11-14T22:13:20", "2023-13-14T22:13:20Z", "2023-11-14T24:13:20Z", "2023-11-14T22:13:20.Z",
        "9999-01-01T00:00:00Z", "2023-11-14T22:13:20Zx", "٢023-11-14T22:13:20Z",
    ])
    func refuses(text: String) { #expect(Timestamp(parsing: text) == nil) }
}
