// DHCP (RFC 2131, RFC 2132) over UDP. Every message is a transaction.
#include "dataplane/api/cursor.h"
#include "dataplane/api/parser.h"

#define HEADER_LEN 240u // with the magic number
#define MAGIC 0x63825363u
#define MAX_OPTIONS 256u

enum { OP_REQUEST = 1, OP_REPLY = 2 };
enum { PAD = 0, LEASE_TIME = 51, MESSAGE_TYPE = 53, RENEWAL_TIME = 58, REBINDING_TIME = 59, END = 255 };
enum { EVENT_TRUNCATED_OPTIONS, EVENT_MALFORMED_OPTIONS };
enum { ACK = 5 };

struct dhcp_tx {
	struct app_tx tx;
	uint8_t op;
	uint8_t type; // message type; 0: none
	uint32_t id;
	uint8_t assigned[4], mac[6];
	bool has_time[3];
	uint32_t time[3]; // lease, renewal, rebinding
};

static bool read_option(struct dhcp_tx *tx, uint8_t code, struct cursor *body)
{
	static const uint8_t times[3] = {LEASE_TIME, RENEWAL_TIME, REBINDING_TIME};

	if (code == MESSAGE_TYPE)
		return cursor_u8(body, &tx->type);
	for (int i = 0; i < 3; i++)
		if (code == times[i])
			return tx->has_time[i] = cursor_be32(body, &tx->time[i]);
	return true;
}

// RFC 2132 section 2. Returns the event they are worth, -1: none.
static int read_options(struct dhcp_tx *tx, struct cursor c)
{
	uint8_t code, len;
	struct cursor body;

	for (uint32_t i = 0; i < MAX_OPTIONS && cursor_u8(&c, &code); i++) {
		if (code == END)
			return -1;
		if (code == PAD)
			continue;
		if (!cursor_u8(&c, &len) || !cursor_sub(&c, len, &body))
			return EVENT_TRUNCATED_OPTIONS;
		if (!read_option(tx, code, &body))
			return EVENT_MALFORMED_OPTIONS;
	}
	return EVENT_TRUNCATED_OPTIONS;
}

static bool is_message(const uint8_t *data, uint32_t len)
{
	return len >= HEADER_LEN && (data[0] == OP_REQUEST || data[0] == OP_REPLY) &&
	       load_be32(data + HEADER_LEN - 4) == MAGIC;
}

static enum parse_answer dhcp_parse(struct app_run *run, struct app_session *s, void *state, struct app_input *in)
{
	if (!is_message(in->data, in->len))
		return PARSE_OK;
	struct dhcp_tx *tx = (struct dhcp_tx *)app_tx_message(run, s, in->dir);
	if (!tx)
		return PARSE_STOP;
	tx->op = in->data[0];
	tx->id = load_be32(in->data + 4);
	memcpy(tx->assigned, in->data + 16, 4);
	memcpy(tx->mac, in->data + 28, 6);
	int event = read_options(tx, cursor_of(in->data + HEADER_LEN, in->len - HEADER_LEN));
	if (event >= 0)
		app_event(run, s, &tx->tx, (uint8_t)event);
	return PARSE_OK;
}

static bool get_time(const struct app_tx *at, uint32_t which, uint32_t nth, uint64_t *out)
{
	const struct dhcp_tx *tx = (const struct dhcp_tx *)at;

	*out = tx->time[which];
	return nth == 0 && tx->has_time[which];
}

static bool get_lease(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	return get_time(tx, 0, nth, out);
}

static bool get_renewal(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	return get_time(tx, 1, nth, out);
}

static bool get_rebinding(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	return get_time(tx, 2, nth, out);
}

// As text, in hexadecimal with colons or in decimal with dots.
static void log_address(struct app_log *l, const char *name, const uint8_t *at, uint32_t n, bool hex)
{
	uint8_t text[24];
	uint32_t len = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (i)
			text[len++] = hex ? ':' : '.';
		if (hex) {
			text[len++] = (uint8_t) "0123456789abcdef"[at[i] >> 4];
			text[len++] = (uint8_t) "0123456789abcdef"[at[i] & 15];
			continue;
		}
		if (at[i] >= 100)
			text[len++] = (uint8_t)('0' + at[i] / 100);
		if (at[i] >= 10)
			text[len++] = (uint8_t)('0' + at[i] / 10 % 10);
		text[len++] = (uint8_t)('0' + at[i] % 10);
	}
	log_text(l, name, (struct app_bytes){text, len});
}

// As in Suricata's stock configuration: who got which address.
static bool dhcp_log(const struct app_tx *at, struct app_log *l)
{
	const struct dhcp_tx *tx = (const struct dhcp_tx *)at;

	if (tx->op != OP_REPLY || tx->type != ACK)
		return false;
	log_string(l, "type", "reply");
	log_uint(l, "id", tx->id);
	log_address(l, "client_mac", tx->mac, sizeof(tx->mac), true);
	log_address(l, "assigned_ip", tx->assigned, sizeof(tx->assigned), false);
	log_string(l, "dhcp_type", "ack");
	if (tx->has_time[1])
		log_uint(l, "renewal_time", tx->time[1]);
	return true;
}

static enum probe_answer dhcp_probe(const uint8_t *data, uint32_t len, uint8_t dir, uint8_t over)
{
	return is_message(data, len) ? PROBE_YES : PROBE_NO;
}

#define BOTH (1u << DIR_TO_SERVER | 1u << DIR_TO_CLIENT)

static const struct parser_field dhcp_fields[] = {{"dhcp.leasetime", BOTH, {1, 1}, get_lease},
	{"dhcp.renewal_time", BOTH, {1, 1}, get_renewal}, {"dhcp.rebinding_time", BOTH, {1, 1}, get_rebinding}, {0}};
static const char *const dhcp_events[] = {"truncated_options", "malformed_options", NULL};

const struct parser parser_dhcp = {
	.name = "dhcp",
	.proto = APP_DHCP,
	.over = OVER_UDP,
	.udp_ports = "67,68",
	.probe = dhcp_probe,
	.tx_size = sizeof(struct dhcp_tx),
	.complete = {1, 1},
	.parse = dhcp_parse,
	.fields = dhcp_fields,
	.events = dhcp_events,
	.log = dhcp_log,
};
