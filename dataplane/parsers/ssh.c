// SSH up to where it is ciphered (RFC 4253): each side's identification line, then packets until NEWKEYS. A flow has
// one transaction. See ssh.h.
#include "dataplane/parsers/ssh.h"

enum ssh_message { SSH_MSG_KEXINIT = 20, SSH_MSG_NEWKEYS = 21 };

#define PACKET_HEADER 6u   // length, length of the padding, type
#define KEXINIT_MAX 32768u // RFC 4253 section 6.1: what every implementation takes

struct ssh_state {
	struct ssh_tx *tx;
	uint32_t skip[2]; // bytes of a packet that are passed over
	bool in_line[2];  // the rest of a line that is too long
};

static void advance(struct ssh_tx *tx, uint8_t dir, enum ssh_progress progress)
{
	if (tx->tx.progress[dir] < progress)
		tx->tx.progress[dir] = (uint8_t)progress;
}

static const uint8_t *find(const uint8_t *at, uint32_t len, uint8_t byte)
{
	return memchr(at, byte, len);
}

// RFC 4253 section 4.2: "SSH-", the version, "-", the software, and a comment behind a space. False: it is none.
static bool read_banner(struct app_run *run, struct ssh_side *side, const uint8_t *at, uint32_t len)
{
	const uint8_t *dash, *end;

	if ((end = find(at, len, '\r')) != NULL)
		len = (uint32_t)(end - at);
	if (len < 4 || memcmp(at, "SSH-", 4) != 0 || (dash = find(at + 4, len - 4, '-')) == NULL)
		return false;
	app_text_add(run, &side->proto, at + 4, (uint32_t)(dash - at) - 4, SSH_BANNER_MAX + 1);
	len -= (uint32_t)(dash + 1 - at);
	end = find(dash + 1, len, ' ');
	if (end && end != dash + 1)
		len = (uint32_t)(end - dash) - 1;
	if (len)
		app_text_add(run, &side->software, dash + 1, len, SSH_BANNER_MAX + 1);
	return true;
}

// Version 1 (RFC 4253 section 5) goes on in packets of another kind.
static bool is_version_1(const struct app_text *proto)
{
	return proto->len >= 2 && memcmp(proto->at, "1.", 2) == 0 &&
	       !(proto->len == 4 && memcmp(proto->at, "1.99", 4) == 0);
}

static enum parse_answer take_line(
	struct app_run *run, struct app_session *s, struct ssh_state *st, uint8_t dir, struct cursor *c)
{
	struct ssh_side *side = &st->tx->side[dir];
	uint32_t left = (uint32_t)cursor_left(c);
	const uint8_t *end = find(c->at, left, '\n');
	uint32_t len = end ? (uint32_t)(end - c->at) : left;

	if (!end && left <= SSH_BANNER_MAX + 1)
		return PARSE_OK;
	uint32_t text = end && len && c->at[len - 1] == '\r' ? len - 1 : len;
	if (text > SSH_BANNER_MAX) {
		app_event(run, s, &st->tx->tx, SSH_LONG_BANNER);
		text = SSH_BANNER_MAX + 1;
		st->in_line[dir] = !end;
	}
	if (!read_banner(run, side, c->at, text)) {
		app_event(run, s, &st->tx->tx, SSH_INVALID_BANNER);
		return PARSE_STOP;
	}
	cursor_skip(c, end ? len + 1 : len);
	advance(st->tx, dir, is_version_1(&side->proto) ? SSH_DONE : SSH_BANNER);
	return PARSE_OK;
}

static void pass_line(struct ssh_state *st, uint8_t dir, struct cursor *c)
{
	const uint8_t *end = find(c->at, (uint32_t)cursor_left(c), '\n');

	st->in_line[dir] = !end;
	c->at = end ? end + 1 : c->end;
}

