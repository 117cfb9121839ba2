// Overlapping fragments: who wins, by policy.
#include "tests/unit/defrag_lab.h"

// Novak's picture of overlaps, in units of eight bytes: each fragment's bytes carry its number.
struct overlap {
	uint32_t unit, units;
	bool more;
	char fill;
};

static const struct overlap novak[] = {
	{0, 3, true, '1'},   // units 0-2
	{4, 2, true, '2'},   // 4-5
	{6, 3, true, '3'},   // 6-8
	{1, 4, true, '4'},   // 1-4: overlaps the end of 1 and the start of 2
	{6, 3, true, '5'},   // 6-8: exactly 3
	{9, 3, true, '6'},   // 9-11
	{12, 3, true, '7'},  // 12-14
	{15, 3, true, '8'},  // 15-17
	{12, 4, true, '9'},  // 12-15: same start as 7, longer, into 8
	{19, 2, true, 'a'},  // 19-20
	{18, 4, true, 'b'},  // 18-21: covers a on both sides
	{23, 2, true, 'c'},  // 23-24
	{22, 3, true, 'd'},  // 22-24: covers c, same end
	{25, 1, false, 'e'}, // 25
};

static char *rebuild_novak(enum defrag_policy policy, char *units)
{
	struct packet *p = NULL;

	config.policy = policy;
	reconfigure();
	for (size_t i = 0; i < sizeof(novak) / sizeof(novak[0]); i++) {
		assert_null(p);
		p = give4((struct piece){.offset = novak[i].unit * 8,
			.more = novak[i].more,
			.fill = (uint8_t)novak[i].fill,
			.len = novak[i].units * 8});
	}
	assert_non_null(p);
	assert_int_equal(p->len, 20 + 26 * 8);
	for (unsigned u = 0; u < 26; u++) {
		units[u] = (char)p->data[20 + u * 8];
		for (unsigned k = 1; k < 8; k++)
			assert_int_equal(p->data[20 + u * 8 + k], units[u]);
	}
	units[26] = '\0';
	return units;
}

// Expected by hand from the policies' definitions; Suricata 7.0.10 gives the same for every pair of overlapping
// fragments, and differs where three or more meet (units 15 and 16), where it forgets who came first.
static void every_policy_resolves_overlaps_as_its_system_does(void **state)
{
	static const struct {
		enum defrag_policy policy;
		const char *units;
	} expected[] = {
		{DEFRAG_FIRST, "111422333666777888baabdcce"},
		{DEFRAG_LAST, "144442555666999988bbbbddde"},
		{DEFRAG_BSD, "111442333666777988bbbbddde"},
		{DEFRAG_BSD_RIGHT, "144422555666999888baabdcce"},
		{DEFRAG_LINUX, "111442555666999988bbbbddde"},
		{DEFRAG_SOLARIS, "111422333666777888bbbbddde"},
		{DEFRAG_WINDOWS, "111422333666777888bbbbdcce"},
	};
	char units[27];

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_string_equal(rebuild_novak(expected[i].policy, units), expected[i].units);
}

// ---- random overlaps against the definition, pair by pair ----

struct span {
	uint32_t from, to; // units
	bool dropped;
};

// Whether the fragment that came later takes the units it shares with the earlier one.
static bool later_wins(enum defrag_policy policy, const struct span *earlier, const struct span *later)
{
	switch (policy) {
	case DEFRAG_BSD:
		return later->from < earlier->from;
	case DEFRAG_BSD_RIGHT:
		return later->from >= earlier->from;
	case DEFRAG_LINUX:
		return later->from <= earlier->from;
	case DEFRAG_LAST:
		return true;
	default:
		return false;
	}
}

static bool covers(enum defrag_policy policy, const struct span *earlier, const struct span *later)
{
	bool past = policy == DEFRAG_SOLARIS ? later->to >= earlier->to : later->to > earlier->to;

	return (policy == DEFRAG_SOLARIS || policy == DEFRAG_WINDOWS) && later->from < earlier->from && past;
}

// Which of n fragments, in order of arrival, has unit u.
static unsigned owner(enum defrag_policy policy, const struct span *spans, unsigned n, uint32_t u)
{
	unsigned best = n;

	for (unsigned i = 0; i < n; i++) {
		if (spans[i].dropped || u < spans[i].from || u >= spans[i].to)
			continue;
		if (best == n || later_wins(policy, &spans[best], &spans[i]))
			best = i;
	}
	return best;
}

