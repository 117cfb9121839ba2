// Configuration of the stream engine, with Suricata's names and defaults.
#include <string.h>

#include "dataplane/tcp_session.h"

const char *const tcp_policy_names[TCP_POLICY_COUNT + 1] = {"bsd", "bsd-right", "old-linux", "linux", "old-solaris",
	"solaris", "hpux10", "hpux11", "irix", "macos", "windows", "vista", "windows2k3", "first", "last", NULL};

static const char *const urgent_names[] = {"inline", "drop", "oob", "gap", NULL};

#define ROW(KEY, TYPE, FIELD, UNIT, MIN, MAX, DEF, HELP)                                                     \
	{                                                                                                    \
		.key = KEY, .type = TYPE, .offset = offsetof(struct tcp_stream_config, FIELD), .unit = UNIT, \
		.min = MIN, .max = MAX, .def = DEF, .help = HELP                                             \
	}
#define ENUM(KEY, FIELD, NAMES, DEF, HELP)                                                                        \
	{                                                                                                         \
		.key = KEY, .type = CONFIG_ENUM, .offset = offsetof(struct tcp_stream_config, FIELD), .unit = "", \
		.def = DEF, .choices = NAMES, .help = HELP                                                        \
	}

#define MEGABYTE 1048576.0

const struct config_row tcp_stream_config_rows[] = {
	ROW("stream.memcap", CONFIG_SIZE, memcap, "bytes", 65536, 1048576 * MEGABYTE, "64mb",
		"Memory of TCP sessions."),
	ROW("stream.reassembly.memcap", CONFIG_SIZE, reassembly_memcap, "bytes", MEGABYTE, 1048576 * MEGABYTE, "256mb",
		"Memory of TCP segments that wait for others."),
	ROW("stream.reassembly.depth", CONFIG_SIZE, depth, "bytes", 0, 1048576 * MEGABYTE, "1mb",
		"Bytes of a direction that are reassembled; 0 is no limit."),
	ROW("stream.reassembly.flow-cap", CONFIG_SIZE, flow_cap, "bytes", 2048, 1048576 * MEGABYTE, "1mb",
		"Bytes of one direction that may wait for others."),
	ROW("stream.midstream", CONFIG_BOOL, midstream, "", 0, 0, "no",
		"Pick up connections whose beginning was not seen."),
	ROW("stream.async-oneside", CONFIG_BOOL, async_oneside, "", 0, 0, "no",
		"Follow connections of which one side is seen."),
	ROW("stream.checksum-validation", CONFIG_BOOL, checksum_validation, "", 0, 0, "yes",
		"Refuse segments with a wrong checksum."),
	ROW("stream.liberal-timestamps", CONFIG_BOOL, liberal_timestamps, "", 0, 0, "no",
		"Take timestamps that are one tick old, as Linux does."),
	ROW("stream.max-syn-queued", CONFIG_UINT, max_syn_queued, "SYNs", 1, 255, "10",
		"Different SYNs of one connection before stream.3whs_syn_flood; no more than 63 are counted."),
	ROW("stream.max-synack-queued", CONFIG_UINT, max_synack_queued, "SYN/ACKs", 0, 8, "5",
		"Different SYN/ACKs of one connection that are remembered."),
	ENUM("stream.reassembly.urgent.policy", urgent_policy, urgent_names, "inline",
		"What becomes of urgent data (RFC 6093)."),
	ROW("stream.reassembly.urgent.oob-limit", CONFIG_UINT, urgent_oob_limit, "bytes", 1, 255, "128",
		"Out-of-band bytes of a connection before oob-limit-policy."),
	ENUM("stream.reassembly.urgent.oob-limit-policy", urgent_limit_policy, urgent_names, "drop",
		"What becomes of urgent data behind oob-limit."),
	CONFIG_END,
};

void tcp_stream_config_default(struct tcp_stream_config *cfg)
{
	*cfg = (struct tcp_stream_config){.memcap = 64ull << 20,
		.reassembly_memcap = 256ull << 20,
		.depth = 1ull << 20,
		.flow_cap = 1ull << 20,
		.checksum_validation = true,
		.max_syn_queued = 10,
		.max_synack_queued = 5,
		.urgent_policy = TCP_URGENT_INLINE,
		.urgent_oob_limit = 128,
		.urgent_limit_policy = TCP_URGENT_DROP,
		.default_policy = TCP_POLICY_BSD};
}
