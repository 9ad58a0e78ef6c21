import Glibc
import Linux
import TestSupport
import Testing

@Suite("A user namespace of its own", .enabled(if: geteuid() == 0, "maps of other ids need root"))
struct UserNamespaceTests {
    @Test("is there after the process that made it has gone, with its network namespace")
    func outlivesChild() throws {
        let namespace = try UserNamespace.create(idMap: IDMap(outsideID: 1_500_000, size: 65536), alsoNetwork: true)
        #expect(try namespace.user.status().inode != FileDescriptor.status(of: "/proc/self/ns/user").inode)
        let network = try namespace.network?.status().inode
        #expect(network != nil)
        #expect(try network != FileDescriptor.status(of: "/proc/self/ns/net").inode)
    }

    @Test("is made while its maker does something else, and is gone if nobody takes it")
    func draft() throws {
        let reading: FileDescriptor
        let draft: UserNamespace.Draft
        do {
            let pipe = try Pipe()
            draft = try UserNamespace.Draft(alsoNetwork: true)
            reading = pipe.keepingReading()
        }
        // Who is in it while it is a draft holds nothing of its maker's: whoever reads from that gets to an end.
        var entries = [PollEntry(reading.number, .readable)]
        #expect(try PollEntry.wait(&entries, timeoutMilliseconds: 20_000) == 1)
        let made = try draft.finish(idMap: IDMap(outsideID: 1_600_000, size: 65536))
        #expect(try made.user.status().inode != FileDescriptor.status(of: "/proc/self/ns/user").inode)
        #expect(try made.network?.status().inode != nil)
        do { _ = try UserNamespace.Draft(alsoNetwork: false) }
        // Only one can be begun at a time: the one that was dropped is finished.
        _ = try UserNamespace.Draft(alsoNetwork: false)
    }

    @Test("says which map the kernel refused")
    func refusedMap() throws {
        let line = IDMap.Line(insideID: 0, outsideID: 1_500_000, size: 10)
        let error = #expect(throws: SystemCallError.self) {
            let made = try UserNamespace.create(idMap: IDMap(users: [line], groups: [line, line]))
            _ = made.user.number
        }
        #expect(error?.call == "write")
        #expect(error?.operand.hasSuffix("/gid_map") == true)
        #expect(error?.errno == .invalidArgument)
    }

    @Test("translates ids inside the map only")
    func translates() {
        let map = IDMap(outsideID: 4_294_967_290, size: 100)
        #expect(map.outsideUser(5) == 4_294_967_295)
        #expect(map.outsideUser(6) == nil)  // would wrap
        #expect(IDMap(outsideID: 1000, size: 10).outsideGroup(10) == nil)
    }
}
