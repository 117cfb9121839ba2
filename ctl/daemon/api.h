// The daemon's HTTP API, on a unix socket and on loopback. Read-only. One file an endpoint:
// api_status.c, api_events.c (also the stream); one line a file in api.c's table.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <microhttpd.h>

struct ingest;

struct api_context {
	const char *store_path;
	struct ingest *ingest;
	int64_t started_s; // wall clock
	volatile bool stopping;
};

struct endpoint {
	const char *path;
	// Answers a GET. Returns what MHD_queue_response returned.
	enum MHD_Result (*get)(const struct api_context *api, struct MHD_Connection *c);
};

extern const struct endpoint endpoint_status, endpoint_events, endpoint_stream;

struct api;

// fd: a listening socket, owned from here. Returns NULL when the server cannot start.
struct api *api_start(const struct api_context *ctx, int fd);
void api_stop(struct api *a);

// Answers with a JSON text (copied).
enum MHD_Result api_json(struct MHD_Connection *c, unsigned int status, const char *text, size_t len);
// Answers {"error": "..."}.
enum MHD_Result api_error(struct MHD_Connection *c, unsigned int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
