import Linux
import MonitorProtocol

/// The numbers of what the engine hands to the monitor before its settings.
struct HandedDescriptors {
    /// -1 until it came.
    var lock: CInt = -1
    var process: CInt?
    var userNamespace: CInt?
    var networkNamespace: CInt?
    var attach: CInt?
    /// Kept open for as long as the monitor lives, and of no other use here.
    var kept: [CInt] = []
    /// To be attached in the monitor's mount namespace.
    var mounts: [CInt] = []

    /// Takes what comes up to the settings. Returns these; nil if the engine goes away first: then it wants nothing.
    mutating func receive(_ socket: borrowing FileDescriptor) throws(StartFailure) -> [UInt8]? {
        while true {
            var message = try explaining("read the settings") { () throws(SystemCallError) in
                try socket.receive(limit: MonitorSettings.limit)
            }
            if message.bytes.isEmpty { return nil }
            switch message.descriptor.take() {
            case .some(let descriptor): try take(descriptor, message.bytes)
            case .none: return message.bytes
            }
        }
    }

    private mutating func take(_ descriptor: consuming FileDescriptor, _ bytes: [UInt8]) throws(StartFailure) {
        guard case .descriptor(let kind) = ControlMessage(bytes) else {
            throw StartFailure(.invalid, "a descriptor came with a message that it doesn't belong to")
        }
        let number = descriptor.relinquish()
        switch kind {
        case .lock: lock = number
        case .process: process = number
        case .userNamespace: userNamespace = number
        case .networkNamespace: networkNamespace = number
        case .attach: attach = number
        case .kept: kept.append(number)
        case .mount: mounts.append(number)
        }
    }
}
