// Kerberos 5 (RFC 4120) over UDP and TCP (section 7.2.2): requests, replies and errors of the key distribution centre.
// Every message is a transaction.
#include "dataplane/api/parser.h"
#include "dataplane/parsers/asn1.h"

#define MAX_RECORD 60000u
#define MAX_NAME 1024u
#define NO_ETYPE INT32_MIN

enum krb5_type { AS_REQ = 10, AS_REP, TGS_REQ, TGS_REP, AP_REQ, AP_REP, KRB_ERROR = 30 };
enum { EVENT_MALFORMED_DATA, EVENT_WEAK_ENCRYPTION };

struct krb5_tx {
	struct app_tx tx;
	uint8_t msg_type;       // enum krb5_type
	uint8_t failed_request; // of an error: what was asked last
	bool has_error;
	int32_t error_code;
	int32_t etype, ticket_etype;         // NO_ETYPE
	struct app_text realm, cname, sname; // names: parts between slashes
};

struct krb5_state {
	uint8_t request; // the last
};

// Section 5.2.2: a name's type and its parts.
static bool read_name(struct app_run *run, struct cursor *c, struct app_text *name)
{
	struct cursor seq, part, parts;
	int64_t type;

	if (!asn1_take(c, ASN1_SEQUENCE, &seq) || !asn1_take(&seq, ASN1_CONTEXT, &part) ||
		!asn1_integer(&part, &type) || !asn1_take(&seq, ASN1_CONTEXT + 1, &part) ||
		!asn1_take(&part, ASN1_SEQUENCE, &parts))
		return false;
	while (asn1_take(&parts, ASN1_GENERAL_STRING, &part)) {
		if (name->len)
			app_text_add(run, name, (const uint8_t *)"/", 1, MAX_NAME);
		app_text_add(run, name, part.at, (uint32_t)cursor_left(&part), MAX_NAME);
	}
	return true;
}

static bool read_realm(struct app_run *run, struct cursor *c, struct app_text *realm)
{
	struct cursor part;

	if (!asn1_take(c, ASN1_GENERAL_STRING, &part))
		return false;
	app_text_add(run, realm, part.at, (uint32_t)cursor_left(&part), MAX_NAME);
	return true;
}

// Section 5.2.9: EncryptedData begins with its type.
static bool read_etype(struct cursor *c, int32_t *etype)
{
	struct cursor seq, part;
	int64_t v;

	if (!asn1_take(c, ASN1_SEQUENCE, &seq) || !asn1_take(&seq, ASN1_CONTEXT, &part) || !asn1_integer(&part, &v))
		return false;
	*etype = (int32_t)v;
	return true;
}

// Section 5.4.1, within KDC-REQ-BODY.
static bool read_request(struct app_run *run, struct krb5_tx *tx, struct cursor *seq)
{
	struct cursor member, body, field;
	uint8_t id;
	bool good = true;

	while (asn1_next(seq, &id, &member)) {
		if (id != ASN1_CONTEXT + 4)
			continue;
		if (!asn1_take(&member, ASN1_SEQUENCE, &body))
			return false;
		while (good && asn1_next(&body, &id, &field)) {
			if (id == ASN1_CONTEXT + 1)
				good = read_name(run, &field, &tx->cname);
			else if (id == ASN1_CONTEXT + 2)
				good = read_realm(run, &field, &tx->realm);
			else if (id == ASN1_CONTEXT + 3)
				good = read_name(run, &field, &tx->sname);
		}
		return good;
	}
	return false;
}

// Section 5.3.
static bool read_ticket(struct app_run *run, struct krb5_tx *tx, struct cursor *c)
{
	struct cursor ticket, seq, field;
	uint8_t id;
	bool good = true;

	if (!asn1_take(c, ASN1_APPLICATION + 1, &ticket) || !asn1_take(&ticket, ASN1_SEQUENCE, &seq))
		return false;
	while (good && asn1_next(&seq, &id, &field)) {
		if (id == ASN1_CONTEXT + 2)
			good = read_name(run, &field, &tx->sname);
		else if (id == ASN1_CONTEXT + 3)
			good = read_etype(&field, &tx->ticket_etype);
	}
	return good;
}

// Section 5.4.2.
static bool read_reply(struct app_run *run, struct krb5_tx *tx, struct cursor *seq)
{
	struct cursor field;
	uint8_t id;
	bool good = true;

	while (good && asn1_next(seq, &id, &field)) {
		if (id == ASN1_CONTEXT + 3)
			good = read_realm(run, &field, &tx->realm);
		else if (id == ASN1_CONTEXT + 4)
			good = read_name(run, &field, &tx->cname);
		else if (id == ASN1_CONTEXT + 5)
			good = read_ticket(run, tx, &field);
		else if (id == ASN1_CONTEXT + 6)
			good = read_etype(&field, &tx->etype);
	}
	return good && tx->etype != NO_ETYPE;
}

