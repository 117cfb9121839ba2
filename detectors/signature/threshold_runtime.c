// Counts a source, destination, pair, rule or flow, in packet time: thresholds, detection filters,
// suppression; and the bits of hosts. One set-associative table a worker; a full set evicts the entry
// nearest its end, and says so in a counter.
#include <string.h>

#include "detectors/signature/state_runtime.h"
#include "detectors/signature/worker_internal.h"

#define NS_PER_S 1000000000ull
#define KEY_THRESHOLD 0u
#define KEY_HOSTBIT 0x80000000u

static uint64_t mix(uint64_t h)
{
	h ^= h >> 32;
	h *= 0x9e3779b97f4a7c15ull;
	return h ^ h >> 29;
}

// Addresses of the key; a pair is the same both ways.
static void key_addrs(const struct match_ctx *m, enum track_by track, union ip_addr *a, union ip_addr *b)
{
	const struct packet *p = m->p;
	memset(a, 0, sizeof(*a));
	memset(b, 0, sizeof(*b));
	if (track == TRACK_SRC || track == TRACK_BOTH)
		*a = p->src;
	else if (track == TRACK_DST)
		*a = p->dst;
	if (track == TRACK_BOTH) {
		*b = p->dst;
		if (memcmp(a, b, sizeof(*a)) > 0) {
			*a = p->dst;
			*b = p->src;
		}
	}
}

static struct host_entry *host_set(
	const struct match_ctx *m, uint32_t key, const union ip_addr *a, const union ip_addr *b)
{
	uint64_t h =
		mix(a->d[0] ^ mix(a->d[1] + 1)) ^ mix(mix(b->d[0] + 3) ^ b->d[1]) ^ mix(key * 0x2545f4914f6cdd1dull);
	return &m->w->hosts[(mix(h) & (m->w->host_sets - 1)) * HOST_WAYS];
}

static struct host_entry *host_find(const struct match_ctx *m, uint32_t key, enum track_by track)
{
	union ip_addr a, b;
	key_addrs(m, track, &a, &b);
	struct host_entry *set = host_set(m, key, &a, &b);
	for (uint32_t i = 0; i < HOST_WAYS; i++) {
		struct host_entry *e = &set[i];
		if (e->expires_ns && e->key == key && !memcmp(&e->a, &a, sizeof(a)) && !memcmp(&e->b, &b, sizeof(b)))
			return e;
	}
	return NULL;
}

// A fresh entry: a free or an outlived one, else the one nearest its end.
static struct host_entry *host_make(struct match_ctx *m, uint32_t key, enum track_by track)
{
	union ip_addr a, b;
	key_addrs(m, track, &a, &b);
	struct host_entry *set = host_set(m, key, &a, &b), *pick = set;
	for (uint32_t i = 0; i < HOST_WAYS; i++)
		if (set[i].expires_ns < pick->expires_ns)
			pick = &set[i];
	m->w->stats.host_state_evicted += pick->expires_ns > m->p->ts_ns;
	*pick = (struct host_entry){.a = a, .b = b, .key = key, .start_ns = m->p->ts_ns};
	return pick;
}

static uint32_t bit_key(uint32_t id, enum track_by track)
{
	return KEY_HOSTBIT | (uint32_t)track << 24 | id;
}

bool hostbit_isset(const struct match_ctx *m, uint32_t id, enum track_by track)
{
	const struct host_entry *e = host_find(m, bit_key(id, TRACK_SRC), track);
	return e && e->expires_ns > m->p->ts_ns;
}

void hostbit_set(struct match_ctx *m, uint32_t id, enum track_by track, uint32_t expire_s)
{
	struct host_entry *e = host_find(m, bit_key(id, TRACK_SRC), track);
	if (!e)
		e = host_make(m, bit_key(id, TRACK_SRC), track);
	e->expires_ns = m->p->ts_ns + expire_s * NS_PER_S;
}

void hostbit_unset(struct match_ctx *m, uint32_t id, enum track_by track)
{
	struct host_entry *e = host_find(m, bit_key(id, TRACK_SRC), track);
	if (e)
		e->expires_ns = 0;
}

// The numbers of one threshold, wherever they are kept.
struct tally {
	uint64_t *start_ns;
	uint32_t *count, *extra;
	bool fresh;
};

