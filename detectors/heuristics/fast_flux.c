// Fast flux: a name whose addresses lie all over the world and live for minutes, because they are whichever
// infected hosts are up (Holz et al., "Measuring and detecting fast-flux service networks", NDSS 2008).
//
// Counts distinct addresses and networks (IPv4 /16, IPv6 /32, which stand for the providers of that paper) in answers
// with a short lifetime, per name, over all hosts that ask. Content networks answer from few networks at one place;
// pool.ntp.org does not, and is left out by name.
#include <stddef.h>

#include "detectors/heuristics/name_obs.h"
#include "detectors/heuristics/obs_detector.h"

struct fast_flux_config {
	uint64_t addresses;
	uint64_t networks;
	uint64_t ttl_ns;
	uint64_t window_ns;
	char *allowed;
};

static const struct config_row fast_flux_rows[] = {
	{"addresses", CONFIG_UINT, offsetof(struct fast_flux_config, addresses), "addresses", 3, 1000, "24", NULL,
		"distinct addresses one name has within the window"},
	{"networks", CONFIG_UINT, offsetof(struct fast_flux_config, networks), "networks", 2, 500, "16", NULL,
		"networks (IPv4 /16, IPv6 /32) they must lie in"},
	{"ttl", CONFIG_DURATION, offsetof(struct fast_flux_config, ttl_ns), "s", 0, 86400, "300s", NULL,
		"answers that live longer are not counted"},
	{"window", CONFIG_DURATION, offsetof(struct fast_flux_config, window_ns), "s", 1, 86400, "3600s", NULL,
		"how long addresses are counted"},
	{"allowed", CONFIG_STRING, offsetof(struct fast_flux_config, allowed), "", 0, 0, "pool.ntp.org", NULL,
		"domains that are meant to be like this, with commas between them"},
	CONFIG_END};

#define ANSWERS_LOG 512u
#define ANSWERS_QUEUE 4096u
#define NAMES_LOG 10u // 8192 names
#define ADDRESSES_MAX 24u
#define TYPE_A 1u
#define TYPE_AAAA 28u

// Addresses of one answer: IPv4 as it is, of IPv6 the first 64 bits. obs.src asked; obs.a: least lifetime in seconds;
// obs.b: length of the name.
struct flux_obs {
	struct obs obs;
	char name[NAME_TEXT_MAX];
	uint64_t count;
	uint64_t address[ADDRESSES_MAX];
};

struct flux_name {
	struct keyed head;
	uint64_t start_ns, first_seq;
	uint64_t addresses[8], networks[8]; // bitmaps
	uint32_t answers, ttl_s, reported, spare;
};

struct fast_flux {
	struct obs_master common;
	struct keytab names;
	uint64_t memory[];
};

extern const struct detector detector_fast_flux;

static uint32_t be(const uint8_t *d, uint32_t bytes)
{
	uint32_t v = 0;
	for (uint32_t i = 0; i < bytes; i++)
		v = v << 8 | d[i];
	return v;
}

