import Glibc
import Linux
import TestSupport

/// The Docker 28 that `HAKO_DOCKER` names, for as long as a test needs it: one test's at a time, in whichever process that runs.
final class DockerPeer {
    /// Words of a shell: `docker -H unix://…`; nil where there is none.
    static let command = variable("HAKO_DOCKER")
    /// What enters its network, where that is one of its own: `nsenter -t PID -n`; else empty.
    static let enter = variable("DOCKER_ENTER") ?? ""

    private let turn: FileDescriptor

    /// Waits until others are done with it: what they make would be in this one's lists.
    init() throws {
        turn = try FileDescriptor.open("/var/tmp/hako-test-docker.lock", flags: O_RDWR | O_CREAT)
        try RecordLock.acquireWaiting(byte: 0, of: turn)
    }

    private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
