import Glibc
import Linux
import NIOSSL

/// The private authorities and client certificates of one registry, as Docker keeps them: a directory with the
/// registry's name, `HOST` or `HOST:PORT`, in which `*.crt` are authorities and `NAME.cert` with `NAME.key` is a client
/// certificate.
struct CertificateDirectory: Sendable {
    /// Directories that hold one directory for each registry. What the first has is not looked for in the second.
    static let defaultParents = ["/etc/hako/certs.d", "/etc/docker/certs.d"]

    private let parents: [String]

    init(parents: [String] = defaultParents) { self.parents = parents }

    /// The TLS settings for `origin`; the system's authorities stay trusted beside private ones.
    ///
    /// - Parameter verifies: False only where the configuration calls the registry insecure.
    func tlsConfiguration(for origin: HTTPURL.Origin, verifies: Bool) throws(RegistryError) -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if !verifies { tls.certificateVerification = .none }
        guard let directory = try directory(of: origin) else { return tls }
        let names = try list(directory)
        let authorities = names.filter { $0.hasSuffix(".crt") }
        tls.additionalTrustRoots = try authorities.map { name throws(RegistryError) in
            .certificates(try certificates("\(directory)/\(name)"))
        }
        for name in names where name.hasSuffix(".cert") {
            let key = name.dropLast(".cert".count) + ".key"
            guard names.contains(String(key)) else {
                throw RegistryError(on: "\(directory)/\(name)", .invalidConfiguration("its key, \(key), is missing"))
            }
            tls.certificateChain = try certificates("\(directory)/\(name)").map { .certificate($0) }
            tls.privateKey = .privateKey(try privateKey("\(directory)/\(key)"))
            break
        }
        return tls
    }

    private func directory(of origin: HTTPURL.Origin) throws(RegistryError) -> String? {
        // Both spellings, the one with the port first: Docker looks for the name as the image reference has it.
        for parent in parents {
            for name in ["\(origin.host):\(origin.port)", origin.authority] {
                let path = "\(parent)/\(name)"
                if let status = try? FileDescriptor.status(of: path), status.kind == .directory { return path }
            }
        }
        return nil
    }

    private func list(_ directory: String) throws(RegistryError) -> [String] {
        do throws(SystemCallError) {
            return try FileDescriptor.directory(directory).names().map { String(decoding: $0.bytes, as: UTF8.self) }
                .sorted()
        } catch { throw RegistryError(on: directory, .invalidConfiguration("\(error.errno)")) }
    }

    private func contents(_ path: String) throws(RegistryError) -> [UInt8] {
        do throws(SystemCallError) { return try FileDescriptor.contents(of: path, limit: 1 << 20) } catch {
            throw RegistryError(on: path, .invalidConfiguration("\(error.errno)"))
        }
    }

    private func certificates(_ path: String) throws(RegistryError) -> [NIOSSLCertificate] {
        do { return try NIOSSLCertificate.fromPEMBytes(try contents(path)) } catch let error as RegistryError {
            throw error
        } catch {
            throw RegistryError(on: path, .invalidConfiguration("it holds no certificate in PEM form"))
        }
    }

    private func privateKey(_ path: String) throws(RegistryError) -> NIOSSLPrivateKey {
        do { return try NIOSSLPrivateKey(bytes: try contents(path), format: .pem) } catch let error as RegistryError {
            throw error
        } catch {
            throw RegistryError(
                on: path, .invalidConfiguration("it holds no private key in PEM form without a passphrase"))
        }
    }
}
