import Linux
import Testing
import TestSupport

@Suite("Opening a path inside a root")
struct PathConfinementTests: ~Copyable {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch(["root/etc": .directory, "secret": "host", "root/link": .symlink("../secret")])
    }

    @Test("does not leave the root, whatever the path says", arguments: ["../secret", "etc/../../secret", "link"])
    func staysInside(path: String) throws {
        let root = try FileDescriptor.directory(scratch.path("root"))
        let error = #expect(throws: SystemCallError.self) { try FileDescriptor.open(path, in: root).close() }
        #expect(error?.errno == .noSuchFile)  // resolved as root/secret, which is not there
    }

    @Test("refuses a path that would leave, where that is asked", arguments: ["../secret", "/etc", "link"])
    func refuses(path: String) throws {
        let root = try FileDescriptor.directory(scratch.path("root"))
        let error = #expect(throws: SystemCallError.self) {
            try FileDescriptor.open(path, in: root, .beneath).close()
        }
        #expect(error?.errno == .crossesDevices)
    }
}
