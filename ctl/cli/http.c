// See http.h.
#include "ctl/cli/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <jansson.h>

struct sink {
	char *buf;
	size_t len, cap;
	http_line_fn fn; // NULL: everything is kept
	void *ctx;
	bool stopped;
};

static bool keep(struct sink *s, const char *data, size_t n)
{
	if (s->len + n + 1 > s->cap) {
		size_t cap = (s->len + n + 1) * 2;
		char *buf = realloc(s->buf, cap);
		if (!buf)
			return false;
		s->buf = buf;
		s->cap = cap;
	}
	memcpy(s->buf + s->len, data, n);
	s->len += n;
	s->buf[s->len] = 0;
	return true;
}

static size_t on_data(char *data, size_t size, size_t count, void *ctx)
{
	struct sink *s = ctx;
	size_t n = size * count;
	char *nl;

	if (!keep(s, data, n))
		return 0;
	while (s->fn && (nl = memchr(s->buf, '\n', s->len))) {
		size_t line = (size_t)(nl - s->buf);
		if (line && !s->fn(s->ctx, s->buf, line)) {
			s->stopped = true;
			return 0;
		}
		s->len -= line + 1;
		memmove(s->buf, nl + 1, s->len);
	}
	return n;
}

static CURL *prepare(const char *api, const char *path, struct sink *s, char *error)
{
	CURL *c = curl_easy_init();
	bool url = !strncmp(api, "http://", 7);
	char full[8192];

	if (!c)
		return NULL;
	snprintf(full, sizeof(full), "%s%s", url ? api : "http://tocsind", path);
	*error = 0;
	curl_easy_setopt(c, CURLOPT_URL, full);
	if (!url)
		curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, api);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, s);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, error);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, 10L);
	return c;
}

// Of a unix socket curl knows only that it cannot connect; errno says why.
static void explain(char *why, size_t why_size, const char *api, CURL *c, CURLcode rc, const char *error)
{
	long cause = 0;

	if (c && rc == CURLE_COULDNT_CONNECT && strncmp(api, "http://", 7) != 0)
		curl_easy_getinfo(c, CURLINFO_OS_ERRNO, &cause);
	snprintf(why, why_size, "%s: %s; is tocsind running? --api names its socket", api,
		cause    ? strerror((int)cause)
		: *error ? error
			 : curl_easy_strerror(rc));
}

int http_get(const char *api, const char *path, struct http_reply *reply, char *why, size_t why_size)
{
	struct sink s = {0};
	char error[CURL_ERROR_SIZE];
	CURL *c = prepare(api, path, &s, error);
	CURLcode rc = c ? curl_easy_perform(c) : CURLE_OUT_OF_MEMORY;

	*reply = (struct http_reply){0};
	if (rc == CURLE_OK)
		curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &reply->status);
	bool got = rc == CURLE_OK && keep(&s, "", 0);
	if (!got)
		explain(why, why_size, api, c, rc, error);
	curl_easy_cleanup(c);
	if (!got) {
		free(s.buf);
		return -1;
	}
	reply->body = s.buf;
	reply->len = s.len;
	return 0;
}

void http_reply_free(struct http_reply *r)
{
	free(r->body);
	r->body = NULL;
}

int http_stream(const char *api, const char *path, http_line_fn fn, void *ctx, char *why, size_t why_size)
{
	struct sink s = {.fn = fn, .ctx = ctx};
	char error[CURL_ERROR_SIZE];
	CURL *c = prepare(api, path, &s, error);
	CURLcode rc = c ? curl_easy_perform(c) : CURLE_OUT_OF_MEMORY;
	long status = 0;

	if (rc == CURLE_OK)
		curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	bool heard =
		s.stopped || (rc == CURLE_OK && status == 200) || rc == CURLE_PARTIAL_FILE || rc == CURLE_RECV_ERROR;
	if (!heard)
		explain(why, why_size, api, c, rc, error);
	curl_easy_cleanup(c);
	free(s.buf);
	return heard ? 0 : -1;
}

bool http_query_add(char *path, size_t size, const char *key, const char *value)
{
	char *text = curl_easy_escape(NULL, value, 0);
	size_t n = strlen(path);
	int more = text ? snprintf(path + n, size - n, "%c%s=%s", strchr(path, '?') ? '&' : '?', key, text) : -1;

	curl_free(text);
	return more >= 0 && (size_t)more < size - n;
}
