// RFB, the protocol of VNC (RFC 6143), up to ServerInit: versions, security, the desktop. A flow has one transaction.
// Each side's messages are read by themselves; what the other side has chosen is known by then.
#include "dataplane/parsers/rfb.h"

#define VERSION_LEN 12u
#define TEXT_MAX 65536u // of a name or a reason
#define TYPE_NONE 1u
#define TYPE_VNC 2u

enum { EVENT_UNIMPLEMENTED_TYPE, EVENT_UNKNOWN_RESULT, EVENT_MALFORMED };
enum { BEGUN = 1, DONE };
enum { FRAME_PDU }; // in the order of frames

// What is read next of a side.
enum expect {
	EXPECT_VERSION,
	EXPECT_SECURITY, // of the server: what it offers; of the client: what it takes
	EXPECT_CHALLENGE,
	EXPECT_RESULT,
	EXPECT_REASON, // why not
	EXPECT_INIT,
	EXPECT_NOTHING, // not looked at any more
};

struct rfb_state {
	struct rfb_tx *tx;
	uint8_t next[2]; // enum expect
	bool over;       // the transaction has gone
};

struct rfb_run {
	struct app_run *run;
	struct app_session *session;
	struct rfb_state *state;
	struct rfb_tx *tx;
};

// Nothing behind can be read: the transaction stays as it is.
static bool give_up(struct rfb_run *r, uint8_t event)
{
	app_event(r->run, r->session, &r->tx->tx, event);
	r->state->next[0] = r->state->next[1] = EXPECT_NOTHING;
	return true;
}

static bool finish(struct rfb_run *r)
{
	r->state->next[0] = r->state->next[1] = EXPECT_NOTHING;
	r->tx->tx.progress[0] = r->tx->tx.progress[1] = DONE;
	r->state->over = true;
	return true;
}

// The version both speak is the client's. Not 3.3 and not 3.7 is 3.8.
static bool speaks(const struct rfb_tx *tx, const char *version)
{
	const struct app_text *t = &tx->version[DIR_TO_SERVER];

	return t->len == 6 && memcmp(t->at, version, 6) == 0;
}

// 7.1.1: "RFB 003.008\n"
static bool take_version(struct rfb_run *r, uint8_t dir, struct cursor *c)
{
	const uint8_t *line = cursor_take(c, VERSION_LEN);

	if (!line)
		return false;
	if (memcmp(line, "RFB ", 4) != 0 || line[7] != '.' || line[11] != '\n')
		return give_up(r, EVENT_MALFORMED);
	app_text_add(r->run, &r->tx->version[dir], line + 4, 3, 6);
	app_text_add(r->run, &r->tx->version[dir], line + 8, 3, 6);
	r->state->next[dir] = EXPECT_SECURITY;
	return true;
}

static bool choose(struct rfb_run *r, uint32_t type)
{
	r->tx->type = type;
	r->tx->has_type = true;
	if (type != TYPE_NONE && type != TYPE_VNC)
		return give_up(r, EVENT_UNIMPLEMENTED_TYPE);
	r->state->next[DIR_TO_CLIENT] = type == TYPE_VNC                                     ? EXPECT_CHALLENGE
					: speaks(r->tx, "003003") || speaks(r->tx, "003007") ? EXPECT_INIT
											     : EXPECT_RESULT;
	r->state->next[DIR_TO_SERVER] = type == TYPE_VNC ? EXPECT_CHALLENGE : EXPECT_INIT;
	return true;
}

// 7.1.2: what the server offers, or in version 3.3 decides.
static bool take_offer(struct rfb_run *r, struct cursor *c)
{
	const uint8_t *at = cursor_peek(c, 1);
	uint32_t type;

	if (!at || r->state->next[DIR_TO_SERVER] == EXPECT_VERSION)
		return false;
	if (speaks(r->tx, "003003")) {
		if (!cursor_be32(c, &type))
			return false;
		r->tx->type = type;
		r->tx->has_type = true;
		if (type)
			return choose(r, type);
		r->state->next[DIR_TO_CLIENT] = EXPECT_REASON;
		return true;
	}
	if (!cursor_skip(c, 1u + *at))
		return false;
	r->state->next[DIR_TO_CLIENT] = *at ? EXPECT_CHALLENGE : EXPECT_REASON; // the first once there is a choice
	return true;
}

static bool take_choice(struct rfb_run *r, struct cursor *c)
{
	uint8_t type;

	// version 3.3 has none, and the server has decided by then
	return !speaks(r->tx, "003003") && cursor_u8(c, &type) && choose(r, type);
}

// 7.2.2
static bool take_challenge(struct rfb_run *r, uint8_t dir, struct cursor *c)
{
	const uint8_t *at = r->tx->has_type ? cursor_take(c, RFB_CHALLENGE_LEN) : NULL;

	if (!at)
		return false;
	memcpy(dir == DIR_TO_CLIENT ? r->tx->challenge : r->tx->response, at, RFB_CHALLENGE_LEN);
	*(dir == DIR_TO_CLIENT ? &r->tx->has_challenge : &r->tx->has_response) = true;
	r->state->next[dir] = dir == DIR_TO_CLIENT ? EXPECT_RESULT : EXPECT_INIT;
	return true;
}

