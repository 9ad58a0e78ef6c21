#ifndef HAKO_METADATA_H
#define HAKO_METADATA_H

#include <stddef.h>
#include <stdint.h>

// fsetxattr(2), fgetxattr(2), flistxattr(2), fremovexattr(2): sys/xattr.h is not part of Swift's Glibc module. A count or 0, or -errno.
long hako_fsetxattr(int descriptor, const char *name, const void *value, size_t size);
long hako_fgetxattr(int descriptor, const char *name, void *value, size_t size);
long hako_flistxattr(int descriptor, char *list, size_t size);
long hako_fremovexattr(int descriptor, const char *name);

// makedev(3): a macro.
uint64_t hako_makedev(unsigned major, unsigned minor);

#endif