// Section 5.9.1.
static bool read_error(struct app_run *run, struct krb5_tx *tx, struct cursor *seq)
{
	struct cursor field;
	uint8_t id;
	int64_t v;
	bool good = true;

	while (good && asn1_next(seq, &id, &field)) {
		if (id == ASN1_CONTEXT + 6) {
			good = tx->has_error = asn1_integer(&field, &v);
			tx->error_code = good ? (int32_t)v : 0;
		} else if (id == ASN1_CONTEXT + 7) {
			good = read_realm(run, &field, &tx->realm);
		} else if (id == ASN1_CONTEXT + 8) {
			good = read_name(run, &field, &tx->cname);
		} else if (id == ASN1_CONTEXT + 10) {
			good = read_name(run, &field, &tx->sname);
		}
	}
	return good && tx->has_error;
}

// RFC 8429 and RFC 6649: all but AES and Camellia.
static bool is_weak(int32_t etype)
{
	return etype != 17 && etype != 18 && etype != 19 && etype != 20 && etype != 25 && etype != 26;
}

static bool is_message(uint8_t id)
{
	uint8_t type = id & 0x1f;

	return (id & 0xe0) == ASN1_APPLICATION && ((type >= AS_REQ && type <= AP_REP) || type == KRB_ERROR);
}

// One message. False: no room.
static bool read_message(
	struct app_run *run, struct app_session *s, struct krb5_state *st, uint8_t dir, struct cursor c)
{
	struct cursor message, seq;
	bool good = true;
	uint8_t id;

	if (!asn1_next(&c, &id, &message) || !is_message(id)) {
		app_event(run, s, NULL, EVENT_MALFORMED_DATA);
		return true;
	}
	struct krb5_tx *tx = (struct krb5_tx *)app_tx_message(run, s, dir);
	if (!tx)
		return false;
	tx->msg_type = id & 0x1f;
	tx->etype = tx->ticket_etype = NO_ETYPE;
	if (!asn1_take(&message, ASN1_SEQUENCE, &seq))
		good = false;
	else if (tx->msg_type == AS_REQ || tx->msg_type == TGS_REQ)
		good = read_request(run, tx, &seq);
	else if (tx->msg_type == AS_REP || tx->msg_type == TGS_REP)
		good = read_reply(run, tx, &seq);
	else if (tx->msg_type == KRB_ERROR)
		good = read_error(run, tx, &seq);
	if (!good)
		app_event(run, s, &tx->tx, EVENT_MALFORMED_DATA);
	if (tx->etype != NO_ETYPE && is_weak(tx->etype))
		app_event(run, s, &tx->tx, EVENT_WEAK_ENCRYPTION);
	if (tx->msg_type == KRB_ERROR)
		tx->failed_request = st->request;
	st->request = tx->msg_type == AS_REQ || tx->msg_type == TGS_REQ || tx->msg_type == AP_REQ ? tx->msg_type : 0;
	return true;
}

static enum parse_answer krb5_parse(struct app_run *run, struct app_session *s, void *state, struct app_input *in)
{
	if (in->over == OVER_UDP)
		return read_message(run, s, state, in->dir, cursor_of(in->data, in->len)) ? PARSE_OK : PARSE_STOP;
	if (in->gap)
		return PARSE_STOP; // records have no mark to be found by
	while (in->len - in->used >= 4) {
		uint32_t len = load_be32(in->data + in->used);
		if (len > MAX_RECORD) {
			app_event(run, s, NULL, EVENT_MALFORMED_DATA);
			return PARSE_STOP;
		}
		if (in->len - in->used - 4 < len)
			return PARSE_OK;
		if (!read_message(run, s, state, in->dir, cursor_of(in->data + in->used + 4, len)))
			return PARSE_STOP;
		in->used += 4 + len;
	}
	return PARSE_OK;
}

static void krb5_free_tx(struct app_run *run, struct app_tx *at)
{
	struct krb5_tx *tx = (struct krb5_tx *)at;

	app_text_free(run, &tx->realm);
	app_text_free(run, &tx->cname);
	app_text_free(run, &tx->sname);
}

