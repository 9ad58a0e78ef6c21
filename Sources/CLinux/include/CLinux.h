// What Swift cannot import or say about Linux: system calls that glibc 2.36 does not wrap, variadic functions,
// function-like macros, and the code that runs between clone and exec. Each function is a few lines and returns a
// value or -errno, so that nothing between the call and its reader can change errno.
#ifndef HAKO_CLINUX_H
#define HAKO_CLINUX_H

#include "hako_descriptor.h"
#include "hako_event.h"
#include "hako_metadata.h"
#include "hako_mount.h"
#include "hako_namespace.h"
#include "hako_netlink.h"
#include "hako_process.h"
#include "hako_security.h"
#include "hako_socket.h"
#include "hako_spawn.h"
#include "hako_store.h"
#include "hako_terminal.h"
#include "hako_text.h"

#endif
