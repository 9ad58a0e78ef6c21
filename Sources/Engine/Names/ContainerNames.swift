/// Ids and names of containers.
public enum ContainerNames {
    /// Whether it is a whole id, and so a directory's name, not a path.
    static func isID(_ text: String) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// `adjective_noun`, for a container that nobody named.
    static func random(attempt: Int) -> String {
        var generator = SystemRandomNumberGenerator()
        let name = "\(adjectives[Int(generator.next() % UInt64(adjectives.count))])_"
            + nouns[Int(generator.next() % UInt64(nouns.count))]
        // With many containers the pairs run out: then a number makes the difference, as in Docker.
        return attempt == 0 ? name : name + String(generator.next() % 10_000)
    }

    /// Docker's grammar: `[a-zA-Z0-9][a-zA-Z0-9_.-]+`. A name can be no path and no option.
    public static func isValid(_ name: String) -> Bool {
        let isAlphanumeric = { (byte: UInt8) in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        }
        guard name.utf8.count >= 2, name.utf8.count <= 255, let first = name.utf8.first, isAlphanumeric(first) else {
            return false
        }
        return name.utf8.allSatisfy { isAlphanumeric($0) || $0 == 0x5F || $0 == 0x2E || $0 == 0x2D }
    }

    private static let adjectives: [String] = [
        "agile", "airy", "amber", "ample", "bold", "brave", "breezy", "bright", "brisk", "calm", "cheerful", "clear",
        "clever", "cosy", "crisp", "curious", "daring", "deft", "eager", "earnest", "fair", "fleet", "fond", "frank", "fresh",
        "gentle", "glad", "golden", "happy", "hardy", "honest", "humble", "jolly", "keen", "kind", "light", "lively",
        "loyal", "lucid", "lucky", "mellow", "merry", "mild", "modest", "neat", "nimble", "noble", "patient", "plucky",
        "polite", "proud", "quick", "quiet", "ready", "rosy", "serene", "sharp", "silent", "simple", "sincere", "smart",
        "snug", "sober", "solid", "spry", "steady", "stoic", "sunny", "swift", "tender", "tidy", "trusty", "upbeat", "vivid",
        "warm", "wise", "witty", "zesty",
    ]

    private static let nouns: [String] = [
        "acorn", "anchor", "apple", "arrow", "basket", "beacon", "birch", "bonsai", "bridge", "brook", "cabin", "candle",
        "canoe", "castle", "cedar", "chest", "cloud", "clover", "comet", "compass", "coral", "crane", "cricket", "daisy",
        "delta", "dune", "ember", "falcon", "feather", "fern", "fjord", "forest", "fountain", "garden", "ginkgo", "glacier",
        "harbor", "hazel", "heron", "island", "ivory", "jasmine", "juniper", "kettle", "kite", "koi", "lagoon", "lantern",
        "lotus", "lynx", "maple", "meadow", "mirror", "moss", "nectar", "oasis", "olive", "orchid", "otter", "owl", "pagoda",
        "pebble", "pepper", "pine", "plum", "prairie", "quartz", "quill", "raven", "reed", "ridge", "river", "saffron",
        "sparrow", "spruce", "stone", "summit", "swallow", "tea", "temple", "thistle", "tulip", "valley", "violet", "walnut",
        "willow", "wren", "zephyr",
    ]
}
