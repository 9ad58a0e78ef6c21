#define _GNU_SOURCE
#include "hako_terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define RESULT(call) ({ int result_ = (call); result_ < 0 ? -errno : result_; })

int hako_pty_master(void) {
    int master = RESULT(open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (master < 0) return master;
    int unlocked = 0;
    int result = RESULT(ioctl(master, TIOCSPTLCK, &unlocked));
    if (result == 0) return master;
    close(master);
    return result;
}

int hako_pty_peer(int master, int flags) { return RESULT(ioctl(master, TIOCGPTPEER, flags | O_CLOEXEC)); }

int hako_window_size(int terminal, uint16_t *rows, uint16_t *columns) {
    struct winsize size = {0};
    int result = RESULT(ioctl(terminal, TIOCGWINSZ, &size));
    *rows = size.ws_row;
    *columns = size.ws_col;
    return result;
}

int hako_set_window_size(int terminal, uint16_t rows, uint16_t columns) {
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    return RESULT(ioctl(terminal, TIOCSWINSZ, &size));
}
