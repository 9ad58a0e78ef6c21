#ifndef HAKO_PROCESS_H
#define HAKO_PROCESS_H
#endif
