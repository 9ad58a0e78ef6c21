import Linux
import MonitorProtocol
import OCI

/// What a container prints, and its end, for who waits for other things beside it.
public struct AttachReader: ~Copyable {
    public enum Piece: Sendable {
        case output([UInt8], isError: Bool)
        /// The last one; nil where the monitor has gone without a word.
        case end(ContainerExit?)
    }

    let connection: AttachConnection
    private var parser = AttachFrameParser()
    private var buffer = [UInt8](repeating: 0, count: 32 << 10)

    public init(_ connection: consuming AttachConnection) throws(RuntimeClientError) {
        do throws(SystemCallError) { try connection.socket.setNonBlocking(true) } catch { throw .system(error) }
        self.connection = connection
    }

    /// Readable when something has come.
    public var number: CInt { connection.socket.number }

    /// Reads once, without waiting, and hands on what that was.
    public mutating func read(_ take: (Piece) -> Void) throws(RuntimeClientError) {
        guard let count = StandardDescriptor.read(connection.socket.number, into: &buffer) else { return }
        guard count > 0 else { return take(.end(nil)) }
        parser.append(buffer[..<count])
        do throws(AttachFrameParser.Fault) {
            while let frame = try parser.next() {
                switch frame.kind {
                case .stdout, .stderr: take(.output(frame.payload, isError: frame.kind == .stderr))
                case .end: take(.end(try? ContainerExit(json: JSON(parsing: frame.payload))))
                case .stdin, .stdinEnd, .resize, .request, .signal, .policy: break
                }
            }
        } catch { throw .malformed("the monitor's stream", reason: error.reason) }
    }
}
