// threshold.config: thresholds, rate filters and suppressions applied to rules from outside.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "detectors/signature/ruleset_load.h"

// One line: "suppress gen_id 1, sig_id 7, track by_src, ip 10.0.0.0/8"
struct entry {
	uint32_t gid, sid; // sid 0: every rule of the gid
	const char *ip;
	struct threshold t;
	bool has_gid, has_sid, has_type, has_track, has_count, has_seconds;
};

static int lookup(const char *const *names, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (names[i] && !strcasecmp(names[i], word))
			return (int)i;
	return -1;
}

#define FIELDS                                                                                                   \
	"gen_id n, sig_id n, type limit|threshold|both, track by_src|by_dst|by_both|by_rule|by_flow|by_either, " \
	"count n, seconds n, new_action alert|pass|drop|reject, timeout n or ip addresses"

// field: "track by_src", cut behind its name.
static bool read_field(struct entry *e, const char *field, char *value)
{
	static const char *const types[] = {"limit", "threshold", "both"};
	static const char *const tracks[] = {"by_src", "by_dst", "by_both", "by_rule", "by_flow", "by_either"};
	static const char *const actions[] = {"alert", "pass", "drop", "reject"};
	int i;
	if (!strcmp(field, "gen_id"))
		return e->has_gid = lex_u32(value, 0, UINT32_MAX, &e->gid);
	if (!strcmp(field, "sig_id"))
		return e->has_sid = lex_u32(value, 0, UINT32_MAX, &e->sid);
	if (!strcmp(field, "count"))
		return e->has_count = lex_u32(value, 1, UINT32_MAX, &e->t.count);
	if (!strcmp(field, "seconds"))
		return e->has_seconds = lex_u32(value, 1, UINT32_MAX, &e->t.seconds);
	if (!strcmp(field, "timeout"))
		return lex_u32(value, 0, UINT32_MAX, &e->t.timeout);
	if (!strcmp(field, "ip"))
		return e->ip = value, *value != 0;
	if (!strcmp(field, "type") && (i = lookup(types, 3, value)) >= 0)
		return e->t.type = (uint8_t)i, e->has_type = true;
	if (!strcmp(field, "track") && (i = lookup(tracks, 6, value)) >= 0)
		return e->t.track = (uint8_t)i, e->has_track = true;
	if (!strcmp(field, "new_action") && (i = lookup(actions, 4, value)) >= 0)
		return e->t.new_action = (uint8_t)i, true;
	return false;
}

// What a line of this kind lacks, NULL: nothing.
static const char *missing(const char *kind, struct entry *e)
{
	bool counts = e->has_track && e->has_count && e->has_seconds;
	if (!e->has_gid || !e->has_sid)
		return "gen_id and sig_id (0 for all)";
	if (!strcmp(kind, "suppress")) {
		e->t.type = THRESHOLD_SUPPRESS;
		return !e->ip == !e->has_track ? NULL : "track and ip together";
	}
	if (!strcmp(kind, "rate_filter")) {
		e->t.type = THRESHOLD_RATE_FILTER;
		return counts ? NULL : "track, count and seconds";
	}
	return counts && e->has_type ? NULL : "type, track, count and seconds";
}

// Returns false with what was expected in `why`.
static bool read_line(char *line, struct entry *e, char *why, size_t cap)
{
	static const char *const kinds[] = {"suppress", "threshold", "event_filter", "rate_filter"};
	char *rest = lex_value(line), *field;
	memset(e, 0, sizeof(*e));
	if (lookup(kinds, 4, line) < 0) {
		snprintf(why, cap, "expected suppress, threshold, event_filter or rate_filter, found \"%.40s\"", line);
		return false;
	}
	while ((field = lex_field(&rest, ','))) {
		char *value = lex_value(field);
		if (!read_field(e, field, value)) {
			snprintf(why, cap, "expected one of " FIELDS ", found \"%.20s %.40s\"", field, value);
			return false;
		}
	}
	const char *lacks = missing(line, e);
	if (lacks)
		snprintf(why, cap, "expected %s in a line that begins with %s", lacks, line);
	return !lacks;
}

static int apply(struct ruleset *rs, const struct entry *e, struct rule *r)
{
	struct threshold *t = arena_alloc(&rs->arena, sizeof(*t));
	if (!t)
		return -ENOMEM;
	*t = e->t;
	if (t->type == THRESHOLD_SUPPRESS) {
		t->next = r->suppress;
		r->suppress = t;
	} else if (t->type == THRESHOLD_RATE_FILTER) {
		t->next = r->rate_filter;
		r->rate_filter = t;
	} else if (e->sid || !r->threshold) { // a rule's own threshold stands against one for all rules
		r->threshold = t;
	}
	return 0;
}

static int apply_line(struct ruleset *rs, struct entry *e, struct report *rep, const char *path, uint32_t line)
{
	struct addr_set_error err;
	bool found = false;
	int rc = 0;
	if (e->ip) {
		struct addr_set *set = addr_set_parse(e->ip, &rs->addr_vars, &err);
		if (!set) {
			report_add(rep, path, line, e->sid, RULE_REJECTED, "ip: %s", err.text);
			return 0;
		}
		e->t.addrs = set;
		struct owned_set *own = arena_alloc(&rs->arena, sizeof(*own));
		if (!own) {
			addr_set_free(set);
			return -ENOMEM;
		}
		*own = (struct owned_set){rs->owned_sets, set};
		rs->owned_sets = own;
	}
	for (struct rule *r = rs->first; !rc && r; r = r->next) {
		if ((e->gid && r->info.gid != e->gid) || (e->sid && r->info.sid != e->sid))
			continue;
		rc = apply(rs, e, r);
		found = true;
	}
	if (!found)
		report_add(rep, path, line, e->sid, RULE_LOADED, "no rule has gid %u and sid %u", e->gid, e->sid);
	return rc;
}

int ruleset_thresholds(struct ruleset *rs, const struct ruleset_config *cfg, struct report *rep)
{
	const char *path = cfg->threshold_file;
	struct rule_source src;
	bool too_long, binary;
	char *line;
	struct entry e;
	if (!path || !*path)
		return 0;
	int rc = rule_source_open(&src, path);
	if (rc) {
		report_add(
			rep, path, 0, 0, RULE_REJECTED, "expected a readable threshold file, found: %s", strerror(-rc));
		return rc;
	}
	while (!rc && (line = rule_source_next(&src, &too_long, &binary))) {
		char why[320] = "expected a line of text of at most 65536 bytes";
		if (too_long || binary || !read_line(line, &e, why, sizeof(why)))
			report_add(rep, path, src.line, 0, RULE_REJECTED, "%s", why);
		else
			rc = apply_line(rs, &e, rep, path, src.line);
	}
	rule_source_close(&src);
	return rc;
}
