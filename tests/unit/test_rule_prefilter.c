// The engine with its prefilter against a plain matcher that has none: random rule sets, random payloads, the same
// answers. RULE_SETS says how many sets (each of its own seed), RULE_SEED the first seed.
#include "rule_bench.h"

#define RULES 24
#define PAYLOADS 24
#define CONTENTS 4
#define PAYLOAD_MAX 48

// A content of a random rule, and what a plain matcher needs of it.
struct plain {
	char text[6];
	int len, offset, depth, distance, within; // depth, within 0: not given
	bool nocase, relative, negated, at_end;
};

struct plain_rule {
	struct plain c[CONTENTS];
	int n, port; // 0: any
};

static const char alphabets[3][6] = {"abcABC", "aab\0\xff ", "ab|;:\""};
static const char *alphabet;

static char any_byte(void)
{
	return alphabet[random() % 6];
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool same_bytes(const struct plain *c, const char *at)
{
	for (int i = 0; i < c->len; i++)
		if (c->nocase ? lower(at[i]) != lower(c->text[i]) : at[i] != c->text[i])
			return false;
	return true;
}

// An end before the beginning is none, as in Suricata.
static bool fits(const struct plain *c, int pos, int end, int len)
{
	if (c->at_end && pos + c->len != len)
		return false;
	if (c->relative)
		return pos >= end + c->distance && (!c->within || end + c->distance + c->within < 0 ||
							   pos + c->len <= end + c->distance + c->within);
	return pos >= c->offset && (!c->depth || pos + c->len <= c->offset + c->depth);
}

// Tries every way the contents can stand one behind the other.
static bool plain_match(const struct plain *c, int n, const char *buf, int len, int end)
{
	if (!n)
		return true;
	bool any = false;
	for (int pos = 0; pos + c->len <= len && !any; pos++) {
		if (!fits(c, pos, end, len) || !same_bytes(c, buf + pos))
			continue;
		any = c->negated;
		if (!c->negated && plain_match(c + 1, n - 1, buf, len, pos + c->len))
			return true;
	}
	return c->negated && !any && plain_match(c + 1, n - 1, buf, len, end);
}

static char *random_place(struct plain *c, bool first, char *out)
{
	c->relative = !first && random() % 2;
	c->at_end = random() % 8 == 0;
	if (c->relative) {
		c->distance = (int)(random() % 6) - 2;
		c->within = random() % 2 ? c->len + (int)(random() % 5) : 0;
		out += sprintf(out, "distance:%d; ", c->distance);
		out += c->within ? sprintf(out, "within:%d; ", c->within) : 0;
	} else if (random() % 6 == 0) {
		c->depth = c->len;
		out += sprintf(out, "startswith; ");
	} else if (random() % 2) {
		c->offset = (int)(random() % 6);
		c->depth = c->len + (int)(random() % 20);
		out += sprintf(out, "offset:%d; depth:%d; ", c->offset, c->depth);
	}
	return out + (c->at_end ? sprintf(out, "endswith; ") : 0);
}

// *fast: whether the rule may still name the literal to look for; any one must give the same answers.
static char *random_content(struct plain *c, bool first, bool *fast, char *out)
{
	memset(c, 0, sizeof(*c));
	c->len = 1 + (int)(random() % (int)sizeof(c->text));
	c->len = random() % 2 ? 1 + c->len % 2 : c->len;
	c->nocase = random() % 3 == 0;
	c->negated = random() % 5 == 0;
	out += sprintf(out, "content:%s\"|", c->negated ? "!" : "");
	for (int i = 0; i < c->len; i++)
		out += sprintf(out, "%02x ", (uint8_t)(c->text[i] = any_byte()));
	out += sprintf(out, "|\"; %s", c->nocase ? "nocase; " : "");
	out = random_place(c, first, out);
	if (*fast && !c->negated && random() % 3 == 0) {
		int from = (int)(random() % c->len);
		*fast = false;
		out += random() % 2 ? sprintf(out, "fast_pattern; ")
				    : sprintf(out, "fast_pattern:%d,%d; ", from, 1 + (int)(random() % (c->len - from)));
	}
	return out;
}

static char *random_rule(struct plain_rule *r, int sid, char *out)
{
	bool fast = true;
	r->port = random() % 3 ? 0 : 9000 + (int)(random() % 4);
	r->n = 1 + (int)(random() % CONTENTS);
	out += sprintf(out, r->port ? "alert udp any any -> any %d (" : "alert udp any any -> any any (", r->port);
	for (int c = 0; c < r->n; c++)
		out = random_content(&r->c[c], c == 0, &fast, out);
	return out + sprintf(out, "sid:%d;)\n", sid);
}

static size_t compare(struct rule_bench *b, const struct plain_rule *rules, const char *text, unsigned seed)
{
	char payload[PAYLOAD_MAX];
	int len = 1 + (int)(random() % PAYLOAD_MAX);
	for (int k = 0; k < len; k++)
		payload[k] = any_byte();
	b->dport = (uint16_t)(9000 + random() % 5);
	b->n = 0;
	bench_udp(b, CLIENT, payload, (size_t)len);
	for (int r = 0; r < RULES; r++) {
		const struct plain_rule *p = &rules[r];
		size_t want = (!p->port || p->port == b->dport) && plain_match(p->c, p->n, payload, len, 0);
		if (bench_count(b, (uint32_t)r + 1) == want)
			continue;
		fprintf(stderr, "%sport %u, payload", text, b->dport);
		for (int k = 0; k < len; k++)
			fprintf(stderr, " %02x", (uint8_t)payload[k]);
		fail_msg("seed %u, rule %d: %zu alerts, expected %zu", seed, r + 1, bench_count(b, (uint32_t)r + 1),
			want);
	}
	return b->n;
}

static size_t one_set(unsigned seed)
{
	struct plain_rule rules[RULES];
	char *text = malloc(RULES * 1024), *at = text;
	struct ruleset_config cfg = {.alert_max = 1000};
	size_t alerts = 0;
	srandom(seed);
	alphabet = alphabets[random() % 3];
	for (int r = 0; r < RULES; r++)
		at = random_rule(&rules[r], r + 1, at);
	struct rule_bench *b = bench_open_with(text, &cfg);
	for (int i = 0; i < PAYLOADS; i++)
		alerts += compare(b, rules, text, seed);
	bench_close(b);
	free(text);
	return alerts;
}

static unsigned setting(const char *name, unsigned otherwise)
{
	const char *text = getenv(name);
	return text ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

static void the_engine_agrees_with_a_matcher_without_prefilter(void **state)
{
	unsigned sets = setting("RULE_SETS", 20), first = setting("RULE_SEED", 1);
	size_t alerts = 0;
	for (unsigned i = 0; i < sets; i++)
		alerts += one_set(first + i);
	print_message("%u rule sets from seed %u: %zu alerts, the same\n", sets, first, alerts);
	assert_true(alerts > sets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_engine_agrees_with_a_matcher_without_prefilter),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
