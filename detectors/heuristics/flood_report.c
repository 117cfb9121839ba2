// What a flood's event says, see flood.h.
#include <arpa/inet.h>
#include <stdio.h>

#include "detectors/heuristics/finding.h"
#include "detectors/heuristics/flood_internal.h"

static void victim_text(char *out, size_t max, const struct flood_victim *v)
{
	char a[INET6_ADDRSTRLEN];
	address_text(a, &v->addr, v->version);
	if (v->prefix == (v->version == 6 ? 128 : 32))
		snprintf(out, max, "%s", a);
	else
		snprintf(out, max, "%s/%u", a, v->prefix);
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

static void say_sources(
	struct text *t, const struct flood_ops *ops, const struct flood_victim *v, const struct flood_view *w)
{
	text_number(t, ops->sources_name ? ops->sources_name : "sources", (double)(uint64_t)(w->sources + 0.5));
	text_member(t, "source_sample");
	text_add(t, "[");
	for (uint32_t i = 0, n = 0; i < FLOOD_SHOWN; i++) {
		char a[INET6_ADDRSTRLEN];
		if (v->shown_hash[i] != UINT32_MAX)
			text_add(t, "%s\"%s\"", n++ ? "," : "", address_text(a, &v->shown[i], v->version));
	}
	text_add(t, "]");
	if (v->verdict.spoofed) {
		text_string(t, "spoofed", v->verdict.spoofed);
		text_string(t, "spoofed_because", v->verdict.spoofed_why);
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

// TTLs and sizes come in classes: what filters and people need is whether there is one or many.
static void say_fingerprint(
	struct text *t, const struct flood_ops *ops, const struct flood_victim *v, const struct flood_view *w)
{
	text_number(t, ops->ports_name ? ops->ports_name : "dest_ports", (double)(uint64_t)(w->ports + 0.5));
	if (v->sport_or == v->sport_and)
		text_number(t, "src_port", v->sport_or);
	if (v->ttls) {
		text_number(t, "ttl_min", __builtin_ctz(v->ttls) * 8);
		text_number(t, "ttl_max", (31 - __builtin_clz(v->ttls)) * 8 + 7);
	}
	if (v->sizes) {
		text_number(t, "bytes_min", 1u << __builtin_ctz(v->sizes));
		text_number(t, "bytes_max", (double)((2ull << (31 - __builtin_clz(v->sizes))) - 1));
	}
	if (w->pkts)
		text_number(t, "mean_bytes", (double)(w->bytes / w->pkts));
}

static void say_filters(struct text *t, const struct flood_victim *v, const char *victim)
{
	const char *net = v->prefix == (v->version == 6 ? 128 : 32) ? "host" : "net";
	const char *family = v->version == 6 ? "ip6" : "ip", *bpf = v->verdict.bpf;
	char port[2][40] = {"", ""};
	if (v->verdict.tcp_port) {
		snprintf(port[0], sizeof(port[0]), " and tcp dst port %u", v->verdict.tcp_port);
		snprintf(port[1], sizeof(port[1]), " tcp dport %u", v->verdict.tcp_port);
	}
	if (v->version == 6 && v->verdict.bpf6)
		bpf = v->verdict.bpf6;
	if (bpf) {
		text_member(t, "match_bpf");
		text_add(t, "\"%s dst %s %s%s%s%s\"", family, net, victim, bpf[0] ? " and " : "", bpf, port[0]);
	}
	if (v->verdict.nft) {
		text_member(t, "match_nft");
		text_add(t, "\"%s daddr %s%s%s%s\"", family, victim, v->verdict.nft[0] ? " " : "", v->verdict.nft,
			port[1]);
	}
}

void flood_report(struct flood *f, struct flood_victim *v, const struct flood_view *w, const char *stage,
	struct detector_run *run)
{
	struct finding find = {0};
	char victim[INET6_ADDRSTRLEN + 8];
	find.detector = f->ops->detector;
	find.victim = v->addr;
	find.victim_version = v->version;
	// one source is an attacker; of many, none is more so than another
	if (w->sources < 1.5 && v->shown_hash[0] != UINT32_MAX) {
		find.attacker = v->shown[0];
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
	if (v->prefix != (v->version == 6 ? 128 : 32))
		text_string(&find.text, "prefix", victim);
	const struct baseline_prefix *named = baselines_prefix(f->site, &v->addr, v->version);
	if (named)
		text_string(&find.text, "protected", named->name);
	say_rates(&find.text, f, v, w);
	say_baseline(&find.text, f, v);
	say_sources(&find.text, f->ops, v, w);
	say_fingerprint(&find.text, f->ops, v, w);
	say_filters(&find.text, v, victim);
	finding_emit(run, &find);
}
