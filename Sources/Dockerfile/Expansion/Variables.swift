extension Dockerfile {
    /// Variables in the order in which they were first set.
    public struct Variables: Hashable, Sendable {
        public private(set) var names: [String] = []
        private var values: [String: String] = [:]
        /// Of all names and values together.
        private(set) var sizeInBytes = 0

        public init() {}

        /// `NAME=value` each, as an image's configuration holds them; one without `=` is empty.
        public init(_ entries: [String]) {
            for entry in entries {
                let (name, value) = entry.split(atFirst: .equals) ?? (entry, "")
                self[name] = value
            }
        }

        /// Setting an old name leaves it at its place.
        public subscript(name: String) -> String? {
            get { values[name] }
            set {
                guard let newValue else { return }
                if let old = values.updateValue(newValue, forKey: name) {
                    sizeInBytes -= old.utf8.count
                } else {
                    names.append(name)
                    sizeInBytes += name.utf8.count
                }
                sizeInBytes += newValue.utf8.count
            }
        }

        /// `NAME=value` each.
        public var entries: [String] { names.map { "\($0)=\(values[$0] ?? "")" } }
    }
}
