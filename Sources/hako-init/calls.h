// System calls without a C library: results are values or -errno.
#ifndef HAKO_INIT_CALLS_H
#define HAKO_INIT_CALLS_H

#include <asm/unistd.h>
#include <stddef.h>
#include <stdint.h>

#if !defined(__x86_64__)
#error "hako-init is not written for this architecture"
#endif

static inline long call6(long number, long a, long b, long c, long d, long e, long f) {
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

#define CALL_1(n, a) call6(n, (long)(a), 0, 0, 0, 0, 0)
#define CALL_2(n, a, b) call6(n, (long)(a), (long)(b), 0, 0, 0, 0)
#define CALL_3(n, a, b, c) call6(n, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define CALL_4(n, a, b, c, d) call6(n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define CALL_5(n, a, b, c, d, e) call6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define CALL_6(n, a, b, c, d, e, f) call6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

static inline void leave(int status) {
    for (;;) CALL_1(__NR_exit_group, status);
}

// The compiler may call these for what it copies or clears.
void *memcpy(void *to, const void *from, size_t count);
void *memset(void *to, int value, size_t count);

#endif
