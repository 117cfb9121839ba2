// What a packet does to the state of its flow. TCP here goes by flags alone (RFC 9293 section 3.3.2), for
// when the stream engine, which also checks sequence numbers, does not run; names and transitions are
// Suricata's, where the side that answers is told from the side that began. Next: tcp_stream.h.
#include "dataplane/flow_internal.h"

#define TCP_FIN 0x01u
#define TCP_SYN 0x02u
#define TCP_RST 0x04u
#define TCP_ACK 0x10u

static enum tcp_state on_fin(enum tcp_state state, const struct flow *f, int dir)
{
	bool both = f->tcp_flags[0] & f->tcp_flags[1] & TCP_FIN;

	switch (state) {
	case TCP_SYN_RECV:
	case TCP_ESTABLISHED:
		return dir == DIR_TO_SERVER ? TCP_CLOSE_WAIT : TCP_FIN_WAIT1;
	case TCP_FIN_WAIT1:
		return both ? TCP_CLOSING : state;
	case TCP_FIN_WAIT2:
		return both ? TCP_TIME_WAIT : state;
	case TCP_CLOSE_WAIT:
		return both ? TCP_LAST_ACK : state;
	default:
		return state;
	}
}

static enum tcp_state on_ack(enum tcp_state state, int dir)
{
	switch (state) {
	case TCP_SYN_RECV:
		return dir == DIR_TO_SERVER ? TCP_ESTABLISHED : state;
	case TCP_FIN_WAIT1:
		return dir == DIR_TO_SERVER ? TCP_FIN_WAIT2 : state;
	case TCP_CLOSING:
		return TCP_TIME_WAIT;
	case TCP_LAST_ACK:
		return dir == DIR_TO_SERVER ? TCP_CLOSED : state;
	default:
		return state;
	}
}

static enum tcp_state next_state(const struct flow *f, int dir, uint8_t flags)
{
	enum tcp_state state = (enum tcp_state)f->tcp_state;

	if (flags & TCP_RST)
		return state == TCP_NONE ? state : TCP_CLOSED;
	if (flags & TCP_SYN) {
		if (state == TCP_NONE && !(flags & TCP_ACK) && !(f->flags & FLOW_MIDSTREAM))
			return TCP_SYN_SENT;
		return state == TCP_SYN_SENT && flags & TCP_ACK && dir == DIR_TO_CLIENT ? TCP_SYN_RECV : state;
	}
	if (flags & TCP_FIN)
		return on_fin(state, f, dir);
	return flags & TCP_ACK ? on_ack(state, dir) : state;
}

static enum flow_state flow_state_of(enum tcp_state state)
{
	switch (state) {
	case TCP_NONE:
	case TCP_SYN_SENT:
	case TCP_SYN_RECV:
		return FLOW_NEW;
	case TCP_TIME_WAIT:
	case TCP_LAST_ACK:
	case TCP_CLOSED:
		return FLOW_CLOSED;
	default:
		return FLOW_ESTABLISHED;
	}
}

void flow_state_tcp(struct flow_table *t, struct flow *f, int dir, uint8_t flags)
{
	f->tcp_state = (uint8_t)next_state(f, dir, flags);
	flow_set_state(t, f, flow_state_of((enum tcp_state)f->tcp_state));
}

void flow_state_reply(struct flow_table *t, struct flow *f)
{
	f->flags |= FLOW_SEEN_REPLY;
	if (f->proto != FLOW_PROTO_TCP)
		flow_set_state(t, f, FLOW_ESTABLISHED);
	else if (f->flags & FLOW_MIDSTREAM)
		flow_timer_move(t, f); // its rank has changed
}
