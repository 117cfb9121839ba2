// Redirection through a tunnel: inside clients' name lookups leave the site in a tunnel to an outside
// endpoint (TA18-106A: GRE set up on a router by whoever took it over).
#include <stddef.h>

#include "detectors/heuristics/obs_detector.h"

struct tunnel_redirect_config {
	uint64_t clients;
	uint64_t window_ns;
};

static const struct config_row tunnel_redirect_rows[] = {
	{"clients", CONFIG_UINT, offsetof(struct tunnel_redirect_config, clients), "hosts", 1, 60, "3", NULL,
		"hosts of ours whose DNS queries leave in one tunnel"},
	{"window", CONFIG_DURATION, offsetof(struct tunnel_redirect_config, window_ns), "s", 1, 604800, "3600s", NULL,
		"how long queries are counted"},
	CONFIG_END};

#define INNER_LOG 1024u
#define INNER_QUEUE 8192u
#define ENDPOINTS_LOG 6u // 512 tunnels

struct tunnel_obs {
	struct obs obs; // the inner packet
	union ip_addr from, to;
	uint64_t version, proto;
};

struct endpoint {
	struct keyed head;
	uint64_t start_ns, first_seq;
	uint64_t clients;
	uint32_t queries, reported;
};

struct tunnel_redirect {
	struct obs_master common;
	struct keytab endpoints;
	uint64_t memory[];
};

extern const struct detector detector_tunnel_redirect;

static void tunnel_redirect_on_packets(void *state, struct packet *const *pkts, uint32_t n, struct detector_run *run)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct packet *p = pkts[i];
		if (!p->outer || p->dport != 53 || !(p->outer->flags & PKT_IP))
			continue;
		struct tunnel_obs *o = (struct tunnel_obs *)obslog_take(state, p, 0);
		if (!o)
			continue;
		o->from = p->outer->src;
		o->to = p->outer->dst;
		o->version = p->outer->flags & PKT_IPV6 ? 6 : 4;
		o->proto = p->outer->ip_proto;
	}
}

static void say(struct tunnel_redirect *s, const struct endpoint *e, const struct tunnel_obs *o)
{
	const struct tunnel_redirect_config *c = s->common.config;
	char a[64];
	struct finding f = {.detector = &detector_tunnel_redirect,
		.attacker = o->to,
		.attacker_version = (uint8_t)o->version,
		.victim = o->from,
		.victim_version = (uint8_t)o->version,
		.proto = (uint8_t)o->proto,
		.observed = bitmap_count(&e->clients, 1),
		.threshold = (double)c->clients,
		.unit = "hosts",
		.what = "DNS of inside clients leaves in a tunnel to an outside endpoint",
		.window_ms = c->window_ns / 1000000,
		.confidence = 80,
		.sample = e->first_seq};
	text_number(&f.text, "queries", e->queries);
	text_string(&f.text, "inner_src", address_text(a, &o->obs.src, o->obs.version));
	text_string(&f.text, "inner_dest", address_text(a, &o->obs.dst, o->obs.version));
	text_number(&f.text, "inner_dest_port", o->obs.dport);
	finding_emit(s->common.run, &f);
}

static void tunnel_redirect_see(void *ctx, const struct obs *obs)
{
	struct tunnel_redirect *s = ctx;
	const struct tunnel_redirect_config *c = s->common.config;
	const struct tunnel_obs *o = (const struct tunnel_obs *)obs;
	const struct addr_set *home = s->common.home;
	// without HOME_NET nothing is outside
	if (!home || !is_home(home, &o->from, (uint8_t)o->version) || is_home(home, &o->to, (uint8_t)o->version))
		return;
	if (!is_home(home, &obs->src, obs->version) || is_home(home, &obs->dst, obs->version))
		return;
	bool fresh;
	struct endpoint *e = keytab_get(&s->endpoints,
		sketch_pair(sketch_pair(sketch_addr(&o->from), sketch_addr(&o->to)), o->proto), obs->ts_ns, &fresh);
	if (fresh || obs->ts_ns > e->start_ns + c->window_ns) {
		e->start_ns = obs->ts_ns;
		e->first_seq = obs->seq;
		e->clients = e->queries = 0;
	}
	e->queries++;
	bitmap_add(&e->clients, 1, sketch_addr(&obs->src));
	if (e->reported || bitmap_count(&e->clients, 1) + 0.5 < (double)c->clients)
		return;
	say(s, e, o);
	e->reported = 1;
}

OBS_DETECTOR_PARTS(tunnel_redirect, INNER_LOG, INNER_QUEUE, sizeof(struct tunnel_obs), NULL)

static size_t tunnel_redirect_size(const void *config)
{
	return tunnel_redirect_common_size() + keytab_size(ENDPOINTS_LOG, sizeof(struct endpoint));
}

static int tunnel_redirect_init(void *state, const void *config, const struct detector_env *env)
{
	struct tunnel_redirect *s = state;
	keytab_init(&s->endpoints, tunnel_redirect_init_common(s, config, env), ENDPOINTS_LOG, sizeof(struct endpoint));
	return 0;
}

OBS_DETECTOR(tunnel_redirect, 9010028, "Tocsin traffic redirected into a tunnel", "Misc Attack", 1, DET_UDP, DET_NAMED);
