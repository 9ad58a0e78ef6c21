import Testing

@testable import RuntimeClient

@Suite("Detach keys")
struct DetachKeysTests {
    @Test("are Docker's words", arguments: ["ctrl-p,ctrl-q", "a", "ctrl-@,x", "ctrl-_", "ctrl-[,ctrl-\\"])
    func parses(text: String) { #expect(DetachKeys(parsing: text) != nil) }

    @Test("are nothing else", arguments: ["", ",", "ctrl-", "ctrl-P", "ctrl-pp", "a,,b", "é"])
    func refuses(text: String) { #expect(DetachKeys(parsing: text) == nil) }

    @Test("are found across reads, and what only began like them goes on")
    func matches() throws {
        var matcher = DetachKeyMatcher(.standard)
        #expect(matcher.filter([1, 0x10]).passed == [1])
        #expect(matcher.filter([2]).passed == [0x10, 2])
        #expect(matcher.filter([0x10, 0x10]).passed == [0x10])
        let (passed, isDetached) = matcher.filter([0x11, 9])
        #expect(passed == [] && isDetached)
    }

    @Test("may begin anew inside a failed beginning")
    func overlaps() throws {
        var matcher = DetachKeyMatcher(try #require(DetachKeys(parsing: "a,a,b")))
        let (passed, isDetached) = matcher.filter(Array("aaab".utf8)[...])
        #expect(passed == Array("a".utf8) && isDetached)
    }
}
