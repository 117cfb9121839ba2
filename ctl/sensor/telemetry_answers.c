// What the commands of telemetry.c say. Runs on the main lcore. One answer of DPDK's has at most 256 entries and
// 16 KiB, so long lists leave out what is zero or ask for a parameter.
#include "ctl/sensor/telemetry.h"

#include <string.h>
#include <unistd.h>

#include <rte_lcore.h>

#include "ctl/sensor/ports.h"
#include "ctl/sensor/sensor.h"

#define ENTRIES_MAX 250u

static bool begins(const char *name, const char *prefix)
{
	for (; *prefix; name++, prefix++)
		if (*name != *prefix && !(*name == '.' && *prefix == '/'))
			return false;
	return true;
}

void answer_info(struct sensor *s, const char *params, struct rte_tel_data *d)
{
	(void)params;
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_string(d, "version", TOCSIN_VERSION);
	rte_tel_data_add_dict_string(d, "name", s->cfg.telemetry.sensor_name);
	rte_tel_data_add_dict_u64(d, "pid", (uint64_t)getpid());
	rte_tel_data_add_dict_u64(d, "uptime_s", (uint64_t)progress_seconds(&s->progress));
	rte_tel_data_add_dict_u64(d, "ports", s->live->count);
	rte_tel_data_add_dict_u64(d, "workers", s->workers);
	rte_tel_data_add_dict_string(d, "spread_by", s->live->spread ? "one reader" : "the ports");
	rte_tel_data_add_dict_u64(d, "rules", s->report.loaded);
}

// Events that never happened and what /tocsin/ports says are left out where everything is asked for.
static bool is_asked(const struct stats_snapshot *s, const struct stats_item *it, const char *prefix)
{
	const char *name = s->names + it->name;
	bool event = begins(name, "decoder.event.") || begins(name, "stream.");

	if (*prefix)
		return begins(name, prefix);
	return !begins(name, "tocsin.ports.") && (it->value || !event);
}

void answer_stats(struct sensor *s, const char *params, struct rte_tel_data *d)
{
	uint32_t given = 0, left_out = 0;

	run_stats(s, false);
	stats_sort(s->stats);
	rte_tel_data_start_dict(d);
	for (uint32_t i = 0; i < s->stats->count; i++) {
		const struct stats_item *it = &s->stats->items[i];

		if (!is_asked(s->stats, it, params))
			continue;
		if (given++ < ENTRIES_MAX)
			telemetry_count(d, s->stats->names + it->name, it->value);
		else
			left_out++;
	}
	if (left_out)
		telemetry_count(d, "left_out", left_out);
	if (!given)
		telemetry_error(d, "no counter begins with %.64s", params);
}

void answer_ports(struct sensor *s, const char *params, struct rte_tel_data *d)
{
	if (*params)
		ports_answer_one(s->live, params, d);
	else
		ports_answer(s->live, d);
}

void answer_flows(struct sensor *s, const char *params, struct rte_tel_data *d)
{
	struct flow_counters sum = {0};
	uint64_t room = 0;

	(void)params;
	for (uint16_t i = 0; i < s->workers; i++) {
		const struct flow_table *t = pipeline_worker(s->pipeline, i)->flows;
		const struct flow_counters *c = flow_table_counters(t);

		room += flow_table_capacity(t);
		sum.active += c->active;
		sum.active_max += c->active_max;
		sum.created += c->created;
		sum.no_room += c->no_room;
		sum.carriers_refused += c->carriers_refused;
		for (size_t k = 0; k < RTE_DIM(sum.ended); k++)
			sum.ended[k] += c->ended[k];
		for (size_t k = 0; k < RTE_DIM(sum.evicted); k++)
			sum.evicted[k] += c->evicted[k];
	}
	rte_tel_data_start_dict(d);
	telemetry_count(d, "active", sum.active);
	telemetry_count(d, "active_max", sum.active_max);
	telemetry_count(d, "room", room);
	telemetry_count(d, "created", sum.created);
	telemetry_count(d, "ended.timeout", sum.ended[FLOW_END_TIMEOUT]);
	telemetry_count(d, "ended.reused", sum.ended[FLOW_END_REUSED]);
	telemetry_count(d, "ended.evicted", sum.ended[FLOW_END_EVICTED]);
	telemetry_count(d, "evicted.new", sum.evicted[FLOW_NEW]);
	telemetry_count(d, "evicted.established", sum.evicted[FLOW_ESTABLISHED]);
	telemetry_count(d, "evicted.closed", sum.evicted[FLOW_CLOSED]);
	telemetry_count(d, "packets_without_room", sum.no_room);
	telemetry_count(d, "carriers_refused", sum.carriers_refused);
}

static void add_worker(struct sensor *s, uint16_t i, struct rte_tel_data *d)
{
	const struct worker *w = pipeline_worker(s->pipeline, i);
	char cpus[256];

	if (!d)
		return;
	rte_tel_data_add_dict_string(d, "cpus", ports_worker_cpus(i, cpus, sizeof(cpus)));
	rte_tel_data_add_dict_u64(d, "frames", w->counters.frames);
	rte_tel_data_add_dict_u64(d, "bytes", w->counters.wire_bytes);
	rte_tel_data_add_dict_u64(d, "inspected", w->counters.inspected);
	rte_tel_data_add_dict_u64(d, "bursts", w->counters.bursts);
	rte_tel_data_add_dict_u64(d, "flows", flow_table_counters(w->flows)->active);
}

void answer_workers(struct sensor *s, const char *params, struct rte_tel_data *d)
{
	(void)params;
	rte_tel_data_start_dict(d);
	for (uint16_t i = 0; i < s->workers; i++)
		add_worker(s, i, telemetry_row(d, "%u", i));
}

static void add_drop(struct rte_tel_data *d, const char *reason, uint64_t frames, const char *what)
{
	struct rte_tel_data *row = frames ? telemetry_row(d, "%s", reason) : NULL;

	if (!row)
		return;
	telemetry_count(row, "frames", frames);
	rte_tel_data_add_dict_string(row, "what", what);
}

void answer_drops(struct sensor *s, const char *params, struct rte_tel_data *d)
{
	struct worker_counters sum;
	struct source_stats in;

	(void)params;
	pipeline_counters(s->pipeline, &sum);
	s->source->ops->stats(s->source, &in);
	rte_tel_data_start_dict(d);
	add_drop(d, "missed", in.missed, "lost before the sensor could take them");
	add_drop(d, "errors", in.errors, "spoiled on the wire or by the device");
	add_drop(d, "no_buffer", in.no_buffer, "no packet buffer was free");
	for (size_t r = 1; r < DROP_REASON_COUNT; r++)
		add_drop(d, drop_table[r].name, sum.ledger[r], drop_table[r].help);
}
