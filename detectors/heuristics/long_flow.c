// Long-lived flows to outside, and flows to ports that no usual service has: remote control over one connection that
// never ends, which a beacon's intervals do not show.
//
// A flow is looked at with its first 64 packets of data and with every 256th packet. Services that several of our
// hosts hold open are chat and push, not remote control.
#include <stddef.h>
#include <stdlib.h>

#include "detectors/heuristics/obs_detector.h"

struct long_flow_config {
	uint64_t duration_ns;
	uint64_t odd_duration_ns;
	uint64_t odd_packets;
	uint64_t hosts;
	char *held_ports;
	char *usual_ports;
};

#define USUAL_PORTS                                                                                                    \
	"20-23,25,37,43,49,53,70,79,80,81,88,110,111,113,119,123,135,137-139,143,161,162,179,194,389,443,445,465,500," \
	"502,514,515,540,548,554,563,587,591,593,631,636,646,691,830,853,860,873,902,989-995,1025-1027,1080,1194,"     \
	"1352,"                                                                                                        \
	"1433,1434,1494,1521,1701,1720,1723,1755,1812,1813,1863,1883,1935,2049,2082,2083,2086,2087,2095,2096,2121,"    \
	"2222,2375,2376,2404,2598,3000,3128,3260,3268,3269,3306,3389,3478,3690,4000,4070,4369,4443,4500,4840,5000,"    \
	"5001,5004,5005,5050,5060,5061,5190,5201,5222,5223,5228-5230,5242,5269,5280,5349,5432,5671,5672,5800,5900,"    \
	"5901,5938,5984,5985,5986,6379,6443,6665-6669,6697,7000,7070,7680,8000,8008-8010,8080-8083,8088,8089,8200,"    \
	"8443,8444,8530,8531,8834,8843,8880,8883,8888,9000,9090,9091,9092,9100,9200,9300,9418,9443,9993,10000,10050,"  \
	"10051,11211,11371,15672,19302,20000,25565,27017,27018,32400,44818,47808,51820"

static const struct config_row long_flow_rows[] = {
	{"duration", CONFIG_DURATION, offsetof(struct long_flow_config, duration_ns), "s", 60, 2592000, "28800s", NULL,
		"a flow to outside is long from here on"},
	{"odd-duration", CONFIG_DURATION, offsetof(struct long_flow_config, odd_duration_ns), "s", 1, 2592000, "600s",
		NULL, "a TCP flow to a port of no usual service is told from here on"},
	{"odd-packets", CONFIG_UINT, offsetof(struct long_flow_config, odd_packets), "packets", 1, 1e9, "500", NULL,
		"when it has so many packets, both ways"},
	{"hosts", CONFIG_UINT, offsetof(struct long_flow_config, hosts), "hosts", 2, 60, "4", NULL,
		"a service that so many of our hosts hold open is not told"},
	{"held-ports", CONFIG_STRING, offsetof(struct long_flow_config, held_ports), "", 0, 0,
		"143,500,993,1194,4500,5222,5223,5228-5230,51820", NULL,
		"ports of mail, chat, push and VPN, whose flows are long: ports and ranges with commas between them"},
	{"usual-ports", CONFIG_STRING, offsetof(struct long_flow_config, usual_ports), "", 0, 0, USUAL_PORTS, NULL,
		"ports that are not odd"},
	CONFIG_END};

#define HELD_LOG 2048u
#define HELD_QUEUE 16384u
#define FLOWS_LOG 10u    // 8192 (host, service) pairs told
#define SERVICES_LOG 10u // 8192 services
#define LOOK_NS 300000000000ull
#define PORT_WORDS 1024u
#define PORT_FTP 21u

struct held_service {
	struct keyed head;
	uint64_t hosts; // bitmap
};

struct long_flow {
	struct obs_master common;
	struct keytab told, services, ftp;
	uint64_t held[PORT_WORDS], usual[PORT_WORDS]; // a bit a port
	uint64_t memory[];
};

extern const struct detector detector_long_flow;

enum held_kind { HELD_FLOW = 1, HELD_FTP };

static uint32_t count_packets(uint32_t a, uint32_t b)
{
	return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

// obs.a: seconds it lasts; obs.b: its packets. Told from the client's side.
static void long_flow_on_packets(void *state, struct packet *const *pkts, uint32_t n, struct detector_run *run)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct packet *p = pkts[i];
		if (!p->flow)
			continue;
		bool ftp = p->dport == PORT_FTP && p->nth[DIR_TO_SERVER] <= 4;
		uint64_t age = p->ts_ns > p->flow->start_ns ? p->ts_ns - p->flow->start_ns : 0;
		if (age < LOOK_NS && !ftp)
			continue;
		struct obs *o = obslog_take(state, p, ftp ? HELD_FTP : HELD_FLOW);
		if (!o)
			return;
		o->a = (uint32_t)(age / 1000000000);
		o->b = count_packets(p->nth[DIR_TO_SERVER], p->nth[DIR_TO_CLIENT]);
		if (p->dir == DIR_TO_CLIENT) {
			o->src = p->dst;
			o->dst = p->src;
			o->sport = p->dport;
			o->dport = p->sport;
		}
	}
}

