import Linux
import OCI

extension SeccompFilter {
    /// The filter of a container whose bundle may leave it to a file that an earlier container's was kept in.
    ///
    /// - Parameter file: See ``CreateOptions/filterFile``.
    init?(_ section: RuntimeSpec.Seccomp?, keptIn file: String?) throws(RuntimeError) {
        switch (section, file) {
        case (let section?, let file):
            self = try section.compiled()
            // Without it the next container's is compiled, too.
            if let file { try? FileDescriptor.replaceContents(of: file, with: bytes) }
        case (nil, let file?):
            let kept = try attempt("read the container's system call filter") { () throws(SystemCallError) in
                try FileDescriptor.contents(of: file)
            }
            guard let filter = SeccompFilter(bytes: kept) else {
                throw RuntimeError(.invalid, cannot: "read the container's system call filter", because: "\(file) holds none")
            }
            self = filter
        case (nil, nil): return nil
        }
    }
}

extension SeccompFilter {
    /// 8 bytes for each instruction, behind 4 of flags; little-endian.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(4 + 8 * instructions.count)
        func add(_ number: UInt32, _ count: Int) {
            for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: number >> UInt32(8 * index))) }
        }
        add(flags, 4)
        for instruction in instructions {
            add(UInt32(instruction.code), 2)
            add(UInt32(instruction.jumpIfTrue), 1)
            add(UInt32(instruction.jumpIfFalse), 1)
            add(instruction.operand, 4)
        }
        return bytes
    }

    init?(bytes: [UInt8]) {
        // The kernel takes no empty program.
        guard bytes.count > 4, bytes.count % 8 == 4 else { return nil }
        func number(_ offset: Int, _ count: Int) -> UInt32 {
            (0..<count).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) }
        }
        let instructions = stride(from: 4, to: bytes.count, by: 8).map { offset in
            BPFInstruction(
                UInt16(truncatingIfNeeded: number(offset, 2)), jumpIfTrue: bytes[offset + 2],
                jumpIfFalse: bytes[offset + 3], number(offset + 4, 4))
        }
        self.init(instructions: instructions, flags: number(0, 4))
    }
}
