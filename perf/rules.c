// Rules for a replay: the sensor's rule engine behind each lane's stream stage and its parsers, as ctl/sensor puts it
// there, with the lane told when it begins and ends. Next: report.c.
#include "perf/perf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "dataplane/api/parser.h"
#include "detectors/signature/signature.h"

struct rules_lane {
	struct lane *lane;
	struct signature_worker *worker;
	struct stream_consumer inner;
	struct app_consumer transactions;
};

struct rules {
	struct ruleset *set;
	struct alert_gate *gate;
	uint16_t lanes;
	struct rules_lane lane[PERF_MAX_WORKERS];
};

struct rules *rules_load(const char *path)
{
	struct rules *r = calloc(1, sizeof(*r));
	struct ruleset_config c = {.files = &path, .file_count = 1, .threads = 2, .count_cycles = true};
	struct rule_report report = {0};

	if (!r)
		return NULL;
	r->set = ruleset_load(&c, &report);
	r->gate = r->set ? alert_gate_new(r->set) : NULL;
	if (r->gate)
		fprintf(stderr, "tocsin-perf: %u rules loaded, %u not\n", report.loaded,
			report.waiting + report.rejected);
	else
		fprintf(stderr, "tocsin-perf: %s: no rules: %s\n", path, strerror(errno));
	rule_report_free(&report);
	if (r->gate)
		return r;
	rules_free(r);
	return NULL;
}

void rules_free(struct rules *r)
{
	if (!r)
		return;
	for (uint16_t i = 0; i < r->lanes; i++) {
		signature_worker_fini(r->lane[i].worker);
		free(r->lane[i].worker);
	}
	alert_gate_free(r->gate);
	ruleset_free(r->set);
	free(r);
}

static enum stream_verdict ask(
	struct rules_lane *l, enum stream_verdict (*what)(void *, struct stream_view *), struct stream_view *v)
{
	uint32_t before = lane_enter(l->lane, PERF_STAGE_RULES);
	enum stream_verdict verdict = what(l->inner.arg, v);

	lane_enter(l->lane, before);
	return verdict;
}

static enum stream_verdict on_data(void *arg, struct stream_view *v)
{
	struct rules_lane *l = arg;

	return ask(l, l->inner.on_data, v);
}

static enum stream_verdict on_unused(void *arg, struct stream_view *v)
{
	struct rules_lane *l = arg;

	return ask(l, l->inner.on_unused, v);
}

static void on_packet(void *arg, struct packet *p, struct detector_run *run)
{
	struct rules_lane *l = arg;
	uint32_t before = lane_enter(l->lane, PERF_STAGE_RULES);

	l->inner.on_packet(l->inner.arg, p, run);
	lane_enter(l->lane, before);
}

static void on_tx(void *arg, const struct parser *parser, struct app_session *s, struct app_tx *tx, uint8_t dir,
	struct packet *p, struct flow *f, struct flow_cold *cold, struct app_run *run, struct detector_run *drun)
{
	struct rules_lane *l = arg;
	uint32_t before = lane_enter(l->lane, PERF_STAGE_RULES);

	l->transactions.on_tx(l->transactions.arg, parser, s, tx, dir, p, f, cold, run, drun);
	lane_enter(l->lane, before);
}

static void on_shown(void *arg, struct packet *p, struct flow *f, struct flow_cold *cold, struct detector_run *drun)
{
	struct rules_lane *l = arg;
	uint32_t before = lane_enter(l->lane, PERF_STAGE_RULES);

	l->transactions.on_shown(l->transactions.arg, p, f, cold, drun);
	lane_enter(l->lane, before);
}

static void on_frame(void *arg, const struct app_frame *f)
{
	struct rules_lane *l = arg;
	uint32_t before = lane_enter(l->lane, PERF_STAGE_RULES);

	l->transactions.on_frame(l->transactions.arg, f);
	lane_enter(l->lane, before);
}

// Not timed: it gives a pointer back, in less than two looks at the clock.
static void on_tx_end(void *arg, struct app_tx *tx, struct app_run *run)
{
	struct rules_lane *l = arg;

	l->transactions.on_tx_end(l->transactions.arg, tx, run);
}

int rules_attach(struct rules *r, struct lane *lane)
{
	struct worker *w = lane_worker(lane);
	struct rules_lane *l = &r->lane[r->lanes];
	size_t size = RTE_ALIGN_CEIL(signature_worker_size(r->set), RTE_CACHE_LINE_SIZE);

	l->lane = lane;
	l->worker = aligned_alloc(RTE_CACHE_LINE_SIZE, size);
	if (!l->worker)
		return -ENOMEM;
	memset(l->worker, 0, size);
	r->lanes++;
	int rc = signature_worker_init(l->worker, r->set, w->flows, w->id);
	if (rc)
		return rc;
	signature_worker_set_gate(l->worker, r->gate, false);
	l->inner = signature_stream_consumer(l->worker);
	w->engine = (struct packet_engine){l->worker, signature_between_bursts, signature_on_flow_end};
	struct stream_consumer outer = {.name = l->inner.name, .arg = l};
	outer.on_data = l->inner.on_data ? on_data : NULL;
	outer.on_unused = l->inner.on_unused ? on_unused : NULL;
	outer.on_packet = l->inner.on_packet ? on_packet : NULL;
	l->transactions = signature_app_consumer(l->worker);
	app_layer_set_consumer(
		w->app, &(struct app_consumer){l, on_tx, on_shown, on_tx_end, l->transactions.frame_types, on_frame});
	return tcp_stream_add_consumer(w->streams, &outer);
}

static int by_cycles(const void *a, const void *b)
{
	const struct signature_group_stats *x = a, *y = b;
	return x->cycles < y->cycles ? 1 : x->cycles > y->cycles ? -1 : 0;
}

uint32_t rules_groups(const struct rules *r, struct perf_group out[PERF_MAX_GROUPS])
{
	struct signature_group_stats one, *all = NULL;
	uint64_t sum = 0;
	uint32_t n = 0, kept;

	while (signature_group_stats(r->lane[0].worker, n, &one))
		n++;
	all = calloc(n ? n : 1, sizeof(*all));
	for (uint32_t i = 0; all && i < n; i++) {
		signature_group_stats(r->lane[0].worker, i, &all[i]);
		sum += all[i].cycles;
	}
	if (!all || !sum) {
		free(all);
		return 0;
	}
	qsort(all, n, sizeof(*all), by_cycles);
	for (kept = 0; kept < n && kept < PERF_MAX_GROUPS && all[kept].cycles; kept++) {
		struct perf_group *g = &out[kept];
		snprintf(g->name, sizeof(g->name), "%s", all[kept].name);
		g->literals = all[kept].literals;
		g->scans = all[kept].scans;
		g->bytes = all[kept].bytes;
		g->share = (double)all[kept].cycles / (double)sum;
	}
	free(all);
	return kept;
}
