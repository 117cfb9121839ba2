// EtherNet/IP (CIP volume 2, chapter 2): encapsulation messages, and the services that a CIP request in one calls
// (volume 1, chapter 2 and appendix C). A message is a transaction. What is accepted follows the behaviour of
// Suricata 7.
#include "dataplane/api/cursor.h"
#include "dataplane/api/parser.h"

#define HEADER_BYTES 24u
#define SERVICES_MAX 32u       // of one message that are looked at
#define SERVICE_BYTES_MAX 100u // of what is kept of one: its number, and three bytes a part
#define NAMES_MAX 33u          // parts of one
#define RESPONSE 0x80u         // bit of a service
enum { SEND_RR_DATA = 0x6f, SEND_UNIT_DATA = 0x70 };
enum { ITEM_CONNECTED = 0xb1, ITEM_UNCONNECTED = 0xb2 };
enum { GET_ATTRIBUTE_LIST = 0x03, SET_ATTRIBUTE_LIST = 0x04, MULTIPLE_SERVICES = 0x0a };
enum name { NAME_CLASS = 1, NAME_ATTRIBUTE };

struct enip_tx {
	struct app_tx tx;
	uint16_t command;
	struct app_text services; // of each its length, then what get_service() says
};

static enum probe_answer probe(const uint8_t *data, uint32_t len, uint8_t dir, uint8_t over)
{
	if (len < HEADER_BYTES)
		return PROBE_MORE;
	switch (load_le16(data)) {
	case 0x65: // RegisterSession always carries four bytes
		return load_le16(data + 2) == 4 ? PROBE_YES : PROBE_NO;
	case 0x00: // NOP
	case 0x04: // ListServices
	case 0x05:
	case 0x63: // ListIdentity
	case 0x66: // UnRegisterSession
	case SEND_RR_DATA:
	case SEND_UNIT_DATA:
	case 0x72:
	case 0x73:
		return PROBE_YES;
	default:
		return PROBE_NO;
	}
}

// What is kept of a service while it is read.
struct service {
	uint8_t at[SERVICE_BYTES_MAX];
	uint32_t len;
};
_Static_assert(1 + 3 * NAMES_MAX <= SERVICE_BYTES_MAX, "all parts fit");

static void add_name(struct service *s, enum name kind, uint16_t value)
{
	if (s->len + 3 > 1 + 3 * NAMES_MAX)
		return;
	s->at[s->len++] = (uint8_t)kind;
	s->at[s->len++] = (uint8_t)(value >> 8);
	s->at[s->len++] = (uint8_t)value;
}

// A logical segment of a padded path (CIP volume 1, C-1.4.2): its kind, and a value of one or two bytes.
static bool read_logical(struct service *s, uint8_t type, struct cursor *c)
{
	uint8_t byte;
	uint16_t value;

	if ((type & 3) == 0) {
		if (!cursor_u8(c, &byte))
			return false;
		value = byte;
	} else if ((type & 3) != 1 || !cursor_skip(c, 1) || !cursor_le16(c, &value)) {
		return false;
	}
	if ((type & 0x1c) == 0x00)
		add_name(s, NAME_CLASS, value);
	else if ((type & 0x1c) == 0x10)
		add_name(s, NAME_ATTRIBUTE, value);
	return true;
}

// Names of a path; what it says behind a segment of another kind is not looked at.
static void read_path(struct service *s, struct cursor path)
{
	uint8_t type, len;

	while (cursor_u8(&path, &type)) {
		bool symbol = type == 0x91, logical = (type & 0xe0) == 0x20;
		if (symbol ? !cursor_u8(&path, &len) || !cursor_skip(&path, len + (len & 1u))
			   : !logical || !read_logical(s, type, &path))
			return;
	}
}

static void read_attributes(struct service *s, uint8_t service, struct cursor c)
{
	uint16_t n, attribute;

	if (!cursor_le16(&c, &n))
		return;
	if (service == SET_ATTRIBUTE_LIST && n > 1)
		n = 1; // behind each stands a value, of a length that is the attribute's
	while (n-- && cursor_le16(&c, &attribute) && s->len + 3 <= 1 + 3 * NAMES_MAX)
		add_name(s, NAME_ATTRIBUTE, attribute);
}

