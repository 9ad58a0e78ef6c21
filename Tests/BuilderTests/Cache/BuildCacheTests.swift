import Builder
import Linux
import Metadata
import TestSupport
import Testing

@Suite("The build cache")
struct BuildCacheTests {
    private static let text = "FROM base\nRUN a\nRUN b\nRUN c"

    @Test("has each step from when it was done, also when the build was killed after it")
    func killed() throws {
        var build = try Rehearsal()
        #expect(try build.build(Self.text, limit: 2).made == ["RUN a", "RUN b"])
        #expect(try build.build(Self.text).made == ["RUN c"])
    }

    @Test("misses a step whose layer was lost")
    func lost() throws {
        var build = try Rehearsal()
        let first = try build.build(Self.text)
        try build.store.database.delete(.layer(first.layers[2]))
        let second = try build.build(Self.text)
        #expect(second.made == ["RUN b", "RUN c"])
        #expect(second.explanations == [
            "it was done before, but its layer is no longer in the store", "a step before it was made anew: RUN b",
        ])
        #expect(try build.build(Self.text).made.isEmpty)
    }

    @Test("isn't asked with --no-cache and of stages that --no-cache-filter names, and then has what was made instead")
    func disabled() throws {
        var build = try Rehearsal()
        let first = try build.build(Self.text)
        build.usesCache = false
        let second = try build.build(Self.text)
        #expect(second.made.count == 3)
        #expect(Set(second.explanations) == ["--no-cache makes every step anew"])
        build.usesCache = true
        let third = try build.build(Self.text)
        #expect(third.made.isEmpty)
        #expect(third.layers == second.layers && third.layers != first.layers)
        build.uncachedStages = ["other"]
        #expect(try build.build(Self.text).made.isEmpty)
        build.uncachedStages = ["STAGE-0"]
        #expect(try build.build(Self.text).explanations.first == "--no-cache-filter makes every step of stage stage-0 anew")
    }

    @Test("notes a use once in a minute")
    func uses() throws {
        var build = try Rehearsal()
        try build.build(Self.text)
        let lastUsed = { (build: borrowing Rehearsal) in Set(try build.store.database.cachedSteps().map(\.step.lastUsed)) }
        let uses = { (build: borrowing Rehearsal) in Set(try build.store.database.cachedSteps().map(\.step.uses)) }
        let start = build.now
        build.now += 30_000_000_000
        try build.build(Self.text)
        #expect(try lastUsed(build) == [start])
        build.now += 31_000_000_000
        try build.build(Self.text)
        #expect(try lastUsed(build) == [build.now])
        #expect(try uses(build) == [1])
    }

    @Test("may know a step by several keys, of which the one that finds it makes nothing anew")
    func alias() throws {
        let build = try Rehearsal(["f": ""])
        let (inputs, place) = try build.firstStep("FROM base\nCOPY f /g")
        let (other, _) = try build.firstStep("FROM base\nCOPY f /h")
        let (last, _) = try build.firstStep("FROM base\nCOPY f /i")
        let made = CachedStep(layer: build.base[0], blob: nil, created: 1)
        try build.cache().add(made, inputs, at: place)
        let cache = build.cache()
        guard case .found(let found) = try cache.step(inputs, at: place) else {
            Issue.record("not found")
            return
        }
        try cache.add(found, other, at: place)
        #expect(try cache.step(other, at: place) == .found(made))
        let next = StepPlace(stage: place.stage, position: 1, title: "COPY", base: "base")
        #expect(try cache.explanation(of: last, at: next, miss: .unknown, files: [:]) == .made([.unknown]))
    }
}
