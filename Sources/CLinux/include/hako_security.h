#ifndef HAKO_SECURITY_H
#define HAKO_SECURITY_H

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What may happen between clone and exec allocates nothing and takes its data as it was prepared before.

// The five sets of capabilities(7) as bit masks, bit n for capability n.
struct hako_capabilities {
    uint64_t bounding;
    uint64_t permitted;
    uint64_t effective;
    uint64_t inheritable;
    uint64_t ambient;
    // The highest capability that the kernel knows.
    uint32_t last;
};

// Drops what is not in `bounding`. Needs CAP_SETPCAP, so before hako_set_capabilities. 0 or -errno.
int hako_drop_bounding_set(const struct hako_capabilities *sets);

// Keeps the permitted set over a change of user id (PR_SET_KEEPCAPS; exec clears the flag). 0 or -errno.
int hako_keep_capabilities(void);

// Sets permitted, effective, inheritable and ambient of the calling thread. 0 or -errno.
int hako_set_capabilities(const struct hako_capabilities *sets);

// prctl(2) PR_SET_NO_NEW_PRIVS. 0 or -errno.
int hako_set_no_new_privileges(void);

// prctl(2) PR_SET_DUMPABLE. 0 or -errno.
int hako_set_dumpable(bool is_dumpable);

struct hako_seccomp {
    // NULL: no filter.
    const struct sock_filter *filter;
    uint16_t count;
    // SECCOMP_FILTER_FLAG_*.
    uint32_t flags;
};

// Installs the filter on the calling thread. Needs CAP_SYS_ADMIN or no_new_privs. Returns 0, or the listener's descriptor
// with SECCOMP_FILTER_FLAG_NEW_LISTENER, or -errno.
int hako_seccomp_load(const struct hako_seccomp *seccomp);

// seccomp(2) SECCOMP_GET_ACTION_AVAIL: 0 if the kernel knows the action, else -errno.
int hako_seccomp_action_available(uint32_t action);

// keyctl(2) KEYCTL_JOIN_SESSION_KEYRING: a new, empty session keyring. 0 or -errno (-ENOSYS without CONFIG_KEYS).
int hako_join_new_session_keyring(void);

// bpf(2) BPF_PROG_LOAD of a BPF_PROG_TYPE_CGROUP_DEVICE program, `count` instructions of 8 bytes each. A descriptor or -errno.
int hako_bpf_load_device_program(const uint64_t *instructions, uint32_t count);

// bpf(2) BPF_PROG_ATTACH: adds the program to the cgroup; where `replaced` is >= 0, in the place of that one (Linux 5.6).
int hako_bpf_attach_device_program(int cgroup, int program, int replaced);

// bpf(2) BPF_PROG_QUERY and BPF_PROG_GET_FD_BY_ID: the first program that is attached to this cgroup itself. A descriptor,
// -ENOENT if there is none, or -errno.
int hako_bpf_attached_device_program(int cgroup);

// Sends a signal to one process without the race that kill(2) has with a reused number. 0 or -errno.
int hako_signal_process(int pid, int signal);

// glibc's makedev, major and minor: macros in C.
uint32_t hako_device_major(uint64_t device);
uint32_t hako_device_minor(uint64_t device);

// The columns of the table of system calls.
enum {
    HAKO_SYSCALLS_X86_64,
    HAKO_SYSCALLS_X86,
    HAKO_SYSCALLS_X32,
    HAKO_SYSCALLS_AARCH64,
    HAKO_SYSCALLS_ARM,
    HAKO_SYSCALLS_COLUMNS,
};

// The row of a system call's name, -1 if it is unknown.
int hako_syscall_row(const char *name, size_t length);
int hako_syscall_row_count(void);
const char *hako_syscall_name(int row);
// The number in that row and column, -1 if the architecture doesn't have it.
int32_t hako_syscall_number(int row, int column);

#endif
