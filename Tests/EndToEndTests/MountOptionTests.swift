import Glibc
import Linux
import TestSupport
import Testing

@Suite("Options of --mount", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct MountOptionTests {
    @Test("an image's files, read-only, as the container's root's, and no image goes while it is mounted")
    func images() throws {
        let store = try TestStore()
        try store.load(
            "content", layers: ["mkdir -p sub/deep; echo one > sub/file; echo two > top; tar c .", "echo three > top; tar c top"])
        try store.load("single", layers: ["echo alone > only; tar c only"])
        let run = try store.hako(
            "run", "--rm", "--mount", "type=image,source=content,target=/image", "--mount",
            "type=image,src=single,dst=/single", "busybox", "sh", "-c",
            "cat /image/top /image/sub/file /single/only; ls /single; stat -c %u:%g /image/top; touch /image/x || echo kept")
        #expect(run.output == "three\none\nalone\nonly\n0:0\nkept\n", "\(run)")
        #expect(
            try store.output(
                "run", "--rm", "--mount", "type=image,source=content,target=/part,image-subpath=sub", "busybox", "ls", "/part")
                == "deep\nfile")
        let outside = try store.hako(
            "run", "--rm", "--mount", "type=image,source=content,target=/part,image-subpath=../..", "busybox", "true")
        #expect(outside.status == 125 && outside.error.contains("subpath must be a relative path"), "\(outside)")
        let missing = try store.hako("run", "--rm", "--mount", "type=image,source=nosuch,target=/x", "busybox", "true")
        #expect(missing.status == 125 && missing.error.contains("No such image: nosuch:latest"), "\(missing)")
        try store.hako("create", "--name", "box", "--mount", "type=image,source=content,target=/image", "busybox", "true")
        let held = try store.hako("rmi", "-f", "content")
        #expect(held.status == 1 && held.error.contains("conflict: unable to delete"), "\(held)")
        try store.hako("image", "ls")
        try store.hako("rm", "box")
        try store.hako("rmi", "content").expectSuccess()
    }

    @Test("contradict one another in Docker's words")
    func conflicts() throws {
        let store = try TestStore()
        for (mount, reason) in [
            ("type=tmpfs,target=/x,bind-propagation=rshared", "cannot mix 'bind-*' options with mount type 'tmpfs'"),
            ("type=bind,source=/tmp,target=/x,tmpfs-size=1m", "cannot mix 'tmpfs-*' options with mount type 'bind'"),
            ("type=volume,source=v,target=/x,image-subpath=a", "cannot mix 'image-*' options with mount type 'volume'"),
            ("type=bind,source=/tmp,target=/x,volume-subpath=a", "cannot mix 'volume-*' options with mount type 'bind'"),
            ("type=bind,source=/tmp,target=/x,bind-recursive=some", "invalid value for bind-recursive: some"),
            ("type=bind,source=/tmp,target=/x,colour=red", "unexpected key 'colour' in 'colour=red'"),
            ("type=bind,source=/tmp", "target is required"),
        ] {
            let run = try store.hako("run", "--rm", "--mount", mount, "busybox", "true")
            #expect(run.status == 125 && run.error.contains(reason), "\(mount): \(run)")
        }
    }

    @Test("a read-only bind makes read-only what is mounted below it, and says so where that is not wanted")
    func mountedBelow() throws {
        let store = try TestStore()
        let path = store.scratch.path("outer")
        try store.shell("mkdir -p \(path)/inner && mount -t tmpfs inner \(path)/inner && chmod 777 \(path)/inner").expectSuccess()
        defer { umount2(path + "/inner", Int32(MNT_DETACH)) }
        let mount = "type=bind,source=\(path),target=/outer,readonly"
        let script = "touch /outer/a; touch /outer/inner/b; ls /outer/inner"
        #expect(try store.output("run", "--rm", "--mount", mount, "busybox", "sh", "-c", script) == "")
        let writable = try store.hako("run", "--rm", "--mount", mount + ",bind-recursive=writable", "busybox", "true")
        #expect(writable.status == 125 && writable.error.contains("bind-recursive=writable is not supported"), "\(writable)")
        #expect(
            try store.output("run", "--rm", "--mount", mount + ",bind-nonrecursive", "busybox", "ls", "/outer/inner") == "")
    }
}
