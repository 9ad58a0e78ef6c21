import Glibc
import Linux
import TestSupport
import Testing

@Suite("A directory that is made locked")
struct LockedDirectoryTests {
    @Test("is never taken for left over before it has its lock")
    func takenForLeftOver() throws {
        let scratch = try Scratch()
        let root = scratch.root
        let others = ThreadPool(width: 1)
        try others.add { try Self.collect(in: root) }
        let made = Result { try Self.make(2000, in: root) }
        try Directory.create(root + "/end")
        try others.finish()
        try made.get()
    }

    @Test("is none where it is there")
    func isThere() throws {
        let scratch = try Scratch(["d": .directory])
        let isMade = try Directory.createLocked(scratch.path("d")) != nil
        #expect(!isMade)
    }

    private static func make(_ count: Int, in root: String) throws {
        for number in 0..<count {
            guard let directory = try Directory.createLocked("\(root)/\(number)") else { throw SystemCallError("mkdir", on: root, .exists) }
            #expect(access("\(root)/\(number)", F_OK) == 0)
            try directory.makeDirectory("child", mode: 0o700)
        }
    }

    /// Removes what has no lock, until there is an `end`.
    private static func collect(in root: String) throws {
        while access(root + "/end", F_OK) != 0 {
            let names = try FileDescriptor.directory(root).names()
            try Directory.waitForLocks(in: root)
            for name in names {
                // It may be gone.
                guard let directory = try? FileDescriptor.directory("\(root)/\(name)"), try directory.tryLockWhole() else { continue }
                try Directory.removeTree("\(root)/\(name)")
                try directory.unlockWhole()
            }
        }
    }
}
