#include "child_init.h"

#include <asm/errno.h>
#include <asm/ioctls.h>
#include <asm/signal.h>
#include <linux/prctl.h>
#include <linux/wait.h>

#include "calls.h"

#define BIT(number) (1ULL << ((number) - 1))

// The kernel's own struct sigaction and siginfo_t, of which only the beginning is read.
struct action {
    void *handler;
    uint64_t flags, restorer, mask;
};
struct information {
    int number, error, code;
    char rest[116];
};

// A fault of this program's own must end it, and a terminal must not stop it.
static const uint64_t faults = BIT(SIGFPE) | BIT(SIGILL) | BIT(SIGSEGV) | BIT(SIGBUS) | BIT(SIGABRT) | BIT(SIGTRAP) | BIT(SIGSYS);
static const uint64_t terminal_stops = BIT(SIGTTIN) | BIT(SIGTTOU);

static void set_handler(int number, void *handler) {
    struct action action = {.handler = handler};
    CALL_4(__NR_rt_sigaction, number, &action, 0, sizeof action.mask);
}

static size_t length(const char *text) {
    size_t count = 0;
    while (text[count]) count++;
    return count;
}

static void say(const char *text) { CALL_3(__NR_write, 2, text, length(text)); }

// What comes after `NAME=`; NULL where there is none.
static const char *variable(char **environment, const char *name) {
    size_t count = length(name);
    for (; *environment; environment++) {
        size_t index = 0;
        while (index < count && (*environment)[index] == name[index]) index++;
        if (index == count && (*environment)[index] == '=') return *environment + index + 1;
    }
    return NULL;
}

static int has_slash(const char *name) {
    for (; *name; name++)
        if (*name == '/') return 1;
    return 0;
}

// As execvpe(3) does it, but that an empty part of PATH is passed over: it would be the working directory.
static long execute_in_path(char **program, char **environment) {
    static char path[4096];
    const char *part = variable(environment, "PATH");
    if (!part) part = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    size_t name = length(program[0]);
    long error = -ENOENT;
    for (;;) {
        size_t count = 0;
        while (part[count] && part[count] != ':') count++;
        if (count > 0 && count + 1 + name < sizeof path) {
            memcpy(path, part, count);
            path[count] = '/';
            memcpy(path + count + 1, program[0], name + 1);
            long result = CALL_3(__NR_execve, path, program, environment);
            if (result != -ENOENT && result != -ENOTDIR) error = result;
        }
        if (!part[count]) return error;
        part += count + 1;
    }
}

// 127 and 126 as a shell says them. The engine can't: to it, the container has started.
static _Noreturn void run_program(char **program, char **environment) {
    // A process group of its own, which owns the terminal, if there is one: what is typed goes to the program alone.
    CALL_2(__NR_setpgid, 0, 0);
    int group = (int)CALL_1(__NR_getpid, 0);
    CALL_3(__NR_ioctl, 0, TIOCSPGRP, &group);
    set_handler(SIGTTIN, SIG_DFL);
    set_handler(SIGTTOU, SIG_DFL);
    uint64_t none = 0;
    CALL_4(__NR_rt_sigprocmask, SIG_SETMASK, &none, 0, sizeof none);
    int is_path = has_slash(program[0]);
    long error = is_path ? CALL_3(__NR_execve, program[0], program, environment) : execute_in_path(program, environment);
    say("hako-init: cannot execute \"");
    say(program[0]);
    say(error == -ENOENT   ? is_path ? "\": no such file or directory\n" : "\": executable file not found in $PATH\n"
        : error == -EACCES ? "\": permission denied\n"
                           : "\": exec format error\n");
    leave(error == -ENOENT ? 127 : 126);
    __builtin_unreachable();
}

// The program's exit code once it has ended, else -1. wait(2): the lowest 7 bits are the signal, the next 8 the code.
static int reap(long program) {
    int code = -1;
    for (;;) {
        int status = 0;
        long pid = CALL_4(__NR_wait4, -1, &status, WNOHANG, 0);
        if (pid == -EINTR) continue;
        if (pid <= 0) return code;
        if (pid == program) code = (status & 0x7F) ? 128 + (status & 0x7F) : status >> 8 & 0xFF;
    }
}

_Noreturn void serve_as_init(char **program, char **environment) {
    uint64_t awaited = ~(faults | terminal_stops);
    CALL_4(__NR_rt_sigprocmask, SIG_SETMASK, &awaited, 0, sizeof awaited);
    set_handler(SIGTTIN, SIG_IGN);
    set_handler(SIGTTOU, SIG_IGN);
    // With --pid=host it is not process 1.
    CALL_5(__NR_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    long child = CALL_5(__NR_clone, SIGCHLD, 0, 0, 0, 0);
    if (child == 0) run_program(program, environment);
    if (child < 0) {
        say("hako-init: cannot make a process\n");
        leave(126);
    }
    for (;;) {
        struct information information;
        long number = CALL_4(__NR_rt_sigtimedwait, &awaited, &information, 0, sizeof awaited);
        if (number > 0 && number != SIGCHLD) CALL_2(__NR_kill, child, number);
        // Also after another signal: many children's ends are one SIGCHLD.
        int code = reap(child);
        if (code >= 0) leave(code);
    }
}
