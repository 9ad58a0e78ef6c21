#define _GNU_SOURCE
#include "hako_spawn.h"

#include "clone.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/close_range.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define RESULT(call) ({ long result_ = (call); result_ < 0 ? -errno : (int)result_; })
#ifndef P_PIDFD
#define P_PIDFD 3
#endif

struct child_context {
    const struct hako_spawn *plan;
    int step;
    int error;
};

static int close_range_on_exec(unsigned first, unsigned last) {
    return first > last ? 0 : RESULT(syscall(SYS_close_range, first, last, CLOSE_RANGE_CLOEXEC));
}

static int null_for(int target) {
    int null = RESULT(open("/dev/null", O_RDWR));
    if (null < 0 || null == target) return null < 0 ? null : 0;
    int result = RESULT(dup2(null, target));
    close(null);
    return result < 0 ? result : 0;
}

// The sources move above every target first: a target's number may be another one's source.
static int arrange(const struct hako_spawn *plan) {
    int highest = plan->count ? plan->targets[plan->count - 1] : 2;
    int floor = highest < 2 ? 3 : highest + 1, moved[plan->count + 1];
    for (int i = 0; i < plan->count; i++) {
        moved[i] = RESULT(fcntl(plan->sources[i], F_DUPFD_CLOEXEC, floor));
        if (moved[i] < 0) return moved[i];
    }
    unsigned next = 0;
    for (int i = 0; i < plan->count; i++) {
        int target = plan->targets[i], result = RESULT(dup2(moved[i], target));
        if (result < 0) return result;
        if ((unsigned)target > next && (result = close_range_on_exec(next, target - 1)) < 0) return result;
        next = target + 1;
    }
    int result = close_range_on_exec(next, ~0U);
    for (int standard = 0, i = 0; result == 0 && standard < 3; standard++) {
        while (i < plan->count && plan->targets[i] < standard) i++;
        if (i == plan->count || plan->targets[i] != standard) result = null_for(standard);
    }
    return result;
}

static void default_signals(void) {
    // exec(2) resets what is caught but keeps what is ignored: SIGPIPE would stay ignored in programs that count on it.
    struct sigaction action = {.sa_handler = SIG_DFL};
    for (int number = 1; number < NSIG; number++) sigaction(number, &action, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static int child(void *argument) {
    struct child_context *context = argument;
    const struct hako_spawn *plan = context->plan;
    default_signals();
    context->step = HAKO_SPAWN_SESSION;
    if (plan->new_session && (context->error = RESULT(setsid())) < 0) _exit(127);
    context->step = HAKO_SPAWN_DESCRIPTORS;
    if ((context->error = arrange(plan)) < 0) _exit(127);
    context->step = HAKO_SPAWN_TERMINAL;
    if (plan->terminal >= 0 && (context->error = RESULT(ioctl(plan->terminal, TIOCSCTTY, 0))) < 0) _exit(127);
    context->step = HAKO_SPAWN_EXEC;
    execve(plan->path, plan->arguments, plan->environment);
    context->error = -errno;
    _exit(127);
}

// As posix_spawn does it: the child borrows our memory until it execs, so that a large parent costs nothing, and tells of
// its failure there. Signals are blocked meanwhile, for a handler in the child would run on our data.
int hako_spawn(const struct hako_spawn *plan, int *pid, int *pidfd, int *failed_step) {
    struct child_context context = {.plan = plan, .step = HAKO_SPAWN_CLONE};
    _Alignas(16) char stack[16384];
    sigset_t all, before;
    sigfillset(&all);
    int error = pthread_sigmask(SIG_SETMASK, &all, &before);
    if (error) return -error;
    *pidfd = -1;
    int made = RESULT(clone(child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &context, pidfd));
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    *failed_step = context.step;
    if (made < 0) return made;
    if (context.error < 0) {
        while (waitpid(made, NULL, 0) < 0 && errno == EINTR) {}
        close(*pidfd);
        return context.error;
    }
    *pid = made;
    return 0;
}

int hako_fork(int *pidfd) {
    int pid = RESULT(fork());
    if (pid == 0) default_signals();
    if (pid <= 0) return pid;
    // Not reaped yet, so the number is still this child's.
    *pidfd = hako_pidfd_open(pid);
    if (*pidfd >= 0) return pid;
    int error = *pidfd;
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {}
    return error;
}

static void close_inherited(int null) {
    for (int standard = 0; standard < 3; standard++) dup2(null, standard);
    // What this program opened itself is closed on exec.
    DIR *directory = opendir("/proc/self/fd");
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        int number = atoi(entry->d_name), flags = number > 2 ? fcntl(number, F_GETFD) : -1;
        if (flags >= 0 && !(flags & FD_CLOEXEC)) close(number);
    }
    if (directory) closedir(directory);
}

int hako_daemonize(int status) {
    int null = RESULT(open("/dev/null", O_RDWR | O_CLOEXEC));
    if (null < 0) return null;
    // Before, not in the child: whoever sees this process end finds nothing of it open any more, no pipe and no lock.
    close_inherited(null);
    close(null);
    // A handler that ran in the parent would run on the child's stack; and the kernel would write to the child's memory at the
    // parent's end (set_tid_address(2)).
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    syscall(SYS_set_tid_address, NULL);
    int result = (int)hako_clone_and_exit(status);
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (result == 0) setsid();
    return result;
}

int hako_wait_pidfd(int pidfd, int block, int *code, int *status) {
    siginfo_t info = {0};
    int result = RESULT(waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | (block ? 0 : WNOHANG)));
    if (result < 0) return result;
    *code = info.si_code;
    *status = info.si_status;
    return info.si_pid != 0;
}

