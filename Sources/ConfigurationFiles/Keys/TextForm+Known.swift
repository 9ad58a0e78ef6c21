import Linux

extension TextForm {
    static let anything = TextForm("a text", many: "texts")

    static let absolutePath = TextForm("an absolute path", many: "absolute paths") {
        $0.hasPrefix("/") ? nil : "it must begin with /"
    }

    static let address = TextForm("an IP address", many: "IP addresses") {
        IPAddress($0) == nil ? "it is no IP address" : nil
    }

    /// Docker's `bip`: the bridge's own address and the length of its network's prefix.
    static let bridgeAddress = TextForm("an IPv4 address with a prefix, as 10.9.0.1/24", many: "addresses") { text in
        guard let subnet = IPPrefix(text), subnet.family == .ipv4 else { return "it is no IPv4 address with a prefix" }
        guard subnet.length <= 30 else { return "a network of /\(subnet.length) has no room for a container" }
        guard let gateway = subnet.at(1), text.hasPrefix("\(gateway)/") else {
            return "the bridge has the first address of its network: write \(subnet.at(1) ?? subnet.address)/\(subnet.length)"
        }
        return nil
    }

    static let ipv6Network = TextForm("an IPv6 network, as fd00:9::/64", many: "IPv6 networks") { text in
        guard let subnet = IPPrefix(text), subnet.family == .ipv6 else { return "it is no IPv6 network" }
        return subnet.length <= 126 ? nil : "a network of /\(subnet.length) has no room for a container"
    }

    static let ipv4Network = TextForm("an IPv4 network, as 10.64.0.0/12", many: "IPv4 networks") { text in
        guard let subnet = IPPrefix(text), subnet.family == .ipv4 else { return "it is no IPv4 network" }
        return nil
    }

    /// As the Registry module reads it: what it can't use stops each pull.
    static let registryAddress = TextForm("http://HOST[:PORT] or https://HOST[:PORT]", many: "http:// or https:// addresses") { text in
        guard let scheme = ["https://", "http://"].first(where: text.hasPrefix) else { return "it must begin with https:// or http://" }
        var rest = text.dropFirst(scheme.count)
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        return isHost(rest) ? nil : "behind \(scheme) stands HOST or HOST:PORT, and no more"
    }

    static let registryOrNetwork = TextForm("HOST[:PORT] or a network", many: "HOST[:PORT] or networks") { text in
        IPPrefix(text) != nil || isHost(text[...]) ? nil : "it is neither HOST[:PORT] nor a network as 10.0.0.0/8"
    }

    static let label = TextForm("NAME=VALUE", many: "NAME=VALUE texts") { text in
        guard let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")), equals != text.startIndex else {
            return "a label is NAME=VALUE"
        }
        return nil
    }

    static func word(of words: [String]) -> TextForm {
        let list = words.map { "\"\($0)\"" }.joined(separator: " or ")
        return TextForm(list, many: list) { words.contains($0) ? nil : "it is \(list)" }
    }

    /// `HOST` or `HOST:PORT`; an IPv6 address stands in brackets.
    private static func isHost(_ text: Substring) -> Bool {
        guard !text.isEmpty else { return false }
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]"), IPAddress(String(text[text.index(after: text.startIndex)..<end])) != nil
            else { return false }
            let port = text[text.index(after: end)...]
            return port.isEmpty || port.hasPrefix(":") && UInt16(port.dropFirst()) != nil
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let isName = !parts[0].isEmpty && parts[0].utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF) || [0x2D, 0x2E, 0x5F].contains(byte)
        }
        return isName && (parts.count == 1 || parts.count == 2 && (UInt16(parts[1]) ?? 0) > 0)
    }
}
