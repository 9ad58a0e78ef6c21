import OCI
import Testing

@testable import Cgroups

@Suite("Device rules")
struct DeviceRulesTests {
    @Test("deny everything but the devices that every container has")
    func defaults() {
        let rules = DeviceRules(container: [])
        #expect(!rules.allowsByDefault)
        #expect(rules.exceptions.map(\.description).prefix(4) == ["c *:* m", "b *:* m", "c 1:3 rwm", "c 1:5 rwm"])
    }

    @Test("are taken in their order: what comes later holds")
    func order() {
        let rules = DeviceRules([
            .init(allow: true, .character, major: 10, minor: 200), .init(allow: false),
            .init(allow: true, .block, major: 8, access: "rw"), .init(allow: true, .block, major: 8, access: "m"),
            .init(allow: false, .block, major: 8, access: "w"), .init(allow: false, .character, major: 1),
        ])
        #expect(rules.exceptions.map(\.description) == ["b 8:* rm"])
    }

    @Test("of a privileged container allow everything")
    func privileged() {
        #expect(DeviceRules(container: [.init(allow: false), .init(allow: true)]).allowsEverything)
        let rules = DeviceRules(container: [.init(allow: true), .init(allow: false, .character, major: 1, minor: 1)])
        #expect(rules.allowsByDefault)
        #expect(rules.exceptions.map(\.description) == ["c 1:1 rwm"])
    }
}