int hako_pidfd_open(int pid) { return RESULT(syscall(SYS_pidfd_open, pid, 0)); }

int hako_pidfd_send_signal(int pidfd, int signal) {
    return RESULT(syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0));
}

int hako_become_subreaper(void) { return RESULT(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)); }

int hako_reap_any(const int *except, int count) {
    siginfo_t info = {0};
    // Looked at first, and reaped only then: the status of these is for whoever waits for it.
    int result = RESULT(waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT));
    if (result < 0) return result == -ECHILD ? 0 : result;
    if (info.si_pid == 0) return 0;
    for (int index = 0; index < count; index++) {
        if (info.si_pid == except[index]) return 0;
    }
    return RESULT(waitpid(info.si_pid, NULL, WNOHANG));
}

void hako_trim_memory(void) { malloc_trim(0); }

void hako_keep_freed_memory(void) {
    mallopt(M_MMAP_THRESHOLD, 4 << 20);
    mallopt(M_TRIM_THRESHOLD, 16 << 20);
    mallopt(M_TOP_PAD, 512 << 10);
}

static int drop_constant_segments(struct dl_phdr_info *object, size_t size, void *unused) {
    (void)size;
    (void)unused;
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int index = 0; index < object->dlpi_phnum; index++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[index];
        // What is written to would be lost with its pages.
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W)) continue;
        uintptr_t start = object->dlpi_addr + segment->p_vaddr, end = start + segment->p_memsz;
        start -= start % page;
        madvise((void *)start, end - start, MADV_DONTNEED);
    }
    // The first object is the program itself.
    return 1;
}

void hako_drop_program_pages(void) { dl_iterate_phdr(drop_constant_segments, NULL); }

void hako_drop_unused_stack(void) {
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t reach = 1 << 20;
    // Below this frame, its red zone and what madvise itself takes there is nothing that anybody still reads. Nothing else is
    // mapped there: the kernel keeps a gap of a mebibyte below a stack (stack_guard_gap in mm/mmap.c).
    uintptr_t end = (uintptr_t)__builtin_frame_address(0) - 4 * page;
    end -= end % page;
    // ENOMEM, as not all of it is mapped; what is goes.
    madvise((void *)(end - reach), reach, MADV_DONTNEED);
}
