// Tunnels in DNS: one registered domain whose subdomains carry data.
//
// Per client and domain and ten minutes: distinct subdomains, how long and how random they are, which record types
// they ask for. Data needs room (NULL, TXT, MX, CNAME, SRV, KEY answers), or many long names.
#include <stddef.h>

#include "detectors/heuristics/name_obs.h"
#include "detectors/heuristics/obs_detector.h"

struct dns_tunnel_config {
	uint64_t names;
	uint64_t long_names;
	uint64_t odd_types;
	uint64_t window_ns;
};

static const struct config_row dns_tunnel_rows[] = {
	{"names", CONFIG_UINT, offsetof(struct dns_tunnel_config, names), "names", 3, 500, "8", NULL,
		"distinct random subdomains of one domain that ask for roomy record types"},
	{"long-names", CONFIG_UINT, offsetof(struct dns_tunnel_config, long_names), "names", 3, 500, "50", NULL,
		"distinct random subdomains of 40 and more characters, of any record type"},
	{"odd-types", CONFIG_UINT, offsetof(struct dns_tunnel_config, odd_types), "names", 3, 500, "8", NULL,
		"distinct subdomains asked for as NULL or a private type, or with bytes that are not text"},
	{"window", CONFIG_DURATION, offsetof(struct dns_tunnel_config, window_ns), "s", 1, 86400, "600s", NULL,
		"how long names are counted"},
	CONFIG_END};

#define TUNNELS_LOG 10u // 8192 (client, domain) records

struct dns_domain {
	struct keyed head;
	uint64_t start_ns, first_seq;
	uint64_t names[8]; // bitmap of distinct subdomains
	uint64_t long_names[8];
	uint32_t queries, roomy, odd;
	uint32_t length_sum; // of subdomains
	double entropy_sum;
	uint64_t bytes[2]; // of questions and answers
	uint32_t reported;
};

struct dns_tunnel {
	struct obs_master common;
	struct keytab domains;
	uint64_t memory[];
};

extern const struct detector detector_dns_tunnel;

static void dns_tunnel_on_packets(void *state, struct packet *const *pkts, uint32_t n, struct detector_run *run)
{
	name_note(state, pkts, n, NAME_DNS);
}

// Record types that carry what an operator of a name server likes: NULL, private use, KEY.
static bool is_odd(uint16_t type)
{
	return type == 10 || type == 25 || type >= 65280;
}

static bool is_roomy(uint16_t type)
{
	return is_odd(type) || type == 16 || type == 15 || type == 5 || type == 33 || type == 255;
}

static void say(struct dns_tunnel *s, const struct dns_domain *d, const struct name_obs *n, const char *what,
	double observed, uint64_t threshold)
{
	const struct dns_tunnel_config *c = s->common.config;
	uint32_t at = name_registered(n->text, n->length);
	struct finding f = {.detector = &detector_dns_tunnel,
		.attacker = n->obs.src,
		.attacker_version = n->obs.version,
		.victim = n->obs.dst,
		.victim_version = n->obs.version,
		.proto = n->obs.proto,
		.dport = n->obs.dport,
		.observed = observed,
		.threshold = (double)threshold,
		.unit = "names",
		.what = what,
		.window_ms = c->window_ns / 1000000,
		.confidence = 85,
		.sample = d->first_seq};
	text_member(&f.text, "domain");
	text_json_string(&f.text, n->text + at, n->length - at);
	text_number(&f.text, "queries", d->queries);
	text_number(&f.text, "roomy_queries", d->roomy);
	text_number(&f.text, "mean_length", d->length_sum / RTE_MAX(d->queries, 1u));
	text_number(&f.text, "mean_entropy", d->entropy_sum / RTE_MAX(d->queries, 1u));
	text_number(&f.text, "query_bytes", (double)d->bytes[0]);
	text_number(&f.text, "answer_bytes", (double)d->bytes[1]);
	text_member(&f.text, "example");
	text_json_string(&f.text, n->text, RTE_MIN(n->length, 120u));
	finding_emit(s->common.run, &f);
}