// The offset behind a name at `at`, its text to o where o is given; 0 where the message ends first (RFC 1035 4.1.4).
static uint32_t skip_name(const uint8_t *d, uint32_t n, uint32_t at, struct flux_obs *o)
{
	for (uint32_t labels = 0; at < n && labels < 128; labels++) {
		uint32_t len = d[at++];
		if (len == 0)
			return at;
		if (len >= 0xc0)
			return at + 1;
		if (len > 63 || len > n - at)
			return 0;
		for (uint32_t i = 0; o && i <= len && o->obs.b < NAME_TEXT_MAX; i++) {
			char c = i == 0 ? '.' : (char)d[at + i - 1];
			if (i > 0 || labels > 0)
				o->name[o->obs.b++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
		}
		at += len;
	}
	return 0;
}

// The records of the answer section.
static void read_answers(struct flux_obs *o, const uint8_t *d, uint32_t n, uint32_t at)
{
	uint32_t records = be(d + 6, 2);
	for (uint32_t i = 0; i < records && i < 64 && o->count < ADDRESSES_MAX; i++) {
		at = skip_name(d, n, at, NULL);
		if (at == 0 || at > n || n - at < 10)
			return;
		uint32_t type = be(d + at, 2), ttl = be(d + at + 4, 4), len = be(d + at + 8, 2);
		at += 10;
		if (len > n - at)
			return;
		if ((type == TYPE_A && len == 4) || (type == TYPE_AAAA && len == 16)) {
			memcpy(&o->address[o->count++], d + at, len == 4 ? 4 : 8);
			o->obs.a = RTE_MIN(o->obs.a, ttl);
		}
		at += len;
	}
}

// Answers without error that have addresses, of one question.
static void fast_flux_on_packets(void *state, struct packet *const *pkts, uint32_t n, struct detector_run *run)
{
	struct obslog *log = state;
	for (uint32_t i = 0; i < n; i++) {
		const struct packet *p = pkts[i];
		const uint8_t *d = packet_payload(p);
		uint32_t len = p->payload_len;
		if (p->sport != 53 || len < 28 || (d[2] & 0xf8) != 0x80 || d[3] & 15 || be(d + 4, 2) != 1 ||
			be(d + 6, 2) == 0)
			continue;
		struct flux_obs *o = (struct flux_obs *)obslog_take(log, p, 0);
		if (!o)
			return;
		memset((uint8_t *)o + sizeof(o->obs), 0, sizeof(*o) - sizeof(o->obs));
		o->obs.src = p->dst;
		o->obs.dst = p->src;
		o->obs.a = UINT32_MAX;
		uint32_t at = skip_name(d, len, 12, o);
		if (at != 0 && at + 4 <= len)
			read_answers(o, d, len, at + 4);
		if (o->count == 0)
			log->n--; // nothing we look for
	}
}

static void say(struct fast_flux *s, const struct flux_name *f, const struct flux_obs *o)
{
	const struct fast_flux_config *c = s->common.config;
	struct finding find = {.detector = &detector_fast_flux,
		.victim = o->obs.src, // the host that asks
		.victim_version = o->obs.version,
		.proto = o->obs.proto,
		.observed = (double)(uint64_t)(bitmap_count(f->addresses, 8) + 0.5),
		.threshold = (double)c->addresses,
		.unit = "addresses",
		.what = "a name with ever other addresses in many networks",
		.window_ms = (o->obs.ts_ns - f->start_ns) / 1000000,
		.confidence = 70,
		.sample = f->first_seq};
	text_member(&find.text, "name");
	text_json_string(&find.text, o->name, o->obs.b);
	text_number(&find.text, "networks", (double)(uint64_t)(bitmap_count(f->networks, 8) + 0.5));
	text_number(&find.text, "answers", f->answers);
	text_number(&find.text, "ttl_s", f->ttl_s);
	finding_emit(s->common.run, &find);
}

// Does the name end in one of the list's domains?
static bool is_allowed(const char *list, const char *name, uint32_t n)
{
	for (const char *at = list; *at;) {
		uint32_t len = (uint32_t)strcspn(at, ",");
		if (len && n >= len && memcmp(name + n - len, at, len) == 0 && (n == len || name[n - len - 1] == '.'))
			return true;
		at += len + (at[len] == ',');
	}
	return false;
}

static struct flux_name *name_of(struct fast_flux *s, const struct flux_obs *o)
{
	const struct fast_flux_config *c = s->common.config;
	uint64_t key = 1;
	bool fresh;
	for (uint32_t i = 0; i < o->obs.b; i++)
		key = (key ^ (uint8_t)o->name[i]) * 0x100000001b3ULL;
	struct flux_name *f = keytab_get(&s->names, sketch_mix(key) | 1, o->obs.ts_ns, &fresh);
	if (fresh || o->obs.ts_ns > f->start_ns + c->window_ns) {
		struct keyed head = f->head;
		memset(f, 0, sizeof(*f));
		f->head = head;
		f->start_ns = o->obs.ts_ns;
		f->first_seq = o->obs.seq;
		f->ttl_s = UINT32_MAX;
	}
	return f;
}

static void fast_flux_see(void *ctx, const struct obs *obs)
{
	struct fast_flux *s = ctx;
	const struct fast_flux_config *c = s->common.config;
	const struct flux_obs *o = (const struct flux_obs *)obs;
	if (obs->a > c->ttl_ns / 1000000000 || is_allowed(c->allowed, o->name, obs->b))
		return;
	struct flux_name *f = name_of(s, o);
	f->answers++;
	f->ttl_s = RTE_MIN(f->ttl_s, obs->a);
	for (uint32_t i = 0; i < o->count; i++) {
		uint8_t network[8] = {0};
		bool v4 = o->address[i] >> 32 == 0;
		memcpy(network, &o->address[i], v4 ? 2 : 4);
		uint64_t net;
		memcpy(&net, network, sizeof(net));
		bitmap_add(f->addresses, 8, sketch_mix(o->address[i] + 1));
		bitmap_add(f->networks, 8, sketch_mix(net + 1));
	}
	if (f->reported || bitmap_count(f->addresses, 8) + 0.5 < (double)c->addresses ||
		bitmap_count(f->networks, 8) + 0.5 < (double)c->networks)
		return;
	say(s, f, o);
	f->reported = 1;
}

OBS_DETECTOR_PARTS(fast_flux, ANSWERS_LOG, ANSWERS_QUEUE, sizeof(struct flux_obs), NULL)

static size_t fast_flux_size(const void *config)
{
	return fast_flux_common_size() + keytab_size(NAMES_LOG, sizeof(struct flux_name));
}

static int fast_flux_init(void *state, const void *config, const struct detector_env *env)
{
	struct fast_flux *s = state;
	keytab_init(&s->names, fast_flux_init_common(s, config, env), NAMES_LOG, sizeof(struct flux_name));
	return 0;
}

OBS_DETECTOR(fast_flux, 9010032, "Tocsin fast flux", "A Network Trojan was detected", 2, DET_UDP, DET_NAMED);
