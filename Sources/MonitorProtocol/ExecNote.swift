/// What the journal's notes call a program that runs beside a container's own: Docker's events.
public enum ExecNote {
    /// Two, as it is made and as it is started. A command without arguments ends with a blank there, as Docker's does.
    public static func start(_ command: [String]) -> [String] {
        let text = (command.first ?? "") + " " + command.dropFirst().joined(separator: " ")
        return ["exec_create: " + text, "exec_start: " + text]
    }

    public static let end = "exec_die"
    /// Its client left it with the detach keys.
    public static let detach = "exec_detach"
}
