import Linux
import Metadata
import ContainerNetwork
import OCI

extension Engine {
    /// A container's "NetworkSettings": its addresses while it runs, and where its ports are.
    func networkSettings(_ record: ContainerRecord, _ spec: StoredSpec) throws(EngineError) -> JSONObject {
        let isRunning = record.state.isUp
        let (endpoint, network) = isRunning ? try endpoint(of: record) : (nil, nil)
        let settings = endpointSettings(record, endpoint, network)
        var object: JSONObject = [
            "Bridge": "", "SandboxID": .string(isRunning ? record.id : ""),
            "SandboxKey": .string(isRunning ? "/proc/\(record.state.pid)/ns/net" : ""),
            "Ports": isRunning ? ports(record) : [:], "HairpinMode": false, "LinkLocalIPv6Address": "",
            "LinkLocalIPv6PrefixLen": 0, "SecondaryIPAddresses": nil, "SecondaryIPv6Addresses": nil,
        ]
        let legacy = [
            "EndpointID", "Gateway", "GlobalIPv6Address", "GlobalIPv6PrefixLen", "IPAddress", "IPPrefixLen", "IPv6Gateway",
            "MacAddress",
        ]
        // The old place of the default network's addresses.
        for name in legacy { object[name] = settings[name] }
        let name = record.networkMode.hasPrefix("container:") ? nil : record.networkMode
        object["Networks"] = .object(JSONObject(name.map { [($0, .object(settings))] } ?? []))
        return object
    }

    private func endpoint(
        of record: ContainerRecord
    ) throws(EngineError) -> (Metadata.Endpoint?, NetworkRecord?) {
        try onDatabase("find the container's addresses") { database throws(MetadataError) in
            (try database.endpoints(of: record.id).first, try database.network(named: Self.defaultNetwork))
        }
    }

    private func endpointSettings(
        _ record: ContainerRecord, _ endpoint: Metadata.Endpoint?, _ network: NetworkRecord?
    ) -> JSONObject {
        let ipv4 = endpoint?.ipv4.flatMap { IPAddress(.ipv4, value: UInt128($0)) }
        let subnet4 = endpoint == nil ? nil : network?.subnet4.flatMap(IPPrefix.init)
        let subnet6 = endpoint?.ipv6 == nil ? nil : network?.subnet6.flatMap(IPPrefix.init)
        return [
            "IPAMConfig": nil, "Links": nil, "Aliases": nil, "MacAddress": .string(endpoint?.mac ?? ""),
            "DriverOpts": nil, "GwPriority": 0, "NetworkID": .string(endpoint?.network ?? ""),
            "EndpointID": .string(endpoint == nil ? "" : record.id),
            "Gateway": .string(endpoint == nil ? "" : network?.gateway4 ?? ""),
            "IPAddress": .string(ipv4.map { "\($0)" } ?? ""), "IPPrefixLen": .integer(Int64(subnet4?.length ?? 0)),
            "IPv6Gateway": .string(endpoint?.ipv6 == nil ? "" : network?.gateway6 ?? ""),
            "GlobalIPv6Address": .string(endpoint?.ipv6 ?? ""),
            "GlobalIPv6PrefixLen": .integer(Int64(subnet6?.length ?? 0)), "DNSNames": nil,
        ]
    }

    /// `{"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}], "99/tcp": null}`
    private func ports(_ record: ContainerRecord) -> JSON {
        var object = JSONObject()
        for entry in PortList(text: record.ports).entries {
            let name = "\(entry.containerPort)/\(entry.proto)"
            guard let port = entry.hostPort else {
                if object[name] == nil { object[name] = .null }
                continue
            }
            let binding: JSON = ["HostIp": .string(entry.hostAddress ?? ""), "HostPort": .string(String(port))]
            object[name] = .array((object[name]?.array ?? []) + [binding])
        }
        return .object(object)
    }
}
