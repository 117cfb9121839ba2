// From the configuration to a running packet path: packet buffers, source, workers, engines.
// Next: run.c.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <rte_common.h>
#include <rte_memory.h>

#include "ctl/sensor/eal.h"
#include "ctl/sensor/ports.h"
#include "ctl/sensor/sensor.h"
#include "dataplane/source_pcap.h"

#define MIN_FLOWS 4096u
#define LIVE_TICK_FLOWS 4096u
#define FLOWS_WORTH_HUGE_PAGES (UINT64_C(32) << 20) // what a capture of about 1 GB could hold
#define EAL_MEMORY_BYTES (64ull << 20)
#define SMALL_MBUFS 2048u // and as many again for each worker beyond the first
#define JUMBO_MBUFS 160u  // a burst can hold 32 frames and rebuild as many datagrams

static void source_says(void *arg, enum source_severity severity, const char *message)
{
	struct sensor *s = arg;

	progress_clear(&s->progress);
	say("%s%s", severity == SOURCE_WARNING ? "warning: " : "", message);
}

static int start_eal(struct sensor *s)
{
	struct eal_options o = {
		.workers = s->workers > 1 ? s->workers : 0,
		.lcores = s->opt.lcores,
		.memory_bytes = EAL_MEMORY_BYTES,
		.verbose = s->opt.verbose > 1,
		.raw = (const char *const *)s->cfg.memory.eal_args.items,
		.raw_count = s->cfg.memory.eal_args.count,
	};
	int rc = eal_start(&o);

	if (rc != 0) {
		say("DPDK did not start: %s; -vv shows more", eal_said()[0] ? eal_said() : strerror(-rc));
		return EXIT_BAD_INPUT;
	}
	s->eal_started = true;
	return EXIT_CLEAN;
}

int setup_capture(struct sensor *s)
{
	uint16_t more = s->workers - 1;
	struct mbuf_pools_config pools = {
		.name = "tocsin",
		.small_count = SMALL_MBUFS + more * SMALL_MBUFS,
		.jumbo_count = JUMBO_MBUFS + more * JUMBO_MBUFS,
		.socket = SOCKET_ID_ANY,
	};
	int rc = start_eal(s);

	if (rc != EXIT_CLEAN)
		return rc;
	rc = mbuf_pools_create(&s->pools, &pools);
	if (rc != 0) {
		say("no memory for packet buffers: %s", strerror(-rc));
		return EXIT_BAD_INPUT;
	}
	// the source has said what is wrong with which file
	rc = source_pcap_open(&s->source, s->opt.captures.items, s->opt.captures.count, &s->pools, source_says, s);
	return rc == 0 ? EXIT_CLEAN : EXIT_BAD_INPUT;
}

static int set_decode(const struct sensor *s, struct decode_config *d)
{
	decode_config_defaults(d);
	d->check_l3_csum = d->check_l4_csum = s->cfg.capture.checksum == CHECKSUM_ALL;
	d->vxlan = s->cfg.decoder.vxlan;
	d->geneve = s->cfg.decoder.geneve;
	d->teredo = s->cfg.decoder.teredo;
	d->max_layers = (uint8_t)s->cfg.decoder.max_layers;
	if (tunnel_ports(&s->cfg.decoder.vxlan_ports, &s->cfg.port_groups, &d->vxlan_ports) == 0 &&
		tunnel_ports(&s->cfg.decoder.geneve_ports, &s->cfg.port_groups, &d->geneve_ports) == 0 &&
		tunnel_ports(&s->cfg.decoder.teredo_ports, &s->cfg.port_groups, &d->teredo_ports) == 0)
		return 0;
	say("decoder.*.ports: more than %u ports; write any to look at every port", DECODE_MAX_PORTS);
	return -EINVAL;
}

// A wire does not wait: ticks end a bounded number of flows at a time, what tunnels cost is bounded, and whoever sends
// must not be able to foresee the hash.
static void set_live(struct decode_config *decode, struct flow_table_config *flow)
{
	decode->nested_a_tick = DECODE_NESTED_A_TICK;
	decode->long_chains_a_tick = DECODE_LONG_CHAINS_A_TICK;
	flow->lossless = false;
	flow->tick_budget = LIVE_TICK_FLOWS;
	flow->carriers_a_tick = FLOW_CARRIERS_A_TICK;
	if (getrandom(flow->seed, sizeof(flow->seed), 0) != (ssize_t)sizeof(flow->seed))
		say("warning: no random numbers: the flow table's hash can be foreseen");
}

// flow.memory is a limit: the table for a small capture is no larger than its flows, and starts faster.
static void set_flow_table(const struct sensor *s, struct decode_config *decode, struct flow_table_config *flow)
{
	*flow = s->flow;
	flow->memory_bytes /= s->workers;
	flow->records = true;
	flow->lossless = flow->lossless_flush = true;
	if (s->live) {
		set_live(decode, flow);
		return;
	}
	uint64_t room = flow->memory_bytes / sizeof(struct flow);
	uint64_t flows = source_pcap_flows_most(s->source, decode, room);
	mem_use_huge_pages(flows > FLOWS_WORTH_HUGE_PAGES);
	if (flows >= room)
		return;
	flow->max_flows = flows + MIN_FLOWS; // one worker may get them all
	if (flow_table_size(flow) > flow->memory_bytes)
		flow->max_flows = 0;
}

