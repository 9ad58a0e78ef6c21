#ifndef HAKO_TERMINAL_H
#define HAKO_TERMINAL_H

// A macro of macros, which Swift can't import: unlocks a pty's peer. ioctl_tty(2).
enum { HAKO_TIOCSPTLCK = 0x40045431 };

#include <stdint.h>

// A new pty master, unlocked, closed on exec. pts(4).
int hako_pty_master(void);

// The other end of a master, wherever its devpts is mounted (TIOCGPTPEER, Linux 4.13): no path is looked up.
int hako_pty_peer(int master, int flags);

// TIOCGWINSZ and TIOCSWINSZ.
int hako_window_size(int terminal, uint16_t *rows, uint16_t *columns);
int hako_set_window_size(int terminal, uint16_t rows, uint16_t columns);

#endif
