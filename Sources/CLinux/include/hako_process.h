#ifndef HAKO_PROCESS_H
#define HAKO_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

#include "hako_init.h"

// A process in other namespaces, which executes a program given by a descriptor.
struct hako_launch {
    // Namespaces that it joins first, in this order: a descriptor and the kinds of it.
    const int *joined;
    const int *joined_kinds;
    int joined_count;
    // Becomes user and group 0 of a joined user namespace.
    int becomes_root;
    // New namespaces, as clone3(2) takes them.
    uint64_t created;
    // A cgroup v2 directory to be born in (CLONE_INTO_CGROUP, Linux 5.7), or -1, and `tasks` files of v1 to join by.
    int cgroup;
    const int *tasks;
    int tasks_count;
    // After joining the cgroup: unshare the cgroup namespace, or join that of `cgroup_namespace` (a pidfd or a file), or -1.
    int unshares_cgroup_namespace;
    int cgroup_namespace;
    // What becomes 0, 1 and 2; and how many descriptors from 3 on are kept.
    int standard[3];
    int preserved;
    // Two more that are kept, or -1.
    int kept[2];
    int program;
    char *const *arguments;
    // What happened: the pid, or the step that failed with `error`, an errno value.
    pid_t pid;
    int step;
    int error;
    // hako_launch's own.
    int report[2];
};

enum hako_launch_step {
    HAKO_LAUNCH_CLONE,
    HAKO_LAUNCH_JOIN,
    HAKO_LAUNCH_ROOT,
    HAKO_LAUNCH_CGROUP,
    HAKO_LAUNCH_CGROUP_NAMESPACE,
    HAKO_LAUNCH_DESCRIPTORS,
    HAKO_LAUNCH_EXEC,
};

// Starts it; the process is this one's child. 0, or -1 with `step` and `error`, and nothing is left then.
int hako_launch(struct hako_launch *launch);

// Sets this thread's effective ids, and only this thread's: the C library's functions change all threads. 0 or -errno.
int hako_set_effective_user(uid_t user);
int hako_set_effective_group(gid_t group);

// prlimit(2) of another process. `resource` is RLIMIT_*.
int hako_set_limit(pid_t pid, int resource, uint64_t soft, uint64_t hard);

// PIDFD_GET_INFO with PIDFD_INFO_EXIT (Linux 6.15): 1 and the wait status if the process has ended, 0 if not, or -errno.
int hako_pidfd_exit_status(int pidfd, int *status);

#endif
