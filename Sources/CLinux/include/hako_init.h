#ifndef HAKO_INIT_H
#define HAKO_INIT_H

#include <stdint.h>

// What `hako-init` is told about the program that it becomes. It shares no memory with the runtime and has no C library, so
// the plan is one block, sent over a socket; a field named `…_at` is the offset of something in it, 0 for nothing.

enum hako_init_flags {
    HAKO_INIT_WAITS_FOR_MOUNTS = 1 << 0,
    HAKO_INIT_WAITS_FOR_START = 1 << 1,
    // Mounts are locked for a mount namespace of a less privileged user namespace. mount_namespaces(7).
    HAKO_INIT_UNSHARES_MOUNTS = 1 << 2,
    HAKO_INIT_HAS_TERMINAL = 1 << 3,
    HAKO_INIT_NEW_KEYRING = 1 << 4,
    HAKO_INIT_SETS_UMASK = 1 << 5,
    HAKO_INIT_NO_NEW_PRIVILEGES = 1 << 6,
    HAKO_INIT_PERSONALITY_32 = 1 << 7,
};

// A hook: a program with its arguments and environment; `arguments_at` and `environment_at` as in the plan.
struct hako_init_hook {
    uint64_t path_at;
    uint64_t arguments_at;
    uint64_t environment_at;
    // 0 waits for ever.
    int64_t timeout_milliseconds;
};

struct hako_init_plan {
    // Of the whole block.
    uint32_t size;
    uint32_t flags;
    // A listening socket on which the start comes; -1: it comes on the socket that brought the plan.
    int32_t start_descriptor;
    // How many descriptors from 3 on the program keeps.
    uint32_t preserved;
    uint32_t user;
    uint32_t group;
    uint32_t umask;
    uint32_t group_count;
    // Bit n for capability n. `last_capability` is the highest that the kernel knows.
    uint64_t bounding;
    uint64_t permitted;
    uint64_t effective;
    uint64_t inheritable;
    uint64_t ambient;
    uint32_t last_capability;
    uint32_t filter_count;
    uint32_t filter_flags;
    uint32_t hook_count;
    uint64_t groups_at;       // uint32_t[group_count]
    uint64_t filter_at;       // struct sock_filter[filter_count]
    uint64_t directory_at;    // the working directory
    uint64_t candidates_at;   // paths of the program, tried in turn: offsets of strings, ended by 0
    uint64_t arguments_at;    // the same for its arguments
    uint64_t environment_at;  // and its environment
    uint64_t hooks_at;        // struct hako_init_hook[hook_count]
    uint64_t state_at;        // what hooks read on their standard input
    uint64_t state_size;
};

// What it is told after the plan, a byte each.
enum hako_init_order { HAKO_INIT_MOUNTED = 'm', HAKO_INIT_START = 's' };

// At which step it stopped.
enum hako_init_step {
    HAKO_INIT_READY = 0,
    HAKO_INIT_PLAN,
    HAKO_INIT_MOUNTS,
    HAKO_INIT_SESSION,
    HAKO_INIT_TERMINAL,
    HAKO_INIT_KEYRING,
    HAKO_INIT_GROUPS,
    HAKO_INIT_GROUP,
    HAKO_INIT_USER,
    HAKO_INIT_BOUNDING,
    HAKO_INIT_CAPABILITIES,
    HAKO_INIT_PRIVILEGES,
    HAKO_INIT_DIRECTORY,
    HAKO_INIT_DIRECTORY_OUTSIDE,
    HAKO_INIT_PROGRAM,
    HAKO_INIT_HOOK,
    HAKO_INIT_FILTER,
    HAKO_INIT_EXEC,
    HAKO_INIT_DESCRIPTORS,
    HAKO_INIT_PERSONALITY,
};

// What it answers: once when it is ready to be started, and when it fails. The end of the stream without one is success:
// the socket closes when the program is executed.
struct hako_init_report {
    uint32_t step;
    int32_t error;   // an errno value, for HAKO_INIT_HOOK the hook's wait status
    uint32_t index;  // of the hook
};

#endif
