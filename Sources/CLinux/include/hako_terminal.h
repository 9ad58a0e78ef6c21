#ifndef HAKO_TERMINAL_H
#define HAKO_TERMINAL_H
#endif
