// threshold, detection_filter, rate_filter, suppress: how often a rule speaks. Decided on the main lcore in
// packet order and packet time, so that counts do not depend on how packets are spread over workers.
// Next: alert_gate.c.
#include "detectors/signature/threshold_runtime.h"

#define NS_PER_S 1000000000ull
#define NO_WINDOW_S 3600u // backoff has no window: a count nobody adds to is forgotten after this time

struct tally {
	struct host_entry *e;
	const struct threshold *t;
	uint64_t now_ns;
	bool fresh;
};

static bool in_window(const struct tally *y)
{
	return !y->fresh && y->now_ns <= y->e->start_ns + y->t->seconds * NS_PER_S;
}

// Counts this time; a window that is over begins anew with it.
static uint32_t count(const struct tally *y)
{
	if (in_window(y))
		return ++y->e->count;
	y->e->start_ns = y->now_ns;
	return y->e->count = 1;
}

static bool every_nth(const struct tally *y)
{
	if (count(y) < y->t->count)
		return false;
	y->e->count = 0;
	return true;
}

// The first time in a window is never enough, as with Suricata, even where count says so.
static bool filter(const struct tally *y)
{
	bool open = in_window(y);
	return count(y) > y->t->count && open;
}

// Speaks at count, then at count * multiplier, and so on.
static bool backoff(const struct tally *y)
{
	struct host_entry *e = y->e;
	if (y->fresh)
		e->extra = y->t->count;
	if (++e->count < e->extra)
		return false;
	uint64_t next = (uint64_t)e->extra * y->t->multiplier;
	e->extra = next > UINT32_MAX ? UINT32_MAX : (uint32_t)next;
	return true;
}

// In force for `timeout` whole seconds from the time that is one too many; then that time is asked for again.
static bool rate(const struct tally *y)
{
	struct host_entry *e = y->e;
	uint32_t now_s = (uint32_t)(y->now_ns / NS_PER_S);
	if (e->extra) {
		if (now_s - e->extra <= y->t->timeout)
			return true;
		e->extra = 0;
		return false;
	}
	if (count(y) <= y->t->count)
		return false;
	e->extra = now_s;
	return true;
}

static bool decide(const struct tally *y)
{
	switch (y->t->type) {
	case THRESHOLD_LIMIT:
		return count(y) <= y->t->count;
	case THRESHOLD_THRESHOLD:
		return every_nth(y);
	case THRESHOLD_BOTH:
		return count(y) == y->t->count;
	case THRESHOLD_DETECTION_FILTER:
		return filter(y);
	case THRESHOLD_RATE_FILTER:
		return rate(y);
	case THRESHOLD_BACKOFF:
		return backoff(y);
	default:
		return true;
	}
}

bool threshold_speaks(struct host_table *hosts, const struct threshold *t, const struct host_key *key, uint64_t now_ns,
	uint64_t *silent_until_ns)
{
	struct host_entry *e = host_find(hosts, key);
	struct tally y = {e ? e : host_make(hosts, key, now_ns), t, now_ns, !e};
	uint64_t life_s = (uint64_t)(t->seconds ? t->seconds : NO_WINDOW_S) + t->timeout;
	bool speaks = decide(&y);
	// Until its window is over an entry may not be evicted before older ones.
	y.e->expires_ns = now_ns + life_s * NS_PER_S + 1;
	bool quiet = (t->type == THRESHOLD_LIMIT || t->type == THRESHOLD_BOTH) && y.e->count >= t->count;
	*silent_until_ns = quiet ? y.e->start_ns + t->seconds * NS_PER_S : 0;
	return speaks;
}

bool threshold_suppresses(const struct threshold *t, const union ip_addr *src, const union ip_addr *dst, int version)
{
	if (!t->addrs)
		return true;
	bool s = addr_set_has(t->addrs, src, version), d = addr_set_has(t->addrs, dst, version);
	return t->track == TRACK_SRC ? s : t->track == TRACK_DST ? d : s || d;
}
