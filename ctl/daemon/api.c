// See api.h.
#include "ctl/daemon/api.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#define MAX_CONNECTIONS 64
#define IDLE_S 30

static const struct endpoint *const endpoints[] = {&endpoint_status, &endpoint_events, &endpoint_stream};

struct api {
	struct MHD_Daemon *server;
};

enum MHD_Result api_json(struct MHD_Connection *c, unsigned int status, const char *text, size_t len)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(len, (void *)text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result rc;

	if (!r)
		return MHD_NO;
	MHD_add_response_header(r, "Content-Type", "application/json");
	MHD_add_response_header(r, "Cache-Control", "no-store");
	rc = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return rc;
}

enum MHD_Result api_error(struct MHD_Connection *c, unsigned int status, const char *fmt, ...)
{
	char why[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	json_t *o = json_pack("{s:s}", "error", why);
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	enum MHD_Result rc = text ? api_json(c, status, text, strlen(text)) : MHD_NO;
	free(text);
	json_decref(o);
	return rc;
}

// A page on another site must not reach the API through its reader's browser by a name that resolves to
// loopback: the Host header has to be a loopback name, or that of the unix socket's clients.
static bool host_is_ours(struct MHD_Connection *c)
{
	const char *host = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Host");
	static const char *const names[] = {"localhost", "127.0.0.1", "[::1]", "tocsind"};

	for (size_t i = 0; host && i < sizeof(names) / sizeof(names[0]); i++) {
		size_t n = strlen(names[i]);
		if (!strncmp(host, names[i], n) && (!host[n] || host[n] == ':'))
			return true;
	}
	return !host;
}

static enum MHD_Result answer(void *ctx, struct MHD_Connection *c, const char *url, const char *method,
	const char *version, const char *upload, size_t *upload_size, void **state)
{
	static int seen;

	if (!*state) { // the first call is for headers alone
		*state = &seen;
		return MHD_YES;
	}
	if (*upload_size) {
		*upload_size = 0;
		return MHD_YES;
	}
	if (!host_is_ours(c))
		return api_error(c, MHD_HTTP_FORBIDDEN, "this API answers on loopback names only");
	if (strcmp(method, "GET"))
		return api_error(c, MHD_HTTP_METHOD_NOT_ALLOWED, "%.16s: the API only reads; use GET", method);
	for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++)
		if (!strcmp(url, endpoints[i]->path))
			return endpoints[i]->get(ctx, c);
	return api_error(c, MHD_HTTP_NOT_FOUND,
		"%.200s: no such endpoint; there are /api/v1/status, /api/v1/events, /api/v1/stream", url);
}

struct api *api_start(const struct api_context *ctx, int fd)
{
	struct api *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->server = MHD_start_daemon(
		MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ITC, 0, NULL,
		NULL, answer, (void *)ctx, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned int)MAX_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)IDLE_S, MHD_OPTION_END);
	if (!a->server) {
		free(a);
		return NULL;
	}
	return a;
}

void api_stop(struct api *a)
{
	if (!a)
		return;
	MHD_stop_daemon(a->server);
	free(a);
}
