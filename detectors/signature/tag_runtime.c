// What a worker knows of tags: more sessions and hosts than the gate, since it takes every match of a rule with
// `tag` for an alert; never fewer. See tags.h. Next: tag_table.c.
#include "detectors/signature/tags.h"

#include <string.h>

#include "detectors/signature/ruleset.h"
#include "detectors/signature/state_runtime.h"
#include "detectors/signature/worker_internal.h"

static void most(uint64_t *v, uint64_t other)
{
	if (other > *v)
		*v = other;
}

// A flow has one cell for all its tags: packets and bytes left, and until when; the most that any of them asks, and
// one packet more, at which the gate sees that a tag has run out.
static void tag_flow(struct match_ctx *m, const struct tag_args *a)
{
	struct cell *c = flow_cell_get(m, CELL_TAG, 0);
	if (!c)
		return;
	if (a->metric == TAG_PACKETS)
		most(&c->value, a->count + 1ull);
	else if (a->metric == TAG_BYTES)
		most(&c->value2, a->count + 1ull);
	else
		most(&c->time_ns, m->p->ts_ns + (a->count + 1ull) * BULLETIN_SECOND);
}

// Hosts are made known to all workers. Only the gate, which sees all their packets, can say when a tag has run out.
static void tag_host(const struct match_ctx *m, const struct tag_args *a)
{
	struct host_key key = host_key_addr(HOST_TAGGED, a->track == TRACK_SRC ? &m->p->src : &m->p->dst);
	if (m->w->bulletin)
		bulletin_say(m->w->bulletin, &key, UINT64_MAX);
}

void tag_on_match(struct match_ctx *m)
{
	for (const struct tag_args *a = m->rule->tag; a; a = a->next) {
		if (a->track == TRACK_FLOW)
			tag_flow(m, a);
		else
			tag_host(m, a);
	}
}

static bool flow_is_tagged(struct signature_worker *w, const struct packet *p)
{
	struct cell *c = p->flow ? flow_tag_cell(w, p->flow) : NULL;
	if (!c)
		return false;
	bool tagged = c->value || c->value2 || c->time_ns;
	c->value -= c->value != 0;
	c->value2 -= c->value2 < p->len ? c->value2 : p->len;
	if (p->ts_ns >= c->time_ns)
		c->time_ns = 0;
	return tagged;
}

static bool host_is_tagged(const struct signature_worker *w, const struct packet *p)
{
	struct host_key src = host_key_addr(HOST_TAGGED, &p->src), dst = host_key_addr(HOST_TAGGED, &p->dst);
	return w->bulletin &&
	       (bulletin_holds(w->bulletin, &src, p->ts_ns) || bulletin_holds(w->bulletin, &dst, p->ts_ns));
}

void tag_offer(struct signature_worker *w, const struct packet *p, struct detector_run *run)
{
	const struct ruleset *rs = w->seat.rs;
	bool flow = rs->tags_sessions && flow_is_tagged(w, p);
	bool host = rs->tags_hosts && (w->every_packet || host_is_tagged(w, p));
	if (!(p->flags & PKT_IP) || (!flow && !host))
		return;
	uint32_t len = p->len < EVENT_AUX_MAX ? p->len : EVENT_AUX_MAX;
	struct event *ev = event_begin(run->sink, EVENT_PACKET, p, len);
	if (!ev)
		return;
	ev->packet.len = p->len;
	ev->packet.link_type = p->link_type;
	memcpy(event_aux(ev), p->data, len);
	ev->aux_len = len;
	event_commit(run->sink);
}
