// What EVE's `email` says of a message: Suricata's members, in its order. See mime.h. Next: smtp.c.
#include "dataplane/parsers/mime.h"

static const char *const statuses[] = {
	"HEADER_READY", "HEADER_STARTED", "HEADER_DONE", "BODY_STARTED", "BODY_END_BOUND", "PARSE_DONE", "PARSE_ERROR"};

// A field is known when it is complete.
static struct app_bytes address(const struct mime *m, enum mime_field f)
{
	bool open = m->status == MIME_HEADER_STARTED && m->field == f;
	struct app_bytes v = {m->value[f].at, open ? 0 : m->value[f].len};

	while (v.len && (*v.at == ' ' || *v.at == '\t'))
		v.at++, v.len--;
	return v;
}

// RFC 5322 3.4: commas part them, but for those in quotes.
static void log_addresses(struct app_log *l, const char *name, struct app_bytes all)
{
	if (!all.len)
		return;
	log_list(l, name);
	while (all.len) {
		uint32_t n = 0;
		bool quoted = false;
		while (all.len && (*all.at == ' ' || *all.at == '\t'))
			all.at++, all.len--;
		for (; n < all.len && (n == 0 || quoted || all.at[n] != ','); n++)
			quoted ^= all.at[n] == '"';
		if (n)
			log_text(l, NULL, (struct app_bytes){all.at, n});
		n += n < all.len;
		all.at += n, all.len -= n;
	}
	log_close(l);
}

// Names of the files right within this part.
static void log_attachments(const struct mime *m, struct app_log *l, uint16_t part)
{
	bool listed = false;

	for (uint32_t i = 0; i < mime_file_count(m); i++) {
		const struct mime_file *f = mime_file_at(m, i);
		if (f->parent != part || f->id == part)
			continue;
		if (!listed)
			log_list(l, "attachment");
		listed = true;
		if (f->name.len)
			log_text(l, NULL, mime_bytes(m, f->name));
	}
	if (listed)
		log_close(l);
}

static bool is_ipv4(struct app_bytes host)
{
	uint32_t dots = 0, digits = 0;

	for (uint32_t i = 0; i < host.len; i++) {
		bool dot = host.at[i] == '.';
		if (dot ? !digits : host.at[i] < '0' || host.at[i] > '9' || digits == 3)
			return false;
		dots += dot;
		digits = dot ? 0 : digits + 1;
	}
	return dots == 3 && digits;
}

static bool is_ipv6(struct app_bytes host)
{
	uint32_t colons = 0;

	for (uint32_t i = 0; i < host.len; i++) {
		uint8_t c = host.at[i];
		if (c != ':' && c != '.' && !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
			return false;
		colons += c == ':';
	}
	return colons >= 2;
}

static bool is_exe(struct app_bytes url)
{
	for (uint32_t i = 0; i + 4 <= url.len; i++)
		if (!memcmp(url.at + i, ".exe", 4) && (i + 4 == url.len || url.at[i + 4] == '?'))
			return true;
	return false;
}

static const struct mime_url *url_at(const struct mime *m, uint32_t i)
{
	return (const struct mime_url *)(const void *)m->urls.at + i;
}

// What is said of the URLs of the part's own body.
static void log_url_kinds(const struct mime *m, struct app_log *l, uint16_t part)
{
	bool any = false, v6 = false, v4 = false, exe = false;

	for (uint32_t i = 0; i < m->urls.len / sizeof(struct mime_url); i++) {
		if (url_at(m, i)->id != part)
			continue;
		struct app_bytes url = mime_bytes(m, url_at(m, i)->text), host = url;
		const uint8_t *slash = memchr(url.at, '/', url.len);
		if (slash)
			host.len = (uint32_t)(slash - url.at);
		any = true;
		v6 |= is_ipv6(host);
		v4 |= is_ipv4(host);
		exe |= is_exe(url);
	}
	if (!any)
		return;
	log_bool(l, "has_ipv6_url", v6);
	log_bool(l, "has_ipv4_url", v4);
	log_bool(l, "has_exe_url", exe);
}

// URLs from..to are of one body: the last of them first. listed: the list is open.
static bool log_run(const struct mime *m, struct app_log *l, uint32_t from, uint32_t to, bool listed)
{
	if (!listed)
		log_list(l, "url");
	while (to-- > from)
		log_text(l, NULL, mime_bytes(m, url_at(m, to)->text));
	return true;
}

// Those of the part (own), or of the parts right within it.
static bool log_urls(const struct mime *m, struct app_log *l, uint16_t part, bool own, bool listed)
{
	uint32_t count = m->urls.len / (uint32_t)sizeof(struct mime_url);

	for (uint32_t from = 0, to; from < count; from = to) {
		const struct mime_url *u = url_at(m, from);
		to = from + 1;
		while (to < count && url_at(m, to)->id == u->id)
			to++;
		if (own ? u->id == part : u->id != part && u->parent == part)
			listed = log_run(m, l, from, to, listed);
	}
	return listed;
}

bool mime_log(const struct mime *m, struct app_log *l)
{
	if (!m->depth)
		return false;
	uint16_t part = m->level[m->depth - 1].id;
	struct app_bytes from = address(m, MIME_FROM);

	log_string(l, "status", statuses[m->status]);
	if (from.len)
		log_text(l, "from", from);
	log_addresses(l, "to", address(m, MIME_TO));
	log_addresses(l, "cc", address(m, MIME_CC));
	log_url_kinds(m, l, part);
	log_attachments(m, l, part);
	bool listed = log_urls(m, l, part, true, false);
	if (log_urls(m, l, part, false, listed))
		log_close(l);
	return true;
}
