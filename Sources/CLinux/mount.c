#define _GNU_SOURCE
#include "hako_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define RESULT(call) ({ long result_ = (call); result_ < 0 ? -errno : (int)result_; })

int hako_open_tree(int directory, const char *path, unsigned flags) {
    return RESULT(syscall(SYS_open_tree, directory, path, flags | OPEN_TREE_CLOEXEC));
}

int hako_move_mount(int from, int to) {
    return RESULT(syscall(SYS_move_mount, from, "", to, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
}

int hako_fsopen(const char *name) { return RESULT(syscall(SYS_fsopen, name, FSOPEN_CLOEXEC)); }

int hako_fsconfig_flag(int context, const char *key) {
    return RESULT(syscall(SYS_fsconfig, context, FSCONFIG_SET_FLAG, key, NULL, 0));
}

int hako_fsconfig_string(int context, const char *key, const char *value) {
    return RESULT(syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, key, value, 0));
}

int hako_fsconfig_descriptor(int context, const char *key, int value) {
    return RESULT(syscall(SYS_fsconfig, context, FSCONFIG_SET_FD, key, NULL, value));
}

int hako_fsconfig_create(int context) {
    return RESULT(syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
}

int hako_fsmount(int context, unsigned attributes) {
    return RESULT(syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes));
}

void hako_fs_log(int context, char *log, size_t size) {
    // One message to a read, "e text"; the first is the one nearest to the cause.
    ssize_t count = read(context, log, size - 1);
    log[count > 0 ? count : 0] = 0;
}

int hako_mount_setattr(
    int mount, int recursive, uint64_t set, uint64_t clear, uint64_t propagation, int user_namespace) {
    struct mount_attr attributes = {.attr_set = set, .attr_clr = clear, .propagation = propagation};
    if (set & MOUNT_ATTR_IDMAP) attributes.userns_fd = (uint64_t)user_namespace;
    return RESULT(syscall(SYS_mount_setattr, mount, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attributes,
        sizeof attributes));
}

int hako_pivot_root(const char *new_root, const char *put_old) {
    return RESULT(syscall(SYS_pivot_root, new_root, put_old));
}

int hako_umount(const char *path, int flags) { return RESULT(umount2(path, flags)); }

int hako_set_propagation(const char *path, unsigned long flags) { return RESULT(mount(NULL, path, NULL, flags, NULL)); }

int64_t hako_file_system_type(int descriptor) {
    struct statfs status;
    return fstatfs(descriptor, &status) < 0 ? -errno : (int64_t)status.f_type;
}

int hako_is_read_only(int descriptor) {
    struct statvfs status;
    return fstatvfs(descriptor, &status) < 0 ? -errno : (status.f_flag & ST_RDONLY) != 0;
}

int hako_chown_descriptor(int descriptor, uid_t user, gid_t group) {
    return RESULT(fchownat(descriptor, "", user, group, AT_EMPTY_PATH));
}
