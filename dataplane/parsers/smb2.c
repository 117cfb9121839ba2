// SMB2 and SMB3 messages (MS-SMB2 section 2.2), one at a time; offsets in comments of fields count from the body. See
// smb.h.
#include "dataplane/parsers/smb.h"

#define HDR_LEN 64u
#define FLAG_RESPONSE 1u
#define FLAG_ASYNC 2u
#define PIPE_TRANSCEIVE 0x0011c017u
#define SHARE_PIPE 2
#define RENAME_INFO 0x0au // FileRenameInformation, MS-FSCC section 2.4
#define DISPOSITION_INFO 0x0du
#define DELETE_ON_CLOSE 0x1000u
#define TOO_LARGE 0x1000000u // 16 MiB: no message is longer

static bool header(struct cursor *c, uint8_t dir, struct smb_msg *m, uint32_t *next)
{
	const uint8_t *at = cursor_take(c, HDR_LEN);

	if (!at || memcmp(at, "\xfeSMB", 4) != 0 || load_le16(at + 4) != HDR_LEN)
		return false;
	*m = (struct smb_msg){.version = 2, .dir = dir, .wide = true};
	m->status = load_le32(at + 8);
	m->command = load_le16(at + 12);
	m->response = load_le32(at + 16) & FLAG_RESPONSE;
	*next = load_le32(at + 20);
	m->id = load_le64(at + 24);
	m->tree = load_le32(at + 16) & FLAG_ASYNC ? 0 : load_le32(at + 36); // else there is an id
	m->session = load_le64(at + 40);
	return true;
}

// len bytes at `off` from the header; NULL when they do not lie in the message.
static const uint8_t *blob(const uint8_t *at, uint32_t len, uint32_t off, uint32_t n)
{
	return off > len || n > len - off ? NULL : at + off;
}

static bool negotiate_request(struct smb *z, const struct smb_msg *m, const uint8_t *b, uint32_t len)
{
	if (len < 36)
		return false;
	struct smb_tx *tx = smb_tx_new(z, m, SMB_NEGOTIATE);
	uint32_t n = load_le16(b + 2);
	if (!tx)
		return true;
	memcpy(tx->client_guid, b + 12, SMB_GUID_LEN);
	tx->has_client_guid = true;
	for (uint32_t i = 0; i < n; i++) {
		if (len < 36 + 2 * (i + 1)) {
			smb_event(z, tx, SMB_MALFORMED_DIALECTS);
			return true;
		}
		app_text_add(z->run, &tx->text[SMB_NAME], b + 36 + 2 * i, 2, SMB_TEXT_MAX);
	}
	return true;
}

static bool negotiate_response(struct smb *z, const struct smb_msg *m, const uint8_t *b, uint32_t len)
{
	struct smb_tx *tx = smb_tx_find(z, m);

	if (smb_status_is_error(m->status) || len < 64) {
		if (tx)
			smb_tx_answer(tx, m);
		return smb_status_is_error(m->status);
	}
	z->st->dialect = load_le16(b + 4);
	z->st->max_read = load_le32(b + 32);
	z->st->max_write = load_le32(b + 36);
	if (!tx)
		return true;
	memcpy(tx->guid, b + 8, SMB_GUID_LEN);
	tx->has_guid = true;
	tx->max_read = load_le32(b + 32);
	tx->max_write = load_le32(b + 36);
	if (tx->max_read > TOO_LARGE)
		smb_event(z, tx, SMB_MAX_READ_TOO_LARGE);
	if (tx->max_write > TOO_LARGE)
		smb_event(z, tx, SMB_MAX_WRITE_TOO_LARGE);
	smb_tx_answer(tx, m);
	return true;
}

static bool session_request(
	struct smb *z, const struct smb_msg *m, const uint8_t *at, uint32_t len, const uint8_t *b, uint32_t left)
{
	if (left < 24)
		return false;
	struct smb_tx *tx = smb_tx_new(z, m, SMB_SESSION);
	const uint8_t *auth = blob(at, len, load_le16(b + 12), load_le16(b + 14));
	if (tx && auth)
		smb_auth(z, tx, auth, load_le16(b + 14));
	return auth != NULL;
}

static bool tree_request(
	struct smb *z, const struct smb_msg *m, const uint8_t *at, uint32_t len, const uint8_t *b, uint32_t left)
{
	const uint8_t *path = left < 8 ? NULL : blob(at, len, load_le16(b + 4), load_le16(b + 6));

	if (!path)
		return false;
	struct smb_tx *tx = smb_tx_new(z, m, SMB_TREE);
	if (tx)
		smb_text_set(z, &tx->text[SMB_NAME], path, load_le16(b + 6), true);
	return true;
}

