import Dockerfile
import OCI

/// Who is told what a build does, while it does it, and may stop it.
public protocol BuildReporter: AnyObject {
    func report(_ event: BuildEvent)
    /// How long the build may wait for something without a call of ``refresh()``; nil for as long as it likes.
    var refreshMilliseconds: CInt? { get }
    /// Time has passed.
    func refresh()
    /// The number of a descriptor that is readable once the build is to stop; -1, which poll(2) skips, where nothing stops it.
    var interruption: CInt { get }
}

extension BuildReporter {
    public var refreshMilliseconds: CInt? { nil }
    public func refresh() {}
    public var interruption: CInt { -1 }
}

/// A step of a build: something that takes time, and that a user wants to see.
public struct BuildStep: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// Reading the Dockerfile, finding bases, pulling.
        case preparation
        /// An instruction; of its stage, the how manyth of how many (`[build 2/5]`), FROM among them. The stage is its
        /// name, else `stage-2`; empty where it has none and there is no other.
        case instruction(stage: String, number: Int, of: Int)
        /// Writing the image, its names, an output.
        case export
    }

    /// Unique in its build, and rising in the order of the Dockerfile.
    public var number: Int
    public var kind: Kind
    /// `RUN make`, as it is written in the Dockerfile, with what it expands to.
    public var title: String
    /// Of the platform where a build has several; nil otherwise.
    public var platform: String?

    public init(number: Int, kind: Kind, title: String, platform: String? = nil) {
        self.number = number
        self.kind = kind
        self.title = title
        self.platform = platform
    }
}

/// What happens in a build.
public enum BuildEvent: Sendable {
    case started(BuildStep)
    /// What a RUN printed, as it came.
    case output(BuildStep, isError: Bool, bytes: [UInt8])
    /// What is said of a step, a line of text: `resolve docker.io/library/debian:12`.
    case note(BuildStep, String)
    /// Why a step is cached or not, before it finishes; where that was asked for.
    case explained(BuildStep, BuildExplanation)
    case finished(BuildStep, BuildOutcome)
    /// What the linter has found, once the bases are known.
    case findings([Dockerfile.LintFinding])
}

public enum BuildOutcome: Hashable, Sendable {
    case done
    /// Nothing had to be done, and why that is known.
    case cached
    /// Another step failed, or the user has stopped it.
    case cancelled
    case failed(String)
}

/// What a build has made.
public struct BuildResult: Hashable, Sendable {
    /// By platform, in the order that was asked for.
    public var images: [ImageID]
    /// Of the index where there are several, of the manifest otherwise.
    public var target: Descriptor

    public init(images: [ImageID], target: Descriptor) {
        self.images = images
        self.target = target
    }
}

/// Why a build failed.
public struct BuildError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What went wrong, without `failed to solve: ` before it and the excerpt behind it.
    public var message: String
    /// Where in the Dockerfile; nil where it is not the Dockerfile's fault.
    public var lines: ClosedRange<Int>?
    /// Of a mistake in the Dockerfile: all that is known of it.
    public var mistake: DockerfileError?
    /// Of a RUN that failed.
    public var exitCode: Int32?
    /// The last lines that it printed.
    public var output: [UInt8] = []
    /// What to do about it.
    public var advice: String?

    public init(_ message: String, lines: ClosedRange<Int>? = nil) {
        self.message = message
        self.lines = lines
    }

    public var description: String { message }
}
