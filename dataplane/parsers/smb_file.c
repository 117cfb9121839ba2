// Files and pipes of SMB: names by id, bytes of files, DCE/RPC calls over pipes. See smb.h.
#include "dataplane/parsers/smb.h"

struct smb_file *smb_file_find(struct smb_state *st, const uint8_t guid[SMB_GUID_LEN])
{
	for (uint32_t i = 0; i < SMB_FILES; i++)
		if (st->files[i].used && memcmp(st->files[i].guid, guid, SMB_GUID_LEN) == 0)
			return &st->files[i];
	return NULL;
}

static void forget(struct smb *z, struct smb_file *f)
{
	app_text_free(z->run, &f->name);
	app_text_free(z->run, &f->partial[0]);
	app_text_free(z->run, &f->partial[1]);
	*f = (struct smb_file){0};
}

static struct smb_file *file_new(struct smb *z, const struct smb_msg *m, const uint8_t guid[SMB_GUID_LEN])
{
	struct smb_file *f = &z->st->files[z->st->file_at++ % SMB_FILES]; // the oldest gives way

	forget(z, f);
	f->used = true;
	memcpy(f->guid, guid, SMB_GUID_LEN);
	f->session = m->session;
	f->tree = m->tree;
	return f;
}

void smb_file_open(
	struct smb *z, const struct smb_msg *m, const uint8_t guid[SMB_GUID_LEN], const struct app_text *name)
{
	struct smb_file *f = smb_file_find(z->st, guid);

	if (f)
		forget(z, f);
	f = file_new(z, m, guid);
	smb_text_copy(z, &f->name, name);
}

static struct smb_tx *file_tx(struct smb *z, const uint8_t guid[SMB_GUID_LEN], uint8_t dir)
{
	for (struct app_tx *at = app_tx_first(z->s); at; at = at->next) {
		struct smb_tx *tx = (struct smb_tx *)at;
		if (tx->kind == SMB_FILE && tx->file_dir == dir && !at->progress[dir] &&
			memcmp(tx->guid, guid, SMB_GUID_LEN) == 0)
			return tx;
	}
	return NULL;
}

void smb_file_close(struct smb *z, const uint8_t guid[SMB_GUID_LEN])
{
	struct smb_file *f = smb_file_find(z->st, guid);

	for (uint8_t dir = 0; dir < 2; dir++) {
		struct smb_tx *tx = file_tx(z, guid, dir);
		if (!tx)
			continue;
		tx->tx.progress[dir] = 1;
		app_file_close(z->run, tx->file, true);
	}
	if (f)
		forget(z, f);
}

struct app_bytes smb_file_name(const struct smb_tx *tx)
{
	static const char unknown[] = "<unknown>";
	const struct app_text *name = &tx->text[SMB_NAME];

	return name->len ? (struct app_bytes){name->at, name->len}
			 : (struct app_bytes){(const uint8_t *)unknown, sizeof(unknown) - 1};
}

static struct smb_tx *file_tx_new(struct smb *z, const struct smb_msg *m, const struct smb_file *f)
{
	struct smb_tx *tx = smb_tx_new(z, m, SMB_FILE);
	struct smb_msg of = {.session = f->session, .tree = f->tree};
	const struct smb_tree *tree = smb_tree_find(z->st, m->version == 2 ? m : &of);

	if (!tx)
		return NULL;
	tx->file_dir = m->dir;
	tx->tx.progress[!m->dir] = 1; // takes no part, but its events are the other side's, too
	memcpy(tx->guid, f->guid, SMB_GUID_LEN);
	smb_text_copy(z, &tx->text[SMB_NAME], &f->name);
	tx->file = app_file_open(z->run, &tx->tx, m->dir, smb_file_name(tx));
	// Suricata's records of files: SMB1 without session and tree, SMB2 with a status
	if (m->version == 1)
		tx->msg.session = tx->msg.tree = 0;
	else
		tx->has_status = true;
	if (tree)
		smb_text_copy(z, &tx->text[SMB_DOMAIN], &tree->name);
	return tx;
}

static void file_bytes(struct smb *z, const struct smb_msg *m, const struct smb_file *f, uint64_t offset,
	const uint8_t *at, uint32_t len)
{
	struct smb_tx *tx = file_tx(z, f->guid, m->dir);

	if (!tx)
		tx = file_tx_new(z, m, f);
	if (!tx)
		return;
	if (offset < tx->next)
		smb_event(z, tx, SMB_FILE_OVERLAP);
	else if (offset == tx->next && tx->next == tx->text[SMB_DATA].len)
		app_text_add(z->run, &tx->text[SMB_DATA], at, len, SMB_FILE_MAX); // behind a hole: not inspected
	if (offset > tx->next)
		app_file_gap(tx->file, offset - tx->next);
	if (offset >= tx->next)
		app_file_add(z->run, tx->file, at, len);
	if (offset + len > tx->next)
		tx->next = offset + len;
}

