#include "hako_text.h"

#include <string.h>

// Sixteen bytes at once, in the vectors that GCC and Clang have on every machine.
typedef uint8_t bytes16 __attribute__((vector_size(16)));
typedef uint64_t words2 __attribute__((vector_size(16)));

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first byte of a word is its lowest");

// 255 for each byte that is not plain. `"` and `&`, `<` and `>` differ in one bit each.
static inline words2 special(bytes16 v) {
    return (words2)((v < 0x20) | (v > 0x7F) | ((v | 0x04) == '&') | ((v | 0x02) == '>') | (v == '\\'));
}

size_t hako_plain_json(const uint8_t *text, size_t count) {
    size_t index = 0;
    for (; count - index >= sizeof(bytes16); index += sizeof(bytes16)) {
        bytes16 next;
        memcpy(&next, text + index, sizeof next);
        words2 found = special(next);
        if (found[0]) return index + (size_t)__builtin_ctzll(found[0]) / 8;
        if (found[1]) return index + 8 + (size_t)__builtin_ctzll(found[1]) / 8;
    }
    if (index == count) return count;
    bytes16 last;
    memset(&last, ' ', sizeof last);
    memcpy(&last, text + index, count - index);
    words2 found = special(last);
    if (found[0]) return index + (size_t)__builtin_ctzll(found[0]) / 8;
    return found[1] ? index + 8 + (size_t)__builtin_ctzll(found[1]) / 8 : count;
}

size_t hako_plain_lines(
    const uint8_t *text, size_t count, const uint8_t *beginning, size_t beginning_count, const uint8_t *ending,
    size_t ending_count, uint8_t *out, size_t limit, size_t room, size_t *written) {
    size_t index = 0, used = 0;
    while (index < count && used < limit) {
        size_t length = hako_plain_json(text + index, count - index);
        if (index + length == count || text[index + length] != '\n') break;
        if (beginning_count + length + ending_count > room - used) break;
        memcpy(out + used, beginning, beginning_count);
        used += beginning_count;
        memcpy(out + used, text + index, length);
        used += length;
        memcpy(out + used, ending, ending_count);
        used += ending_count;
        index += length + 1;
    }
    *written = used;
    return index;
}