// The nth part of a name.
static bool name_part(const struct app_text *name, uint32_t nth, struct app_bytes *out)
{
	if (!name->len)
		return false;
	const uint8_t *at = name->at, *end = name->at + name->len, *stop;
	for (;; at = stop + 1) {
		stop = memchr(at, '/', (size_t)(end - at));
		if (nth-- == 0) {
			*out = (struct app_bytes){at, (uint32_t)((stop ? stop : end) - at)};
			return true;
		}
		if (!stop)
			return false;
	}
}

static bool get_cname(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	return name_part(&((const struct krb5_tx *)tx)->cname, nth, out);
}

static bool get_sname(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	return name_part(&((const struct krb5_tx *)tx)->sname, nth, out);
}

static bool get_msg_type(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	*out = ((const struct krb5_tx *)tx)->msg_type;
	return nth == 0;
}

static bool get_err_code(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	*out = (uint64_t)((const struct krb5_tx *)tx)->error_code;
	return nth == 0 && ((const struct krb5_tx *)tx)->has_error;
}

struct name {
	int32_t number;
	const char *text;
};

static const char *name_of(const struct name *table, int32_t number)
{
	for (; table->text; table++)
		if (table->number == number)
			return table->text;
	return "unknown";
}

// IANA, Kerberos encryption type numbers.
static const struct name etypes[] = {{1, "des-cbc-crc"}, {2, "des-cbc-md4"}, {3, "des-cbc-md5"}, {5, "des3-cbc-md5"},
	{7, "des3-cbc-sha1"}, {16, "des3-cbc-sha1-kd"}, {17, "aes128-cts-hmac-sha1-96"},
	{18, "aes256-cts-hmac-sha1-96"}, {19, "aes128-cts-hmac-sha256-128"}, {20, "aes256-cts-hmac-sha384-192"},
	{23, "rc4-hmac"}, {24, "rc4-hmac-exp"}, {25, "camellia128-cts-cmac"}, {26, "camellia256-cts-cmac"}, {0, NULL}};

// Section 7.5.9.
static const struct name errors[] = {{0, "KDC_ERR_NONE"}, {1, "KDC_ERR_NAME_EXP"}, {2, "KDC_ERR_SERVICE_EXP"},
	{3, "KDC_ERR_BAD_PVNO"}, {4, "KDC_ERR_C_OLD_MAST_KVNO"}, {5, "KDC_ERR_S_OLD_MAST_KVNO"},
	{6, "KDC_ERR_C_PRINCIPAL_UNKNOWN"}, {7, "KDC_ERR_S_PRINCIPAL_UNKNOWN"}, {8, "KDC_ERR_PRINCIPAL_NOT_UNIQUE"},
	{9, "KDC_ERR_NULL_KEY"}, {10, "KDC_ERR_CANNOT_POSTDATE"}, {11, "KDC_ERR_NEVER_VALID"}, {12, "KDC_ERR_POLICY"},
	{13, "KDC_ERR_BADOPTION"}, {14, "KDC_ERR_ETYPE_NOSUPP"}, {15, "KDC_ERR_SUMTYPE_NOSUPP"},
	{16, "KDC_ERR_PADATA_TYPE_NOSUPP"}, {17, "KDC_ERR_TRTYPE_NOSUPP"}, {18, "KDC_ERR_CLIENT_REVOKED"},
	{19, "KDC_ERR_SERVICE_REVOKED"}, {20, "KDC_ERR_TGT_REVOKED"}, {21, "KDC_ERR_CLIENT_NOTYET"},
	{22, "KDC_ERR_SERVICE_NOTYET"}, {23, "KDC_ERR_KEY_EXPIRED"}, {24, "KDC_ERR_PREAUTH_FAILED"},
	{25, "KDC_ERR_PREAUTH_REQUIRED"}, {26, "KDC_ERR_SERVER_NOMATCH"}, {27, "KDC_ERR_MUST_USE_USER2USER"},
	{28, "KDC_ERR_PATH_NOT_ACCPETED"}, {29, "KDC_ERR_SVC_UNAVAILABLE"}, {31, "KRB_AP_ERR_BAD_INTEGRITY"},
	{32, "KRB_AP_ERR_TKT_EXPIRED"}, {33, "KRB_AP_ERR_TKT_NYV"}, {34, "KRB_AP_ERR_REPEAT"},
	{35, "KRB_AP_ERR_NOT_US"}, {36, "KRB_AP_ERR_BADMATCH"}, {37, "KRB_AP_ERR_SKEW"}, {38, "KRB_AP_ERR_BADADDR"},
	{39, "KRB_AP_ERR_BADVERSION"}, {40, "KRB_AP_ERR_MSG_TYPE"}, {41, "KRB_AP_ERR_MODIFIED"},
	{42, "KRB_AP_ERR_BADORDER"}, {44, "KRB_AP_ERR_BADKEYVER"}, {45, "KRB_AP_ERR_NOKEY"},
	{46, "KRB_AP_ERR_MUT_FAIL"}, {47, "KRB_AP_ERR_BADDIRECTION"}, {48, "KRB_AP_ERR_METHOD"},
	{49, "KRB_AP_ERR_BADSEQ"}, {50, "KRB_AP_ERR_INAPP_CKSUM"}, {51, "KRB_AP_PATH_NOT_ACCEPTED"},
	{52, "KRB_ERR_RESPONSE_TOO_BIG"}, {60, "KRB_ERR_GENERIC"}, {61, "KRB_ERR_FIELD_TOOLONG"},
	{68, "KDC_ERR_WRONG_REALM"}, {0, NULL}};