static uint32_t draw(uint32_t below)
{
	static uint64_t x = 42;

	x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(x >> 33) % below;
}

static unsigned draw_spans(struct span *spans, uint32_t units)
{
	unsigned n = 0;
	uint32_t at = 0;

	for (; n < 6; n++) { // anywhere
		spans[n].from = draw(units - 1);
		spans[n].to = spans[n].from + 1 + draw(units - 1 - spans[n].from);
	}
	for (; at < units - 1; n++) { // and pieces that leave no gap
		spans[n].from = at;
		at += 1 + draw(3);
		spans[n].to = at = at < units - 1 ? at : units - 1;
	}
	for (unsigned i = n - 1; i > 0; i--) {
		unsigned k = draw(i + 1);
		struct span swap = spans[i];
		spans[i] = spans[k];
		spans[k] = swap;
	}
	spans[n] = (struct span){units - 1, units, false}; // the last fragment comes last
	for (unsigned i = 0; i <= n; i++)
		spans[i].dropped = false;
	return n + 1;
}

static void random_overlap_resolves_as_its_pairs_do(enum defrag_policy policy, uint16_t id)
{
	struct span spans[64];
	uint32_t units = 4 + draw(20);
	unsigned n = draw_spans(spans, units);
	struct packet *p = NULL;

	for (unsigned i = 0; i < n; i++) {
		for (unsigned k = 0; k < i; k++)
			spans[k].dropped |= covers(policy, &spans[k], &spans[i]);
		p = give4((struct piece){.offset = spans[i].from * 8,
			.more = i + 1 < n,
			.fill = (uint8_t)i,
			.len = (spans[i].to - spans[i].from) * 8,
			.id = id});
	}
	assert_non_null(p);
	for (uint32_t u = 0; u < units; u++)
		assert_int_equal(p->data[20 + u * 8 + 7], owner(policy, spans, n, u));
}

// Memory of the datagrams before is used again.
static void random_overlaps_resolve_as_their_pairs_do(void **state)
{
	for (enum defrag_policy policy = DEFRAG_BSD; policy <= DEFRAG_WINDOWS; policy++) {
		config.policy = policy;
		reconfigure();
		for (uint16_t round = 0; round < 286; round++) {
			random_overlap_resolves_as_its_pairs_do(policy, round);
			next_burst();
		}
	}
}

static enum defrag_policy last_for_nine(const void *arg, const struct packet *frag)
{
	(*(unsigned *)(uintptr_t)arg)++;
	return frag->src.b[3] == 9 ? DEFRAG_LAST : DEFRAG_FIRST;
}

static void the_policy_is_chosen_once_a_datagram_by_its_packet(void **state)
{
	unsigned calls = 0;

	config.policy_of = last_for_nine;
	config.policy_arg = &calls;
	reconfigure();
	for (unsigned i = 0; i < 2; i++) {
		const char *src = i ? "10.0.0.9" : "10.0.0.1";
		give4((struct piece){.more = true, .bytes = "aaaaaaaa", .src = src});
		give4((struct piece){.more = true, .bytes = "bbbbbbbb", .src = src});
		assert_rebuilt4(
			give4((struct piece){.offset = 8, .bytes = "c", .src = src}), i ? "bbbbbbbbc" : "aaaaaaaac");
	}
	assert_int_equal(calls, 2);
	config.policy_of = NULL;
}

static void policies_are_known_by_their_systems_names(void **state)
{
	enum defrag_policy policy;

	assert_true(defrag_policy_by_name("vista", &policy));
	assert_int_equal(policy, DEFRAG_WINDOWS);
	assert_true(defrag_policy_by_name("hpux11", &policy));
	assert_int_equal(policy, DEFRAG_FIRST);
	assert_false(defrag_policy_by_name("beos", &policy));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(every_policy_resolves_overlaps_as_its_system_does),
		CASE(random_overlaps_resolve_as_their_pairs_do),
		CASE(the_policy_is_chosen_once_a_datagram_by_its_packet),
		CASE(policies_are_known_by_their_systems_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
