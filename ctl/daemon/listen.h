// Unix sockets and loopback TCP to listen on.
#pragma once

#include <stddef.h>

// Listens on a unix socket at path, mode 0660. A socket file whose program is gone is replaced; one that
// somebody still answers on, or a file that is no socket, is left alone. Returns the descriptor (non-blocking,
// close-on-exec), or -1 with the reason in why.
int listen_unix(const char *path, char *why, size_t why_size);

// "127.0.0.1:9901" or "[::1]:9901": loopback only. Returns the descriptor, or -1 with the reason in why.
int listen_loopback(const char *where, char *why, size_t why_size);
