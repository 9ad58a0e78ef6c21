#ifndef HAKO_MOUNT_H
#define HAKO_MOUNT_H

#include <linux/mount.h>
#include <stdint.h>
#include <sys/types.h>

// The mount API of Linux 5.2 and later. Descriptors are close-on-exec. All return a value or -errno.

// Flags of *at calls, which the C library hides without _GNU_SOURCE.
enum { HAKO_AT_EMPTY_PATH = 0x1000, HAKO_AT_RECURSIVE = 0x8000 };

// open_tree(2), Linux 5.2.
int hako_open_tree(int directory, const char *path, unsigned flags);

// move_mount(2), Linux 5.2: the mount that `from` is onto the place that `to` is, without a path.
int hako_move_mount(int from, int to);

// fsopen(2), fsconfig(2) and fsmount(2), Linux 5.2. `log` takes what the kernel says about a failure, NUL-terminated.
int hako_fsopen(const char *name);
int hako_fsconfig_flag(int context, const char *key);
int hako_fsconfig_string(int context, const char *key, const char *value);
int hako_fsconfig_descriptor(int context, const char *key, int value);
int hako_fsconfig_create(int context);
int hako_fsmount(int context, unsigned attributes);
void hako_fs_log(int context, char *log, size_t size);

// mount_setattr(2), Linux 5.12; `user_namespace` is used with MOUNT_ATTR_IDMAP. `propagation` is MS_PRIVATE and its kin, or 0.
int hako_mount_setattr(
    int mount, int recursive, uint64_t set, uint64_t clear, uint64_t propagation, int user_namespace);

// pivot_root(2), and umount2(2) of a path.
int hako_pivot_root(const char *new_root, const char *put_old);
int hako_umount(const char *path, int flags);

// mount(2) with a propagation type alone.
int hako_set_propagation(const char *path, unsigned long flags);

// fstatfs(2): the file system's magic number, or -errno; and whether it is mounted read-only.
int64_t hako_file_system_type(int descriptor);
int hako_is_read_only(int descriptor);

// chown of the open file itself, also one opened with O_PATH: fchownat(2), AT_EMPTY_PATH.
int hako_chown_descriptor(int descriptor, uid_t user, gid_t group);

#endif
