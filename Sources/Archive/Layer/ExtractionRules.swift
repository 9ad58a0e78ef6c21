/// How an archive is unpacked that is no layer. As they are, the rules are a layer's.
public struct ExtractionRules {
    /// Whether names that begin with `.wh.` say that something is hidden; else they are names like others.
    public var readsWhiteouts = true
    /// Whether a directory may take the place of a file that is there, and the other way round.
    public var replacesOtherKinds = true
    /// Changes an entry before it is unpacked; false leaves it out.
    public var adjust: ((inout TarEntry) -> Bool)?

    public init() {}
}
