// The EVE record `http`: Suricata's members, in its order.
#include <string.h>

#include "dataplane/parsers/http1.h"

struct app_bytes http1_not_seen(void)
{
	static const char uri[] = "/libhtp::request_uri_not_seen";

	return (struct app_bytes){(const uint8_t *)uri, sizeof(uri) - 1};
}

static void log_field(struct app_log *l, const char *name, const struct http1_message *m, enum http1_known known)
{
	struct app_bytes value = http1_value(m, known);

	if (value.at)
		log_text(l, name, value);
}

// Without parameters.
static void log_content_type(struct app_log *l, const struct http1_message *m)
{
	struct app_bytes type = http1_value(m, HTTP1_F_CONTENT_TYPE);
	const uint8_t *end = type.len ? memchr(type.at, ';', type.len) : NULL;

	if (end)
		type.len = (uint32_t)(end - type.at);
	if (type.at)
		log_text(l, "http_content_type", type);
}

// "bytes 0-67/68", RFC 9110 14.4: what of it is not a number is left out.
static void log_content_range(struct app_log *l, const struct http1_message *m)
{
	static const char *const names[] = {"start", "end", "size"};
	struct app_bytes range = http1_value(m, HTTP1_F_CONTENT_RANGE);
	uint32_t i = 0;

	if (!range.at)
		return;
	log_object(l, "content_range");
	log_text(l, "raw", range);
	while (i < range.len && !http1_is_blank(range.at[i]))
		i++;
	for (int part = 0; part < 3 && ++i <= range.len; part++) {
		uint64_t n = 0;
		uint32_t digits = 0;
		for (; i < range.len && digits < 18 && range.at[i] >= '0' && range.at[i] <= '9'; i++, digits++)
			n = n * 10 + range.at[i] - '0';
		if (!digits)
			part += part == 0; // "*": neither start nor end
		else
			log_uint(l, names[part], n);
		while (!digits && i < range.len && range.at[i] != '/')
			i++;
	}
	log_close(l);
}

bool http1_log(const struct app_tx *base, struct app_log *l)
{
	const struct http1_tx *tx = (const struct http1_tx *)(const void *)base;
	const struct http1_message *req = &tx->msg[DIR_TO_SERVER], *res = &tx->msg[DIR_TO_CLIENT];

	if (tx->has_host)
		log_text(l, "hostname", (struct app_bytes){tx->host.at, tx->host.len});
	if (!tx->host_known || tx->port > 0)
		log_uint(l, "http_port", tx->host_known ? (uint64_t)tx->port : 0);
	if (!tx->seen_request)
		log_text(l, "url", http1_not_seen());
	else if (req->has_target)
		log_text(l, "url", http1_bytes(&req->start, req->target));
	log_field(l, "http_user_agent", req, HTTP1_F_USER_AGENT);
	log_content_type(l, res);
	log_content_range(l, res);
	log_field(l, "http_refer", req, HTTP1_F_REFERER);
	if (req->has_method)
		log_text(l, "http_method", http1_bytes(&req->start, req->method));
	if (req->has_protocol)
		log_text(l, "protocol", http1_bytes(&req->start, req->protocol));
	if (res->has_method)
		log_uint(l, "status", tx->status);
	log_field(l, "redirect", res, HTTP1_F_LOCATION);
	log_uint(l, "length", res->length);
	return true;
}