static struct smb_tx *call_find(struct smb *z, const struct smb_file *f, uint8_t dir, uint32_t call_id)
{
	for (struct app_tx *at = app_tx_first(z->s); at; at = at->next) {
		struct smb_tx *tx = (struct smb_tx *)at;
		if (tx->kind == SMB_DCERPC && tx->call.call_id == call_id && !at->progress[dir] &&
			memcmp(tx->guid, f->guid, SMB_GUID_LEN) == 0)
			return tx;
	}
	return NULL;
}

static bool read_bind(struct smb *z, const struct dcerpc_header *h, struct cursor *c)
{
	if (!z->st->ifaces)
		z->st->ifaces = app_alloc(z->run, sizeof(*z->st->ifaces));
	if (!z->st->ifaces)
		return false;
	if (h->type == DCERPC_BIND)
		z->st->ifaces->n = z->st->ifaces->answered = 0;
	return dcerpc_read_bind(c, h, z->st->ifaces);
}

// One PDU that a pipe carries; what is malformed is an event and left alone.
static void pipe_pdu(struct smb *z, const struct smb_msg *m, const struct smb_file *f, const struct dcerpc_header *h,
	struct cursor *c)
{
	bool bind = h->type == DCERPC_BIND || h->type == DCERPC_ALTER_CONTEXT, request = h->type == DCERPC_REQUEST;
	bool asks = bind || request || h->type == DCERPC_AUTH3;
	bool ack = h->type == DCERPC_BINDACK || h->type == DCERPC_ALTER_CONTEXT_RESP;
	bool answer = ack || h->type == DCERPC_RESPONSE || h->type == DCERPC_FAULT || h->type == DCERPC_BINDNAK;
	uint16_t context = 0, opnum = 0;
	bool good = true;

	if (m->dir == DIR_TO_SERVER ? !asks : !answer)
		return;
	struct smb_tx *tx = call_find(z, f, m->dir, h->call_id);
	if (!tx && m->dir == DIR_TO_SERVER) {
		tx = smb_tx_new(z, m, SMB_DCERPC);
		if (tx)
			memcpy(tx->guid, f->guid, SMB_GUID_LEN);
	}
	if (!tx)
		return;
	if (bind)
		good = read_bind(z, h, c);
	else if (request)
		good = dcerpc_read_request(c, h, &context, &opnum);
	else if (ack)
		good = z->st->ifaces && dcerpc_read_bindack(c, h, z->st->ifaces);
	else if (h->type == DCERPC_RESPONSE)
		good = dcerpc_read_response(c);
	if (!good)
		smb_event(z, tx, SMB_MALFORMED_DATA);
	if (!good || (!request && h->type != DCERPC_RESPONSE))
		c->at = c->end;
	tx->call.ifaces = z->st->ifaces;
	if (request) {
		tx->call.context = context;
		tx->call.opnum = opnum;
	}
	dcerpc_call_add(z->run, &tx->call, m->dir, h, c);
	if (h->flags & DCERPC_LAST_FRAG || !good)
		tx->tx.progress[m->dir] = 1;
}

// The PDUs that are whole in these bytes of a pipe. Returns how many bytes they took.
static uint32_t pipe_pdus(struct smb *z, const struct smb_msg *m, struct smb_file *f, const uint8_t *at, uint32_t len)
{
	struct cursor c = cursor_of(at, len), body, pdu;
	struct dcerpc_header h;

	while (cursor_left(&c) >= DCERPC_HDR_LEN) {
		body = c;
		if (!dcerpc_read_header(&body, &h))
			return len; // not one: all of it goes
		if (!cursor_sub(&c, h.frag_len, &pdu))
			break;
		cursor_skip(&pdu, DCERPC_HDR_LEN);
		pipe_pdu(z, m, f, &h, &pdu);
	}
	return (uint32_t)(c.at - at);
}

