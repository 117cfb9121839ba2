// What is usual at this hour of the week, see baseline.h.
#include "detectors/heuristics/baseline.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_NS 3600000000000ull
#define MONDAY 72u // 1970 began on a Thursday
#define WEEKS_COUNTED 4.0
#define STEPS_OCTAVE 1000.0

size_t baselines_size(void)
{
	return sizeof(struct baselines) + keytab_size(BASELINE_BUCKETS_LOG, sizeof(struct baseline));
}

struct baselines *baselines_init(void *mem)
{
	struct baselines *b = mem;
	keytab_init(&b->table, b->records, BASELINE_BUCKETS_LOG, sizeof(struct baseline));
	return b;
}

// The bits of an address that a prefix leaves to hosts are all zero in `net`, and the others equal.
static bool lies_in(const union ip_addr *addr, const union ip_addr *net, uint32_t bits)
{
	uint32_t whole = bits / 8, rest = bits % 8;
	if (memcmp(addr->b, net->b, whole) != 0)
		return false;
	return rest == 0 || ((addr->b[whole] ^ net->b[whole]) & (0xff00u >> rest) & 0xff) == 0;
}

static int parse_prefix(const char *text, struct baseline_prefix *p)
{
	char addr[INET6_ADDRSTRLEN + 1] = "", *end;
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	union ip_addr host;
	if (len >= sizeof(addr))
		return -EINVAL;
	memcpy(addr, text, len);
	memset(&p->addr, 0, sizeof(p->addr));
	p->version = strchr(addr, ':') ? 6 : 4;
	if (inet_pton(p->version == 6 ? AF_INET6 : AF_INET, addr, p->addr.b) != 1)
		return -EINVAL;
	long most = p->version == 6 ? 128 : 32, bits = most;
	if (slash) {
		bits = strtol(slash + 1, &end, 10);
		if (end == slash + 1 || *end || bits < 0 || bits > most)
			return -EINVAL;
	}
	p->bits = (uint8_t)bits;
	host = p->addr;
	for (uint32_t i = 0; i < sizeof(host.b); i++)
		host.b[i] &= i * 8 >= p->bits ? 0 : i * 8 + 8 <= p->bits ? 0xff : (uint8_t)(0xff00u >> p->bits % 8);
	return memcmp(&host, &p->addr, sizeof(host)) == 0 ? 0 : -EINVAL;
}

int baselines_add_prefix(struct baselines *b, const char *name, const char *text)
{
	struct baseline_prefix p;
	uint32_t i = b->prefix_count;
	if (i == BASELINE_PREFIXES)
		return -ENOSPC;
	memset(&p, 0, sizeof(p));
	if (!name[0] || strlen(name) >= sizeof(p.name) || parse_prefix(text, &p) != 0)
		return -EINVAL;
	memcpy(p.name, name, strlen(name));
	for (; i > 0 && b->prefixes[i - 1].bits < p.bits; i--)
		b->prefixes[i] = b->prefixes[i - 1];
	b->prefixes[i] = p;
	b->prefix_count++;
	return 0;
}

const struct baseline_prefix *baselines_prefix(const struct baselines *b, const union ip_addr *addr, uint8_t version)
{
	for (uint32_t i = 0; b && i < b->prefix_count; i++)
		if (b->prefixes[i].version == version && lies_in(addr, &b->prefixes[i].addr, b->prefixes[i].bits))
			return &b->prefixes[i];
	return NULL;
}

// Rates are kept as logarithms in steps of a thousandth of an octave: two bytes hold all that can be.
static uint16_t to_code(double rate)
{
	double code = rate >= 1 ? 1 + round(log2(rate) * STEPS_OCTAVE) : 0;
	return code < UINT16_MAX ? (uint16_t)code : UINT16_MAX;
}

static double from_code(uint16_t code)
{
	return code ? exp2((code - 1) / STEPS_OCTAVE) : 0;
}

static uint32_t hour_of_week(uint64_t hour)
{
	return (uint32_t)((hour + MONDAY) % BASELINE_HOURS);
}

// The hour is over: it moves its place in the week by a quarter, the first ones by more.
static void fold(struct baseline *r)
{
	uint32_t h = hour_of_week(r->hour);
	double n = (double)r->samples, mean = r->sum / n, square = r->squares / n - mean * mean;
	double within = square > 0 ? sqrt(square) : 0, old = from_code(r->mean[h]), spread = from_code(r->spread[h]);
	double share = 1 / fmin(r->weeks[h] + 1.0, WEEKS_COUNTED);
	if (r->weeks[h] != 0)
		within = fmax(within, fabs(mean - old));
	r->mean[h] = to_code(old + share * (mean - old));
	r->spread[h] = to_code(spread + share * (within - spread));
	r->weeks[h] += r->weeks[h] != UINT8_MAX;
	r->sum = r->squares = 0;
	r->samples = 0;
	r->head.keep = 1;
}

void baselines_learn(struct baselines *b, uint64_t subject, uint64_t now_ns, double rate)
{
	bool fresh;
	uint64_t hour = now_ns / HOUR_NS;
	struct baseline *r = keytab_get(&b->table, subject, now_ns, &fresh);
	if (!fresh && hour > r->hour && r->samples)
		fold(r);
	if (fresh || hour > r->hour)
		r->hour = hour;
	r->sum += rate;
	r->squares += rate * rate;
	r->samples++;
}

bool baselines_usual(struct baselines *b, uint64_t subject, uint64_t now_ns, struct baseline_usual *out)
{
	const struct baseline *r = keytab_find(&b->table, subject);
	memset(out, 0, sizeof(*out));
	out->hour = hour_of_week(now_ns / HOUR_NS);
	if (!r || r->weeks[out->hour] == 0)
		return false;
	out->mean = from_code(r->mean[out->hour]);
	out->spread = from_code(r->spread[out->hour]);
	out->weeks = r->weeks[out->hour];
	return true;
}

const struct baseline *baselines_record(const struct baselines *b, uint32_t i)
{
	return i < b->table.used ? (const struct baseline *)(b->table.records + (size_t)i * sizeof(struct baseline))
				 : NULL;
}

bool baselines_take(struct baselines *b, const struct baseline *r)
{
	bool fresh;
	if (r->head.digest == 0 || !isfinite(r->sum) || !isfinite(r->squares) || r->sum < 0 || r->squares < 0) {
		b->damaged++;
		return false;
	}
	struct baseline *to = keytab_get(&b->table, r->head.digest, r->head.last_ns, &fresh);
	struct keyed head = to->head;
	*to = *r;
	to->head = head;
	to->head.keep = r->head.keep != 0;
	return true;
}
