import Cgroups
import OCI

extension Runtime {
    /// Does once, for nothing, what every creation does before the container is there. For a program that has to wait for its
    /// bundle: Swift makes the metadata of generic types when they are first used, and the kernel maps the program's pages then,
    /// which together is half of the time that reading a bundle takes. A filter is left out: nearly always it is a kept one.
    public static func warmUp() {
        // What fails here fails again where somebody is told.
        guard let json = try? JSON(parsing: sample), let spec = try? RuntimeSpec(json: json) else { return }
        _ = try? Sysctls(spec.linux.sysctl, NamespacePlan(spec, JoinedNamespaces()), groups: spec.linux.gidMappings)
        _ = try? CgroupMounts.detect()
        _ = spec.json.bytes()
    }

    /// Each kind of field that nearly every bundle has.
    private static let sample = """
        {
          "ociVersion": "1.0.2",
          "process": {
            "terminal": false, "user": {"uid": 0, "gid": 0, "additionalGids": [10]}, "args": ["true"], "env": ["PATH=/bin"],
            "cwd": "/", "capabilities": {"bounding": ["CAP_KILL"], "effective": ["CAP_KILL"], "permitted": ["CAP_KILL"]},
            "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}], "noNewPrivileges": true
          },
          "root": {"path": "rootfs", "readonly": false},
          "hostname": "sample",
          "mounts": [
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]},
            {"destination": "/etc/hosts", "type": "bind", "source": "/etc/hosts", "options": ["rbind", "rprivate"]}
          ],
          "annotations": {"sample": "yes"},
          "linux": {
            "namespaces": [{"type": "mount"}, {"type": "pid"}, {"type": "uts"}, {"type": "ipc"}, {"type": "cgroup"}],
            "uidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}],
            "gidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}],
            "cgroupsPath": "/sample", "sysctl": {"kernel.msgmax": "8192"},
            "resources": {
              "devices": [{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 1, "minor": 3, "access": "rwm"}],
              "memory": {"limit": 16777216}, "cpu": {"shares": 512}, "pids": {"limit": 100}
            },
            "devices": [{"path": "/dev/null", "type": "c", "major": 1, "minor": 3, "fileMode": 438, "uid": 0, "gid": 0}],
            "maskedPaths": ["/proc/kcore"], "readonlyPaths": ["/proc/sys"]
          }
        }
        """
}
