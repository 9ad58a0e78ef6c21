import Glibc
import ImageStore
import Linux
import OCI
import Registry
import Transfer

/// `hako-image`: moves image bytes for `hako`, and tells how it goes (Documentation/architecture.md, "hako-image").
///
/// It isn't meant for people: its words are few, and everything it has to say goes to the progress descriptor.
if CommandLine.arguments.dropFirst() == ["decompress"] { exit(Decompression.run()) }
let arguments: ImageArguments
do throws(UsageError) { arguments = try ImageArguments(CommandLine.arguments.dropFirst().map { $0 }) } catch {
    complain("hako-image: \(error.message)")
    exit(125)
}
exit(ImageCommand(arguments).run())

func complain(_ text: String) {
    // Nobody is left to tell if this fails.
    try? FileDescriptor.open("/proc/self/fd/2", flags: O_WRONLY | O_APPEND).writeAll(text + "\n")
}
