// DCE/RPC over TCP (connection-oriented, version 5) and UDP (connectionless, version 4): C706 chapter 12, MS-RPCE. A
// transaction is a call (request and response, all fragments), or a bind or alter_context with its answer. Over SMB:
// smb_dcerpc.c. Next: dcerpc_pdu.h, dcerpc_tx.h, detectors/signature/kw_dcerpc.c.
#include "dataplane/parsers/dcerpc_tx.h"

struct dcerpc_tx {
	struct app_tx tx;
	struct dcerpc_call call;
	bool udp;
	uint8_t activity[DCERPC_UUID_LEN]; // of a UDP call, with
	uint32_t sequence;
	struct dcerpc_ifaces *own; // what a UDP call names, one interface
};

struct dcerpc_state {
	struct dcerpc_ifaces ifaces;
	bool lost[2]; // bytes of this direction are missing: the next header is looked for
};

// Flags of the connectionless header.
enum { UDP_LAST_FRAG = 1u << 1, UDP_FRAG = 1u << 2 };

static struct dcerpc_tx *tx_new(struct app_run *run, struct app_session *s, uint8_t dirs)
{
	struct dcerpc_tx *tx = (struct dcerpc_tx *)app_tx_new(run, s);

	if (tx)
		tx->tx.dirs = dirs;
	return tx;
}

static bool is_bind(uint8_t type)
{
	return type == DCERPC_BIND || type == DCERPC_ALTER_CONTEXT;
}

// The open call with this id that direction dir has not finished; bind: of a bind, else of a request.
static struct dcerpc_tx *tx_find(struct app_session *s, uint8_t dir, uint32_t call_id, bool bind)
{
	for (struct app_tx *at = app_tx_first(s); at; at = at->next) {
		struct dcerpc_tx *tx = (struct dcerpc_tx *)at;
		if (tx->call.call_id == call_id && at->dirs & 1u << dir && at->progress[dir] == 0 &&
			is_bind(tx->call.type[DIR_TO_SERVER]) == bind)
			return tx;
	}
	return NULL;
}

// The transaction a PDU belongs to. NULL: no room.
static struct dcerpc_tx *tx_of(struct app_run *run, struct app_session *s, uint8_t dir, uint32_t call_id, bool bind)
{
	struct dcerpc_tx *tx = dir == DIR_TO_SERVER && bind ? NULL : tx_find(s, dir, call_id, bind);

	return tx ? tx : tx_new(run, s, dir == DIR_TO_SERVER ? 3 : 1u << DIR_TO_CLIENT);
}

static void tx_add(struct app_run *run, struct app_session *s, struct dcerpc_tx *tx, uint8_t dir,
	const struct dcerpc_header *h, const struct cursor *stub)
{
	dcerpc_call_add(run, &tx->call, dir, h, stub);
	if (!(h->flags & DCERPC_LAST_FRAG))
		return;
	tx->tx.progress[dir] = 1;
	app_inspect_raw(s, dir);
}

// One PDU, its header already taken from c. False: malformed, or no room.
static bool client_pdu(struct app_run *run, struct app_session *s, struct dcerpc_state *st,
	const struct dcerpc_header *h, struct cursor *c)
{
	bool bind = is_bind(h->type);
	uint16_t context = 0, opnum = 0;

	if (h->type == DCERPC_BIND)
		st->ifaces.n = st->ifaces.answered = 0;
	if (bind ? !dcerpc_read_bind(c, h, &st->ifaces)
		 : h->type == DCERPC_REQUEST && !dcerpc_read_request(c, h, &context, &opnum))
		return false;
	if (!bind && h->type != DCERPC_REQUEST)
		return true; // auth3, cancels: nothing to a call
	if (bind)
		c->at = c->end;
	struct dcerpc_tx *tx = tx_of(run, s, DIR_TO_SERVER, h->call_id, bind);
	if (!tx)
		return false;
	tx->call.ifaces = &st->ifaces;
	tx->call.context = context;
	tx->call.opnum = opnum;
	tx_add(run, s, tx, DIR_TO_SERVER, h, c);
	return true;
}

