// What is done with each byte of a container's output.
#ifndef HAKO_TEXT_H
#define HAKO_TEXT_H

#include <stddef.h>
#include <stdint.h>

// How many bytes at the beginning stand for themselves in JSON as Go's encoder writes it: ASCII, but no control characters, `"`,
// `\`, `<`, `>` and `&`.
size_t hako_plain_json(const uint8_t *text, size_t count);

// Writes each line, without its line end, between `beginning` and `ending`, as long as lines are plain (as above) and whole, `limit`
// bytes are not yet written, and there is `room`. Returns how many bytes of the text that was; `*written` is how many it became.
size_t hako_plain_lines(
    const uint8_t *text, size_t count, const uint8_t *beginning, size_t beginning_count, const uint8_t *ending,
    size_t ending_count, uint8_t *out, size_t limit, size_t room, size_t *written);

#endif
