// Guessing of passwords: refused logins from one client to one server, to many servers (spraying), and
// from many clients to one server. Services that encrypt their answers (SSH, RDP) count by short sessions, VPNs by
// the negotiations that are begun.
// A login that works after guessing is reported with high severity.
#include <stddef.h>

#include "detectors/heuristics/login_answer.h"
#include "detectors/heuristics/obs_detector.h"

struct brute_force_config {
	uint64_t failures;
	uint64_t http_failures;
	uint64_t sessions;
	uint64_t spray_servers;
	uint64_t distributed;
	uint64_t communities;
	uint64_t vpn_attempts;
	uint64_t window_ns;
};

static const struct config_row brute_force_rows[] = {
	{"failures", CONFIG_UINT, offsetof(struct brute_force_config, failures), "logins", 2, 1e6, "8", NULL,
		"refused logins of one client at one server within the window"},
	{"http-failures", CONFIG_UINT, offsetof(struct brute_force_config, http_failures), "answers", 2, 1e6, "30",
		NULL, "the same for what also begins an ordinary login: HTTP and SIP 401, web forms with a password"},
	{"sessions", CONFIG_UINT, offsetof(struct brute_force_config, sessions), "sessions", 2, 1e6, "6", NULL,
		"short SSH or RDP sessions of one client at one server within the window"},
	{"spray-servers", CONFIG_UINT, offsetof(struct brute_force_config, spray_servers), "hosts", 2, 60, "8", NULL,
		"servers of one service that refused the same client within the window"},
	{"distributed", CONFIG_UINT, offsetof(struct brute_force_config, distributed), "logins", 2, 1e6, "60", NULL,
		"refused logins at one server from at least ten clients within the window"},
	{"communities", CONFIG_UINT, offsetof(struct brute_force_config, communities), "strings", 2, 60, "10", NULL,
		"different SNMP communities one client tries at one server within the window"},
	{"vpn-attempts", CONFIG_UINT, offsetof(struct brute_force_config, vpn_attempts), "sessions", 2, 60, "15", NULL,
		"VPN negotiations (IKE, OpenVPN, PPTP) one client begins with one server within the window"},
	{"window", CONFIG_DURATION, offsetof(struct brute_force_config, window_ns), "s", 1, 86400, "60s", NULL,
		"how long refusals are remembered"},
	CONFIG_END};

#define GUESS_LOG 2048u
#define GUESS_QUEUE 16384u
#define GUESSERS_LOG 11u // 16384 records

// One client and server, one client alone, or one server alone, and a service.
struct guesser {
	struct keyed head;
	uint64_t start_ns, first_seq;
	uint64_t others; // bitmap: servers of a client, clients of a server, communities or VPN sessions of a pair
	uint32_t failed, challenged, succeeded, tried, stayed;
	uint8_t reported;
	uint8_t success_reported;
};

struct brute_force {
	struct obs_master common;
	struct keytab guessers;
	uint64_t memory[];
};

extern const struct detector detector_brute_force;

static void brute_force_on_packets(void *state, struct packet *const *pkts, uint32_t n, struct detector_run *run)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct packet *p = pkts[i];
		enum login_service service = LOGIN_NONE;
		uint32_t secret;
		if (p->payload_len < 4)
			continue;
		enum login_result r = login_answer(p, &service, &secret);
		if (r == LOGIN_SAID_NOTHING)
			continue;
		struct obs *o = obslog_take(state, p, r);
		if (!o)
			continue;
		o->a = service;
		o->b = secret;
		if (login_is_told_by_client(service))
			continue;
		// told from the client's side
		o->src = p->dst;
		o->dst = p->src;
		o->sport = p->dport;
		o->dport = p->sport;
	}
}

static struct guesser *guesser_of(struct brute_force *s, uint64_t key, const struct obs *o)
{
	const struct brute_force_config *c = s->common.config;
	bool fresh;
	struct guesser *g = keytab_get(&s->guessers, key, o->ts_ns, &fresh);
	if (fresh || o->ts_ns > g->start_ns + c->window_ns) {
		struct keyed head = g->head;
		memset(g, 0, sizeof(*g));
		g->head = head;
		g->start_ns = o->ts_ns;
		g->first_seq = o->seq;
	}
	return g;
}

static void say(struct brute_force *s, const struct guesser *g, const struct obs *o, const char *what, double observed,
	uint64_t threshold, const char *unit)
{
	const struct brute_force_config *c = s->common.config;
	struct finding f = {.detector = &detector_brute_force,
		.attacker = o->src,
		.attacker_version = o->version,
		.victim = o->dst,
		.victim_version = o->version,
		.proto = o->proto,
		.dport = o->dport,
		.observed = observed,
		.threshold = (double)threshold,
		.unit = unit,
		.what = what,
		.window_ms = c->window_ns / 1000000,
		.confidence = 85,
		.sample = g->first_seq};
	text_string(&f.text, "service", login_service_names[o->a]);
	text_number(&f.text, "refused", g->failed + g->challenged);
	text_number(&f.text, "sessions", g->tried);
	finding_emit(s->common.run, &f);
}

