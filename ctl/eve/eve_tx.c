// EVE records of transactions: {"event_type":"dns", ..., "dns":{...}}, from what a parser has written
// (dataplane/api/app_log.h). An alert shows the same object of its transaction. Next: eve_packet.c.
#include "ctl/eve/eve_internal.h"

#include "dataplane/api/app_log.h"

static void value(struct json_out *o, const struct app_log_item *i)
{
	switch (i->type) {
	case LOG_TEXT:
	case LOG_STRING:
		jout_string_n(o, (const char *)i->text.at, i->text.len);
		break;
	case LOG_UINT:
		jout_uint(o, i->number);
		break;
	default:
		jout_bool(o, i->type == LOG_TRUE);
	}
}

void eve_tx_record(struct json_out *o, const struct event *ev)
{
	const uint8_t *at = (const uint8_t *)event_text(ev), *end = at + ev->aux_len;
	struct app_log_item i;
	char closing[APP_LOG_DEPTH];
	uint32_t depth = 0;

	while (app_log_next(&at, end, &i)) {
		bool object = i.type == LOG_OBJECT;
		if (i.type == LOG_CLOSE) {
			jout_close(o, depth ? closing[--depth] : '}');
			continue;
		}
		if (i.name)
			jout_key(o, i.name);
		if (!object && i.type != LOG_LIST) {
			value(o, &i);
			continue;
		}
		if (depth == APP_LOG_DEPTH)
			return; // no writer goes that deep
		jout_open(o, object ? '{' : '[');
		closing[depth++] = object ? '}' : ']';
	}
}

// The name of the record's first object is the event type.
static const char *type_of(const struct event *ev, struct app_log_item *first)
{
	const uint8_t *at = (const uint8_t *)event_text(ev);

	return app_log_next(&at, at + ev->aux_len, first) ? first->name : NULL;
}

void eve_format_tx(struct eve *e, struct json_out *o, const struct event *ev)
{
	struct app_log_item first;
	const char *type = type_of(ev, &first);

	if (!type)
		return;
	eve_begin(e, o, ev, ev->tx.file ? "fileinfo" : type);
	if (ev->tx.show_id && !ev->tx.file)
		jout_kuint(o, "tx_id", ev->tx.id);
	eve_tx_record(o, ev);
	eve_tunnel(o, ev);
	eve_end(e, o, ev);
}
