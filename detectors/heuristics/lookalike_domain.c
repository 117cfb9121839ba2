// Look-alike domains: names that people take for a protected brand's, in DNS, TLS and HTTP.
//
// Five ways to look alike: characters that look alike (micros0ft, rnicrosoft), an IDN label whose letters
// do (Unicode UTS #39), one slip of the keyboard, the brand as a word of another name (microsoft-login-secure),
// and the brand's own domain in front of another (microsoft.com.example.net).
#include <stddef.h>
#include <stdlib.h>

#include "detectors/heuristics/lookalike.h"
#include "detectors/heuristics/name_obs.h"
#include "detectors/heuristics/obs_detector.h"

struct lookalike_domain_config {
	char *brands;
	char *allowed;
};

static const struct config_row lookalike_domain_rows[] = {
	{"brands", CONFIG_STRING, offsetof(struct lookalike_domain_config, brands), "", 0, 0,
		"microsoft,google,apple,amazon,facebook,paypal,netflix,linkedin,instagram,whatsapp,office365,onedrive,"
		"sharepoint,"
		"outlook,adfs,icloud,dropbox,github,adobe,docusign,citrix,okta,coinbase,binance,wellsfargo,"
		"bankofamerica",
		NULL, "names of the brands that are protected, with commas between them"},
	{"allowed", CONFIG_STRING, offsetof(struct lookalike_domain_config, allowed), "", 0, 0,
		"google-analytics,apple-dns,apple-cloudkit,apple-mapkit,apple-livephotoskit,amazon-adsystem,amazon-dss,"
		"images-amazon,ssl-images-amazon,media-amazon,icloud-content,okta-emea,dropbox-dns,"
		"github-production-user-asset,adobe-identity,goggle",
		NULL, "labels that are no look-alikes, with commas between them"},
	CONFIG_END};

#define TOLD_LOG 8u // 2048 names told
#define BRANDS_MAX 128u

struct lookalike_domain {
	struct obs_master common;
	struct keytab told;
	uint32_t brand_count;
	struct brand brands[BRANDS_MAX];
	uint64_t memory[];
};

extern const struct detector detector_lookalike_domain;

static void lookalike_domain_on_packets(void *state, struct packet *const *pkts, uint32_t n, struct detector_run *run)
{
	name_note(state, pkts, n, 1u << NAME_DNS_QUERY | NAME_SITES);
}

// Is the label one of a list with commas?
static bool listed(const char *list, const char *label, uint32_t n)
{
	for (const char *at = list; *at;) {
		size_t len = strcspn(at, ",");
		if (len == n && memcmp(at, label, n) == 0)
			return true;
		at += len + (at[len] == ',');
	}
	return false;
}

static void say(struct lookalike_domain *s, const struct name_obs *n, const struct brand *brand, const char *what,
	uint8_t confidence)
{
	static const char *const sources[] = {"dns", "dns", "tls", "http"};
	struct finding f = {.detector = &detector_lookalike_domain,
		.attacker = n->obs.dst,
		.attacker_version = n->obs.version,
		.victim = n->obs.src, // whoever is about to be taken in
		.victim_version = n->obs.version,
		.proto = n->obs.proto,
		.sport = n->obs.dport,
		.observed = 1,
		.threshold = 1,
		.unit = "names",
		.what = what,
		.confidence = confidence,
		.sample = n->obs.seq};
	if (n->obs.kind == NAME_DNS_QUERY)
		f.attacker_version = 0; // the resolver has no part in it
	text_member(&f.text, "name");
	text_json_string(&f.text, n->text, n->length);
	text_member(&f.text, "brand");
	text_json_string(&f.text, brand->name, brand->length);
	text_string(&f.text, "seen_in", sources[n->obs.kind & 3]);
	finding_emit(s->common.run, &f);
}

static void lookalike_domain_see(void *ctx, const struct obs *o)
{
	struct lookalike_domain *s = ctx;
	const struct lookalike_domain_config *c = s->common.config;
	const struct name_obs *n = (const struct name_obs *)o;
	uint32_t at = name_registered(n->text, n->length);
	uint32_t len = name_label(n->text + at, n->length - at);
	bool fresh;
	if (len < 4 || at + len >= n->length || listed(c->allowed, n->text + at, len))
		return;
	for (uint32_t i = 0; i < s->brand_count; i++) {
		uint8_t confidence;
		const char *what = lookalike_judge(&s->brands[i], n->text, at, len, &confidence);
		if (!what)
			continue;
		uint64_t h = 1;
		for (uint32_t k = at; k < n->length; k++)
			h = (h ^ (uint8_t)n->text[k]) * 0x100000001b3ULL;
		keytab_get(&s->told, sketch_mix(h) | 1, o->ts_ns, &fresh);
		if (fresh)
			say(s, n, &s->brands[i], what, confidence);
		return;
	}
}

OBS_DETECTOR_PARTS(lookalike_domain, NAME_LOG, NAME_QUEUE, sizeof(struct name_obs), NULL)

static size_t lookalike_domain_size(const void *config)
{
	return lookalike_domain_common_size() + keytab_size(TOLD_LOG, sizeof(struct keyed));
}

static int lookalike_domain_init(void *state, const void *config, const struct detector_env *env)
{
	struct lookalike_domain *s = state;
	const struct lookalike_domain_config *c = config;
	keytab_init(&s->told, lookalike_domain_init_common(s, config, env), TOLD_LOG, sizeof(struct keyed));
	for (const char *at = c->brands; *at && s->brand_count < BRANDS_MAX;) {
		size_t len = strcspn(at, ",");
		if (len >= 4 && len < sizeof(s->brands[0].name)) {
			struct brand *b = &s->brands[s->brand_count++];
			memcpy(b->name, at, len);
			b->length = (uint32_t)len;
		}
		at += len + (at[len] == ',');
	}
	return 0;
}

OBS_DETECTOR(lookalike_domain, 9010017, "Tocsin look-alike domain", "Social Engineering Attempted", 2,
	DET_UDP | DET_TCP, DET_EARLY | DET_NAMED);
