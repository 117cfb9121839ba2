// tocsin-perf flood|replay: options, the pipeline, trials. perf/README.md says how each figure is taken.
// Next: frames.c.
#include "perf/perf.h"

#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pcap/pcap.h>
#include <rte_cycles.h>
#include <rte_eal.h>

#include "ctl/config/config.h"
#include "dataplane/api/addr_set.h"
#include "perf/hostile.h"

#define EVENT_SLOTS 65536u
#define MIB (UINT64_C(1) << 20)

struct run {
	struct perf_options o;
	struct config *config;
	struct config_detectors detectors;
	struct pipeline_detector used[WORKER_MAX_DETECTORS];
	size_t used_count;
	struct pipeline *pipeline;
	struct rules *rules;
	struct lane *lanes[PERF_MAX_WORKERS];
	struct perf_result result;
};

static void usage(void)
{
	fputs("usage: tocsin-perf flood [--kind K] [--flows N] [--size BYTES] [--zipf S] [options]\n"
	      "       tocsin-perf replay CAPTURE... [options]\n"
	      "  --kind       syn udp ack (packets of N known flows), new-syn new-udp (a flow a packet),\n"
	      "               collide one fragments malformed, or a dear kind below     [syn]\n"
	      "  --flows      concurrent flows                                            [1000000]\n"
	      "  --victims    1..65536 destinations of syn, ack and udp                   [1]\n"
	      "  --size       bytes of a frame with its FCS, 64..1518                     [64]\n"
	      "  --zipf       exponent of the flows' popularity; 0: all alike             [0]\n"
	      "  --packets    a trial                                                     [2000000]\n"
	      "  --trials     1..15; the median counts                                    [5]\n"
	      "  --workers    1..8, each on a core of its own                             [1]\n"
	      "  --detectors  none, all, or names with commas     [flood: syn_flood,udp_flood; replay: all]\n"
	      "  --memory     MiB of the flow table; 0: what the flows need               [0]\n"
	      "  --protocols      protocols are looked for and parsed, as in a sensor\n"
	      "  --nic-checksums  frames are marked as checked, as by a NIC\n"
	      "  -S, --rules FILE  replay: with the rules of this file, and --protocols; also says which groups of "
	      "them cost most\n"
	      "  --seed       of the load                                                 [1]\n"
	      "  --no-peers   leave out rte_hash and receive-only\n"
	      "  --no-stages  leave out cycles and instructions by stage\n"
	      "  --json       one JSON object\n"
	      "  --write FILE write --packets frames as a capture instead, for other programs to read\n",
		stderr);
	fputs("\nDear kinds (N is --flows):\n", stderr);
	for (const struct hostile_kind *k = hostile_kinds; k->name; k++)
		fprintf(stderr, "  %-18s %s\n", k->name, k->help);
}

static bool set_option(struct perf_options *o, int c)
{
	switch (c) {
	case 'k':
		return o->kind != PERF_REPLAY && perf_kind_by_name(o, optarg);
	case 'f':
		return (o->flows = strtoull(optarg, NULL, 0)) > 0;
	case 'v':
		o->victims = (uint32_t)strtoul(optarg, NULL, 0);
		return o->victims >= 1 && o->victims <= 65536;
	case 's':
		o->size = (uint32_t)strtoul(optarg, NULL, 0);
		return o->size >= 64 && o->size <= 1518;
	case 'z':
		return (o->zipf = strtod(optarg, NULL)) >= 0;
	case 'p':
		return (o->packets = strtoull(optarg, NULL, 0)) > 0;
	case 't':
		o->trials = (uint32_t)strtoul(optarg, NULL, 0);
		return o->trials >= 1 && o->trials <= PERF_MAX_TRIALS;
	case 'w':
		o->workers = (uint16_t)strtoul(optarg, NULL, 0);
		return o->workers >= 1 && o->workers <= PERF_MAX_WORKERS;
	case 'd':
		o->detectors = optarg;
		return true;
	case 'm':
		o->memory = strtoull(optarg, NULL, 0) * MIB;
		return true;
	case 'S':
		o->rules = optarg;
		return o->kind == PERF_REPLAY;
	case 'e':
		o->seed = strtoull(optarg, NULL, 0);
		return true;
	case 'W':
		o->write = optarg;
		return true;
	default:
		return c == 0;
	}
}

