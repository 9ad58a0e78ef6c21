import Linux

/// Sizes and times as Docker prints and takes them (docker/go-units).
enum Units {
    /// Four significant digits in powers of 1000: `187.4MB`, `1.234kB`, `0B`. Docker's lists of images and containers have
    /// three.
    static func size(_ bytes: Int64, digits: Int = 4) -> String {
        scaled(bytes, by: 1000, ["B", "kB", "MB", "GB", "TB", "PB", "EB"], digits: digits)
    }

    /// The same in powers of 1024: `1.5GiB`.
    static func binarySize(_ bytes: Int64) -> String {
        scaled(bytes, by: 1024, ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"], digits: 4)
    }

    private static func scaled(_ bytes: Int64, by base: Double, _ names: [String], digits: Int) -> String {
        var value = Double(bytes)
        var index = 0
        while value >= base, index < names.count - 1 {
            value /= base
            index += 1
        }
        return significant(value, digits) + names[index]
    }

    /// Go's `%.4g` for values below 10,000, with as many digits as asked for.
    private static func significant(_ value: Double, _ digits: Int) -> String {
        let whole = value >= 1000 ? 4 : value >= 100 ? 3 : value >= 10 ? 2 : 1
        let places = max(0, digits - whole)
        var text = fixed(value, places: places)
        guard text.contains(".") else { return text }
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
        return text
    }

    /// Decimal notation without Foundation.
    static func fixed(_ value: Double, places: Int) -> String {
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        let scaled = (value * scale).rounded()
        guard let units = Int64(exactly: scaled) else { return "\(value)" }
        let factor = Int64(scale)
        let fraction = String((units % factor).magnitude)
        let sign = units < 0 && units / factor == 0 ? "-" : ""
        guard places > 0 else { return String(units) }
        return sign + String(units / factor) + "." + String(repeating: "0", count: places - fraction.utf8.count) + fraction
    }

    /// A span of time in words: `5 minutes`, `About an hour`, `2 days`.
    static func duration(seconds: Int64) -> String {
        let minutes = seconds / 60
        // Rounded, as go-units does from 46 minutes on.
        let hours = (seconds + 1800) / 3600
        switch seconds {
        case ..<1: return "Less than a second"
        case 1: return "1 second"
        case ..<60: return "\(seconds) seconds"
        default: break
        }
        if minutes == 1 { return "About a minute" }
        if minutes < 60 { return "\(minutes) minutes" }
        if hours == 1 { return "About an hour" }
        if hours < 48 { return "\(hours) hours" }
        if hours < 24 * 7 * 2 { return "\(hours / 24) days" }
        if hours < 24 * 30 * 2 { return "\(hours / 24 / 7) weeks" }
        if hours < 24 * 365 * 2 { return "\(hours / 24 / 30) months" }
        return "\(hours / 24 / 365) years"
    }
}
