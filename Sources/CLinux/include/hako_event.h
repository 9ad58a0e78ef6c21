#ifndef HAKO_EVENT_H
#define HAKO_EVENT_H

#include <stdint.h>
#include <sys/epoll.h>

// epoll_create1(2) with EPOLL_CLOEXEC.
int hako_epoll_create(void);

// epoll_ctl(2). `operation` is EPOLL_CTL_ADD, _MOD or _DEL; `token` comes back with each event.
int hako_epoll_ctl(int epoll, int operation, int descriptor, uint32_t events, uint64_t token);

// epoll_wait(2) for at most `capacity` events. `struct epoll_event` is packed on x86-64 only: the two arrays spare Swift that.
int hako_epoll_wait(int epoll, uint32_t *events, uint64_t *tokens, int capacity, int timeout_milliseconds);

// Blocks the signals of `mask` (bit n-1 is signal n) in this thread and returns a signalfd(2) for them.
int hako_signalfd(uint64_t mask);

// Reads one signal from a signalfd: its number, or -errno (-EAGAIN when none is there).
int hako_signalfd_read(int descriptor);

// timerfd_create(2) on CLOCK_MONOTONIC, not blocking.
int hako_timerfd_create(void);

// Fires once in `nanoseconds`; 0 disarms it.
int hako_timerfd_set(int descriptor, int64_t nanoseconds);

#endif
