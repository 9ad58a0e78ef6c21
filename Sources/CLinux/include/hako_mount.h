#ifndef HAKO_MOUNT_H
#define HAKO_MOUNT_H
#endif
