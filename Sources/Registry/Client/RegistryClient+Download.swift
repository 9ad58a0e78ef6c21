import NIOHTTP1
import OCI

/// What came from an address that a user names.
public struct DownloadAnswer: Hashable, Sendable {
    /// False where the content is still that of the tag that was sent: none came.
    public var isModified: Bool
    /// `ETag`, as it was sent; nil where there is none that could be sent back.
    public var tag: String?
    /// `Last-Modified`, in seconds since 1970.
    public var modified: Int64?
}

extension RegistryClient {
    /// Fetches what a user names by its address, which is no registry's: without a login, and unverified. A connection that
    /// breaks off is an error: nobody says that the rest would be of the same content.
    ///
    /// - Parameters:
    ///   - tag: The content is only wanted if it has another one by now (`If-None-Match`).
    ///   - receive: Gets the parts, once each and in order; false ends the download as cancelled.
    /// - SeeAlso: RFC 9110, sections 8.8 and 13.1.2
    @discardableResult
    public func download(
        _ url: HTTPURL, unlessTagged tag: String? = nil, receive: @escaping @Sendable ([UInt8]) async -> Bool
    ) async throws(RegistryError) -> DownloadAnswer {
        var request = Request(url: url)
        request.unlessTagged = tag
        let landing = try await requester.send(request)
        let from = landing.url.origin.description
        let status = landing.response.status
        guard status == .ok || (status == .notModified && tag != nil) else {
            throw RegistryError(on: url.redacted, at: from, .status(Int(status.code), nil))
        }
        do {
            try await BodyReader(limits: limits).read(landing.response.body) { part in
                guard await receive(Array(part.readableBytesView)) else { throw CancellationError() }
                return true
            }
        } catch { throw RegistryError(on: url.redacted, at: from, Transport.reason(for: error)) }
        let headers = landing.response.headers
        return DownloadAnswer(
            isModified: status == .ok, tag: headers.first(name: "ETag").flatMap(Self.sendable),
            modified: headers.first(name: "Last-Modified").flatMap(HTTPDate.seconds))
    }

    /// A server's text goes back to it: of visible ASCII, and not longer than tags are.
    private static func sendable(_ tag: String) -> String? {
        (1...256).contains(tag.utf8.count) && tag.utf8.allSatisfy { (0x21...0x7E).contains($0) } ? tag : nil
    }
}

/// Dates of HTTP, in the form that servers have to send: `Sun, 06 Nov 1994 08:49:37 GMT`.
///
/// - SeeAlso: RFC 9110, section 5.6.7
enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Since 1970; nil for anything else, and for what is before.
    static func seconds(_ text: String) -> Int64? {
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", let day = Int64(words[1]), let index = months.firstIndex(of: String(words[2])),
            let year = Int64(words[3]), (1970...9999).contains(year), (1...31).contains(day)
        else { return nil }
        let time = words[4].split(separator: ":").compactMap { Int64($0) }
        guard time.count == 3, (0..<24).contains(time[0]), (0..<60).contains(time[1]), (0...60).contains(time[2]) else { return nil }
        let month = Int64(index) + 1
        return days(year, month, day) * 86_400 + time[0] * 3600 + time[1] * 60 + time[2]
    }

    /// Since 1970, by years that begin with March: then leap days are at their ends.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month > 2 ? year : year - 1
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
    }
}
