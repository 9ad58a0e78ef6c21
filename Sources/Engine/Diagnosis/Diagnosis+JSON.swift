import OCI

extension Diagnosis {
    /// For programs. Times are RFC 3339; what isn't known is null.
    public var json: JSON {
        [
            "ID": .string(id), "Name": .string(name), "Image": .string(image), "Status": .string(status), "Well": .bool(isWell),
            "ExitCode": .integer(exitCode), "RestartCount": .integer(restarts), "StartedAt": Self.time(started),
            "FinishedAt": Self.time(finished),
            "Findings": .array(
                findings.map {
                    ["Kind": .string($0.kind.rawValue), "Evidence": .string($0.evidence), "Advice": JSON($0.advice)]
                }),
            "Log": .array(
                log.map {
                    [
                        "Time": .string($0.time.description), "Stream": .string($0.stream.rawValue),
                        "Text": .string(String(decoding: $0.bytes, as: UTF8.self)),
                    ]
                }), "Usage": .array((usage?.intervals ?? []).map(\.json)),
        ]
    }

    private static func time(_ nanoseconds: Int64?) -> JSON {
        nanoseconds.map { .string(Timestamp(nanoseconds: $0).description) } ?? .null
    }
}

extension RecentUsage.Interval {
    fileprivate var json: JSON {
        [
            "Time": .string(Timestamp(nanoseconds: Int64(clamping: end)).description), "CPUPercent": Self.share(processor),
            "MemoryBytes": Self.count(memory), "Pids": Self.count(pids), "CPUPressurePercent": Self.share(processorPressure),
            "MemoryPressurePercent": Self.share(memoryPressure), "IOPressurePercent": Self.share(blockPressure),
            "ThrottledPercent": Self.share(throttled),
        ]
    }

    private static func count(_ number: UInt64?) -> JSON { number.map { .integer(Int64(clamping: $0)) } ?? .null }

    /// With two digits behind the point.
    private static func share(_ percent: Double?) -> JSON {
        percent.map { .number("\((($0 * 100).rounded() / 100))") } ?? .null
    }
}
