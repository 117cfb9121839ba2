// What /tocsin/rules/... says and does. Next: reload.c.
#include <stdlib.h>
#include <string.h>

#include "ctl/sensor/reload.h"
#include "ctl/sensor/rules_stats.h"
#include "ctl/sensor/sensor.h"
#include "ctl/sensor/telemetry.h"

#define TOP_DEFAULT 20u
#define TOP_MAX 60u    // what fits an answer of 16 KiB
#define TEXT_BYTES 120 // of one value; DPDK takes less than 128

static const char *const states[] = {[RELOAD_IDLE] = "idle",
	[RELOAD_LOADING] = "loading",
	[RELOAD_SWAPPING] = "changing over",
	[RELOAD_RETIRING] = "letting the old set go"};

// A text that may be longer than a value: the rest under the same key with a number.
static void add_text(struct rte_tel_data *d, const char *key, const char *text)
{
	char part[TEXT_BYTES + 1], name[64];
	unsigned int n = 1;

	do {
		snprintf(part, sizeof(part), "%.*s", TEXT_BYTES, text);
		snprintf(name, sizeof(name), n > 1 ? "%s_%u" : "%s", key, n);
		rte_tel_data_add_dict_string(d, name, part);
		text += strlen(part);
		n++;
	} while (*text);
}

void answer_rules_status(struct sensor *s, const char *params, struct rte_tel_data *d)
{
	struct reload_status r;

	(void)params;
	reload_status(s, &r);
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_u64(d, "loaded", s->report.loaded);
	rte_tel_data_add_dict_u64(d, "waiting", s->report.waiting);
	rte_tel_data_add_dict_u64(d, "rejected", s->report.rejected);
	rte_tel_data_add_dict_string(d, "reload", states[r.state]);
	rte_tel_data_add_dict_u64(d, "reloads", r.done);
	rte_tel_data_add_dict_u64(d, "refused", r.refused);
	rte_tel_data_add_dict_u64(d, "load_us", r.load_ns / 1000);
	rte_tel_data_add_dict_u64(d, "change_over_us", r.swap_ns / 1000);
	rte_tel_data_add_dict_u64(d, "counting_costs", s->cfg.rules.profile);
	add_text(d, "why_refused", r.why);
}

void answer_rules_reload(struct sensor *s, const char *params, struct rte_tel_data *d)
{
	struct reload_status r;

	(void)params;
	reload_status(s, &r);
	reload_ask();
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_string(d, "reload", "asked for; /tocsin/rules/status says how it went");
	rte_tel_data_add_dict_u64(d, "reloads", r.done);
	rte_tel_data_add_dict_u64(d, "refused", r.refused);
}

// "cycles,20": sorted by what, how many.
static bool top_params(const char *params, enum rule_cost_by *by, size_t *most)
{
	char word[16];
	size_t n = strcspn(params, ",");
	unsigned long count = params[n] ? strtoul(params + n + 1, NULL, 10) : TOP_DEFAULT;

	snprintf(word, sizeof(word), "%.*s", (int)n, params);
	*by = COST_CYCLES;
	*most = count;
	return (!n || rule_cost_by_name(word, by)) && count >= 1 && count <= TOP_MAX;
}

static void add_rule(struct rte_tel_data *d, size_t rank, const struct rule_cost *c)
{
	struct rte_tel_data *row = telemetry_row(d, "%03zu", rank);
	char text[64];

	if (!row)
		return;
	snprintf(text, sizeof(text), "%u:%u:%u", c->info->gid, c->info->sid, c->info->rev);
	rte_tel_data_add_dict_string(row, "rule", text);
	rte_tel_data_add_dict_u64(row, "checks", c->checks);
	rte_tel_data_add_dict_u64(row, "matches", c->matches);
	rte_tel_data_add_dict_u64(row, "cycles", c->cycles);
	snprintf(text, sizeof(text), "%.60s", c->info->signature ? c->info->signature : "");
	rte_tel_data_add_dict_string(row, "signature", text);
}

void answer_rules_top(struct sensor *s, const char *params, struct rte_tel_data *d)
{
	struct reload_status r;
	enum rule_cost_by by;
	size_t most, n;

	reload_status(s, &r);
	if (!top_params(params, &by, &most)) {
		telemetry_error(
			d, "expected cycles, checks or matches and 1 to %u rules, found \"%.40s\"", TOP_MAX, params);
		return;
	}
	if (!s->rules || r.state == RELOAD_SWAPPING) {
		telemetry_error(d, s->rules ? "rules are being changed; ask again" : "there are no rules");
		return;
	}
	struct rule_cost *all = rule_costs(s, by, &n);
	rte_tel_data_start_dict(d);
	for (size_t i = 0; all && i < n && i < most; i++)
		add_rule(d, i + 1, &all[i]);
	free(all);
}
