#define _GNU_SOURCE
#include "hako_descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RESULT(call) ({ long result_ = (call); result_ < 0 ? -errno : (int)result_; })

int hako_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
    struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
    return RESULT(syscall(SYS_openat2, directory, path, &how, sizeof how));
}

int hako_openat(int directory, const char *path, int flags, mode_t mode) {
    return RESULT(openat(directory, path, flags, mode));
}

int hako_fcntl(int descriptor, int command, long argument) {
    return RESULT(fcntl(descriptor, command, argument));
}

int hako_ofd_set_lock(int descriptor, short type, int64_t start, int64_t length, int wait) {
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
    return RESULT(fcntl(descriptor, wait ? F_OFD_SETLKW : F_OFD_SETLK, &lock));
}

int hako_ofd_get_lock(int descriptor, short type, int64_t start, int64_t length) {
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
    return fcntl(descriptor, F_OFD_GETLK, &lock) < 0 ? -errno : lock.l_type;
}

int hako_renameat2(int from, const char *old_path, int to, const char *new_path, unsigned flags) {
    return RESULT(renameat2(from, old_path, to, new_path, flags));
}

int hako_pipe2(int *reading, int *writing, int flags) {
    int ends[2];
    int result = RESULT(pipe2(ends, flags));
    if (result == 0) {
        *reading = ends[0];
        *writing = ends[1];
    }
    return result;
}

int hako_memfd_create(const char *name, unsigned flags) { return RESULT(memfd_create(name, flags)); }

int hako_close_range(unsigned first, unsigned last, unsigned flags) {
    return RESULT(syscall(SYS_close_range, first, last, flags));
}

int hako_ioctl(int descriptor, unsigned long request, void *argument) {
    return RESULT(ioctl(descriptor, request, argument));
}

int64_t hako_file_system_kind(const char *path) {
    struct statfs status;
    return statfs(path, &status) < 0 ? -errno : (int64_t)status.f_type;
}
