#define _GNU_SOURCE
#include "hako_security.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define RESULT(call) ({ long result_ = (call); result_ < 0 ? -errno : (int)result_; })

int hako_drop_bounding_set(const struct hako_capabilities *sets) {
    for (uint32_t capability = 0; capability <= sets->last && capability < 64; capability++) {
        if (sets->bounding >> capability & 1) continue;
        int result = RESULT(prctl(PR_CAPBSET_DROP, capability, 0, 0, 0));
        if (result < 0) return result;
    }
    return 0;
}

int hako_keep_capabilities(void) { return RESULT(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)); }

int hako_set_capabilities(const struct hako_capabilities *sets) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    for (int half = 0; half < 2; half++) {
        data[half].permitted = (uint32_t)(sets->permitted >> 32 * half);
        data[half].effective = (uint32_t)(sets->effective >> 32 * half);
        data[half].inheritable = (uint32_t)(sets->inheritable >> 32 * half);
    }
    int result = RESULT(syscall(SYS_capset, &header, data));
    if (result < 0) return result;
    result = RESULT(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
    if (result < 0) return result;
    for (uint32_t capability = 0; capability <= sets->last && capability < 64; capability++) {
        if (!(sets->ambient >> capability & 1)) continue;
        result = RESULT(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0));
        if (result < 0) return result;
    }
    return 0;
}

int hako_set_no_new_privileges(void) { return RESULT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)); }

int hako_set_dumpable(bool is_dumpable) { return RESULT(prctl(PR_SET_DUMPABLE, is_dumpable ? 1 : 0, 0, 0, 0)); }

int hako_seccomp_load(const struct hako_seccomp *seccomp) {
    struct sock_fprog program = {.len = seccomp->count, .filter = (struct sock_filter *)seccomp->filter};
    return RESULT(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, seccomp->flags, &program));
}

int hako_seccomp_action_available(uint32_t action) {
    return RESULT(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action));
}

int hako_join_new_session_keyring(void) {
    long result = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
    return result < 0 ? -errno : 0;
}

int hako_bpf_load_device_program(const uint64_t *instructions, uint32_t count) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    attributes.insns = (uint64_t)(uintptr_t)instructions;
    attributes.insn_cnt = count;
    attributes.license = (uint64_t)(uintptr_t) "Apache-2.0";
    strcpy(attributes.prog_name, "hako_devices");
    return RESULT(syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes));
}

int hako_bpf_attach_device_program(int cgroup, int program, int replaced) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.target_fd = (uint32_t)cgroup;
    attributes.attach_bpf_fd = (uint32_t)program;
    attributes.attach_type = BPF_CGROUP_DEVICE;
    attributes.attach_flags = BPF_F_ALLOW_MULTI;
    if (replaced >= 0) {
        attributes.attach_flags |= BPF_F_REPLACE;
        attributes.replace_bpf_fd = (uint32_t)replaced;
    }
    return RESULT(syscall(SYS_bpf, BPF_PROG_ATTACH, &attributes, sizeof attributes));
}

int hako_bpf_attached_device_program(int cgroup) {
    uint32_t identifiers[1] = {0};
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.query.target_fd = (uint32_t)cgroup;
    attributes.query.attach_type = BPF_CGROUP_DEVICE;
    attributes.query.prog_ids = (uint64_t)(uintptr_t)identifiers;
    attributes.query.prog_cnt = 1;
    int result = RESULT(syscall(SYS_bpf, BPF_PROG_QUERY, &attributes, sizeof attributes));
    // ENOSPC: more than one is attached; the first came back all the same.
    if (result < 0 && result != -ENOSPC) return result;
    if (attributes.query.prog_cnt == 0 || identifiers[0] == 0) return -ENOENT;
    memset(&attributes, 0, sizeof attributes);
    attributes.prog_id = identifiers[0];
    return RESULT(syscall(SYS_bpf, BPF_PROG_GET_FD_BY_ID, &attributes, sizeof attributes));
}

int hako_signal_process(int pid, int signal) {
    int process = RESULT(syscall(SYS_pidfd_open, pid, 0));
    if (process < 0) return process;
    int result = RESULT(syscall(SYS_pidfd_send_signal, process, signal, NULL, 0));
    close(process);
    return result;
}

uint32_t hako_device_major(uint64_t device) { return major(device); }
uint32_t hako_device_minor(uint64_t device) { return minor(device); }

static const struct {
    const char *name;
    int32_t numbers[HAKO_SYSCALLS_COLUMNS];
} syscalls[] = {
#include "syscall_table.h"
};

int hako_syscall_row_count(void) { return (int)(sizeof syscalls / sizeof *syscalls); }

int hako_syscall_row(const char *name, size_t length) {
    int low = 0, high = hako_syscall_row_count();
    while (low < high) {
        int middle = low + (high - low) / 2;
        size_t own = strlen(syscalls[middle].name);
        int order = memcmp(syscalls[middle].name, name, own < length ? own : length);
        if (order == 0) order = (own > length) - (own < length);
        if (order == 0) return middle;
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return -1;
}

const char *hako_syscall_name(int row) { return row >= 0 && row < hako_syscall_row_count() ? syscalls[row].name : NULL; }

int32_t hako_syscall_number(int row, int column) {
    if (row < 0 || row >= hako_syscall_row_count() || column < 0 || column >= HAKO_SYSCALLS_COLUMNS) return -1;
    return syscalls[row].numbers[column];
}
