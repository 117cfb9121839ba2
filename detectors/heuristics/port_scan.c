// Port scans: one source tries many ports of one host, or many sources do together.
//
// What counts are distinct ports that did not answer: a scanner does not know what is there. Slow
// scans (nmap's -T0 tries a port in five minutes) are counted over a day. nmap's -g 53 evades the UDP part, which takes
// 53 -> high ports for answers.
#include <stddef.h>

#include <rte_common.h>

#include "detectors/heuristics/conn_detector.h"
#include "detectors/heuristics/fan.h"

struct port_scan_config {
	uint64_t ports;
	uint64_t distributed_ports;
	uint64_t distributed_sources;
	uint64_t window_ns;
	uint64_t slow_ports;
	uint64_t slow_window_ns;
	uint64_t idle_ns;
};

static const struct config_row port_scan_rows[] = {
	{"ports", CONFIG_UINT, offsetof(struct port_scan_config, ports), "ports", 2, 5000, "20", NULL,
		"distinct ports of one host that one source tried without an answer"},
	{"distributed-ports", CONFIG_UINT, offsetof(struct port_scan_config, distributed_ports), "ports", 2, 5000,
		"200", NULL, "distinct ports of one host that many sources together tried without an answer"},
	{"distributed-sources", CONFIG_UINT, offsetof(struct port_scan_config, distributed_sources), "addresses", 2,
		200, "10", NULL, "sources a distributed scan must have"},
	{"window", CONFIG_DURATION, offsetof(struct port_scan_config, window_ns), "s", 1, 86400, "3600s", NULL,
		"how long tries are remembered"},
	{"slow-ports", CONFIG_UINT, offsetof(struct port_scan_config, slow_ports), "ports", 2, 5000, "40", NULL,
		"the same over the slow window"},
	{"slow-window", CONFIG_DURATION, offsetof(struct port_scan_config, slow_window_ns), "s", 1, 604800, "86400s",
		NULL, "how long tries are remembered for slow scans"},
	{"idle", CONFIG_DURATION, offsetof(struct port_scan_config, idle_ns), "s", 1, 86400, "60s", NULL,
		"a scan is over when its source has tried nothing for this long"},
	CONFIG_END};

#define PAIRS_LOG 12u // 32768 (source, host) records
#define HOSTS_LOG 9u  // 4096 hosts

struct port_scan {
	const struct port_scan_config *config;
	struct obslog *queue;
	struct detector_run *run; // of the tick, while the queue is drained
	struct fan_table pairs, hosts;
	uint64_t memory[];
};

extern const struct detector detector_port_scan;

static void say(const struct fan *f, uint64_t threshold, struct detector_run *run, const char *stage, bool distributed)
{
	struct finding find = {.detector = &detector_port_scan, .victim = f->whom, .victim_version = f->version};
	if (!distributed) {
		find.attacker = f->who;
		find.attacker_version = f->version;
	}
	find.proto = f->proto;
	find.unit = "ports";
	find.stage = stage;
	find.what = distributed ? "distributed port scan" : f->slow ? "slow port scan" : conn_probe_name(f->probes);
	find.threshold = (double)threshold;
	double failed = f->slow ? fan_slow_failed(f) : fan_failed(f);
	find.observed = (double)(uint64_t)(failed + 0.5);
	find.confidence = failed > 60 ? 95 : 80;
	find.sample = f->slow ? f->slow_seq : f->first_seq;
	find.window_ms = (f->seen_ns - (f->slow ? f->slow_start_ns : f->start_ns)) / 1000000;
	text_number(&find.text, "ports_tried", (double)(uint64_t)((f->slow ? fan_slow_tried(f) : fan_tried(f)) + 0.5));
	text_string(&find.text, "probe", conn_probe_name(f->probes));
	text_number(&find.text, "ports_open", f->opened);
	text_number(&find.text, "closed_answers", f->closed);
	text_number(&find.text, "port_min", f->port_min);
	text_number(&find.text, "port_max", f->port_max);
	if (distributed)
		text_number(&find.text, "sources", (double)(uint64_t)(bitmap_count(&f->sources, 1) + 0.5));
	finding_emit(run, &find);
}

static void pair_done(void *ctx, struct fan *f)
{
	struct port_scan *s = ctx;
	say(f, f->slow ? s->config->slow_ports : s->config->ports, s->run, "end", false);
}

