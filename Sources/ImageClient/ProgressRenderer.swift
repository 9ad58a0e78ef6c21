import OCI

/// Shows the progress of a pull, a push or a load as Docker's client does.
public struct ProgressRenderer {
    public enum Style: Hashable, Sendable {
        /// One line for each layer, rewritten in place.
        case terminal(columns: Int, rows: Int)
        /// A line for each change that matters: for pipes and logs.
        case plain
        /// Results alone.
        case quiet
    }

    private let style: Style
    private let write: (String) -> Void
    /// Layers in the order of their lines, and what stands there.
    private var lines: [(id: String, text: String)] = []
    private var statuses: [String: LayerProgress.Status] = [:]

    /// - Parameter write: Takes whole lines and control sequences for standard output.
    public init(_ style: Style, write: @escaping (String) -> Void) {
        self.style = style
        self.write = write
    }

    /// Results and errors are not shown here: ``pulled(_:)``, ``loaded(_:)`` and the caller do that.
    public mutating func show(_ event: ImageEvent) {
        switch (event, style) {
        case (.layer(let progress), .terminal(let columns, let rows)): draw(progress, columns: columns, rows: rows)
        case (.layer(let progress), .plain): note(progress)
        case (.status(let message), .terminal), (.status(let message), .plain):
            lines = []
            write(message + "\n")
        case (.pushed(let result), .terminal), (.pushed(let result), .plain):
            lines = []
            statuses = [:]
            write("\(result.reference.tag ?? ""): digest: \(result.digest) size: \(result.size)\n")
        default: break
        }
    }

    /// The last lines of a pull: digest, status, and the whole name.
    public func pulled(_ result: ImageResult) {
        guard style != .quiet else {
            write("\(result.reference.map(\.description) ?? result.imageID.description)\n")
            return
        }
        pulledTag(result)
        if let reference = result.reference { end(of: reference.familiar, reference.description, isNew: result.isNew) }
    }

    /// One of the tags of a pull of all of them.
    public func pulledTag(_ result: ImageResult) {
        if style != .quiet, let digest = result.digest { write("Digest: \(digest)\n") }
    }

    /// The last lines of a pull of all tags.
    public func pulled(allOf repository: Reference, isNew: Bool) {
        end(of: repository.familiarName, repository.name, isNew: isNew)
    }

    private func end(of name: String, _ wholeName: String, isNew: Bool) {
        if style != .quiet { write("Status: \(isNew ? "Downloaded newer image for" : "Image is up to date for") \(name)\n") }
        write("\(wholeName)\n")
    }

    /// One line for an image that was loaded.
    public func loaded(_ result: ImageResult) {
        write(result.reference.map { "Loaded image: \($0.familiar)\n" } ?? "Loaded image ID: \(result.imageID)\n")
    }

    private mutating func note(_ progress: LayerProgress) {
        let known = statuses.updateValue(progress.status, forKey: progress.id)
        guard known != progress.status else { return }
        switch progress.status {
        case .complete, .exists, .pushed, .existed, .mounted, .preparing:
            write("\(progress.id): \(Self.words(progress))\n")
        case .pulling where known == nil: write("\(progress.id): \(Self.words(progress))\n")
        // Of a pull it says nothing; of a push Docker says it.
        case .waiting where known == .preparing: write("\(progress.id): \(Self.words(progress))\n")
        default: break
        }
    }

    private mutating func draw(_ progress: LayerProgress, columns: Int, rows: Int) {
        let text = Self.line(progress, columns: columns)
        guard let index = lines.firstIndex(where: { $0.id == progress.id }) else {
            lines.append((progress.id, text))
            write(text + "\n")
            return
        }
        guard lines[index].text != text else { return }
        lines[index].text = text
        let up = lines.count - index
        // What has scrolled off can't be reached by the cursor.
        guard up < max(rows, 2) else { return }
        write("\u{1B}[\(up)A\r\u{1B}[2K\(text)\r\u{1B}[\(up)B")
    }

    /// `a1b2c3d4e5f6: Downloading [====>    ]  1.2MB/3.4MB`, not wider than the terminal: a wrapped line would put
    /// every cursor movement one line off.
    static func line(_ progress: LayerProgress, columns: Int) -> String {
        let head = "\(progress.id): \(words(progress))"
        guard [.downloading, .extracting, .verifying, .pushing].contains(progress.status), progress.total > 0 else {
            return String(head.prefix(max(columns - 1, 1)))
        }
        let current = min(progress.current, progress.total)
        let numbers = padded(size(current), to: 8) + "/" + size(progress.total)
        let width = min(50, columns - head.utf8.count - numbers.utf8.count - 6)
        guard width >= 10 else { return String("\(head) \(numbers)".prefix(max(columns - 1, 1))) }
        let filled = Int(Double(current) / Double(progress.total) * Double(width))
        let bar = String(repeating: "=", count: filled) + ">" + String(repeating: " ", count: width - filled)
        return "\(head) [\(bar)] \(numbers)"
    }

    private static func words(_ progress: LayerProgress) -> String {
        switch progress.status {
        case .pulling: "Pulling fs layer"
        case .waiting: "Waiting"
        case .downloading: "Downloading"
        case .verifying: "Verifying Checksum"
        case .extracting: "Extracting"
        case .complete: "Pull complete"
        case .exists: "Already exists"
        case .preparing: "Preparing"
        case .pushing: "Pushing"
        case .pushed: "Pushed"
        case .existed: "Layer already exists"
        case .mounted: "Mounted from \(progress.from)"
        }
    }

    private static func padded(_ text: String, to width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.utf8.count)) + text
    }

    /// Four digits and a decimal unit, as docker/go-units' `HumanSize`: `58.23MB`.
    static func size(_ bytes: Int64) -> String {
        var value = Double(bytes)
        let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"]
        var unit = 0
        while value >= 1000, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        let decimals = value >= 100 ? 1 : value >= 10 ? 2 : 3
        var scale = 1
        for _ in 0..<decimals { scale *= 10 }
        let scaled = Int((value * Double(scale)).rounded())
        var fraction = String(scaled % scale)
        fraction = String(repeating: "0", count: decimals - fraction.utf8.count) + fraction
        while fraction.last == "0" { fraction.removeLast() }
        return "\(scaled / scale)" + (fraction.isEmpty ? "" : ".\(fraction)") + units[unit]
    }
}
