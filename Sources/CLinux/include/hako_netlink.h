#ifndef HAKO_NETLINK_H
#define HAKO_NETLINK_H
#endif
