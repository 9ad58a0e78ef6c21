import Glibc
import Linux
import MonitorProtocol

/// A connection to a container's monitor: its streams, its end, its signals.
public struct AttachConnection: ~Copyable {
    let socket: FileDescriptor

    private init(_ socket: consuming FileDescriptor) { self.socket = socket }

    /// Connects to the monitor of a running container and says what is wanted.
    ///
    /// - Throws: `ECONNREFUSED` or `ENOENT` (``RuntimeClientError/system(_:)``) if the container has no monitor.
    public static func connect(
        bundle: String, _ request: AttachRequest
    ) throws(RuntimeClientError) -> AttachConnection {
        try calling { () throws(SystemCallError) in
            let directory = try FileDescriptor.directory(bundle)
            let connection = AttachConnection(try UnixSocket.connect(.stream, to: "monitor.sock", in: directory))
            try connection.send(AttachFrame(.request, request.json.bytes()))
            return connection
        }
    }

    /// A connection made before the monitor is there, so that nothing of the container's output is missed.
    @frozen
    public struct Prepared: ~Copyable {
        public var connection: AttachConnection
        /// What the monitor is handed as ``MonitorProcess/Handed/attach``; to be let go once it has started.
        public var monitorEnd: FileDescriptor
    }

    public static func prepare(_ request: AttachRequest) throws(RuntimeClientError) -> Prepared {
        try calling { () throws(SystemCallError) in
            let pair = try UnixSocket.Pair(.stream)
            try pair.first.writeAll(AttachFrame(.request, request.json.bytes()).bytes)
            return Prepared(connection: AttachConnection(pair.first), monitorEnd: pair.second)
        }
    }

    /// Has the monitor send a signal to the container's first process: it holds a pidfd since that process was cloned, so
    /// no other process can get it. Not for a connection that is relayed.
    ///
    /// - Parameter endsAll: Whether the container is not to be started again, whatever its policy says.
    /// - Throws: ``RuntimeClientError/monitorLost``; `ESRCH` once the process has ended; not while a container waits for its restart, which that prevents.
    public borrowing func signal(_ number: CInt, endsAll: Bool = false) throws(RuntimeClientError) {
        do throws(SystemCallError) {
            try send(AttachFrame(.signal, [UInt8(truncatingIfNeeded: number)] + (endsAll ? [1] : [])))
            let answer = try nextFrame(of: .signal)
            guard let errno = answer?.payload.first else {
                throw SystemCallError("pidfd_send_signal", on: "the container's process", .noSuchProcess)
            }
            guard errno == 0 else {
                throw SystemCallError("pidfd_send_signal", on: "the container's process", Errno(rawValue: CInt(errno)))
            }
        } catch {
            let failure = RuntimeClientError.system(error)
            throw failure.isClosed ? .monitorLost : failure
        }
    }

    /// Has the monitor follow another restart policy.
    public borrowing func follow(_ policy: RestartPolicy) throws(RuntimeClientError) {
        do throws(SystemCallError) {
            try send(AttachFrame(.policy, policy.json.bytes()))
            guard let errno = try nextFrame(of: .policy)?.payload.first, errno == 0 else {
                throw SystemCallError("write", on: "the container's monitor", .noSuchProcess)
            }
        } catch { throw .system(error) }
    }

    /// Waits for the container's end and lets output pass by unseen.
    ///
    /// - Throws: ``RuntimeClientError/monitorLost`` if the monitor ends before the container.
    public borrowing func waitExit() throws(RuntimeClientError) -> ContainerExit {
        let frame: AttachFrame?
        do throws(SystemCallError) { frame = try nextFrame(of: .end) } catch { throw .system(error) }
        guard let frame else { throw .monitorLost }
        return try decoding("the monitor's last frame", frame.payload, ContainerExit.init(json:))
    }

    /// Not by write(2): a monitor that is gone would end this process by SIGPIPE.
    private borrowing func send(_ frame: AttachFrame) throws(SystemCallError) {
        var rest = frame.bytes[...]
        while !rest.isEmpty { rest = rest.dropFirst(try socket.send(rest)) }
    }

    /// Readable when a frame has come.
    public var number: CInt { socket.number }

    private borrowing func nextFrame(of kind: AttachFrame.Kind) throws(SystemCallError) -> AttachFrame? {
        var parser = AttachFrameParser()
        while true {
            do throws(AttachFrameParser.Fault) {
                while let frame = try parser.next() {
                    if frame.kind == kind { return frame }
                    if frame.kind == .end { return nil }
                }
            } catch { throw SystemCallError("read", on: "the monitor's socket", Errno(rawValue: EPROTO)) }
            let bytes: [UInt8]
            do throws(SystemCallError) { bytes = try socket.read(upTo: AttachFrame.payloadLimit) } catch {
                // A monitor that ends without having accepted the connection resets it.
                guard error.errno.rawValue == ECONNRESET else { throw error }
                return nil
            }
            if bytes.isEmpty { return nil }
            parser.append(bytes[...])
        }
    }
}
