import Glibc
import ImageStore
import Linux
import Metadata
import OCI
import StoreSamples
import TestSupport
import Testing

@Suite("A store on a full disk")
struct FullDiskTests {
    /// Runs `body` on a thread that sees a file system of 16 MiB at the path; it goes with the thread.
    private func onSmallDisk(_ path: String, _ body: @escaping @Sendable (String) throws -> Void) async throws {
        try await OwnThread.run {
            try Namespace.unshare(.mount)
            // Else the host would see it, too.
            guard Glibc.mount("none", "/", nil, UInt(MS_REC | MS_PRIVATE), nil) == 0,
                Glibc.mount("tmpfs", path, "tmpfs", 0, "size=16m,mode=0755") == 0
            else { throw SystemCallError("mount", on: path, Errno(rawValue: errno)) }
            try body(path)
        }
    }

    /// Takes all the room that is left.
    private func fill(_ path: String) throws {
        let file = try FileDescriptor.open(path, flags: O_WRONLY | O_CREAT)
        for size in [1 << 20, 4096, 1] {
            do throws(SystemCallError) {
                while true { try file.writeAll([UInt8](repeating: 1, count: size)) }
            } catch {
                guard error.errno == .noSpace else { throw error }
            }
        }
    }

    @Test("says so in the middle of a blob or layer, leaves nothing of it, and can be emptied")
    func fullInTheMiddle() async throws {
        let scratch = try Scratch(["disk": .directory])
        try await onSmallDisk(scratch.path("disk")) { disk in
            let root = disk + "/root"
            let small = try SampleImage([("a", "1")])
            try small.pull(into: ImageStore(root: root), as: "small")
            let big = try SampleImage(layers: [
                SampleImage.file("big", [UInt8](repeating: 7, count: 10 << 20)) + SampleImage.end
            ])
            let store = try ImageStore(root: root)
            // The blob fits, the layer beside it does not.
            let error = #expect(throws: StoreError.self) { try big.pull(into: store, as: "big") }
            #expect(error?.isNoSpace == true)
            #expect(try FileDescriptor.directory(root + "/layers/.ingest").names().isEmpty)
            let huge = try store.ingestBlob(expecting: big.id.digest, size: nil, lease: store.lease(), waiting: true)
            if case .writer(let writer) = huge {
                let error = #expect(throws: StoreError.self) {
                    while true { try writer.write([UInt8](repeating: 1, count: 1 << 20)) }
                }
                #expect(error?.isNoSpace == true)
            }
            #expect(try store.prune(.dangling).reclaimed >= 10 << 20)
            #expect(try store.check(repair: false).isEmpty)
            #expect(try store.lowerDirectories(of: small.id).count == 1)
        }
    }

    @Test("opens, and gives room back, when there is none left at all")
    func fullBefore() async throws {
        let scratch = try Scratch(["disk": .directory])
        try await onSmallDisk(scratch.path("disk")) { disk in
            let root = disk + "/root"
            let image = try SampleImage(layers: [
                SampleImage.file("big", [UInt8](repeating: 7, count: 1 << 20)) + SampleImage.end
            ])
            try image.pull(into: ImageStore(root: root), as: "image")
            try fill(disk + "/filler")
            let store = try ImageStore(root: root)
            #expect(try store.images().count == 1)
            let error = #expect(throws: StoreError.self) {
                for number in 0..<1000 { try store.tag(image.id, as: Reference("x:\(number)"), at: 1) }
            }
            #expect(error?.isNoSpace == true)
            #expect(try store.prune(.unused).removed.contains(.deletedImage(image.id)))
            #expect(try store.check(repair: false).isEmpty)
            #expect(try store.images().isEmpty)
        }
    }
}