// One request. What it carries is left in c. Returns the service, RESPONSE for what is none.
static uint8_t read_request(struct app_run *run, struct enip_tx *tx, struct cursor *c)
{
	struct service s = {.len = 2};
	struct cursor path;
	uint8_t service, words;

	if (!cursor_u8(c, &service) || service & RESPONSE)
		return RESPONSE;
	s.at[1] = service;
	if (cursor_u8(c, &words) && cursor_sub(c, words * 2u, &path)) {
		read_path(&s, path);
		if (service == GET_ATTRIBUTE_LIST || service == SET_ATTRIBUTE_LIST)
			read_attributes(&s, service, *c);
	} else {
		c->at = c->end;
	}
	s.at[0] = (uint8_t)(s.len - 1);
	app_text_add(run, &tx->services, s.at, s.len, SERVICES_MAX * SERVICE_BYTES_MAX);
	return service;
}

// A request, and those that one of several services holds: offsets count from their number.
static void read_cip(struct app_run *run, struct enip_tx *tx, struct cursor c)
{
	uint16_t n, offset;

	if (read_request(run, tx, &c) != MULTIPLE_SERVICES)
		return;
	struct cursor offsets = c;
	if (!cursor_le16(&offsets, &n))
		return;
	for (uint32_t i = 1; i < SERVICES_MAX && n-- && cursor_le16(&offsets, &offset); i++) {
		struct cursor one = c;
		if (cursor_skip(&one, offset))
			read_request(run, tx, &one);
	}
}

// Common packet format (CIP volume 2, 2-6): the items of SendRRData and SendUnitData.
static void read_items(struct app_run *run, struct enip_tx *tx, struct cursor c)
{
	uint16_t n, type, len;
	struct cursor item;

	if (!cursor_skip(&c, 6) || !cursor_le16(&c, &n))
		return;
	while (n-- && cursor_le16(&c, &type) && cursor_le16(&c, &len) && cursor_sub(&c, len, &item)) {
		if (type == ITEM_UNCONNECTED || (type == ITEM_CONNECTED && cursor_skip(&item, 2))) {
			read_cip(run, tx, item);
			return;
		}
	}
}

static bool read_message(struct app_run *run, struct app_session *s, uint8_t dir, uint16_t command, struct cursor c)
{
	struct enip_tx *tx = (struct enip_tx *)app_tx_message(run, s, dir);

	if (!tx)
		return false;
	tx->command = command;
	if (command == SEND_RR_DATA || command == SEND_UNIT_DATA)
		read_items(run, tx, c);
	return true;
}

static enum parse_answer enip_parse(struct app_run *run, struct app_session *s, void *state, struct app_input *in)
{
	struct cursor c = cursor_of(in->data, in->len), body;
	const uint8_t *header;

	if (in->gap)
		return PARSE_STOP; // where the next message begins is not known
	while ((header = cursor_peek(&c, HEADER_BYTES)) != NULL) {
		struct cursor rest = c;
		cursor_skip(&rest, HEADER_BYTES);
		if (!cursor_sub(&rest, load_le16(header + 2), &body))
			break;
		c = rest;
		if (!read_message(run, s, in->dir, load_le16(header), body))
			return PARSE_STOP;
	}
	in->used = (uint32_t)(c.at - in->data);
	return PARSE_OK;
}

static void enip_free_tx(struct app_run *run, struct app_tx *at)
{
	app_text_free(run, &((struct enip_tx *)at)->services);
}

static bool get_command(const struct app_tx *at, uint8_t dir, uint32_t nth, uint64_t *out)
{
	*out = ((const struct enip_tx *)at)->command;
	return nth == 0;
}

// A service: its number, then three bytes for each class (1) and attribute (2) it names, the last two the value.
static bool get_service(const struct app_tx *at, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	const struct app_text *t = &((const struct enip_tx *)at)->services;
	uint32_t from = 0;

	while (from < t->len && nth--)
		from += 1u + t->at[from];
	if (from >= t->len || t->at[from] > t->len - from - 1)
		return false;
	*out = (struct app_bytes){t->at + from + 1, t->at[from]};
	return true;
}

static const struct parser_field fields[] = {{"enip_command", 3, {1, 1}, get_command}, {0}};
static const struct parser_buffer buffers[] = {{"cip_service", 3, {1, 1}, get_service, false}, {0}};

const struct parser parser_enip = {.name = "enip",
	.proto = APP_ENIP,
	.over = OVER_BOTH,
	.tcp_ports = "44818",
	.udp_ports = "44818",
	.probe = probe,
	.off = true,
	.either_port = true,
	.tx_size = sizeof(struct enip_tx),
	.complete = {1, 1},
	.parse = enip_parse,
	.free_tx = enip_free_tx,
	.buffers = buffers,
	.fields = fields};
