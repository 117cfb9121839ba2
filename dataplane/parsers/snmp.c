// SNMP versions 1, 2c (RFC 1157, RFC 3416) and 3 (RFC 3412, RFC 3414) over UDP. Every message is a transaction.
#include "dataplane/api/parser.h"
#include "dataplane/parsers/asn1.h"

#define MAX_VARS_BYTES 8192u
#define MAX_NAME 1024u
#define OID_TEXT 256u
#define USM 3
#define REPORT 8u

enum { PDU_TRAP_V1 = 4, PDU_ENCRYPTED = 0xff };
enum { EVENT_MALFORMED_DATA, EVENT_UNKNOWN_SECURITY_MODEL, EVENT_VERSION_MISMATCH };

struct snmp_tx {
	struct app_tx tx;
	uint8_t version; // 1, 2, 3
	uint8_t pdu_type;
	bool has_pdu;
	uint8_t generic_trap;
	uint32_t error;
	uint8_t trap_address[4];
	struct app_text name; // community or user
	bool has_name;
	struct app_text trap_oid, vars; // as they were on the wire
};

struct snmp_state {
	uint8_t version; // of the flow's messages so far
};

static bool keep(struct app_run *run, struct app_text *t, const struct cursor *c, uint32_t max)
{
	return app_text_add(run, t, c->at, (uint32_t)cursor_left(c), max);
}

// What follows the PDU's identifier. RFC 1157 section 4.1.6, RFC 3416 section 3.
static bool read_pdu(struct app_run *run, struct snmp_tx *tx, uint8_t id, struct cursor *c)
{
	struct cursor part;
	int64_t v, error;

	if ((id & 0xe0) != ASN1_CONTEXT || (id & 0x1f) > REPORT)
		return false;
	tx->pdu_type = id & 0x1f;
	tx->has_pdu = true;
	if (tx->pdu_type == PDU_TRAP_V1) {
		if (!asn1_take(c, ASN1_OID, &part) || !keep(run, &tx->trap_oid, &part, OID_TEXT) ||
			!asn1_take(c, 0x40, &part) || cursor_left(&part) != 4)
			return false;
		memcpy(tx->trap_address, part.at, 4);
		if (!asn1_integer(c, &v) || v < 0 || v > 6)
			return false;
		tx->generic_trap = (uint8_t)v;
		if (!asn1_integer(c, &v) || !asn1_take(c, 0x43, &part)) // specific trap, time stamp
			return false;
	} else {
		if (!asn1_integer(c, &v) || !asn1_integer(c, &error) || !asn1_integer(c, &v))
			return false;
		tx->error = tx->pdu_type == 5 ? 0 : (uint32_t)error; // GetBulk: non-repeaters
	}
	if (!asn1_take(c, ASN1_SEQUENCE, &part))
		return false;
	keep(run, &tx->vars, &part, MAX_VARS_BYTES);
	return true;
}

static bool read_v3(struct app_run *run, struct app_session *s, struct snmp_tx *tx, struct cursor *c)
{
	struct cursor header, security, usm, part, scoped;
	int64_t v, model;
	uint8_t id;

	if (!asn1_take(c, ASN1_SEQUENCE, &header) || !asn1_integer(&header, &v) || !asn1_integer(&header, &v) ||
		!asn1_take(&header, ASN1_OCTETS, &part) || !asn1_integer(&header, &model) ||
		!asn1_take(c, ASN1_OCTETS, &security))
		return false;
	if (model != USM)
		app_event(run, s, &tx->tx, EVENT_UNKNOWN_SECURITY_MODEL);
	else if (!asn1_take(&security, ASN1_SEQUENCE, &usm) || !asn1_take(&usm, ASN1_OCTETS, &part) ||
		 !asn1_integer(&usm, &v) || !asn1_integer(&usm, &v) || !asn1_take(&usm, ASN1_OCTETS, &part))
		return false;
	else
		tx->has_name = keep(run, &tx->name, &part, MAX_NAME);
	if (asn1_take(c, ASN1_OCTETS, &part)) {
		tx->pdu_type = PDU_ENCRYPTED;
		return true;
	}
	return asn1_take(c, ASN1_SEQUENCE, &scoped) && asn1_take(&scoped, ASN1_OCTETS, &part) &&
	       asn1_take(&scoped, ASN1_OCTETS, &part) && asn1_next(&scoped, &id, &part) && read_pdu(run, tx, id, &part);
}

