#define _GNU_SOURCE
#include "hako_metadata.h"

#include <errno.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

static long result(long value) { return value < 0 ? -errno : value; }

long hako_fsetxattr(int descriptor, const char *name, const void *value, size_t size) {
    return result(fsetxattr(descriptor, name, value, size, 0));
}

long hako_fgetxattr(int descriptor, const char *name, void *value, size_t size) {
    return result(fgetxattr(descriptor, name, value, size));
}

long hako_flistxattr(int descriptor, char *list, size_t size) { return result(flistxattr(descriptor, list, size)); }

long hako_fremovexattr(int descriptor, const char *name) { return result(fremovexattr(descriptor, name)); }

uint64_t hako_makedev(unsigned major, unsigned minor) { return makedev(major, minor); }
