import Linux

/// Whether a weight of block I/O has any effect: only some schedulers of disks know of it.
enum BlockScheduler {
    /// - Throws: If no disk of this host uses BFQ, so that the kernel would take the weight and ignore it.
    static func requireBFQ() throws(CgroupError) {
        guard disks().contains(where: { usesBFQ("/sys/block/\($0)/queue/scheduler") }) else {
            throw .notSupported(
                limit: "block I/O weight",
                reason: "no disk uses the bfq scheduler, the only one that knows weights."
                    + " Choose it with: echo bfq > /sys/block/DISK/queue/scheduler")
        }
    }

    /// The same for one disk, or the disk of a partition.
    static func requireBFQ(on device: DeviceNumber) throws(CgroupError) {
        let disk = "/sys/dev/block/\(device)"
        guard usesBFQ("\(disk)/queue/scheduler") || usesBFQ("\(disk)/../queue/scheduler") else {
            throw .notSupported(
                limit: "block I/O weight of a device", reason: "disk \(device) does not use the bfq scheduler")
        }
    }

    /// Whether the controller that shares I/O by cost (blk-iocost) is switched on for a disk. Only on v2.
    static func usesCost(root: String) -> Bool {
        // The file is missing where the kernel lacks the controller.
        guard let text = try? FileDescriptor.contents(of: "\(root)/io.cost.qos") else { return false }
        return String(decoding: text, as: UTF8.self).split(whereSeparator: \.isWhitespace).contains("enable=1")
    }

    private static func disks() -> [PathBytes] {
        // Without sysfs there is no disk that Hako could know of.
        (try? FileDescriptor.directory("/sys/block").names()) ?? []
    }

    private static func usesBFQ(_ file: String) -> Bool {
        guard let text = try? FileDescriptor.contents(of: file, limit: 4096) else { return false }
        return String(decoding: text, as: UTF8.self).contains("[bfq]")
    }
}

/// Swap in the running kernel.
enum SwapSupport {
    /// False for a kernel without CONFIG_SWAP, which has no `/proc/swaps`.
    static var isBuiltIn: Bool { (try? FileDescriptor.status(of: "/proc/swaps")) != nil }
}