static bool read_message(struct app_run *run, struct app_session *s, struct snmp_tx *tx, struct cursor *c)
{
	struct cursor part;
	uint8_t id;

	if (tx->version == 3)
		return read_v3(run, s, tx, c);
	if (!asn1_take(c, ASN1_OCTETS, &part))
		return false;
	tx->has_name = keep(run, &tx->name, &part, MAX_NAME);
	return asn1_next(c, &id, &part) && read_pdu(run, tx, id, &part);
}

static bool read_version(struct cursor *c, struct cursor *message, int64_t *version)
{
	return asn1_take(c, ASN1_SEQUENCE, message) && asn1_integer(message, version) &&
	       (*version == 0 || *version == 1 || *version == 3);
}

static enum parse_answer snmp_parse(struct app_run *run, struct app_session *s, void *state, struct app_input *in)
{
	struct snmp_state *st = state;
	struct cursor c = cursor_of(in->data, in->len), message;
	int64_t version;

	if (!read_version(&c, &message, &version)) {
		app_event(run, s, NULL, EVENT_MALFORMED_DATA);
		return PARSE_OK;
	}
	struct snmp_tx *tx = (struct snmp_tx *)app_tx_message(run, s, in->dir);
	if (!tx)
		return PARSE_STOP;
	tx->version = (uint8_t)(version == 3 ? 3 : version + 1);
	if (st->version && st->version != tx->version)
		app_event(run, s, &tx->tx, EVENT_VERSION_MISMATCH);
	st->version = tx->version;
	if (!read_message(run, s, tx, &message))
		app_event(run, s, &tx->tx, EVENT_MALFORMED_DATA);
	return PARSE_OK;
}

static void snmp_free_tx(struct app_run *run, struct app_tx *at)
{
	struct snmp_tx *tx = (struct snmp_tx *)at;

	app_text_free(run, &tx->name);
	app_text_free(run, &tx->trap_oid);
	app_text_free(run, &tx->vars);
}

static bool get_community(const struct app_tx *at, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	const struct snmp_tx *tx = (const struct snmp_tx *)at;

	*out = (struct app_bytes){tx->name.at, tx->name.len};
	return nth == 0 && tx->has_name && tx->version < 3;
}

static bool get_usm(const struct app_tx *at, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	const struct snmp_tx *tx = (const struct snmp_tx *)at;

	*out = (struct app_bytes){tx->name.at, tx->name.len};
	return nth == 0 && tx->has_name && tx->version == 3;
}

static bool get_version(const struct app_tx *at, uint8_t dir, uint32_t nth, uint64_t *out)
{
	*out = ((const struct snmp_tx *)at)->version;
	return nth == 0;
}

static bool get_pdu_type(const struct app_tx *at, uint8_t dir, uint32_t nth, uint64_t *out)
{
	const struct snmp_tx *tx = (const struct snmp_tx *)at;

	*out = tx->pdu_type;
	return nth == 0 && tx->has_pdu;
}

struct text {
	uint8_t at[OID_TEXT];
	uint32_t len;
};

static void put_number(struct text *t, uint64_t v)
{
	char digits[20];
	uint32_t n = 0;

	do {
		digits[n++] = (char)('0' + v % 10);
	} while ((v /= 10) != 0);
	while (n && t->len < sizeof(t->at))
		t->at[t->len++] = (uint8_t)digits[--n];
}

static void put_dot(struct text *t)
{
	if (t->len && t->len < sizeof(t->at))
		t->at[t->len++] = '.';
}

// X.690 section 8.19: seven bits a byte, the first two arcs as one number.
static void log_oid(struct app_log *l, const char *name, const uint8_t *at, uint32_t len)
{
	struct text t = {.len = 0};
	uint64_t v = 0;

	for (uint32_t i = 0; i < len; i++) {
		v = v << 7 | (at[i] & 0x7f);
		if (at[i] & 0x80)
			continue;
		if (!t.len) {
			uint64_t first = v < 80 ? v / 40 : 2;
			put_number(&t, first);
			v -= 40 * first;
		}
		put_dot(&t);
		put_number(&t, v);
		v = 0;
	}
	log_text(l, name, (struct app_bytes){t.at, t.len});
}

