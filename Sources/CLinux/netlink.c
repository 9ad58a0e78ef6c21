#define _GNU_SOURCE
// The C library's headers first: the kernel's then leave out what both define (linux/libc-compat.h).
#include <net/if.h>
#include <netinet/in.h>

#include "hako_netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define RESULT(call) ({ long result_ = (call); result_ < 0 ? -errno : result_; })

// Closes `socket` and returns the errno of the call before, negated.
static int failed(int socket) {
    int error = errno;
    close(socket);
    return -error;
}

int hako_netlink_socket(int protocol) {
    int one = 1;
    struct timeval patience = {.tv_sec = 10};
    int number = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    if (number < 0) return -errno;
    if (setsockopt(number, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof one) < 0 ||
        setsockopt(number, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof one) < 0 ||
        setsockopt(number, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof one) < 0 ||
        setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0)
        return failed(number);
    return number;
}

long hako_netlink_send(int socket, const void *bytes, size_t size) {
    return RESULT(send(socket, bytes, size, MSG_NOSIGNAL));
}

long hako_netlink_receive(int socket, void *bytes, size_t size, int flags) {
    return RESULT(recv(socket, bytes, size, flags | MSG_TRUNC));
}

union socket_name {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static socklen_t fill_name(union socket_name *name, int family, const uint8_t *address, uint16_t port) {
    if (family == AF_INET) {
        name->v4.sin_family = AF_INET;
        name->v4.sin_port = htons(port);
        memcpy(&name->v4.sin_addr, address, 4);
        return sizeof name->v4;
    }
    name->v6.sin6_family = AF_INET6;
    name->v6.sin6_port = htons(port);
    memcpy(&name->v6.sin6_addr, address, 16);
    return sizeof name->v6;
}

int hako_bound_socket(int family, int type, int protocol, const uint8_t *address, uint16_t port, int reuse) {
    int one = 1, zero = 0;
    union socket_name name = {0};
    socklen_t size = fill_name(&name, family, address, port);
    int number = socket(family, type | SOCK_CLOEXEC, protocol);
    if (number < 0) return -errno;
    if (family == AF_INET6 && setsockopt(number, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) < 0) return failed(number);
    if (reuse && setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0) return failed(number);
    // Nobody reads from it: what arrives past the NAT must not pile up.
    if (setsockopt(number, SOL_SOCKET, SO_RCVBUF, &zero, sizeof zero) < 0) return failed(number);
    if (bind(number, &name.any, size) < 0) return failed(number);
    if (reuse && setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &zero, sizeof zero) < 0) return failed(number);
    return number;
}

int hako_connecting_socket(int type, int family, const uint8_t *address, uint16_t port) {
    union socket_name name = {0};
    socklen_t size = fill_name(&name, family, address, port);
    int number = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (number < 0) return -errno;
    if (connect(number, &name.any, size) < 0 && errno != EINPROGRESS) return failed(number);
    return number;
}

int hako_socket_error(int socket) {
    int error = 0;
    socklen_t size = sizeof error;
    return getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? -errno : -error;
}

int hako_bound_port(int socket) {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } name = {0};
    socklen_t size = sizeof name;
    if (getsockname(socket, &name.any, &size) < 0) return -errno;
    return ntohs(name.any.sa_family == AF_INET ? name.v4.sin_port : name.v6.sin6_port);
}

int hako_settle_carrier(int socket, const char *link) {
    struct ethtool_value value = {.cmd = ETHTOOL_GLINK};
    struct ifreq request = {.ifr_data = (void *)&value};
    strncpy(request.ifr_name, link, sizeof request.ifr_name - 1);
    return RESULT(ioctl(socket, SIOCETHTOOL, &request));
}

// Whether the chain's last rule, its policy, is a standard target that says drop. `entries` is what the kernel gave.
static int says_drop(const char *entries, size_t size, size_t entry, size_t target_offset_field) {
    uint16_t target_offset;
    struct xt_standard_target target;
    if (entry + target_offset_field + sizeof target_offset > size) return 0;
    memcpy(&target_offset, entries + entry + target_offset_field, sizeof target_offset);
    if (entry + target_offset + sizeof target > size) return 0;
    memcpy(&target, entries + entry + target_offset, sizeof target);
    return target.target.u.user.name[0] == 0 && target.verdict == -NF_DROP - 1;
}

int hako_legacy_forward_policy(int family, const char *bridge) {
    int v4 = family == AF_INET, result = 0;
    int level = v4 ? SOL_IP : SOL_IPV6;
    // The same numbers and layout in both families but for the size of an entry; the C types differ.
    struct ipt_getinfo info = {.name = "filter"};
    socklen_t size = sizeof info;
    int number = socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
    if (number < 0) return -errno;
    if (getsockopt(number, level, v4 ? IPT_SO_GET_INFO : IP6T_SO_GET_INFO, &info, &size) < 0) return failed(number);
    size = sizeof(struct ipt_get_entries) + info.size;
    struct ipt_get_entries *table = calloc(1, size);
    if (!table) {
        close(number);
        return -ENOMEM;
    }
    strcpy(table->name, "filter");
    table->size = info.size;
    if (getsockopt(number, level, v4 ? IPT_SO_GET_ENTRIES : IP6T_SO_GET_ENTRIES, table, &size) < 0) {
        result = -errno;
    } else if (says_drop((char *)table->entrytable, info.size, info.underflow[NF_INET_FORWARD],
                         v4 ? offsetof(struct ipt_entry, target_offset) : offsetof(struct ip6t_entry, target_offset))) {
        result = memmem(table->entrytable, info.size, bridge, strlen(bridge) + 1) ? 2 : 1;
    }
    free(table);
    close(number);
    return result;
}
