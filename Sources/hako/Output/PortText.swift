import Engine

/// The ports of a container in one column: neighbours that lead to their own number as a range, the rest one by one
/// (docker/cli, `DisplayablePorts`).
enum PortText {
    /// `80-81/tcp, 0.0.0.0:8080->80/tcp, [::]:8080->80/tcp`
    static func list(_ entries: [PortList.Entry]) -> String {
        var groups: [Group] = []
        var open: [String: Int] = [:]
        var finished: [String] = []
        var single: [String] = []
        for entry in entries.sorted(by: isBefore) {
            if let host = entry.hostPort, host != entry.containerPort {
                single.append("\(place(entry.hostAddress, "\(host)"))->\(entry.containerPort)/\(entry.proto)")
                continue
            }
            let address = entry.hostPort == nil ? nil : entry.hostAddress
            let key = "\(address ?? "") \(entry.proto)"
            guard let index = open[key] else {
                open[key] = groups.count
                groups.append(Group(address: address, proto: entry.proto, first: entry.containerPort))
                continue
            }
            if entry.containerPort == groups[index].last + 1 {
                groups[index].last = entry.containerPort
            } else if entry.containerPort != groups[index].last {
                finished.append(groups[index].text)
                groups[index].first = entry.containerPort
                groups[index].last = entry.containerPort
            }
        }
        return (finished + groups.map(\.text) + single).joined(separator: ", ")
    }

    private struct Group {
        let address: String?
        let proto: String
        var first: Int64
        var last: Int64

        init(address: String?, proto: String, first: Int64) {
            (self.address, self.proto, self.first, last) = (address, proto, first, first)
        }

        var text: String {
            let range = first == last ? "\(first)" : "\(first)-\(last)"
            return (address.map { "\(place($0, range))->" } ?? "") + "\(range)/\(proto)"
        }
    }

    /// Where a published port is on the host: `0.0.0.0:8080`, `[::]:8080`.
    static func hostPlace(_ entry: PortList.Entry) -> String { place(entry.hostAddress, "\(entry.hostPort ?? 0)") }

    private static func place(_ address: String?, _ ports: String) -> String {
        let address = address ?? "0.0.0.0"
        return (address.contains(":") ? "[\(address)]" : address) + ":" + ports
    }

    private static func isBefore(_ one: PortList.Entry, _ other: PortList.Entry) -> Bool {
        (one.containerPort, one.hostAddress ?? "", one.hostPort ?? 0, one.proto)
            < (other.containerPort, other.hostAddress ?? "", other.hostPort ?? 0, other.proto)
    }
}
