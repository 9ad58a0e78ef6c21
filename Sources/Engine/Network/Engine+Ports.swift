import Linux
import Metadata
import ContainerNetwork
import OCI

extension Engine {
    /// Reads `-p` and `--expose` into the request's port bindings and the container's exposed ports.
    func addPorts(_ request: ContainerSpec, to spec: inout StoredSpec) throws(EngineError) {
        var exposed = Set(spec.config.exposedPorts)
        do throws(NetworkError) {
            for text in request.expose {
                for port in try PortRequest.parseExposed(text) { exposed.insert(port.containerName) }
            }
            for text in request.publish {
                for port in try PortRequest.parse(text) {
                    exposed.insert(port.containerName)
                    spec.host.portBindings.append(port.binding)
                }
            }
        } catch { throw EngineError(error, cannot: "publish the container's ports") }
        spec.config.exposedPorts = exposed.sorted()
    }

    /// What is to be published at a start: the bindings, and with `-P` every exposed port that has none.
    func portRequests(_ spec: StoredSpec) throws(EngineError) -> [PortRequest] {
        var requests: [PortRequest] = []
        do throws(NetworkError) {
            for binding in spec.host.portBindings {
                let port = binding.hostPort.isEmpty || binding.hostPort == "0" ? "" : binding.hostPort
                let host = binding.hostIP.contains(":") ? "[\(binding.hostIP)]" : binding.hostIP
                let parts = (host.isEmpty ? [] : [host, port]) + (host.isEmpty && !port.isEmpty ? [port] : [])
                requests += try PortRequest.parse((parts + [binding.containerPort]).joined(separator: ":"))
            }
            guard spec.host.publishAllPorts else { return requests }
            let bound = Set(spec.host.portBindings.map(\.containerPort))
            for exposed in spec.config.exposedPorts where !bound.contains(exposed) {
                requests += try publishingAll(exposed)
            }
        } catch { throw EngineError(error, cannot: "publish the container's ports") }
        return requests
    }

    /// On the address that the machine's owner wants.
    private func publishingAll(_ exposed: String) throws(NetworkError) -> [PortRequest] {
        let address = configuration.publishAddress
        guard !address.isEmpty else { return try PortRequest.parseExposed(exposed) }
        return try PortRequest.parse((address.contains(":") ? "[\(address)]" : address) + "::" + exposed)
    }

    /// Takes ports of the host, and writes down that the container has them.
    func reserve(
        _ requests: [PortRequest], of record: ContainerRecord, exposed: [String], families: Set<IPFamily>
    ) throws(EngineError) -> PortReservation {
        var taken: Set<UInt16> = []
        while true {
            let reservation: PortReservation
            do throws(NetworkError) { reservation = try PortReservation(requests, families: families, avoiding: taken) } catch {
                throw try portOwner(error) ?? EngineError(error, cannot: "publish the container's ports")
            }
            do throws(EngineError) {
                try note(reservation.ports, of: record, exposed: exposed, families: families)
                return reservation
            } catch {
                // A container that ends lets go of its sockets before its ports are free: where there is a choice, another is taken.
                guard case .portInUse(let port, _)? = error.cause as? MetadataError, taken.insert(port.hostPort).inserted else { throw error }
            }
        }
    }

    /// Writes down which ports the container has: for `ps`, for `unpublish`, and against other containers.
    private func note(
        _ ports: [ContainerNetwork.PublishedPort], of record: ContainerRecord, exposed: [String], families: Set<IPFamily>
    ) throws(EngineError) {
        guard !ports.isEmpty else { return }
        let rows = ports.flatMap { port in
            families.sorted { $0.rawValue < $1.rawValue }.filter { port.isReached(on: $0) }.map { family in
                Metadata.PublishedPort(
                    family: family == .ipv4 ? .ipv4 : .ipv6,
                    hostAddress: "\(port.hostAddress ?? .unspecified(family))", hostPort: port.hostPort,
                    proto: "\(port.transport)", containerPort: port.containerPort)
            }
        }
        try onDatabase("publish the container's ports") { database throws(MetadataError) in
            try database.publish(rows, for: record.id)
            try database.setPorts(PortList(rows, exposed: exposed).json.text(), of: record.id)
        }
    }

