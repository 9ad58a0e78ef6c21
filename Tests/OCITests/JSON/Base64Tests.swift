import Testing

@testable import OCI

@Suite("Base64")
struct Base64Tests {
    @Test(
        "is read as it is written",
        arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")])
    func roundTrip(text: String, encoded: String) {
        #expect(Base64.encode(Array(text.utf8)[...]) == encoded)
        #expect(Base64.decode(encoded) == Array(text.utf8))
    }

    @Test("is nothing else", arguments: ["Zg=a", "Z", "Zm9v!", "Zg===", "Zg=b"])
    func refuses(text: String) { #expect(Base64.decode(text) == nil) }
}
