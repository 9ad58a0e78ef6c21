import CLinux
import Glibc

/// A program to start, with exactly the descriptors that it is given.
///
/// Of 0, 1 and 2, those that aren't passed are `/dev/null`; nothing else of ours is open in it (threat: CVE-2024-21626).
/// Its signals have their default actions and none is blocked, whatever this process does with its own.
public struct Spawn: Sendable {
    /// An absolute path; no `PATH` is searched.
    public var path: String
    /// With the program's own name first.
    public var arguments: [String]
    /// `NAME=value` each; nil for a copy of this process's.
    public var environment: [String]?
    /// Whether it leads a session of its own, without a terminal. setsid(2).
    public var startsSession = false
    /// The number, in the new program, of a passed terminal that becomes its controlling one. Needs ``startsSession``.
    public var controllingTerminal: CInt?
    private var passed: [(target: CInt, source: CInt)] = []

    /// - Parameter arguments: With the program's own name first.
    public init(_ path: String, _ arguments: [String], environment: [String]? = nil) {
        self.path = path
        self.arguments = arguments
        self.environment = environment
    }

    /// Passes a descriptor, which must stay open until ``start()``; `target` is its number in the program, nil the same one.
    /// The last of two for one number holds.
    public mutating func pass(_ descriptor: borrowing FileDescriptor, as target: CInt? = nil) {
        pass(number: descriptor.number, as: target)
    }

    /// The same for a number that nobody owns: a standard stream.
    public mutating func pass(number: CInt, as target: CInt? = nil) {
        let target = target ?? number
        passed.removeAll { $0.target == target }
        passed.append((target, number))
    }

    /// Starts the program. When this returns, it runs: a path that can't be executed is an error here.
    ///
    /// - Throws: ``SystemCallError``: `clone`, `dup2`, `setsid`, `ioctl` or `execve`, whichever failed.
    public func start() throws(SystemCallError) -> ChildProcess {
        let ordered = passed.sorted { $0.target < $1.target }
        var (pid, pidfd): (CInt, CInt) = (-1, -1)
        var step: CInt = 0
        let result = withCStrings(arguments) { arguments in
            withEnvironment { environment in
                ordered.map(\.source).withUnsafeBufferPointer { sources in
                    ordered.map(\.target).withUnsafeBufferPointer { targets in
                        path.withCString { path in
                            var plan = hako_spawn()
                            plan.path = path
                            plan.arguments = arguments
                            plan.environment = environment
                            plan.sources = sources.baseAddress
                            plan.targets = targets.baseAddress
                            plan.count = CInt(ordered.count)
                            plan.new_session = startsSession ? 1 : 0
                            plan.terminal = controllingTerminal ?? -1
                            return hako_spawn(&plan, &pid, &pidfd, &step)
                        }
                    }
                }
            }
        }
        guard result >= 0 else { throw failure(result, at: step) }
        return ChildProcess(pid: pid, pidfd: FileDescriptor(adopting: pidfd))
    }

    private func failure(_ result: CInt, at step: CInt) -> SystemCallError {
        let call =
            switch UInt32(bitPattern: step) {
            case HAKO_SPAWN_DESCRIPTORS.rawValue: "dup2"
            case HAKO_SPAWN_SESSION.rawValue: "setsid"
            case HAKO_SPAWN_TERMINAL.rawValue: "ioctl"
            case HAKO_SPAWN_EXEC.rawValue: "execve"
            default: "clone"
            }
        return SystemCallError(call, on: path, result: result)
    }

    private func withEnvironment<Result>(
        _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>?) -> Result
    ) -> Result {
        guard let environment else { return body(environ) }
        return withCStrings(environment, body)
    }
}

/// Calls `body` with a NULL-terminated array of C strings, as exec takes it.
func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>?) -> Result
) -> Result {
    var copies: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
    copies.append(nil)
    defer { for copy in copies { free(copy) } }
    return copies.withUnsafeBufferPointer { body($0.baseAddress) }
}
