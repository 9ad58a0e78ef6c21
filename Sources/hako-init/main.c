// hako-init: what a container's process is before it becomes the container's program.
//
// It is all of Hako that ever runs inside a container: a few kilobytes without a C library, executed from a sealed copy in
// memory, so that neither the runtime's file nor its memory can be reached from there (CVE-2019-5736, CVE-2016-9962). It
// reads its plan from a socket, waits for the mounts, takes on the container's identity, waits for the start, executes.
// For `--init` a container has a copy of its own of the same program (`child_init.c`).
#include "calls.h"

#include <asm/ioctls.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/personality.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <asm/errno.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <asm/poll.h>
#include <asm/signal.h>

#include "child_init.h"
#include "hako_init.h"

static struct {
    struct hako_init_plan *plan;
    // Where the plan came from, and where reports go: the same, or the connection that brought the start.
    int socket;
    int reports;
} self;

static void *at(uint64_t offset) { return (char *)self.plan + offset; }

static _Noreturn void fail_at(int step, long error, uint32_t index) {
    struct hako_init_report report = {.step = (uint32_t)step, .error = (int32_t)-error, .index = index};
    CALL_6(__NR_sendto, self.reports, &report, sizeof report, 0x4000 /* MSG_NOSIGNAL */, 0, 0);
    leave(127);
    __builtin_unreachable();
}

static void check(int step, long result) {
    if (result < 0) fail_at(step, result, 0);
}

static int read_all(int descriptor, char *to, size_t count) {
    while (count > 0) {
        long got = CALL_3(__NR_read, descriptor, to, count);
        if (got == -EINTR) continue;
        if (got <= 0) return 0;
        to += got;
        count -= (size_t)got;
    }
    return 1;
}

// Whoever sent the plan has gone: there is nobody to tell.
static void wait_for(char order) {
    char byte = 0;
    if (!read_all(self.socket, &byte, 1) || byte != order) leave(1);
}

// Offsets of strings become the strings.
static char **strings(uint64_t offset) {
    if (offset == 0) return NULL;
    uint64_t *list = at(offset);
    for (uint64_t *item = list; *item; item++) *item += (uint64_t)(uintptr_t)self.plan;
    return (char **)list;
}

static void receive_plan(int socket) {
    uint32_t size = 0;
    self.socket = self.reports = socket;
    if (!read_all(socket, (char *)&size, sizeof size)) leave(1);
    if (size < sizeof(struct hako_init_plan)) fail_at(HAKO_INIT_PLAN, -EINVAL, 0);
    long block = CALL_6(__NR_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check(HAKO_INIT_PLAN, block);
    self.plan = (struct hako_init_plan *)block;
    self.plan->size = size;
    if (!read_all(socket, (char *)block + sizeof size, size - sizeof size)) leave(1);
}

// What the runtime does with its signals is its own matter; exec(2) keeps what is ignored and what is blocked.
static void default_signals(void) {
    uint64_t none = 0;
    struct {
        void *handler;
        uint64_t flags, restorer, mask;
    } action = {0};
    for (int number = 1; number <= 64; number++) CALL_4(__NR_rt_sigaction, number, &action, 0, sizeof none);
    CALL_4(__NR_rt_sigprocmask, SIG_SETMASK, &none, 0, sizeof none);
}

static void enter_session(void) {
    const struct hako_init_plan *plan = self.plan;
    if (plan->flags & HAKO_INIT_UNSHARES_MOUNTS) check(HAKO_INIT_MOUNTS, CALL_1(__NR_unshare, CLONE_NEWNS));
    CALL_1(__NR_chdir, "/");
    // Without a session of its own it could type into its caller's terminal (TIOCSTI). It may lead one already.
    long session = CALL_1(__NR_setsid, 0);
    if (session < 0 && session != -EPERM) fail_at(HAKO_INIT_SESSION, session, 0);
    if (plan->flags & HAKO_INIT_HAS_TERMINAL) check(HAKO_INIT_TERMINAL, CALL_3(__NR_ioctl, 0, TIOCSCTTY, 0));
    if (plan->flags & HAKO_INIT_NEW_KEYRING) {
        long keyring = CALL_2(__NR_keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0);
        // A kernel without keyrings has none to leak.
        if (keyring < 0 && keyring != -ENOSYS) fail_at(HAKO_INIT_KEYRING, keyring, 0);
    }
    if (plan->flags & HAKO_INIT_SETS_UMASK) CALL_1(__NR_umask, plan->umask);
    if (plan->flags & HAKO_INIT_PERSONALITY_32) check(HAKO_INIT_PERSONALITY, CALL_1(__NR_personality, PER_LINUX32));
}

static long set_capabilities(uint64_t permitted, uint64_t effective, uint64_t inheritable) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    for (int half = 0; half < 2; half++) {
        data[half].permitted = (uint32_t)(permitted >> 32 * half);
        data[half].effective = (uint32_t)(effective >> 32 * half);
        data[half].inheritable = (uint32_t)(inheritable >> 32 * half);
    }
    return CALL_2(__NR_capset, &header, data);
}

