// SMB1 messages (MS-CIFS section 2.2, MS-SMB): a header, then one command or a chain of them. See smb.h.
#include "dataplane/parsers/smb.h"

#define HDR_LEN 32u
#define FLAG_REPLY 0x80u
#define FLAG2_UNICODE 0x8000u
#define FLAG2_NT_STATUS 0x4000u
#define NO_ANDX 0xffu
#define MAX_CHAIN 8u
#define TRANSACT_NMPIPE 0x26u
#define SERVICE_LEN 6u // the longest

// One command of a message: its words and its bytes.
struct block {
	const uint8_t *msg; // the whole message
	uint32_t msg_len;
	const uint8_t *words;
	uint32_t n_words; // bytes
	const uint8_t *bytes;
	uint32_t n_bytes;
	uint32_t bytes_at; // from the message's start
};

static bool header(struct cursor *c, uint8_t dir, struct smb_msg *m)
{
	const uint8_t *at = cursor_take(c, HDR_LEN);

	if (!at || memcmp(at, "\xffSMB", 4) != 0)
		return false;
	*m = (struct smb_msg){.version = 1, .dir = dir, .command = at[4]};
	m->status = load_le32(at + 5);
	m->response = at[9] & FLAG_REPLY;
	m->wide = load_le16(at + 10) & FLAG2_UNICODE;
	m->dos = !(load_le16(at + 10) & FLAG2_NT_STATUS);
	m->tree = load_le16(at + 24);
	m->session = load_le16(at + 28);
	m->id = load_le16(at + 30);
	return true;
}

// Bytes may be fewer than their count says: a write's data is what is missing.
static bool read_block(struct cursor *c, const uint8_t *msg, uint32_t len, struct block *b)
{
	uint8_t words;
	uint16_t bytes;

	*b = (struct block){.msg = msg, .msg_len = len};
	if (!cursor_u8(c, &words) || !(b->words = cursor_take(c, 2u * words)) || !cursor_le16(c, &bytes))
		return false;
	b->n_words = 2u * words;
	b->bytes = c->at;
	b->bytes_at = (uint32_t)(c->at - msg);
	b->n_bytes = (uint32_t)(cursor_left(c) < bytes ? cursor_left(c) : bytes);
	return true;
}

// A text that ends with a zero; wide ones are aligned to the message. Returns false when there is none.
static bool take_text(const struct block *b, uint32_t *at, bool wide, struct app_bytes *out)
{
	uint32_t size = wide ? 2 : 1;

	if (wide && (b->bytes_at + *at) % 2)
		++*at;
	if (*at >= b->n_bytes)
		return false;
	*out = (struct app_bytes){b->bytes + *at, 0};
	while (b->n_bytes - *at >= size) {
		const uint8_t *p = b->bytes + *at;
		*at += size;
		if (!p[0] && (!wide || !p[1]))
			return true;
		out->len += size;
	}
	*at = b->n_bytes;
	return true;
}

static void set_text(struct smb *z, const struct block *b, uint32_t *at, bool wide, struct app_text *t)
{
	struct app_bytes text;

	if (take_text(b, at, wide, &text))
		smb_text_set(z, t, text.at, text.len, wide);
}

static void fid(uint8_t guid[SMB_GUID_LEN], const uint8_t *at)
{
	memset(guid, 0, SMB_GUID_LEN);
	memcpy(guid, at, 2);
}

static bool negotiate_request(struct smb *z, const struct smb_msg *m, const struct block *b)
{
	struct smb_tx *tx = smb_tx_new(z, m, SMB_NEGOTIATE);

	if (!tx)
		return true;
	tx->msg.session = tx->msg.tree = 0;
	z->st->dialects.len = 0;
	for (uint32_t at = 0; at < b->n_bytes;) {
		const uint8_t *end = memchr(b->bytes + at, 0, b->n_bytes - at);
		if (b->bytes[at] != 2 || !end) { // SMB_FORMAT_DIALECT
			smb_event(z, tx, SMB_MALFORMED_DIALECTS);
			return true;
		}
		uint32_t n = (uint32_t)(end - b->bytes) - at;
		app_text_add(z->run, &tx->text[SMB_NAME], b->bytes + at + 1, n, SMB_TEXT_MAX);
		app_text_add(z->run, &z->st->dialects, b->bytes + at + 1, n, SMB_TEXT_MAX);
		at += n + 1;
	}
	return true;
}