static bool parse(struct perf_options *o, int argc, char **argv)
{
	int json = 0, no_peers = 0, no_stages = 0, nic = 0, protocols = 0, c;
	const struct option options[] = {{"kind", 1, NULL, 'k'}, {"flows", 1, NULL, 'f'}, {"size", 1, NULL, 's'},
		{"zipf", 1, NULL, 'z'}, {"packets", 1, NULL, 'p'}, {"trials", 1, NULL, 't'}, {"workers", 1, NULL, 'w'},
		{"detectors", 1, NULL, 'd'}, {"memory", 1, NULL, 'm'}, {"seed", 1, NULL, 'e'}, {"rules", 1, NULL, 'S'},
		{"victims", 1, NULL, 'v'}, {"write", 1, NULL, 'W'}, {"json", 0, &json, 1},
		{"no-peers", 0, &no_peers, 1}, {"no-stages", 0, &no_stages, 1}, {"nic-checksums", 0, &nic, 1},
		{"protocols", 0, &protocols, 1}, {0}};

	*o = (struct perf_options){
		.flows = 1000000, .victims = 1, .size = 64, .packets = 2000000, .trials = 5, .workers = 1, .seed = 1};
	if (argc < 2 || (strcmp(argv[1], "flood") && strcmp(argv[1], "replay")))
		return false;
	if (!strcmp(argv[1], "replay"))
		o->kind = PERF_REPLAY;
	o->detectors = o->kind == PERF_REPLAY ? "all" : "syn_flood,udp_flood";
	optind = 2;
	while ((c = getopt_long(argc, argv, "S:", options, NULL)) != -1)
		if (!set_option(o, c))
			return false;
	for (; optind < argc && o->capture_count < PERF_MAX_CAPTURES; optind++)
		o->captures[o->capture_count++] = argv[optind];
	if (o->hostile && o->size < o->hostile->least) {
		fprintf(stderr, "tocsin-perf: --kind %s: got --size %u, expected %u to 1518\n", o->hostile->name,
			o->size, o->hostile->least);
		return false;
	}
	o->json = json;
	o->peers = !no_peers && o->kind != PERF_REPLAY;
	o->stages = !no_stages;
	o->nic_checksums = nic;
	o->protocols = protocols || o->rules; // rules read what parsers make
	return o->kind == PERF_REPLAY ? o->capture_count > 0 : o->capture_count == 0;
}

// Hugepages where the system has reserved some; nothing on disk, no devices but net_null.
static int start_eal(const struct perf_options *o)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/sys/vm/nr_hugepages", "r");
	const char *huge[] = {"tocsin-perf", "--in-memory", "--no-pci", "--no-telemetry", "--log-level=*:error",
		"--vdev=net_null0,size=64", "-l", "0"};
	const char *small[] = {"tocsin-perf", "--no-shconf", "--no-huge", "-m", "256", "--no-pci", "--no-telemetry",
		"--log-level=*:error", "--vdev=net_null0,size=64", "-l", "0"};

	if (f && fscanf(f, "%lu", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	if (pages >= 64)
		return rte_eal_init(sizeof(huge) / sizeof(*huge), (char **)huge);
	return rte_eal_init(sizeof(small) / sizeof(*small), (char **)small);
}

static bool wanted(const char *list, const char *name)
{
	size_t len = strlen(name);

	if (!strcmp(list, "all"))
		return true;
	for (const char *at = list; (at = strstr(at, name)); at += len)
		if ((at == list || at[-1] == ',') && (at[len] == ',' || at[len] == '\0'))
			return true;
	return false;
}

static int choose_detectors(struct run *r)
{
	r->config = config_new(NULL, NULL);
	if (!r->config || config_add_detectors(r->config, detector_table, &r->detectors) != 0)
		return -ENOMEM;
	for (size_t i = 0; i < r->detectors.count && r->used_count < WORKER_MAX_DETECTORS; i++) {
		const struct config_detector *d = &r->detectors.items[i];
		if (!wanted(r->o.detectors, d->detector->name))
			continue;
		r->result.detector[r->used_count] = d->detector->name;
		r->used[r->used_count++] = (struct pipeline_detector){d->detector, d->config};
	}
	r->result.detector_count = (uint16_t)r->used_count;
	return 0;
}

static void ignore_event(void *arg, const struct event *ev)
{
}

static int build(struct run *r)
{
	struct pipeline_config c = {
		.workers = r->o.workers,
		.event_slots = EVENT_SLOTS,
		.anomalies_a_tick = r->o.kind == PERF_REPLAY ? UINT32_MAX : WORKER_ANOMALIES_A_TICK,
		.detectors = r->used,
		.detector_count = r->used_count,
		.on_event = ignore_event,
	};

	decode_config_defaults(&c.decode);
	defrag_config_defaults(&c.defrag);
	tcp_stream_config_default(&c.stream);
	flow_table_config_default(&c.flow);
	if (r->o.kind != PERF_REPLAY) { // as on a wire
		c.flow.carriers_a_tick = FLOW_CARRIERS_A_TICK;
		c.decode.nested_a_tick = DECODE_NESTED_A_TICK;
		c.decode.long_chains_a_tick = DECODE_LONG_CHAINS_A_TICK;
	}
	if (r->o.protocols) {
		app_layer_config_default(&c.app, parser_table);
		c.app.log = UINT64_MAX; // records are written, as in a sensor
	}
	c.flow.max_flows = r->o.memory ? 0 : r->o.flows;
	c.flow.memory_bytes = r->o.memory;
	if (r->o.kind == PERF_REPLAY && !r->o.memory) {
		c.flow.max_flows = 0;
		c.flow.memory_bytes = 256 * MIB;
	}
	r->result.table_bytes = flow_table_size(&c.flow);
	return pipeline_create(&r->pipeline, &c);
}

static void pin(unsigned core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core % (unsigned)sysconf(_SC_NPROCESSORS_ONLN), &set);
	sched_setaffinity(0, sizeof(set), &set); // an unpinned run is only noisier
}

