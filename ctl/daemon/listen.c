// See listen.h.
#include "ctl/daemon/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 128

static int fail(int fd, const char *what, char *why, size_t why_size)
{
	snprintf(why, why_size, "%s: %s", what, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

// What stands at the path already: 0 nothing (any more), -1 something that must stay (why).
static int clear_way(const struct sockaddr_un *a, char *why, size_t why_size)
{
	struct stat st;

	if (lstat(a->sun_path, &st))
		return errno == ENOENT ? 0 : fail(-1, a->sun_path, why, why_size);
	if (!S_ISSOCK(st.st_mode)) {
		snprintf(why, why_size, "%s: a file that is no socket is in the way; move it or name another path",
			a->sun_path);
		return -1;
	}
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bool alive = fd >= 0 && (connect(fd, (const struct sockaddr *)a, sizeof(*a)) == 0 || errno == EAGAIN);
	if (fd >= 0)
		close(fd);
	if (alive) {
		snprintf(why, why_size, "%s: another program listens there already", a->sun_path);
		return -1;
	}
	return unlink(a->sun_path) ? fail(-1, a->sun_path, why, why_size) : 0;
}

int listen_unix(const char *path, char *why, size_t why_size)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(a.sun_path)) {
		snprintf(why, why_size, "%s: a unix socket's path has at most %zu bytes", path, sizeof(a.sun_path) - 1);
		return -1;
	}
	strcpy(a.sun_path, path);
	if (clear_way(&a, why, why_size))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) || chmod(path, 0660) || listen(fd, BACKLOG))
		goto err;
	return fd;
err:
	snprintf(why, why_size,
		"%s: %s; expected a folder that is there and may be written; -e and -a name other sockets", path,
		strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

// Splits "host:port" or "[host]:port" and accepts loopback addresses only.
static bool loopback(const char *where, struct sockaddr_storage *a, socklen_t *len)
{
	char host[64] = "";
	unsigned int port;
	int n = 0;
	struct sockaddr_in *v4 = (struct sockaddr_in *)a;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)a;

	if ((sscanf(where, "[%63[^]]]:%u%n", host, &port, &n) != 2 &&
		    sscanf(where, "%63[^:]:%u%n", host, &port, &n) != 2) ||
		where[n] || port == 0 || port > 65535)
		return false;
	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1 && ntohl(v4->sin_addr.s_addr) >> 24 == 127) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		*len = sizeof(*v4);
		return true;
	}
	if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr)) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)port);
		*len = sizeof(*v6);
		return true;
	}
	return false;
}

int listen_loopback(const char *where, char *why, size_t why_size)
{
	struct sockaddr_storage a = {0};
	socklen_t len = 0;
	int one = 1, fd;

	if (!loopback(where, &a, &len)) {
		snprintf(why, why_size,
			"%s: expected a loopback address and port, such as 127.0.0.1:9901; put a web server in front "
			"for others",
			where);
		return -1;
	}
	fd = socket(a.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
		bind(fd, (struct sockaddr *)&a, len) || listen(fd, BACKLOG))
		return fail(fd, where, why, why_size);
	return fd;
}