// Remembers the dialect that the server has chosen from the client's list.
static void choose_dialect(struct smb *z, uint32_t nth)
{
	const struct app_text *all = &z->st->dialects;
	const uint8_t *at = all->at, *end = all->at + all->len, *stop = NULL;

	for (uint32_t i = 0; at < end && (stop = memchr(at, 0, (size_t)(end - at))) != NULL && i < nth; i++)
		at = stop + 1;
	z->st->dialect1.len = 0;
	if (at < end && stop)
		app_text_add(z->run, &z->st->dialect1, at, (uint32_t)(stop - at), SMB_TEXT_MAX);
}

static bool negotiate_response(struct smb *z, const struct smb_msg *m, const struct block *b)
{
	struct smb_tx *tx = smb_tx_find(z, m);

	if (b->n_words >= 2)
		choose_dialect(z, load_le16(b->words));
	if (!tx)
		return true;
	if (b->n_words == 34 && b->n_bytes >= SMB_GUID_LEN) {
		memcpy(tx->guid, b->bytes, SMB_GUID_LEN);
		tx->has_guid = true;
	}
	smb_tx_answer(tx, m);
	return true;
}

static bool session_request(struct smb *z, const struct smb_msg *m, const struct block *b)
{
	uint32_t at;

	if (b->n_words < 20)
		return false;
	struct smb_tx *tx = smb_tx_new(z, m, SMB_SESSION);
	if (!tx)
		return true;
	if (b->n_words == 24) { // extended security
		at = load_le16(b->words + 14);
		if (at > b->n_bytes)
			return false;
		smb_auth(z, tx, b->bytes, at);
	} else {
		at = load_le16(b->words + 14) + (b->n_words >= 26 ? load_le16(b->words + 16) : 0u);
		struct app_bytes skipped; // account and domain
		take_text(b, &at, m->wide, &skipped);
		take_text(b, &at, m->wide, &skipped);
	}
	set_text(z, b, &at, m->wide, &tx->text[SMB_OS]);
	set_text(z, b, &at, m->wide, &tx->text[SMB_LM]);
	return true;
}

static bool session_response(struct smb *z, const struct smb_msg *m, const struct block *b)
{
	struct smb_tx *tx = smb_tx_find(z, m);
	uint32_t at = b->n_words >= 8 ? load_le16(b->words + 6) : 0;

	if (!tx)
		return true;
	if (b->n_words >= 6) {
		tx->has_peer = true;
		set_text(z, b, &at, m->wide, &tx->text[SMB_PEER_OS]);
		set_text(z, b, &at, m->wide, &tx->text[SMB_PEER_LM]);
	}
	smb_tx_answer(tx, m);
	return true;
}

static bool tree_request(struct smb *z, const struct smb_msg *m, const struct block *b)
{
	struct app_bytes path;
	uint32_t at;

	if (b->n_words < 8 || (at = load_le16(b->words + 6)) > b->n_bytes || !take_text(b, &at, m->wide, &path))
		return false;
	struct smb_tx *tx = smb_tx_new(z, m, SMB_TREE);
	if (!tx)
		return true;
	// rules know the path without its first backslash
	uint32_t skip = path.len > 2u * m->wide + 1 ? 1u + m->wide : 0;
	smb_text_set(z, &tx->text[SMB_NAME], path.at + skip, path.len - skip, m->wide);
	tx->has_service = true;
	set_text(z, b, &at, false, &tx->text[SMB_OS]);
	return true;
}

static bool tree_response(struct smb *z, const struct smb_msg *m, const struct block *b)
{
	struct smb_tx *tx = smb_tx_find(z, m);
	uint32_t at = 0;

	if (!tx)
		return true;
	if (!smb_status_is_error(m->status)) {
		set_text(z, b, &at, false, &tx->text[SMB_PEER_OS]);
		const struct app_text *service = &tx->text[SMB_PEER_OS];
		tx->has_peer = true;
		tx->is_pipe = service->len == 3 && memcmp(service->at, "IPC", 3) == 0;
		smb_tree_open(z, m, tx);
	}
	smb_tx_answer(tx, m);
	return true;
}

