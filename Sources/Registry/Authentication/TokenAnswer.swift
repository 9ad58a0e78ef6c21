import OCI

/// A token server's answer (distribution spec, "token authentication").
struct TokenAnswer: Sendable {
    /// Fit for a header field.
    let token: String
    let lifetime: Duration
    /// To be shown to this server from now on, in place of a password; where it was asked for, and gives one.
    let refreshToken: String?

    /// More than any token has; a server that sends more is broken or hostile.
    static let limit = 1 << 20

    init(parsing body: [UInt8], from realm: HTTPURL) throws(RegistryError) {
        let json: JSON
        do throws(JSONError) { json = try JSON(parsing: body) } catch {
            throw RegistryError(
                on: realm.redacted, at: realm.origin.description, .invalidResponse("its token answer is no JSON"))
        }
        // `token` and `access_token` mean the same; where both stand, they are equal.
        let candidates = [json["token"]?.string, json["access_token"]?.string].compactMap { $0 }
        guard let token = candidates.first(where: { !$0.isEmpty }), isBearerToken(token), token.utf8.count <= 64 << 10
        else {
            throw RegistryError(
                on: realm.redacted, at: realm.origin.description, .invalidResponse("its answer holds no usable token"))
        }
        self.token = token
        refreshToken = json["refresh_token"]?.string.flatMap { isBearerToken($0) ? $0 : nil }
        // Without a statement 60 seconds hold, and no less for compatibility with old clients (the same page).
        let seconds = min(max(json["expires_in"]?.integer ?? 60, 60), 24 * 3600)
        lifetime = .seconds(seconds)
    }
}
