import Testing

@testable import Engine

@Suite("What a file's beginning says of how it is executed")
struct ExecutableFormatTests {
    @Test("scripts name their interpreter", arguments: [
        ("#!/bin/sh\necho", "/bin/sh", "", false), ("#! /usr/bin/env  python3 \n", "/usr/bin/env", "python3", false),
        ("#!/bin/bash -e\r\nset -x\r\n", "/bin/bash", "-e", true), ("#!/bin/sh\r\n", "/bin/sh", "", true), ("#!", "", "", false),
        ("#!/bin/sh", "/bin/sh", "", false),
    ])
    func scripts(text: String, interpreter: String, argument: String, endsInReturn: Bool) {
        #expect(
            ExecutableFormat(Array(text.utf8)) == .script(interpreter: interpreter, argument: argument, endsInReturn: endsInReturn))
    }

    @Test("text, nothing and heads that are cut or lie are told apart, and harm nobody")
    func others() {
        #expect(ExecutableFormat([]) == .empty)
        #expect(ExecutableFormat(Array("echo hello".utf8)) == .unknown)
        #expect(ExecutableFormat([0x7F, 0x45, 0x4C, 0x46]) == .unknown)
        // 64 bits, little-endian, x86-64, with program headers far behind the end, of a size that overflows.
        var head = [UInt8](repeating: 0xFF, count: 64)
        head.replaceSubrange(0..<6, with: [0x7F, 0x45, 0x4C, 0x46, 2, 1])
        head.replaceSubrange(18..<20, with: [62, 0])
        #expect(ExecutableFormat(head) == .unknown)
        head.replaceSubrange(32..<40, with: [0xF0, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0])
        #expect(ExecutableFormat(head) == .elf(machine: 62, interpreter: nil))
    }

    @Test("the kernel's log tells the last process that it killed in a container")
    func victim() {
        let messages = [
            "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=abc,mems_allowed=0,oom_memcg=/hako/abc,task_memcg=/hako/abc,task=first,pid=7,uid=0",
            "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=abc,mems_allowed=0,oom_memcg=/hako/abc,task_memcg=/hako/abc,task=a,b,pid=812,uid=0",
            "Memory cgroup out of memory: Killed process 812 (a,b) total-vm:66000kB, anon-rss:60000kB, file-rss:1kB",
            "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=x,mems_allowed=0,oom_memcg=/hako/x,task_memcg=/hako/x,task=other,pid=9,uid=0",
        ]
        #expect(MemoryVictim.last(of: "abc", in: messages) == MemoryVictim(name: "a", pid: 812))
        #expect(MemoryVictim.last(of: "none", in: messages) == nil)
    }
}