static bool create_request(struct smb *z, const struct smb_msg *m, const struct block *b)
{
	if (b->n_words < 48)
		return false;
	struct smb_tx *tx = smb_tx_new(z, m, SMB_CREATE);
	uint32_t at = 0;
	if (!tx)
		return true;
	set_text(z, b, &at, m->wide, &tx->text[SMB_NAME]);
	tx->disposition = load_le32(b->words + 35);
	tx->options = load_le32(b->words + 39);
	return true;
}

static bool create_response(struct smb *z, const struct smb_msg *m, const struct block *b)
{
	struct smb_tx *tx = smb_tx_find(z, m);

	if (!tx)
		return true;
	if (!smb_status_is_error(m->status) && b->n_words >= 68) {
		for (uint32_t i = 0; i < 4; i++)
			tx->times[i] = load_le64(b->words + 11 + 8 * i);
		tx->size = load_le64(b->words + 47); // the allocation, as Suricata has it
		fid(tx->guid, b->words + 5);
		tx->has_guid = true;
		smb_file_open(z, m, tx->guid, &tx->text[SMB_NAME]);
	}
	smb_tx_answer(tx, m);
	return true;
}

static bool write_request(const struct smb_msg *m, const struct block *b, struct smb_span *span)
{
	const uint8_t *w = b->words;

	if (m->command == SMB1_WRITE_ANDX) {
		if (b->n_words < 24)
			return false;
		fid(span->guid, w + 4);
		span->offset = load_le32(w + 6) | (b->n_words >= 28 ? (uint64_t)load_le32(w + 24) << 32 : 0);
		span->len = (uint32_t)load_le16(w + 18) << 16 | load_le16(w + 20);
		span->at = load_le16(w + 22);
	} else {
		if (b->n_words < 10)
			return false;
		fid(span->guid, w);
		span->offset = load_le32(w + 4);
		span->len = load_le16(w + 2);
		span->at = b->bytes_at + (m->command == SMB1_WRITE ? 3u : 1u);
	}
	span->there = true;
	return true;
}

static bool read_request(struct smb *z, const struct smb_msg *m, const struct block *b)
{
	uint8_t guid[SMB_GUID_LEN];

	if (b->n_words < 20)
		return false;
	fid(guid, b->words + 4);
	uint64_t high = b->n_words >= 24 ? (uint64_t)load_le32(b->words + 20) << 32 : 0;
	smb_read_ask(z->st, m->id, high | load_le32(b->words + 6), guid);
	return true;
}

static bool read_response(struct smb *z, const struct smb_msg *m, const struct block *b, struct smb_span *span)
{
	bool asked = smb_read_take(z->st, m->id, span);

	if (smb_status_is_error(m->status))
		return true;
	if (b->n_words < 16)
		return false;
	span->len = load_le16(b->words + 10) | (uint32_t)load_le16(b->words + 14) << 16;
	span->at = load_le16(b->words + 12);
	span->there = asked;
	return true;
}

// What a transaction carries to or from a pipe; `at` is where its offsets stand among the words.
static bool trans_data(const struct block *b, uint32_t at, struct app_bytes *out)
{
	uint32_t len = load_le16(b->words + at), off = load_le16(b->words + at + 2);

	if (off > b->msg_len || len > b->msg_len - off)
		return false;
	*out = (struct app_bytes){b->msg + off, len};
	return true;
}

static bool trans_request(struct smb *z, const struct smb_msg *m, const struct block *b)
{
	struct app_bytes data;
	uint8_t guid[SMB_GUID_LEN];

	if (b->n_words < 28)
		return false;
	if (b->n_words < 32 || b->words[26] != 2 || load_le16(b->words + 28) != TRANSACT_NMPIPE)
		return true;
	if (!trans_data(b, 22, &data))
		return false;
	fid(guid, b->words + 30);
	if (!smb_is_call(z, m, guid, data.at, data.len)) {
		smb_tx_new(z, m, SMB_GENERIC);
		return true;
	}
	smb_read_ask(z->st, m->id, 0, guid);
	smb_file_bytes(z, m, guid, 0, data.at, data.len);
	return true;
}