static void say(struct long_flow *s, const struct obs *o, const char *what, uint64_t threshold_ns)
{
	struct finding f = {.detector = &detector_long_flow,
		.attacker = o->dst, // who is called
		.attacker_version = o->version,
		.victim = o->src,
		.victim_version = o->version,
		.proto = o->proto,
		.sport = o->dport,
		.dport = o->sport,
		.observed = o->a,
		.threshold = (double)threshold_ns / 1e9,
		.unit = "s",
		.what = what,
		.window_ms = (uint64_t)o->a * 1000,
		.confidence = 40,
		.sample = o->seq};
	text_number(&f.text, "packets", o->b);
	finding_emit(s->common.run, &f);
}

static bool has_port(const uint64_t *ports, uint16_t port)
{
	return ports[port >> 6] >> (port & 63) & 1;
}

static bool is_shared(struct long_flow *s, const struct obs *o)
{
	const struct long_flow_config *c = s->common.config;
	bool fresh;
	uint64_t key = sketch_pair(sketch_addr(&o->dst), (uint64_t)o->proto << 16 | o->dport);
	struct held_service *v = keytab_get(&s->services, key, o->ts_ns, &fresh);
	bitmap_add(&v->hosts, 1, sketch_addr(&o->src));
	return bitmap_count(&v->hosts, 1) + 0.5 >= (double)c->hosts;
}

static void long_flow_see(void *ctx, const struct obs *o)
{
	struct long_flow *s = ctx;
	const struct long_flow_config *c = s->common.config;
	const struct addr_set *home = s->common.home;
	uint64_t pair = sketch_pair(sketch_addr(&o->src), sketch_addr(&o->dst)), age_ns = o->a * 1000000000ull;
	bool fresh;
	if (!home || !is_home(home, &o->src, o->version) || is_home(home, &o->dst, o->version) ||
		address_is_group(&o->dst, o->version))
		return;
	if (o->kind == HELD_FTP) {
		keytab_get(&s->ftp, pair, o->ts_ns, &fresh);
		return;
	}
	// data connections of FTP go to ports of the server's choice
	bool odd = o->proto == 6 && !has_port(s->usual, o->dport) && age_ns >= c->odd_duration_ns &&
		   o->b >= c->odd_packets && !keytab_find(&s->ftp, pair);
	bool lasts = age_ns >= c->duration_ns && !has_port(s->held, o->dport);
	if (is_shared(s, o) || (!odd && !lasts))
		return;
	keytab_get(&s->told, sketch_pair(pair, (uint64_t)o->proto << 17 | o->dport << 1 | lasts), o->ts_ns, &fresh);
	if (!fresh)
		return;
	if (lasts)
		say(s, o, "a flow to outside that does not end", c->duration_ns);
	else
		say(s, o, "a flow to a port of no usual service", c->odd_duration_ns);
}

// "20-23,25" as bits; what is no port is left out.
static void read_ports(uint64_t *ports, const char *text)
{
	while (*text) {
		char *end;
		unsigned long from = strtoul(text, &end, 10), to = from;
		if (*end == '-')
			to = strtoul(end + 1, &end, 10);
		for (unsigned long p = from; p <= to && p <= UINT16_MAX && end != text; p++)
			ports[p >> 6] |= 1ULL << (p & 63);
		text = end + strcspn(end, ",");
		text += *text == ',';
	}
}

OBS_DETECTOR_PARTS(long_flow, HELD_LOG, HELD_QUEUE, sizeof(struct obs), NULL)

static size_t long_flow_size(const void *config)
{
	return long_flow_common_size() + 2 * keytab_size(FLOWS_LOG, sizeof(struct keyed)) +
	       keytab_size(SERVICES_LOG, sizeof(struct held_service));
}

static int long_flow_init(void *state, const void *config, const struct detector_env *env)
{
	struct long_flow *s = state;
	const struct long_flow_config *c = config;
	uint8_t *at = long_flow_init_common(s, config, env);
	keytab_init(&s->told, at, FLOWS_LOG, sizeof(struct keyed));
	at += keytab_size(FLOWS_LOG, sizeof(struct keyed));
	keytab_init(&s->ftp, at, FLOWS_LOG, sizeof(struct keyed));
	at += keytab_size(FLOWS_LOG, sizeof(struct keyed));
	keytab_init(&s->services, at, SERVICES_LOG, sizeof(struct held_service));
	read_ports(s->held, c->held_ports);
	read_ports(s->usual, c->usual_ports);
	return 0;
}

OBS_DETECTOR(long_flow, 9010033, "Tocsin long-lived or odd flow", "Potentially Bad Traffic", 3, DET_TCP | DET_UDP,
	DET_EARLY | DET_STEP);
