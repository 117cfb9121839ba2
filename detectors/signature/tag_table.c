// The gate's tags: sets of a session's or a host's tags, in fixed memory. See tags.h.
#include <stdlib.h>
#include <string.h>

#include "detectors/signature/bulletin.h"
#include "detectors/signature/tags.h"

#define WAYS 16u    // tags a session or a host has at most
#define SETS 4096u  // power of two
#define RENEWALS 9u // times a rule that alerts again begins its tag anew; then it runs out first
#define IDLE_S 600u // a host that is not seen for so long is forgotten

struct tag_entry {
	struct host_key owner;
	uint32_t gid, sid;
	uint32_t limit;
	uint8_t metric;
	uint8_t renewals;
	bool used;
	bool begun; // the packet that alerted has been counted; it is not logged for its own alert
	uint32_t first_s, last_s;
	uint64_t taken; // packets or bytes
};

struct tag_table {
	uint64_t evicted;
	struct tag_entry entries[SETS * WAYS];
};

struct tag_table *tag_table_new(void)
{
	return calloc(1, sizeof(struct tag_table));
}

void tag_table_free(struct tag_table *t)
{
	free(t);
}

uint64_t tag_table_evicted(const struct tag_table *t)
{
	return t->evicted;
}

static uint32_t seconds(const struct event *ev)
{
	return (uint32_t)(ev->ts_ns / BULLETIN_SECOND);
}

static struct tag_entry *set_of(struct tag_table *t, const struct host_key *owner)
{
	return &t->entries[(host_hash(owner) & (SETS - 1)) * WAYS];
}

static bool belongs(const struct tag_entry *e, const struct host_key *owner)
{
	return e->used && !memcmp(&e->owner, owner, sizeof(*owner));
}

static bool idle(const struct tag_entry *e, uint32_t now_s)
{
	return now_s > e->last_s && now_s - e->last_s > IDLE_S;
}

// A place for a new tag: a free one, else the one that was not seen for the longest.
static struct tag_entry *place(struct tag_table *t, const struct host_key *owner, uint32_t now_s)
{
	struct tag_entry *set = set_of(t, owner), *pick = set;
	for (uint32_t i = 0; i < WAYS; i++) {
		if (!set[i].used)
			return &set[i];
		if (set[i].last_s < pick->last_s)
			pick = &set[i];
	}
	t->evicted += !idle(pick, now_s);
	return pick;
}

static void add(struct tag_table *t, const struct host_key *owner, const struct alert_info *info,
	const struct tag_args *a, uint32_t now_s)
{
	struct tag_entry *set = set_of(t, owner);
	for (uint32_t i = 0; i < WAYS; i++) {
		struct tag_entry *e = &set[i];
		if (!belongs(e, owner) || e->sid != info->sid || e->gid != info->gid)
			continue;
		if (e->renewals == RENEWALS)
			return;
		e->renewals++;
		e->first_s = e->last_s = now_s;
		e->taken = 0;
		return;
	}
	*place(t, owner, now_s) = (struct tag_entry){.owner = *owner,
		.gid = info->gid,
		.sid = info->sid,
		.limit = a->count,
		.metric = a->metric,
		.used = true,
		.first_s = now_s,
		.last_s = now_s};
}

void tag_table_add(struct tag_table *t, const struct rule *r, const struct event *ev)
{
	for (const struct tag_args *a = r->tag; a; a = a->next) {
		struct host_key owner = host_key_flow(HOST_TAGGED, ev->flow_id);
		if (a->track == TRACK_FLOW && !(ev->flags & EVENT_HAS_FLOW))
			continue;
		if (a->track != TRACK_FLOW)
			owner = host_key_addr(HOST_TAGGED, a->track == TRACK_SRC ? &ev->tuple.src : &ev->tuple.dst);
		add(t, &owner, &r->info, a, seconds(ev));
	}
}

// Counts a packet for one tag. Returns whether the tag logs it; a tag that has run out ends.
static bool count(struct tag_entry *e, const struct event *ev)
{
	uint32_t now_s = seconds(ev);
	bool first = !e->begun;

	e->begun = true;
	e->last_s = now_s;
	e->taken += e->metric == TAG_PACKETS ? 1 : e->metric == TAG_BYTES ? ev->packet.len : 0;
	if (first)
		return false;
	e->used =
		e->metric == TAG_SECONDS ? now_s < e->first_s || now_s - e->first_s <= e->limit : e->taken <= e->limit;
	return e->used;
}

// Counts a packet for all tags of one session or host. *left: whether one of them goes on.
static bool count_all(struct tag_table *t, const struct host_key *owner, const struct event *ev, bool *left)
{
	struct tag_entry *set = set_of(t, owner);
	bool logs = false;

	*left = false;
	for (uint32_t i = 0; i < WAYS; i++) {
		if (!belongs(&set[i], owner))
			continue;
		if (idle(&set[i], seconds(ev)))
			set[i].used = false;
		else
			logs |= count(&set[i], ev);
		*left |= set[i].used;
	}
	return logs;
}

bool tag_table_logs(struct tag_table *t, const struct event *ev, struct bulletin *bulletin)
{
	const union ip_addr *hosts[2] = {&ev->tuple.src, &ev->tuple.dst};
	struct host_key owner = host_key_flow(HOST_TAGGED, ev->flow_id);
	bool left, logs = ev->flags & EVENT_HAS_FLOW && count_all(t, &owner, ev, &left);

	for (int i = 0; i < 2; i++) {
		owner = host_key_addr(HOST_TAGGED, hosts[i]);
		logs |= count_all(t, &owner, ev, &left);
		if (!left && bulletin_holds(bulletin, &owner, ev->ts_ns))
			bulletin_say(bulletin, &owner, 0);
	}
	return logs;
}

void tag_table_forget(struct tag_table *t, uint64_t flow_id)
{
	struct host_key owner = host_key_flow(HOST_TAGGED, flow_id);
	struct tag_entry *set = set_of(t, &owner);
	for (uint32_t i = 0; i < WAYS; i++)
		if (belongs(&set[i], &owner))
			set[i].used = false;
}
