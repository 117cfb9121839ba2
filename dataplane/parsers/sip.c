// SIP (RFC 3261) over UDP and TCP: the first line of requests and responses. Every message is a transaction. Over TCP a
// message ends where its headers and Content-Length say (section 18.3).
#include "dataplane/api/cursor.h"
#include "dataplane/api/parser.h"

#define MAX_LINE 4096u
#define MAX_HEADERS 32768u

enum { EVENT_INCOMPLETE_DATA, EVENT_INVALID_DATA };

struct piece {
	uint16_t at, len;
};

struct sip_tx {
	struct app_tx tx;
	struct app_text line; // without its end
	bool response;
	struct piece part[3]; // request: method, URI, version; response: version, code, reason
};

struct sip_state {
	uint32_t body[2]; // bytes of a TCP message's body that are still to come
};

// The parts of a line: two that end at a space, and the rest. False: not so.
static bool split(const uint8_t *at, uint32_t len, struct piece part[3])
{
	uint32_t from = 0;

	for (int i = 0; i < 2; i++) {
		const uint8_t *space = memchr(at + from, ' ', len - from);
		if (!space)
			return false;
		part[i] = (struct piece){(uint16_t)from, (uint16_t)((uint32_t)(space - at) - from)};
		if (!part[i].len)
			return false;
		from = (uint32_t)(space - at) + 1;
	}
	part[2] = (struct piece){(uint16_t)from, (uint16_t)(len - from)};
	return true;
}

static bool is_version(const uint8_t *at, uint32_t len)
{
	return len >= 5 && memcmp(at, "SIP/", 4) == 0 && at[4] >= '0' && at[4] <= '9';
}

// RFC 3261 section 25.1: a method is a token.
static bool is_token(const uint8_t *at, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		if (!((at[i] >= 'a' && at[i] <= 'z') || (at[i] >= 'A' && at[i] <= 'Z') ||
			    (at[i] >= '0' && at[i] <= '9') || (at[i] && strchr("-.!%*_+`'~", at[i]))))
			return false;
	return len > 0;
}

static bool is_code(const uint8_t *at, uint32_t len)
{
	return len == 3 && at[0] >= '1' && at[0] <= '9' && at[1] >= '0' && at[1] <= '9' && at[2] >= '0' && at[2] <= '9';
}

static bool read_line(const uint8_t *at, uint32_t len, bool response, struct piece part[3])
{
	if (len > MAX_LINE || !split(at, len, part))
		return false;
	if (response)
		return is_version(at, part[0].len) && is_code(at + part[1].at, part[1].len);
	return is_token(at, part[0].len) && is_version(at + part[2].at, part[2].len);
}

// Bytes of the line at `at` without its end. Returns false when its end is not there.
static bool line_len(const uint8_t *at, uint32_t len, uint32_t *n)
{
	const uint8_t *end = memchr(at, '\n', len);

	if (!end)
		return false;
	*n = (uint32_t)(end - at);
	return true;
}

static uint32_t without_cr(const uint8_t *at, uint32_t len)
{
	return len && at[len - 1] == '\r' ? len - 1 : len;
}

// One message that begins at `at`. False: no room.
static bool message(struct app_run *run, struct app_session *s, uint8_t dir, const uint8_t *at, uint32_t len)
{
	struct piece part[3];
	uint32_t n;

	if (!line_len(at, len, &n)) {
		app_event(run, s, NULL, EVENT_INCOMPLETE_DATA);
		return true;
	}
	n = without_cr(at, n);
	if (!read_line(at, n, dir == DIR_TO_CLIENT, part)) {
		app_event(run, s, NULL, EVENT_INVALID_DATA);
		return true;
	}
	struct sip_tx *tx = (struct sip_tx *)app_tx_message(run, s, dir);
	if (!tx)
		return false;
	tx->response = dir == DIR_TO_CLIENT;
	if (app_text_add(run, &tx->line, at, n, MAX_LINE))
		memcpy(tx->part, part, sizeof(part));
	return true;
}

