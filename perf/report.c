// What a run found, for people and as JSON, with the facts of the machine that others need to compare.
#include "perf/perf.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include <rte_cycles.h>
#include <rte_version.h>

static void read_line_value(const char *path, const char *key, char *out, size_t size)
{
	char line[512];
	FILE *f = fopen(path, "r");

	snprintf(out, size, "unknown");
	while (f && fgets(line, sizeof(line), f)) {
		char *colon = strchr(line, ':');
		if (strncmp(line, key, strlen(key)) != 0 || !colon)
			continue;
		colon += 1 + strspn(colon + 1, " \t");
		colon[strcspn(colon, "\n")] = '\0';
		snprintf(out, size, "%s", colon);
		break;
	}
	if (f)
		fclose(f);
}

static unsigned long kb_of(const char *path, const char *key)
{
	char value[64];
	unsigned long kb = 0;

	read_line_value(path, key, value, sizeof(value));
	sscanf(value, "%lu", &kb);
	return kb;
}

static const char *stage_name(const struct perf_result *r, uint32_t stage)
{
	static const char *const names[] = {"decode", "flow", "stream", "sorting", "source and release"};

	if (stage < WORKER_DETECTOR)
		return names[stage];
	if (stage == PERF_STAGE_RULES)
		return "rules";
	return r->detector[stage - WORKER_DETECTOR];
}

static double packets_per_s(const struct perf_result *r)
{
	return (double)rte_get_tsc_hz() / r->cycles[r->trials / 2];
}

static void machine_text(void)
{
	char cpu[128];
	struct utsname u;

	read_line_value("/proc/cpuinfo", "model name", cpu, sizeof(cpu));
	uname(&u);
	printf("machine      %s, TSC %.0f MHz, Linux %s, %s\n", cpu, (double)rte_get_tsc_hz() / 1e6, u.release,
		rte_version());
	printf("memory       peak %.1f MiB resident, %.1f MiB on transparent huge pages, %lu x 2 MiB hugetlb\n",
		(double)kb_of("/proc/self/status", "VmHWM") / 1024,
		(double)kb_of("/proc/self/smaps_rollup", "AnonHugePages") / 1024,
		kb_of("/proc/meminfo", "HugePages_Total"));
}

// The stages that this run had, in order; UINT32_MAX after the last.
static uint32_t stage_at(const struct perf_result *r, uint32_t i)
{
	uint32_t n = (uint32_t)WORKER_DETECTOR + r->detector_count;

	if (i < n)
		return i;
	return i == n && r->options->rules ? PERF_STAGE_RULES : UINT32_MAX;
}

static void groups_text(const struct perf_result *r)
{
	if (r->group_count)
		printf("rule groups by share of the time that scans for literals took\n");
	for (uint32_t i = 0; i < r->group_count; i++)
		printf("  %5.1f %%  %-56s %6u literals, %9lu scans, %8.1f MB\n", 100 * r->groups[i].share,
			r->groups[i].name, r->groups[i].literals, r->groups[i].scans, (double)r->groups[i].bytes / 1e6);
}

static void stages_text(const struct perf_result *r)
{
	bool counted = r->instructions > 0;

	if (!r->options->stages)
		return;
	printf("by stage                     cycles%s\n",
		counted ? "  instructions" : "  (instructions: not to be counted here)");
	for (uint32_t i = 0, s; (s = stage_at(r, i)) != UINT32_MAX; i++)
		if (counted)
			printf("  %-24s %8.1f %13.1f\n", stage_name(r, s), r->lane.stage[s], r->instruction_stage[s]);
		else
			printf("  %-24s %8.1f\n", stage_name(r, s), r->lane.stage[s]);
	if (counted)
		printf("  %-24s %8s %13.1f\n", "all", "", r->instructions);
}

static void flows_text(const struct perf_result *r)
{
	printf("flows        %lu active, %lu slots, %.1f MiB table, %.0f bytes a flow, %.2f set-ups a packet = %.2f "
	       "M/s\n",
		r->active, r->capacity, (double)r->table_bytes / (1 << 20), (double)r->flow_bytes, r->lane.set_ups,
		r->lane.set_ups * packets_per_s(r) / 1e6);
	printf("evicted      %lu new, %lu closed, %lu established; without room %lu\n", r->flow.evicted[FLOW_NEW],
		r->flow.evicted[FLOW_CLOSED], r->flow.evicted[FLOW_ESTABLISHED], r->flow.no_room);
}

