// Who a request is for: the authority of its target, or the field Host (RFC 9110 7.2). Next: http1_bestfit.c.
#include <string.h>

#include "dataplane/parsers/http1.h"

struct authority {
	struct app_bytes host; // at NULL: none
	int32_t port;          // -1: none
	bool has_port, sound;
};

static struct app_bytes trim_space(struct app_bytes b)
{
	while (b.len && http1_is_space(b.at[0]))
		b.at++, b.len--;
	while (b.len && http1_is_space(b.at[b.len - 1]))
		b.len--;
	return b;
}

// 1..65535; -1: it is none.
static int32_t port_number(struct app_bytes b)
{
	int32_t n = 0;

	b = trim_space(b);
	for (uint32_t i = 0; i < b.len; i++) {
		if (b.at[i] < '0' || b.at[i] > '9' || n > 65535)
			return -1;
		n = n * 10 + b.at[i] - '0';
	}
	return n >= 1 && n <= 65535 ? n : -1;
}

// Labels of 1 to 63 letters, digits, hyphens and underscores; or an address in brackets.
static bool sound_host(struct app_bytes b)
{
	uint32_t label = 0;

	if (!b.len || b.len > 255)
		return false;
	if (*b.at == '[')
		return true;
	for (uint32_t i = 0; i < b.len; i++) {
		uint8_t c = text_lower(b.at[i]);
		if (c == '.') {
			if (!label)
				return false;
			label = 0;
		} else if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_') {
			return false;
		} else if (++label > 63) {
			return false;
		}
	}
	return true;
}

static struct authority split(struct app_bytes b)
{
	struct authority a = {.port = -1, .sound = true};
	const uint8_t *end;

	b = trim_space(b);
	if (b.len && *b.at == '[') {
		end = memchr(b.at, ']', b.len);
		if (!end)
			return (struct authority){.port = -1};
		end++;
	} else {
		end = b.len ? memchr(b.at, ':', b.len) : NULL;
	}
	a.host = b;
	if (end && end < b.at + b.len) {
		struct app_bytes port = {end + 1, (uint32_t)(b.at + b.len - end) - 1};
		a.host.len = (uint32_t)(end - b.at);
		a.has_port = *end == ':';
		a.port = a.has_port ? port_number(port) : -1;
		a.sound = a.port > 0;
		a.host = trim_space(a.host);
	}
	if (!sound_host(a.host))
		a.sound = false;
	return a;
}

static void take_host(struct http1_run *r, struct app_bytes host, bool lower)
{
	struct http1_tx *tx = http1_side(r)->tx;

	tx->host.len = 0;
	http1_add(r, &tx->host, host.at, host.len);
	tx->has_host = !r->no_memory && host.len;
	for (uint32_t i = 0; tx->has_host && lower && i < tx->host.len; i++)
		tx->host.at[i] = text_lower(tx->host.at[i]);
}

void http1_authority(struct http1_run *r, struct app_bytes text)
{
	struct authority a = split(text);

	if (!a.host.at)
		a.host = text;
	else if (!a.sound)
		http1_note(r, HTTP1_E_URI_HOST);
	take_host(r, a.host, true);
	http1_side(r)->tx->host_of_target = true;
	http1_side(r)->tx->port = a.port;
}

static bool same_host(struct app_bytes a, const struct app_text *b)
{
	if (a.len != b->len)
		return false;
	for (uint32_t i = 0; i < a.len; i++)
		if (text_lower(a.at[i]) != text_lower(b->at[i]))
			return false;
	return true;
}

void http1_host(struct http1_run *r)
{
	struct http1_message *m = http1_message(r);
	struct http1_tx *tx = http1_side(r)->tx;
	struct app_bytes value = http1_value(m, HTTP1_F_HOST);

	tx->host_known = true;
	if (!value.at) {
		if (m->version >= 11)
			http1_note(r, HTTP1_E_NO_HOST);
		return;
	}
	struct authority a = split(value);
	if (!a.sound)
		http1_note(r, HTTP1_E_HEADER_HOST);
	if (!tx->host_of_target) {
		// Suricata leaves the case alone where a port is given.
		if (a.host.at)
			take_host(r, a.host, !a.has_port && *value.at != '[');
		tx->port = a.port;
		return;
	}
	bool ports_differ = a.port > 0 && tx->port > 0 && a.port != tx->port;
	if (a.host.at && (!same_host(a.host, &tx->host) || ports_differ))
		http1_note(r, HTTP1_E_HOST_AMBIGUOUS);
}
