// What a flood's event says, see flood.h.
#include <arpa/inet.h>
#include <stdio.h>

#include "detectors/heuristics/flood_internal.h"

static void victim_text(char *out, size_t max, const struct flood_victim *v)
{
	char a[INET6_ADDRSTRLEN];
	address_text(a, &v->told, v->version);
	if (flood_is_prefix(v))
		snprintf(out, max, "%s/%u", a, v->told_prefix);
	else
		snprintf(out, max, "%s", a);
}

static void say_rates(struct text *t, const struct flood *f, const struct flood_victim *v, const struct flood_view *w)
{
	double scale = f->ops->scale ? f->ops->scale : 1;
	text_string(t, "vector", v->verdict.vector);
	text_number(t, "pps", (double)w->pkts * scale);
	text_number(t, "bps", (double)w->bytes * 8 * scale);
	text_number(t, "peak", v->peak);
	text_number(t, "packets", (double)(v->pkts - v->start_pkts) * scale);
	text_number(t, "bytes", (double)(v->bytes - v->start_bytes) * scale);
	text_number(t, "duration_ms", (double)((f->now_ns - v->start_ns) / 1000000));
	if (v->verdict.answer_ratio >= 0)
		text_number(t, "syn_per_synack", v->verdict.answer_ratio);
}

// Sources that stand out. Of IPv6 it is their /64.
static void say_sources(struct text *t, struct flood *f, const struct flood_victim *v, const struct flood_view *w)
{
	struct flood_share top[FLOOD_SHOWN];
	uint32_t picks, n = flood_tops_of(f, v, top, &picks);
	const char *why, *spoofed = flood_spoofed(v, w, top, n, &why);
	text_number(t, f->ops->sources_name ? f->ops->sources_name : "sources", (double)(uint64_t)(w->sources + 0.5));
	text_member(t, "top_sources");
	text_add(t, "[");
	for (uint32_t i = 0; i < n; i++) {
		char a[INET6_ADDRSTRLEN];
		text_add(t, "%s{\"source\":\"%s%s\",\"share\":%.2f}", i ? "," : "",
			address_text(a, &top[i].source, v->version), v->version == 6 ? "/64" : "", top[i].share);
	}
	text_add(t, "]");
	text_number(t, "packets_sampled", picks);
	if (!f->ops->hides_sources) {
		text_string(t, "spoofed", spoofed);
		text_string(t, "spoofed_because", why);
	}
}

// What the rate is measured against besides the floor, and how well that is known.
static void say_baseline(struct text *t, const struct flood *f, const struct flood_victim *v)
{
	struct flood_usual u;
	flood_usual(f, v, &u);
	text_string(t, "baseline", u.state);
	text_number(t, "baseline_mean", u.mean);
	text_number(t, "baseline_spread", u.spread);
	if (u.limit > 0)
		text_number(t, "baseline_limit", u.limit);
	if (u.weeks) {
		text_number(t, "baseline_hour", u.hour);
		text_number(t, "baseline_weeks", u.weeks);
	} else {
		text_number(t, "watched_ms", (double)(u.watched_ns / 1000000));
	}
}

static void say_range(
	struct text *t, const struct flood_victim *v, enum flood_lane lane, const char *least, const char *most)
{
	if (v->range.least[lane] > v->range.most[lane])
		return; // nothing was described
	text_number(t, least, v->range.least[lane]);
	text_number(t, most, v->range.most[lane]);
}

static void say_fingerprint(
	struct text *t, const struct flood_ops *ops, const struct flood_victim *v, const struct flood_view *w)
{
	uint16_t port;
	text_number(t, ops->ports_name ? ops->ports_name : "dest_ports", (double)(uint64_t)(w->ports + 0.5));
	if (flood_lane(v, LANE_SPORT, &port))
		text_number(t, "src_port", port);
	if (flood_lane(v, LANE_DPORT, &port))
		text_number(t, "dest_port", port);
	say_range(t, v, LANE_TTL, "ttl_min", "ttl_max");
	if (v->range.least[LANE_LENGTH])
		say_range(t, v, LANE_LENGTH, "length_min", "length_max");
	if (w->pkts)
		text_number(t, "mean_bytes", (double)(w->bytes / w->pkts));
}

void flood_report(struct flood *f, struct flood_victim *v, const struct flood_view *w, const char *stage,
	struct detector_run *run)
{
	struct finding find = {0};
	char victim[INET6_ADDRSTRLEN + 8];
	find.detector = f->ops->detector;
	find.victim = v->told;
	find.victim_version = v->version;
	// one source is an attacker; of many, none is more so than another
	if (w->sources < 1.5 && v->picked) {
		find.attacker = v->latest;
		find.attacker_version = v->version;
	}
	find.proto = v->verdict.proto ? v->verdict.proto : f->ops->key_proto;
	find.dport = v->verdict.dport;
	find.observed = v->verdict.observed;
	find.threshold = v->verdict.threshold;
	find.unit = v->verdict.unit;
	find.what = v->verdict.what;
	find.stage = stage;
	find.window_ms = v->verdict.window_ms;
	find.confidence = v->verdict.confidence;
	find.severity = v->verdict.severity;
	find.sample = v->first_seq;
	victim_text(victim, sizeof(victim), v);
	if (flood_is_prefix(v))
		text_string(&find.text, "prefix", victim);
	const struct baseline_prefix *named = baselines_prefix(f->site, &v->addr, v->version);
	if (named)
		text_string(&find.text, "protected", named->name);
	say_rates(&find.text, f, v, w);
	say_baseline(&find.text, f, v);
	say_sources(&find.text, f, v, w);
	say_fingerprint(&find.text, f->ops, v, w);
	flood_filters(&find.text, f->ops, v, victim);
	finding_emit(run, &find);
}
