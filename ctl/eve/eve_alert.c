// EVE alert: what a signature matched, and what a heuristic found (gid 901, with tocsin{}).
// Next: eve_packet.c.
#include "ctl/eve/eve_internal.h"

#include "dataplane/api/detector.h"

// metadata{}: a key may come several times; its values make one list, the last given first (Suricata's order).
static void metadata(struct json_out *o, const char *const *kv)
{
	size_t n = 0;
	while (kv && kv[2 * n] && kv[2 * n + 1])
		n++;
	if (!n)
		return;
	jout_open_key(o, "metadata", '{');
	for (size_t i = 0; i < n; i++) {
		size_t first = 0;
		while (strcmp(kv[2 * first], kv[2 * i]))
			first++;
		if (first != i)
			continue; // listed with the first of its name
		jout_string(o, kv[2 * i]);
		jout_raw(o, ":[", 2);
		for (size_t k = n; k-- > i;)
			if (!strcmp(kv[2 * k], kv[2 * i]))
				jout_string(o, kv[2 * k + 1]);
		jout_close(o, ']');
	}
	jout_close(o, '}');
}

// flow{} of an alert: counters so far and the flow's own ends, whichever way this packet went.
static void alert_flow(struct json_out *o, const struct event *ev)
{
	const struct event_tuple *t = &ev->tuple;
	bool back = ev->dir == DIR_TO_CLIENT;

	jout_kstring(o, "direction", back ? "to_client" : "to_server");
	jout_open_key(o, "flow", '{');
	eve_counts(o, &ev->alert.counts);
	eve_key_addr(o, "src_ip", back ? &t->dst : &t->src, t->ip_version);
	eve_key_addr(o, "dest_ip", back ? &t->src : &t->dst, t->ip_version);
	if (eve_has_ports(ev)) {
		jout_kuint(o, "src_port", back ? t->dport : t->sport);
		jout_kuint(o, "dest_port", back ? t->sport : t->dport);
	}
	jout_close(o, '}');
}

void eve_format_alert(struct eve *e, struct json_out *o, const struct event *ev)
{
	const struct alert_info *a = ev->alert.info;

	eve_begin(e, o, ev, "alert");
	if (ev->alert.has_tx)
		jout_kuint(o, "tx_id", ev->alert.tx_id);
	jout_open_key(o, "alert", '{');
	// a passive sensor blocks nothing; "blocked" is what Suricata writes without being in the path, too
	jout_kstring(o, "action", ev->alert.blocked ? "blocked" : "allowed");
	jout_kuint(o, "gid", a->gid);
	jout_kuint(o, "signature_id", a->sid);
	jout_kuint(o, "rev", a->rev);
	jout_kstring(o, "signature", a->signature ? a->signature : "");
	jout_kstring(o, "category", a->category ? a->category : "");
	jout_kuint(o, "severity", a->severity);
	metadata(o, a->metadata);
	jout_close(o, '}');
	eve_tunnel(o, ev);
	if (ev->alert.has_tx)
		eve_tx_record(o, ev);
	else
		eve_text(o, ev);
	eve_app_proto(o, ev);
	if (ev->flags & EVENT_HAS_FLOW)
		alert_flow(o, ev);
	eve_end(e, o, ev);
}

static void why(struct json_out *o, const struct event *ev)
{
	const struct detector *d = ev->finding.detector;

	jout_open_key(o, "tocsin", '{');
	jout_kstring(o, "detector", d->name);
	if (ev->finding.what)
		jout_kstring(o, "variant", ev->finding.what);
	eve_key_addr(o, "victim", &ev->finding.victim, ev->finding.victim_version);
	eve_key_addr(o, "attacker", &ev->finding.attacker, ev->finding.attacker_version);
	jout_kdouble(o, "observed", ev->finding.observed);
	jout_kdouble(o, "threshold", ev->finding.threshold);
	jout_kstring(o, "unit", ev->finding.unit ? ev->finding.unit : "");
	jout_kuint(o, "window_ms", ev->finding.window_ms);
	jout_kuint(o, "confidence", ev->finding.confidence);
	if (ev->finding.sample)
		jout_kuint(o, "sample", ev->finding.sample);
	if (ev->finding.stage)
		jout_kstring(o, "stage", ev->finding.stage);
	eve_text(o, ev);
	jout_close(o, '}');
}

void eve_format_finding(struct eve *e, struct json_out *o, const struct event *ev)
{
	const struct detector *d = ev->finding.detector;

	eve_begin(e, o, ev, "alert");
	jout_open_key(o, "alert", '{');
	jout_kstring(o, "action", "allowed");
	jout_kuint(o, "gid", DETECTOR_GID);
	jout_kuint(o, "signature_id", d->sid);
	jout_kuint(o, "rev", 1);
	jout_kstring(o, "signature", d->title);
	jout_kstring(o, "category", d->category);
	jout_kuint(o, "severity", ev->finding.severity ? ev->finding.severity : d->severity);
	jout_close(o, '}');
	why(o, ev);
	eve_tunnel(o, ev);
	eve_app_proto(o, ev);
	if (ev->flags & EVENT_HAS_FLOW)
		jout_kstring(o, "direction", ev->dir == DIR_TO_CLIENT ? "to_client" : "to_server");
	eve_end(e, o, ev);
}
