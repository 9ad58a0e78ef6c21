import Linux
import MonitorProtocol

extension ContainerState {
    /// Reads the `state.json` of a container's directory; nil where the container has not ended.
    public static func read(directory: String) throws(RuntimeClientError) -> ContainerState? {
        let path = "\(directory)/\(ContainerDirectory.state)"
        let bytes: [UInt8]
        do throws(SystemCallError) {
            bytes = try FileDescriptor.contents(of: path, limit: 1 << 20)
        } catch {
            if error.errno == .noSuchFile { return nil }
            throw .system(error)
        }
        return try decoding(path, bytes, ContainerState.init(json:))
    }
}