static const struct name types[] = {{AS_REQ, "KRB_AS_REQ"}, {AS_REP, "KRB_AS_REP"}, {TGS_REQ, "KRB_TGS_REQ"},
	{TGS_REP, "KRB_TGS_REP"}, {AP_REQ, "KRB_AP_REQ"}, {AP_REP, "KRB_AP_REP"}, {KRB_ERROR, "KRB_ERROR"}, {0, NULL}};

static void log_name(struct app_log *l, const char *name, const struct app_text *t)
{
	if (t->len)
		log_text(l, name, (struct app_bytes){t->at, t->len});
	else
		log_string(l, name, "<empty>");
}

static bool krb5_log(const struct app_tx *at, struct app_log *l)
{
	const struct krb5_tx *tx = (const struct krb5_tx *)at;

	log_string(l, "msg_type", name_of(types, tx->msg_type));
	if (tx->has_error) {
		log_string(l, "failed_request", tx->failed_request ? name_of(types, tx->failed_request) : "UNKNOWN");
		log_string(l, "error_code", name_of(errors, tx->error_code));
	}
	log_name(l, "cname", &tx->cname);
	log_name(l, "realm", &tx->realm);
	log_name(l, "sname", &tx->sname);
	log_string(l, "encryption", tx->etype == NO_ETYPE ? "<none>" : name_of(etypes, tx->etype));
	log_bool(l, "weak_encryption", tx->etype != NO_ETYPE && is_weak(tx->etype));
	if (tx->ticket_etype != NO_ETYPE) {
		log_string(l, "ticket_encryption", name_of(etypes, tx->ticket_etype));
		log_bool(l, "ticket_weak_encryption", is_weak(tx->ticket_etype));
	}
	return true;
}

static enum probe_answer krb5_probe(const uint8_t *data, uint32_t len, uint8_t dir, uint8_t over)
{
	struct cursor c = cursor_of(data, len);
	uint32_t record = 0;
	uint8_t id;

	if (over == OVER_TCP) {
		if (len < 8)
			return PROBE_MORE;
		cursor_be32(&c, &record);
		if (record < 4 || record > MAX_RECORD)
			return PROBE_NO;
	}
	if (!cursor_u8(&c, &id) || !is_message(id))
		return PROBE_NO;
	bool reply = id != ASN1_APPLICATION + AS_REQ && id != ASN1_APPLICATION + TGS_REQ;
	return reply == (dir == DIR_TO_CLIENT) ? PROBE_YES : PROBE_YES_REVERSED;
}

#define BOTH (1u << DIR_TO_SERVER | 1u << DIR_TO_CLIENT)

static const struct parser_buffer krb5_buffers[] = {
	{"krb5.cname", BOTH, {1, 1}, get_cname}, {"krb5.sname", BOTH, {1, 1}, get_sname}, {0}};
static const struct parser_field krb5_fields[] = {
	{"krb5_msg_type", BOTH, {1, 1}, get_msg_type}, {"krb5_err_code", BOTH, {1, 1}, get_err_code}, {0}};
static const char *const krb5_events[] = {"malformed_data", "weak_encryption", NULL};

const struct parser parser_krb5 = {
	.name = "krb5",
	.proto = APP_KRB5,
	.over = OVER_TCP | OVER_UDP,
	.tcp_ports = "88",
	.udp_ports = "88",
	.probe = krb5_probe,
	.state_size = sizeof(struct krb5_state),
	.tx_size = sizeof(struct krb5_tx),
	.complete = {1, 1},
	.parse = krb5_parse,
	.free_tx = krb5_free_tx,
	.buffers = krb5_buffers,
	.fields = krb5_fields,
	.events = krb5_events,
	.log = krb5_log,
	.log_as_sent = true,
};
