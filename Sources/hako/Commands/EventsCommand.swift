import CommandLineTables
import Engine
import GoTemplate
import Metadata
import OCI

/// `hako events`
enum EventsCommand {
    static let command = Command(
        "events", "Get real time events from the server", alsoAt: ["system events"], arity: .none,
        options: [
            .list("filter", short: "f", "Filter output based on conditions provided", placeholder: "filter"),
            .text("format", "Format output: 'json', or a Go template"),
            .text("since", "Show all events created since timestamp"),
            .text("until", "Stream events until this timestamp"),
        ], run: run)

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        if let format = arguments.value("format") { try check(format) }
        let filters = try EventFilters(arguments.values("filter"))
        var query = EventQuery()
        query.since = try arguments.moment("since")?.nanoseconds
        query.until = try arguments.moment("until")?.nanoseconds
        let engine = try arguments.engine()
        defer { engine.finish() }
        let format = arguments.value("format")
        var failure: (any Error)?
        try engine.events(query) { event in
            let attributes = (try? JSON(parsing: event.attributes))?.object ?? [:]
            guard filters.match(event, attributes) else { return true }
            do { try show(event, attributes, format) } catch { failure = error }
            return failure == nil
        }
        if let failure { throw failure }
        return 0
    }

    /// Before anything is waited for.
    private static func check(_ format: String) throws {
        do { _ = try Template(format) } catch {
            throw CommandFailure(EngineError(.invalidArgument, "Error parsing format: \(error)"), exitCode: 64)
        }
    }

    private static func show(_ event: Event, _ attributes: JSONObject, _ format: String?) throws {
        if let format { return try Formatted.print(document(event, attributes), format) }
        let list = attributes.members.sorted { $0.name < $1.name }.map { "\($0.name)=\($0.value.string ?? "")" }
        let text = list.isEmpty ? "" : " (\(list.joined(separator: ", ")))"
        Terminal.print(
            Terminal.escaped("\(Moment.stamp(event.time)) \(event.type) \(event.action) \(event.actor)\(text)") + "\n")
    }

    /// As Docker's API has it.
    private static func document(_ event: Event, _ attributes: JSONObject) -> JSON {
        var object: JSONObject = [:]
        if event.type == "container" || event.type == "image" {
            object["status"] = .string(event.action)
            object["id"] = .string(event.actor)
        }
        if event.type == "container", let image = attributes["image"] { object["from"] = image }
        object["Type"] = .string(event.type)
        object["Action"] = .string(event.action)
        object["Actor"] = ["ID": .string(event.actor), "Attributes": .object(attributes)]
        object["scope"] = "local"
        object["time"] = .integer(event.time / 1_000_000_000)
        object["timeNano"] = .integer(event.time)
        return .object(object)
    }
}
