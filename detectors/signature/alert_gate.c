// Decides in packet order, on the main lcore, which matches are alerts: host bits, thresholds, rate filters
// and packet-alert-max. Workers send every match of a rule that depends on more than its own packet and
// flow, so the answer is the same however packets are spread over them.
#include "detectors/signature/alert_gate.h"

#include <stdlib.h>

#include <rte_common.h>

#include "detectors/signature/ruleset.h"
#include "detectors/signature/tags.h"
#include "detectors/signature/threshold_runtime.h"

#define NS_PER_S 1000000000ull
#define FLOW_KEPT_S 86400u // a flow whose end was not seen by then is forgotten

struct alert_gate {
	struct host_table *hosts;
	struct tag_table *tags;
	uint32_t alert_max;
	uint32_t shown; // alerts of the packet at hand
	uint64_t last_seq;
	bool passed;   // a rate filter lets the rest of the packet at hand pass
	bool any_over; // some flow has been dropped here
	struct alert_gate_stats stats;
	struct bulletin bulletin;
};

struct alert_gate *alert_gate_new(const struct ruleset *rs)
{
	struct alert_gate *g = calloc(1, sizeof(*g));
	if (!g)
		return NULL;
	g->alert_max = rs->alert_max;
	g->hosts = host_table_new(rs->host_state_max);
	g->tags = tag_table_new();
	if (g->hosts && g->tags)
		return g;
	alert_gate_free(g);
	return NULL;
}

void alert_gate_free(struct alert_gate *g)
{
	if (!g)
		return;
	host_table_free(g->hosts);
	tag_table_free(g->tags);
	free(g);
}

struct bulletin *alert_gate_bulletin(struct alert_gate *g)
{
	return &g->bulletin;
}

void alert_gate_stats(const struct alert_gate *g, struct alert_gate_stats *out)
{
	*out = g->stats;
	out->host_state_evicted = host_table_evicted(g->hosts) + tag_table_evicted(g->tags);
}

void alert_gate_rules_changed(struct alert_gate *g, const struct ruleset *rs)
{
	g->alert_max = rs->alert_max;
	for (uint32_t i = 0; i < BULLETIN_WORDS; i++)
		atomic_store_explicit(&g->bulletin.words[i], 0, memory_order_relaxed);
}

static struct host_ends ends_of(const struct event *ev)
{
	return (struct host_ends){&ev->tuple.src, &ev->tuple.dst, ev->flow_id};
}

static bool bit_isset(struct alert_gate *g, const struct host_bit *b, const struct event *ev)
{
	struct host_ends ends = ends_of(ev);
	struct host_key key = host_key_bit(b->id, b->track, &ends);
	const struct host_entry *e = host_find(g->hosts, &key);
	return e && e->expires_ns > ev->ts_ns;
}

static bool bits_hold(struct alert_gate *g, const struct host_bit *b, const struct event *ev)
{
	for (; b; b = b->next)
		if (bit_isset(g, b, ev) != (b->op == HOST_BIT_ISSET))
			return false;
	return true;
}

static void bit_run(struct alert_gate *g, const struct host_bit *b, const struct event *ev)
{
	struct host_ends ends = ends_of(ev);
	struct host_key key = host_key_bit(b->id, b->track, &ends);
	struct host_entry *e = host_find(g->hosts, &key);
	bool set = b->op == HOST_BIT_SET || (b->op == HOST_BIT_TOGGLE && !bit_isset(g, b, ev));
	if (!e && !set)
		return;
	if (!e)
		e = host_make(g->hosts, &key, ev->ts_ns);
	e->expires_ns = set ? ev->ts_ns + b->expire_s * NS_PER_S : 0;
	bulletin_say(&g->bulletin, &key, e->expires_ns);
}

// Rate filters: sets blocked, and passed, where one of them has put an action in the place of the rule's own.
static void filter_rate(struct alert_gate *g, const struct rule *r, struct event *ev)
{
	struct host_ends ends = ends_of(ev);
	bool blocks = r->action == RULE_REJECT;
	unsigned kind = HOST_RATE_FILTER;
	uint64_t unused;
	for (const struct threshold *t = r->rate_filter; t; t = t->next, kind++) {
		struct host_key key = threshold_key(r, kind, t, &ends);
		if (!threshold_speaks(g->hosts, t, &key, ev->ts_ns, &unused))
			continue;
		blocks = t->new_action == RULE_DROP || t->new_action == RULE_REJECT;
		g->passed = t->new_action == RULE_PASS;
	}
	ev->alert.blocked = blocks;
}

static bool suppressed(const struct rule *r, const struct event *ev)
{
	for (const struct threshold *t = r->suppress; t; t = t->next)
		if (threshold_suppresses(t, &ev->tuple.src, &ev->tuple.dst, ev->tuple.ip_version))
			return true;
	return false;
}

// Whether a match counts as one yet, and if so, whether it is heard.
enum speech { NOT_YET, SILENT, ALOUD };