static void ledger_text(const struct perf_result *r)
{
	printf("ledger       %lu offered, %lu inspected", r->offered, r->inspected);
	for (uint32_t i = 1; i < DROP_REASON_COUNT; i++)
		if (r->ledger[i])
			printf(", %lu %s", r->ledger[i], drop_table[i].name);
	printf("\nevents       %lu alerts, %lu findings, %lu anomalies, %lu flow records made; ring full for %lu\n",
		r->events[EVENT_ALERT], r->events[EVENT_FINDING], r->events[EVENT_ANOMALY], r->events[EVENT_FLOW],
		r->lost[EVENT_ALERT] + r->lost[EVENT_FINDING] + r->lost[EVENT_ANOMALY] + r->lost[EVENT_FLOW]);
}

#define FEW_BATCHES 30u // of which the median says little

static void undisturbed_text(const char *what, const struct lane_undisturbed *u)
{
	if (!u->timed)
		return;
	printf("%s", what);
	if (u->batches)
		printf(" %.1f a packet", u->cycles);
	if (u->batches >= FEW_BATCHES)
		printf(" in the %.0f %% of batches with the core to themselves (yardstick %lu cycles)\n",
			100 * u->share, u->yardstick);
	else
		printf(" with the core to themselves: %u of %u batches, too few; run again while less else runs, or "
		       "with more --trials\n",
			u->batches, u->timed);
}

// What all workers do a second in batches with their cores to themselves, while all run; 0: one of them had too few.
static double together_pps(const struct perf_result *r)
{
	double pps = 0;

	for (uint16_t i = 0; i < r->options->workers; i++) {
		if (r->together[i].batches < FEW_BATCHES)
			return 0;
		pps += (double)rte_get_tsc_hz() / r->together[i].cycles;
	}
	return pps;
}

static void together_text(const struct perf_result *r)
{
	double pps = together_pps(r), alone = (double)rte_get_tsc_hz() / r->undisturbed.cycles;

	if (!r->together[0].timed)
		return;
	for (uint16_t i = 0; i < r->options->workers; i++) {
		char what[32];
		snprintf(what, sizeof(what), "  worker %u,  ", i);
		undisturbed_text(what, &r->together[i]);
	}
	if (pps > 0 && r->undisturbed.batches >= FEW_BATCHES)
		printf("together     %.2f million packets/s undisturbed, %.2f times worker 0 alone (%.2f)\n", pps / 1e6,
			pps / alone, alone / 1e6);
	else
		printf("together     not to be told: a worker, or worker 0 alone, had its core to itself in fewer than "
		       "%u "
		       "batches\n",
			FEW_BATCHES);
}

void report_text(const struct perf_result *r)
{
	const struct perf_options *o = r->options;
	double pps = packets_per_s(r);

	printf("load         %s, %lu flows, %u victim%s, %u-byte frames, %u worker%s, detectors %s, seed %lu%s\n",
		perf_kind_name(o), o->flows, o->victims, o->victims > 1 ? "s" : "", o->size, o->workers,
		o->workers > 1 ? "s" : "", o->detectors, o->seed, o->zipf > 0 ? ", Zipf" : "");
	printf("cycles       %.1f a packet (%.1f..%.1f, %u trials), of which the source itself %.1f\n",
		r->cycles[r->trials / 2], r->cycles[0], r->cycles[r->trials - 1], r->trials, r->control);
	undisturbed_text("undisturbed ", &r->undisturbed);
	together_text(r);
	printf("rate         %.2f million packets/s a core, %.2f Gbit/s on the wire; %u worker%s: %.2f million "
	       "packets/s\n",
		pps / 1e6, pps * r->lane.bits_on_wire / 1e9, o->workers, o->workers > 1 ? "s" : "", r->wall_pps / 1e6);
	if (r->has_peers) {
		printf("receive only %.1f cycles a packet (net_null)\n", r->peers.receive);
		if (r->peers.rte_hash > 0)
			printf("rte_hash     %.1f cycles a packet for key, bulk lookup and one line (Tocsin's flow "
			       "stage: %.1f)\n",
				r->peers.rte_hash, r->lane.stage[WORKER_FLOW]);
	}
	stages_text(r);
	groups_text(r);
	flows_text(r);
	ledger_text(r);
	machine_text();
}

static void stages_json(const struct perf_result *r)
{
	printf("  \"stages\": {");
	for (uint32_t i = 0, s; (s = stage_at(r, i)) != UINT32_MAX; i++)
		printf("%s\"%s\": {\"cycles\": %.2f, \"instructions\": %.2f}", i ? ", " : "", stage_name(r, s),
			r->lane.stage[s], r->instruction_stage[s]);
	printf("},\n");
}

static void ledger_json(const struct perf_result *r)
{
	printf("  \"ledger\": {\"offered\": %lu, \"inspected\": %lu", r->offered, r->inspected);
	for (uint32_t i = 1; i < DROP_REASON_COUNT; i++)
		if (r->ledger[i])
			printf(", \"%s\": %lu", drop_table[i].name, r->ledger[i]);
	printf("},\n");
}

