import Linux
import Testing
import TestSupport

@Suite("A container's network", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct ContainerNetworkTests {
    private static let server = ["httpd", "-f", "-p", "80", "-h", "/www"]

    private func serve(_ store: TestStore, _ name: String, _ options: [String], text: String = "served") throws {
        let run = try store.hako(
            ["run", "-d", "--name", name] + options
                + ["busybox", "sh", "-c", "mkdir /www; echo \(text) > /www/index.html; exec httpd -f -p 80 -h /www"])
        #expect(run.status == 0, "\(run)")
    }

    /// What a client gets; it tries until the server has started.
    private func get(_ url: String) throws -> String {
        try ProgramRun.of("/usr/bin/curl", ["-s", "--max-time", "5", "--retry", "30", "--retry-connrefused", "--retry-delay", "0", url]).text
    }

    @Test("a published port answers on the loopback address, the host's own, and from containers")
    func publishedPort() throws {
        let store = try TestStore()
        try serve(store, "web", ["-p", "80"])
        let port = try store.inspect("web", "{{(index (index .NetworkSettings.Ports \"80/tcp\") 0).HostPort}}")
        #expect(try get("http://127.0.0.1:\(port)/") == "served")
        let gateway = try store.inspect("web", "{{.NetworkSettings.Gateway}}")
        #expect(try get("http://\(gateway):\(port)/") == "served")
        #expect(try store.output("exec", "web", "wget", "-q", "-O", "-", "http://\(gateway):\(port)/") == "served")
        let address = try store.inspect("web", "{{.NetworkSettings.IPAddress}}")
        #expect(try store.output("run", "--rm", "busybox", "wget", "-q", "-O", "-", "http://\(address)/") == "served")
    }

    @Test("a port is published on the address that was named, and closed when the container is gone")
    func boundPort() throws {
        let store = try TestStore()
        try serve(store, "web", ["-p", "127.0.0.1::80"])
        let port = try store.inspect("web", "{{(index (index .NetworkSettings.Ports \"80/tcp\") 0).HostPort}}")
        #expect(try get("http://127.0.0.1:\(port)/") == "served")
        let gateway = try store.inspect("web", "{{.NetworkSettings.Gateway}}")
        #expect(try ProgramRun.of("/usr/bin/curl", ["-s", "--max-time", "2", "http://\(gateway):\(port)/"]).status != 0)
        try store.hako("rm", "-f", "web")
        #expect(try ProgramRun.of("/usr/bin/curl", ["-s", "--max-time", "2", "http://127.0.0.1:\(port)/"]).status != 0)
    }

    @Test("a port in use is an error that names who has it")
    func portInUse() throws {
        let store = try TestStore()
        try serve(store, "first", ["-p", "80"])
        let port = try store.inspect("first", "{{(index (index .NetworkSettings.Ports \"80/tcp\") 0).HostPort}}")
        let run = try store.hako("run", "-d", "--rm", "-p", "\(port):80", "busybox", "true")
        #expect(run.status == 125)
        #expect(run.error.contains("publish port \(port)"), "\(run)")
        #expect(run.error.contains("first"), "\(run)")
    }

    @Test("a port that is free, but not yet let go of by a container that ends, is passed over where there is a choice")
    func portNotYetFree() throws {
        let store = try TestStore()
        try store.hako("create", "--name", "ending", "busybox", "true").expectSuccess()
        let entry = """
            import socket, sqlite3, sys
            free = socket.create_server(("127.0.0.1", 0))
            port = min(free.getsockname()[1], 65000)
            database = sqlite3.connect(sys.argv[1])
            row = (sys.argv[2], 4, "127.0.0.1", port, "tcp", 80)
            database.execute("INSERT INTO published_ports(container, family, hostAddress, hostPort, protocol, containerPort) VALUES(?, ?, ?, ?, ?, ?)", row)
            database.commit()
            print(port)
            """
        let written = try ProgramRun.of("/usr/bin/python3", ["-c", entry, "\(store.root)/hako.db", store.inspect("ending", "{{.Id}}")])
        let port = try #require(UInt16(written.text), "\(written)")
        let chosen = try store.output("run", "-d", "--name", "next", "-p", "127.0.0.1:\(port)-\(port + 50):80", "busybox", "sleep", "1000")
        #expect(chosen.utf8.count == 64)
        #expect(try store.output("port", "next", "80") != "127.0.0.1:\(port)")
        let run = try store.hako("run", "--rm", "-p", "127.0.0.1:\(port):80", "busybox", "true")
        #expect(run.status == 125 && run.error.contains("port is already allocated"), "\(run)")
    }

    @Test("without a network there is only the loopback interface")
    func none() throws {
        let store = try TestStore()
        #expect(try store.output("run", "--rm", "--network", "none", "busybox", "ls", "/sys/class/net") == "lo")
        #expect(try store.output("run", "--rm", "--network", "none", "busybox", "ping", "-c", "1", "-W", "2", "127.0.0.1").contains("1 packets received"))
    }

    @Test("the host's network is the host's, with the host's ids")
    func host() throws {
        let store = try TestStore()
        let inside = try store.output("run", "--rm", "--network", "host", "busybox", "readlink", "/proc/self/ns/net")
        #expect(inside == (try ProgramRun.of("/bin/readlink", ["/proc/self/ns/net"]).text))
        #expect(try store.output("run", "--rm", "--network", "host", "busybox", "cat", "/proc/self/uid_map").hasSuffix("4294967295"))
    }

    @Test("a container can share another one's network")
    func joined() throws {
        let store = try TestStore()
        try serve(store, "web", [])
        let run = try store.output(
            "run", "--rm", "--network", "container:web", "busybox", "sh", "-c",
            "until wget -q -O - http://127.0.0.1/; do sleep 0.1; done")
        #expect(run == "served")
    }

    @Test("names and resolvers are as asked")
    func names() throws {
        let store = try TestStore()
        let run = try store.output(
            "run", "--rm", "-h", "box", "--add-host", "db:10.1.2.3", "--add-host", "host:host-gateway", "--dns", "192.0.2.53",
            "--dns-search", "example.com", "busybox", "cat", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf")
        #expect(run.contains("10.1.2.3\tdb\n"))
        #expect(run.contains("\tbox\n"))
        #expect(run.contains("nameserver 192.0.2.53\nsearch example.com"))
    }

    @Test("pings without privilege")
    func ping() throws {
        let store = try TestStore()
        let run = try store.hako(
            "run", "--rm", "-u", "1000", "--cap-drop", "ALL", "busybox", "sh", "-c", "cat /proc/sys/net/ipv4/ping_group_range")
        #expect(run.text.split(separator: "\t") == ["0", "65535"])
    }
}
