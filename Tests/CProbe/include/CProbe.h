// Processes that do one thing and tell what came of it. Each runs in a child of its own, which makes only system calls: the
// tests have threads.
#ifndef HAKO_CPROBE_H
#define HAKO_CPROBE_H

#include <stddef.h>
#include <stdint.h>

#include "hako_security.h"

enum probe_way {
    PROBE_NATIVE,
    // `int 0x80`: a call of i386, by a 64-bit program.
    PROBE_INT80,
    // The call's number with bit 30.
    PROBE_X32,
};

// Makes one system call under the filter (NULL: none). Returns its errno, 0 where it succeeded, 1000 + the signal that
// killed the process, or -errno when the probe itself failed.
int probe_system_call(const struct hako_seccomp *seccomp, enum probe_way way, long number, const long arguments[6]);

// i386's socketcall(SYS_SOCKET) with these arguments, by `int 0x80`.
int probe_socketcall(const struct hako_seccomp *seccomp, int family, int type, int protocol);

// Applies the sets, and user id and no_new_privs where asked (-1: keeps the id), then executes `argv`, with its standard
// output in `output`. Returns the bytes that it wrote, or -errno.
long probe_exec(const struct hako_capabilities *sets, int uid, int no_new_privileges, char *const argv[], char *output, size_t size);

// setxattr(2) of security.capability. 0 or -errno.
int probe_set_file_capabilities(const char *path, const uint8_t *value, size_t size);

#endif
