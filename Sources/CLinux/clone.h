// Cloning with a stack of its own, for children that share their parent's memory. Not for Swift.
#ifndef HAKO_CLONE_H
#define HAKO_CLONE_H

#include <linux/sched.h>
#include <stddef.h>
#include <sys/syscall.h>

// clone3(2) of a child that runs `body(argument)` on the stack in `args` and exits with its result. A wrapper of the C library
// can't be used: with shared memory, the child would return into its parent's frame. Returns the pid or -errno.
static inline long hako_clone_onto_stack(struct clone_args *args, int (*body)(void *), void *argument) {
#if defined(__x86_64__)
    register long result __asm__("rax") = SYS_clone3;
    register void *first __asm__("rdi") = args;
    register size_t second __asm__("rsi") = sizeof *args;
    register void *function __asm__("r12") = (void *)body;
    register void *value __asm__("r13") = argument;
    __asm__ volatile(
        "syscall\n\t"
        "test %%rax, %%rax\n\t"
        "jnz 1f\n\t"
        "xor %%ebp, %%ebp\n\t"
        "mov %%r13, %%rdi\n\t"
        "call *%%r12\n\t"
        "mov %%eax, %%edi\n\t"
        "mov $60, %%eax\n\t"
        "syscall\n\t"
        "hlt\n\t"
        "1:\n\t"
        : "+r"(result)
        : "r"(first), "r"(second), "r"(function), "r"(value)
        : "rcx", "r11", "memory", "cc");
    return result;
#else
#error "hako_clone_onto_stack is not written for this architecture"
#endif
}

// clone(2) of a child that goes on in the same memory, on the same stack, while the parent ends at once with `status`, without
// touching either: exit_group(2). Returns 0 in the child, or -errno.
static inline long hako_clone_and_exit(int status) {
#if defined(__x86_64__)
    register long result __asm__("rax") = SYS_clone;
    register long flags __asm__("rdi") = CLONE_VM | 17;  // SIGCHLD
    register long parent_id __asm__("r10") = 0;
    register long thread_area __asm__("r8") = 0;
    register long code __asm__("r12") = status;
    __asm__ volatile(
        "syscall\n\t"
        "test %%rax, %%rax\n\t"
        "jle 1f\n\t"
        "mov %%r12, %%rdi\n\t"
        "mov $231, %%eax\n\t"
        "syscall\n\t"
        "hlt\n\t"
        "1:\n\t"
        : "+r"(result), "+r"(flags)
        : "S"(0L), "d"(0L), "r"(parent_id), "r"(thread_area), "r"(code)
        : "rcx", "r11", "memory", "cc");
    return result;
#else
#error "hako_clone_and_exit is not written for this architecture"
#endif
}

// ppoll(2) without end, made without the C library: errno and all else of the parent's thread is shared with it.
static inline void hako_sleep_forever(void) {
#if defined(__x86_64__)
    for (;;) {
        register long fourth __asm__("r10") = 0;
        long result;
        __asm__ volatile("syscall"
                         : "=a"(result)
                         : "a"((long)SYS_ppoll), "D"(0L), "S"(0L), "d"(0L), "r"(fourth)
                         : "rcx", "r11", "memory");
    }
#endif
}

#endif
