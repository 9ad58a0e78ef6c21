#define _GNU_SOURCE
#include "hako_namespace.h"

#include "clone.h"
#include "hako_mount.h"
#include "hako_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define RESULT(call) ({ long result_ = (call); result_ < 0 ? -errno : (int)result_; })

int hako_setns(int descriptor, int kinds) { return RESULT(setns(descriptor, kinds)); }
int hako_unshare(int kinds) { return RESULT(unshare(kinds)); }
int hako_sethostname(const char *name, size_t length) { return RESULT(sethostname(name, length)); }
int hako_setdomainname(const char *name, size_t length) { return RESULT(setdomainname(name, length)); }

static int idle(void *parent) {
    // It has copies of the parent's descriptors: of a lock that a killed parent would go on holding, or of a pipe whose end
    // would never come.
    syscall(SYS_close_range, 0, ~0U, 0);
    syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    // Killed before that: the signal never comes.
    if (syscall(SYS_getppid) != (long)(intptr_t)parent) _exit(1);
    hako_sleep_forever();
    return 0;
}

// Clones without a signal at the child's end: only a wait for this very child sees it.
static long clone_sharing(struct clone_args *args, char *stack, size_t size, int (*body)(void *), void *argument) {
    args->flags |= CLONE_VM;
    args->stack = (uint64_t)(uintptr_t)stack;
    args->stack_size = size;
    sigset_t all, before;
    sigfillset(&all);
    // A handler of the parent's must not run in the child, which shares its memory; the mask is inherited.
    pthread_sigmask(SIG_SETMASK, &all, &before);
    long pid = hako_clone_onto_stack(args, body, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return pid;
}

// The stack must outlive the clone: the child shares the memory and sleeps on it. It pushes nothing more once it sleeps, so
// every such child of this program may have the same one.
static char idle_stack[4096] __attribute__((aligned(16)));

pid_t hako_clone_idle(uint64_t namespaces, int *pidfd) {
    struct clone_args args = {.flags = CLONE_PIDFD | namespaces, .pidfd = (uint64_t)(uintptr_t)pidfd};
    return (pid_t)clone_sharing(&args, idle_stack, sizeof idle_stack, idle, (void *)(intptr_t)getpid());
}

// What the child that clones the idle one reads and writes, beside its parent. That one has a stack of its own: another may be
// on its way to sleep at the same time.
static char begun_stack[4096] __attribute__((aligned(16)));
static struct {
    uint64_t namespaces;
    intptr_t parent;
    pid_t helper;
    volatile long pid;
    int pidfd;
} begun;

static int clone_for_parent(void *unused) {
    (void)unused;
    struct clone_args args = {
        .flags = CLONE_VM | CLONE_PARENT | CLONE_PIDFD | begun.namespaces,
        .pidfd = (uint64_t)(uintptr_t)&begun.pidfd,
        .stack = (uint64_t)(uintptr_t)begun_stack,
        .stack_size = sizeof begun_stack,
    };
    begun.pid = hako_clone_onto_stack(&args, idle, (void *)begun.parent);
    return 0;
}

int hako_begin_idle(uint64_t namespaces) {
    static char stack[4096] __attribute__((aligned(16)));
    if (begun.helper > 0) return -EBUSY;
    begun.namespaces = namespaces;
    begun.parent = getpid();
    begun.pid = -ECHILD;
    // The pidfd that it gets is to be this process's.
    struct clone_args args = {.flags = CLONE_FILES};
    long helper = clone_sharing(&args, stack, sizeof stack, clone_for_parent, NULL);
    if (helper > 0) begun.helper = (pid_t)helper;
    return helper < 0 ? (int)helper : 0;
}

pid_t hako_finish_idle(int *pidfd) {
    if (begun.helper <= 0) return -ECHILD;
    while (waitpid(begun.helper, NULL, __WALL) < 0 && errno == EINTR) {}
    begun.helper = 0;
    *pidfd = begun.pidfd;
    return (pid_t)begun.pid;
}

// Fork, not CLONE_VM: it makes system calls on the stack while the parent goes on.
pid_t hako_fork_idle_in(int namespace, int kind, int *pidfd) {
    int ready[2];
    if (pipe2(ready, O_CLOEXEC) < 0) return -errno;
    int parent = getpid();
    int pid = hako_fork(pidfd);
    if (pid == 0) {
        int joined = hako_setns(namespace, kind);
        if (write(ready[1], &joined, sizeof joined) != sizeof joined) _exit(1);
        close(ready[0]);
        close(ready[1]);
        _exit(idle((void *)(intptr_t)parent));
    }
    close(ready[1]);
    int joined = -EIO;
    // One that was killed before it wrote is the end of the pipe.
    while (pid > 0 && read(ready[0], &joined, sizeof joined) < 0 && errno == EINTR) {}
    close(ready[0]);
    if (pid < 0 || joined >= 0) return pid;
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {}
    close(*pidfd);
    return joined;
}

static int open_proc(void *result) {
    *(int *)result = hako_fsopen("proc");
    return 0;
}

int hako_fsopen_proc(int pid_namespace) {
    int own = RESULT(syscall(SYS_openat, AT_FDCWD, "/proc/self/ns/pid_for_children", O_RDONLY | O_CLOEXEC));
    if (own < 0) return own;
    int context = RESULT(setns(pid_namespace, CLONE_NEWPID));
    if (context == 0) {
        char stack[16384] __attribute__((aligned(16)));
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        struct clone_args args = {
            // CLONE_FILES: the descriptor that it opens is the parent's too.
            .flags = CLONE_VM | CLONE_VFORK | CLONE_FILES,
            .stack = (uint64_t)(uintptr_t)stack,
            .stack_size = sizeof stack,
        };
        context = -EIO;
        long pid = hako_clone_onto_stack(&args, open_proc, &context);
        if (pid < 0) {
            context = (int)pid;
        } else {
            while (waitpid((pid_t)pid, NULL, __WALL) < 0 && errno == EINTR) {}
        }
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        int back = RESULT(setns(own, CLONE_NEWPID));
        if (back < 0 && context >= 0) {
            close(context);
            context = back;
        }
    }
    close(own);
    return context;
}