// RFC 4253 section 6. A packet is passed over as it comes; only KEXINIT is waited for. False: it is not whole, or bad.
static bool take_packet(struct app_run *run, struct app_session *s, struct ssh_state *st, uint8_t dir, struct cursor *c,
	enum parse_answer *answer)
{
	if (cursor_left(c) < PACKET_HEADER)
		return false;
	uint32_t len = load_be32(c->at);
	uint8_t type = c->at[5], pad = c->at[4];
	if (len < 2) {
		app_event(run, s, &st->tx->tx, SSH_INVALID_RECORD);
		*answer = PARSE_STOP;
		return false;
	}
	if (type == SSH_MSG_KEXINIT && len <= KEXINIT_MAX) {
		if (cursor_left(c) < 4 + len)
			return false;
		uint32_t body = len - 2 > pad ? len - 2 - pad : 0;
		ssh_make_hassh(run, &st->tx->side[dir], cursor_of(c->at + PACKET_HEADER, body), dir == DIR_TO_SERVER);
		advance(st->tx, dir, SSH_KEXINIT);
	}
	if (type == SSH_MSG_NEWKEYS)
		advance(st->tx, dir, SSH_DONE);
	cursor_skip(c, 4);
	st->skip[dir] = len;
	return true;
}

static void pass_packet(struct ssh_state *st, uint8_t dir, struct cursor *c)
{
	uint32_t left = (uint32_t)cursor_left(c), n = st->skip[dir] < left ? st->skip[dir] : left;

	cursor_skip(c, n);
	st->skip[dir] -= n;
}

static enum parse_answer ssh_parse(struct app_run *run, struct app_session *s, void *state, struct app_input *in)
{
	struct ssh_state *st = state;
	struct cursor c = cursor_of(in->data, in->len);
	enum parse_answer answer = PARSE_OK;
	uint8_t dir = in->dir;

	if (in->gap)
		return PARSE_STOP;
	if (in->len == 0)
		return PARSE_OK;
	if (st->tx == NULL && (st->tx = (struct ssh_tx *)app_tx_new(run, s)) == NULL)
		return PARSE_STOP;
	st->tx->tx.dirs = 1u << DIR_TO_SERVER | 1u << DIR_TO_CLIENT;
	if (st->tx->tx.progress[dir] == SSH_BEGUN)
		answer = take_line(run, s, st, dir, &c);
	if (st->in_line[dir])
		pass_line(st, dir, &c);
	while (answer == PARSE_OK && st->tx->tx.progress[dir] > SSH_BEGUN && st->tx->tx.progress[dir] < SSH_DONE) {
		pass_packet(st, dir, &c);
		if (!take_packet(run, s, st, dir, &c, &answer))
			break;
	}
	in->used = (uint32_t)(c.at - in->data);
	return answer == PARSE_OK && st->tx->tx.progress[dir] == SSH_DONE ? PARSE_DONE : answer;
}

static void free_tx(struct app_run *run, struct app_tx *tx)
{
	for (uint8_t dir = 0; dir < 2; dir++) {
		struct ssh_side *side = &((struct ssh_tx *)tx)->side[dir];
		app_text_free(run, &side->proto);
		app_text_free(run, &side->software);
		app_text_free(run, &side->hassh);
	}
}

static const struct parser_pattern patterns[] = {
	{"SSH-", 4, 0, 4, DIR_TO_SERVER, false}, {"SSH-", 4, 0, 4, DIR_TO_CLIENT, false}, {0}};

// In the order of enum ssh_event.
static const char *const events[] = {"invalid_banner", "long_banner", "invalid_record", NULL};

const struct parser parser_ssh = {
	.name = "ssh",
	.proto = APP_SSH,
	.over = OVER_TCP,
	.patterns = patterns,
	.state_size = sizeof(struct ssh_state),
	.tx_size = sizeof(struct ssh_tx),
	.complete = {SSH_DONE, SSH_DONE},
	.parse = ssh_parse,
	.free_tx = free_tx,
	.buffers = ssh_buffers,
	.events = events,
	.log = ssh_log,
};
