// The flow table's configuration rows, defaults and memory. Keys and defaults are Suricata's, but for
// flow.memory, which is taken whole at the start. Next: flow_table.c.
#include "dataplane/flow_internal.h"

#include <errno.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)
#define DAYS_S (7 * 86400.0)

#define TIMEOUT(class, name, field, seconds, what)                                                          \
	{                                                                                                   \
		.key = "flow-timeouts." name, .type = CONFIG_DURATION,                                      \
		.offset = offsetof(struct flow_table_config, timeouts[class].field), .unit = "s", .min = 0, \
		.max = DAYS_S, .def = seconds, .help = what                                                 \
	}
#define IGNORED(name)                                                                  \
	{                                                                              \
		.key = name, .type = CONFIG_IGNORED, .unit = "", .def = "", .help = "" \
	}

#define IGNORED_CLASS(class)                                                                           \
	IGNORED("flow-timeouts." class ".bypassed"), IGNORED("flow-timeouts." class ".emergency-new"), \
		IGNORED("flow-timeouts." class ".emergency-established"),                              \
		IGNORED("flow-timeouts." class ".emergency-closed"),                                   \
		IGNORED("flow-timeouts." class ".emergency-bypassed")

const struct config_row flow_config_rows[] = {
	{.key = "flow.memory",
		.type = CONFIG_SIZE,
		.offset = offsetof(struct flow_table_config, memory_bytes),
		.unit = "bytes",
		.min = 1 << 20,
		.max = (double)(UINT64_C(1) << 40),
		.def = "256mb",
		.help = "Memory of the flow tables of all workers together; about 196 bytes a flow."},
	TIMEOUT(FLOW_CLASS_OTHER, "default.new", new_ns, "30s",
		"Idle time that ends a flow of any other protocol while only one side has spoken."),
	TIMEOUT(FLOW_CLASS_OTHER, "default.established", established_ns, "300s",
		"Idle time that ends a flow of any other protocol once both sides have spoken."),
	TIMEOUT(FLOW_CLASS_TCP, "tcp.new", new_ns, "60s",
		"Idle time that ends a TCP flow before its handshake is complete."),
	TIMEOUT(FLOW_CLASS_TCP, "tcp.established", established_ns, "600s",
		"Idle time that ends an established TCP flow."),
	TIMEOUT(FLOW_CLASS_TCP, "tcp.closed", closed_ns, "60s", "Time a closed TCP flow is kept."),
	TIMEOUT(FLOW_CLASS_UDP, "udp.new", new_ns, "30s",
		"Idle time that ends a UDP flow while only one side has spoken."),
	TIMEOUT(FLOW_CLASS_UDP, "udp.established", established_ns, "300s",
		"Idle time that ends a UDP flow once both sides have spoken."),
	TIMEOUT(FLOW_CLASS_ICMP, "icmp.new", new_ns, "30s", "Idle time that ends an ICMP flow without an answer."),
	TIMEOUT(FLOW_CLASS_ICMP, "icmp.established", established_ns, "300s",
		"Idle time that ends an answered ICMP flow."),
	IGNORED("flow.memcap"),
	IGNORED("flow.hash-size"),
	IGNORED("flow.prealloc"),
	IGNORED("flow.emergency-recovery"),
	IGNORED("flow.managers"),
	IGNORED("flow.recyclers"),
	IGNORED("flow-timeouts.default.closed"),
	IGNORED_CLASS("default"),
	IGNORED_CLASS("tcp"),
	IGNORED_CLASS("udp"),
	IGNORED_CLASS("icmp"),
	CONFIG_END,
};

void flow_table_config_default(struct flow_table_config *cfg)
{
	static const struct flow_timeouts timeouts[FLOW_CLASS_COUNT] = {
		[FLOW_CLASS_OTHER] = {30 * SECOND, 300 * SECOND, 0},
		[FLOW_CLASS_TCP] = {60 * SECOND, 600 * SECOND, 60 * SECOND},
		[FLOW_CLASS_UDP] = {30 * SECOND, 300 * SECOND, 0},
		[FLOW_CLASS_ICMP] = {30 * SECOND, 300 * SECOND, 0},
	};

	memset(cfg, 0, sizeof(*cfg));
	cfg->memory_bytes = UINT64_C(256) << 20;
	memcpy(cfg->timeouts, timeouts, sizeof(timeouts));
	cfg->seed[0] = UINT64_C(0x746f6373696e2031);
	cfg->seed[1] = UINT64_C(0x2d0c1a9e5b7f4483);
	cfg->records = true;
}

