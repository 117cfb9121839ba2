// ICMP redirects (RFC 792 type 5, RFC 4861 type 137) that send a host's traffic to another gateway.
//
// Routers send a few of their own accord, so it takes several to one host within a minute; which of them is
// wrong a passive sensor cannot know.
#include <stddef.h>

#include "detectors/heuristics/obs_detector.h"

struct icmp_redirect_config {
	uint64_t redirects;
	uint64_t window_ns;
};

static const struct config_row icmp_redirect_rows[] = {
	{"redirects", CONFIG_UINT, offsetof(struct icmp_redirect_config, redirects), "packets", 1, 1e6, "5", NULL,
		"redirects that one host gets within the window"},
	{"window", CONFIG_DURATION, offsetof(struct icmp_redirect_config, window_ns), "s", 1, 86400, "60s", NULL,
		"how long redirects are counted"},
	CONFIG_END};

#define REDIRECT_LOG 512u
#define REDIRECT_QUEUE 4096u
#define HOSTS_LOG 8u // 2048 hosts

struct redirected {
	struct keyed head;
	uint64_t start_ns, first_seq;
	uint32_t count, reported;
};

struct icmp_redirect {
	struct obs_master common;
	struct keytab hosts;
	uint64_t memory[];
};

struct redirect_obs {
	struct obs obs;
	union ip_addr gateway;
};

extern const struct detector detector_icmp_redirect;

static void icmp_redirect_on_packets(void *state, struct packet *const *pkts, uint32_t n, struct detector_run *run)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct packet *p = pkts[i];
		bool v6 = p->flags & PKT_ICMPV6;
		uint32_t need = v6 ? 40 : 8;
		if (p->icmp_type != (v6 ? 137 : 5) || p->len < need || p->l4_off > p->len - need)
			continue;
		struct redirect_obs *o = (struct redirect_obs *)obslog_take(state, p, 0);
		if (!o)
			continue;
		memset(&o->gateway, 0, sizeof(o->gateway));
		memcpy(o->gateway.b, p->data + p->l4_off + (v6 ? 8 : 4), v6 ? 16 : 4);
	}
}

static void icmp_redirect_see(void *ctx, const struct obs *o)
{
	struct icmp_redirect *s = ctx;
	const struct icmp_redirect_config *c = s->common.config;
	const struct redirect_obs *r = (const struct redirect_obs *)o;
	bool fresh;
	struct redirected *h = keytab_get(&s->hosts, sketch_addr(&o->dst), o->ts_ns, &fresh);
	if (fresh || o->ts_ns > h->start_ns + c->window_ns) {
		h->start_ns = o->ts_ns;
		h->first_seq = o->seq;
		h->count = 0;
	}
	h->count++;
	if (h->reported || h->count < c->redirects)
		return;
	h->reported = 1;
	struct finding f = {.detector = &detector_icmp_redirect,
		.attacker = o->src,
		.attacker_version = o->version,
		.victim = o->dst,
		.victim_version = o->version,
		.proto = o->proto,
		.observed = h->count,
		.threshold = (double)c->redirects,
		.unit = "packets",
		.what = "a host is redirected to another gateway",
		.window_ms = c->window_ns / 1000000,
		.confidence = 60,
		.sample = h->first_seq};
	text_address(&f.text, "gateway", &r->gateway, o->version);
	finding_emit(s->common.run, &f);
}

OBS_DETECTOR_PARTS(icmp_redirect, REDIRECT_LOG, REDIRECT_QUEUE, sizeof(struct redirect_obs), NULL)

static size_t icmp_redirect_size(const void *config)
{
	return icmp_redirect_common_size() + keytab_size(HOSTS_LOG, sizeof(struct redirected));
}

static int icmp_redirect_init(void *state, const void *config, const struct detector_env *env)
{
	struct icmp_redirect *s = state;
	keytab_init(&s->hosts, icmp_redirect_init_common(s, config, env), HOSTS_LOG, sizeof(struct redirected));
	return 0;
}

OBS_DETECTOR(icmp_redirect, 9010023, "Tocsin ICMP redirect", "Misc Attack", 2, DET_ICMP, 0);