// Content-Length, or its short form l. False: the line is another header.
static bool content_length(const uint8_t *at, uint32_t len, uint32_t *out)
{
	static const char *const names[] = {"content-length", "l"};
	const uint8_t *colon = memchr(at, ':', len);
	uint64_t v = 0;

	for (int i = 0; colon && i < 2; i++) {
		uint32_t n = (uint32_t)(colon - at);
		while (n && (at[n - 1] == ' ' || at[n - 1] == '\t'))
			n--;
		if (n != strlen(names[i]) || strncasecmp((const char *)at, names[i], n) != 0)
			continue;
		for (const uint8_t *c = colon + 1; c < at + len && v < UINT32_MAX; c++)
			if (*c >= '0' && *c <= '9')
				v = v * 10 + (*c - '0');
		*out = v < UINT32_MAX ? (uint32_t)v : 0;
		return true;
	}
	return false;
}

// Where a message's headers end and how long its body is. False: not yet there.
static bool headers(const uint8_t *at, uint32_t len, uint32_t *end, uint32_t *body)
{
	uint32_t from = 0, n;

	*body = 0;
	while (line_len(at + from, len - from, &n)) {
		uint32_t text = without_cr(at + from, n);
		content_length(at + from, text, body);
		from += n + 1;
		if (!text) {
			*end = from;
			return true;
		}
	}
	return false;
}

// In the order of frames; those of a message follow each other.
enum { FRAME_PDU, FRAME_REQUEST_LINE, FRAME_RESPONSE_LINE = FRAME_REQUEST_LINE + 3 };

// The message at `at`, whose head is there whole unless it is none; len: with its body.
static void tell_frames(
	struct app_run *run, struct app_session *s, const struct app_input *in, const uint8_t *at, uint64_t len)
{
	uint32_t there = (uint32_t)(in->data + in->len - at), n, end, body;
	uint8_t first = in->dir == DIR_TO_CLIENT ? FRAME_RESPONSE_LINE : FRAME_REQUEST_LINE;
	struct piece part[3];

	if (!app_frames_wanted(run))
		return;
	app_frame(run, s, in, FRAME_PDU, at, len);
	if (!line_len(at, there, &n) || !headers(at, there, &end, &body) ||
		!read_line(at, without_cr(at, n), in->dir == DIR_TO_CLIENT, part))
		return;
	uint32_t blank = at[end - 2] == '\r' ? 2 : 1;
	app_frame(run, s, in, first, at, n + 1);
	if (end - blank > n + 1)
		app_frame(run, s, in, first + 1, at + n + 1, end - blank - (n + 1));
	if (len > end)
		app_frame(run, s, in, first + 2, at + end, len - end);
}

static enum parse_answer parse_tcp(
	struct app_run *run, struct app_session *s, struct sip_state *st, struct app_input *in)
{
	if (in->gap)
		return PARSE_STOP; // where the next message begins is not known
	while (in->used < in->len) {
		const uint8_t *at = in->data + in->used;
		uint32_t left = in->len - in->used, skip = left < st->body[in->dir] ? left : st->body[in->dir], end,
			 body;
		if (!skip && (*at == '\r' || *at == '\n'))
			skip = 1; // section 7.5: empty lines before a message
		else
			st->body[in->dir] -= skip;
		in->used += skip;
		if (skip)
			continue;
		if (!headers(at, left, &end, &body))
			return left > MAX_HEADERS ? PARSE_STOP : PARSE_OK;
		tell_frames(run, s, in, at, (uint64_t)end + body);
		if (!message(run, s, in->dir, at, end))
			return PARSE_STOP;
		in->used += end;
		st->body[in->dir] = body;
	}
	return PARSE_OK;
}

static enum parse_answer sip_parse(struct app_run *run, struct app_session *s, void *state, struct app_input *in)
{
	if (in->over == OVER_TCP)
		return parse_tcp(run, s, state, in);
	tell_frames(run, s, in, in->data, in->len);
	return message(run, s, in->dir, in->data, in->len) ? PARSE_OK : PARSE_STOP;
}

static void sip_free_tx(struct app_run *run, struct app_tx *tx)
{
	app_text_free(run, &((struct sip_tx *)tx)->line);
}

static bool part(const struct app_tx *at, bool response, uint32_t which, uint32_t nth, struct app_bytes *out)
{
	const struct sip_tx *tx = (const struct sip_tx *)at;

	*out = (struct app_bytes){tx->line.at + tx->part[which].at, tx->part[which].len};
	return nth == 0 && tx->response == response && tx->line.len;
}

static bool get_method(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	return part(tx, false, 0, nth, out);
}

