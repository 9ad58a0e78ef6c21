/// What a batch of changes will have made and removed when it has been taken, for ``ObjectLog``.
struct ObjectNotes: Sendable {
    private var notes: [(isMade: Bool, object: String)] = []

    mutating func made(_ object: @autoclosure () -> String) {
        if ObjectLog.isOn { notes.append((true, object())) }
    }

    mutating func removed(_ object: @autoclosure () -> String) {
        if ObjectLog.isOn { notes.append((false, object())) }
    }

    /// Takes back what was said to be made.
    mutating func forget(_ beginning: String) { notes.removeAll { $0.isMade && $0.object.hasPrefix(beginning) } }

    func write() {
        for (isMade, object) in notes {
            if isMade { ObjectLog.made(object) } else { ObjectLog.removed(object) }
        }
    }
}
