#include <isa-l/igzip_lib.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

// The sizes are macros of macros, which Swift does not import.
static inline uint32_t hako_isal_level_buffer_size(uint32_t level) {
    switch (level) {
    case 1: return ISAL_DEF_LVL1_DEFAULT;
    case 2: return ISAL_DEF_LVL2_DEFAULT;
    case 3: return ISAL_DEF_LVL3_DEFAULT;
    default: return ISAL_DEF_LVL0_DEFAULT;
    }
}

// A function-like macro.
static inline int hako_inflate_init_gzip(z_stream *stream) { return inflateInit2(stream, 15 + 16); }
