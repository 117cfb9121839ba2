// What the rule engine has to say of itself: its counters for stats, and what rules cost. Next: reload.c.
#include "ctl/sensor/rules_stats.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/eve/json_out.h"
#include "ctl/sensor/sensor.h"

#define SAID_MAX 10u

void rules_stats(const struct sensor *s)
{
	struct alert_gate_stats gate;

	if (!s->gate)
		return;
	alert_gate_stats(s->gate, &gate);
	// a match that the gate withholds was never an alert
	stats_add(s->stats, COUNTER_DETECT_ALERT, -gate.withheld);
	stats_add(s->stats, COUNTER_EVENTS_ALERT, -gate.withheld);
	stats_add(s->stats, COUNTER_EVENTS_PACKET, -gate.packets_untagged);
	stats_add(s->stats, COUNTER_DETECT_ALERTS_SUPPRESSED, gate.suppressed);
	stats_add(s->stats, COUNTER_DETECT_ALERT_QUEUE_OVERFLOW, gate.over_alert_max);
	for (uint16_t i = 0; i < s->workers; i++) {
		struct signature_stats w;
		signature_stats(s->signature[i], &w);
		stats_add(s->stats, COUNTER_DETECT_ALERTS_SUPPRESSED, w.suppressed);
		stats_add(s->stats, COUNTER_DETECT_ALERT_QUEUE_OVERFLOW, w.over_alert_max);
		stats_add(s->stats, COUNTER_DETECT_MATCH_LIMIT, w.match_limit_hits);
	}
}

static uint64_t weight(const struct rule_cost *c, enum rule_cost_by by)
{
	return by == COST_CYCLES    ? c->cycles
	       : by == COST_CHECKS  ? c->checks
	       : by == COST_MATCHES ? c->matches
				    : c->gave_up;
}

static enum rule_cost_by sort_by;

static int dearer_first(const void *pa, const void *pb)
{
	const struct rule_cost *a = pa, *b = pb;
	uint64_t wa = weight(a, sort_by), wb = weight(b, sort_by);

	if (wa == wb)
		return a->info->sid < b->info->sid ? -1 : a->info->sid > b->info->sid;
	return wa > wb ? -1 : 1;
}

bool rule_cost_by_name(const char *name, enum rule_cost_by *by)
{
	static const char *const names[] = {"cycles", "checks", "matches"};

	for (size_t i = 0; i < 3; i++)
		if (strcmp(name, names[i]) == 0) {
			*by = (enum rule_cost_by)i;
			return true;
		}
	return false;
}

struct rule_cost *rule_costs(const struct sensor *s, enum rule_cost_by by, size_t *n)
{
	uint32_t rules = ruleset_rule_count(s->rules), used = 0;
	struct rule_cost *all = calloc(rules + 1, sizeof(*all));

	*n = 0;
	for (uint32_t i = 0; all && i < rules; i++) {
		struct rule_cost c = {0};
		for (uint16_t w = 0; w < s->workers; w++) {
			struct signature_rule_stats one;
			if (!signature_rule_stats(s->signature[w], i, &one))
				continue;
			c.info = one.info;
			c.checks += one.checks;
			c.matches += one.matches;
			c.cycles += one.cycles;
			c.gave_up += one.gave_up;
		}
		if (c.checks)
			all[used++] = c;
	}
	if (!all)
		return NULL;
	sort_by = by;
	qsort(all, used, sizeof(*all), dearer_first);
	*n = used;
	return all;
}

static void write_rule(struct json_out *o, const struct rule_cost *c)
{
	jout_raw(o, "{", 1);
	jout_kuint(o, "gid", c->info->gid);
	jout_kuint(o, "signature_id", c->info->sid);
	jout_kuint(o, "rev", c->info->rev);
	jout_kuint(o, "checks", c->checks);
	jout_kuint(o, "matches", c->matches);
	jout_kuint(o, "cycles", c->cycles);
	jout_kuint(o, "pcre_match_limit", c->gave_up);
	jout_kstring(o, "signature", c->info->signature ? c->info->signature : "");
	jout_raw(o, "}\n", 2);
}

static void write_group(struct json_out *o, uint16_t worker, const struct signature_group_stats *g)
{
	jout_raw(o, "{", 1);
	jout_kstring(o, "group", g->name);
	jout_kuint(o, "worker", worker);
	jout_kuint(o, "literals", g->literals);
	jout_kuint(o, "scans", g->scans);
	jout_kuint(o, "bytes", g->bytes);
	jout_kuint(o, "cycles", g->cycles);
	jout_raw(o, "}\n", 2);
}

static void write_groups(struct json_out *o, const struct sensor *s)
{
	struct signature_group_stats g;

	for (uint16_t w = 0; w < s->workers; w++)
		for (uint32_t i = 0; signature_group_stats(s->signature[w], i, &g); i++)
			if (g.scans)
				write_group(o, w, &g);
}

int rule_profile_write(const struct sensor *s, const char *path)
{
	struct json_out o = {0};
	size_t n;
	struct rule_cost *all = rule_costs(s, COST_CYCLES, &n);
	FILE *f = fopen(path, "we");
	bool ok = f && all;

	for (size_t i = 0; all && i < n; i++)
		write_rule(&o, &all[i]);
	write_groups(&o, s);
	free(all);
	ok = ok && !o.failed && fwrite(o.buf, 1, o.len, f) == o.len;
	int rc = ok ? 0 : errno ? -errno : -EIO;
	if (f && fclose(f) != 0 && !rc)
		rc = -errno;
	jout_free(&o);
	return rc;
}

void rules_say_limits(const struct sensor *s)
{
	size_t n;
	struct rule_cost *all = rule_costs(s, COST_GAVE_UP, &n);

	for (size_t i = 0; all && i < n && i < SAID_MAX && all[i].gave_up; i++)
		say("sid %u: its pcre gave up at pcre.match-limit %llu times; what it looks for may have been missed",
			all[i].info->sid, (unsigned long long)all[i].gave_up);
	free(all);
}