static bool tree_response(struct smb *z, const struct smb_msg *m, const uint8_t *b, uint32_t left)
{
	struct smb_tx *tx = smb_tx_find(z, m);

	if (!tx)
		return true;
	if (!smb_status_is_error(m->status) && left >= 16) {
		tx->share_type = b[2];
		tx->is_pipe = b[2] == SHARE_PIPE;
		smb_tree_open(z, m, tx);
	}
	smb_tx_answer(tx, m);
	return smb_status_is_error(m->status) || left >= 16;
}

static bool create_request(
	struct smb *z, const struct smb_msg *m, const uint8_t *at, uint32_t len, const uint8_t *b, uint32_t left)
{
	const uint8_t *name = left < 56 ? NULL : blob(at, len, load_le16(b + 44), load_le16(b + 46));

	if (!name)
		return false;
	struct smb_tx *tx = smb_tx_new(z, m, SMB_CREATE);
	if (!tx)
		return true;
	smb_text_set(z, &tx->text[SMB_NAME], name, load_le16(b + 46), true);
	tx->disposition = load_le32(b + 36);
	tx->options = load_le32(b + 40);
	return true;
}

static bool create_response(struct smb *z, const struct smb_msg *m, const uint8_t *b, uint32_t left)
{
	struct smb_tx *tx = smb_tx_find(z, m);

	if (tx && !smb_status_is_error(m->status) && left >= 80) {
		for (uint32_t i = 0; i < 4; i++)
			tx->times[i] = load_le64(b + 8 + 8 * i);
		tx->size = load_le64(b + 48);
		memcpy(tx->guid, b + 64, SMB_GUID_LEN);
		tx->has_guid = true;
		smb_file_open(z, m, tx->guid, &tx->text[SMB_NAME]);
	}
	if (tx)
		smb_tx_answer(tx, m);
	return smb_status_is_error(m->status) || left >= 80;
}

static bool ioctl_request(
	struct smb *z, const struct smb_msg *m, const uint8_t *at, uint32_t len, const uint8_t *b, uint32_t left)
{
	if (left < 52)
		return false;
	uint32_t n = load_le32(b + 28);
	const uint8_t *in = blob(at, len, n ? load_le32(b + 24) : 0, n);
	if (load_le32(b + 4) == PIPE_TRANSCEIVE && in && smb_is_call(z, m, b + 8, in, n)) {
		smb_file_bytes(z, m, b + 8, 0, in, n);
		return true;
	}
	struct smb_tx *tx = smb_tx_new(z, m, SMB_IOCTL);
	if (tx)
		tx->disposition = load_le32(b + 4);
	return in != NULL;
}

static bool ioctl_response(
	struct smb *z, const struct smb_msg *m, const uint8_t *at, uint32_t len, const uint8_t *b, uint32_t left)
{
	struct smb_tx *tx = smb_tx_find(z, m);
	uint32_t n = left < 48 ? 0 : load_le32(b + 36);
	const uint8_t *out = n ? blob(at, len, load_le32(b + 32), n) : NULL;

	if (tx)
		smb_tx_answer(tx, m);
	if (n && !smb_status_is_error(m->status) && load_le32(b + 4) == PIPE_TRANSCEIVE && out &&
		smb_is_call(z, m, b + 8, out, n))
		smb_file_bytes(z, m, b + 8, 0, out, n);
	return smb_status_is_error(m->status) || (left >= 48 && (!n || out));
}

// Renames, and files that go when they are closed.
static bool set_info_request(
	struct smb *z, const struct smb_msg *m, const uint8_t *at, uint32_t len, const uint8_t *b, uint32_t left)
{
	uint32_t n = left < 32 ? 0 : load_le32(b + 4);
	const uint8_t *info = left < 32 ? NULL : blob(at, len, load_le16(b + 8), n);

	if (!info)
		return false;
	if (b[2] != 1 || (b[3] != RENAME_INFO && b[3] != DISPOSITION_INFO))
		return true;
	const struct smb_file *f = smb_file_find(z->st, b + 16);
	struct smb_tx *tx = f ? smb_tx_new(z, m, SMB_SET) : NULL;
	if (!tx)
		return true;
	memcpy(tx->guid, b + 16, SMB_GUID_LEN);
	tx->has_guid = true;
	smb_text_copy(z, &tx->text[SMB_NAME], &f->name);
	if (b[3] == DISPOSITION_INFO)
		tx->options = n && info[0] ? DELETE_ON_CLOSE : 0;
	else if (n >= 20 && load_le32(info + 16) <= n - 20)
		smb_text_set(z, &tx->text[SMB_USER], info + 20, load_le32(info + 16), true);
	return true;
}

