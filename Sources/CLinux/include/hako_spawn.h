#ifndef HAKO_SPAWN_H
#define HAKO_SPAWN_H

#include <stdint.h>
#include <sys/types.h>

// What a new program gets. Descriptor `targets[i]` in it is `sources[i]` here; `targets` ascend, without a number twice.
// Of 0, 1 and 2, those that aren't among the targets are /dev/null; nothing else is open.
struct hako_spawn {
    const char *path;
    char *const *arguments;
    char *const *environment;
    const int *sources;
    const int *targets;
    int count;
    int new_session;
    // A number of the new program that becomes its controlling terminal; -1 for none. Needs new_session.
    int terminal;
};

enum hako_spawn_step {
    HAKO_SPAWN_CLONE, HAKO_SPAWN_DESCRIPTORS, HAKO_SPAWN_SESSION, HAKO_SPAWN_TERMINAL, HAKO_SPAWN_EXEC
};

// Starts a program; its signals have their default actions and none is blocked. 0 or -errno, with the step that failed.
int hako_spawn(const struct hako_spawn *plan, int *pid, int *pidfd, int *failed_step);

// fork(2), for a process with one thread: 0 in the child, whose signals have their default actions and none is blocked;
// the pid in the parent, with a pidfd; or -errno.
int hako_fork(int *pidfd);

// For a process with one thread, as daemon(3): whoever waits for it sees it end with `status`, and 0 is returned in a child of
// the init process, in a session of its own, with /dev/null as 0, 1 and 2 and nothing else open that came through an exec. The
// child has the memory itself and no copy of it, so that neither pays for one; it has none of the locks of fcntl(2).
// -errno where it can't be made; then this process goes on, without its streams.
int hako_daemonize(int status);

// waitid(2) on a pidfd. `status` gets si_status, `code` si_code (CLD_EXITED, CLD_KILLED, CLD_DUMPED).
// 1 when the child had ended (and is reaped), 0 when it hasn't and `block` is 0, or -errno.
int hako_wait_pidfd(int pidfd, int block, int *code, int *status);

// pidfd_open(2), Linux 5.3; pidfd_send_signal(2), Linux 5.1.
int hako_pidfd_open(int pid);
int hako_pidfd_send_signal(int pidfd, int signal);

// PR_SET_CHILD_SUBREAPER, prctl(2): orphans among our descendants become our children.
int hako_become_subreaper(void);

// Reaps one child that has ended and is none of the `count` of `except`: its pid, 0 when there is none, or -errno.
int hako_reap_any(const int *except, int count);

// malloc_trim(3).
void hako_trim_memory(void);
void hako_keep_freed_memory(void);
// Unmaps the pages of this program's code and constants, which come back from its file when they are used. madvise(2).
void hako_drop_program_pages(void);
// Unmaps what a deeper call has left of the stack. madvise(2).
void hako_drop_unused_stack(void);

#endif