static bool get_uri(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	return part(tx, false, 1, nth, out);
}

static bool get_protocol(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	bool response = ((const struct sip_tx *)tx)->response;

	return part(tx, response, response ? 0 : 2, nth, out);
}

static bool get_stat_code(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	return part(tx, true, 1, nth, out);
}

static bool get_stat_msg(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	return part(tx, true, 2, nth, out);
}

static bool get_line(const struct app_tx *at, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	const struct sip_tx *tx = (const struct sip_tx *)at;

	*out = (struct app_bytes){tx->line.at, tx->line.len};
	return nth == 0 && tx->line.len;
}

static bool sip_log(const struct app_tx *at, struct app_log *l)
{
	static const char *const names[2][4] = {
		{"method", "uri", "version", "request_line"}, {"version", "code", "reason", "response_line"}};
	const struct sip_tx *tx = (const struct sip_tx *)at;
	struct app_bytes b;

	for (uint32_t i = 0; i < 3; i++)
		if (part(at, tx->response, i, 0, &b))
			log_text(l, names[tx->response][i], b);
	if (get_line(at, 0, 0, &b))
		log_text(l, names[tx->response][3], b);
	return true;
}

static enum probe_answer sip_probe(const uint8_t *data, uint32_t len, uint8_t dir, uint8_t over)
{
	struct piece parts[3];
	uint32_t n;

	if (!line_len(data, len, &n))
		return over == OVER_TCP && len < 256 ? PROBE_MORE : PROBE_NO;
	n = without_cr(data, n);
	for (int response = 0; response < 2; response++)
		if (read_line(data, n, response, parts))
			return response == (dir == DIR_TO_CLIENT) ? PROBE_YES : PROBE_YES_REVERSED;
	return PROBE_NO;
}

// The names of some methods are those of others' (UPnP's NOTIFY): the line has to say SIP.
#define METHOD(name)                                                                                 \
	{                                                                                            \
		.bytes = name " ", .len = sizeof(name), .depth = sizeof(name), .dir = DIR_TO_SERVER, \
		.check = sip_probe                                                                   \
	}
#define CLIENT (1u << DIR_TO_SERVER)
#define SERVER (1u << DIR_TO_CLIENT)

static const struct parser_pattern sip_patterns[] = {METHOD("REGISTER"), METHOD("INVITE"), METHOD("ACK"), METHOD("BYE"),
	METHOD("CANCEL"), METHOD("UPDATE"), METHOD("REFER"), METHOD("PRACK"), METHOD("SUBSCRIBE"), METHOD("NOTIFY"),
	METHOD("PUBLISH"), METHOD("MESSAGE"), METHOD("INFO"), METHOD("OPTIONS"),
	{"SIP/2.0 ", 8, 0, 8, DIR_TO_CLIENT, false}, {0}};

static const struct parser_buffer sip_buffers[] = {
	{"sip.method", CLIENT, {1, 1}, get_method},
	{"sip.uri", CLIENT, {1, 1}, get_uri},
	{"sip.request_line", CLIENT, {1, 1}, get_line},
	{"sip.stat_code", SERVER, {1, 1}, get_stat_code},
	{"sip.stat_msg", SERVER, {1, 1}, get_stat_msg},
	{"sip.response_line", SERVER, {1, 1}, get_line},
	{"sip.protocol", CLIENT | SERVER, {1, 1}, get_protocol},
	{0},
};

static const char *const sip_events[] = {"incomplete_data", "invalid_data", NULL};

static const char *const sip_frames[] = {"pdu", "request.line", "request.headers", "request.body", "response.line",
	"response.headers", "response.body", NULL};

const struct parser parser_sip = {
	.name = "sip",
	.proto = APP_SIP,
	.over = OVER_TCP | OVER_UDP,
	.patterns = sip_patterns,
	.tcp_ports = "5060,5061",
	.udp_ports = "5060,5061",
	.probe = sip_probe,
	.state_size = sizeof(struct sip_state),
	.tx_size = sizeof(struct sip_tx),
	.complete = {1, 1},
	.parse = sip_parse,
	.free_tx = sip_free_tx,
	.buffers = sip_buffers,
	.events = sip_events,
	.frames = sip_frames,
	.log = sip_log,
	.log_as_sent = true,
};
