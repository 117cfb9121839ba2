// Lateral movement: one host of ours administers several others within minutes, as an intruder does who has
// credentials: services created, tasks scheduled, processes started over WMI, programs put into ADMIN$.
//
// Each is read from the packet that names it (a pipe, an interface, a file in UTF-16); no parser is needed.
// One such act is an administrator's day; the same host doing it to several others is what counts, or one
// act that no administrator does (perfc, PsExec's service by name).
#include <stddef.h>

#include "detectors/heuristics/obs_detector.h"

struct lateral_movement_config {
	uint64_t hosts;
	uint64_t window_ns;
};

static const struct config_row lateral_movement_rows[] = {
	{"hosts", CONFIG_UINT, offsetof(struct lateral_movement_config, hosts), "hosts", 2, 60, "3", NULL,
		"hosts that one host administers remotely within the window"},
	{"window", CONFIG_DURATION, offsetof(struct lateral_movement_config, window_ns), "s", 1, 86400, "600s", NULL,
		"how long acts are remembered"},
	CONFIG_END};

#define ACTS_LOG 1024u
#define ACTS_QUEUE 8192u
#define ACTORS_LOG 9u // 4096 hosts
#define LOOK_BYTES 600u

struct act {
	const char *name;
	const char *bytes;
	uint32_t length;
	bool alone; // nobody but intruders does it
};

#define ACT(name, bytes, alone)                       \
	{                                             \
		name, bytes, sizeof(bytes) - 1, alone \
	}

// UTF-16 names of pipes and files, and interface ids as they stand in a bind request.
static const struct act acts[] = {
	ACT("service control", "s\0v\0c\0c\0t\0l\0", false),
	ACT("task scheduler", "a\0t\0s\0v\0c\0", false),
	ACT("WMI activation", "\xa0\x01\x00\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46", false),
	ACT("service control interface", "\x81\xbb\x7a\x36\x44\x98\xf1\x35\xad\x32\x98\xf0\x38\x00\x10\x03", false),
	ACT("task scheduler interface", "\x49\x59\xd3\x86\xc9\x83\x44\x40\xb4\x24\xdb\x36\x32\x31\xfd\x0c", false),
	ACT("PsExec service file", "P\0S\0E\0X\0E\0S\0V\0C\0", true),
	ACT("perfc file", "p\0e\0r\0f\0c\0.\0d\0a\0t\0", true),
};

struct actor {
	struct keyed head;
	uint64_t start_ns, first_seq;
	uint64_t hosts; // bitmap
	uint32_t kinds; // bit a row of acts
	uint32_t count;
	uint8_t reported, alone_reported;
};

struct lateral_movement {
	struct obs_master common;
	struct keytab actors;
	uint64_t memory[];
};

extern const struct detector detector_lateral_movement;

static bool is_admin_port(uint16_t port)
{
	return port == 445 || port == 139 || port == 135;
}

static void lateral_movement_on_packets(void *state, struct packet *const *pkts, uint32_t n, struct detector_run *run)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct packet *p = pkts[i];
		const uint8_t *d = packet_payload(p);
		// an SMB message or a DCE/RPC bind from a client, not a full segment of a file
		if (p->payload_len < 60 || p->payload_len > 1400 || !is_admin_port(p->dport))
			continue;
		if (memcmp(d + 5, "SMB", 3) != 0 && !(d[0] == 5 && (d[2] == 0 || d[2] == 11)))
			continue;
		uint32_t look = RTE_MIN(p->payload_len, LOOK_BYTES);
		for (uint32_t a = 0; a < RTE_DIM(acts); a++) {
			if (!memmem(d, look, acts[a].bytes, acts[a].length))
				continue;
			struct obs *o = obslog_take(state, p, 0);
			if (o)
				o->a = a;
			break;
		}
	}
}

static void say(struct lateral_movement *s, const struct actor *a, const struct obs *o, const char *what,
	double observed, double threshold, const char *unit)
{
	const struct lateral_movement_config *c = s->common.config;
	struct finding f = {.detector = &detector_lateral_movement,
		.attacker = o->src,
		.attacker_version = o->version,
		.victim = o->dst,
		.victim_version = o->version,
		.proto = o->proto,
		.dport = o->dport,
		.observed = observed,
		.threshold = threshold,
		.unit = unit,
		.what = what,
		.window_ms = c->window_ns / 1000000,
		.confidence = 70,
		.sample = a->first_seq};
	text_member(&f.text, "acts");
	text_add(&f.text, "[");
	for (uint32_t i = 0, n = 0; i < RTE_DIM(acts); i++)
		if (a->kinds & 1u << i)
			text_add(&f.text, "%s\"%s\"", n++ ? "," : "", acts[i].name);
	text_add(&f.text, "]");
	finding_emit(s->common.run, &f);
}

static void lateral_movement_see(void *ctx, const struct obs *o)
{
	struct lateral_movement *s = ctx;
	const struct lateral_movement_config *c = s->common.config;
	bool fresh;
	struct actor *a = keytab_get(&s->actors, sketch_addr(&o->src), o->ts_ns, &fresh);
	if (fresh || o->ts_ns > a->start_ns + c->window_ns) {
		struct keyed head = a->head;
		memset(a, 0, sizeof(*a));
		a->head = head;
		a->start_ns = o->ts_ns;
		a->first_seq = o->seq;
	}
	a->count++;
	a->kinds |= 1u << o->a;
	bitmap_add(&a->hosts, 1, sketch_addr(&o->dst));
	if (acts[o->a].alone && !a->alone_reported) {
		say(s, a, o, "a program for remote execution is put on a host", 1, 1, "acts");
		a->alone_reported = 1;
	}
	if (!a->reported && bitmap_count(&a->hosts, 1) + 0.5 >= (double)c->hosts) {
		say(s, a, o, "one host administers several others", bitmap_count(&a->hosts, 1), (double)c->hosts,
			"hosts");
		a->reported = 1;
	}
}

OBS_DETECTOR_PARTS(lateral_movement, ACTS_LOG, ACTS_QUEUE, sizeof(struct obs), NULL)

static size_t lateral_movement_size(const void *config)
{
	return lateral_movement_common_size() + keytab_size(ACTORS_LOG, sizeof(struct actor));
}

static int lateral_movement_init(void *state, const void *config, const struct detector_env *env)
{
	struct lateral_movement *s = state;
	keytab_init(&s->actors, lateral_movement_init_common(s, config, env), ACTORS_LOG, sizeof(struct actor));
	return 0;
}

OBS_DETECTOR(lateral_movement, 9010019, "Tocsin lateral movement", "Attempted Administrator Privilege Gain", 1, DET_TCP,
	DET_EARLY);
