// EVE flow: a conversation that has ended. Next: eve_stats.c.
#include "ctl/eve/eve_internal.h"

#include <string.h>

#include <netinet/in.h>

#include "ctl/eve/community_id.h"
#include "dataplane/api/flow.h"

static const char *const state_names[] = {
	[FLOW_FREE] = "new", [FLOW_NEW] = "new", [FLOW_ESTABLISHED] = "established", [FLOW_CLOSED] = "closed"};

// Suricata calls an early end for want of room "forced".
static const char *const reason_names[] = {[FLOW_END_TIMEOUT] = "timeout",
	[FLOW_END_SHUTDOWN] = "shutdown",
	[FLOW_END_EVICTED] = "forced",
	[FLOW_END_REUSED] = "tcp_reuse"};

static const char *const tcp_state_names[] = {[TCP_NONE] = "none",
	[TCP_SYN_SENT] = "syn_sent",
	[TCP_SYN_RECV] = "syn_recv",
	[TCP_ESTABLISHED] = "established",
	[TCP_FIN_WAIT1] = "fin_wait1",
	[TCP_FIN_WAIT2] = "fin_wait2",
	[TCP_TIME_WAIT] = "time_wait",
	[TCP_LAST_ACK] = "last_ack",
	[TCP_CLOSE_WAIT] = "close_wait",
	[TCP_CLOSING] = "closing",
	[TCP_CLOSED] = "closed"};

#define NAME(names, i) ((i) < sizeof(names) / sizeof((names)[0]) ? (names)[i] : "unknown")

static void hex_byte(struct json_out *o, const char *name, uint8_t v)
{
	static const char hex[] = "0123456789abcdef";
	char text[2] = {hex[v >> 4], hex[v & 15]};

	jout_key(o, name);
	jout_string_n(o, text, 2);
}

static void not_zero(struct json_out *o, const char *name, uint64_t value)
{
	if (value)
		jout_kuint(o, name, value);
}

static void tcp_side(struct json_out *o, const char *name, const struct event_tcp_side *s)
{
	jout_open_key(o, name, '{');
	not_zero(o, "segs_retrans", s->segs_retrans);
	not_zero(o, "octets_retrans", s->octets_retrans);
	not_zero(o, "out_of_order", s->out_of_order);
	not_zero(o, "sack_losses", s->sack_losses);
	not_zero(o, "gaps", s->gaps);
	not_zero(o, "missed_bytes", s->missed_bytes);
	if (s->rtt_samples) {
		jout_kuint(o, "rtt_samples", s->rtt_samples);
		jout_kuint(o, "min_rtt_us", s->min_rtt_us);
		jout_kuint(o, "smoothed_rtt_us", s->smoothed_rtt_us);
	}
	not_zero(o, "max_rwin_sent", s->max_rwin_sent);
	not_zero(o, "zero_rwin_sent", s->zero_rwin_sent);
	jout_close(o, '}');
}

// What Suricata does not say of a connection: round trips, losses, windows.
static void tcp_path(struct json_out *o, const struct event *ev)
{
	struct event_tcp tcp;

	if (ev->aux_len != sizeof(tcp))
		return;
	memcpy(&tcp, event_text(ev), sizeof(tcp));
	jout_open_key(o, "tocsin", '{');
	if (tcp.rtt_known)
		jout_kuint(o, "rtt_us", tcp.rtt_us);
	tcp_side(o, "toserver", &tcp.side[DIR_TO_SERVER]);
	tcp_side(o, "toclient", &tcp.side[DIR_TO_CLIENT]);
	jout_close(o, '}');
}

static void tcp(struct json_out *o, const struct event *ev)
{
	// RFC 9293 byte 13, from the lowest bit; Suricata's order of writing
	static const struct {
		uint8_t bit;
		const char *name;
	} flags[] = {{0x02, "syn"}, {0x01, "fin"}, {0x04, "rst"}, {0x08, "psh"}, {0x10, "ack"}, {0x20, "urg"},
		{0x40, "ecn"}, {0x80, "cwr"}};
	uint8_t all = ev->flow.tcp_flags[0] | ev->flow.tcp_flags[1];

	jout_open_key(o, "tcp", '{');
	hex_byte(o, "tcp_flags", all);
	hex_byte(o, "tcp_flags_ts", ev->flow.tcp_flags[DIR_TO_SERVER]);
	hex_byte(o, "tcp_flags_tc", ev->flow.tcp_flags[DIR_TO_CLIENT]);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (all & flags[i].bit)
			jout_kbool(o, flags[i].name, true);
	if (ev->flow.tcp_state != TCP_NONE)
		jout_kstring(o, "state", NAME(tcp_state_names, ev->flow.tcp_state));
	tcp_path(o, ev);
	jout_close(o, '}');
}

// The type of the answers, where there were any and the type has one answer only.
static void icmp_response(struct json_out *o, const struct event *ev)
{
	const struct event_tuple *t = &ev->tuple;
	int other;

	if ((t->proto != IPPROTO_ICMP && t->proto != IPPROTO_ICMPV6) || !ev->flow.counts.pkts[DIR_TO_CLIENT])
		return;
	other = icmp_counterpart(t->proto, t->icmp_type);
	if (other < 0)
		return;
	jout_kuint(o, "response_icmp_type", (uint64_t)other);
	jout_kuint(o, "response_icmp_code", 0);
}

void eve_format_flow(struct eve *e, struct json_out *o, const struct event *ev)
{
	uint64_t start_s = ev->flow.counts.start_ns / 1000000000u, end_s = ev->flow.end_ns / 1000000000u;

	eve_begin(e, o, ev, "flow");
	icmp_response(o, ev);
	eve_app_proto(o, ev);
	jout_open_key(o, "flow", '{');
	eve_counts(o, &ev->flow.counts);
	eve_key_time(o, "end", ev->flow.end_ns);
	jout_kuint(o, "age", end_s > start_s ? end_s - start_s : 0);
	jout_kstring(o, "state", NAME(state_names, ev->flow.state));
	jout_kstring(o, "reason", NAME(reason_names, ev->flow.reason));
	jout_kbool(o, "alerted", ev->flow.alerted);
	jout_close(o, '}');
	eve_community_id(e, o, ev);
	if (ev->tuple.proto == IPPROTO_TCP)
		tcp(o, ev);
	eve_end(e, o, ev);
}