static void host_done(void *ctx, struct fan *f)
{
	struct port_scan *s = ctx;
	say(f, s->config->distributed_ports, s->run, "end", true);
}

static void see_host(struct port_scan *s, const struct obs *o, bool in_scan)
{
	uint64_t key = sketch_pair(sketch_addr(&o->dst), o->proto);
	struct fan *f = fan_touch(&s->hosts, key, o, sketch_mix(o->dport + 1));
	bitmap_add(&f->sources, 1, sketch_addr(&o->src));
	// one that is already reported on its own does not make it distributed
	if (f->active || in_scan || f->tries < s->config->distributed_ports)
		return;
	if (bitmap_count(&f->sources, 1) < (double)s->config->distributed_sources)
		return;
	if (fan_failed(f) < (double)s->config->distributed_ports || fan_failed(f) * 2 < fan_tried(f))
		return;
	fan_report(&s->hosts, f);
	say(f, s->config->distributed_ports, s->run, "start", true);
}

static void port_scan_see(void *ctx, const struct obs *o)
{
	struct port_scan *s = ctx;
	if (o->proto == 1 || o->proto == 58 || address_is_group(&o->dst, o->version))
		return;
	uint64_t key = sketch_pair(sketch_pair(sketch_addr(&o->src), sketch_addr(&o->dst)), o->proto);
	struct fan *f = fan_touch(&s->pairs, key, o, sketch_mix(o->dport + 1));
	if (o->a & (PROBE_SYN | PROBE_FIN | PROBE_NULL | PROBE_XMAS | PROBE_SCTP))
		see_host(s, o, f->active);
	if (f->active || (f->slow_start_ns == 0 && f->tries + f->closed < s->config->ports))
		return;
	double failed = fan_failed(f), slow = fan_slow_failed(f);
	f->slow = slow >= (double)s->config->slow_ports && slow * 2 >= fan_slow_tried(f);
	if (!f->slow && (failed < (double)s->config->ports || failed * 2 < fan_tried(f)))
		return;
	fan_report(&s->pairs, f);
	say(f, f->slow ? s->config->slow_ports : s->config->ports, s->run, "start", false);
}

static size_t port_scan_size(const void *config)
{
	return sizeof(struct port_scan) + conn_queue_size() + keytab_size(PAIRS_LOG, sizeof(struct fan)) +
	       keytab_size(HOSTS_LOG, sizeof(struct fan));
}

static int port_scan_init(void *state, const void *config, const struct detector_env *env)
{
	struct port_scan *s = state;
	uint8_t *at = (uint8_t *)s->memory;
	s->config = config;
	s->queue = (struct obslog *)at;
	obslog_init(s->queue, CONN_QUEUE, sizeof(struct obs));
	at += conn_queue_size();
	fan_init(&s->pairs, at, PAIRS_LOG, s->config->window_ns, s->config->slow_window_ns);
	at += keytab_size(PAIRS_LOG, sizeof(struct fan));
	fan_init(&s->hosts, at, HOSTS_LOG, s->config->window_ns, 0);
	return 0;
}

static void port_scan_merge(void *master, void *delta)
{
	struct port_scan *s = master;
	obslog_merge(s->queue, delta);
}

static void port_scan_tick(void *master, struct detector_run *run)
{
	struct port_scan *s = master;
	s->run = run;
	run->missed += obslog_drain(s->queue, port_scan_see, s);
	fan_idle(&s->pairs, run, s->config->idle_ns, pair_done, s);
	fan_idle(&s->hosts, run, s->config->idle_ns, host_done, s);
}

const struct detector detector_port_scan = {.name = "port_scan",
	.sid = 9010009,
	.title = "Tocsin port scan",
	.category = "Detection of a Network Scan",
	.severity = 2,
	.wants = CONN_WANTS,
	.only = DET_FIRST,
	.config = port_scan_rows,
	.config_size = sizeof(struct port_scan_config),
	.state_size = port_scan_size,
	.init = port_scan_init,
	.delta_size = conn_delta_size,
	.init_delta = conn_init_delta,
	.on_packets = conn_on_packets,
	.merge = port_scan_merge,
	.on_tick = port_scan_tick};
