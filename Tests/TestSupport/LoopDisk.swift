/// An ext4 file system of its own on a file, unmounted when this value goes. Its blocks are of 1 KiB, as mkfs makes them for
/// small disks.
public final class LoopDisk {
    private let scratch: Scratch
    public var path: String { scratch.path("disk") }

    public init(megabytes: Int) throws {
        scratch = try Scratch(["disk": .directory])
        let (image, place) = (scratch.path("image"), scratch.path("disk"))
        let run = try ProgramRun.of(
            "/bin/sh",
            [
                "-c", "truncate -s \(megabytes)M \(image) && /sbin/mkfs.ext4 -q -b 1024 \(image) && mount -o loop \(image) \(place)",
            ])
        guard run.status == 0 else { throw Program.Failure(description: "\(run)") }
    }

    deinit { _ = try? ProgramRun.of("/bin/umount", ["-l", path]) }
}
