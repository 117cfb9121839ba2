// Keywords on the flow a packet belongs to.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dataplane/api/stream.h"
#include "detectors/signature/match_runtime.h"
#include "detectors/signature/rule_parse.h"

struct flow_args {
	uint8_t dir; // 0 either, 1 to_server, 2 to_client
	bool established, not_established, only_frag, no_frag, only_stream;
	bool state; // says more than a direction
};

// A direction alone needs no flow: a packet without one goes to the server. A rule of streams alone speaks of nothing
// else.
static bool match_flow(const struct match_ctx *m, const void *args)
{
	const struct flow_args *a = args;
	bool established = m->p->flags & PKT_FLOW_ESTABLISHED, rebuilt = m->p->flags & PKT_REBUILT;
	uint8_t dir = m->flow && m->p->dir == DIR_TO_CLIENT ? 2 : 1;
	if ((a->dir && a->dir != dir) || (a->state && !m->flow))
		return false;
	if ((a->established && !established) || (a->not_established && established))
		return false;
	if (a->only_stream && !(m->rule->flags & RULE_F_PAYLOAD))
		return false;
	return !(a->only_frag && !rebuilt) && !(a->no_frag && rebuilt);
}

static int set_dir(struct rule_parser *ps, struct flow_args *a, uint8_t dir)
{
	if (a->dir && a->dir != dir)
		return parse_fail(ps, "expected one direction, found both");
	a->dir = dir;
	ps->rule->flags |= dir == 1 ? RULE_F_TO_SERVER : RULE_F_TO_CLIENT;
	return 0;
}

static int flow_word(struct rule_parser *ps, struct flow_args *a, const char *word)
{
	if (!strcasecmp(word, "to_server") || !strcasecmp(word, "from_client"))
		return set_dir(ps, a, 1);
	if (!strcasecmp(word, "to_client") || !strcasecmp(word, "from_server"))
		return set_dir(ps, a, 2);
	a->state = true;
	if (!strcasecmp(word, "established"))
		a->established = true;
	else if (!strcasecmp(word, "not_established"))
		a->not_established = true;
	else if (!strcasecmp(word, "only_stream"))
		a->only_stream = true, ps->rule->flags |= RULE_F_NEED_STREAM | RULE_F_ONLY_STREAM;
	else if (!strcasecmp(word, "no_stream"))
		ps->rule->flags |= RULE_F_NEED_PACKET;
	else if (!strcasecmp(word, "only_frag"))
		a->only_frag = true;
	else if (!strcasecmp(word, "no_frag"))
		a->no_frag = true;
	else if (strcasecmp(word, "stateless"))
		return parse_fail(ps,
			"expected one of to_server to_client from_server from_client established "
			"not_established stateless only_stream no_stream only_frag no_frag, found \"%.40s\"",
			word);
	return 0;
}

static int parse_flow(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct flow_args *a = rule_alloc(ps, sizeof(*a));
	char *rest = arg, *word;
	if (!a)
		return -ENOMEM;
	if (ps->rule->flags & RULE_F_FLOW)
		return parse_fail(ps, "expected flow once a rule");
	while ((word = lex_field(&rest, ',')))
		if (flow_word(ps, a, word))
			return -EINVAL;
	if (a->established && a->not_established)
		return parse_fail(ps, "expected established or not_established, found both");
	ps->rule->flags |= RULE_F_FLOW;
	return test_add(ps, match_flow, a);
}

enum flow_count { FLOW_AGE, FLOW_PKTS, FLOW_BYTES };
struct count_args {
	struct range range;
	uint8_t what;  // enum flow_count
	uint8_t sides; // bit 0 to server, bit 1 to client
};

// Seconds between two times, each rounded down, as Suricata counts them.
static uint64_t age_s(uint64_t now_ns, uint64_t start_ns)
{
	return now_ns > start_ns ? now_ns / 1000000000u - start_ns / 1000000000u : 0;
}

static bool match_count(const struct match_ctx *m, const void *args)
{
	const struct count_args *a = args;
	const struct flow *f = m->flow;
	if (!f)
		return false;
	if (a->what == FLOW_AGE)
		return range_has(&a->range, age_s(m->p->ts_ns, f->start_ns));
	for (uint32_t side = 0; side < 2; side++)
		if ((a->sides >> side & 1) &&
			range_has(&a->range, a->what == FLOW_PKTS ? flow_pkts(f, side) : flow_bytes(f, side)))
			return true;
	return false;
}

static int add_count(struct rule_parser *ps, const struct keyword *kw, uint8_t what, uint8_t sides, char *text)
{
	struct count_args *a = rule_alloc(ps, sizeof(*a));
	if (!a)
		return -ENOMEM;
	if (!lex_range(text, UINT64_MAX / 2, &a->range))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, text);
	a->what = what;
	a->sides = sides;
	ps->rule->flags |= RULE_F_NEED_PACKET;
	return test_add(ps, match_count, a);
}

static int parse_age(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	return add_count(ps, kw, FLOW_AGE, 3, arg);
}

static int parse_side_count(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	return add_count(ps, kw, (uint8_t)(kw->data & 15), (uint8_t)(kw->data >> 4), arg);
}