static bool tally_of(struct match_ctx *m, const struct threshold *t, struct tally *out)
{
	if (t->track == TRACK_FLOW) {
		struct cell *c = flow_cell_get(m, CELL_THRESHOLD, t->id & 0xffff);
		if (!c)
			return false;
		uint32_t *words = (uint32_t *)&c->value;
		*out = (struct tally){&c->time_ns, &words[0], &words[1], c->time_ns == 0};
		if (out->fresh)
			c->time_ns = m->p->ts_ns ? m->p->ts_ns : 1;
		return true;
	}
	uint32_t key = KEY_THRESHOLD | t->id;
	struct host_entry *e = host_find(m, key, t->track);
	out->fresh = !e;
	if (!e)
		e = host_make(m, key, t->track);
	out->start_ns = &e->start_ns;
	out->count = &e->count;
	out->extra = &e->extra;
	// An entry is dead once its window is over; until then it may not be evicted before older ones.
	e->expires_ns = m->p->ts_ns + (uint64_t)(t->seconds ? t->seconds : 3600) * NS_PER_S +
			(uint64_t)t->timeout * NS_PER_S + 1;
	return true;
}

static bool in_window(const struct match_ctx *m, const struct threshold *t, const struct tally *y)
{
	return !y->fresh && m->p->ts_ns <= *y->start_ns + t->seconds * NS_PER_S;
}

static void restart(const struct match_ctx *m, const struct tally *y)
{
	*y->start_ns = m->p->ts_ns;
	*y->count = 1;
}

static enum threshold_answer limit(const struct match_ctx *m, const struct threshold *t, const struct tally *y)
{
	if (!in_window(m, t, y))
		return restart(m, y), THRESHOLD_ALERT;
	return ++*y->count <= t->count ? THRESHOLD_ALERT : THRESHOLD_SILENT;
}

static enum threshold_answer every_nth(const struct match_ctx *m, const struct threshold *t, const struct tally *y)
{
	if (in_window(m, t, y))
		++*y->count;
	else
		restart(m, y);
	if (*y->count < t->count)
		return THRESHOLD_SILENT;
	*y->count = 0;
	return THRESHOLD_ALERT;
}

static enum threshold_answer both(const struct match_ctx *m, const struct threshold *t, const struct tally *y)
{
	if (in_window(m, t, y))
		++*y->count;
	else
		restart(m, y);
	return *y->count == t->count ? THRESHOLD_ALERT : THRESHOLD_SILENT;
}

static enum threshold_answer filter(const struct match_ctx *m, const struct threshold *t, const struct tally *y)
{
	if (!in_window(m, t, y))
		return restart(m, y), THRESHOLD_NO;
	return ++*y->count > t->count ? THRESHOLD_ALERT : THRESHOLD_NO;
}

// Speaks at count, then at count * multiplier, and so on.
static enum threshold_answer backoff(const struct threshold *t, const struct tally *y)
{
	if (y->fresh) {
		*y->count = 0;
		*y->extra = t->count;
	}
	if (++*y->count < *y->extra)
		return THRESHOLD_SILENT;
	uint64_t next = (uint64_t)*y->extra * t->multiplier;
	*y->extra = next > UINT32_MAX ? UINT32_MAX : (uint32_t)next;
	return THRESHOLD_ALERT;
}

static enum threshold_answer suppress(const struct match_ctx *m, const struct threshold *t)
{
	int version = m->p->flags & PKT_IPV4 ? 4 : 6;
	if (!t->addrs)
		return THRESHOLD_SILENT;
	bool src = addr_set_has(t->addrs, &m->p->src, version), dst = addr_set_has(t->addrs, &m->p->dst, version);
	bool hit = t->track == TRACK_SRC ? src : t->track == TRACK_DST ? dst : src || dst;
	return hit ? THRESHOLD_SILENT : THRESHOLD_ALERT;
}

enum threshold_answer threshold_check(struct match_ctx *m, const struct threshold *t)
{
	struct tally y;
	if (t->type == THRESHOLD_SUPPRESS)
		return suppress(m, t);
	if (!tally_of(m, t, &y))
		return THRESHOLD_ALERT; // no room to count: better said too often
	switch (t->type) {
	case THRESHOLD_LIMIT:
		return limit(m, t, &y);
	case THRESHOLD_THRESHOLD:
		return every_nth(m, t, &y);
	case THRESHOLD_BOTH:
		return both(m, t, &y);
	case THRESHOLD_DETECTION_FILTER:
		return filter(m, t, &y);
	case THRESHOLD_BACKOFF:
		return backoff(t, &y);
	default:
		return THRESHOLD_ALERT;
	}
}
