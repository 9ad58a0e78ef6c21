#ifndef HAKO_CZLIB_SHIM_H
#define HAKO_CZLIB_SHIM_H

#include <errno.h>
#include <stdint.h>
#include <unistd.h>
#include <zlib.h>

static ssize_t hako_write_whole(int file, const unsigned char *bytes, size_t count) {
    for (size_t done = 0; done < count;) {
        ssize_t written = write(file, bytes + done, count - done);
        if (written < 0 && errno != EINTR) return -errno;
        if (written > 0) done += (size_t)written;
    }
    return 0;
}

static int hako_deflate_all(z_stream *stream, int input, int output) {
    unsigned char plain[1 << 16], packed[1 << 16];
    int flush = Z_NO_FLUSH, result;
    do {
        ssize_t count = read(input, plain, sizeof plain);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return -errno;
        flush = count == 0 ? Z_FINISH : Z_NO_FLUSH;
        stream->next_in = plain;
        stream->avail_in = (uInt)count;
        do {
            stream->next_out = packed;
            stream->avail_out = sizeof packed;
            result = deflate(stream, flush);
            ssize_t written = hako_write_whole(output, packed, sizeof packed - stream->avail_out);
            if (written < 0) return (int)written;
        } while (stream->avail_out == 0);
    } while (flush != Z_FINISH);
    return result == Z_STREAM_END ? 0 : -EIO;
}

// Writes what is left of one file, compressed, to another: one gzip member with an extra field (RFC 1952, 2.3.1.1) "HK" that
// holds `label` in eight bytes, little-endian. 0 or -errno.
static inline int hako_gzip(int input, int output, uint64_t label) {
    unsigned char extra[12] = {'H', 'K', 8, 0};
    for (int index = 0; index < 8; index++) extra[4 + index] = (unsigned char)(label >> 8 * index);
    z_stream stream = {0};
    gz_header header = {.os = 3, .extra = extra, .extra_len = sizeof extra};
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) return -ENOMEM;
    int result = deflateSetHeader(&stream, &header) == Z_OK ? hako_deflate_all(&stream, input, output) : -EINVAL;
    deflateEnd(&stream);
    return result;
}

#endif