static void log_trap(struct app_log *l, const struct snmp_tx *tx)
{
	static const char *const names[] = {"coldStart", "warmStart", "linkDown", "linkUp", "authenticationFailure",
		"egpNeighborLoss", "enterpriseSpecific"};
	struct text t = {.len = 0};

	log_string(l, "trap_type", names[tx->generic_trap]);
	log_oid(l, "trap_oid", tx->trap_oid.at, tx->trap_oid.len);
	for (int i = 0; i < 4; i++) {
		put_dot(&t);
		put_number(&t, tx->trap_address[i]);
	}
	log_text(l, "trap_address", (struct app_bytes){t.at, t.len});
}

static bool snmp_log(const struct app_tx *at, struct app_log *l)
{
	static const char *const types[] = {"get_request", "get_next_request", "response", "set_request", "trap_v1",
		"get_bulk_request", "inform_request", "trap_v2", "report"};
	static const char *const errors[] = {"NoError", "TooBig", "NoSuchName", "BadValue", "ReadOnly", "GenErr",
		"NoAccess", "WrongType", "WrongLength", "WrongEncoding", "WrongValue", "NoCreation",
		"InconsistentValue", "ResourceUnavailable", "CommitFailed", "UndoFailed", "AuthorizationError",
		"NotWritable", "InconsistentName"};
	const struct snmp_tx *tx = (const struct snmp_tx *)at;
	struct cursor c = cursor_of(tx->vars.at, tx->vars.len), var, oid;

	log_uint(l, "version", tx->version);
	if (tx->pdu_type == PDU_ENCRYPTED) {
		log_string(l, "pdu_type", "encrypted");
		return true;
	}
	if (tx->has_pdu)
		log_string(l, "pdu_type", types[tx->pdu_type]);
	if (tx->error)
		log_string(l, "error", tx->error < 19 ? errors[tx->error] : "Unknown");
	if (tx->has_pdu && tx->pdu_type == PDU_TRAP_V1)
		log_trap(l, tx);
	if (tx->vars.len)
		log_list(l, "vars");
	while (asn1_take(&c, ASN1_SEQUENCE, &var))
		if (asn1_take(&var, ASN1_OID, &oid))
			log_oid(l, NULL, oid.at, (uint32_t)cursor_left(&oid));
	if (tx->vars.len)
		log_close(l);
	if (tx->has_name)
		log_text(l, tx->version == 3 ? "usm" : "community", (struct app_bytes){tx->name.at, tx->name.len});
	return true;
}

static enum probe_answer snmp_probe(const uint8_t *data, uint32_t len, uint8_t dir, uint8_t over)
{
	struct cursor c = cursor_of(data, len), message, part;
	int64_t version;

	if (!read_version(&c, &message, &version))
		return PROBE_NO;
	return asn1_take(&message, version == 3 ? ASN1_SEQUENCE : ASN1_OCTETS, &part) ? PROBE_YES : PROBE_NO;
}

#define BOTH (1u << DIR_TO_SERVER | 1u << DIR_TO_CLIENT)

static const struct parser_buffer snmp_buffers[] = {
	{"snmp.community", BOTH, {1, 1}, get_community}, {"snmp.usm", BOTH, {1, 1}, get_usm}, {0}};
static const struct parser_field snmp_fields[] = {
	{"snmp.version", BOTH, {1, 1}, get_version}, {"snmp.pdu_type", BOTH, {1, 1}, get_pdu_type}, {0}};
static const char *const snmp_events[] = {"malformed_data", "unknown_security_model", "version_mismatch", NULL};

const struct parser parser_snmp = {
	.name = "snmp",
	.proto = APP_SNMP,
	.over = OVER_UDP,
	.udp_ports = "161,162",
	.probe = snmp_probe,
	.state_size = sizeof(struct snmp_state),
	.tx_size = sizeof(struct snmp_tx),
	.complete = {1, 1},
	.parse = snmp_parse,
	.free_tx = snmp_free_tx,
	.buffers = snmp_buffers,
	.fields = snmp_fields,
	.events = snmp_events,
	.log = snmp_log,
	.log_as_sent = true,
};
