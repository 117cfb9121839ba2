// Replies (RFC 5321 4.2) and the commands they answer, in order, several at a time with pipelining (RFC 2920). See
// smtp.h. Next: smtp_log.c.
#include "dataplane/parsers/smtp.h"

// The codes that Suricata knows: what begins with another number is no reply.
static const uint16_t codes[] = {211, 214, 220, 221, 235, 250, 251, 252, 334, 354, 421, 450, 451, 452, 455, 500, 501,
	502, 503, 504, 550, 551, 552, 553, 554, 555};

static bool is_known(uint32_t code)
{
	for (uint32_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (codes[i] == code)
			return true;
	return false;
}

void smtp_enqueue(struct smtp *z, enum smtp_command c)
{
	struct smtp_state *st = z->st;

	if (st->queued && (st->queue[st->queued - 1] == SMTP_STARTTLS || st->queue[st->queued - 1] == SMTP_DATA))
		smtp_event(z, SMTP_INVALID_PIPELINED_SEQUENCE);
	if (st->queued == SMTP_QUEUE_MAX) {
		// What answers what is lost: content is taken to follow DATA at once.
		st->queued = st->answered = 0;
		st->pipelining = true;
	}
	st->queue[st->queued++] = (uint8_t)c;
}

static void starttls(struct smtp *z, uint32_t code)
{
	if (code != 220) {
		smtp_event(z, SMTP_TLS_REJECTED);
		return;
	}
	if (!app_switch(z->run, z->s, APP_TLS)) {
		smtp_event(z, SMTP_FAILED_PROTOCOL_CHANGE);
		return;
	}
	app_switch_port(z->s, 443);
	if (z->st->tx)
		smtp_done(z, z->st->tx, true);
}

static void answer(struct smtp *z, uint32_t code)
{
	struct smtp_state *st = z->st;

	switch (st->queue[st->answered]) {
	case SMTP_STARTTLS:
		starttls(z, code);
		break;
	case SMTP_DATA:
		st->in_data = code == 354;
		if (code != 354)
			smtp_event(z, SMTP_DATA_COMMAND_REJECTED);
		break;
	case SMTP_DATA_END:
		if (st->waiting && !st->multiline)
			smtp_done(z, st->waiting, true);
		break;
	case SMTP_RSET:
		if (code == 250 && st->tx && !st->multiline)
			smtp_done(z, st->tx, true);
		break;
	default:
		break;
	}
}

// The keyword of an answer to EHLO (RFC 2920 3), in any but its last line.
static bool offers_pipelining(uint32_t code, struct app_bytes line)
{
	return code == 250 && line.len == 14 &&
	       text_begins((struct app_bytes){line.at + 4, line.len - 4}, "pipelining");
}

bool smtp_reply(struct smtp *z, struct app_bytes line)
{
	struct smtp_state *st = z->st;
	uint32_t code = 0;

	for (uint32_t i = 0; i < 3 && i < line.len && line.at[i] >= '0' && line.at[i] <= '9'; i++)
		code = code * 10 + line.at[i] - '0';
	if (line.len < 3 || !is_known(code)) {
		smtp_event(z, SMTP_INVALID_REPLY);
		return false;
	}
	st->multiline = line.len > 3 && line.at[3] == '-';
	if (!st->queued) { // the greeting; what is said unasked later answers nothing
		if (!st->welcomed && code != 220)
			smtp_event(z, SMTP_INVALID_REPLY);
		st->welcomed |= !st->multiline;
		return true;
	}
	answer(z, code);
	if (st->multiline)
		st->pipelining |= st->welcomed && offers_pipelining(code, line);
	else if (++st->answered == st->queued)
		st->answered = st->queued = 0;
	return true;
}
