import Glibc
import Linux
import MonitorProtocol
import OCI

/// A health check's connection to the container. It is made by this process, in the container's network namespace: nothing is
/// started for it, and the image needs no program for it.
struct ConnectionProbe: ~Copyable {
    let start: ProbeStart
    let connection: TCPConnection
    private var request: [UInt8]
    private let expectsAnswer: Bool
    private var isConnected = false
    private var answer: [UInt8] = []

    /// To be called in that namespace.
    init(to address: IPAddress, port: UInt16, request: String?, _ start: ProbeStart) throws(SystemCallError) {
        connection = try TCPConnection(to: address, port: port)
        self.start = start
        self.request = Array((request ?? "").utf8)
        expectsAnswer = request != nil
    }

    /// What is waited for next.
    var interest: EventQueue.Interest { isConnected && request.isEmpty ? .readable : .writable }

    /// Goes on where it can. What it found, once it has.
    mutating func serve(_ buffer: inout [UInt8]) -> HealthReport.Result? {
        do throws(SystemCallError) {
            if !isConnected {
                try connection.finish()
                isConnected = true
            }
            while !request.isEmpty { request.removeFirst(try connection.descriptor.write(request[...])) }
            guard expectsAnswer else { return start.result(exitCode: 0, "connected") }
            while true {
                let count = try connection.descriptor.read(into: &buffer)
                answer += buffer[..<min(count, HealthReport.outputLimit - answer.count)]
                if count == 0 || answer.count == HealthReport.outputLimit { return judgement() }
            }
        } catch {
            return error.errno == .wouldBlock ? nil : start.result(exitCode: 1, "\(error)")
        }
    }

    /// `HTTP/1.1 204 No Content`: RFC 9112, section 4.
    private borrowing func judgement() -> HealthReport.Result {
        let line = answer.prefix { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }
        let words = line.split(separator: UInt8(ascii: " "), maxSplits: 2)
        guard words.count > 1, words[0].starts(with: "HTTP/".utf8), let status = Int(String(decoding: words[1], as: UTF8.self))
        else { return start.result(exitCode: 1, "the answer is no HTTP: " + String(decoding: line, as: UTF8.self)) }
        return start.result(exitCode: (200..<400).contains(status) ? 0 : 1, String(decoding: answer, as: UTF8.self))
    }

    /// Of one that took too long.
    borrowing func timeoutResult(_ timeout: Int64) -> HealthReport.Result {
        start.failure(HealthReport.timeoutText(timeout) + (isConnected ? ": no whole answer" : ": no connection"))
    }
}
