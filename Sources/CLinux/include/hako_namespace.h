#ifndef HAKO_NAMESPACE_H
#define HAKO_NAMESPACE_H

#include <sched.h>
#include <stdint.h>
#include <sys/types.h>

// The flags of clone(2); the C library hides them without _GNU_SOURCE.
enum {
    HAKO_NEWTIME = 0x00000080,
    HAKO_NEWNS = 0x00020000,
    HAKO_NEWCGROUP = 0x02000000,
    HAKO_NEWUTS = 0x04000000,
    HAKO_NEWIPC = 0x08000000,
    HAKO_NEWUSER = 0x10000000,
    HAKO_NEWPID = 0x20000000,
    HAKO_NEWNET = 0x40000000,
};

int hako_setns(int descriptor, int kinds);
int hako_unshare(int kinds);
int hako_sethostname(const char *name, size_t length);
int hako_setdomainname(const char *name, size_t length);

// Clones a process into new namespaces that does nothing until it is killed. Returns its pid or -errno; `pidfd` is set.
pid_t hako_clone_idle(uint64_t namespaces, int *pidfd);

// The same in two steps, between which another processor makes the namespaces: 0 or -errno, and then the pid or -errno. One at
// a time; the second step must follow.
int hako_begin_idle(uint64_t namespaces);
pid_t hako_finish_idle(int *pidfd);

// The same in a namespace that is there, of the kind `kind` (CLONE_NEW*). It is in it when this returns.
pid_t hako_fork_idle_in(int namespace, int kind, int *pidfd);

// fsopen("proc") by a short-lived process in the PID namespace `pid_namespace`: a proc file system shows the namespace of
// the process that opened it, and setns(2) moves only children there. Returns the context's descriptor or -errno.
int hako_fsopen_proc(int pid_namespace);

#endif
