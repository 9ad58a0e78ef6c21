#define _GNU_SOURCE
#include "hako_process.h"

#include "clone.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define RESULT(call) ({ long result_ = (call); result_ < 0 ? -errno : (int)result_; })

// Children of vfork's kind: each borrows its parent's memory, and stack space of its own, until it execs or ends, while
// the parent waits. So nothing is copied, and what fails is told in `launch`.

static int fail(struct hako_launch *launch, int step) {
    launch->step = step;
    launch->error = errno;
    return 1;
}

// 0, 1 and 2 may be sources of one another.
static int arrange_standard(const int standard[3]) {
    int moved[3];
    for (int i = 0; i < 3; i++) {
        moved[i] = fcntl(standard[i], F_DUPFD_CLOEXEC, 3);
        if (moved[i] < 0) return -1;
    }
    for (int i = 0; i < 3; i++)
        if (dup2(moved[i], i) < 0) return -1;
    return 0;
}

static int prepare(struct hako_launch *launch) {
    // Before the cgroup namespace: it makes the process's cgroup its root. "0" is the writer itself, and spares the wait
    // for an RCU grace period that moving another process costs.
    for (int i = 0; i < launch->tasks_count; i++)
        if (write(launch->tasks[i], "0", 1) != 1) return fail(launch, HAKO_LAUNCH_CGROUP);
    if (launch->unshares_cgroup_namespace && unshare(CLONE_NEWCGROUP) < 0)
        return fail(launch, HAKO_LAUNCH_CGROUP_NAMESPACE);
    if (launch->cgroup_namespace >= 0 && setns(launch->cgroup_namespace, CLONE_NEWCGROUP) < 0)
        return fail(launch, HAKO_LAUNCH_CGROUP_NAMESPACE);
    // Whatever our caller left open without close-on-exec must not get in (CVE-2024-21626).
    if (arrange_standard(launch->standard) < 0 ||
        syscall(SYS_close_range, 3 + launch->preserved, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
        return fail(launch, HAKO_LAUNCH_DESCRIPTORS);
    for (int i = 0; i < 2; i++)
        if (launch->kept[i] >= 0 && fcntl(launch->kept[i], F_SETFD, 0) < 0)
            return fail(launch, HAKO_LAUNCH_DESCRIPTORS);
    return 0;
}

static int execute(struct hako_launch *launch, char *const arguments[]) {
    char *environment[] = {NULL};
    syscall(SYS_execveat, launch->program, "", arguments, environment, AT_EMPTY_PATH);
    return fail(launch, HAKO_LAUNCH_EXEC);
}

static int launched(void *argument) {
    struct hako_launch *launch = argument;
    return prepare(launch) ? 1 : execute(launch, launch->arguments);
}

static void enter_cgroup(struct clone_args *args, const struct hako_launch *launch) {
    if (launch->cgroup < 0) return;
    args->flags |= CLONE_INTO_CGROUP;
    args->cgroup = (uint64_t)launch->cgroup;
}

static long clone_launched(struct hako_launch *launch, uint64_t parent, int exit_signal) {
    char stack[16384] __attribute__((aligned(16)));
    struct clone_args args = {
        .flags = CLONE_VM | CLONE_VFORK | parent | launch->created,
        .exit_signal = (uint64_t)exit_signal,
        .stack = (uint64_t)(uintptr_t)stack,
        .stack_size = sizeof stack,
    };
    // Whoever joined namespaces is in the cgroup already, and has no right to enter it any more.
    if (launch->joined_count == 0) enter_cgroup(&args, launch);
    long pid = hako_clone_onto_stack(&args, launched, launch);
    if (pid < 0) {
        errno = (int)-pid;
        fail(launch, HAKO_LAUNCH_CLONE);
    } else {
        launch->pid = (pid_t)pid;
    }
    return pid;
}

static int joins_processes(const struct hako_launch *launch) {
    for (int i = 0; i < launch->joined_count; i++)
        if (launch->joined_kinds[i] & CLONE_NEWPID) return 1;
    return 0;
}

// Becomes hako-init here, where no container sees it, and has that make the child and tell its pid. A child of ours would
// show, to all who are in the PID namespace already, the runtime's file as its program and the runtime's memory as its own:
// who may trace could overwrite both (CVE-2019-5736, CVE-2016-9962).
static int join_as_program(struct hako_launch *launch) {
    char report[12];
    char *arguments[] = {launch->arguments[0], launch->arguments[1], report, NULL};
    char *digit = report + sizeof report - 1;
    *digit = 0;
    for (int rest = launch->report[1]; rest > 0; rest /= 10) *--digit = (char)('0' + rest % 10);
    arguments[2] = digit;
    if (prepare(launch)) return 1;
    if (fcntl(launch->report[1], F_SETFD, 0) < 0) return fail(launch, HAKO_LAUNCH_DESCRIPTORS);
    return execute(launch, arguments);
}

// Joins the namespaces on behalf of its child, which it makes a child of its own parent.
static int joining(void *argument) {
    struct hako_launch *launch = argument;
    for (int i = 0; i < launch->joined_count; i++)
        if (setns(launch->joined[i], launch->joined_kinds[i]) < 0) return fail(launch, HAKO_LAUNCH_JOIN);
    // System calls of its own: the C library's would change all threads of the parent, whose memory this is.
    if (launch->becomes_root &&
        (syscall(SYS_setgroups, 0, NULL) < 0 || syscall(SYS_setresgid, 0, 0, 0) < 0 ||
         syscall(SYS_setresuid, 0, 0, 0) < 0))
        return fail(launch, HAKO_LAUNCH_ROOT);
    if (launch->report[1] >= 0) return join_as_program(launch);
    clone_launched(launch, CLONE_PARENT, 0);
    return 0;
}

static void reap(pid_t pid) {
    while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR) {}
}

// The pid of the child that hako-init has made.
static void receive_pid(struct hako_launch *launch) {
    int32_t pid = -EPIPE;
    close(launch->report[1]);
    long count;
    do { count = read(launch->report[0], &pid, sizeof pid); } while (count < 0 && errno == EINTR);
    close(launch->report[0]);
    if (launch->error) return;
    launch->pid = count == sizeof pid && pid > 0 ? pid : -1;
    if (launch->pid > 0) return;
    errno = count == sizeof pid ? -pid : EPIPE;
    fail(launch, HAKO_LAUNCH_CLONE);
}

static void launch_joining(struct hako_launch *launch) {
    char stack[49152] __attribute__((aligned(16)));
    struct clone_args args = {
        .flags = CLONE_VM | CLONE_VFORK,
        // With CLONE_PARENT, its child gets this signal too.
        .exit_signal = SIGCHLD,
        .stack = (uint64_t)(uintptr_t)stack,
        .stack_size = sizeof stack,
    };
    if (joins_processes(launch) && pipe2(launch->report, O_CLOEXEC) < 0) {
        fail(launch, HAKO_LAUNCH_DESCRIPTORS);
        return;
    }
    enter_cgroup(&args, launch);
    long pid = hako_clone_onto_stack(&args, joining, launch);
    if (pid < 0) {
        errno = (int)-pid;
        fail(launch, HAKO_LAUNCH_CLONE);
    }
    if (launch->report[1] >= 0) receive_pid(launch);
    if (pid > 0) reap((pid_t)pid);
}

int hako_launch(struct hako_launch *launch) {
    launch->pid = -1;
    launch->error = 0;
    launch->report[0] = launch->report[1] = -1;
    sigset_t all, before;
    sigfillset(&all);
    // A handler must not run in a child that has our memory; hako-init takes the block off again.
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (launch->joined_count == 0)
        clone_launched(launch, 0, SIGCHLD);
    else
        launch_joining(launch);
    if (launch->error && launch->pid > 0) reap(launch->pid);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return launch->error ? -1 : 0;
}

int hako_set_effective_user(uid_t user) { return RESULT(syscall(SYS_setresuid, -1, user, -1)); }
int hako_set_effective_group(gid_t group) { return RESULT(syscall(SYS_setresgid, -1, group, -1)); }

int hako_set_limit(pid_t pid, int resource, uint64_t soft, uint64_t hard) {
    struct rlimit limit = {.rlim_cur = soft, .rlim_max = hard};
    return RESULT(prlimit(pid, resource, &limit, NULL));
}

int hako_pidfd_exit_status(int pidfd, int *status) {
    // struct pidfd_info of linux/pidfd.h, as it was in Linux 6.15.
    struct {
        uint64_t mask, cgroup;
        uint32_t ids[11];
        int32_t exit_code;
        uint32_t coredump_mask, spare;
    } information = {.mask = 1 << 3};
    _Static_assert(sizeof information == 72, "PIDFD_INFO_SIZE_VER1");
    int result = RESULT(ioctl(pidfd, _IOC(_IOC_READ | _IOC_WRITE, 0xFF, 11, 64), &information));
    if (result < 0) return result;
    if (!(information.mask & 1 << 3)) return 0;
    *status = information.exit_code;
    return 1;
}
