#ifndef HAKO_SOCKET_H
#define HAKO_SOCKET_H

#include <stddef.h>
#include <sys/types.h>

// socketpair(2) of AF_UNIX sockets, closed on exec. `type` is SOCK_STREAM or SOCK_SEQPACKET, or'ed with SOCK_NONBLOCK.
int hako_socketpair(int type, int *first, int *second);

// Binds a new socket to `path` (at most 107 bytes) and listens; connects one. The descriptor or -errno.
int hako_unix_listen(int type, const char *path, int backlog);
int hako_unix_connect(int type, const char *path);

// accept4(2) with SOCK_CLOEXEC and `flags`.
int hako_accept(int listener, int flags);

// send(2) with MSG_NOSIGNAL: bytes sent or -errno.
ssize_t hako_send(int socket, const void *bytes, size_t count, int flags);

// sendmsg(2) with one descriptor in SCM_RIGHTS; `bytes` must not be empty.
ssize_t hako_send_descriptor(int socket, const void *bytes, size_t count, int descriptor);

// recvmsg(2). `descriptor` gets the first one that came, closed on exec, else -1; any others are closed.
// -EMSGSIZE if the message was longer than the buffer.
ssize_t hako_receive(int socket, void *bytes, size_t capacity, int flags, int *descriptor);

// SO_PEERCRED: who connected (unix(7)).
int hako_peer_credentials(int socket, int *pid, unsigned *uid, unsigned *gid);

#endif
