import OCI

extension Runtime {
    /// Does once, for nothing, what every creation does before the container is there. For a program that has to wait for its
    /// bundle: Swift makes the metadata of generic types when they are first used, and the kernel maps the program's pages then,
    /// which together is a third of the time that reading a bundle and compiling its filter takes.
    public static func warmUp() {
        // What fails here fails again where somebody is told.
        guard let json = try? JSON(parsing: sample), let spec = try? RuntimeSpec(json: json) else { return }
        _ = try? spec.linux.seccomp?.compiled()
        _ = try? NamespacePlan(spec, JoinedNamespaces())
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
            "maskedPaths": ["/proc/kcore"], "readonlyPaths": ["/proc/sys"],
            "seccomp": {
              "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1,
              "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
              "syscalls": [
                {"names": ["read", "write", "close"], "action": "SCMP_ACT_ALLOW"},
                {"names": ["personality"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}]},
                {"names": ["clone"], "action": "SCMP_ACT_ALLOW",
                  "args": [{"index": 0, "value": 2114060288, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}]},
                {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}
              ]
            }
          }
        }
        """
}
