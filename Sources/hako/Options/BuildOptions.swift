import CommandLineTables

/// The options of `build`: those of Docker's `buildx build`, those of the builder before it, and Hako's own.
enum BuildOptions {
    static var table: [Option] { image + inputs + run + outputs + display + accepted + foreign }

    private static var image: [Option] {
        [
            .list("annotation", "Add annotation to the image", placeholder: "stringArray"),
            .list("build-arg", "Set build-time variables", placeholder: "stringArray"),
            .list("label", "Set metadata for an image", placeholder: "stringArray"),
            .list("platform", "Set target platform for build", placeholder: "stringArray", completion: .words(["linux/amd64", "linux/arm64"])),
            .flag("reproducible", "Give every file and the image the time 0, unless SOURCE_DATE_EPOCH says another"),
            .list("tag", short: "t", "Name and optionally a tag (format: \"name:tag\")", placeholder: "stringArray", completion: .images),
            .text("target", "Set the target build stage to build"),
        ]
    }

    private static var inputs: [Option] {
        [
            .list("build-context", "Additional build contexts (e.g., name=path)", placeholder: "stringArray"),
            .list(
                "cache-from", "External cache sources (e.g., \"user/app:cache\", \"type=local,src=path/to/dir\")",
                placeholder: "stringArray"),
            .list(
                "cache-to", "Cache export destinations (e.g., \"user/app:cache\", \"type=local,dest=path/to/dir\")",
                placeholder: "stringArray"),
            .text("file", short: "f", "Name of the Dockerfile (default: \"PATH/Dockerfile\")", completion: .files),
            .flag("no-cache", "Do not use cache when building the image"),
            .list("no-cache-filter", "Do not cache specified stages", placeholder: "stringArray"),
            .flag("pull", "Always attempt to pull all referenced images"),
            .list("secret", "Secret to expose to the build (format: \"id=mysecret[,src=/local/secret]\")", placeholder: "stringArray"),
            .list("ssh", "SSH agent socket to expose to the build (format: \"default|<id>[=<socket>]\")", placeholder: "stringArray"),
        ]
    }

    private static var run: [Option] {
        [
            .list("add-host", "Add a custom host-to-IP mapping (format: \"host:ip\")", placeholder: "strings"),
            .list(
                "allow", "Allow extra privileged entitlement (e.g., \"network.host\", \"security.insecure\")", placeholder: "stringArray",
                completion: .words(["network.host", "security.insecure"])),
            .text("cgroup-parent", "Set the parent cgroup for the \"RUN\" instructions during build"),
            .integer("cpu-period", "Limit the CPU CFS (Completely Fair Scheduler) period"),
            .integer("cpu-quota", "Limit the CPU CFS (Completely Fair Scheduler) quota"),
            .integer("cpu-shares", short: "c", "CPU shares (relative weight)"),
            .text("cpuset-cpus", "CPUs in which to allow execution (0-3, 0,1)"),
            .text("cpuset-mems", "MEMs in which to allow execution (0-3, 0,1)"),
            .bytes("memory", short: "m", "Memory limit"),
            .text("memory-swap", "Swap limit equal to memory plus swap: '-1' to enable unlimited swap", placeholder: "bytes"),
            .text(
                "network", "Set the networking mode for the \"RUN\" instructions during build", default: "default",
                completion: .words(["default", "host", "none"])),
            .bytes("shm-size", "Shared memory size for build containers"),
            .list("ulimit", "Ulimit options", placeholder: "ulimit"),
        ]
    }

    private static var outputs: [Option] {
        [
            .text("iidfile", "Write the image ID to a file", completion: .files),
            .flag("load", "Shorthand for \"--output=type=docker\""),
            .text("metadata-file", "Write build result metadata to a file", completion: .files),
            .list("output", short: "o", "Output destination (format: \"type=local,dest=path\")", placeholder: "stringArray", completion: .files),
            .flag("push", "Shorthand for \"--output=type=registry\""),
        ]
    }

    private static var display: [Option] {
        [
            .text(
                "call", "Set method for evaluating build (\"check\", \"outline\", \"targets\")", default: "build",
                completion: .words(["build", "check", "outline", "targets"])),
            .flag("check", "Shorthand for \"--call=check\""),
            .flag("debug", short: "D", "Keep the state that a failed \"RUN\" leaves as an image, and show warnings with their lines"),
            .flag("explain", "Say of each step why it was, or was not, in the cache"),
            .text(
                "progress",
                "Set type of progress output (\"auto\", \"none\", \"plain\", \"quiet\", \"rawjson\", \"tty\"). Use plain to show container output",
                default: "auto", completion: .words(["auto", "json", "none", "plain", "quiet", "rawjson", "tty"])),
            .flag("quiet", short: "q", "Suppress the build output and print image ID on success"),
        ]
    }

    /// Of the builder before BuildKit, and taken as BuildKit takes them: what they ask for is done anyway, or told to be no more.
    private static var accepted: [Option] {
        [
            .flag("compress", "Compress the build context using gzip").hidden(),
            .flag("disable-content-trust", "Skip image verification", isOn: true).unsupported(
                because: "signatures of images are not verified"),
            .flag("force-rm", "Always remove intermediate containers").hidden(),
            .text("isolation", "Container isolation technology").hidden(),
            .flag("rm", "Remove intermediate containers after a successful build", isOn: true).hidden(),
            .list("security-opt", "Security options").hidden(),
            .flag("squash", "Squash newly built layers into a single new layer").hidden(),
        ]
    }

    /// What a builder elsewhere would do.
    private static var foreign: [Option] {
        [
            .list("attest", "Attestation parameters (format: \"type=sbom,generator=image\")", placeholder: "stringArray").hidden(),
            .text("builder", "Override the configured builder instance").hidden(),
            .text("provenance", "Shorthand for \"--attest=type=provenance\"").hidden(),
            .text("sbom", "Shorthand for \"--attest=type=sbom\"").hidden(),
        ]
    }

    /// Docker's words for those that no longer mean anything.
    static func warnings(_ arguments: ParsedArguments) -> [String] {
        [
            ("isolation", "isolation flag is deprecated with BuildKit."),
            ("security-opt", "security-opt flag is deprecated. \"RUN --security=insecure\" should be used with BuildKit."),
            (
                "squash",
                "experimental flag squash is removed with BuildKit. You should squash inside build using a multi-stage Dockerfile for efficiency."
            ),
        ].filter { arguments.isGiven($0.0) }.map(\.1)
    }
}
