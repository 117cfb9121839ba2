// Random rules and random transactions: the engine gives the answers of a plain walk over all rules without a
// prefilter, whichever way the bytes were cut into segments.
#include "random_below.h"
#include "tx_lab.h"

#define RULES 60u
#define TRANSACTIONS 40u
#define PARTS 3u

enum where { URI, AGENT, VALUES, BODY, CODE, RAW, PLACES };
static const char *const keyword[PLACES] = {
	"http.uri", "http.user_agent", "dns.query", "http.request_body", "http.stat_code", "pkt_data"};

struct part {
	uint8_t where; // enum where
	bool negated, nocase, whole;
	char text[4];
};

struct plain_rule {
	uint32_t n;
	struct part part[PARTS];
};

// What a transaction says in one place: a body and raw bytes have one value.
struct said {
	uint32_t n[PLACES];
	char text[PLACES][LAB_VALUES][96];
};

static void random_text(char *out, uint32_t least, uint32_t most)
{
	uint32_t n = least + random_below(most - least + 1);
	for (uint32_t i = 0; i < n; i++)
		out[i] = "abcABC"[random_below(6)];
	out[n] = 0;
}

// A rule asks one direction: of the question, or of the answer.
static void random_rule(struct plain_rule *r, char *text, size_t cap, uint32_t sid)
{
	bool answer = random_below(8) == 0;
	size_t at = (size_t)snprintf(text, cap, "alert tcp any any -> any any (");
	r->n = 1 + random_below(PARTS);
	bool app = false;
	for (uint32_t i = 0; i < r->n; i++) {
		struct part *p = &r->part[i];
		*p = (struct part){.where = (uint8_t)(answer ? CODE : random_below(CODE)),
			.negated = random_below(5) == 0,
			.nocase = random_below(3) == 0,
			.whole = random_below(6) == 0};
		if (!answer && i + 1 == r->n && app && random_below(2))
			*p = (struct part){.where = RAW};
		app |= p->where != RAW;
		random_text(p->text, 1, 3);
		at += (size_t)snprintf(text + at, cap - at, "%s; content:%s\"%s\"; %s%s", keyword[p->where],
			p->negated ? "!" : "", p->text, p->nocase ? "nocase; " : "",
			p->whole && !p->negated && p->where != RAW ? "startswith; endswith; " : "");
		if (p->negated || p->where == RAW)
			p->whole = false;
	}
	snprintf(text + at, cap - at, "sid:%u;)\n", sid);
}

static bool text_has(const char *value, const struct part *p)
{
	if (p->whole && strlen(value) != strlen(p->text))
		return false;
	return (p->nocase ? strcasestr(value, p->text) : strstr(value, p->text)) != NULL;
}

// Tests of one buffer are one test, which a single value has to hold.
static bool place_holds(const struct plain_rule *r, const struct said *s, uint32_t where)
{
	for (uint32_t v = 0; v < s->n[where]; v++) {
		bool holds = true;
		for (uint32_t i = 0; i < r->n; i++)
			if (r->part[i].where == where)
				holds &= text_has(s->text[where][v], &r->part[i]) != r->part[i].negated;
		if (holds)
			return true;
	}
	return false;
}

static bool plainly(const struct plain_rule *r, const struct said *s)
{
	uint32_t places = 0;
	for (uint32_t i = 0; i < r->n; i++)
		places |= 1u << r->part[i].where;
	for (uint32_t w = 0; w < PLACES; w++)
		if (places >> w & 1 && !place_holds(r, s, w))
			return false;
	return true;
}

// Writes a question; what it says goes into s.
static void random_question(struct said *s, char *out, size_t cap)
{
	memset(s, 0, sizeof(*s));
	for (uint32_t w = URI; w <= AGENT; w++) {
		s->n[w] = 1;
		random_text(s->text[w][0], 1, 6);
	}
	size_t at = (size_t)snprintf(out, cap, "Q %s;%s;", s->text[URI][0], s->text[AGENT][0]);
	s->n[VALUES] = 1 + random_below(LAB_VALUES);
	for (uint32_t v = 0; v < s->n[VALUES]; v++) {
		random_text(s->text[VALUES][v], 1, 4);
		at += (size_t)snprintf(out + at, cap - at, "%s%s", v ? "," : "", s->text[VALUES][v]);
	}
	at += (size_t)snprintf(out + at, cap - at, "\n");
	for (uint32_t lines = random_below(3); lines; lines--) {
		char text[16];
		random_text(text, 1, 6);
		s->n[BODY] = 1;
		strcat(s->text[BODY][0], text);
		at += (size_t)snprintf(out + at, cap - at, "B %s\n", text);
	}
	snprintf(out + at, cap - at, "E\n");
	s->n[RAW] = 1;
	snprintf(s->text[RAW][0], sizeof(s->text[RAW][0]), "%.95s", out);
}

// In segments of random length.
static void send_cut(struct rule_bench *b, int from, const char *text)
{
	for (size_t left = strlen(text); left;) {
		size_t n = 1 + random_below((uint32_t)left);
		bench_tcp(b, from, 0x18, text, n);
		bench_tcp(b, !from, 0x10, NULL, 0);
		text += n;
		left -= n;
	}
}

static bool alerted(const struct rule_bench *b, uint32_t sid, uint64_t tx)
{
	size_t n = 0;
	for (size_t i = 0; i < b->n; i++)
		n += b->sids[i] == sid && b->txs[i] == tx;
	assert_true(n <= 1); // once a transaction, rule and direction
	return n;
}

static uint32_t expected; // alerts of all sets

static void compare(struct rule_bench *b, const struct plain_rule *rules, const struct said *s, uint64_t tx)
{
	for (uint32_t i = 0; i < RULES; i++) {
		expected += plainly(&rules[i], s);
		if (alerted(b, i + 1, tx) != plainly(&rules[i], s))
			fail_msg("rule %u, transaction %llu of \"%s\" answered \"%s\": %s", i + 1,
				(unsigned long long)tx, s->text[RAW][0], s->text[CODE][0],
				plainly(&rules[i], s) ? "missing" : "extra");
	}
	b->n = 0;
}

static void one_set(void)
{
	struct plain_rule rules[RULES];
	char *text = calloc(RULES, 512), *at = text, line[512];
	struct said s;
	for (uint32_t i = 0; i < RULES; i++) {
		random_rule(&rules[i], at, 512, i + 1);
		at += strlen(at);
	}
	struct rule_bench *b = tx_open(text);
	for (uint32_t t = 0; t < TRANSACTIONS; t++) {
		random_question(&s, line, sizeof(line));
		send_cut(b, CLIENT, line);
		s.n[CODE] = 1;
		random_text(s.text[CODE][0], 1, 4);
		snprintf(line, sizeof(line), "R %s\nE\n", s.text[CODE][0]);
		send_cut(b, SERVER, line);
		compare(b, rules, &s, t);
	}
	bench_close(b);
	free(text);
}

static void random_rules_and_transactions_agree_with_a_plain_walk(void **state)
{
	for (uint32_t i = 0; i < 12; i++)
		one_set();
	assert_true(expected > 12 * RULES); // or the sets would say nothing
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(random_rules_and_transactions_agree_with_a_plain_walk)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