static bool server_pdu(struct app_run *run, struct app_session *s, struct dcerpc_state *st,
	const struct dcerpc_header *h, struct cursor *c)
{
	bool bind = h->type == DCERPC_BINDACK || h->type == DCERPC_ALTER_CONTEXT_RESP || h->type == DCERPC_BINDNAK;
	bool call = h->type == DCERPC_RESPONSE || h->type == DCERPC_FAULT;

	if (!bind && !call)
		return true;
	if (bind && h->type != DCERPC_BINDNAK && !dcerpc_read_bindack(c, h, &st->ifaces))
		return false;
	if (h->type != DCERPC_RESPONSE)
		c->at = c->end;
	struct dcerpc_tx *tx = tx_of(run, s, DIR_TO_CLIENT, h->call_id, bind);
	if (tx)
		tx_add(run, s, tx, DIR_TO_CLIENT, h, c);
	return tx != NULL;
}

// What can stand at the beginning of a PDU after bytes were lost.
static bool plausible(const uint8_t *at)
{
	struct cursor c = cursor_of(at, DCERPC_HDR_LEN);
	struct dcerpc_header h;

	return !(at[4] & 0xee) && at[5] < 4 && at[6] == 0 && at[7] == 0 && dcerpc_read_header(&c, &h);
}

// Skips to where a PDU can begin. False: not within these bytes.
static bool find_again(struct app_input *in)
{
	while (in->len - in->used >= DCERPC_HDR_LEN) {
		if (plausible(in->data + in->used))
			return true;
		in->used++;
	}
	return false;
}

static enum parse_answer parse_tcp(
	struct app_run *run, struct app_session *s, struct dcerpc_state *st, struct app_input *in)
{
	st->lost[in->dir] |= in->gap > 0;
	while (in->len - in->used >= DCERPC_HDR_LEN) {
		struct cursor all = cursor_of(in->data + in->used, in->len - in->used), pdu, body;
		struct dcerpc_header h;
		if (st->lost[in->dir]) {
			if (!find_again(in))
				return PARSE_OK;
			st->lost[in->dir] = false;
			continue;
		}
		body = all;
		if (!dcerpc_read_header(&body, &h))
			return PARSE_STOP;
		if (!cursor_sub(&all, h.frag_len, &pdu))
			return PARSE_OK;
		cursor_skip(&pdu, DCERPC_HDR_LEN);
		in->used += h.frag_len;
		if (!(in->dir == DIR_TO_SERVER ? client_pdu : server_pdu)(run, s, st, &h, &pdu))
			return PARSE_STOP;
	}
	return PARSE_OK;
}

struct udp_header {
	uint8_t object_less[4]; // version, type, flags
	struct dcerpc_header common;
	uint8_t iface[DCERPC_UUID_LEN], activity[DCERPC_UUID_LEN];
	uint32_t version, sequence;
	uint16_t opnum, len;
};

// C706 section 12.5.2. False: not one.
static bool read_udp_header(struct cursor *c, struct udp_header *u)
{
	const uint8_t *at = cursor_peek(c, DCERPC_UDP_HDR_LEN);

	if (!at || at[0] != 4 || at[1] > DCERPC_CANCEL_ACK || at[4] & 0xee || at[5] > 3)
		return false;
	struct dcerpc_header *h = &u->common;
	*h = (struct dcerpc_header){.type = at[1], .little = at[4] & DCERPC_DREP_LITTLE};
	if (!(at[2] & UDP_FRAG) || at[2] & UDP_LAST_FRAG)
		h->flags = DCERPC_LAST_FRAG;
	uint16_t hint; // interface and activity hints
	return cursor_skip(c, 24) && dcerpc_uuid(c, h->little, u->iface) && dcerpc_uuid(c, h->little, u->activity) &&
	       cursor_skip(c, 4) && dcerpc_u32(c, h, &u->version) && dcerpc_u32(c, h, &u->sequence) &&
	       dcerpc_u16(c, h, &u->opnum) && dcerpc_u16(c, h, &hint) && dcerpc_u16(c, h, &hint) &&
	       dcerpc_u16(c, h, &u->len) && cursor_skip(c, 4);
}