static bool trans_response(struct smb *z, const struct smb_msg *m, const struct block *b)
{
	struct smb_tx *tx = smb_tx_find(z, m);
	struct smb_span span = {0};
	struct app_bytes data;

	if (tx)
		smb_tx_answer(tx, m);
	if (!smb_read_take(z->st, m->id, &span) || smb_status_is_error(m->status))
		return true;
	if (b->n_words < 20 || !trans_data(b, 12, &data))
		return false;
	smb_file_bytes(z, m, span.guid, 0, data.at, data.len);
	return true;
}

static bool close_request(struct smb *z, const struct smb_msg *m, const struct block *b)
{
	uint8_t guid[SMB_GUID_LEN];

	if (b->n_words < 6)
		return false;
	fid(guid, b->words);
	smb_file_close(z, guid);
	smb_tx_new(z, m, SMB_GENERIC);
	return true;
}

static bool request(struct smb *z, const struct smb_msg *m, const struct block *b, struct smb_span *span)
{
	switch (m->command) {
	case SMB1_NEGOTIATE_PROTOCOL:
		return negotiate_request(z, m, b);
	case SMB1_SESSION_SETUP_ANDX:
		return session_request(z, m, b);
	case SMB1_TREE_CONNECT_ANDX:
		return tree_request(z, m, b);
	case SMB1_NT_CREATE_ANDX:
		return create_request(z, m, b);
	case SMB1_WRITE_ANDX:
	case SMB1_WRITE:
	case SMB1_WRITE_AND_CLOSE:
		return write_request(m, b, span);
	case SMB1_READ_ANDX:
		return read_request(z, m, b);
	case SMB1_TRANS:
		return trans_request(z, m, b);
	case SMB1_CLOSE:
		return close_request(z, m, b);
	case SMB1_TRANS2:
		return true;
	case SMB1_TREE_DISCONNECT:
		smb_tree_close(z, m);
		break;
	default:
		break;
	}
	smb_tx_new(z, m, SMB_GENERIC);
	return true;
}

static bool response(struct smb *z, const struct smb_msg *m, const struct block *b, struct smb_span *span)
{
	struct smb_tx *tx;

	switch (m->command) {
	case SMB1_NEGOTIATE_PROTOCOL:
		return negotiate_response(z, m, b);
	case SMB1_SESSION_SETUP_ANDX:
		return session_response(z, m, b);
	case SMB1_TREE_CONNECT_ANDX:
		return tree_response(z, m, b);
	case SMB1_NT_CREATE_ANDX:
		return create_response(z, m, b);
	case SMB1_READ_ANDX:
		return read_response(z, m, b, span);
	case SMB1_TRANS:
		return trans_response(z, m, b);
	default:
		tx = smb_tx_find(z, m);
		if (tx)
			smb_tx_answer(tx, m);
		return true;
	}
}

// [MS-CIFS] section 2.2.3.4: commands that another one can follow.
static bool is_andx(uint16_t command)
{
	return command == SMB1_LOCKING_ANDX || command == SMB1_OPEN_ANDX || command == SMB1_READ_ANDX ||
	       command == SMB1_WRITE_ANDX || command == SMB1_SESSION_SETUP_ANDX || command == SMB1_LOGOFF_ANDX ||
	       command == SMB1_TREE_CONNECT_ANDX || command == SMB1_NT_CREATE_ANDX;
}

bool smb1_message(struct smb *z, uint8_t dir, const uint8_t *at, uint32_t len, uint32_t total)
{
	struct cursor c = cursor_of(at, len);
	struct smb_msg m;
	struct block b;

	if (!header(&c, dir, &m))
		return false;
	if (m.response != (dir == DIR_TO_CLIENT)) {
		smb_event(z, NULL, m.response ? SMB_RESPONSE_TO_SERVER : SMB_REQUEST_TO_CLIENT);
		return true;
	}
	for (uint32_t i = 0; i < MAX_CHAIN; i++) {
		uint32_t from = (uint32_t)(c.at - at), next;
		struct smb_span span = {0};
		if (!read_block(&c, at, len, &b) || !(m.response ? response : request)(z, &m, &b, &span))
			return false;
		smb_span_feed(z, &m, at, len, total, &span);
		if (!is_andx(m.command) || b.n_words < 4 || b.words[0] == NO_ANDX)
			return true;
		next = load_le16(b.words + 2);
		if (next <= from || next > len) // only ever forward
			return false;
		m.command = b.words[0];
		c = cursor_of(at + next, len - next);
	}
	return true;
}