// Bytes of everything that grows with the table, a group of buckets at a time.
#define GROUP_BYTES                                                                                                 \
	(FLOW_GROUP * (sizeof(struct flow_bucket) + FLOW_WAYS * (sizeof(struct flow) + sizeof(struct flow_cold))) + \
		sizeof(uint16_t))
// Behind each array, to begin the next on its own line.
#define SLACK_BYTES (5u * 64u)

static uint64_t fixed_bytes(void)
{
	return sizeof(struct flow_table) + SLACK_BYTES;
}

// How many groups the config asks for. max_flows leaves a quarter of the slots free: with two choices of 15
// slots no bucket pair is then full (measured: dataplane/README.md).
static uint64_t count_groups(const struct flow_table_config *cfg)
{
	uint64_t groups = cfg->memory_bytes > fixed_bytes() ? (cfg->memory_bytes - fixed_bytes()) / GROUP_BYTES : 0;

	if (cfg->max_flows)
		groups = (cfg->max_flows + cfg->max_flows / 4) / (FLOW_GROUP * FLOW_WAYS) + 1;
	return RTE_MIN(groups, FLOW_SLOT_NUMBER / (FLOW_GROUP * FLOW_WAYS));
}

size_t flow_table_size(const struct flow_table_config *cfg)
{
	return fixed_bytes() + count_groups(cfg) * GROUP_BYTES;
}

static void *carve(uint8_t **at, size_t size)
{
	void *mem = *at;

	*at += (size + 63) & ~(size_t)63;
	return mem;
}

static void set_timeouts(struct flow_table *t, const struct flow_table_config *cfg)
{
	t->least_timeout_ns = UINT64_MAX;
	for (uint32_t i = 0; i < FLOW_CLASS_COUNT; i++) {
		t->timeout_ns[i][FLOW_NEW] = cfg->timeouts[i].new_ns;
		t->timeout_ns[i][FLOW_ESTABLISHED] = cfg->timeouts[i].established_ns;
		t->timeout_ns[i][FLOW_CLOSED] = cfg->timeouts[i].closed_ns;
		for (uint32_t state = FLOW_NEW; state <= FLOW_CLOSED; state++)
			if ((state != FLOW_CLOSED || i == FLOW_CLASS_TCP) &&
				t->timeout_ns[i][state] < t->least_timeout_ns)
				t->least_timeout_ns = t->timeout_ns[i][state];
	}
}

int flow_table_init(void *mem, const struct flow_table_config *cfg, struct flow_table **out)
{
	uint64_t groups = count_groups(cfg);
	uint64_t slots = groups * FLOW_GROUP * FLOW_WAYS;
	uint8_t *at = mem;
	struct flow_table *t = carve(&at, sizeof(*t));

	if (!groups)
		return -EINVAL;
	memset(t, 0, sizeof(*t));
	t->n_groups = (uint32_t)groups;
	t->n_buckets = t->n_groups * FLOW_GROUP;
	t->buckets = carve(&at, t->n_buckets * sizeof(*t->buckets));
	t->lines = carve(&at, slots * sizeof(*t->lines));
	t->due = carve(&at, groups * sizeof(*t->due));
	t->cold = carve(&at, slots * sizeof(*t->cold));
	memset(t->due, 0xff, groups * sizeof(*t->due));
	t->full_mark = (uint32_t)(slots - slots / 16);
	t->next_due = UINT64_MAX;
	flow_seed_init(&t->seed, cfg->seed);
	set_timeouts(t, cfg);
	t->tcp_by_stream = cfg->tcp_by_stream;
	t->midstream = cfg->midstream;
	t->records = cfg->records;
	t->lossless = cfg->lossless;
	t->lossless_flush = cfg->lossless_flush;
	t->carriers_a_tick = t->carriers_left = cfg->carriers_a_tick ? cfg->carriers_a_tick : UINT32_MAX;
	t->tick_budget = cfg->tick_budget;
	t->on_end = cfg->on_end;
	t->on_end_arg = cfg->on_end_arg;
	t->tcp_reuse = cfg->tcp_reuse;
	t->tcp_reuse_arg = cfg->tcp_reuse_arg;
	*out = t;
	return 0;
}
