// Domains made by an algorithm: a host that asks for many random names which do not exist, or goes to a
// site whose registered name is nothing but hexadecimal digits.
//
// Random is what the letter model of name_model.h finds surprising (trained on the names of Debian's packages).
#include <stddef.h>

#include "detectors/heuristics/name_obs.h"
#include "detectors/heuristics/obs_detector.h"

struct dga_config {
	uint64_t names;
	double surprise;
	uint64_t window_ns;
};

static const struct config_row dga_rows[] = {
	{"names", CONFIG_UINT, offsetof(struct dga_config, names), "names", 3, 500, "15", NULL,
		"distinct registered names without existence, most of them random, that one host asks for"},
	{"surprise", CONFIG_DOUBLE, offsetof(struct dga_config, surprise), "bits", 1, 8, "4.6", NULL,
		"a name is random above this many bits a letter"},
	{"window", CONFIG_DURATION, offsetof(struct dga_config, window_ns), "s", 1, 86400, "600s", NULL,
		"how long names are counted"},
	CONFIG_END};

#define ASKERS_LOG 10u // 8192 hosts
#define SITES_LOG 7u   // 1024 (host, site) pairs told already

struct asker {
	struct keyed head;
	uint64_t start_ns, first_seq;
	uint64_t missing[8]; // bitmaps of distinct registered names that do not exist
	uint64_t random[8];  // the random ones of them
	uint32_t reported;
};

struct dga {
	struct obs_master common;
	struct keytab askers, sites;
	uint64_t memory[];
};

extern const struct detector detector_dga;

static void dga_on_packets(void *state, struct packet *const *pkts, uint32_t n, struct detector_run *run)
{
	name_note(state, pkts, n, 1u << NAME_DNS_ANSWER | NAME_SITES);
}

static struct finding about(const struct name_obs *n, const char *what)
{
	struct finding f = {.detector = &detector_dga,
		.attacker = n->obs.src,
		.attacker_version = n->obs.version,
		.victim = n->obs.src, // the host that asks is the one infected
		.victim_version = n->obs.version,
		.proto = n->obs.proto,
		.dport = n->obs.dport,
		.unit = "names",
		.what = what,
		.sample = n->obs.seq};
	text_member(&f.text, "example");
	text_json_string(&f.text, n->text, n->length);
	return f;
}

static void judge(struct dga *s, struct asker *a, const struct name_obs *n)
{
	const struct dga_config *c = s->common.config;
	double missing = bitmap_count(a->missing, 8), random = bitmap_count(a->random, 8);
	if (a->reported || random + 0.5 < (double)c->names || random < missing * 0.5)
		return;
	struct finding f = about(n, "many random names that do not exist");
	f.observed = (double)(uint64_t)(random + 0.5);
	f.threshold = (double)c->names;
	f.window_ms = c->window_ns / 1000000;
	f.confidence = 90;
	f.sample = a->first_seq;
	text_number(&f.text, "missing_names", (double)(uint64_t)(missing + 0.5));
	finding_emit(s->common.run, &f);
	a->reported = 1;
}

static void see_answer(struct dga *s, const struct name_obs *n, const char *label, uint32_t len)
{
	const struct dga_config *c = s->common.config;
	bool fresh;
	if (n->rcode != 3 || len < 6)
		return;
	struct asker *a = keytab_get(&s->askers, sketch_addr(&n->obs.src), n->obs.ts_ns, &fresh);
	if (fresh || n->obs.ts_ns > a->start_ns + c->window_ns) {
		struct keyed head = a->head;
		memset(a, 0, sizeof(*a));
		a->head = head;
		a->start_ns = n->obs.ts_ns;
		a->first_seq = n->obs.seq;
	}
	uint64_t h = 1;
	for (uint32_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)label[i]) * 0x100000001b3ULL;
	bitmap_add(a->missing, 8, sketch_mix(h));
	if (name_surprise(label, len) > c->surprise)
		bitmap_add(a->random, 8, sketch_mix(h));
	judge(s, a, n);
}

// Eight or more hexadecimal digits, letters and figures mixed: not just a year behind a word.
static bool is_hex_name(const char *label, uint32_t len)
{
	uint32_t turns = 0;
	for (uint32_t i = 0; i < len; i++) {
		bool digit = label[i] >= '0' && label[i] <= '9';
		if (!digit && (label[i] < 'a' || label[i] > 'f'))
			return false;
		turns += i > 0 && digit != (label[i - 1] <= '9');
	}
	return len >= 8 && turns >= 2;
}

static void see_site(struct dga *s, const struct name_obs *n, const char *label, uint32_t len)
{
	bool fresh;
	if (!is_hex_name(label, len) || label + len >= n->text + n->length)
		return; // also where there is no domain behind the label
	uint64_t h = 1;
	for (uint32_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)label[i]) * 0x100000001b3ULL;
	keytab_get(&s->sites, sketch_pair(sketch_addr(&n->obs.src), h), n->obs.ts_ns, &fresh);
	if (!fresh)
		return;
	struct finding f = about(n, "a site whose name is only hexadecimal digits");
	f.observed = f.threshold = 1;
	f.confidence = 50;
	f.severity = 2;
	finding_emit(s->common.run, &f);
}

static void dga_see(void *ctx, const struct obs *o)
{
	const struct name_obs *n = (const struct name_obs *)o;
	uint32_t at = name_registered(n->text, n->length);
	const char *label = n->text + at;
	uint32_t len = name_label(label, n->length - at);
	if (o->kind == NAME_DNS_ANSWER)
		see_answer(ctx, n, label, len);
	else
		see_site(ctx, n, label, len);
}

OBS_DETECTOR_PARTS(dga, NAME_LOG, NAME_QUEUE, sizeof(struct name_obs), NULL)

static size_t dga_size(const void *config)
{
	return dga_common_size() + keytab_size(ASKERS_LOG, sizeof(struct asker)) +
	       keytab_size(SITES_LOG, sizeof(struct keyed));
}

static int dga_init(void *state, const void *config, const struct detector_env *env)
{
	struct dga *s = state;
	uint8_t *at = dga_init_common(s, config, env);
	keytab_init(&s->askers, at, ASKERS_LOG, sizeof(struct asker));
	keytab_init(&s->sites, at + keytab_size(ASKERS_LOG, sizeof(struct asker)), SITES_LOG, sizeof(struct keyed));
	return 0;
}

OBS_DETECTOR(dga, 9010016, "Tocsin algorithmically generated domains", "A Network Trojan was detected", 1,
	DET_UDP | DET_TCP, DET_EARLY | DET_NAMED);