static bool read_request(struct smb *z, const struct smb_msg *m, const uint8_t *b, uint32_t left)
{
	if (left < 32)
		return false;
	if (z->st->max_read && load_le32(b + 4) > z->st->max_read)
		smb_event(z, NULL, SMB_READ_REQUEST_TOO_LARGE);
	smb_read_ask(z->st, m->id, load_le64(b + 8), b + 16);
	return true;
}

static bool read_response(
	struct smb *z, const struct smb_msg *m, const uint8_t *b, uint32_t left, struct smb_span *span)
{
	bool asked = smb_read_take(z->st, m->id, span);

	if (smb_status_is_error(m->status))
		return true;
	if (left < 16)
		return false;
	span->at = b[2];
	span->len = load_le32(b + 4);
	span->there = asked;
	if (z->st->max_read && span->len > z->st->max_read)
		smb_event(z, NULL, SMB_READ_RESPONSE_TOO_LARGE);
	return true;
}

static bool write_request(struct smb *z, const uint8_t *b, uint32_t left, struct smb_span *span)
{
	if (left < 48)
		return false;
	span->at = load_le16(b + 2);
	span->len = load_le32(b + 4);
	span->offset = load_le64(b + 8);
	memcpy(span->guid, b + 16, SMB_GUID_LEN);
	span->there = true;
	if (z->st->max_write && span->len > z->st->max_write)
		smb_event(z, NULL, SMB_WRITE_REQUEST_TOO_LARGE);
	return true;
}

static bool request(struct smb *z, const struct smb_msg *m, const uint8_t *at, uint32_t len, struct smb_span *span)
{
	const uint8_t *b = at + HDR_LEN;
	uint32_t left = len - HDR_LEN;

	switch (m->command) {
	case SMB2_NEGOTIATE_PROTOCOL:
		return negotiate_request(z, m, b, left);
	case SMB2_SESSION_SETUP:
		return session_request(z, m, at, len, b, left);
	case SMB2_TREE_CONNECT:
		return tree_request(z, m, at, len, b, left);
	case SMB2_CREATE:
		return create_request(z, m, at, len, b, left);
	case SMB2_IOCTL:
		return ioctl_request(z, m, at, len, b, left);
	case SMB2_SET_INFO:
		return set_info_request(z, m, at, len, b, left);
	case SMB2_READ:
		return read_request(z, m, b, left);
	case SMB2_WRITE:
		return write_request(z, b, left, span);
	case SMB2_GET_INFO:
		return true;
	case SMB2_CLOSE:
		if (left < 24)
			return false;
		smb_file_close(z, b + 8);
		break;
	case SMB2_TREE_DISCONNECT:
		smb_tree_close(z, m);
		break;
	default:
		break;
	}
	smb_tx_new(z, m, SMB_GENERIC);
	return true;
}

static bool response(struct smb *z, const struct smb_msg *m, const uint8_t *at, uint32_t len, struct smb_span *span)
{
	const uint8_t *b = at + HDR_LEN;
	uint32_t left = len - HDR_LEN;
	struct smb_tx *tx;

	switch (m->command) {
	case SMB2_NEGOTIATE_PROTOCOL:
		return negotiate_response(z, m, b, left);
	case SMB2_TREE_CONNECT:
		return tree_response(z, m, b, left);
	case SMB2_CREATE:
		return create_response(z, m, b, left);
	case SMB2_IOCTL:
		return ioctl_response(z, m, at, len, b, left);
	case SMB2_READ:
		return read_response(z, m, b, left, span);
	default:
		tx = smb_tx_find(z, m);
		if (tx)
			smb_tx_answer(tx, m);
		return true;
	}
}

bool smb2_message(struct smb *z, uint8_t dir, const uint8_t *at, uint32_t len, uint32_t total, uint32_t *used)
{
	struct cursor c = cursor_of(at, len);
	struct smb_span span = {0};
	struct smb_msg m;
	uint32_t next;

	*used = len;
	if (!header(&c, dir, &m, &next))
		return false;
	if (next >= HDR_LEN && next < len)
		*used = len = total = next;
	if (m.response != (dir == DIR_TO_CLIENT)) {
		smb_event(z, NULL, m.response ? SMB_RESPONSE_TO_SERVER : SMB_REQUEST_TO_CLIENT);
		return true;
	}
	if (m.response && m.status == SMB_STATUS_PENDING)
		return true;
	if (!(m.response ? response : request)(z, &m, at, len, &span))
		return false;
	smb_span_feed(z, &m, at, len, total, &span);
	return true;
}