static void judge(struct dns_tunnel *s, struct dns_domain *d, const struct name_obs *n)
{
	const struct dns_tunnel_config *c = s->common.config;
	double names = bitmap_count(d->names, 8), queries = RTE_MAX(d->queries, 1u);
	double mean = d->length_sum / queries, entropy = d->entropy_sum / queries;
	double longs = bitmap_count(d->long_names, 8);
	if (d->odd >= c->odd_types && names + 0.5 >= (double)c->odd_types)
		say(s, d, n, "DNS tunnel in odd record types", d->odd, c->odd_types);
	else if (names + 0.5 >= (double)c->names && d->roomy >= 0.8 * queries && mean >= 20 && entropy >= 3.2)
		say(s, d, n, "DNS tunnel", names, c->names);
	else if (longs >= (double)c->long_names && mean >= 40 && entropy >= 3.5)
		say(s, d, n, "DNS tunnel in long names", longs, c->long_names);
	else
		return;
	d->reported = 1;
	d->head.keep = 1;
}

// Length of the labels in front that name a service ("_ldap._tcp.", RFC 8552), which are no data.
static uint32_t service_labels(const char *text, uint32_t n)
{
	uint32_t at = 0;
	while (at < n && text[at] == '_') {
		uint32_t len = name_label(text + at, n - at);
		if (len > 16) // no service's name (RFC 6335 section 5.1)
			break;
		at += len + 1;
	}
	return RTE_MIN(at, n);
}

static void count_query(struct dns_domain *d, const struct name_obs *n, uint32_t sub)
{
	const char *text = n->text + service_labels(n->text, sub);
	uint64_t h = 1;
	sub -= (uint32_t)(text - n->text);
	for (uint32_t i = 0; i < sub; i++)
		h = (h ^ (uint8_t)text[i]) * 0x100000001b3ULL;
	h = sketch_mix(h ^ n->type);
	d->queries++;
	d->length_sum += sub;
	d->entropy_sum += name_entropy(text, sub);
	d->roomy += is_roomy(n->type);
	d->odd += is_odd(n->type) || n->raw > 4;
	bitmap_add(d->names, 8, h);
	if (sub >= 40)
		bitmap_add(d->long_names, 8, h);
}

static bool ends_with(const struct name_obs *n, const char *suffix)
{
	uint32_t len = (uint32_t)strlen(suffix);
	return n->length >= len && memcmp(n->text + n->length - len, suffix, len) == 0;
}

static void dns_tunnel_see(void *ctx, const struct obs *o)
{
	struct dns_tunnel *s = ctx;
	const struct dns_tunnel_config *c = s->common.config;
	const struct name_obs *n = (const struct name_obs *)o;
	uint32_t at = name_registered(n->text, n->length);
	if (at < 2 || ends_with(n, ".arpa") || ends_with(n, ".local"))
		return;
	uint64_t domain = 1;
	for (uint32_t i = at; i < n->length; i++)
		domain = (domain ^ (uint8_t)n->text[i]) * 0x100000001b3ULL;
	bool fresh;
	struct dns_domain *d = keytab_get(&s->domains, sketch_pair(sketch_addr(&o->src), domain), o->ts_ns, &fresh);
	if (fresh || o->ts_ns > d->start_ns + c->window_ns) {
		struct keyed head = d->head;
		uint32_t reported = d->reported;
		memset(d, 0, sizeof(*d));
		d->head = head;
		d->start_ns = o->ts_ns;
		d->first_seq = o->seq;
		d->reported = reported; // once a tunnel is known it need not be told again while it lasts
	}
	d->bytes[o->kind == NAME_DNS_ANSWER] += n->message;
	// where only answers are seen, each repeats its question
	if (o->kind == NAME_DNS_QUERY || d->bytes[0] == 0)
		count_query(d, n, at - 1);
	if (!d->reported && d->queries >= 3)
		judge(s, d, n);
}

OBS_DETECTOR_PARTS(dns_tunnel, NAME_LOG, NAME_QUEUE, sizeof(struct name_obs), NULL)

static size_t dns_tunnel_size(const void *config)
{
	return dns_tunnel_common_size() + keytab_size(TUNNELS_LOG, sizeof(struct dns_domain));
}

static int dns_tunnel_init(void *state, const void *config, const struct detector_env *env)
{
	struct dns_tunnel *s = state;
	keytab_init(&s->domains, dns_tunnel_init_common(s, config, env), TUNNELS_LOG, sizeof(struct dns_domain));
	return 0;
}

OBS_DETECTOR(dns_tunnel, 9010014, "Tocsin DNS tunnel", "A Network Trojan was detected", 1, DET_UDP | DET_TCP,
	DET_EARLY | DET_NAMED);
