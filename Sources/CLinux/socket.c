#define _GNU_SOURCE
#include "hako_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define RESULT(call) ({ ssize_t result_ = (call); result_ < 0 ? -errno : result_; })

int hako_socketpair(int type, int *first, int *second) {
    int ends[2];
    int result = RESULT(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends));
    if (result == 0) {
        *first = ends[0];
        *second = ends[1];
    }
    return result;
}

static int unix_socket(int type, const char *path, struct sockaddr_un *address) {
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length == 0) return -ENOENT; // an empty name would bind an abstract one, which any namespace sharer reaches
    if (length >= sizeof address->sun_path) return -ENAMETOOLONG;
    memcpy(address->sun_path, path, length);
    return RESULT(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
}

static int close_failed(int descriptor, int error) {
    close(descriptor);
    return error;
}

int hako_unix_listen(int type, const char *path, int backlog) {
    struct sockaddr_un address;
    int descriptor = unix_socket(type, path, &address);
    if (descriptor < 0) return descriptor;
    int result = RESULT(bind(descriptor, (struct sockaddr *)&address, sizeof address));
    if (result == 0) result = RESULT(listen(descriptor, backlog));
    return result < 0 ? close_failed(descriptor, result) : descriptor;
}

int hako_unix_connect(int type, const char *path) {
    struct sockaddr_un address;
    int descriptor = unix_socket(type, path, &address);
    if (descriptor < 0) return descriptor;
    int result;
    do result = RESULT(connect(descriptor, (struct sockaddr *)&address, sizeof address));
    while (result == -EINTR);
    return result < 0 ? close_failed(descriptor, result) : descriptor;
}

int hako_accept(int listener, int flags) { return RESULT(accept4(listener, NULL, NULL, flags | SOCK_CLOEXEC)); }

ssize_t hako_send(int socket, const void *bytes, size_t count, int flags) {
    return RESULT(send(socket, bytes, count, flags | MSG_NOSIGNAL));
}

ssize_t hako_send_descriptor(int socket, const void *bytes, size_t count, int descriptor) {
    struct iovec data = {.iov_base = (void *)bytes, .iov_len = count};
    union { struct cmsghdr header; char space[CMSG_SPACE(sizeof(int))]; } control = {0};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(rights), &descriptor, sizeof descriptor);
    return RESULT(sendmsg(socket, &message, MSG_NOSIGNAL));
}

ssize_t hako_receive(int socket, void *bytes, size_t capacity, int flags, int *descriptor) {
    struct iovec data = {.iov_base = bytes, .iov_len = capacity};
    union { struct cmsghdr header; char space[CMSG_SPACE(4 * sizeof(int))]; } control;
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    *descriptor = -1;
    ssize_t count = RESULT(recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC));
    if (count < 0) return count;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        for (size_t at = 0; at + sizeof(int) <= part->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
            int received;
            memcpy(&received, CMSG_DATA(part) + at, sizeof received);
            if (*descriptor < 0) *descriptor = received;
            else close(received);
        }
    }
    if (message.msg_flags & MSG_TRUNC) {
        if (*descriptor >= 0) close(*descriptor);
        *descriptor = -1;
        return -EMSGSIZE;
    }
    return count;
}

int hako_peer_credentials(int socket, int *pid, unsigned *uid, unsigned *gid) {
    struct ucred peer;
    socklen_t length = sizeof peer;
    int result = RESULT(getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length));
    if (result == 0) {
        *pid = peer.pid;
        *uid = peer.uid;
        *gid = peer.gid;
    }
    return result;
}
