import MonitorProtocol
import OCI
import Testing

@Suite("What health checks find")
struct HealthReportTests {
    private let check = HealthCheck(
        .command(["true"]), interval: 30, timeout: 10, startPeriod: 100, startInterval: 5, retries: 2)

    private func result(_ exitCode: Int64) -> HealthReport.Result {
        let now = Timestamp(nanoseconds: 0)
        return HealthReport.Result(start: now, end: now, exitCode: exitCode, output: "said")
    }

    /// Notes probes, each with its exit code and the container's age; the report and where the status changed.
    private func report(_ probes: [(code: Int64, age: Int64)]) -> (report: HealthReport, changes: [Bool]) {
        var report = HealthReport()
        var changes: [Bool] = []
        for probe in probes { changes.append(report.note(result(probe.code), check, age: probe.age)) }
        return (report, changes)
    }

    @Test("reads back what it writes, and refuses what it doesn't")
    func roundTrip() throws {
        let report = report([(0, 10), (1, 200), (-1, 300)]).report
        #expect(report.status == .unhealthy)
        #expect(try HealthReport(json: JSON(parsing: report.json.bytes())) == report)
        for text in [#"{"Status":"well","FailingStreak":0}"#, #"{"Status":"healthy"}"#] {
            #expect(throws: FieldError.self) { try HealthReport(json: JSON(parsing: Array(text.utf8))) }
        }
    }

    @Test("failures of the start period don't count until the first success")
    func startPeriod() {
        let early = report([(1, 10), (1, 20), (1, 99)])
        #expect(early.report.status == .starting && early.report.failingStreak == 0 && early.changes == [false, false, false])
        let late = report([(1, 10), (1, 100), (1, 130)])
        #expect(late.report.status == .unhealthy && late.report.failingStreak == 2 && late.changes == [false, false, true])
        // From the first success on each counts, also in the start period.
        let healthy = report([(0, 10), (1, 20), (1, 30)])
        #expect(healthy.report.status == .unhealthy && healthy.changes == [true, false, true])
    }

    @Test("one success is enough, and begins the count anew")
    func recovery() {
        let found = report([(1, 200), (1, 230), (1, 260), (0, 290), (1, 320)])
        #expect(found.report.status == .healthy && found.report.failingStreak == 1)
        #expect(found.changes == [false, true, false, true, false])
    }

    @Test("keep the last five")
    func kept() {
        let found = report((0..<9).map { ($0, 200) })
        #expect(found.report.log.map(\.exitCode) == [4, 5, 6, 7, 8])
        #expect(found.report.json["Log"]?.array?.count == 5)
    }

    @Test("come faster until the first success in the start period")
    func delay() {
        #expect(check.delay(.starting, age: 0) == 5)
        #expect(check.delay(.starting, age: 100) == 30)
        #expect(check.delay(.healthy, age: 0) == 30)
    }
}
