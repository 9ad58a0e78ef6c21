import TestSupport
import Testing

@Suite("What can't be here", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct UnsupportedOptionTests {
    @Test("is refused with what is missing, and makes nothing")
    func refused() throws {
        let store = try TestStore()
        for (options, reason) in [
            (["--ip", "172.30.0.7"], "user specified IP address is supported on user defined networks only"),
            (["--ip6", "fd00::7"], "user specified IP address is supported on user defined networks only"),
            (["--link-local-ip", "169.254.1.1"], "user specified IP address is supported on user defined networks only"),
            (["--network-alias", "db"], "network-scoped alias is supported only for containers in user defined networks"),
            (["--storage-opt", "size=1g"], "project quotas"), (["--link", "db"], "use a network"),
            (["--kernel-memory", "10m"], "since 5.16"), (["--isolation", "hyperv"], "Windows"),
            (["--use-api-socket"], "no API server"), (["--disable-content-trust=false"], "signatures"),
        ] {
            let run = try store.hako(["run", "--rm"] + options + ["busybox", "true"])
            #expect(run.status == 125 && run.error.contains(reason), "\(options): \(run)")
        }
        #expect(try store.output("ps", "-aq") == "")
        for options in [["--isolation", "default"], ["--kernel-memory", "0"], ["--disable-content-trust"]] {
            #expect(try store.hako(["run", "--rm"] + options + ["busybox", "true"]).status == 0)
        }
    }

    @Test("templates show structures in Docker's order, and durations as Go does")
    func templates() throws {
        let store = try TestStore()
        try store.hako(
            "create", "--name", "box", "--health-cmd", "true", "--health-interval", "90s", "--health-timeout", "1500ms", "busybox")
        #expect(try store.inspect("box", "{{.Config.Healthcheck.Interval}} {{.Config.Healthcheck.Timeout}}") == "1m30s 1.5s")
        #expect(
            try store.inspect("box", "{{json .Config.Healthcheck}}")
                == #"{"Test":["CMD-SHELL","true"],"Interval":90000000000,"Timeout":1500000000}"#)
        #expect(try store.inspect("box", "{{json .State}}").hasPrefix(#"{"Status":"created","Running":false,"Paused":false,"#))
        #expect(try store.inspect("box", "{{if eq .Config.Healthcheck.Interval 90000000000}}same{{end}}") == "same")
    }

    @Test("rates of block devices change while a container runs, and 0 takes one away")
    func rates() throws {
        let store = try TestStore()
        guard let disk = try store.shell("lsblk -dnpo NAME,TYPE | awk '$2==\"disk\"{print $1; exit}'").text.split(separator: "\n").first
        else { return }
        try store.hako("run", "-d", "--name", "box", "busybox", "sleep", "1000").expectSuccess()
        let limit = try store.hako("update", "--device-write-bps", "\(disk):1mb", "--device-read-iops", "\(disk):50", "box")
        #expect(limit.status == 0, "\(limit)")
        #expect(
            try store.inspect("box", "{{json .HostConfig.BlkioDeviceWriteBps}}{{json .HostConfig.BlkioDeviceReadIOps}}")
                == #"[{"Path":"\#(disk)","Rate":1048576}][{"Path":"\#(disk)","Rate":50}]"#)
        let id = try store.inspect("box", "{{.Id}}")
        let read = "cat $(find /sys/fs/cgroup -path '*\(id)*' -name 'blkio.throttle.write_bps_device' -o -path '*\(id)*' -name io.max 2>/dev/null)"
        #expect(try store.shell(read).text.contains("1048576"))
        try store.hako("update", "--device-write-bps", "\(disk):0", "box").expectSuccess()
        #expect(try !store.shell(read).text.contains("1048576"))
        let wrong = try store.hako("update", "--device-write-bps", "/dev/null:1mb", "box")
        #expect(wrong.status == 1 && wrong.error.contains("it is not a block device"), "\(wrong)")
    }
}