// With several workers each runs in a thread of its own. In each trial all run together, batch by batch at the same
// time, and then the first by itself.
struct lane_thread {
	pthread_t thread;
	struct lane *lane;
	unsigned core;
	uint32_t trials;
	bool in_step; // floods
	pthread_barrier_t *barrier;
	struct lane_meeting *meeting;
	struct lane_result result[PERF_MAX_TRIALS];
};

static void *lane_main(void *arg)
{
	struct lane_thread *t = arg;
	struct lane_result alone;

	pin(t->core);
	lane_warm_up(t->lane);
	for (uint32_t i = 0; i < t->trials; i++) {
		pthread_barrier_wait(t->barrier);
		lane_trial(t->lane, false, t->in_step ? t->meeting : NULL, &t->result[i]);
		pthread_barrier_wait(t->barrier);
		if (t->core == 0 && t->in_step)
			lane_trial(t->lane, false, NULL, &alone);
	}
	return NULL;
}

static void run_threads(struct run *r, double pps[PERF_MAX_TRIALS])
{
	static struct lane_thread t[PERF_MAX_WORKERS];
	struct lane_meeting meeting = {.lanes = r->o.workers};
	pthread_barrier_t barrier;

	pthread_barrier_init(&barrier, NULL, r->o.workers);
	for (uint16_t i = 0; i < r->o.workers; i++) {
		t[i] = (struct lane_thread){.lane = r->lanes[i],
			.core = i,
			.trials = r->o.trials,
			.in_step = r->o.kind != PERF_REPLAY,
			.barrier = &barrier,
			.meeting = &meeting};
		pthread_create(&t[i].thread, NULL, lane_main, &t[i]);
	}
	for (uint16_t i = 0; i < r->o.workers; i++) {
		pthread_join(t[i].thread, NULL);
		for (uint32_t trial = 0; trial < r->o.trials; trial++)
			pps[trial] += (double)rte_get_tsc_hz() / t[i].result[trial].cycles;
		lane_undisturbed(r->lanes[i], true, &r->result.together[i]);
	}
	r->result.lane = t[0].result[r->o.trials - 1];
	lane_undisturbed(r->lanes[0], false, &r->result.undisturbed);
	pthread_barrier_destroy(&barrier);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static void collect(struct run *r)
{
	struct perf_result *res = &r->result;
	struct worker *w = lane_worker(r->lanes[0]);
	struct worker_counters sum;

	pipeline_counters(r->pipeline, &sum);
	res->offered = sum.frames;
	res->inspected = sum.inspected;
	memcpy(res->ledger, sum.ledger, sizeof(sum.ledger));
	pipeline_events(r->pipeline, res->events, res->lost);
	res->flow = *flow_table_counters(w->flows);
	res->active = res->flow.active;
	res->capacity = flow_table_capacity(w->flows);
	res->flow_bytes = res->table_bytes / (r->o.memory || r->o.kind == PERF_REPLAY ? res->capacity : r->o.flows);
}

// Progress of a replay, which may take minutes.
__attribute__((format(printf, 2, 3))) static void say(const struct run *r, const char *format, ...)
{
	va_list args;

	if (r->o.kind != PERF_REPLAY)
		return;
	va_start(args, format);
	fputs("tocsin-perf: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}

static void measure_one(struct run *r)
{
	struct perf_result *res = &r->result;
	struct lane *l = r->lanes[0];
	struct lane_result trial;

	pin(0);
	say(r, "a turn to warm up");
	lane_warm_up(l);
	for (uint32_t i = 0; i < r->o.trials; i++) {
		lane_trial(l, false, NULL, &trial);
		res->cycles[i] = trial.cycles;
		say(r, "trial %u of %u: %.1f cycles a packet", i + 1, r->o.trials, trial.cycles);
	}
	qsort(res->cycles, r->o.trials, sizeof(*res->cycles), by_value);
	res->lane = trial;
	if (r->o.stages) {
		lane_trial(l, true, NULL, &trial);
		memcpy(res->lane.stage, trial.stage, sizeof(trial.stage));
		if (r->o.kind != PERF_REPLAY) // 128 frames would not stand for a capture
			lane_instructions(l, res->instruction_stage, &res->instructions);
	}
	lane_undisturbed(l, false, &res->undisturbed);
	res->control = lane_control(l);
	res->wall_pps = (double)rte_get_tsc_hz() / res->cycles[r->o.trials / 2];
	collect(r);
	res->group_count = r->rules ? rules_groups(r->rules, res->groups) : 0;
	res->has_peers = r->o.peers && peers_measure(&r->o, l, &res->peers) == 0;
}

static void measure_several(struct run *r)
{
	double pps[PERF_MAX_TRIALS] = {0};

	run_threads(r, pps);
	for (uint32_t i = 0; i < r->o.trials; i++)
		r->result.cycles[i] = (double)rte_get_tsc_hz() * r->o.workers / pps[i];
	qsort(pps, r->o.trials, sizeof(*pps), by_value);
	qsort(r->result.cycles, r->o.trials, sizeof(*pps), by_value);
	r->result.wall_pps = pps[r->o.trials / 2];
	collect(r);
}

// The same frames for a program that reads captures.
static int write_capture(const struct run *r)
{
	uint8_t frame[2048];
	struct frames *f = frames_open(&r->o, lane_worker(r->lanes[0])->flows);
	pcap_t *dead = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, 65535, PCAP_TSTAMP_PRECISION_NANO);
	pcap_dumper_t *out = dead ? pcap_dump_open(dead, r->o.write) : NULL;
	uint64_t warm = f ? frames_warm_up(f) : 0;

	if (!f || !out) {
		fprintf(stderr, "tocsin-perf: cannot write %s: %s\n", r->o.write,
			dead ? pcap_geterr(dead) : "no memory");
		return 1;
	}
	for (uint64_t i = 0; i < r->o.packets; i++) {
		uint32_t len = i < warm ? frames_make_warm_up(f, i, frame) : frames_make(f, frame);
		uint64_t ns = i * 672 / 10;
		struct pcap_pkthdr h = {.caplen = len, .len = len};
		h.ts.tv_sec = (time_t)(1600000000 + ns / 1000000000);
		h.ts.tv_usec = (suseconds_t)(ns % 1000000000);
		pcap_dump((uint8_t *)out, &h, frame);
	}
	bool failed = pcap_dump_flush(out) != 0;
	pcap_dump_close(out);
	pcap_close(dead);
	frames_close(f);
	if (failed)
		fprintf(stderr, "tocsin-perf: %s: the disk is full\n", r->o.write);
	return failed;
}

static int run(struct run *r)
{
	int rc = choose_detectors(r);

	if (rc == 0)
		rc = build(r);
	if (rc == 0 && r->o.rules) {
		r->rules = rules_load(r->o.rules);
		rc = r->rules ? 0 : -EINVAL;
	}
	for (uint16_t i = 0; i < r->o.workers && rc == 0; i++) {
		r->lanes[i] = lane_open(&r->o, r->pipeline, i);
		rc = r->lanes[i] ? 0 : -ENOMEM;
		if (rc == 0 && r->rules)
			rc = rules_attach(r->rules, r->lanes[i]);
	}
	if (rc != 0) {
		fprintf(stderr, "tocsin-perf: could not be set up: %s\n", strerror(-rc));
		return 1;
	}
	if (r->o.write)
		return write_capture(r);
	r->result.options = &r->o;
	r->result.trials = r->o.trials;
	if (r->o.workers > 1)
		measure_several(r);
	else
		measure_one(r);
	if (r->o.json)
		report_json(&r->result);
	else
		report_text(&r->result);
	return fflush(stdout) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	static struct run r;

	if (!parse(&r.o, argc, argv)) {
		usage();
		return 1;
	}
	if (start_eal(&r.o) < 0) {
		fprintf(stderr, "tocsin-perf: DPDK did not start\n");
		return 1;
	}
	int rc = run(&r);
	for (uint16_t i = 0; i < PERF_MAX_WORKERS; i++)
		lane_close(r.lanes[i]);
	rules_free(r.rules);
	pipeline_free(r.pipeline);
	config_free(r.config);
	rte_eal_cleanup();
	return rc;
}
