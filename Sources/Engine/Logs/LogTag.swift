import GoTemplate
import Metadata
import OCI

/// The option `tag` of log drivers: a template over Docker's fields of a container.
enum LogTag {
    /// What can be told without a container: mistakes of the template's grammar.
    static func validate(_ text: String?) throws(EngineError) {
        guard let text, !text.isEmpty else { return }
        do throws(TemplateError) { _ = try Template(text, name: "log-tag") } catch { throw failure(text, error) }
    }

    /// - Parameter standard: Taken where the option is missing or empty.
    static func text(
        _ option: String?, standard: String, _ record: ContainerRecord, _ spec: StoredSpec, hostName: String
    ) throws(EngineError) -> String {
        let text = option.flatMap { $0.isEmpty ? nil : $0 } ?? standard
        guard text.contains("{") else { return text }
        do throws(TemplateError) {
            return try Template(text, name: "log-tag").render(.record(fields(record, spec, hostName)))
        } catch { throw failure(text, error) }
    }

    private static func failure(_ text: String, _ error: TemplateError) -> EngineError {
        EngineError(
            .invalidArgument, "invalid value for tag: \(text): \(error)", hint: "As in {{.Name}}/{{.ID}}.")
    }

    private static func fields(_ record: ContainerRecord, _ spec: StoredSpec, _ hostName: String) -> TemplateRecord {
        let words = (spec.config.entrypoint ?? []) + (spec.config.command ?? [])
        let image = record.image.description
        let fields: [(String, TemplateValue)] = [
            ("ID", .string(String(record.id.prefix(12)))), ("FullID", .string(record.id)),
            ("Name", .string(record.name)),
            ("ImageID", .string(String(image.prefix(12)))), ("ImageFullID", .string(image)),
            ("ImageName", .string(spec.config.image)), ("Command", .string(words.joined(separator: " "))),
            ("Hostname", .string(hostName)), ("DaemonName", "hako"), ("ContainerID", .string(record.id)),
            ("ContainerName", .string("/" + record.name)), ("ContainerEntrypoint", .string(words.first ?? "")),
            ("ContainerArgs", .list(words.dropFirst().map { .string($0) })), ("ContainerImageID", .string(image)),
            ("ContainerImageName", .string(spec.config.image)),
            ("ContainerCreated", .string(Timestamp(nanoseconds: record.created).description)),
            ("ContainerEnv", .list(spec.config.environment.map { .string($0) })),
            ("ContainerLabels", map(spec.config.labels)), ("Config", map(spec.host.logConfig.options)),
        ]
        return TemplateRecord("*logger.Info", fields.map { TemplateField.value($0.0, $0.1) })
    }

    private static func map(_ pairs: [String: String]) -> TemplateValue {
        .map(TemplateMap(pairs.map { (key: $0.key, value: .string($0.value)) }, missing: "", isOpen: true))
    }
}
