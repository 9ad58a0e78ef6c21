#ifndef HAKO_DESCRIPTOR_H
#define HAKO_DESCRIPTOR_H

#include <linux/memfd.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

// openat2(2), Linux 5.6. Returns a descriptor or -errno.
int hako_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);

// openat(2): variadic in C, so not importable.
int hako_openat(int directory, const char *path, int flags, mode_t mode);

// fcntl(2) with an integer argument.
int hako_fcntl(int descriptor, int command, long argument);

// fcntl(2) F_OFD_SETLK and F_OFD_GETLK (Linux 3.15) on one byte range; `type` is F_RDLCK, F_WRLCK or F_UNLCK.
// Set: 0 or -errno (-EAGAIN when another open file holds it). Get: the type of the lock in the way, F_UNLCK if none.
int hako_ofd_set_lock(int descriptor, short type, int64_t start, int64_t length, int wait);
int hako_ofd_get_lock(int descriptor, short type, int64_t start, int64_t length);

// renameat2(2); glibc has it only with _GNU_SOURCE.
int hako_renameat2(int from, const char *old_path, int to, const char *new_path, unsigned flags);

// pipe2(2).
int hako_pipe2(int *reading, int *writing, int flags);

// memfd_create(2).
int hako_memfd_create(const char *name, unsigned flags);

// close_range(2), Linux 5.9.
int hako_close_range(unsigned first, unsigned last, unsigned flags);

// ioctl(2) with a pointer or integer argument.
int hako_ioctl(int descriptor, unsigned long request, void *argument);

// statfs(2): the magic number of the file system that the path lies on, or -errno.
int64_t hako_file_system_kind(const char *path);

#endif
