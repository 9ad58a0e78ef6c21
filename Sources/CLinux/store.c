#define _GNU_SOURCE
#include "hako_store.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int hako_syncfs(int descriptor) { return syncfs(descriptor) < 0 ? -errno : 0; }

int hako_punch_hole(int descriptor, long end) {
    return fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, end) < 0 ? -errno : 0;
}
int hako_fallocate(int descriptor, long size) { return fallocate(descriptor, 0, 0, size) < 0 ? -errno : 0; }