// "toserver,>3", "either,1-5"
static int parse_count(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	char *rest = arg, *side = lex_field(&rest, ',');
	uint8_t sides = !strcmp(side, "toserver") ? 1 : !strcmp(side, "toclient") ? 2 : !strcmp(side, "either") ? 3 : 0;
	if (!sides || !rest)
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	return add_count(ps, kw, (uint8_t)kw->data, sides, lex_trim(rest));
}

struct size_args {
	struct range range;
	uint8_t mode; // 1 server, 2 client, 3 both, 4 either
};

// Sequence numbers that a side has used, its SYN among them. What the client has sent is the stream towards the server.
static bool match_stream_size(const struct match_ctx *m, const void *args)
{
	const struct size_args *a = args;
	const struct packet *p = m->p;
	if (!m->flow || !(p->flags & PKT_TCP))
		return false;
	// before the server speaks there is no session: of the client's side, only the SYN counts
	bool session = m->cold && m->cold->tcp, syn = (p->tcp_flags & 0x12) == 0x02 && !p->nth[DIR_TO_CLIENT];
	bool opening = syn || (!session && m->flow->tcp_state == TCP_SYN_SENT);
	if (!opening && !session)
		return false;
	bool client = range_has(&a->range, 1 + (opening ? 0 : tcp_stream_offset(m->cold, DIR_TO_SERVER)));
	bool server = range_has(&a->range, opening ? 0 : 1 + tcp_stream_offset(m->cold, DIR_TO_CLIENT));
	return a->mode == 1 ? server : a->mode == 2 ? client : a->mode == 3 ? client && server : client || server;
}

static int parse_stream_size(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	static const char *const modes[] = {"server", "client", "both", "either"};
	char *rest = arg, *mode = lex_field(&rest, ','), *op = lex_field(&rest, ','), *value = lex_field(&rest, ',');
	struct size_args *a = rule_alloc(ps, sizeof(*a));
	char text[64];
	if (!a)
		return -ENOMEM;
	for (uint8_t i = 0; i < 4; i++)
		if (!strcasecmp(mode, modes[i]))
			a->mode = (uint8_t)(i + 1);
	snprintf(text, sizeof(text), "%s%s", op ? op : "", value ? value : "");
	if (!a->mode || !op || !value || !lex_range(text, UINT32_MAX, &a->range))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	ps->rule->flags |= RULE_F_STREAM_SIZE;
	return test_add(ps, match_stream_size, a);
}

static int parse_app_protocol(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	rule_wait_for(ps, kw->name);
	return 0;
}

const struct keyword kw_flow_table[] = {
	{"flow", NULL, ARG_REQUIRED, parse_flow, 0,
		"to_server|to_client|from_server|from_client, established|not_established|stateless, "
		"only_stream|no_stream, "
		"only_frag|no_frag",
		"flow:established,to_server;", "Direction and state of the flow.",
		"same; what a stream ends with is looked at with its FIN or RST, in Suricata with a later packet"},
	{"flow.age", NULL, ARG_REQUIRED, parse_age, 0, "n | <n | >n | a-b", "flow.age:>3600;",
		"Seconds since the flow began.", "same"},
	{"flow.pkts", NULL, ARG_REQUIRED, parse_count, FLOW_PKTS, "toserver|toclient|either, n | <n | >n | a-b",
		"flow.pkts:toclient,>100;", "Packets of one side.", "as Suricata 8; 7 does not have it"},
	{"flow.bytes", NULL, ARG_REQUIRED, parse_count, FLOW_BYTES, "toserver|toclient|either, n | <n | >n | a-b",
		"flow.bytes:toserver,>1000000;", "Bytes of one side.", "as Suricata 8; 7 does not have it"},
	{"flow.pkts_toserver", NULL, ARG_REQUIRED, parse_side_count, FLOW_PKTS | 1 << 4, "n | <n | >n | a-b",
		"flow.pkts_toserver:>100;", "Packets of the client.", "as Suricata 8; 7 does not have it"},
	{"flow.pkts_toclient", NULL, ARG_REQUIRED, parse_side_count, FLOW_PKTS | 2 << 4, "n | <n | >n | a-b",
		"flow.pkts_toclient:>100;", "Packets of the server.", "as Suricata 8; 7 does not have it"},
	{"flow.bytes_toserver", NULL, ARG_REQUIRED, parse_side_count, FLOW_BYTES | 1 << 4, "n | <n | >n | a-b",
		"flow.bytes_toserver:>1000;", "Bytes of the client.", "as Suricata 8; 7 does not have it"},
	{"flow.bytes_toclient", NULL, ARG_REQUIRED, parse_side_count, FLOW_BYTES | 2 << 4, "n | <n | >n | a-b",
		"flow.bytes_toclient:>1000;", "Bytes of the server.", "as Suricata 8; 7 does not have it"},
	{"stream_size", NULL, ARG_REQUIRED, parse_stream_size, 0, "server|client|both|either, op, n",
		"stream_size:client,<,6;", "Sequence numbers a side has used so far: its SYN and its bytes.",
		"same; a FIN is not counted"},
	{"app-layer-protocol", NULL, ARG_REQUIRED, parse_app_protocol, 0, "[!]protocol", "app-layer-protocol:!http;",
		"What the flow's protocol was detected to be.", "waits for the protocol parsers"},
	{0},
};
