// Host scans: one source tries the same service on many hosts, or pings many.
//
// A record is a source and a service; it counts distinct hosts that did not answer within an hour, and for slow
// sweeps within a day.
// Services that worms and guessers look for need fewer, when not one host answers.
#include <stddef.h>

#include <rte_common.h>

#include "detectors/heuristics/conn_detector.h"
#include "detectors/heuristics/fan.h"

struct host_scan_config {
	uint64_t hosts;
	uint64_t sought_hosts;
	uint64_t window_ns;
	uint64_t slow_hosts;
	uint64_t slow_window_ns;
	uint64_t idle_ns;
};

static const struct config_row host_scan_rows[] = {
	{"hosts", CONFIG_UINT, offsetof(struct host_scan_config, hosts), "hosts", 2, 5000, "20", NULL,
		"distinct hosts on which one source tried the same service without an answer"},
	{"sought-hosts", CONFIG_UINT, offsetof(struct host_scan_config, sought_hosts), "hosts", 2, 5000, "8", NULL,
		"the same for services worms look for (telnet, SMB, RDP, ...), when none answered"},
	{"window", CONFIG_DURATION, offsetof(struct host_scan_config, window_ns), "s", 1, 86400, "3600s", NULL,
		"how long tries are remembered"},
	{"slow-hosts", CONFIG_UINT, offsetof(struct host_scan_config, slow_hosts), "hosts", 2, 5000, "40", NULL,
		"the same over the slow window"},
	{"slow-window", CONFIG_DURATION, offsetof(struct host_scan_config, slow_window_ns), "s", 1, 604800, "86400s",
		NULL, "how long tries are remembered for slow scans"},
	{"idle", CONFIG_DURATION, offsetof(struct host_scan_config, idle_ns), "s", 1, 86400, "60s", NULL,
		"a scan is over when its source has tried nothing for this long"},
	CONFIG_END};

#define SOURCES_LOG 12u // 32768 (source, service) records

struct host_scan {
	const struct host_scan_config *config;
	struct obslog *queue;
	struct detector_run *run;
	struct fan_table sources;
	uint64_t memory[];
};

extern const struct detector detector_host_scan;

static bool is_sought(uint16_t port, uint8_t proto)
{
	static const uint16_t tcp[] = {22, 23, 135, 139, 445, 1433, 2323, 3306, 3389, 4786, 5555, 5900, 6379, 7547,
		37215},
			      udp[] = {69, 161, 1434, 1900, 3702, 5060, 5683, 11211};
	const uint16_t *ports = proto == 6 ? tcp : udp;
	size_t n = proto == 6 ? RTE_DIM(tcp) : proto == 17 ? RTE_DIM(udp) : 0;
	for (size_t i = 0; i < n; i++)
		if (ports[i] == port)
			return true;
	return false;
}

static void say(const struct fan *f, uint64_t threshold, struct detector_run *run, const char *stage)
{
	struct finding find = {.detector = &detector_host_scan, .attacker = f->who, .attacker_version = f->version};
	// the first host tried stands for all
	find.victim = f->whom;
	find.victim_version = f->version;
	find.proto = f->proto;
	find.dport = f->port;
	find.unit = "hosts";
	find.stage = stage;
	find.what = f->marked * 2 > f->tries ? "host scan by a Mirai-like scanner"
		    : f->probes & PROBE_ICMP ? "ping sweep"
		    : f->slow                ? "slow service sweep"
					     : "service sweep";
	find.severity = f->marked * 2 > f->tries ? 1 : 0;
	find.observed = (double)(uint64_t)((f->slow ? fan_slow_failed(f) : fan_failed(f)) + 0.5);
	find.threshold = (double)threshold;
	find.confidence = f->opened ? 80 : 90;
	find.sample = f->slow ? f->slow_seq : f->first_seq;
	find.window_ms = (f->seen_ns - (f->slow ? f->slow_start_ns : f->start_ns)) / 1000000;
	text_number(&find.text, "hosts_tried", (double)(uint64_t)((f->slow ? fan_slow_tried(f) : fan_tried(f)) + 0.5));
	text_number(&find.text, "hosts_answering", f->opened);
	text_number(&find.text, "closed_answers", f->closed);
	finding_emit(run, &find);
}

