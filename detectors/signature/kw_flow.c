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

// What each word says, and what it cannot stand beside in one flow keyword.
enum said {
	SAID_SERVER = 1u << 0,
	SAID_CLIENT = 1u << 1,
	SAID_ESTABLISHED = 1u << 2,
	SAID_NOT_ESTABLISHED = 1u << 3,
	SAID_STATELESS = 1u << 4,
	SAID_ONLY_STREAM = 1u << 5,
	SAID_NO_STREAM = 1u << 6,
	SAID_ONLY_FRAG = 1u << 7,
	SAID_NO_FRAG = 1u << 8,
	SAID_DIRECTION = SAID_SERVER | SAID_CLIENT,
};

static const struct {
	const char *word;
	uint16_t says, clashes;
} flow_words[] = {{"to_server", SAID_SERVER, SAID_DIRECTION}, {"from_client", SAID_SERVER, SAID_DIRECTION},
	{"to_client", SAID_CLIENT, SAID_DIRECTION}, {"from_server", SAID_CLIENT, SAID_DIRECTION},
	{"established", SAID_ESTABLISHED, SAID_ESTABLISHED | SAID_NOT_ESTABLISHED | SAID_STATELESS},
	{"not_established", SAID_NOT_ESTABLISHED, SAID_ESTABLISHED | SAID_NOT_ESTABLISHED},
	{"stateless", SAID_STATELESS, SAID_ESTABLISHED | SAID_STATELESS},
	{"only_stream", SAID_ONLY_STREAM, SAID_ONLY_STREAM | SAID_NO_STREAM},
	{"no_stream", SAID_NO_STREAM, SAID_ONLY_STREAM | SAID_NO_STREAM},
	{"only_frag", SAID_ONLY_FRAG, SAID_ONLY_FRAG | SAID_NO_FRAG},
	{"no_frag", SAID_NO_FRAG, SAID_ONLY_FRAG | SAID_NO_FRAG}};

static int flow_word(struct rule_parser *ps, uint16_t *said, const char *word)
{
	for (size_t i = 0; i < sizeof(flow_words) / sizeof(*flow_words); i++) {
		if (strcasecmp(word, flow_words[i].word))
			continue;
		if (*said & flow_words[i].clashes)
			return parse_fail(ps, "expected nothing before %s that says the same or the opposite", word);
		*said |= flow_words[i].says;
		return 0;
	}
	return parse_fail(ps,
		"expected one of to_server to_client from_server from_client established not_established stateless "
		"only_stream no_stream only_frag no_frag, found \"%.40s\"",
		word);
}

static int parse_flow(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct flow_args *a = rule_alloc(ps, sizeof(*a));
	char *rest = arg, *word;
	uint16_t said = 0;
	if (!a)
		return -ENOMEM;
	if (ps->has_flow_state)
		return parse_fail(ps, "expected no flow behind one that says more than a direction");
	while ((word = lex_field(&rest, ',')))
		if (flow_word(ps, &said, word))
			return -EINVAL;
	a->dir = said & SAID_SERVER ? 1 : said & SAID_CLIENT ? 2 : 0;
	a->state = ps->has_flow_state = (said & ~SAID_DIRECTION) != 0;
	a->established = said & SAID_ESTABLISHED;
	a->not_established = said & SAID_NOT_ESTABLISHED;
	a->only_stream = said & SAID_ONLY_STREAM;
	a->only_frag = said & SAID_ONLY_FRAG;
	a->no_frag = said & SAID_NO_FRAG;
	ps->rule->flags |= RULE_F_FLOW | (said & SAID_SERVER ? RULE_F_TO_SERVER : 0) |
			   (said & SAID_CLIENT ? RULE_F_TO_CLIENT : 0) |
			   (said & SAID_ONLY_STREAM ? RULE_F_NEED_STREAM | RULE_F_ONLY_STREAM : 0) |
			   (said & SAID_NO_STREAM ? RULE_F_NEED_PACKET : 0);
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
	if (!lex_range(text, what == FLOW_AGE ? UINT32_MAX : UINT64_MAX, &a->range))
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
	// before the server speaks there is no session: of the client's side, only the SYN counts; nor with its SYN/ACK
	// yet
	bool session =
		(m->cold && m->cold->tcp) || (m->flow->flags & FLOW_OPENING && m->flow->tcp_state == TCP_SYN_RECV);
	bool syn = (p->tcp_flags & 0x12) == 0x02 && !p->nth[DIR_TO_CLIENT];
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
		if (!strcmp(mode, modes[i]))
			a->mode = (uint8_t)(i + 1);
	snprintf(text, sizeof(text), "%s%s", op ? op : "", value ? value : "");
	if (!a->mode || !op || !value || rest || !lex_range(text, UINT32_MAX, &a->range))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	ps->rule->flags |= RULE_F_STREAM_SIZE;
	return test_add(ps, match_stream_size, a);
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
	{0},
};
