import Testing
import TestSupport

@Suite(
    "Two hundred containers at once", .enabled(if: TestStore.isRunnable, TestStore.reason),
    .enabled(if: Program.isInstalled("nft") && Program.isInstalled("ip"), "needs nft and ip"), .serialized)
struct ManyContainersTests {
    /// Says what is there that belongs to a container of the store: a line for each directory, process, mount, cgroup, link
    /// and published port. Expects the ids in `ids` and the bridge in `$bridge`.
    private static func leftovers(_ store: TestStore) -> String {
        """
        # Monitors hold a lock on what they still remove.
        for d in \(store.root)/containers/*; do (exec 9< $d && flock 9) 2> /dev/null; done
        until ! pgrep -f '[h]ako-runtime monitor.*\(store.runRoot)' > /dev/null || [ $((tries += 1)) -gt 3000 ]; do sleep 0.01; done
        # The kernel removes the links of a namespace some time after it.
        until [ -z "$(ls /sys/class/net/$bridge/brif)" ] || [ $((tries += 1)) -gt 3000 ]; do sleep 0.01; done
        ls -d \(store.root)/containers/* \(store.runRoot)/containers/* \(store.runRoot)/runtime/* 2> /dev/null
        pgrep -fa '[h]ako-runtime.*\(store.runRoot)'
        cat /proc/[0-9]*/mountinfo 2> /dev/null | grep -F '\(store.root)'
        find /sys/fs/cgroup -type d 2> /dev/null | grep -F -f ids
        ls /sys/class/net/$bridge/brif
        nft list table inet hako-${bridge#hako} | grep elements
        $HAKO ps -aq
        echo end
        """
    }

    private static let findBridge = """
        gateway=$($HAKO inspect -f '{{.NetworkSettings.Gateway}}' probe)
        bridge=$(ip -o -4 addr | awk -v g=$gateway/ 'index($4, g) == 1 { print $2 }'); [ -n "$bridge" ] || echo no bridge
        """

    @Test("come up beside one another, and leave nothing when they are removed")
    func detached() throws {
        let store = try TestStore()
        let run = try store.shell(
            """
            cd \(store.scratch.root)
            $HAKO run -d --name probe --cidfile 0.id -p 80 busybox sleep 1000 > /dev/null; \(Self.findBridge)
            seq 199 | xargs -P 16 -I{} $HAKO run -d --cidfile {}.id -p 80 busybox sleep 1000 > /dev/null
            for f in *.id; do cat $f; echo; done | grep . > ids
            $HAKO ps -q | wc -l; ls /sys/class/net/$bridge/brif | wc -l; find /sys/fs/cgroup -type d | grep -F -f ids | grep -q . && echo cgroups
            $HAKO ps -q | xargs -n 20 -P 8 $HAKO rm -f > /dev/null
            \(Self.leftovers(store))
            """)
        #expect(run.text == "200\n200\ncgroups\nend", "\(run)")
        #expect(try store.output("system", "check") == "The store is whole.")
    }

    @Test("end, and leave nothing with --rm")
    func foreground() throws {
        let store = try TestStore()
        let run = try store.shell(
            """
            cd \(store.scratch.root)
            $HAKO run -d --name probe busybox sleep 1000 > /dev/null; \(Self.findBridge); $HAKO rm -f probe > /dev/null
            seq 200 | xargs -P 16 -I{} $HAKO run --rm --cidfile {}.id -p 80 busybox echo {} | sort -n | uniq | wc -l
            for f in *.id; do cat $f; echo; done | grep . > ids
            \(Self.leftovers(store))
            """)
        #expect(run.text == "200\nend", "\(run)")
        #expect(try store.output("system", "check") == "The store is whole.")
    }
}