// What is written at the end is tried at the start.
static int try_profile(const struct sensor *s)
{
	FILE *f = s->opt.rule_profile ? fopen(s->opt.rule_profile, "ae") : NULL;

	if (s->opt.rule_profile && !f) {
		say("%s: cannot be written: %s; --rule-profile names another file", s->opt.rule_profile,
			strerror(errno));
		return -errno;
	}
	return f ? fclose(f) : 0;
}

// Memory limits are of the whole process; each worker gets its part.
static void set_limits(const struct sensor *s, struct pipeline_config *c)
{
	set_flow_table(s, &c->decode, &c->flow);
	c->stream = s->stream;
	c->stream.memcap /= s->workers;
	c->stream.reassembly_memcap /= s->workers;
	memcpy(c->stream.hosts, s->hosts, sizeof(c->stream.hosts));
	defrag_config_defaults(&c->defrag);
	c->defrag.memcap_bytes = s->cfg.defrag.memcap / s->workers;
	c->defrag.max_datagrams = (uint32_t)(s->cfg.defrag.trackers / s->workers);
	c->defrag.timeout_ns = s->cfg.defrag.timeout_ns;
}

static void on_event(void *arg, const struct event *ev)
{
	struct sensor *s = arg;

	// what the merge hands out is its own copy, which the gate may complete
	if (s->gate && !alert_gate_pass(s->gate, (struct event *)(uintptr_t)ev))
		return;
	summary_add(s->summary, ev);
	eve_write_event(s->out, ev);
}

// The detectors that are switched on, with their configuration.
static size_t list_detectors(const struct sensor *s, struct pipeline_detector *out)
{
	size_t n = 0;

	for (size_t i = 0; i < s->cfg.detectors.count && n < WORKER_MAX_DETECTORS; i++)
		if (s->cfg.detectors.items[i].enabled)
			out[n++] = (struct pipeline_detector){
				s->cfg.detectors.items[i].detector, s->cfg.detectors.items[i].config};
	return n;
}

static int start_engine(struct sensor *s, uint16_t i)
{
	struct worker *w = pipeline_worker(s->pipeline, i);
	size_t size = RTE_ALIGN_CEIL(signature_worker_size(s->rules), RTE_CACHE_LINE_SIZE);

	s->signature[i] = aligned_alloc(RTE_CACHE_LINE_SIZE, size);
	if (!s->signature[i])
		return -ENOMEM;
	memset(s->signature[i], 0, size);
	int rc = signature_worker_init(s->signature[i], s->rules, w->flows, i);
	if (rc)
		return rc;
	// The engine is a consumer of the stream stage: it sees packets and reassembled bytes in packet order.
	struct stream_consumer consumer = signature_stream_consumer(s->signature[i]);
	w->engine = (struct packet_engine){s->signature[i], signature_between_bursts, signature_on_flow_end};
	signature_worker_set_gate(s->signature[i], s->gate, !s->live);
	if (w->app) {
		struct app_consumer transactions = signature_app_consumer(s->signature[i]);
		app_layer_set_consumer(w->app, &transactions);
	}
	return tcp_stream_add_consumer(w->streams, &consumer);
}

static int open_dump(struct sensor *s)
{
	if (!s->opt.dump_streams)
		return 0;
	dump_streams_config(&s->stream);
	int rc = dump_streams_open(&s->dump, s->opt.dump_streams);
	if (rc != 0)
		say("%s: cannot be made for the streams: %s", s->opt.dump_streams, strerror(-rc));
	return rc;
}

int setup_pipeline(struct sensor *s)
{
	struct pipeline_detector detectors[WORKER_MAX_DETECTORS];
	struct pipeline_config c = {
		.workers = s->workers,
		.event_slots = (uint32_t)s->cfg.workers.event_ring,
		.anomalies_a_tick = s->live ? WORKER_ANOMALIES_A_TICK : UINT32_MAX,
		.detectors = detectors,
		.detector_count = list_detectors(s, detectors),
		.env = {.home = s->home, .baselines = s->baselines},
		.on_event = on_event,
		.on_event_arg = s,
	};
	struct app_ports_text app_ports_text[APP_PORT_LISTS];
	int rc, nodes[PIPELINE_MAX_WORKERS];

	for (uint16_t i = 0; s->live && i < s->workers; i++)
		nodes[i] = ports_worker_node(i);
	c.nodes = s->live ? nodes : NULL;
	if (set_decode(s, &c.decode) != 0 || open_dump(s) != 0 || try_profile(s) != 0 ||
		setup_app_layer(s, &c.app, app_ports_text) != 0)
		return EXIT_BAD_INPUT;
	set_limits(s, &c);
	rc = pipeline_create(&s->pipeline, &c);
	if (rc == 0 && s->rules && !(s->gate = alert_gate_new(s->rules)))
		rc = -ENOMEM;
	for (uint16_t i = 0; rc == 0 && s->rules && i < s->workers; i++)
		rc = start_engine(s, i);
	for (uint16_t i = 0; rc == 0 && s->dump && i < s->workers; i++)
		rc = dump_streams_attach(s->dump, pipeline_worker(s->pipeline, i)->streams);
	if (rc == 0)
		return EXIT_CLEAN;
	say("the workers cannot be set up: %s; less flow.memory or stream memory may help", strerror(-rc));
	return EXIT_BAD_INPUT;
}
