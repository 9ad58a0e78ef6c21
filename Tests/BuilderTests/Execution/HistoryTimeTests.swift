import OCI
import Testing

@testable import Builder

@Suite("The times of an image's history")
struct HistoryTimeTests {
    private func times(_ entries: [(created: String?, isEmpty: Bool)]) -> [String?] {
        ImageAssembly.timed(entries.map { HistoryEntry(created: $0.created, isEmptyLayer: $0.isEmpty) }).map(\.created)
    }

    @Test("of entries without a layer are those of the layer before them, and before the first new layer that one's")
    func order() {
        #expect(times([("base", false), (nil, true), ("one", false), (nil, true), ("two", false), (nil, true)]) == ["base", "one", "one", "one", "two", "two"])
        #expect(times([(nil, true), ("one", false)]) == ["one", "one"])
    }

    @Test("are the base's last where no layer is new, and none where there is none")
    func withoutLayers() {
        #expect(times([("base", false), ("later", true), (nil, true)]) == ["base", "later", "later"])
        #expect(times([(nil, true), (nil, true)]) == [nil, nil])
        #expect(times([]).isEmpty)
    }
}
