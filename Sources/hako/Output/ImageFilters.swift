import CommandLineTables
import Engine
import ImageStore
import OCI

/// What `images --filter` and its argument ask for.
struct ImageFilters {
    private var values: [String: [String]] = [:]
    private static let known = ["before", "dangling", "label", "reference", "since", "until"]

    init(_ texts: [String], reference: String?) throws {
        values = try FilterText.values(texts, known: Self.known)
        for value in values["dangling"] ?? [] where OptionValue.bool(value) == nil {
            throw EngineError(.invalidArgument, "invalid filter 'dangling=\(value)'")
        }
        for value in values["until"] ?? [] where Moment.parse(value) == nil {
            throw EngineError(.invalidArgument, "invalid filter 'until=\(value)'", hint: "It is a time, or how long ago: 24h.")
        }
        if let reference { values["reference", default: []].append(reference) }
    }

    /// A row for each of the image's names that is wanted; one without a name where it has none.
    func rows(
        of image: StoredImage, among all: [StoredImage], _ engine: Engine, isTruncated: Bool
    ) throws -> [ImageRow] {
        if let dangling = values["dangling"]?.last, OptionValue.bool(dangling) != image.isDangling { return [] }
        guard try isInTime(image, all, engine), try hasLabels(image, engine) else { return [] }
        guard !image.references.isEmpty else {
            return values["reference"] == nil ? [ImageRow(image, nil, isTruncated: isTruncated)] : []
        }
        return image.references.filter(matchesReference).map { ImageRow(image, $0, isTruncated: isTruncated) }
    }

    private func isInTime(_ image: StoredImage, _ all: [StoredImage], _ engine: Engine) throws -> Bool {
        for (key, isBefore) in [("before", true), ("since", false)] {
            for name in values[key] ?? [] {
                let id = try engine.imageID(of: name)
                guard let other = all.first(where: { $0.id == id })?.record.created, let own = image.record.created,
                    isBefore ? own < other : own > other
                else { return false }
            }
        }
        for text in values["until"] ?? [] {
            guard let limit = Moment.parse(text), let own = image.record.created, Timestamp(nanoseconds: own) < limit else {
                return false
            }
        }
        return true
    }

    private func hasLabels(_ image: StoredImage, _ engine: Engine) throws -> Bool {
        guard let wanted = values["label"] else { return true }
        let labels = try engine.labels(of: image.id)
        return wanted.allSatisfy { FilterText.holds($0) { labels[$0] } }
    }

    /// `nginx`, `nginx:latest`, `ng*`, `*:lat*`: a pattern without a tag means any.
    private func matchesReference(_ reference: Reference) -> Bool {
        guard let patterns = values["reference"] else { return true }
        return patterns.contains { pattern in
            let candidates = [reference.familiar, reference.familiarName, reference.description, reference.name]
            return candidates.contains { Glob.matches(Array(pattern.utf8), Array($0.utf8)) }
        }
    }
}

/// `*` and `?` of file names, which don't match a slash (Go's path.Match, without its classes).
enum Glob {
    /// Linear in the product of both lengths whatever the pattern: it goes back to the last star only.
    static func matches(_ pattern: [UInt8], _ text: [UInt8]) -> Bool {
        var (p, t) = (0, 0)
        var star: (pattern: Int, text: Int)?
        while t < text.count {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                star = (p, t)
                p += 1
            } else if p < pattern.count, pattern[p] == text[t] || (pattern[p] == UInt8(ascii: "?") && text[t] != 0x2F) {
                p += 1
                t += 1
            } else if let last = star, text[last.text] != UInt8(ascii: "/") {
                star = (last.pattern, last.text + 1)
                p = last.pattern + 1
                t = last.text + 1
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
