// trace FUNCTIONS PROGRAM [ARGUMENT...]
//
// Runs a program and tells in which order its functions, and those of the programs that it starts, are first called: a line
// "PROGRAM ADDRESS" for each. FUNCTIONS has a line of this form for each function that is asked about, by the programs' file
// names; they are executables that aren't relocated. Every function begins with a breakpoint that goes when it is met. ptrace(2).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_PROGRAMS = 8, MOST_PROCESSES = 1024 };
static const unsigned char breakpoint = 0xCC;  // int3 of x86

struct function {
    unsigned long address;
    unsigned char original;
    int is_told;
};

struct program {
    char name[64];
    struct function *functions;
    size_t count, capacity;
    int is_read;
};

static struct program programs[MOST_PROGRAMS];
static struct {
    pid_t pid;
    struct program *program;
} processes[MOST_PROCESSES];

static struct program *program_named(const char *name, int makes) {
    for (int index = 0; index < MOST_PROGRAMS; index++) {
        struct program *program = &programs[index];
        if (strcmp(program->name, name) == 0) return program;
        if (program->name[0] != 0) continue;
        if (!makes) return NULL;
        snprintf(program->name, sizeof program->name, "%s", name);
        return program;
    }
    return NULL;
}

static struct program **program_of(pid_t pid) {
    int index = 0;
    while (index < MOST_PROCESSES - 1 && processes[index].pid != 0 && processes[index].pid != pid) index++;
    processes[index].pid = pid;
    return &processes[index].program;
}

static int by_address(const void *one, const void *other) {
    unsigned long a = ((const struct function *)one)->address, b = ((const struct function *)other)->address;
    return a < b ? -1 : a > b;
}

static void read_functions(const char *path) {
    FILE *file = fopen(path, "r");
    char name[64];
    unsigned long address;
    while (file && fscanf(file, "%63s %lx", name, &address) == 2) {
        struct program *program = program_named(name, 1);
        if (!program) continue;
        if (program->count == program->capacity) {
            program->capacity = program->capacity ? program->capacity * 2 : 4096;
            program->functions = realloc(program->functions, program->capacity * sizeof *program->functions);
            if (!program->functions) exit(1);
        }
        program->functions[program->count++] = (struct function){.address = address};
    }
    if (file) fclose(file);
    for (int index = 0; index < MOST_PROGRAMS; index++)
        if (programs[index].count) qsort(programs[index].functions, programs[index].count, sizeof(struct function), by_address);
}

static int open_memory(pid_t pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/mem", pid);
    return open(path, O_RDWR | O_CLOEXEC);
}

// The process has just executed a program: it begins with every function that wasn't met yet.
static void arm(pid_t pid) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/%d/exe", pid);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length < 0 ? 0 : length] = 0;
    const char *slash = strrchr(path, '/');
    struct program *program = program_named(slash ? slash + 1 : path, 0);
    *program_of(pid) = program;
    if (!program) return;
    int memory = open_memory(pid);
    for (size_t index = 0; index < program->count; index++) {
        struct function *function = &program->functions[index];
        if (!program->is_read && pread(memory, &function->original, 1, (off_t)function->address) != 1) function->is_told = 1;
        if (!function->is_told) pwrite(memory, &breakpoint, 1, (off_t)function->address);
    }
    program->is_read = 1;
    close(memory);
}

// Whether it was one of our breakpoints.
static int note_call(pid_t pid) {
    struct program *program = *program_of(pid);
    const size_t register_offset = offsetof(struct user, regs.rip);
    struct function key = {.address = (unsigned long)ptrace(PTRACE_PEEKUSER, pid, register_offset, 0) - 1};
    struct function *function =
        program ? bsearch(&key, program->functions, program->count, sizeof key, by_address) : NULL;
    if (!function) return 0;
    if (!function->is_told) printf("%s %lx\n", program->name, function->address);
    function->is_told = 1;
    int memory = open_memory(pid);
    pwrite(memory, &function->original, 1, (off_t)function->address);
    close(memory);
    ptrace(PTRACE_POKEUSER, pid, register_offset, function->address);
    return 1;
}

static void handle_stop(pid_t pid, int status) {
    int signal = WSTOPSIG(status), event = status >> 16;
    unsigned long child = 0;
    switch (event) {
    case 0: break;
    case PTRACE_EVENT_EXEC: arm(pid); break;
    default:
        ptrace(PTRACE_GETEVENTMSG, pid, 0, &child);
        *program_of((pid_t)child) = *program_of(pid);
    }
    // A new child's first stop is ours, not a signal to it.
    int is_ours = event != 0 || signal == SIGSTOP || (signal == SIGTRAP && note_call(pid));
    ptrace(PTRACE_CONT, pid, 0, is_ours ? 0 : signal);
}

int main(int count, char **arguments) {
    if (count < 3) return 2;
    read_functions(arguments[1]);
    pid_t first = fork();
    if (first == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        execv(arguments[2], arguments + 2);
        _exit(127);
    }
    int status, result = 1;
    waitpid(first, &status, 0);
    ptrace(
        PTRACE_SETOPTIONS, first, 0, PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC);
    ptrace(PTRACE_CONT, first, 0, 0);
    for (;;) {
        pid_t pid = waitpid(-1, &status, __WALL);
        if (pid < 0 && errno == EINTR) continue;
        if (pid < 0) return result;
        if (WIFSTOPPED(status)) handle_stop(pid, status);
        if (pid == first && WIFEXITED(status)) result = WEXITSTATUS(status);
    }
}
