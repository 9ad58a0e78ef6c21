#ifndef HAKO_STORE_H
#define HAKO_STORE_H

// syncfs(2): writes out the whole file system that the descriptor is on. glibc has it only with _GNU_SOURCE.
int hako_syncfs(int descriptor);

// fallocate(2) without flags: takes room on the disk for the file. glibc has it only with _GNU_SOURCE.
int hako_fallocate(int descriptor, long size);
int hako_punch_hole(int descriptor, long end);

#endif
