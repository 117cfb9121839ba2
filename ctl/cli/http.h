// GET over a unix socket or a loopback URL.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct http_reply {
	long status;
	char *body; // terminated; free with http_reply_free
	size_t len;
};

// api: a unix socket's path or "http://host:port". path: with query. Returns 0, or -1 with the reason in why.
int http_get(const char *api, const char *path, struct http_reply *reply, char *why, size_t why_size);
void http_reply_free(struct http_reply *r);

// The same for an answer without end: fn gets each line; it returns false to stop. Returns 0 when fn
// stopped it or the other side ended it, -1 with the reason in why.
typedef bool (*http_line_fn)(void *ctx, const char *line, size_t len);
int http_stream(const char *api, const char *path, http_line_fn fn, void *ctx, char *why, size_t why_size);

// A query's "key=value" appended to path, escaped; '?' or '&' as due. False: no room.
bool http_query_add(char *path, size_t size, const char *key, const char *value);