static void take_identity(void) {
    const struct hako_init_plan *plan = self.plan;
    const uint64_t admin = 1ULL << CAP_SYS_ADMIN;
    // As root first: the user may not be allowed to pass what lies above its directory. Then as the user.
    const char *directory = at(plan->directory_at);
    long moved = CALL_1(__NR_chdir, directory);
    if (moved < 0 && moved != -EACCES && moved != -EPERM) fail_at(HAKO_INIT_DIRECTORY, moved, 0);
    for (uint32_t capability = 0; capability <= plan->last_capability && capability < 64; capability++)
        if (!(plan->bounding >> capability & 1))
            check(HAKO_INIT_BOUNDING, CALL_5(__NR_prctl, PR_CAPBSET_DROP, capability, 0, 0, 0));
    check(HAKO_INIT_GROUPS, CALL_2(__NR_setgroups, plan->group_count, at(plan->groups_at)));
    check(HAKO_INIT_GROUP, CALL_3(__NR_setresgid, plan->group, plan->group, plan->group));
    check(HAKO_INIT_USER, CALL_5(__NR_prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0));
    check(HAKO_INIT_USER, CALL_3(__NR_setresuid, plan->user, plan->user, plan->user));
    // Without no_new_privs the filter needs CAP_SYS_ADMIN, which goes only after it.
    int filter_needs_admin = plan->filter_count && !(plan->flags & HAKO_INIT_NO_NEW_PRIVILEGES);
    uint64_t kept = filter_needs_admin ? admin : 0;
    check(HAKO_INIT_CAPABILITIES,
        set_capabilities(plan->permitted | kept, plan->effective | kept, plan->inheritable));
    check(HAKO_INIT_CAPABILITIES, CALL_5(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
    for (uint32_t capability = 0; capability <= plan->last_capability && capability < 64; capability++)
        if (plan->ambient >> capability & 1)
            check(HAKO_INIT_CAPABILITIES,
                CALL_5(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0));
    if (plan->flags & HAKO_INIT_NO_NEW_PRIVILEGES)
        check(HAKO_INIT_PRIVILEGES, CALL_5(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    if (moved < 0) check(HAKO_INIT_DIRECTORY, CALL_1(__NR_chdir, directory));
    // A working directory that was reached through a leaked descriptor lies outside: getcwd(2) says "(unreachable)"
    // (CVE-2024-21626).
    char path[4096];
    long length = CALL_2(__NR_getcwd, path, sizeof path);
    if (length < 0) fail_at(HAKO_INIT_DIRECTORY, length, 0);
    if (path[0] != '/') fail_at(HAKO_INIT_DIRECTORY_OUTSIDE, -EXDEV, 0);
}

// The first candidate that the user may execute, as execvpe(3) picks it.
static const char *find_program(void) {
    long error = -ENOENT;
    for (char **candidate = strings(self.plan->candidates_at); candidate && *candidate; candidate++) {
        // faccessat2(2) asks with the effective ids; a directory passes it too.
        long result = CALL_4(__NR_faccessat2, AT_FDCWD, *candidate, 1, 0x200 /* AT_EACCESS */);
        if (result == 0) {
            long directory = CALL_3(__NR_open, *candidate, O_DIRECTORY | 010000000 /* O_PATH */ | O_CLOEXEC, 0);
            if (directory < 0) return *candidate;
            CALL_1(__NR_close, directory);
            result = -EACCES;
        }
        if (result != -ENOENT && result != -ENOTDIR) error = result;
    }
    fail_at(HAKO_INIT_PROGRAM, error, 0);
}

static int wait_for_start(void) {
    const struct hako_init_plan *plan = self.plan;
    if (!(plan->flags & HAKO_INIT_WAITS_FOR_START)) return 0;
    struct hako_init_report ready = {.step = HAKO_INIT_READY};
    CALL_6(__NR_sendto, self.socket, &ready, sizeof ready, 0x4000 /* MSG_NOSIGNAL */, 0, 0);
    if (plan->start_descriptor < 0) {
        wait_for(HAKO_INIT_START);
        return 0;
    }
    // The creator has heard that all is ready and goes its way; whoever starts us comes by the listener.
    CALL_1(__NR_close, self.socket);
    for (;;) {
        long connection = CALL_4(__NR_accept4, plan->start_descriptor, 0, 0, 02000000 /* SOCK_CLOEXEC */);
        if (connection == -EINTR || connection == -ECONNABORTED) continue;
        if (connection < 0) leave(1);
        char byte = 0;
        if (read_all((int)connection, &byte, 1) && byte == HAKO_INIT_START) {
            self.reports = (int)connection;
            CALL_1(__NR_close, plan->start_descriptor);
            return 0;
        }
        CALL_1(__NR_close, connection);
    }
}

static _Noreturn void run_hook(const struct hako_init_hook *hook, char **arguments, char **environment, int state) {
    long null = CALL_3(__NR_open, "/dev/null", O_RDWR, 0);
    CALL_2(__NR_dup2, state, 0);
    if (null >= 0) {
        CALL_2(__NR_dup2, null, 1);
        CALL_2(__NR_dup2, null, 2);
    }
    CALL_3(__NR_close_range, 3, ~0U, 0);
    char *nothing[] = {NULL};
    CALL_3(__NR_execve, at(hook->path_at), arguments, environment ? environment : nothing);
    leave(127);
    __builtin_unreachable();
}

// `startContainer`: inside the container, with its state on standard input.
static void run_hooks(void) {
    const struct hako_init_hook *hooks = at(self.plan->hooks_at);
    for (uint32_t index = 0; index < self.plan->hook_count; index++) {
        char **arguments = strings(hooks[index].arguments_at), **environment = strings(hooks[index].environment_at);
        long state = CALL_2(__NR_memfd_create, "state", 1 /* MFD_CLOEXEC */);
        check(HAKO_INIT_HOOK, state);
        CALL_3(__NR_write, state, at(self.plan->state_at), self.plan->state_size);
        CALL_3(__NR_lseek, state, 0, 0);
        int pidfd = -1, status = 0;
        long pid = CALL_5(__NR_clone, CLONE_PIDFD | SIGCHLD, 0, &pidfd, 0, 0);
        check(HAKO_INIT_HOOK, pid);
        if (pid == 0) run_hook(&hooks[index], arguments, environment, (int)state);
        CALL_1(__NR_close, state);
        struct pollfd entry = {.fd = pidfd, .events = POLLIN};
        int64_t timeout = hooks[index].timeout_milliseconds;
        long ended;
        do {
            ended = CALL_3(__NR_poll, &entry, 1, timeout > 0 ? (timeout < 0x7fffffff ? timeout : 0x7fffffff) : -1);
        } while (ended == -EINTR);
        if (ended == 0) CALL_2(__NR_kill, pid, SIGKILL);
        while (CALL_4(__NR_wait4, pid, &status, 0, 0) == -EINTR) {}
        CALL_1(__NR_close, pidfd);
        if (ended == 0) fail_at(HAKO_INIT_HOOK, -ETIMEDOUT, index);
        if (status != 0) fail_at(HAKO_INIT_HOOK, -0x10000 - status, index);
    }
}

static _Noreturn void execute(const char *program) {
    const struct hako_init_plan *plan = self.plan;
    char **arguments = strings(plan->arguments_at), **environment = strings(plan->environment_at);
    // Nothing of ours outlives exec; what the caller wants to keep starts at 3.
    check(HAKO_INIT_DESCRIPTORS, CALL_3(__NR_close_range, 3 + plan->preserved, ~0U, CLOSE_RANGE_CLOEXEC));
    if (plan->filter_count) {
        struct sock_fprog filter = {.len = (uint16_t)plan->filter_count, .filter = at(plan->filter_at)};
        check(HAKO_INIT_FILTER, CALL_3(__NR_seccomp, SECCOMP_SET_MODE_FILTER, plan->filter_flags, &filter));
        if (!(plan->flags & HAKO_INIT_NO_NEW_PRIVILEGES))
            check(HAKO_INIT_CAPABILITIES, set_capabilities(plan->permitted, plan->effective, plan->inheritable));
    }
    char *nothing[] = {NULL};
    long error = CALL_3(__NR_execve, program, arguments, environment ? environment : nothing);
    fail_at(HAKO_INIT_EXEC, error, 0);
}

static int number(const char *digits) {
    int value = 0;
    for (; *digits >= '0' && *digits <= '9'; digits++) value = value * 10 + *digits - '0';
    return value;
}

// We have joined a PID namespace: our child is in it, we are not. It is our parent's child; we tell that its pid.
static void make_member(int report) {
    long pid = CALL_5(__NR_clone, CLONE_PARENT, 0, 0, 0, 0);
    if (pid == 0) {
        CALL_1(__NR_close, report);
        return;
    }
    int32_t answer = (int32_t)pid;
    CALL_3(__NR_write, report, &answer, sizeof answer);
    leave(0);
}

// argv[1] is the socket's number, in decimal digits; argv[2], where there is one, that of the pipe for the member's pid. Or
// argv[1] is `--`, and a container's program follows, whose init this stays.
__attribute__((used)) static _Noreturn void start(long *stack) {
    char **arguments = (char **)(stack + 1);
    if (stack[0] >= 3 && arguments[1][0] == '-') serve_as_init(arguments + 2, arguments + stack[0] + 1);
    if (stack[0] != 2 && stack[0] != 3) leave(125);
    int socket = number(arguments[1]);
    // Nobody inside may trace us or look into our memory before the program runs.
    CALL_5(__NR_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (stack[0] == 3) make_member(number(arguments[2]));
    default_signals();
    receive_plan(socket);
    if (self.plan->flags & HAKO_INIT_WAITS_FOR_MOUNTS) wait_for(HAKO_INIT_MOUNTED);
    enter_session();
    take_identity();
    const char *program = find_program();
    wait_for_start();
    run_hooks();
    execute(program);
}

__asm__(".globl _start\n"
        "_start:\n"
        "\txor %ebp, %ebp\n"
        "\tmov %rsp, %rdi\n"
        "\tand $-16, %rsp\n"
        "\tcall start\n");

void *memcpy(void *to, const void *from, size_t count) {
    char *target = to;
    const char *source = from;
    while (count--) *target++ = *source++;
    return to;
}

void *memset(void *to, int value, size_t count) {
    char *target = to;
    while (count--) *target++ = (char)value;
    return to;
}
