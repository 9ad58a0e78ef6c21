import Glibc
import Linux
import TestSupport
import Testing

@Suite("Devices by their makers' specifications", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct DeviceSetTests {
    /// A specification of a maker that nobody else has; it goes with this value.
    private final class Specification {
        let vendor = "hako-test-\(Int.random(in: 0..<1_000_000_000)).example.com"
        private let path: String

        init(_ suffix: String, _ text: (String) -> String) throws {
            path = "/var/run/cdi/\(vendor)\(suffix)"
            try Directory.create("/var/run/cdi", mode: 0o755)
            let file = try FileDescriptor.open(path, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
            try file.writeAll(text(vendor))
        }

        deinit { unlink(path) }
    }

    private static func json(_ vendor: String) -> String {
        """
        {"cdiVersion": "0.6.0", "kind": "\(vendor)/thing", "containerEdits": {"env": ["ALWAYS=1"]},
         "devices": [{"name": "one", "containerEdits": {
            "env": ["THING=one"], "deviceNodes": [{"path": "/dev/thing", "hostPath": "/dev/loop-control", "permissions": "r"}],
            "mounts": [{"hostPath": "/etc/hostname", "containerPath": "/opt/thing", "options": ["ro", "nosuid"]}],
            "hooks": [{"hookName": "createRuntime", "path": "/bin/sh",
                       "args": ["sh", "-c", "cat > /tmp/\(vendor)"]}]}}]}
        """
    }

    @Test("bring variables, device nodes, mounts and hooks")
    func edits() throws {
        let store = try TestStore()
        let specification = try Specification(".json", Self.json)
        let mark = "/tmp/" + specification.vendor
        defer { unlink(mark) }
        let run = try store.hako(
            "run", "--rm", "--device", "\(specification.vendor)/thing=one", "busybox", "sh", "-c",
            "echo $ALWAYS $THING; cat /opt/thing; test -c /dev/thing && echo node; touch /opt/thing || echo kept")
        let host = String(decoding: try FileDescriptor.contents(of: "/etc/hostname"), as: UTF8.self)
        #expect(run.status == 0 && run.output == "1 one\n\(host)node\nkept\n", "\(run)")
        let state = String(decoding: try FileDescriptor.contents(of: mark), as: UTF8.self)
        #expect(state.contains("\"status\""), "\(state)")
        let missing = try store.hako("run", "--rm", "--device", "\(specification.vendor)/thing=two", "busybox", "true")
        #expect(missing.status == 125)
        #expect(
            missing.error.contains("CDI device injection failed: unresolvable CDI devices \(specification.vendor)/thing=two"),
            "\(missing)")
        #expect(try store.output("ps", "-aq") == "")
    }

    @Test("are read as tools write them in YAML, too")
    func yaml() throws {
        let store = try TestStore()
        let specification = try Specification(".yaml") { vendor in
            """
            ---
            cdiVersion: 0.5.0
            kind: \(vendor)/gpu
            containerEdits:
              env:
              - NVIDIA_VISIBLE_DEVICES=void  # as it is made
            devices:
            - name: "0"
              containerEdits:
                deviceNodes:
                - path: /dev/loop-control
            - containerEdits:
                env: ["ALL=yes", 'QUOTED=it''s']
              name: all
            """
        }
        let device = "\(specification.vendor)/gpu=all"
        #expect(
            try store.output("run", "--rm", "--device", device, "busybox", "sh", "-c", "echo $NVIDIA_VISIBLE_DEVICES $ALL $QUOTED")
                == "void yes it's")
        let gpus = "driver=\(specification.vendor.split(separator: ".")[0]),count=1"
        #expect(try store.output("run", "--rm", "--gpus", gpus, "busybox", "ls", "/dev/loop-control") == "/dev/loop-control")
        #expect(
            try store.output("create", "--name", "box", "--gpus", gpus, "--device", device, "busybox").count == 64)
        #expect(
            try store.inspect("box", "{{json .HostConfig.DeviceRequests}}").contains(
                #"{"Driver":"","Count":1"#) == false)
        #expect(try store.inspect("box", "{{(index .HostConfig.DeviceRequests 0).DeviceIDs}}") == "[\(device)]")
    }

    @Test("that are not there are said to be missing, in Docker's words")
    func missing() throws {
        let store = try TestStore()
        let run = try store.hako("run", "--rm", "--gpus", "driver=nosuch", "busybox", "true")
        #expect(run.status == 125)
        #expect(run.error.contains("could not select device driver \"nosuch\" with capabilities: [[gpu]]"), "\(run)")
        let wrong = try store.hako("run", "--rm", "--gpus", "some", "busybox", "true")
        #expect(wrong.status == 125 && wrong.error.contains("value must be either \"all\" or an integer"), "\(wrong)")
    }
}
