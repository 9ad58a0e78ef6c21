#define _GNU_SOURCE
#include "hako_event.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define RESULT(call) ({ long result_ = (call); result_ < 0 ? -errno : (int)result_; })

int hako_epoll_create(void) { return RESULT(epoll_create1(EPOLL_CLOEXEC)); }

int hako_epoll_ctl(int epoll, int operation, int descriptor, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data.u64 = token};
    return RESULT(epoll_ctl(epoll, operation, descriptor, &event));
}

int hako_epoll_wait(int epoll, uint32_t *events, uint64_t *tokens, int capacity, int timeout_milliseconds) {
    struct epoll_event ready[16];
    int limit = capacity < 16 ? capacity : 16;
    int count = RESULT(epoll_wait(epoll, ready, limit, timeout_milliseconds));
    for (int i = 0; i < count; i++) {
        events[i] = ready[i].events;
        tokens[i] = ready[i].data.u64;
    }
    return count;
}

int hako_signalfd(uint64_t mask) {
    sigset_t signals;
    sigemptyset(&signals);
    for (int number = 1; number <= 64; number++)
        if (mask >> (number - 1) & 1) sigaddset(&signals, number);
    int error = pthread_sigmask(SIG_BLOCK, &signals, NULL);
    return error ? -error : RESULT(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
}

int hako_signalfd_read(int descriptor) {
    struct signalfd_siginfo info;
    ssize_t count = read(descriptor, &info, sizeof info);
    return count < 0 ? -errno : count == sizeof info ? (int)info.ssi_signo : -EIO;
}

int hako_timerfd_create(void) { return RESULT(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)); }

int hako_timerfd_set(int descriptor, int64_t nanoseconds) {
    struct itimerspec when = {.it_value = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000}};
    return RESULT(timerfd_settime(descriptor, 0, &when, NULL));
}