// Where a firewall drops QUIC, every browser tries it in vain all day: so many times the hosts must it be.
static uint64_t quic_times(const struct fan *f)
{
	return f->proto == 17 && f->port == 443 ? 5 : 1;
}

static uint64_t limit_of(const struct host_scan *s, const struct fan *f)
{
	if (f->slow)
		return s->config->slow_hosts;
	bool sought = f->opened == 0 && (is_sought(f->port, f->proto) || f->marked * 2 > f->tries);
	return sought ? s->config->sought_hosts : s->config->hosts * quic_times(f);
}

static void done(void *ctx, struct fan *f)
{
	struct host_scan *s = ctx;
	say(f, limit_of(s, f), s->run, "end");
}

static void host_scan_see(void *ctx, const struct obs *o)
{
	struct host_scan *s = ctx;
	bool ping = o->a & PROBE_ICMP;
	if (address_is_group(&o->dst, o->version))
		return;
	uint64_t service = (uint64_t)o->proto << 16 | (ping ? 0 : o->dport);
	union ip_addr who = sketch_source(&o->src, o->version == 6);
	struct fan *f = fan_touch(&s->sources, sketch_pair(sketch_addr(&who), service), o, sketch_addr(&o->dst));
	uint64_t limit = limit_of(s, f);
	// a service on an ephemeral port is a peer-to-peer node more often than a service
	bool peer = !ping && o->proto == 17 && o->dport >= 1024 && !is_sought(o->dport, o->proto);
	if (f->active || (f->slow_start_ns == 0 && f->tries < limit) || peer)
		return;
	double failed = fan_failed(f), slow = fan_slow_failed(f);
	f->slow = slow + 0.5 >= (double)s->config->slow_hosts && slow * 2 >= fan_slow_tried(f) && quic_times(f) == 1;
	if (!f->slow && (failed + 0.5 < (double)limit || failed * 2 < fan_tried(f)))
		return;
	fan_report(&s->sources, f);
	say(f, limit_of(s, f), s->run, "start");
}

static size_t host_scan_size(const void *config)
{
	return sizeof(struct host_scan) + conn_queue_size() + keytab_size(SOURCES_LOG, sizeof(struct fan));
}

static int host_scan_init(void *state, const void *config, const struct detector_env *env)
{
	struct host_scan *s = state;
	uint8_t *at = (uint8_t *)s->memory;
	s->config = config;
	s->queue = (struct obslog *)at;
	obslog_init(s->queue, CONN_QUEUE, sizeof(struct obs));
	fan_init(&s->sources, at + conn_queue_size(), SOURCES_LOG, s->config->window_ns, s->config->slow_window_ns);
	return 0;
}

static void host_scan_merge(void *master, void *delta)
{
	struct host_scan *s = master;
	obslog_merge(s->queue, delta);
}

static void host_scan_tick(void *master, struct detector_run *run)
{
	struct host_scan *s = master;
	s->run = run;
	run->missed += obslog_drain(s->queue, host_scan_see, s);
	fan_idle(&s->sources, run, s->config->idle_ns, done, s);
}

const struct detector detector_host_scan = {.name = "host_scan",
	.sid = 9010010,
	.title = "Tocsin host scan",
	.category = "Detection of a Network Scan",
	.severity = 2,
	.wants = CONN_WANTS,
	.only = DET_FIRST,
	.config = host_scan_rows,
	.config_size = sizeof(struct host_scan_config),
	.state_size = host_scan_size,
	.init = host_scan_init,
	.delta_size = conn_delta_size,
	.init_delta = conn_init_delta,
	.on_packets = conn_on_packets,
	.merge = host_scan_merge,
	.on_tick = host_scan_tick};