    /// As the network module has them.
    func publishedPorts(of id: String) throws(EngineError) -> [ContainerNetwork.PublishedPort] {
        let rows = try onDatabase("list the published ports") { database throws(MetadataError) in
            try database.publishedPorts(of: id)
        }
        return rows.compactMap { row in
            guard let transport = TransportProtocol(row.proto) else { return nil }
            return ContainerNetwork.PublishedPort(
                hostAddress: IPAddress(row.hostAddress), hostPort: row.hostPort, containerPort: row.containerPort,
                transport: transport)
        }
    }

    /// The sockets that keep a running container's ports from other programs, bound anew; nil where one has been faster: what comes
    /// to the port goes to the container all the same.
    func reopenedPorts(of id: String) throws(EngineError) -> PortSockets? {
        let ports = try publishedPorts(of: id)
        let requests = ports.map { port in
            PortRequest(
                hostAddress: port.hostAddress, hostPorts: port.hostPort...port.hostPort, containerPort: port.containerPort,
                transport: port.transport)
        }
        let reservation = try? PortReservation(requests, families: Set(ports.compactMap(\.hostAddress?.family)))
        switch consume reservation {
        case .some(let reservation): return PortSockets(reservation)
        case .none: return nil
        }
    }

    /// A port that another container of this store has says so by its name, not by its monitor's pid.
    func portOwner(_ error: NetworkError) throws(EngineError) -> EngineError? {
        guard case .portInUse(let port, _) = error else { return nil }
        let rows = try onDatabase("list the published ports") { database throws(MetadataError) in
            try database.publishedPorts()
        }
        guard
            let owner = rows.first(where: {
                $0.port.hostPort == port.hostPort && $0.port.proto == "\(port.transport)"
            })
        else { return nil }
        let name = try onDatabase("find the container") { database throws(MetadataError) in
            try database.container(id: owner.container)?.name
        }
        return EngineError(
            .conflict, cannot: "publish port \(port.hostPort)",
            because: "port is already allocated by container \(name ?? String(owner.container.prefix(12)))",
            hint: "Choose another port with -p, or stop that container.", cause: error)
    }
}

/// Ports of the host that are kept from other programs for as long as this value lives.
final class PortSockets {
    private let reservation: PortReservation
    init(_ reservation: consuming PortReservation) { self.reservation = reservation }
    var descriptors: [CInt] { reservation.descriptors }
}

extension PortRequest {
    /// `80/tcp`
    var containerName: String { "\(containerPort)/\(transport)" }

    var binding: PortBindingRequest {
        let host = hostPorts.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
        return PortBindingRequest(
            containerPort: containerName, hostIP: hostAddress.map { "\($0)" } ?? "", hostPort: host ?? "")
    }
}

/// The ports of a container as its row has them, Docker's "Ports" of a list.
public struct PortList: Hashable, Sendable {
    public struct Entry: Hashable, Sendable {
        /// Nil where the port is exposed and not published.
        public var hostAddress: String?
        public var hostPort: Int64?
        public var containerPort: Int64
        public var proto: String
    }

    public var entries: [Entry]

    init(_ published: [Metadata.PublishedPort], exposed: [String]) {
        entries = published.map {
            Entry(
                hostAddress: $0.hostAddress, hostPort: Int64($0.hostPort), containerPort: Int64($0.containerPort),
                proto: $0.proto)
        }
        for text in exposed {
            let parts = text.split(separator: "/").map(String.init)
            guard let port = parts.first.flatMap({ Int64($0) }) else { continue }
            let proto = parts.count > 1 ? parts[1] : "tcp"
            if !entries.contains(where: { $0.containerPort == port && $0.proto == proto }) {
                entries.append(Entry(hostAddress: nil, hostPort: nil, containerPort: port, proto: proto))
            }
        }
    }

    /// From the text of a row; empty for what isn't a list.
    public init(text: String) {
        let list = (try? JSON(parsing: text))?.array ?? []
        entries = list.compactMap {
            guard let port = $0["PrivatePort"]?.integer, let proto = $0["Type"]?.string else { return nil }
            return Entry(
                hostAddress: $0["IP"]?.string, hostPort: $0["PublicPort"]?.integer, containerPort: port, proto: proto)
        }
    }

    var json: JSON {
        .array(
            entries.map { entry in
                var object = JSONObject()
                if let address = entry.hostAddress { object["IP"] = .string(address) }
                object["PrivatePort"] = .integer(entry.containerPort)
                if let port = entry.hostPort { object["PublicPort"] = .integer(port) }
                object["Type"] = .string(entry.proto)
                return .object(object)
            })
    }
}
