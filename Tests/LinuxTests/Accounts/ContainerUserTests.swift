import Glibc
import Linux
import Testing
import TestSupport

@Suite("Resolving a container's user")
struct ContainerUserTests: ~Copyable {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch([
            "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nweb:x:33:34:web:/var/www:/bin/false\n1000:x:0:0::/x:/bin/sh\nbroken\n",
            "etc/group": "root:x:0:\nwww:x:34:\nstaff:x:50:root,web\nadm:x:4:web\n",
            "plain": .directory,
        ])
    }

    private func resolve(_ user: String, groupAdd: [String] = [], below path: String = "") throws -> ContainerUser {
        try ContainerUser(
            resolving: user, groupAdd: groupAdd, in: FileDescriptor.directory(scratch.path(path)), idCount: 65536)
    }

    @Test("takes names, ids and groups as Docker does")
    func resolves() throws {
        let root = try resolve("")
        #expect([root.userID, root.groupID] == [0, 0])
        #expect(root.groups == [0, 50])
        #expect(root.home == "/root")
        let web = try resolve("web")
        #expect([web.userID, web.groupID] == [33, 34])
        #expect(web.groups == [34, 50, 4])
        #expect(web.home == "/var/www")
        #expect(try resolve("33").groups == [34, 50, 4])
        #expect(try resolve("web:adm").groups == [4])
        #expect(try resolve("web:12").groupID == 12)
        #expect(try resolve("web", groupAdd: ["staff", "7"]).groups == [34, 50, 4, 7])
        #expect(try resolve("4711").groupID == 0)
        #expect(try resolve("4711").home == "/")
    }

    @Test("takes digits for an id, never for a name")
    func digitsAreIDs() throws {
        #expect(try resolve("1000").userID == 1000)
    }

    @Test(
        "refuses what is neither a name nor an id of the container",
        arguments: [
            "4294967296", "-1", " 0", "0x0", "1:", ":0", ":", "٠", String(repeating: "9", count: 40), "nobody", "web:nogroup",
            "65536", "4294967295", "web:65536",
        ])
    func refuses(user: String) {
        #expect(throws: AccountError.self) { try resolve(user) }
    }

    @Test("does without the files", arguments: ["0", "33:34"])
    func worksWithoutFiles(user: String) throws {
        #expect(try resolve(user, below: "plain").userID == (user == "0" ? 0 : 33))
        #expect(try resolve(user, below: "plain").home == "/")
        #expect(throws: AccountError.self) { try resolve("root", below: "plain") }
    }

    @Test("neither hangs on nor follows what an image puts in their place", arguments: ["fifo", "zero", "link", "huge"])
    func hostileFiles(kind: String) throws {
        let path = scratch.path("etc/passwd")
        unlink(path)
        switch kind {
        case "fifo": #expect(mkfifo(path, 0o644) == 0)
        case "zero": #expect(mknod(path, S_IFCHR | 0o644, 1 << 8 | 5) == 0)
        case "link": #expect(symlink("/../../../../../../etc/passwd", path) == 0)
        default:
            _ = try FileDescriptor.open(path, flags: O_WRONLY | O_CREAT, mode: 0o644)
            #expect(truncate(path, 4 << 30) == 0)
        }
        #expect(throws: AccountError.self) { try resolve("daemon") }
    }
}
