import Builder
import CommandLineTables
import Dockerfile
import Linux

/// `hako build --check`, `--call outline` and `--call targets`: what can be said without building.
enum BuildCheckCommand {
    static func run(_ call: BuildCall, _ request: BuildRequest, _ input: BuildInput, _ sources: BuildSources) throws -> Int32 {
        do throws(DockerfileError) {
            let check = try BuildCheck(request, needsAllStages: call.question == .check)
            switch call.question {
            case .check:
                let report = try report(of: check, sources)
                return show(report, call, input)
            case .outline:
                let outline = try check.outline()
                Terminal.print(call.isJSON ? BuildCheckJSON.text(outline, file: input.file) : BuildCheckText.text(outline))
            case .targets:
                let targets = check.targets
                Terminal.print(call.isJSON ? BuildCheckJSON.text(targets, file: input.file) : BuildCheckText.text(targets))
            }
            return 0
        } catch {
            refuse(error, input)
            return 1
        }
    }

    private static func report(of check: BuildCheck, _ sources: BuildSources) throws(DockerfileError) -> Dockerfile.LintReport {
        // Without a store there is less to be said, and no error.
        guard check.needsImages, let engine = try? sources.engine() else { return check.report() }
        return check.report(engine)
    }

    private static func show(_ report: Dockerfile.LintReport, _ call: BuildCall, _ input: BuildInput) -> Int32 {
        Terminal.print(
            call.isJSON
                ? BuildCheckJSON.text(report, file: input.file, fileName: input.fileName)
                : BuildCheckText.text(report, file: input.file, fileName: input.filePath))
        if let error = report.error {
            refuse(error, input)
            return 1
        }
        if let violation = report.violation { BuildCommand.refuse(violation + "\n") }
        return report.findings.isEmpty || (call.ignoresStatus && report.violation == nil) ? 0 : 1
    }

    private static func refuse(_ error: DockerfileError, _ input: BuildInput) {
        let excerpt = BuildFailureText.excerpt(error, file: input.file, fileName: input.filePath)
        BuildCommand.refuse("\(error.message)\n\(excerpt)")
    }
}
