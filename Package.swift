// swift-tools-version: 6.2
import PackageDescription

// A first build with the HTTP client takes minutes. HAKO_WITHOUT_HTTP=1 leaves out the modules that need it, for
// quick builds and tests of everything else (CONTRIBUTING.md, "Quick builds").
let withHTTP = Context.environment["HAKO_WITHOUT_HTTP"] == nil

// A section for each function, so that the linker can put those side by side that a start calls (Scripts/order-functions).
// And generic types are made by calls, not by names that a program takes apart when it first needs them: a seventh of a command.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6), .treatAllWarnings(as: .error),
    .unsafeFlags(
        ["-Xfrontend", "-function-sections", "-Xfrontend", "-disable-concrete-type-metadata-mangled-name-accessors"],
        .when(configuration: .release)),
]
// Load-time relocations cost most of a small program's start: what runs often is a
// static executable. Debug builds and tests stay dynamic.
func staticExecutable(_ name: String) -> [LinkerSetting] {
    let order = "--section-ordering-file=\(Context.packageDirectory)/Support/function-order/\(name)"
    return [.unsafeFlags(["-static-executable", "-Xlinker", order], .when(configuration: .release))]
}

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func program(
    _ name: String, _ dependencies: [Target.Dependency], linkerSettings: [LinkerSetting]? = nil
) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies, swiftSettings: strict, linkerSettings: linkerSettings ?? staticExecutable(name))
}

// hako-init runs inside containers. It has no C library, so that it is a few kilobytes that are copied in microseconds;
// swiftc links it, and has to be told to add nothing.
let initSettings: [CSetting] = [
    .headerSearchPath("../CLinux/include"),
    .unsafeFlags(["-O2", "-ffreestanding", "-fno-builtin", "-fno-stack-protector", "-Wall", "-Wextra", "-Werror"]),
]
let withoutLibraries: [LinkerSetting] = [
    .unsafeFlags([
        "-static-stdlib", "-nostartfiles", "-Xclang-linker", "-nostdlib", "-Xclang-linker", "-nostartfiles",
        "-Xclang-linker", "-static", "-Xlinker", "--build-id=none", "-Xlinker", "-s",
    ])
]

func tests(of name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.init(stringLiteral: name), "TestSupport"] + dependencies,
        swiftSettings: strict)
}

