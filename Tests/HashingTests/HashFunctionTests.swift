import Hashing
import Testing

@Suite("Hashing")
struct HashFunctionTests {
    @Test(
        "gives the digests of FIPS 180-4's examples",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ])
    func knownDigests(text: String, digest: String) {
        #expect(SHA256.hexDigest(of: text.utf8) == digest)
    }

    @Test("gives SHA-512 too")
    func sha512() {
        #expect(
            SHA512.hexDigest(of: "abc".utf8)
                == "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f")
    }

    @Test("gives the same digest whatever the pieces", arguments: [1, 63, 64, 65, 1000])
    func pieces(size: Int) {
        let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 * 31) }
        var hash = SHA256()
        for start in stride(from: 0, to: bytes.count, by: size) {
            hash.update(bytes[start..<min(start + size, bytes.count)])
        }
        #expect(hash.digest() == SHA256.digest(of: bytes))
    }

    @Test("goes on after it was asked for the digest so far")
    func digestDoesNotEnd() {
        var hash = SHA256()
        hash.update(Array("ab".utf8))
        let copy = hash
        #expect(hash.digest() == SHA256.digest(of: "ab".utf8))
        hash.update(Array("c".utf8).span)
        #expect(hash.hexDigest() == SHA256.hexDigest(of: "abc".utf8))
        #expect(copy.digest() == SHA256.digest(of: "ab".utf8))
    }
}
