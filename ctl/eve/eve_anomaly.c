// EVE anomaly: a malformation of drops.def on a packet. Next: eve_flow.c.
#include "ctl/eve/eve_internal.h"

#include "dataplane/api/drops.h"

// Suricata names decoder events "decoder.ipv4.trunc_pkt" and stream events "stream.pkt_bad_window_update".
static void event_name(struct json_out *o, const struct drop_info *d)
{
	const char *prefix = !strcmp(d->type, "decode") ? "decoder." : !strcmp(d->type, "stream") ? "stream." : "";
	size_t n = strlen(prefix);

	if (!strncmp(d->name, prefix, n))
		n = 0;
	jout_key(o, "event");
	jout_raw(o, "\"", 1);
	jout_raw(o, prefix, n);
	jout_raw(o, d->name, strlen(d->name));
	jout_raw(o, "\"", 1);
}

void eve_format_anomaly(struct eve *e, struct json_out *o, const struct event *ev)
{
	const struct drop_info *d =
		&drop_table[ev->anomaly.reason < DROP_REASON_COUNT ? ev->anomaly.reason : DROP_NONE];

	if (!d->name)
		return; // not a reason at all: nothing to say
	eve_begin(e, o, ev, "anomaly");
	jout_open_key(o, "anomaly", '{');
	jout_kstring(o, "type", d->type);
	event_name(o, d);
	eve_text(o, ev);
	jout_close(o, '}');
	eve_tunnel(o, ev);
	eve_end(e, o, ev);
}
