import Glibc
import Linux
import MonitorProtocol
import OCI

/// The monitor's end of the socket to the engine that started it. The engine may be gone at any time.
struct ControlSocket: ~Copyable {
    let socket: FileDescriptor

    init(_ socket: consuming FileDescriptor) { self.socket = socket }

    /// Tells the engine, if it is still there.
    borrowing func send(_ message: ControlMessage) {
        // Nobody to tell is no failure: state.json says the same.
        _ = try? socket.send(message.json.bytes()[...])
    }

    /// What came: a message, or that the other end is closed.
    enum Arrival { case message(ControlMessage), closed, nothing }

    borrowing func receive() -> Arrival {
        do throws(SystemCallError) {
            let bytes = try socket.receive(limit: ControlMessage.limit).bytes
            if bytes.isEmpty { return .closed }
            return ControlMessage(bytes).map(Arrival.message) ?? .nothing
        } catch { return error.errno == .wouldBlock ? .nothing : .closed }
    }
}

extension ControlMessage {
    /// Nil for what is no message.
    init?(_ bytes: [UInt8]) {
        guard let json = try? JSON(parsing: bytes), let message = try? ControlMessage(json: json) else { return nil }
        self = message
    }
}
