// See reputation.h. Scores lie in one hash table by network, its length and category; an address is asked
// with each length that occurs, the longest first.
#include "detectors/signature/reputation.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "detectors/signature/ruleset_load.h"

#define SCORE_MAX 127

struct score {
	union ip_addr net;
	uint8_t category; // 0: free slot, or with ANY: the address is listed at all
	uint8_t length, version;
	uint8_t score;
};
#define ANY 255 // a host is listed, whatever for

struct reputation {
	const char *names[REPUTATION_CATEGORIES];
	struct score *slots;
	uint32_t cap, n;        // cap: power of two
	uint64_t lengths[2][3]; // IPv4, IPv6: prefix lengths that occur, as bits
};

static union ip_addr masked(const union ip_addr *addr, unsigned length)
{
	union ip_addr m = {0};
	memcpy(m.b, addr->b, length / 8);
	if (length % 8)
		m.b[length / 8] = (uint8_t)(addr->b[length / 8] & 0xff00 >> length % 8);
	return m;
}

static struct score *slot_of(const struct reputation *r, const struct score *want)
{
	uint64_t h = (want->net.d[0] ^ want->net.d[1] * 3 ^ (uint64_t)want->category << 48 ^
			     (uint64_t)want->length << 32 ^ (uint64_t)want->version << 56) *
		     0x9e3779b97f4a7c15ull;
	uint32_t at = (uint32_t)(h >> 32) & (r->cap - 1);
	while (r->slots[at].category &&
		(r->slots[at].category != want->category || r->slots[at].length != want->length ||
			r->slots[at].version != want->version || r->slots[at].net.d[0] != want->net.d[0] ||
			r->slots[at].net.d[1] != want->net.d[1]))
		at = (at + 1) & (r->cap - 1);
	return &r->slots[at];
}

static int grow(struct ruleset *rs, struct reputation *r)
{
	if (r->n * 2 < r->cap)
		return 0;
	struct reputation more = *r;
	more.cap = r->cap ? r->cap * 2 : 1024;
	more.slots = arena_alloc(&rs->arena, more.cap * sizeof(*more.slots));
	if (!more.slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < r->cap; i++)
		if (r->slots[i].category)
			*slot_of(&more, &r->slots[i]) = r->slots[i];
	*r = more;
	return 0;
}

static int put(struct ruleset *rs, struct reputation *r, const struct score *s)
{
	int rc = grow(rs, r);
	if (rc)
		return rc;
	struct score *slot = slot_of(r, s);
	r->n += !slot->category;
	*slot = *s;
	r->lengths[s->version == 6][s->length / 64] |= 1ull << s->length % 64;
	return 0;
}

// "10.0.0.0/8", "2001:db8::1"
static bool read_network(char *text, struct score *s)
{
	union ip_addr addr = {0};
	char *slash = strchr(text, '/');
	if (slash)
		*slash = 0;
	s->version = inet_pton(AF_INET, text, addr.b) == 1 ? 4 : inet_pton(AF_INET6, text, addr.b) == 1 ? 6 : 0;
	uint32_t most = s->version == 4 ? 32 : 128, length = most;
	bool ok = s->version && (!slash || lex_u32(slash + 1, 0, most, &length));
	s->length = (uint8_t)length;
	s->net = masked(&addr, length);
	return ok;
}

// ip, category, score
static int read_score(struct ruleset *rs, struct reputation *r, char *line)
{
	struct score s = {0};
	char *rest = line, *net = lex_field(&rest, ','), *category = lex_field(&rest, ','),
	     *score = lex_field(&rest, ',');
	uint32_t id, value;
	if (!score || !lex_u32(category, 1, REPUTATION_CATEGORIES - 1, &id) || !lex_u32(score, 0, SCORE_MAX, &value) ||
		!read_network(net, &s))
		return -EINVAL;
	s.category = (uint8_t)id;
	s.score = (uint8_t)value;
	int rc = put(rs, r, &s);
	if (rc || s.length != (s.version == 4 ? 32 : 128))
		return rc;
	s.category = ANY;
	s.score = 0;
	return put(rs, r, &s);
}

// id, short name, what it means
static int read_category(struct ruleset *rs, struct reputation *r, char *line)
{
	char *rest = line, *number = lex_field(&rest, ','), *name = lex_field(&rest, ',');
	uint32_t id;
	if (!name || !*name || !lex_u32(number, 1, REPUTATION_CATEGORIES - 1, &id))
		return -EINVAL;
	r->names[id] = arena_strdup(&rs->arena, name);
	return r->names[id] ? 0 : -ENOMEM;
}

static int read_file(struct ruleset *rs, struct report *rep, const char *path, const char *expected,
	int (*read_line)(struct ruleset *, struct reputation *, char *))
{
	struct rule_source src;
	bool too_long, binary;
	char *line;
	int rc = rule_source_open(&src, path);
	if (rc) {
		report_add(rep, path, 0, 0, RULE_REJECTED, "expected a readable file, found: %s", strerror(-rc));
		return rc;
	}
	while (rc != -ENOMEM && (line = rule_source_next(&src, &too_long, &binary))) {
		rc = too_long || binary ? -EINVAL : read_line(rs, rs->reputation, line);
		if (rc == -EINVAL)
			report_add(rep, path, src.line, 0, RULE_REJECTED, "expected %s", expected);
	}
	rule_source_close(&src);
	return rc == -ENOMEM ? rc : 0;
}

int reputation_load(struct ruleset *rs, const struct ruleset_config *cfg, struct report *rep)
{
	if (!cfg->reputation_categories)
		return 0;
	rs->reputation = arena_alloc(&rs->arena, sizeof(*rs->reputation));
	if (!rs->reputation)
		return -ENOMEM;
	int rc = read_file(rs, rep, cfg->reputation_categories, "id (1-59), short name, text", read_category);
	for (size_t i = 0; !rc && i < cfg->reputation_file_count; i++)
		rc = read_file(rs, rep, cfg->reputation_files[i], "address or network, category id, score (0-127)",
			read_score);
	return rc;
}

uint8_t reputation_category(const struct ruleset *rs, const char *name)
{
	for (uint8_t i = 1; rs->reputation && i < REPUTATION_CATEGORIES; i++)
		if (rs->reputation->names[i] && !strcmp(rs->reputation->names[i], name))
			return i;
	return 0;
}

int reputation_score(const struct ruleset *rs, uint8_t category, const union ip_addr *addr, int version)
{
	const struct reputation *r = rs->reputation;
	struct score want = {.category = category, .version = (uint8_t)version};
	unsigned host = version == 4 ? 32 : 128;
	if (!r || !r->cap)
		return -1;
	for (int word = 2; word >= 0; word--)
		for (uint64_t bits = r->lengths[version == 6][word]; bits;) {
			unsigned bit = 63 - (unsigned)__builtin_clzll(bits);
			bits &= ~(1ull << bit);
			want.length = (uint8_t)(word * 64 + (int)bit);
			want.net = masked(addr, want.length);
			want.category = category;
			const struct score *s = slot_of(r, &want);
			if (s->category)
				return s->score;
			want.category = ANY;
			if (want.length == host && slot_of(r, &want)->category)
				return 0;
		}
	return -1;
}
