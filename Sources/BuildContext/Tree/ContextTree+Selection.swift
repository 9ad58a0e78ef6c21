import Glibc
import Linux

extension ContextTree {
    /// Finds what the sources of an instruction name.
    ///
    /// A source is cleaned against the root and may have wildcards (``GlobPattern``, a component at a time). Symlinks that it
    /// names, or that a wildcard finds, are followed inside of the root.
    ///
    /// - Parameters:
    ///   - keepingParents: `--parents`: a source is a pattern with `**`, and what it matches keeps its path, from the root or
    ///     behind `/./`. Symlinks are followed before that point only.
    ///   - excluding: `--exclude`: relative to a source that is a directory, and to where wildcards begin. A file that is
    ///     named without wildcards is never excluded.
    ///   - includingTopDirectory: A source that is a directory is an entry itself, of the path `.`: what a bind mount shows.
    /// - Throws: ``ContextError/notFound(_:isIgnored:)`` for a source without wildcards that isn't there.
    public func select(
        _ sources: [PathBytes], keepingParents: Bool = false, excluding: PatternList = PatternList(),
        includingTopDirectory: Bool = false
    ) throws(ContextError) -> Selection {
        var search = SourceSearch(tree: self, excluding: excluding, includesTopDirectory: includingTopDirectory)
        for (index, source) in sources.enumerated() {
            search.argument = index
            if keepingParents { try search.findParents(source) } else { try search.find(source) }
        }
        return search.selection(of: search.found)
    }
}

/// Turns the sources of one instruction into places.
private struct SourceSearch {
    let tree: ContextTree
    let excluding: PatternList
    let includesTopDirectory: Bool
    var argument = 0
    var found: [Selection.Source] = []
    var scratch = StateSet()

    init(tree: ContextTree, excluding: PatternList, includesTopDirectory: Bool) {
        self.tree = tree
        self.excluding = excluding
        self.includesTopDirectory = includesTopDirectory
    }

    func selection(of sources: [Selection.Source]) -> Selection {
        Selection(tree: tree, sources: sources, excluding: excluding, includesTopDirectory: includesTopDirectory)
    }

    mutating func find(_ source: PathBytes) throws(ContextError) {
        let globs = try Self.globs(source.componentsBelowRoot)
        let fixed = globs.prefix { $0.literal != nil }.compactMap(\.literal)
        if fixed.count == globs.count { return try addNamed(fixed) }
        // Where there is no such directory, there is nothing that could match.
        guard case .found(let place) = try tree.resolve(fixed), place.status.kind == .directory else { return }
        var level = tree.ignored.topLevel
        for name in place.components { level = tree.ignored.enter(name, at: level, &scratch).below }
        try expand(globs[fixed.count...], in: place.components, matched: [], level)
    }

    private static func globs(_ components: [PathBytes]) throws(ContextError) -> [GlobPattern] {
        var globs: [GlobPattern] = []
        for component in components {
            do throws(PatternError) { globs.append(try GlobPattern(component)) } catch { throw .invalidPattern(error) }
        }
        return globs
    }

    private mutating func addNamed(_ path: [PathBytes]) throws(ContextError) {
        let place = try resolved(path)
        let source = self.source(place, name: path.last ?? ".")
        guard try isVisible(source) else { throw .notFound(Self.written(path), isIgnored: true) }
        found.append(source)
    }

    private func source(_ place: ContextTree.Place, name: PathBytes) -> Selection.Source {
        Selection.Source(
            name: place.status.kind == .directory ? "" : name, status: place.status, argument: argument,
            components: place.components, including: nil)
    }

    private func resolved(_ path: [PathBytes]) throws(ContextError) -> ContextTree.Place {
        switch try tree.resolve(path) {
        case .found(let place): return place
        case .missing: throw .notFound(Self.written(path), isIgnored: false)
        case .ignored: throw .notFound(Self.written(path), isIgnored: true)
        case .tooManyLinks: throw .tooManyLinks(Self.written(path))
        }
    }

    private static func written(_ path: [PathBytes]) -> PathBytes {
        PathBytes(known: [UInt8(ascii: "/")] + (path.isEmpty ? [] : PathBytes(joining: path).bytes))
    }

    /// A directory that is ignored is there all the same if something below it isn't.
    private func isVisible(_ source: Selection.Source) throws(ContextError) -> Bool {
        guard tree.isIgnored(source.path) else { return true }
        guard source.isDirectory else { return false }
        let all = Selection(tree: tree, sources: [source], excluding: PatternList(), includesTopDirectory: false)
        var walk = try all.walk()
        return try walk.next() != nil
    }
}

