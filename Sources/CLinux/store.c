#define _GNU_SOURCE
#include "hako_store.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int hako_syncfs(int descriptor) { return syncfs(descriptor) < 0 ? -errno : 0; }

int hako_fallocate(int descriptor, long size) { return fallocate(descriptor, 0, 0, size) < 0 ? -errno : 0; }
