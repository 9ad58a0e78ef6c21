import Builder
import Testing

@Suite("--chmod")
struct ModeChangeTests {
    @Test(
        "changes a mode as chmod(1) does, without a umask",
        arguments: [
            ("640", 0o755, false, 0o640), ("4711", 0o644, false, 0o4711), ("0", 0o777, true, 0), ("u+x", 0o644, false, 0o744),
            ("+x", 0o644, false, 0o755), ("a=r", 0o755, false, 0o444), ("go-w", 0o666, false, 0o644), ("u=rwX,go=rX", 0o600, false, 0o644),
            ("u=rwX,go=rX", 0o700, true, 0o755), ("u=rwX,go=rX", 0o700, false, 0o755), ("g=u", 0o640, false, 0o660), ("u+s", 0o755, false, 0o4755),
            ("g+s,o+t", 0o755, true, 0o3755), ("ug+rw-x", 0o711, false, 0o661), ("o=", 0o777, false, 0o770), ("a+X", 0o644, false, 0o644),
            ("=rw", 0o4755, false, 0o666), ("u=rw", 0o4755, true, 0o4655),
        ] as [(String, UInt32, Bool, UInt32)])
    func modes(_ text: String, _ before: UInt32, _ isDirectory: Bool, _ after: UInt32) throws {
        #expect(try ModeChange(text).applied(to: before, isDirectory: isDirectory) == after)
    }

    @Test("refuses what is none", arguments: ["999", "", "10000", "u+z", "u", "x+", "u+x,", "0x1ff", "-1 "])
    func errors(_ text: String) throws {
        let error = #expect(throws: ModeError.self) { try ModeChange(text) }
        #expect("\(error ?? ModeError(text: ""))" == "invalid chmod parameter: '\(text)'. it should be octal string and between 0 and 07777")
    }

    @Test("gives directories on the way a mode that others can't write with")
    func newDirectories() throws {
        #expect(try ModeChange("640").ofNewDirectory == 0o640)
        #expect(try ModeChange("777").ofNewDirectory == 0o755)
        #expect(try ModeChange("u+x").ofNewDirectory == 0o755)
    }
}