// Wildcards.
extension SourceSearch {
    /// Adds what matches below a directory, in byte order. Only what matches as a whole is followed if it is a symlink, as
    /// BuildKit has it: `*/f` doesn't look behind links to directories.
    private mutating func expand(
        _ globs: ArraySlice<GlobPattern>, in directory: [PathBytes], matched: [PathBytes], _ level: PatternLevel
    ) throws(ContextError) {
        guard let glob = globs.first else { return }
        for (name, status) in try names(in: directory, matching: glob) {
            let (isIgnored, below) = tree.ignored.enter(name, at: level, &scratch)
            let isDirectory = status.kind == .directory
            if isIgnored && !(isDirectory && tree.ignored.mayTakeBack(below: below)) { continue }
            let place = ContextTree.Place(components: directory + [name], status: status)
            if globs.count == 1 {
                try addMatch(place, name, matched + [name])
            } else if isDirectory {
                try expand(globs.dropFirst(), in: place.components, matched: matched + [name], below)
            }
        }
    }

    private mutating func addMatch(
        _ place: ContextTree.Place, _ name: PathBytes, _ matched: [PathBytes]
    ) throws(ContextError) {
        // The manual excludes by `--exclude=*.txt hom*`; BuildKit does so only inside of directories (moby/buildkit 5489).
        if excluding.matches(PathBytes(joining: matched)) { return }
        let isLink = place.status.kind == .symlink
        let target = try isLink ? resolved(place.components) : place
        let source = self.source(target, name: name)
        if try isVisible(source) {
            found.append(source)
        } else if isLink {
            throw .notFound(Self.written(place.components), isIgnored: true)
        }
    }

    private func names(
        in directory: [PathBytes], matching glob: GlobPattern
    ) throws(ContextError) -> [(PathBytes, FileStatus)] {
        do throws(SystemCallError) {
            let opened = try tree.open(directory, flags: O_RDONLY | O_DIRECTORY)
            let names: [PathBytes]
            if let literal = glob.literal { names = [literal] } else { names = try opened.sortedNames().reversed() }
            var found: [(PathBytes, FileStatus)] = []
            for name in names where glob.matches(name) {
                do throws(SystemCallError) { found.append((name, try opened.status(of: name))) } catch {
                    guard error.isOfAbsence else { throw error }
                }
            }
            return found
        } catch {
            guard error.isOfAbsence else { throw .unreadable(PathBytes(joining: directory), error) }
            return []
        }
    }
}

// `--parents`.
extension SourceSearch {
    mutating func findParents(_ source: PathBytes) throws(ContextError) {
        let (before, behind) = Self.pivot(source)
        let components = behind.componentsBelowRoot
        // Nothing behind the pivot means all of it.
        let pattern = components.isEmpty ? "**" : PathBytes(joining: components)
        let including: PatternList
        do throws(PatternError) { including = try PatternList([pattern]) } catch { throw .invalidPattern(error) }
        let path = try components.isEmpty ? nil : Self.literal(Self.globs(components))

        var bases = SourceSearch(tree: tree, excluding: PatternList(), includesTopDirectory: false)
        try bases.find(before)
        var isThere = path == nil
        for base in bases.found where base.isDirectory {
            if let path {
                guard try self.isThere(base.components + path) else { continue }
                isThere = true
            }
            found.append(
                Selection.Source(
                    name: "", status: base.status, argument: argument, components: base.components, including: including
                ))
        }
        guard isThere else {
            let written = before.componentsBelowRoot + components
            throw .notFound(Self.written(written), isIgnored: tree.isIgnored(PathBytes(joining: written)))
        }
    }

    /// What is before and behind the first `/./`. A `./` at the beginning is as none.
    private static func pivot(_ source: PathBytes) -> (before: PathBytes, behind: PathBytes) {
        let bytes = source.bytes
        let marks = bytes.indices.dropLast(2).first { bytes[$0..<$0 + 3].elementsEqual("/./".utf8) }
        guard let marks else { return ("", source) }
        return (PathBytes(known: Array(bytes[..<marks])), PathBytes(known: Array(bytes[(marks + 3)...])))
    }

    private static func literal(_ globs: [GlobPattern]) -> [PathBytes]? {
        let literals = globs.compactMap(\.literal)
        return literals.count == globs.count ? literals : nil
    }

    /// Without following anything: a link that is named is copied as it is, and behind one nothing is.
    private func isThere(_ path: [PathBytes]) throws(ContextError) -> Bool {
        guard let name = path.last, let (status, _) = try tree.look(at: name, in: Array(path.dropLast())) else {
            return false
        }
        return try isVisible(source(ContextTree.Place(components: path, status: status), name: name))
    }
}

extension FileDescriptor {
    /// The names in this directory, last first, so that the next one is taken from the end.
    borrowing func sortedNames() throws(SystemCallError) -> [PathBytes] {
        try names().sorted { $1.bytes.lexicographicallyPrecedes($0.bytes) }
    }
}