static void say_success(struct brute_force *s, struct guesser *g, const struct obs *o)
{
	struct finding f = {.detector = &detector_brute_force,
		.attacker = o->src,
		.attacker_version = o->version,
		.victim = o->dst,
		.victim_version = o->version,
		.proto = o->proto,
		.dport = o->dport,
		.observed = g->failed + g->challenged + g->tried,
		.unit = "logins",
		.what = "a login succeeded after guessing",
		.severity = 1,
		.confidence = 75,
		.sample = o->seq};
	text_string(&f.text, "service", login_service_names[o->a]);
	finding_emit(s->common.run, &f);
	g->success_reported = 1;
}

// Is it guessing by now? Then it is told.
static bool judge_pair(struct brute_force *s, const struct guesser *g, const struct obs *o)
{
	const struct brute_force_config *c = s->common.config;
	bool vpn = login_is_vpn(o->a), secret = vpn || o->a == LOGIN_SNMP;
	double secrets = secret ? bitmap_count(&g->others, 1) : 0;
	uint64_t secrets_allowed = vpn ? c->vpn_attempts : c->communities;
	if (g->failed >= c->failures)
		say(s, g, o, "password guessing", g->failed, c->failures, "logins");
	// a login that works may be challenged twice first
	else if (g->challenged >= c->http_failures + 2 * (uint64_t)g->succeeded)
		say(s, g, o, "password guessing", g->challenged, c->http_failures, "logins");
	else if (secrets + 0.5 >= (double)secrets_allowed)
		say(s, g, o, vpn ? "VPN sessions begun one after the other" : "SNMP community guessing", secrets,
			secrets_allowed, vpn ? "sessions" : "strings");
	else if (!secret && g->tried >= c->sessions + g->stayed)
		say(s, g, o, "password guessing by short sessions", g->tried - g->stayed, c->sessions, "sessions");
	else
		return false;
	return true;
}

// One client and one server.
static void see_pair(struct brute_force *s, const struct obs *o, uint64_t client, uint64_t server)
{
	struct guesser *g = guesser_of(s, sketch_pair(sketch_pair(client, server), o->a), o);
	g->failed += o->kind == LOGIN_FAILED;
	g->challenged += o->kind == LOGIN_CHALLENGED;
	g->succeeded += o->kind == LOGIN_SUCCEEDED;
	g->tried += o->kind == LOGIN_TRIED;
	g->stayed += o->kind == LOGIN_STAYED;
	if (o->b != 0)
		bitmap_add(&g->others, 1, sketch_mix(o->b));
	if (g->reported) {
		if ((o->kind == LOGIN_SUCCEEDED || o->kind == LOGIN_STAYED) && !g->success_reported)
			say_success(s, g, o);
		return;
	}
	g->reported = judge_pair(s, g, o);
}

// One client, or one server, alone: `other` is digested into how many there were on the far side.
static void see_alone(struct brute_force *s, const struct obs *o, uint64_t one, uint64_t other, bool client)
{
	const struct brute_force_config *c = s->common.config;
	struct guesser *g = guesser_of(s, sketch_pair(sketch_pair(one, client ? 101 : 102), o->a), o);
	g->failed++;
	bitmap_add(&g->others, 1, other);
	double others = bitmap_count(&g->others, 1);
	if (g->reported)
		return;
	if (client && others + 0.5 >= (double)c->spray_servers) {
		say(s, g, o, "password guessing at many servers", others, c->spray_servers, "hosts");
		g->reported = 1;
	} else if (!client && g->failed >= c->distributed && others >= 10) {
		say(s, g, o, "password guessing from many clients", g->failed, c->distributed, "logins");
		g->reported = 1;
	}
}

static void brute_force_see(void *ctx, const struct obs *o)
{
	struct brute_force *s = ctx;
	union ip_addr who = sketch_source(&o->src, o->version == 6);
	uint64_t client = sketch_addr(&who), server = sketch_addr(&o->dst);
	if (o->kind == LOGIN_STAYED && !keytab_find(&s->guessers, sketch_pair(sketch_pair(client, server), o->a)))
		return;
	see_pair(s, o, client, server);
	if (o->kind != LOGIN_FAILED)
		return;
	see_alone(s, o, client, server, true);
	see_alone(s, o, server, client, false);
}

OBS_DETECTOR_PARTS(brute_force, GUESS_LOG, GUESS_QUEUE, sizeof(struct obs), NULL)

static size_t brute_force_size(const void *config)
{
	return brute_force_common_size() + keytab_size(GUESSERS_LOG, sizeof(struct guesser));
}

static int brute_force_init(void *state, const void *config, const struct detector_env *env)
{
	struct brute_force *s = state;
	keytab_init(&s->guessers, brute_force_init_common(s, config, env), GUESSERS_LOG, sizeof(struct guesser));
	return 0;
}

OBS_DETECTOR(brute_force, 9010011, "Tocsin password guessing", "Attempted User Privilege Gain", 2, DET_TCP | DET_UDP,
	DET_EARLY | DET_NAMED);
