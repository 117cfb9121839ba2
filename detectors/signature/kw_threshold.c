// threshold, detection_filter, tag: how often a rule speaks, and what follows an alert.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "detectors/signature/rule_parse.h"
#include "detectors/signature/tags.h"

#define TAG_DEFAULT_PACKETS 256u

static const char *const types[] = {[THRESHOLD_LIMIT] = "limit",
	[THRESHOLD_THRESHOLD] = "threshold",
	[THRESHOLD_BOTH] = "both",
	[THRESHOLD_BACKOFF] = "backoff"};
static const char *const tracks[] = {[TRACK_SRC] = "by_src",
	[TRACK_DST] = "by_dst",
	[TRACK_BOTH] = "by_both",
	[TRACK_RULE] = "by_rule",
	[TRACK_FLOW] = "by_flow"};

static int lookup(const char *const *names, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (names[i] && !strcmp(names[i], word))
			return (int)i;
	return -1;
}

struct seen {
	bool type, track, count, seconds, multiplier;
};

static int threshold_word(
	struct rule_parser *ps, const struct keyword *kw, struct threshold *t, struct seen *seen, char *field)
{
	char *value = lex_value(field);
	int i = -1;
	bool ok = false;
	if (!strcmp(field, "type") && !seen->type) {
		i = lookup(types, sizeof(types) / sizeof(*types), value);
		ok = seen->type = i >= 0;
		t->type = (uint8_t)i;
	} else if (!strcmp(field, "track") && !seen->track) {
		i = lookup(tracks, sizeof(tracks) / sizeof(*tracks), value);
		ok = seen->track = i >= 0;
		t->track = (uint8_t)i;
	} else if (!strcmp(field, "count") && !seen->count) {
		ok = seen->count = lex_u32(value, 1, UINT32_MAX, &t->count);
	} else if (!strcmp(field, "seconds") && !seen->seconds) {
		ok = seen->seconds = lex_u32(value, 1, UINT32_MAX, &t->seconds);
	} else if (!strcmp(field, "multiplier") && !seen->multiplier) {
		ok = seen->multiplier = lex_u32(value, 2, 65535, &t->multiplier);
	}
	return ok ? 0 : parse_fail(ps, "expected %s, found \"%.40s %.40s\"", kw->syntax, field, value);
}

static int parse_threshold(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct threshold *t = rule_alloc(ps, sizeof(*t));
	struct seen seen = {.type = kw->data};
	char *rest = arg, *field;
	if (!t)
		return -ENOMEM;
	if (ps->rule->threshold || ps->rule->detection_filter)
		return parse_fail(ps, "expected one threshold or detection_filter a rule");
	while ((field = lex_field(&rest, ',')))
		if (threshold_word(ps, kw, t, &seen, field))
			return -EINVAL;
	bool backoff = !kw->data && t->type == THRESHOLD_BACKOFF;
	if (!seen.type || !seen.track || !seen.count || (!seen.seconds && !backoff) || (backoff && !seen.multiplier))
		return parse_fail(ps, "expected %s", kw->syntax);
	if (kw->data) {
		t->type = THRESHOLD_DETECTION_FILTER;
		ps->rule->detection_filter = t;
	} else {
		ps->rule->threshold = t;
	}
	return 0;
}

// Fills in "n, metric[, src|dst]"; `host` alone has a direction that matters. Returns false when it reads otherwise.
static bool tag_words(struct tag_args *a, char *rest)
{
	static const char *const metrics[] = {
		[TAG_PACKETS] = "packets", [TAG_BYTES] = "bytes", [TAG_SECONDS] = "seconds"};
	char *n = lex_field(&rest, ','), *metric = lex_field(&rest, ','), *side = lex_field(&rest, ',');
	if (!n)
		return true;
	if (!lex_u32(n, 0, UINT32_MAX, &a->count) || !metric || lex_field(&rest, ','))
		return false;
	for (a->metric = 0; a->metric < 3 && strcmp(metric, metrics[a->metric]); a->metric++)
		;
	if (side && strcmp(side, "src") && strcmp(side, "dst"))
		return false;
	if (side && a->track != TRACK_FLOW)
		a->track = side[0] == 's' ? TRACK_SRC : TRACK_DST;
	return a->metric < 3;
}

static int parse_tag(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct tag_args *a = rule_alloc(ps, sizeof(*a));
	char *rest = arg, *type = lex_field(&rest, ',');
	if (!a)
		return -ENOMEM;
	*a = (struct tag_args){ps->rule->tag, TAG_DEFAULT_PACKETS, TAG_PACKETS, TRACK_DST};
	if (!strcmp(type, "session"))
		a->track = TRACK_FLOW;
	else if (strcmp(type, "host"))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, type);
	if (!tag_words(a, rest))
		return parse_fail(ps, "expected %s", kw->syntax);
	ps->rule->tag = a;
	return 0;
}

const struct keyword kw_threshold_table[] = {
	{"threshold", NULL, ARG_REQUIRED, parse_threshold, 0,
		"type limit|threshold|both|backoff, track by_src|by_dst|by_both|by_rule|by_flow, count n, seconds n[, "
		"multiplier n]",
		"threshold:type limit, track by_src, count 1, seconds 60;", "How many of the matches become alerts.",
		"same; backoff and by_flow as Suricata 8"},
	{"detection_filter", NULL, ARG_REQUIRED, parse_threshold, 1,
		"track by_src|by_dst|by_both|by_rule|by_flow, count n, seconds n",
		"detection_filter:track by_src, count 10, seconds 60;", "The rule matches from the (n+1)th time on.",
		"same"},
	{"tag", NULL, ARG_REQUIRED, parse_tag, 0, "session|host[, n, packets|seconds|bytes[, src|dst]]",
		"tag:session,300,seconds;",
		"Logs the packets behind an alert, 256 unless told: of its session, or from and to its source or "
		"destination.",
		"same; at most 16 tags a session or host (50), and 3,072 bytes of a packet"},
	{0},
};
