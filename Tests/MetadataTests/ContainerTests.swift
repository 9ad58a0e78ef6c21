import Metadata
import OCI
import SQLite
import TestSupport
import Testing

@Suite("Containers in the database")
struct ContainerTests {
    @Test("get the smallest free slot and id range, and give them back")
    func slots() throws {
        let scratch = try Scratch()
        let database = try Samples.database(scratch)
        for (number, id) in ["a0", "a1", "a2"].enumerated() {
            let record = try database.insertContainer(try Samples.container(id, id), idSlots: 10..<20)
            #expect(record.slot == Int64(number))
            #expect(record.idSlot == 10 + Int64(number))
        }
        try database.deleteContainer(ContainerDeletion(id: Samples.id("a1"), time: 1))
        let host = try database.insertContainer(try Samples.container("b0", "b0"), idSlots: nil)
        #expect(host.slot == 1)
        #expect(host.idSlot == nil)
        #expect(try database.insertContainer(try Samples.container("b1", "b1"), idSlots: 10..<20).idSlot == 11)
    }

    @Test("share their slots and ranges with steps of builds, of which nobody is told")
    func buildSteps() throws {
        let scratch = try Scratch()
        let database = try Samples.database(scratch)
        let step = try database.insertStepContainer(Samples.id("b0"), at: 1, networkMode: "bridge", idSlots: 10..<20)
        #expect(try database.insertContainer(try Samples.container("a0", "a0"), idSlots: 10..<20).slot == 1)
        #expect(try database.stepContainers().map(\.idSlot) == [10] && step.slot == 0)
        #expect(try database.containers().map(\.name) == ["a0"])
        #expect(try database.container(named: step.id) == nil && database.container(named: "b") == nil && database.container(id: step.id) == nil)
        try database.deleteStepContainer(Samples.id("a0"))
        try database.deleteStepContainer(step.id)
        #expect(try database.stepContainers().isEmpty && database.containers().count == 1)
        #expect(try database.insertContainer(try Samples.container("a1", "a1"), idSlots: 10..<20).idSlot == 10)
        #expect(throws: MetadataError.noSuchImage("sha256:" + String(repeating: "5", count: 64))) {
            var foreign = try Samples.container("a2", "a2")
            foreign.image = try ImageID("sha256:" + String(repeating: "5", count: 64))
            _ = try database.insertContainer(foreign, idSlots: nil)
        }
    }

    @Test("are refused when no id range is free")
    func noRange() throws {
        let scratch = try Scratch()
        let database = try Samples.database(scratch)
        _ = try database.insertContainer(try Samples.container("a0", "a0"), idSlots: 3..<4)
        let error = #expect(throws: MetadataError.self) {
            try database.insertContainer(try Samples.container("a1", "a1"), idSlots: 3..<4)
        }
        #expect(error == .noFreeIDRange)
        #expect(try database.containers().count == 1)
    }

    @Test("never share a slot or range, however many are created at once")
    func racing() async throws {
        let scratch = try Scratch()
        _ = try Samples.database(scratch)
        let path = scratch.path("hako.db")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for process in 0..<8 {
                group.addTask {
                    let database = try Database(path: path)
                    for number in 0..<10 {
                        let id = "\(process)\(number)"
                        _ = try database.insertContainer(try Samples.container(id, "c\(id)"), idSlots: 0..<1000)
                    }
                }
            }
            try await group.waitForAll()
        }
        let all = try Database(path: path).containers()
        #expect(Set(all.map(\.slot)) == Set(0..<80))
        #expect(Set(all.compactMap(\.idSlot)) == Set(0..<80))
    }

    @Test("are found by whole id, then name, then the only id that begins so")
    func lookup() throws {
        let scratch = try Scratch()
        let database = try Samples.database(scratch)
        for (id, name) in [("ab1", "web"), ("ab2", "ab1"), ("c", Samples.id("ab1").dropLast() + "x")] {
            _ = try database.insertContainer(try Samples.container(id, String(name)), idSlots: nil)
        }
        #expect(try database.container(named: Samples.id("ab1"))?.name == "web")
        // A name like another's prefix is the name.
        #expect(try database.container(named: "ab1")?.id == Samples.id("ab2"))
        #expect(try database.container(named: "c")?.id == Samples.id("c"))
        #expect(throws: MetadataError.ambiguousPrefix("ab")) { try database.container(named: "ab") }
        for name in ["", "zz", "AB1", "../web", "web%"] { #expect(try database.container(named: name) == nil) }
    }

    @Test("keep their names and ids apart")
    func conflicts() throws {
        let scratch = try Scratch()
        let database = try Samples.database(scratch)
        _ = try database.insertContainer(try Samples.container("a", "web"), idSlots: nil)
        #expect(throws: MetadataError.containerNameInUse(name: "web", by: Samples.id("a"))) {
            try database.insertContainer(try Samples.container("b", "web"), idSlots: nil)
        }
        #expect(throws: MetadataError.containerIDInUse(Samples.id("a"))) {
            try database.insertContainer(try Samples.container("a", "other"), idSlots: nil)
        }
        var orphan = try Samples.container("c", "c")
        orphan.image = ImageID(try Samples.digest(99))
        #expect(throws: MetadataError.noSuchImage(orphan.image.description)) {
            try database.insertContainer(orphan, idSlots: nil)
        }
        _ = try database.insertContainer(try Samples.container("d", "db"), idSlots: nil)
        #expect(throws: MetadataError.containerNameInUse(name: "web", by: Samples.id("a"))) {
            try database.renameContainer(Samples.id("d"), to: "web")
        }
    }

    @Test("have their state and spec read back as written")
    func roundTrip() throws {
        let scratch = try Scratch()
        let database = try Samples.database(scratch)
        let id = try database.insertContainer(try Samples.container("a", "web"), idSlots: nil).id
        let state = ContainerState(
            status: .exited, pid: 0, exitCode: 137, started: 1, finished: 2, oomKilled: true, error: "x")
        try database.setState(state, of: id)
        try database.setPorts("[1]", of: id)
        try database.updateSpec([1, 2], of: id)
        let record = try #require(try database.container(id: id))
        #expect(record.state == state)
        #expect(record.ports == "[1]")
        #expect(try database.spec(of: id) == [1, 2])
        #expect(throws: MetadataError.noSuchContainer("x")) { try database.setState(state, of: "x") }
    }

    @Test("are as before when their deletion was prepared, and are deleted then")
    func preparedDeletion() throws {
        let scratch = try Scratch()
        let database = try Samples.database(scratch)
        let record = try database.insertContainer(try Samples.container("a", "web"), idSlots: nil)
        try database.prepareDeletion(of: record.id)
        try database.prepareDeletion(of: "gone")
        #expect(try database.container(id: record.id) == record)
        #expect(try database.events().isEmpty)
        #expect(try database.journalPosition() == nil)
        let next = JournalPosition(bootID: "boot", offset: 7)
        try database.foldJournal(from: nil, to: next, changes: [], deleting: ContainerDeletion(id: record.id, time: 5))
        #expect(try database.container(id: record.id) == nil)
        #expect(try database.events().map(\.action) == ["destroy"])
        #expect(try database.journalPosition() == next)
    }

    @Test("take in what monitors wrote once, whoever reads it first")
    func journal() throws {
        let scratch = try Scratch()
        let database = try Samples.database(scratch)
        let id = try database.insertContainer(try Samples.container("a", "web"), idSlots: nil).id
        let first = JournalPosition(bootID: "boot", offset: 100)
        let started = ContainerChange(id: id, time: 5, kind: .started(pid: 42))
        let died = ContainerChange(id: id, time: 9, kind: .died(exitCode: 3, oomKilled: false))
        let event = Event(time: 5, type: "container", action: "start", actor: id)
        #expect(try database.foldJournal(from: nil, to: first, changes: [started], events: [event]))
        #expect(try !database.foldJournal(from: nil, to: first, changes: [started], events: [event]))
        #expect(try database.container(id: id)?.state == ContainerState(status: .running, pid: 42, started: 5))
        let second = JournalPosition(bootID: "boot", offset: 200)
        #expect(try database.foldJournal(from: first, to: second, changes: [died]))
        #expect(
            try database.container(id: id)?.state
                == ContainerState(status: .exited, exitCode: 3, started: 5, finished: 9))
        var told = event
        told.attributes = "{\"image\":\"nginx\",\"name\":\"web\"}"
        #expect(try database.events() == [told])
        #expect(try database.journalPosition() == second)
    }

    @Test("know how often a policy started a container again, and whether somebody stopped it")
    func restarts() throws {
        let scratch = try Scratch()
        let database = try Samples.database(scratch)
        let id = try database.insertContainer(try Samples.container("a", "web"), idSlots: nil).id
        func fold(_ from: JournalPosition?, _ offset: Int64, _ kind: ContainerChange.Kind) throws -> JournalPosition {
            let next = JournalPosition(bootID: "boot", offset: offset)
            #expect(try database.foldJournal(from: from, to: next, changes: [ContainerChange(id: id, time: offset, kind: kind)]))
            return next
        }
        let dead = try fold(nil, 1, .died(exitCode: 3, oomKilled: false, isRestarting: true))
        #expect(try database.container(id: id)?.state == ContainerState(status: .restarting, exitCode: 3, finished: 1))
        let again = try fold(dead, 2, .started(pid: 7, restarts: 1))
        #expect(try database.container(id: id)?.restarts == 1)
        // Only of one that waits for its restart.
        let running = try fold(again, 3, .stayed)
        #expect(try database.container(id: id)?.state.status == .running)
        let resting = try fold(running, 4, .died(exitCode: 0, oomKilled: false, isRestarting: true))
        let settled = try fold(resting, 5, .stayed)
        #expect(try database.container(id: id)?.state.status == .exited)
        let once = try fold(settled, 6, .started(pid: 8))
        _ = try fold(once, 7, .died(exitCode: 255, oomKilled: false, error: "nobody knows"))
        #expect(try database.container(id: id)?.state.error == "nobody knows")
        try database.setStopped(true, of: id)
        #expect(try database.container(id: id)?.isStopped == true)
    }

    @Test("tell of their end with name, image and labels, once")
    func destroyed() throws {
        let scratch = try Scratch()
        let database = try Samples.database(scratch)
        var new = try Samples.container("a", "web")
        new.labels = "{\"tier\":\"front\",\"name\":\"a label\"}"
        let id = try database.insertContainer(new, idSlots: nil).id
        try database.deleteContainer(ContainerDeletion(id: id, time: 9))
        try database.deleteContainer(ContainerDeletion(id: id, time: 10))
        let events = try database.events(after: 0).map(\.event)
        #expect(events.map(\.action) == ["destroy"] && events.first?.time == 9)
        #expect(events.first?.attributes == "{\"tier\":\"front\",\"name\":\"web\",\"image\":\"nginx\"}")
    }

    @Test("events are read once nobody is writing any more: who waits for them is told of a write before it can be seen")
    func settledEvents() async throws {
        let scratch = try Scratch()
        let path = scratch.path("hako.db")
        let database = try Database(path: path)
        try database.record([Event(time: 1, type: "t", action: "first", actor: "x")])
        // A writer that has not committed yet.
        let writer = try Connection(path: path)
        try writer.execute("BEGIN IMMEDIATE")
        try writer.execute("INSERT INTO events(time, type, action, actor, attributes) VALUES(2, 't', 'second', 'x', '{}')")
        #expect(try database.events(after: 0).map(\.event.action) == ["first"])
        async let found = OwnThread.run { try database.settledEvents(after: 0).map(\.event.action) }
        try await Task.sleep(for: .milliseconds(200))
        try writer.execute("COMMIT")
        #expect(try await found == ["first", "second"])
    }

    @Test("keep the last events only")
    func events() throws {
        let scratch = try Scratch()
        let database = try Database(path: scratch.path("hako.db"))
        for batch in 0..<30 {
            try database.record(
                (0..<50).map { Event(time: Int64(batch * 50 + $0), type: "t", action: "a", actor: "x") })
        }
        let kept = try database.events()
        #expect(kept.last?.time == 1499)
        #expect((1000...1100).contains(kept.count))
        #expect(try database.events(since: 1490).count == 10)
    }
}
