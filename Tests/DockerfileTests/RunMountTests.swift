import Testing

@testable import Dockerfile

@Suite("Mounts of RUN")
struct RunMountTests {
    private func mounts(_ options: String, given: [String: String] = [:]) throws -> [Dockerfile.RunMount] {
        guard case .run(let run) = try Sample.value("ARG A=/from-arg\nRUN \(options) x", given: given) else {
            return []
        }
        return run.mounts
    }

    @Test("are bound from the context, a stage or an image")
    func bind() throws {
        #expect(
            try mounts("--mount=target=/t") == [.bind(.init(from: nil, source: "/", target: "/t", isReadOnly: true))])
        #expect(
            try mounts("--mount=type=bind,FROM=x,src=$A,dst=t,rw")
                == [.bind(.init(from: "x", source: "/from-arg", target: "t", isReadOnly: false))])
        #expect(
            try mounts("--mount=ro=0,\"source=a,b\",target=/t".replacing("\"", with: "\\\""))
                == [.bind(.init(from: nil, source: "a,b", target: "/t", isReadOnly: false))])
    }

    @Test("of caches are known by their cleaned target, unless they say who they are")
    func cache() throws {
        #expect(
            try mounts("--mount=type=cache,target=/a/../c/")
                == [
                    .cache(
                        .init(
                            id: "/c", from: nil, source: "/", target: "/a/../c/", sharing: .shared, mode: 0o755,
                            userID: 0, groupID: 0,
                            isReadOnly: false))
                ])
        #expect(
            try mounts(
                "--mount=type=cache,id=i,target=/c,sharing=LOCKED,mode=0700,uid=1,gid=2,from=f,source=/s,readonly")
                == [
                    .cache(
                        .init(
                            id: "i", from: "f", source: "/s", target: "/c", sharing: .locked, mode: 0o700, userID: 1,
                            groupID: 2,
                            isReadOnly: true))
                ])
    }

    @Test("in memory have a size")
    func tmpfs() throws {
        #expect(
            try mounts("--mount=type=tmpfs,target=/t,size=1.5m --mount=type=tmpfs,target=/u")
                == [
                    .tmpfs(.init(target: "/t", size: 1_572_864, isReadOnly: false)),
                    .tmpfs(.init(target: "/u", size: nil, isReadOnly: false)),
                ])
    }

    @Test("of secrets are files, variables, or both")
    func secrets() throws {
        func secret(
            _ id: String, _ target: String?, _ name: String? = nil, required: Bool = false, mode: UInt32 = 0o400
        ) -> Dockerfile.RunMount {
            .secret(
                .init(
                    id: id, target: target, environmentName: name, isRequired: required, mode: mode, userID: 0,
                    groupID: 0))
        }
        #expect(try mounts("--mount=type=secret,id=s") == [secret("s", "/run/secrets/s")])
        #expect(try mounts("--mount=type=secret,id=a/s") == [secret("a/s", "/run/secrets/s")])
        #expect(try mounts("--mount=type=secret,target=/etc/t") == [secret("t", "/etc/t")])
        #expect(try mounts("--mount=type=secret,id=s,env=S") == [secret("s", nil, "S")])
        #expect(
            try mounts("--mount=type=secret,src=s,env=S,dst=/t,required,mode=0444") == [
                secret("s", "/t", "S", required: true, mode: 0o444)
            ])
        #expect(
            try mounts("--mount=type=ssh")
                == [.ssh(.init(id: "default", target: nil, isRequired: false, mode: 0o600, userID: 0, groupID: 0))])
    }

    @Test(
        "that make no sense are told before anything runs, unless a variable is in them",
        arguments: [
            ("type=bnd,target=/x", "unsupported mount type \"bnd\" (did you mean bind?)"),
            ("tgt=/x", "unexpected key 'tgt' in 'tgt=/x' (did you mean dst?)"),
            ("type=bind,size=1,target=/x", "unexpected key 'size' for mount type 'bind'"),
            ("target=/x,type=cache,required", "unexpected key 'required' for mount type 'cache'"),
            ("type=cache,target=/x,sharing=foo", "unsupported sharing value \"foo\""),
            ("foo", "invalid field 'foo' must be a key=value pair"),
            ("target", "invalid field 'target' must be a key=value pair"),
            ("target=/x,ro=maybe", "invalid value for ro: maybe"),
            ("type=cache,target=/x,mode=9", "invalid value 9 for mode"),
            ("type=cache,target=/x,uid=-1", "invalid value -1 for uid"),
            ("type=tmpfs,target=/x,size=x", "invalid value for size: x"),
            ("target=/x,mode=0700", "mode not allowed for \"bind\" type mounts"),
            ("type=secret", "invalid secret mount. one of source, target required"),
            ("type=secret,id=a,source=b", "both source and id can't be set"),
            ("type=secret,id=a,from=b", "secret mount should not have a from"),
            ("target=/x,sharing=shared", "invalid cache sharing set for bind mount"),
            ("type=ssh,src=a", "ssh does not support source"),
            ("target=/x,env=A", "unexpected key 'env' for mount type 'bind'"),
        ])
    func mistakes(options: String, message: String) throws {
        let plain = try Dockerfile(parsing: "FROM scratch\nRUN --mount=\(options) x\n")
        let error = #expect(throws: DockerfileError.self) {
            try Dockerfile.StageGraph(plain, arguments: try Sample.arguments(plain))
        }
        #expect(error?.message == message)
        #expect(error?.position == Dockerfile.Position(line: 2, column: 13))
        if options.contains("="), !options.contains("from") {
            let variable = try Dockerfile(parsing: "FROM scratch\nARG E=\nRUN --mount=\(options)$E x\n")
            _ = try Dockerfile.StageGraph(variable, arguments: try Sample.arguments(variable))
            let late = #expect(throws: DockerfileError.self) {
                try Sample.evaluate("FROM scratch\nARG E=\nRUN --mount=\(options)$E x\n")
            }
            #expect(late?.line == 3)
        }
    }
}