static void pipe_bytes(struct smb *z, const struct smb_msg *m, struct smb_file *f, const uint8_t *at, uint32_t len)
{
	struct app_text *p = &f->partial[m->dir];

	if (!p->len) {
		uint32_t used = pipe_pdus(z, m, f, at, len);
		at += used;
		len -= used;
	}
	if (!len)
		return;
	if (!app_text_add(z->run, p, at, len, APP_ALLOC_MAX)) {
		p->len = 0;
		return;
	}
	uint32_t used = pipe_pdus(z, m, f, p->at, p->len);
	memmove(p->at, p->at + used, p->len - used);
	p->len -= used;
}

// DCE/RPC is what begins like it and does not lie on a disk.
static uint8_t content_of(struct smb *z, const struct smb_file *f, const uint8_t *at, uint32_t len)
{
	struct cursor c = cursor_of(at, len);
	struct dcerpc_header h;
	struct smb_msg of = {.session = f->session, .tree = f->tree};
	const struct smb_tree *tree = smb_tree_find(z->st, &of);

	if ((tree && !tree->is_pipe) || !dcerpc_read_header(&c, &h) || h.frag_len < DCERPC_HDR_LEN + 8)
		return SMB_IS_FILE;
	return SMB_IS_DCERPC;
}

bool smb_is_call(
	struct smb *z, const struct smb_msg *m, const uint8_t guid[SMB_GUID_LEN], const uint8_t *at, uint32_t len)
{
	const struct smb_file *f = smb_file_find(z->st, guid), unknown = {.session = m->session, .tree = m->tree};

	if (f && f->content != SMB_UNDECIDED)
		return f->content == SMB_IS_DCERPC;
	return content_of(z, f ? f : &unknown, at, len) == SMB_IS_DCERPC;
}

void smb_file_bytes(struct smb *z, const struct smb_msg *m, const uint8_t guid[SMB_GUID_LEN], uint64_t offset,
	const uint8_t *at, uint32_t len)
{
	struct smb_file *f = smb_file_find(z->st, guid);

	if (!len)
		return;
	if (!f)
		f = file_new(z, m, guid);
	if (f->content == SMB_UNDECIDED)
		f->content = content_of(z, f, at, len);
	if (f->content == SMB_IS_DCERPC)
		pipe_bytes(z, m, f, at, len);
	else
		file_bytes(z, m, f, offset, at, len);
}

void smb_file_gap(
	struct smb *z, const struct smb_msg *m, const uint8_t guid[SMB_GUID_LEN], uint64_t offset, uint32_t len)
{
	struct smb_file *f = smb_file_find(z->st, guid);
	struct smb_tx *tx = f && f->content == SMB_IS_FILE ? file_tx(z, guid, m->dir) : NULL;

	if (f)
		f->partial[m->dir].len = 0;
	if (!tx || offset + len <= tx->next)
		return;
	app_file_gap(tx->file, offset + len - tx->next);
	tx->next = offset + len;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

void smb_span_feed(
	struct smb *z, const struct smb_msg *m, const uint8_t *at, uint32_t len, uint32_t total, struct smb_span *span)
{
	struct smb_side *side = &z->st->side[m->dir];
	uint32_t present;

	if (!span->there)
		return;
	if (span->at > total || span->len > total - span->at) {
		smb_event(z, NULL, SMB_MALFORMED_DATA);
		span->at = span->at > total ? total : span->at;
		span->len = total - span->at;
	}
	present = span->at < len ? smaller(len - span->at, span->len) : 0;
	smb_file_bytes(z, m, span->guid, span->offset, at + span->at, present);
	if (span->at + span->len <= len)
		return;
	side->msg = *m;
	side->skip = span->at > len ? span->at - len : 0;
	side->data = span->len - present;
	side->tail = total - span->at - span->len;
	side->offset = span->offset + present;
	memcpy(side->guid, span->guid, SMB_GUID_LEN);
}

void smb_read_ask(struct smb_state *st, uint64_t id, uint64_t offset, const uint8_t guid[SMB_GUID_LEN])
{
	struct smb_read *r = &st->reads[st->read_at++ % SMB_READS];

	*r = (struct smb_read){.id = id, .offset = offset, .used = true};
	memcpy(r->guid, guid, SMB_GUID_LEN);
}

bool smb_read_take(struct smb_state *st, uint64_t id, struct smb_span *span)
{
	for (uint32_t i = 0; i < SMB_READS; i++) {
		struct smb_read *r = &st->reads[i];
		if (!r->used || r->id != id)
			continue;
		r->used = false;
		span->offset = r->offset;
		memcpy(span->guid, r->guid, SMB_GUID_LEN);
		return true;
	}
	return false;
}
