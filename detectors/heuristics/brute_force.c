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
	uint64_t success_ns;
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
	{"success-window", CONFIG_DURATION, offsetof(struct brute_force_config, success_ns), "s", 1, 86400, "600s",
		NULL, "a login that works is told for so long after guessing"},
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
	uint32_t reported;
	struct {
		uint64_t last_ns;       // of it; 0: not so far
		uint32_t session_bytes; // most that a server has said in a session that was over before it was told
		uint32_t answer;        // to a form, as it was last
		uint32_t answers;       // alike, one after the other
		uint32_t told;          // its success
	} guessing;                     // outlasts the window
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
		struct login login;
		if (!login_answer(p, run->flows, &login))
			continue;
		struct obs *o = obslog_take(state, p, (uint8_t)login.result);
		if (!o)
			continue;
		o->a = login.service;
		o->b = login.value;
		o->flags = (uint8_t)RTE_MIN(login.seconds, 255u);
		if (login.by_client)
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
		if (o->ts_ns > g->guessing.last_ns + c->success_ns)
			memset(&g->guessing, 0, sizeof(g->guessing));
		g->start_ns = o->ts_ns;
		g->first_seq = o->seq;
		g->others = 0;
		g->failed = g->challenged = g->succeeded = g->tried = g->stayed = g->reported = 0;
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

static void say_success(struct brute_force *s, struct guesser *g, const struct obs *o, uint8_t confidence)
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
		.confidence = confidence,
		.sample = o->seq};
	text_string(&f.text, "service", login_service_names[o->a]);
	finding_emit(s->common.run, &f);
	g->guessing.told = 1;
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
	else if (o->kind == LOGIN_TRIED && !secret && g->tried >= c->sessions + g->stayed)
		say(s, g, o, "password guessing by short sessions", g->tried - g->stayed, c->sessions, "sessions");
	else
		return false;
	return true;
}

#define USUAL_ANSWERS 5u    // alike, before one that differs means something
#define GRACE_SECONDS 180u  // no server waits so long for a password (OpenSSH: 120 s)
#define SESSION_SLACK 2000u // bytes

// Did the login work? session_bytes and answer learn what it looks like when it does not.
static bool has_succeeded(struct guesser *g, const struct obs *o, uint64_t success_ns)
{
	bool guessing = g->guessing.last_ns != 0 && o->ts_ns <= g->guessing.last_ns + success_ns;
	switch (o->kind) {
	case LOGIN_SUCCEEDED:
	case LOGIN_STAYED:
		return guessing;
	case LOGIN_ENDED:
		if (guessing)
			return o->flags >= GRACE_SECONDS ||
			       (g->guessing.session_bytes &&
				       o->b > 2 * (uint64_t)g->guessing.session_bytes + SESSION_SLACK);
		g->guessing.session_bytes = RTE_MAX(g->guessing.session_bytes, o->b);
		return false;
	case LOGIN_ANSWERED:
		if (g->guessing.answers >= USUAL_ANSWERS && g->guessing.answer != o->b)
			return guessing;
		g->guessing.answers = g->guessing.answer == o->b ? g->guessing.answers + 1 : 1;
		g->guessing.answer = o->b;
		return false;
	default:
		return false;
	}
}

// One client and one server.
static void see_pair(struct brute_force *s, const struct obs *o, uint64_t client, uint64_t server)
{
	const struct brute_force_config *c = s->common.config;
	struct guesser *g = guesser_of(s, sketch_pair(sketch_pair(client, server), o->a), o);
	g->failed += o->kind == LOGIN_FAILED;
	g->challenged += o->kind == LOGIN_CHALLENGED;
	g->succeeded += o->kind == LOGIN_SUCCEEDED;
	g->tried += o->kind == LOGIN_TRIED;
	g->stayed += o->kind == LOGIN_STAYED;
	if (o->b != 0 && o->kind == LOGIN_TRIED)
		bitmap_add(&g->others, 1, sketch_mix(o->b));
	if (has_succeeded(g, o, c->success_ns) && !g->guessing.told)
		say_success(s, g, o, o->kind == LOGIN_ANSWERED ? 50 : 75);
	if (!g->reported && judge_pair(s, g, o)) {
		g->reported = 1;
		g->guessing.last_ns = o->ts_ns;
		// an agent answers at once to the community that is right
		if (o->a == LOGIN_SNMP && g->succeeded && !g->guessing.told)
			say_success(s, g, o, 75);
	} else if (g->reported && (o->kind == LOGIN_FAILED || o->kind == LOGIN_CHALLENGED || o->kind == LOGIN_TRIED)) {
		g->guessing.last_ns = o->ts_ns;
	}
}

static uint64_t alone_key(const struct obs *o, uint64_t one, bool client)
{
	return sketch_pair(sketch_pair(one, client ? 101 : 102), o->a);
}

// One client, or one server, alone: `other` is digested into how many there were on the far side.
static void see_alone(struct brute_force *s, const struct obs *o, uint64_t one, uint64_t other, bool client)
{
	const struct brute_force_config *c = s->common.config;
	struct guesser *g = guesser_of(s, alone_key(o, one, client), o);
	g->failed++;
	bitmap_add(&g->others, 1, other);
	double others = bitmap_count(&g->others, 1);
	if (g->reported) {
		g->guessing.last_ns = o->ts_ns;
		return;
	}
	if (client && others + 0.5 >= (double)c->spray_servers)
		say(s, g, o, "password guessing at many servers", others, c->spray_servers, "hosts");
	else if (!client && g->failed >= c->distributed && others >= 10)
		say(s, g, o, "password guessing from many clients", g->failed, c->distributed, "logins");
	else
		return;
	g->reported = 1;
	g->guessing.last_ns = o->ts_ns;
}

// A login that works, of a client that was refused by many servers.
static void see_spray_success(struct brute_force *s, const struct obs *o, uint64_t client)
{
	const struct brute_force_config *c = s->common.config;
	struct guesser *g = keytab_find(&s->guessers, alone_key(o, client, true));
	if (g && g->guessing.last_ns && !g->guessing.told && o->ts_ns <= g->guessing.last_ns + c->success_ns)
		say_success(s, g, o, 75);
}

// Does it only tell of a pair that is known already?
static bool is_sequel(const struct obs *o)
{
	return o->kind == LOGIN_STAYED || o->kind == LOGIN_ENDED || (o->kind == LOGIN_SUCCEEDED && login_is_vpn(o->a));
}

static void brute_force_see(void *ctx, const struct obs *o)
{
	struct brute_force *s = ctx;
	union ip_addr who = sketch_source(&o->src, o->version == 6);
	uint64_t client = sketch_addr(&who), server = sketch_addr(&o->dst);
	if (is_sequel(o) && !keytab_find(&s->guessers, sketch_pair(sketch_pair(client, server), o->a)))
		return;
	see_pair(s, o, client, server);
	if (o->kind == LOGIN_SUCCEEDED)
		see_spray_success(s, o, client);
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
	DET_EARLY | DET_CLOSE | DET_NAMED);
