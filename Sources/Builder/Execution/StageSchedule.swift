import Dockerfile

/// Which stages can begin, as others are done.
///
/// A file may have hundreds of thousands of them: each is looked at as often as it waits for another one.
struct StageSchedule {
    /// How many stages each still waits for.
    private var missing: [Int: Int] = [:]
    /// Who waits for a stage.
    private var dependents: [Int: [Int]] = [:]
    /// Those that wait for none, in the order of the file.
    let first: [Int]

    init(_ graph: Dockerfile.StageGraph) {
        var first: [Int] = []
        for index in graph.order {
            let needed = graph.nodes[index]?.dependencies ?? []
            if needed.isEmpty { first.append(index) }
            missing[index] = needed.count
            for stage in needed { dependents[stage, default: []].append(index) }
        }
        self.first = first
    }

    /// Those that can begin now that these are done, in the order of the file.
    mutating func next(after done: [Int]) -> [Int] {
        var ready: [Int] = []
        for index in done.flatMap({ dependents[$0] ?? [] }) {
            let left = (missing[index] ?? 0) - 1
            missing[index] = left
            if left == 0 { ready.append(index) }
        }
        return ready.sorted()
    }
}