static enum speech speech_of(struct alert_gate *g, const struct rule *r, struct event *ev)
{
	struct host_ends ends = ends_of(ev);
	uint64_t silent_ns;
	if (suppressed(r, ev))
		return SILENT;
	filter_rate(g, r, ev);
	if (g->passed)
		return SILENT;
	if (r->detection_filter) {
		struct host_key key = threshold_key(r, HOST_DETECTION_FILTER, r->detection_filter, &ends);
		if (!threshold_speaks(g->hosts, r->detection_filter, &key, ev->ts_ns, &silent_ns))
			return NOT_YET;
	}
	if (!r->threshold)
		return ALOUD;
	struct host_key key = threshold_key(r, HOST_THRESHOLD, r->threshold, &ends);
	bool yes = threshold_speaks(g->hosts, r->threshold, &key, ev->ts_ns, &silent_ns);
	if (silent_ns && rule_may_hush(r))
		bulletin_say(&g->bulletin, &key, silent_ns);
	return yes ? ALOUD : silent_ns ? SILENT : NOT_YET;
}

// The worker marks a flow as alerted for alerts that are sure; for others it is remembered here.
static void note_alerted(struct alert_gate *g, const struct event *ev)
{
	struct host_key key = host_key_flow(HOST_ALERTED, ev->flow_id);
	struct host_entry *e = host_find(g->hosts, &key);
	if (!e)
		e = host_make(g->hosts, &key, ev->ts_ns);
	e->expires_ns = ev->ts_ns + FLOW_KEPT_S * NS_PER_S;
}

// Rules see no more of a flow after the packet with which one that counts has dropped or rejected it. Those that do not
// count end it in the worker (match_runtime.c).
static void end_flow(struct alert_gate *g, const struct rule *r, const struct event *ev)
{
	if (!rule_ends_late(r) || !(ev->flags & EVENT_HAS_FLOW) ||
		!(ev->alert.stream || r->flags & (RULE_F_IP_ONLY | RULE_F_IPONLY_LIKE)))
		return;
	struct host_key key = host_key_flow(HOST_OVER, ev->flow_id);
	struct host_entry *e = host_find(g->hosts, &key);
	if (!e || !e->expires_ns) {
		e = e ? e : host_make(g->hosts, &key, ev->ts_ns);
		e->start_ns = ev->seq;
	}
	e->expires_ns = ev->ts_ns + FLOW_KEPT_S * NS_PER_S;
	g->any_over = true;
}

static bool is_over(struct alert_gate *g, const struct event *ev)
{
	struct host_key key = host_key_flow(HOST_OVER, ev->flow_id);
	const struct host_entry *e = g->any_over && ev->flags & EVENT_HAS_FLOW ? host_find(g->hosts, &key) : NULL;
	return e && e->expires_ns && ev->seq > e->start_ns;
}

static bool pass_alert(struct alert_gate *g, struct event *ev)
{
	const struct rule *r = container_of(ev->alert.info, struct rule, info);
	if (ev->alert.first || ev->seq != g->last_seq) {
		g->shown = 0;
		g->passed = false;
	}
	g->last_seq = ev->seq;
	if (is_over(g, ev) || (r->host_tests && !bits_hold(g, r->host_tests, ev)))
		return false;
	for (const struct host_bit *b = r->host_posts; b; b = b->next)
		bit_run(g, b, ev);
	if (r->flags & RULE_F_NOALERT && !r->tag)
		return false;
	enum speech s = g->passed ? SILENT : speech_of(g, r, ev);
	if (s != NOT_YET)
		end_flow(g, r, ev);
	if (r->tag && s != NOT_YET)
		tag_table_add(g->tags, r, ev);
	if (r->flags & RULE_F_NOALERT)
		return false;
	if (s != ALOUD)
		return g->stats.suppressed++, false;
	if (g->shown == g->alert_max)
		return g->stats.over_alert_max++, false;
	g->shown++;
	if (rule_is_conditional(r) && ev->flags & EVENT_HAS_FLOW)
		note_alerted(g, ev);
	return true;
}

static bool pass_packet(struct alert_gate *g, const struct event *ev)
{
	bool logs = !is_over(g, ev) && tag_table_logs(g->tags, ev, &g->bulletin);
	g->stats.packets_untagged += !logs;
	return logs;
}

static void complete_flow(struct alert_gate *g, struct event *ev)
{
	struct host_key over = host_key_flow(HOST_OVER, ev->flow_id);
	struct host_entry *dropped = g->any_over ? host_find(g->hosts, &over) : NULL;
	if (dropped)
		dropped->expires_ns = 0;
	struct host_key key = host_key_flow(HOST_ALERTED, ev->flow_id);
	struct host_entry *e = host_find(g->hosts, &key);
	tag_table_forget(g->tags, ev->flow_id);
	if (!e)
		return;
	ev->flow.alerted = 1;
	e->expires_ns = 0;
}

bool alert_gate_pass(struct alert_gate *g, struct event *ev)
{
	if (ev->kind == EVENT_FLOW)
		complete_flow(g, ev);
	if (ev->kind == EVENT_PACKET)
		return pass_packet(g, ev);
	if (ev->kind != EVENT_ALERT || pass_alert(g, ev))
		return true;
	g->stats.withheld++;
	return false;
}
