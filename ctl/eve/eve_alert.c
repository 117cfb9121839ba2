// EVE alert: what a signature matched, and what a heuristic found (gid 901, with tocsin{}).
// Next: eve_anomaly.c.
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
	json_open_key(o, "metadata", '{');
	for (size_t i = 0; i < n; i++) {
		size_t first = 0;
		while (strcmp(kv[2 * first], kv[2 * i]))
			first++;
		if (first != i)
			continue; // listed with the first of its name
		json_string(o, kv[2 * i]);
		json_raw(o, ":[", 2);
		for (size_t k = n; k-- > i;)
			if (!strcmp(kv[2 * k], kv[2 * i]))
				json_string(o, kv[2 * k + 1]);
		json_close(o, ']');
	}
	json_close(o, '}');
}

// flow{} of an alert: counters so far and the flow's own ends, whichever way this packet went.
static void alert_flow(struct json_out *o, const struct event *ev)
{
	const struct event_tuple *t = &ev->tuple;
	bool back = ev->dir == DIR_TO_CLIENT;

	json_kstring(o, "direction", back ? "to_client" : "to_server");
	json_open_key(o, "flow", '{');
	eve_counts(o, &ev->alert.counts);
	eve_key_addr(o, "src_ip", back ? &t->dst : &t->src, t->ip_version);
	eve_key_addr(o, "dest_ip", back ? &t->src : &t->dst, t->ip_version);
	if (eve_has_ports(ev)) {
		json_kuint(o, "src_port", back ? t->dport : t->sport);
		json_kuint(o, "dest_port", back ? t->sport : t->dport);
	}
	json_close(o, '}');
}

void eve_format_alert(struct eve *e, struct json_out *o, const struct event *ev)
{
	const struct alert_info *a = ev->alert.info;

	eve_begin(e, o, ev, "alert");
	if (ev->alert.has_tx)
		json_kuint(o, "tx_id", ev->alert.tx_id);
	json_open_key(o, "alert", '{');
	json_kstring(o, "action", "allowed"); // a passive sensor blocks nothing, whatever the rule's action
	json_kuint(o, "gid", a->gid);
	json_kuint(o, "signature_id", a->sid);
	json_kuint(o, "rev", a->rev);
	json_kstring(o, "signature", a->signature ? a->signature : "");
	json_kstring(o, "category", a->category ? a->category : "");
	json_kuint(o, "severity", a->severity);
	metadata(o, a->metadata);
	json_close(o, '}');
	eve_tunnel(o, ev);
	eve_text(o, ev);
	eve_app_proto(e, o, ev);
	if (ev->flags & EVENT_HAS_FLOW)
		alert_flow(o, ev);
	eve_end(e, o, ev);
}

static void why(struct json_out *o, const struct event *ev)
{
	const struct detector *d = ev->finding.detector;

	json_open_key(o, "tocsin", '{');
	json_kstring(o, "detector", d->name);
	if (ev->finding.what)
		json_kstring(o, "variant", ev->finding.what);
	eve_key_addr(o, "victim", &ev->finding.victim, ev->finding.victim_version);
	eve_key_addr(o, "attacker", &ev->finding.attacker, ev->finding.attacker_version);
	json_kdouble(o, "observed", ev->finding.observed);
	json_kdouble(o, "threshold", ev->finding.threshold);
	json_kstring(o, "unit", ev->finding.unit ? ev->finding.unit : "");
	json_kuint(o, "window_ms", ev->finding.window_ms);
	json_kuint(o, "confidence", ev->finding.confidence);
	if (ev->finding.sample)
		json_kuint(o, "sample", ev->finding.sample);
	if (ev->finding.stage)
		json_kstring(o, "stage", ev->finding.stage);
	eve_text(o, ev);
	json_close(o, '}');
}

void eve_format_finding(struct eve *e, struct json_out *o, const struct event *ev)
{
	const struct detector *d = ev->finding.detector;

	eve_begin(e, o, ev, "alert");
	json_open_key(o, "alert", '{');
	json_kstring(o, "action", "allowed");
	json_kuint(o, "gid", DETECTOR_GID);
	json_kuint(o, "signature_id", d->sid);
	json_kuint(o, "rev", 1);
	json_kstring(o, "signature", d->title);
	json_kstring(o, "category", d->category);
	json_kuint(o, "severity", ev->finding.severity ? ev->finding.severity : d->severity);
	json_close(o, '}');
	why(o, ev);
	eve_tunnel(o, ev);
	eve_app_proto(e, o, ev);
	if (ev->flags & EVENT_HAS_FLOW)
		json_kstring(o, "direction", ev->dir == DIR_TO_CLIENT ? "to_client" : "to_server");
	eve_end(e, o, ev);
}
