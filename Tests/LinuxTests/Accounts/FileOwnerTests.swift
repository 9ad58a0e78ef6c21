import Linux
import Testing

@Suite("The owner that --chown says")
struct FileOwnerTests {
    private static let files = [
        "/etc/passwd": "root:x:0:0::/root:/bin/sh\napp:x:7:8::/:\nbroken\n12:x:1:1::/:\n", "/etc/group": "root:x:0:\nstaff:x:50:app\n",
    ]

    private func resolve(_ text: String) throws(AccountError) -> FileOwner {
        try FileOwner(resolving: text) { path throws(SystemCallError) in Self.files[path].map { Array($0.utf8) } }
    }

    @Test(
        "is found by name or id",
        arguments: [
            ("app", 7, 8), ("app:staff", 7, 50), (":staff", 0, 50), ("7", 7, 7), ("12", 12, 12), ("7:9", 7, 9), ("app:9", 7, 9), ("9:staff", 9, 50),
        ] as [(String, UInt32, UInt32)])
    func names(_ text: String, _ user: UInt32, _ group: UInt32) throws {
        #expect(try resolve(text) == FileOwner(userID: user, groupID: group))
    }

    @Test("is an error where there is no such name", arguments: ["nobody", "app:nobody", ":nobody", "", "app:", "-1", "4294967295", "app:staff:x"])
    func unknown(_ text: String) {
        #expect(throws: AccountError.self) { try resolve(text) }
    }

    @Test("needs no files for ids, and names no root where there are none")
    func withoutFiles() throws {
        let none = { (_: String) throws(SystemCallError) -> [UInt8]? in nil }
        #expect(try FileOwner(resolving: "3:4", contents: none) == FileOwner(userID: 3, groupID: 4))
        let error = #expect(throws: AccountError.self) { try FileOwner(resolving: "app", contents: none) }
        #expect(error?.description == "unable to find user app: no matching entries in passwd file")
    }
}
