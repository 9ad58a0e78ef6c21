import Linux
import OCI
import Testing
import TestSupport

@testable import Runtime

@Suite("A filter of system calls, kept in a file")
struct SeccompFilterFileTests {
    private let section = RuntimeSpec.Seccomp(defaultAction: .errno, syscalls: [.init(["read", "write"], .allow)])

    @Test("is the one that was compiled")
    func isTheSame() throws {
        let scratch = try Scratch()
        let file = scratch.path("filter")
        let compiled = try SeccompFilter(section, keptIn: file)
        #expect(compiled != nil)
        #expect(try SeccompFilter(nil, keptIn: file) == compiled)
        #expect(try SeccompFilter(section, keptIn: nil) == compiled)
    }

    @Test("gives way to what the bundle says")
    func givesWay() throws {
        let scratch = try Scratch()
        let file = scratch.path("filter")
        _ = try SeccompFilter(section, keptIn: file)
        let other = RuntimeSpec.Seccomp(defaultAction: .killProcess, syscalls: [.init(["read"], .allow)])
        let compiled = try SeccompFilter(other, keptIn: file)
        #expect(try compiled == SeccompFilter(other, keptIn: nil))
        #expect(try SeccompFilter(nil, keptIn: file) == compiled)
    }

    @Test("is no reason to go without one, where the file is missing or holds none")
    func isMissing() throws {
        let scratch = try Scratch()
        let file = scratch.path("filter")
        #expect(throws: RuntimeError.self) { try SeccompFilter(nil, keptIn: file) }
        for size in [0, 3, 4, 7] {
            try FileDescriptor.replaceContents(of: file, with: [UInt8](repeating: 0, count: size))
            #expect(throws: RuntimeError.self, "\(size)") { try SeccompFilter(nil, keptIn: file) }
        }
        #expect(try SeccompFilter(nil, keptIn: nil) == nil)
    }
}
