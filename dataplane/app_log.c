// Records of transactions, written and read. Next: ctl/eve/eve_tx.c.
#include "dataplane/api/app_log.h"

#include <string.h>

#include "dataplane/api/app_file.h"

#define FILEINFO_MAX 2048u // bytes that the longest takes (app_file_log)

void app_log_begin(struct app_log *l, uint8_t *at, uint32_t room)
{
	*l = (struct app_log){.at = at, .room = room};
}

// An item's type and name, where `more` bytes of value fit as well.
static bool item(struct app_log *l, enum app_log_type type, const char *name, uint32_t more)
{
	if (l->skipped || l->room - l->len < 1 + sizeof(name) + more) {
		l->cut = true;
		return false;
	}
	l->at[l->len++] = (uint8_t)type;
	memcpy(l->at + l->len, &name, sizeof(name));
	l->len += sizeof(name);
	return true;
}

static void value(struct app_log *l, const void *v, uint32_t len)
{
	memcpy(l->at + l->len, v, len);
	l->len += len;
}

void log_text(struct app_log *l, const char *name, struct app_bytes text)
{
	uint32_t room, len = text.at ? text.len : 0;

	if (!item(l, LOG_TEXT, name, sizeof(len)))
		return;
	room = l->room - l->len - (uint32_t)sizeof(len);
	if (len > room) {
		len = room;
		l->cut = true;
	}
	value(l, &len, sizeof(len));
	if (len)
		value(l, text.at, len);
}

void log_string(struct app_log *l, const char *name, const char *text)
{
	if (text && item(l, LOG_STRING, name, sizeof(text)))
		value(l, &text, sizeof(text));
}

void log_uint(struct app_log *l, const char *name, uint64_t v)
{
	if (item(l, LOG_UINT, name, sizeof(v)))
		value(l, &v, sizeof(v));
}

void log_bool(struct app_log *l, const char *name, bool v)
{
	item(l, v ? LOG_TRUE : LOG_FALSE, name, 0);
}

// Room for closing is set aside when something is opened.
static void open_item(struct app_log *l, enum app_log_type type, const char *name)
{
	if (l->depth == APP_LOG_DEPTH || !item(l, type, name, 1)) {
		l->cut = true;
		l->skipped++;
		return;
	}
	l->room--;
	l->depth++;
}

void log_object(struct app_log *l, const char *name)
{
	open_item(l, LOG_OBJECT, name);
}

void log_list(struct app_log *l, const char *name)
{
	open_item(l, LOG_LIST, name);
}

void log_close(struct app_log *l)
{
	if (l->skipped) {
		l->skipped--;
		return;
	}
	if (!l->depth)
		return;
	l->depth--;
	l->room++;
	l->at[l->len++] = LOG_CLOSE;
}

uint32_t app_log_tx(const struct parser *parser, const struct app_tx *tx, uint8_t *at, uint32_t room)
{
	struct app_log l;

	app_log_begin(&l, at, room);
	if (!parser->log)
		return 0;
	log_object(&l, parser->name);
	if (!parser->log(tx, &l))
		return 0;
	while (l.depth || l.skipped)
		log_close(&l);
	return l.len;
}

uint32_t app_log_file(
	const struct parser *parser, const struct app_tx *tx, const struct app_file *f, uint8_t *at, uint32_t room)
{
	uint8_t info[FILEINFO_MAX];
	struct app_log l;

	app_log_begin(&l, info, sizeof(info));
	log_string(&l, "app_proto", app_proto_eve_name(parser->proto));
	log_object(&l, "fileinfo");
	app_file_log(f, tx, &l);
	log_close(&l);
	uint32_t len = parser->file_alone ? 0 : app_log_tx(parser, tx, at, room - l.len);
	memcpy(at + len, info, l.len);
	return len + l.len;
}

bool app_log_next(const uint8_t **at, const uint8_t *end, struct app_log_item *out)
{
	const uint8_t *p = *at;
	const char *string;
	uint32_t len;

	if (p == end)
		return false;
	*out = (struct app_log_item){.type = (enum app_log_type) * p++};
	if (out->type != LOG_CLOSE) {
		memcpy(&out->name, p, sizeof(out->name));
		p += sizeof(out->name);
	}
	switch (out->type) {
	case LOG_TEXT:
		memcpy(&len, p, sizeof(len));
		out->text = (struct app_bytes){p + sizeof(len), len};
		p += sizeof(len) + len;
		break;
	case LOG_STRING:
		memcpy(&string, p, sizeof(string));
		out->text = (struct app_bytes){(const uint8_t *)string, (uint32_t)strlen(string)};
		p += sizeof(string);
		break;
	case LOG_UINT:
		memcpy(&out->number, p, sizeof(out->number));
		p += sizeof(out->number);
		break;
	default:
		break;
	}
	*at = p;
	return true;
}