static void groups_json(const struct perf_result *r)
{
	printf("  \"rule_groups\": [");
	for (uint32_t i = 0; i < r->group_count; i++)
		printf("%s{\"name\": \"%s\", \"share\": %.4f, \"literals\": %u, \"scans\": %lu, \"bytes\": %lu}",
			i ? ", " : "", r->groups[i].name, r->groups[i].share, r->groups[i].literals, r->groups[i].scans,
			r->groups[i].bytes);
	printf("],\n");
}

static void machine_json(void)
{
	char cpu[128];
	struct utsname u;

	read_line_value("/proc/cpuinfo", "model name", cpu, sizeof(cpu));
	uname(&u);
	printf("  \"machine\": {\"cpu\": \"%s\", \"tsc_hz\": %lu, \"kernel\": \"%s\", \"dpdk\": \"%s\", \"compiler\": "
	       "\"%s\", "
	       "\"hugetlb_pages\": %lu, \"anon_huge_kb\": %lu}\n",
		cpu, rte_get_tsc_hz(), u.release, rte_version(), __VERSION__, kb_of("/proc/meminfo", "HugePages_Total"),
		kb_of("/proc/self/smaps_rollup", "AnonHugePages"));
}

static void together_json(const struct perf_result *r)
{
	if (r->options->workers == 1)
		return;
	printf("  \"together\": {\"packets_per_s\": %.0f, \"workers\": [", together_pps(r));
	for (uint16_t i = 0; i < r->options->workers; i++)
		printf("%s{\"cycles_per_packet\": %.2f, \"batches\": %u, \"share\": %.4f, \"yardstick_cycles\": %lu}",
			i ? ", " : "", r->together[i].cycles, r->together[i].batches, r->together[i].share,
			r->together[i].yardstick);
	printf("]},\n");
}

void report_json(const struct perf_result *r)
{
	const struct perf_options *o = r->options;

	printf("{\n  \"load\": {\"kind\": \"%s\", \"flows\": %lu, \"victims\": %u, \"size\": %u, \"zipf\": %g, "
	       "\"workers\": %u, "
	       "\"detectors\": \"%s\", \"seed\": %lu, \"packets\": %lu, \"nic_checksums\": %s},\n",
		perf_kind_name(o), o->flows, o->victims, o->size, o->zipf, o->workers, o->detectors, o->seed,
		o->packets, o->nic_checksums ? "true" : "false");
	printf("  \"cycles_per_packet\": %.2f,\n  \"trials\": [", r->cycles[r->trials / 2]);
	for (uint32_t i = 0; i < r->trials; i++)
		printf("%s%.2f", i ? ", " : "", r->cycles[i]);
	printf("],\n  \"undisturbed\": {\"cycles_per_packet\": %.2f, \"batches\": %u, \"share\": %.4f, "
	       "\"yardstick_cycles\": %lu},\n",
		r->undisturbed.cycles, r->undisturbed.batches, r->undisturbed.share, r->undisturbed.yardstick);
	together_json(r);
	printf("  \"control_cycles_per_packet\": %.2f,\n  \"packets_per_s\": %.0f,\n  "
	       "\"all_workers_packets_per_s\": %.0f,\n",
		r->control, packets_per_s(r), r->wall_pps);
	printf("  \"bits_per_s\": %.0f,\n  \"instructions_per_packet\": %.2f,\n",
		packets_per_s(r) * r->lane.bits_on_wire, r->instructions);
	if (r->has_peers)
		printf("  \"receive_only_cycles_per_packet\": %.2f,\n  \"rte_hash_cycles_per_packet\": %.2f,\n",
			r->peers.receive, r->peers.rte_hash);
	stages_json(r);
	if (r->options->rules)
		groups_json(r);
	printf("  \"flows\": {\"active\": %lu, \"slots\": %lu, \"table_bytes\": %lu, \"bytes_per_flow\": %lu, "
	       "\"set_ups_per_packet\": %.4f, \"set_ups_per_s\": %.0f, \"evicted_new\": %lu, \"evicted_established\": "
	       "%lu},\n",
		r->active, r->capacity, r->table_bytes, r->flow_bytes, r->lane.set_ups,
		r->lane.set_ups * packets_per_s(r), r->flow.evicted[FLOW_NEW], r->flow.evicted[FLOW_ESTABLISHED]);
	ledger_json(r);
	printf("  \"events\": {\"alerts\": %lu, \"findings\": %lu, \"anomalies\": %lu, \"flows\": %lu, \"lost_flows\": "
	       "%lu},\n",
		r->events[EVENT_ALERT], r->events[EVENT_FINDING], r->events[EVENT_ANOMALY], r->events[EVENT_FLOW],
		r->lost[EVENT_FLOW]);
	printf("  \"peak_memory_bytes\": %lu,\n", kb_of("/proc/self/status", "VmHWM") * 1024);
	machine_json();
	printf("}\n");
}
