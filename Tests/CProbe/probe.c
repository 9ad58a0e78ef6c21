#define _GNU_SOURCE
#include "CProbe.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static long call(enum probe_way way, long number, const long a[6]) {
    if (way == PROBE_INT80) {
#ifdef __x86_64__
        long result;
        // The 64-bit entry of int 0x80 clobbers r8 to r11.
        __asm__ volatile("int $0x80"
                         : "=a"(result)
                         : "a"(number), "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]), "D"(a[4])
                         : "r8", "r9", "r10", "r11", "memory");
        return (int)result;
#else
        return -ENOSYS;
#endif
    }
    if (way == PROBE_X32) number |= 0x40000000;
    long result = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    return result < 0 ? -errno : result;
}

static int finish(pid_t child) {
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return -errno;
    return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void confine(const struct hako_seccomp *seccomp) {
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (!seccomp) return;
    if (hako_set_no_new_privileges() < 0 || hako_seccomp_load(seccomp) < 0) _exit(250);
}

int probe_system_call(const struct hako_seccomp *seccomp, enum probe_way way, long number, const long arguments[6]) {
    pid_t child = fork();
    if (child < 0) return -errno;
    if (child == 0) {
        confine(seccomp);
        long result = call(way, number, arguments);
        _exit(result < 0 ? (int)-result : 0);
    }
    return finish(child);
}

int probe_socketcall(const struct hako_seccomp *seccomp, int family, int type, int protocol) {
    // i386 sees the lower 4 GiB only.
    int *arguments = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (arguments == MAP_FAILED) return -errno;
    arguments[0] = family;
    arguments[1] = type;
    arguments[2] = protocol;
    int result = probe_system_call(seccomp, PROBE_INT80, 102, (long[6]){1, (long)arguments});
    munmap(arguments, 4096);
    return result;
}

long probe_exec(const struct hako_capabilities *sets, int uid, int no_new_privileges, char *const argv[], char *output, size_t size) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
    pid_t child = fork();
    if (child < 0) return -errno;
    if (child == 0) {
        dup2(ends[1], 1);
        if (hako_drop_bounding_set(sets) < 0) _exit(251);
        if (uid >= 0 && (hako_keep_capabilities() < 0 || syscall(SYS_setresgid, uid, uid, uid) < 0
                         || syscall(SYS_setresuid, uid, uid, uid) < 0))
            _exit(252);
        if (hako_set_capabilities(sets) < 0) _exit(253);
        if (no_new_privileges && hako_set_no_new_privileges() < 0) _exit(254);
        execv(argv[0], argv);
        _exit(255);
    }
    close(ends[1]);
    size_t filled = 0;
    for (;;) {
        long count = read(ends[0], output + filled, size - filled);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        filled += (size_t)count;
    }
    close(ends[0]);
    int code = finish(child);
    return code != 0 ? -1000 - code : (long)filled;
}

int probe_set_file_capabilities(const char *path, const uint8_t *value, size_t size) {
    return setxattr(path, "security.capability", value, size, 0) < 0 ? -errno : 0;
}
