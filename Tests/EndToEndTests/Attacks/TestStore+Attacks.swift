import Glibc
import Linux
import Testing
import TestSupport

extension TestStore {
    /// Whether an attack is tried as often as it can be.
    static let isThorough = getenv("HAKO_TEST_ALL") != nil

    /// Expects that neither what a program said nor anything that is kept holds one of these words.
    func expectNowhere(_ words: [String], _ runs: ProgramRun..., sourceLocation: SourceLocation = #_sourceLocation) throws {
        for run in runs {
            for word in words {
                #expect(!run.output.contains(word) && !run.error.contains(word), "\(run)", sourceLocation: sourceLocation)
            }
        }
        let patterns = words.map { "-e '\($0)'" }.joined(separator: " ")
        // 1 is grep's word for nothing found.
        let kept = try shell("grep -rlaF -D skip \(patterns) '\(root)' '\(runRoot)' 2> /dev/null")
        #expect(kept.text == "", "\(kept)", sourceLocation: sourceLocation)
    }

    /// Nothing of a build that failed or is over is left, and the store is whole.
    func expectClean(sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(try FileDescriptor.directory(root + "/layers/.ingest").names().isEmpty, sourceLocation: sourceLocation)
        #expect(try output("system", "check") == "The store is whole.", sourceLocation: sourceLocation)
    }
}
