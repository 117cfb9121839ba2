// Counters of protocol detection and parsers, with Suricata's names. Next: telemetry.c.
#include "ctl/sensor/snapshot.h"

#include "dataplane/app_layer.h"

// A protocol that is read over both says over which; of others the name is enough.
static void add_proto(
	struct stats_snapshot *s, const char *what, uint16_t proto, const uint64_t n[APP_TRANSPORTS], uint8_t over)
{
	static const char *const suffix[APP_TRANSPORTS] = {"_tcp", "_udp"};

	for (uint32_t t = 0; t < APP_TRANSPORTS; t++)
		if (over & 1u << t)
			stats_add_name(s, n[t], "app_layer.%s.%s%s", what, app_proto_eve_name(proto),
				over == OVER_BOTH ? suffix[t] : "");
}

void snapshot_add_app(struct stats_snapshot *s, const struct app_layer *app)
{
	struct app_layer_stats st;

	app_layer_stats(app, &st);
	for (const struct parser *const *p = parser_table; *p; p++) {
		uint16_t proto = (*p)->proto;
		add_proto(s, "flow", proto, st.flows[proto], (*p)->over);
		if (!(*p)->parse)
			continue;
		add_proto(s, "tx", proto, st.tx[proto], (*p)->over);
		stats_add_name(s, st.gaps[proto], "app_layer.error.%s.gap", app_proto_eve_name(proto));
		stats_add_name(s, st.stops[proto], "app_layer.error.%s.parser", app_proto_eve_name(proto));
	}
	add_proto(s, "flow", APP_FAILED, st.flows[APP_FAILED], OVER_BOTH);
	stats_add(s, COUNTER_APP_EXPECTATIONS, st.expectations);
	stats_add(s, COUNTER_APP_MEMUSE, st.memory_in_use);
	stats_add(s, COUNTER_APP_MEMUSE_MAX, st.memory_peak);
	stats_add(s, COUNTER_APP_REFUSED_SESSION, st.refused_session);
	stats_add(s, COUNTER_APP_REFUSED_MEMORY, st.refused_memory);
	stats_add(s, COUNTER_APP_REFUSED_FLOW_MEMORY, st.refused_flow_memory);
	stats_add(s, COUNTER_APP_REFUSED_TX, st.refused_tx);
	stats_add(s, COUNTER_APP_REFUSED_EXPECTATION, st.refused_expectations);
}