static struct dcerpc_tx *udp_find(struct app_session *s, uint8_t dir, const struct udp_header *u)
{
	for (struct app_tx *at = app_tx_first(s); at; at = at->next) {
		struct dcerpc_tx *tx = (struct dcerpc_tx *)at;
		if (tx->sequence == u->sequence && at->dirs & 1u << dir && at->progress[dir] == 0 &&
			memcmp(tx->activity, u->activity, DCERPC_UUID_LEN) == 0)
			return tx;
	}
	return NULL;
}

static struct dcerpc_tx *udp_begin(struct app_run *run, struct app_session *s, uint8_t dir, const struct udp_header *u)
{
	struct dcerpc_tx *tx = tx_new(run, s, dir == DIR_TO_SERVER ? 3 : 1u << DIR_TO_CLIENT);

	if (!tx)
		return NULL;
	tx->udp = true;
	tx->sequence = u->sequence;
	memcpy(tx->activity, u->activity, DCERPC_UUID_LEN);
	tx->call.opnum = u->opnum;
	tx->own = app_alloc(run, offsetof(struct dcerpc_ifaces, at[1]));
	if (tx->own) {
		tx->own->n = 1;
		tx->own->at[0].value.first_frag = 1;
		dcerpc_set_version(&tx->own->at[0].value, (uint16_t)u->version);
		memcpy(tx->own->at[0].value.uuid, u->iface, DCERPC_UUID_LEN);
	}
	tx->call.ifaces = tx->own;
	return tx;
}

static enum parse_answer parse_udp(struct app_run *run, struct app_session *s, struct app_input *in)
{
	struct cursor c = cursor_of(in->data, in->len);
	struct udp_header u;

	if (!read_udp_header(&c, &u) || cursor_left(&c) < u.len)
		return PARSE_STOP;
	uint8_t dir = in->dir;
	bool answer =
		u.common.type == DCERPC_RESPONSE || u.common.type == DCERPC_FAULT || u.common.type == DCERPC_REJECT;
	if (dir == DIR_TO_SERVER ? u.common.type != DCERPC_REQUEST : !answer)
		return PARSE_OK;
	struct dcerpc_tx *tx = udp_find(s, dir, &u);
	if (!tx)
		tx = udp_begin(run, s, dir, &u);
	if (!tx)
		return PARSE_STOP;
	cursor_limit(&c, u.len);
	tx_add(run, s, tx, dir, &u.common, &c);
	return PARSE_OK;
}

static enum parse_answer dcerpc_parse(struct app_run *run, struct app_session *s, void *state, struct app_input *in)
{
	return in->over == OVER_UDP ? parse_udp(run, s, in) : parse_tcp(run, s, state, in);
}

static void dcerpc_free_tx(struct app_run *run, struct app_tx *at)
{
	struct dcerpc_tx *tx = (struct dcerpc_tx *)at;

	dcerpc_call_free(run, &tx->call);
	app_free(run, tx->own);
}

static bool get_stub(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	return dcerpc_call_stub(&((const struct dcerpc_tx *)tx)->call, dir, nth, out);
}

static bool get_iface(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	const struct dcerpc_tx *at = (const struct dcerpc_tx *)tx;

	return dcerpc_call_iface(&at->call, at->udp, nth, out);
}

static bool get_opnum(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	return dcerpc_call_opnum(&((const struct dcerpc_tx *)tx)->call, nth, out);
}

static void log_side(struct app_log *l, const struct dcerpc_call *call, uint8_t dir)
{
	log_object(l, dir == DIR_TO_SERVER ? "req" : "res");
	if (dir == DIR_TO_SERVER)
		log_uint(l, "opnum", call->opnum);
	log_uint(l, "frag_cnt", call->frags[dir]);
	log_uint(l, "stub_data_size", call->stub[dir].len);
	log_close(l);
}

