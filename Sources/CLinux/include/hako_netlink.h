#ifndef HAKO_NETLINK_H
#define HAKO_NETLINK_H

#include <linux/if_link.h>
#include <linux/inet_diag.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/veth.h>
#include <stddef.h>
#include <stdint.h>

// A netlink(7) socket of `protocol`, closed on exec, with extended acknowledgements (Linux 4.12), acknowledgements that
// do not repeat the request, strict checks of dump requests (Linux 4.20), and a receive time-out of 10 s: the kernel
// answers within the call that sends, so a longer wait means an answer that was lost. Returns a descriptor or -errno.
int hako_netlink_socket(int protocol);

// send(2) and recv(2) with MSG_TRUNC: the length of the whole message, which may be more than `size`. Or -errno.
long hako_netlink_send(int socket, const void *bytes, size_t size);
long hako_netlink_receive(int socket, void *bytes, size_t size, int flags);

// A socket of `family` (AF_INET, AF_INET6 only for IPv6), bound to `address` (4 or 16 bytes) and `port` in network byte
// order's meaning but the host's byte order. `reuse` sets SO_REUSEADDR for the time of the bind only. A descriptor or -errno.
int hako_bound_socket(int family, int type, int protocol, const uint8_t *address, uint16_t port, int reuse);

// A socket (SOCK_STREAM or SOCK_DGRAM) that connects to an address, as above, without waiting for that: it is writable when it
// has, or can't. A descriptor or -errno.
int hako_connecting_socket(int type, int family, const uint8_t *address, uint16_t port);

// What became of it: 0 or -errno. SO_ERROR, socket(7).
int hako_socket_error(int socket);

// The port that a socket is bound to, or -errno. getsockname(2).
int hako_bound_port(int socket);

// Has the kernel carry out at once what a change of a link's carrier leads to (SIOCETHTOOL, ETHTOOL_GLINK). Any socket of the
// link's network namespace will do. 0 or -errno.
int hako_settle_carrier(int socket, const char *link);

// The policy of the FORWARD chain of the legacy iptables (`family` AF_INET) or ip6tables (AF_INET6) filter table in the
// calling thread's network namespace: 1 drop, 0 another, 2 drop with a rule that names the interface `bridge`; or -errno
// (-ENOENT or -ENOPROTOOPT where there is no such table). Asking loads the table's module: ask only where
// /proc/net/ip_tables_names lists it.
int hako_legacy_forward_policy(int family, const char *bridge);

#endif