// 7.1.3
static bool take_result(struct rfb_run *r, struct cursor *c)
{
	if (!cursor_be32(c, &r->tx->result))
		return false;
	r->tx->has_result = true;
	r->state->next[DIR_TO_CLIENT] = r->tx->result ? EXPECT_REASON : EXPECT_INIT;
	if (r->tx->result > 1)
		return give_up(r, EVENT_UNKNOWN_RESULT);
	if (r->tx->result && (speaks(r->tx, "003003") || speaks(r->tx, "003007")))
		return finish(r); // which give no reason
	return true;
}

// A text with 32 bits of length in front, `before` bytes into what is there. False: it is not whole.
static bool take_text(struct rfb_run *r, struct cursor *c, uint32_t before, struct app_text *out)
{
	uint32_t len;

	if (cursor_left(c) < before + 4)
		return false;
	len = load_be32(c->at + before);
	if (len > TEXT_MAX)
		return give_up(r, EVENT_MALFORMED);
	if (cursor_left(c) < before + 4 + len)
		return false;
	cursor_skip(c, before + 4);
	app_text_add(r->run, out, cursor_take(c, len), len, TEXT_MAX);
	return finish(r);
}

// 7.3.2
static bool take_init(struct rfb_run *r, struct cursor *c)
{
	const uint8_t *at = cursor_peek(c, RFB_INIT_LEN);

	if (!at || !take_text(r, c, RFB_INIT_LEN - 4, &r->tx->name))
		return false;
	memcpy(r->tx->init, at, RFB_INIT_LEN);
	r->tx->has_init = r->tx->tx.progress[0] == DONE;
	return true;
}

// False: more bytes are needed.
static bool take(struct rfb_run *r, uint8_t dir, struct cursor *c)
{
	uint8_t shared;

	switch ((enum expect)r->state->next[dir]) {
	case EXPECT_VERSION:
		return take_version(r, dir, c);
	case EXPECT_SECURITY:
		return dir == DIR_TO_CLIENT ? take_offer(r, c) : take_choice(r, c);
	case EXPECT_CHALLENGE:
		return take_challenge(r, dir, c);
	case EXPECT_RESULT:
		return take_result(r, c);
	case EXPECT_REASON:
		return take_text(r, c, 0, &r->tx->reason);
	case EXPECT_INIT:
		if (dir == DIR_TO_CLIENT)
			return take_init(r, c);
		if (!cursor_u8(c, &shared))
			return false;
		r->tx->has_shared = true;
		r->tx->shared = shared != 0;
		r->state->next[dir] = EXPECT_NOTHING;
		return true;
	case EXPECT_NOTHING:
		c->at = c->end;
	}
	return false;
}

static enum parse_answer parse(struct app_run *run, struct app_session *s, void *state, struct app_input *in)
{
	struct rfb_run r = {.run = run, .session = s, .state = state};
	struct cursor c = cursor_of(in->data, in->len);

	if (r.state->over)
		return PARSE_DONE;
	if (in->gap)
		return PARSE_STOP;
	if (!r.state->tx && !(r.state->tx = (struct rfb_tx *)(void *)app_tx_new(run, s)))
		return PARSE_STOP;
	r.tx = r.state->tx;
	if (!r.tx->tx.dirs) {
		r.tx->tx.dirs = 1u << DIR_TO_SERVER | 1u << DIR_TO_CLIENT;
		r.tx->tx.progress[0] = r.tx->tx.progress[1] = BEGUN;
	}
	for (const uint8_t *at = c.at; take(&r, in->dir, &c); at = c.at)
		app_frame(run, s, in, FRAME_PDU, at, (uint64_t)(c.at - at));
	in->used = (uint32_t)(c.at - in->data);
	return r.state->over ? PARSE_DONE : PARSE_OK;
}

static void free_tx(struct app_run *run, struct app_tx *base)
{
	struct rfb_tx *tx = (struct rfb_tx *)(void *)base;

	app_text_free(run, &tx->version[0]);
	app_text_free(run, &tx->version[1]);
	app_text_free(run, &tx->name);
	app_text_free(run, &tx->reason);
}

static const struct parser_pattern patterns[] = {
	{"RFB ", 4, 0, 4, DIR_TO_SERVER, true}, {"RFB ", 4, 0, 4, DIR_TO_CLIENT, true}, {0}};

// In the order of the enum above.
static const char *const events[] = {
	"unimplemented_security_type", "unknown_security_result", "malformed_message", "confused_state", NULL};

static const char *const frames[] = {"pdu", NULL};

const struct parser parser_rfb = {
	.name = "rfb",
	.proto = APP_RFB,
	.over = OVER_TCP,
	.patterns = patterns,
	.state_size = sizeof(struct rfb_state),
	.tx_size = sizeof(struct rfb_tx),
	.complete = {DONE, DONE},
	.parse = parse,
	.free_tx = free_tx,
	.buffers = rfb_buffers,
	.fields = rfb_fields,
	.events = events,
	.frames = frames,
	.log = rfb_log,
};