static bool dcerpc_log(const struct app_tx *at, struct app_log *l)
{
	const struct dcerpc_tx *tx = (const struct dcerpc_tx *)at;
	const struct dcerpc_call *call = &tx->call;
	bool asked = at->progress[DIR_TO_SERVER], answered = at->progress[DIR_TO_CLIENT];

	log_string(l, "request", asked ? dcerpc_type_name(call->type[DIR_TO_SERVER]) : "REQUEST_LOST");
	if (asked && call->type[DIR_TO_SERVER] == DCERPC_REQUEST)
		log_side(l, call, DIR_TO_SERVER);
	else if (asked && call->type[DIR_TO_SERVER] == DCERPC_BIND)
		dcerpc_log_ifaces(l, call->ifaces, true, false);
	log_string(l, "response", answered ? dcerpc_type_name(call->type[DIR_TO_CLIENT]) : "UNREPLIED");
	if (answered && call->type[DIR_TO_CLIENT] == DCERPC_RESPONSE)
		log_side(l, call, DIR_TO_CLIENT);
	if (tx->udp) {
		char uuid[DCERPC_UUID_TEXT_SIZE];
		dcerpc_uuid_text(tx->activity, uuid);
		log_text(l, "activityuuid", (struct app_bytes){(const uint8_t *)uuid, DCERPC_UUID_TEXT_SIZE - 1});
		log_uint(l, "seqnum", tx->sequence);
	} else {
		log_uint(l, "call_id", call->call_id);
	}
	log_string(l, "rpc_version", tx->udp ? "4.0" : "5.0");
	return true;
}

// A PDU's header; only the first fragment of a request or a bind opens a connection.
static enum probe_answer dcerpc_probe(const uint8_t *data, uint32_t len, uint8_t dir, uint8_t over)
{
	struct cursor c = cursor_of(data, len);
	struct udp_header u;
	struct dcerpc_header h;

	if (over == OVER_UDP)
		return read_udp_header(&c, &u) && u.len && cursor_left(&c) >= u.len ? PROBE_YES : PROBE_NO;
	if (len < DCERPC_HDR_LEN)
		return data[0] == 5 ? PROBE_MORE : PROBE_NO;
	if (!plausible(data) || !dcerpc_read_header(&c, &h))
		return PROBE_NO;
	bool server = h.type == DCERPC_RESPONSE || h.type == DCERPC_FAULT || h.type == DCERPC_BINDACK ||
		      h.type == DCERPC_BINDNAK || h.type == DCERPC_ALTER_CONTEXT_RESP;
	return server == (dir == DIR_TO_CLIENT) ? PROBE_YES : PROBE_YES_REVERSED;
}

static const struct parser_pattern dcerpc_patterns[] = {
	{"\x05\x00", 2, 0, 2, DIR_TO_SERVER, false, OVER_TCP, dcerpc_probe},
	{"\x05\x00", 2, 0, 2, DIR_TO_CLIENT, false, OVER_TCP, dcerpc_probe}, {0}};
static const struct parser_buffer dcerpc_buffers[] = {
	{"dcerpc.stub_data", 3, {1, 1}, get_stub}, {"dcerpc.iface", 3, {1, 1}, get_iface}, {0}};
static const struct parser_field dcerpc_fields[] = {{"dcerpc.opnum", 3, {1, 1}, get_opnum}, {0}};

const struct parser parser_dcerpc = {
	.name = "dcerpc",
	.proto = APP_DCERPC,
	.over = OVER_TCP | OVER_UDP,
	.patterns = dcerpc_patterns,
	.udp_ports = "any",
	.probe = dcerpc_probe,
	.state_size = sizeof(struct dcerpc_state),
	.tx_size = sizeof(struct dcerpc_tx),
	.complete = {1, 1},
	.parse = dcerpc_parse,
	.free_tx = dcerpc_free_tx,
	.buffers = dcerpc_buffers,
	.fields = dcerpc_fields,
	.log = dcerpc_log,
};
