import Linux

/// The two calls of i386 behind which others hide, some of which have a number of their own too (since Linux 4.3, 5.1).
/// socketcall(2), ipc(2).
enum SeccompMultiplexer {
    struct Call {
        let row: SystemCallTable.Row
        /// The multiplexer's number.
        let number: UInt32
        /// Its first argument.
        let selector: UInt32
    }

    /// How the call is reached through a multiplexer, nil if it isn't.
    static func call(of row: SystemCallTable.Row) -> Call? {
        let index = callOfRow[Int(row.index)]
        return index < 0 ? nil : calls[Int(index)]
    }

    /// For each row of the table an index of ``calls``, or -1: the question is asked for every name of a policy.
    private static let callOfRow: [Int8] = {
        var indices = [Int8](repeating: -1, count: SystemCallTable.count)
        for (index, call) in calls.enumerated() { indices[Int(call.row.index)] = Int8(index) }
        return indices
    }()

    static let ipc: UInt32 = 117
    private static let socketcall: UInt32 = 102

    private static let calls: [Call] =
        sockets.compactMap { name, selector in
            SystemCallTable.row(named: name).map { Call(row: $0, number: socketcall, selector: selector) }
        }
        + systemV.compactMap { name, selector in
            SystemCallTable.row(named: name).map { Call(row: $0, number: ipc, selector: selector) }
        }

    /// linux/net.h, `SYS_SOCKET` and on.
    private static let sockets: [(name: String, selector: UInt32)] = [
        ("socket", 1), ("bind", 2), ("connect", 3), ("listen", 4), ("accept", 5), ("getsockname", 6),
        ("getpeername", 7), ("socketpair", 8), ("send", 9), ("recv", 10), ("sendto", 11), ("recvfrom", 12),
        ("shutdown", 13), ("setsockopt", 14), ("getsockopt", 15), ("sendmsg", 16), ("recvmsg", 17), ("accept4", 18),
        ("recvmmsg", 19), ("sendmmsg", 20),
    ]

    /// linux/ipc.h, `SEMOP` and on.
    private static let systemV: [(name: String, selector: UInt32)] = [
        ("semop", 1), ("semget", 2), ("semctl", 3), ("semtimedop", 4), ("msgsnd", 11), ("msgrcv", 12), ("msgget", 13),
        ("msgctl", 14), ("shmat", 21), ("shmdt", 22), ("shmget", 23), ("shmctl", 24),
    ]
}