let package = Package(
    name: "hako",
    products: [
        .executable(name: "hako", targets: ["hako"]),
        .executable(name: "hako-runtime", targets: ["hako-runtime"]),
        .executable(name: "hako-init", targets: ["hako-init"]),
    ],
    targets: [
        // The wrappers of C: unsafe pointers live here and nowhere else.
        .target(name: "CLinux", cSettings: [.unsafeFlags(["-ffunction-sections", "-Wall", "-Wextra", "-Werror"])]),
        module("Linux", ["CLinux"]),
        .systemLibrary(name: "CCrypto"),
        module("Hashing", ["CCrypto"]),
        .systemLibrary(name: "CSQLite"),
        module("SQLite", ["CSQLite"]),
        .systemLibrary(name: "CZlib"),
        module("Gzip", ["CZlib", "Linux"]),

        // Values and formats.
        module("OCI"),
        module("GoTemplate"),
        module("CommandLineTables"),
        module("Dockerfile"),
        module("ConfigurationFiles", ["CommandLineTables", "OCI", "Linux"]),
        module("Archive", ["OCI", "Linux", "Hashing"]),
        module("BuildContext", ["Linux", "Hashing"]),

        // Images and metadata.
        module("Metadata", ["SQLite", "OCI", "Linux"]),
        module("ImageStore", ["Metadata", "SQLite", "Archive", "Hashing", "OCI", "Linux"]),
        module("ImageClient", ["OCI", "Linux"]),

        // Running containers.
        module("Cgroups", ["OCI", "Linux"]),
        module("Runtime", ["Cgroups", "OCI", "Linux"]),
        module("MonitorProtocol", ["OCI"]),
        module("OCIRuntime", ["MonitorProtocol", "OCI", "Linux"]),
        module("Monitor", ["Runtime", "Cgroups", "OCIRuntime", "MonitorProtocol", "OCI", "Linux"]),
        module("RuntimeClient", ["OCIRuntime", "MonitorProtocol", "OCI", "Linux"]),
        // Not "Network": libraries look for Apple's framework of that name, and would find ours.
        module("ContainerNetwork", ["OCI", "Linux"]),
        module(
            "Engine",
            [
                "ImageStore", "ImageClient", "Metadata", "Archive", "ContainerNetwork", "Cgroups", "RuntimeClient", "OCIRuntime",
                "MonitorProtocol", "ConfigurationFiles", "Dockerfile", "GoTemplate", "OCI", "Linux", "Gzip",
            ]),

        // Building images.
        module(
            "Builder",
            [
                "Engine", "ImageClient", "ImageStore", "Metadata", "BuildContext", "Dockerfile", "Archive", "Hashing", "GoTemplate", "OCI",
                "Linux",
            ]),

        program(
            "hako",
            [
                "Builder", "Engine", "BuildContext", "Dockerfile", "Hashing", "ImageStore", "ImageClient", "Metadata", "RuntimeClient", "MonitorProtocol", "CommandLineTables",
                "ConfigurationFiles", "GoTemplate", "OCI", "Linux",
            ]),
        .executableTarget(name: "hako-init", cSettings: initSettings, linkerSettings: withoutLibraries),
        program("hako-runtime", ["Runtime", "Monitor", "OCI", "Linux"]),

        // Images made in memory, and a program that pulls or prunes them until it is killed.
        .target(
            name: "StoreSamples", dependencies: ["ImageStore", "Hashing", "OCI", "Linux"], path: "Tests/StoreSamples",
            swiftSettings: strict),
        .executableTarget(
            name: "store-stress", dependencies: ["ImageStore", "StoreSamples"], path: "Tests/StoreStress",
            swiftSettings: strict),
        // The oracle of the seccomp compiler's tests, and processes that try what a filter should stop.
        .systemLibrary(name: "CSeccomp", path: "Tests/CSeccomp"),
        .target(name: "CProbe", dependencies: ["CLinux"], path: "Tests/CProbe"),
        // A hostile program inside containers, which have no library of ours.
        .executableTarget(
            name: "container-probe", path: "Tests/ContainerProbe", cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])],
            linkerSettings: [.unsafeFlags(["-static-executable"])]),
        .target(name: "TestSupport", dependencies: ["Linux"], path: "Tests/TestSupport", swiftSettings: strict),
        tests(of: "Linux", ["container-probe"]), tests(of: "Hashing"), tests(of: "SQLite", ["Linux"]), tests(of: "OCI"), tests(of: "GoTemplate"),
        tests(of: "CommandLineTables"), tests(of: "Dockerfile"), tests(of: "ConfigurationFiles", ["CommandLineTables", "OCI", "Linux"]), tests(of: "Archive", ["container-probe"]), tests(of: "Metadata", ["OCI", "SQLite"]),
        tests(of: "BuildContext", ["container-probe"]),
        tests(of: "ImageStore", ["StoreSamples", "store-stress", "Metadata", "Archive", "Hashing", "OCI", "Linux"]),
        tests(of: "ImageClient"), tests(of: "Cgroups", ["OCI", "Linux"]),
        tests(of: "Runtime", ["Engine", "CLinux", "CProbe", "CSeccomp", "container-probe"]), tests(of: "MonitorProtocol"),
        tests(of: "Monitor", ["RuntimeClient", "OCIRuntime", "MonitorProtocol", "OCI", "Linux"]),
        tests(of: "RuntimeClient", ["OCIRuntime", "MonitorProtocol", "Linux"]),
        tests(of: "ContainerNetwork", ["container-probe"]), tests(of: "Builder", ["Engine", "container-probe", "Dockerfile", "BuildContext", "ImageStore", "Metadata", "Hashing", "OCI", "Linux"]), tests(of: "hako", ["Builder", "Dockerfile", "OCI", "Linux"]), tests(of: "Engine"),
        .testTarget(
            name: "EndToEndTests", dependencies: ["TestSupport", "OCI", "Linux", "container-probe"],
            exclude: [
                "Compatibility/Transcripts", "Compatibility/normalise.sed", "Compatibility/reference.txt", "Corpus/cases", "Corpus/base", "Corpus/build",
                "Corpus/describe", "Corpus/record", "Corpus/differences.txt",
            ], swiftSettings: strict),
    ]
)

if withHTTP {
    package.dependencies += [
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    ]
    package.products.append(.executable(name: "hako-image", targets: ["hako-image"]))
    package.targets += [
        .systemLibrary(name: "CCodecs"),
        module("Compression", ["CCodecs", "Linux"]),
        module(
            "Registry",
            [
                "OCI", "Hashing", "Linux", .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"), .product(name: "Logging", package: "swift-log"),
            ]),
        module("Transfer", ["Registry", "ImageStore", "Archive", "Compression", "Hashing", "OCI", "Linux"]),
        program("hako-image", ["Transfer", "Compression", "CommandLineTables"], linkerSettings: []),
        tests(of: "Compression"), tests(of: "Registry"), tests(of: "Transfer", ["CommandLineTables"]),
    ]
}
