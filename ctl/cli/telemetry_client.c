// See telemetry_client.h. DPDK puts the socket into <runtime directory>/<file prefix>/dpdk_telemetry.v2, and adds :1,
// :2 where another process under the same prefix has one already.
#include "ctl/cli/telemetry_client.h"

#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define DEFAULT_PREFIX "tocsin"
#define PATIENCE_S 10
#define HELLO_BYTES 1024u
#define ANSWER_BYTES_MAX (1u << 20)

// Where DPDK keeps its sockets (eal_create_runtime_dir): root's and everybody else's place.
static const char *runtime_dir(void)
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");

	return getuid() == 0 ? "/var/run" : xdg && *xdg ? xdg : "/tmp";
}

// One message as JSON. NULL: none came, or it was none.
static json_t *receive(struct telemetry_client *t, char *why, size_t why_size)
{
	char *buf = malloc(t->max_len + 1);
	ssize_t n = buf ? recv(t->fd, buf, t->max_len, 0) : -1;
	json_t *o = n > 0 ? json_loadb(buf, (size_t)n, JSON_ALLOW_NUL, NULL) : NULL;

	if (!o)
		snprintf(why, why_size, "%s: %s", t->path,
			n > 0             ? "the answer is no JSON; is this a telemetry socket?"
			: n == 0          ? "the sensor has gone"
			: errno == EAGAIN ? "no answer"
					  : strerror(errno));
	free(buf);
	return o;
}

// The first message on a connection says who answers.
static int greet(struct telemetry_client *t, char *why, size_t why_size)
{
	t->max_len = HELLO_BYTES;
	json_t *o = receive(t, why, why_size);
	json_int_t len = json_integer_value(json_object_get(o, "max_output_len"));

	t->pid = json_integer_value(json_object_get(o, "pid"));
	if (o && (len <= 0 || len > ANSWER_BYTES_MAX))
		snprintf(why, why_size, "%s: no telemetry socket of DPDK 20.05 or later", t->path);
	t->max_len = (size_t)len;
	json_decref(o);
	return len > 0 && len <= ANSWER_BYTES_MAX ? 0 : -EPROTO;
}

static int connect_to(struct telemetry_client *t, const char *path, char *why, size_t why_size)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = PATIENCE_S};
	int rc = 0;

	*t = (struct telemetry_client){.fd = -1};
	if (strlen(path) >= sizeof(a.sun_path)) {
		snprintf(why, why_size, "%s: a unix socket's path has at most %zu bytes", path, sizeof(a.sun_path) - 1);
		return -ENAMETOOLONG;
	}
	strcpy(a.sun_path, path);
	strcpy(t->path, path);
	t->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (t->fd < 0 || setsockopt(t->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0 ||
		connect(t->fd, (struct sockaddr *)&a, sizeof(a)) != 0) {
		rc = -errno;
		snprintf(why, why_size, "%s: %s; does the sensor run, with telemetry.enabled?", path, strerror(-rc));
	} else {
		rc = greet(t, why, why_size);
	}
	if (rc)
		telemetry_disconnect(t);
	return rc;
}

// Keeps the one among the sockets that answers and, where pid is not 0, has it. Returns how many do.
static size_t pick(struct telemetry_client *t, const glob_t *found, long long pid, char *pids, size_t size)
{
	size_t alive = 0, used = 0;
	char ignored[256];

	for (size_t i = 0; i < found->gl_pathc; i++) {
		struct telemetry_client one;

		if (connect_to(&one, found->gl_pathv[i], ignored, sizeof(ignored)) != 0)
			continue;
		if (pid && one.pid != pid) {
			telemetry_disconnect(&one);
			continue;
		}
		if (used < size)
			used += (size_t)snprintf(pids + used, size - used, "%s%lld", used ? ", " : "", one.pid);
		if (alive++)
			telemetry_disconnect(t);
		*t = one;
	}
	return alive;
}

int telemetry_connect(struct telemetry_client *t, const char *where, char *why, size_t why_size)
{
	char pattern[256], pids[128] = "";
	glob_t found = {0};

	*t = (struct telemetry_client){.fd = -1};
	if (!where || !*where)
		where = getenv("TOCSIN_SENSOR");
	if (!where || !*where)
		where = DEFAULT_PREFIX;
	if (strchr(where, '/'))
		return connect_to(t, where, why, why_size);
	bool is_pid = strspn(where, "0123456789") == strlen(where);
	snprintf(pattern, sizeof(pattern), "%s/dpdk/%s/dpdk_telemetry.v2*", runtime_dir(), is_pid ? "*" : where);
	glob(pattern, 0, NULL, &found);
	size_t alive = pick(t, &found, is_pid ? atoll(where) : 0, pids, sizeof(pids));
	globfree(&found);
	if (alive == 1)
		return 0;
	if (alive)
		snprintf(why, why_size, "%zu sensors run under the name %s: --sensor takes a process id, one of %s",
			alive, where, pids);
	else
		snprintf(why, why_size,
			"no sensor answers at %s; is one running (-i or --port), as this user? --sensor takes "
			"its telemetry.file-prefix, process id or socket",
			pattern);
	telemetry_disconnect(t);
	return alive ? -EEXIST : -ENOENT;
}

json_t *telemetry_ask(struct telemetry_client *t, const char *command, char *why, size_t why_size)
{
	char key[128];

	if (send(t->fd, command, strlen(command), MSG_NOSIGNAL) < 0) {
		snprintf(why, why_size, "%s: the sensor has gone (%s)", t->path, strerror(errno));
		return NULL;
	}
	json_t *o = receive(t, why, why_size);
	if (!o)
		return NULL;
	snprintf(key, sizeof(key), "%.*s", (int)strcspn(command, ","), command);
	json_t *value = json_incref(json_object_get(o, key));
	json_decref(o);
	const char *error = json_string_value(json_object_get(value, "error"));
	if (json_is_object(value) && !error)
		return value;
	if (json_is_array(value) || json_is_string(value))
		return value;
	snprintf(why, why_size, "%s: %.200s", key, error ? error : "the sensor does not know this command");
	json_decref(value);
	return NULL;
}

void telemetry_disconnect(struct telemetry_client *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
}
