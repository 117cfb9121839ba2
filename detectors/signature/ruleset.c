// Loads a rule set from start to end. Next: rule_files.c.
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/api/clock.h"
#include "detectors/signature/app_names.h"
#include "detectors/signature/crew.h"
#include "detectors/signature/dataset.h"
#include "detectors/signature/reputation.h"
#include "detectors/signature/ruleset_load.h"

static struct ruleset *ruleset_new(const struct ruleset_config *cfg)
{
	struct ruleset *rs = calloc(1, sizeof(*rs));
	if (!rs)
		return NULL;
	static atomic_uint serial;
	rs->cfg = cfg;
	rs->serial = atomic_fetch_add(&serial, 1) + 1;
	rs->parsers = cfg->parsers ? cfg->parsers : parser_table;
	rs->detected = parsers_detect(rs->parsers);
	rs->alert_max = cfg->alert_max ? cfg->alert_max : 15;
	rs->match_limit = cfg->match_limit ? cfg->match_limit : 3500;
	rs->depth_limit = cfg->match_limit_recursion ? cfg->match_limit_recursion : 1500;
	rs->flow_state_max = cfg->flow_state_max ? cfg->flow_state_max : 262144;
	rs->host_state_max = cfg->host_state_max ? cfg->host_state_max : 131072;
	rs->flow_var_max = cfg->flow_var_max ? cfg->flow_var_max : 4096;
	rs->count_cycles = cfg->count_cycles;
	rs->keyword_uses = calloc(keyword_count(), sizeof(*rs->keyword_uses));
	rs->offers = calloc(keyword_count(), sizeof(*rs->offers));
	if (rs->offers)
		parsers_offer(rs->parsers, cfg->magic, rs->offers);
	return rs;
}

// What flows and hosts remember is known by the numbers of these names, so they are the same in the next set.
static int inherit_names(struct ruleset *rs, const struct ruleset *from)
{
	int rc = from ? name_table_copy(&rs->arena, &rs->flowbits, &from->flowbits) : 0;
	if (from && !rc)
		rc = name_table_copy(&rs->arena, &rs->flowvars, &from->flowvars);
	return from && !rc ? name_table_copy(&rs->arena, &rs->hostbits, &from->hostbits) : rc;
}

// The steps of loading, in order.
static int load(struct ruleset *rs, const struct ruleset_config *cfg, struct report *rep)
{
	struct crew jit;
	int rc = inherit_names(rs, cfg->previous);
	if (!rc)
		rc = ruleset_set_vars(rs, cfg);
	if (!rc)
		rc = ruleset_set_classes(rs, cfg, rep);
	if (!rc)
		rc = reputation_load(rs, cfg, rep);
	if (!rc)
		rc = geoip_open(rs, cfg, rep);
	if (!rc)
		rc = ruleset_read(rs, cfg, rep);
	if (!rc)
		rc = ruleset_thresholds(rs, cfg, rep);
	if (!rc)
		rc = ruleset_order(rs);
	if (rc)
		return rc;
	pcre_jit_start(&rs->pcres, &jit, cfg->threads ? cfg->threads - 1 : 0);
	rc = ruleset_group(rs, cfg, rep);
	crew_finish(&jit);
	return rc;
}

struct ruleset *ruleset_load(const struct ruleset_config *cfg, struct rule_report *report)
{
	struct rule_report local;
	struct report rep = {.out = report ? report : &local};
	uint64_t start = clock_now_ns(CLOCK_MONOTONIC);
	memset(rep.out, 0, sizeof(*rep.out));
	struct ruleset *rs = ruleset_new(cfg);
	int rc = rs && rs->keyword_uses && rs->offers ? load(rs, cfg, &rep) : -ENOMEM;
	if (rs)
		report_keywords(rs, rep.out);
	rep.out->total_ns = clock_now_ns(CLOCK_MONOTONIC) - start;
	if (!report)
		rule_report_free(&local);
	if (rc) {
		ruleset_free(rs);
		errno = -rc;
		return NULL;
	}
	rs->cfg = NULL;
	return rs;
}

static void cache_free(struct set_cache *c, bool addresses)
{
	for (uint32_t i = 0; addresses && i < c->cap; i++)
		addr_set_free((struct addr_set *)(uintptr_t)c->slots[i].set);
	free(c->slots);
}

void ruleset_free(struct ruleset *rs)
{
	if (!rs)
		return;
	ruleset_group_free(rs);
	datasets_close(rs);
	geoip_close(rs);
	pcre_table_free(&rs->pcres);
	for (struct owned_set *o = rs->owned_sets; o; o = o->next)
		addr_set_free(o->set);
	cache_free(&rs->addr_sets, true);
	cache_free(&rs->port_sets, false);
	name_table_free(&rs->flowbits);
	name_table_free(&rs->flowvars);
	name_table_free(&rs->hostbits);
	name_table_free(&rs->apps);
	free(rs->rules);
	free(rs->keyword_uses);
	free(rs->offers);
	arena_free(&rs->arena);
	free(rs);
}

uint32_t ruleset_rule_count(const struct ruleset *rs)
{
	return rs->n_rules;
}
