// SMB messages for tests, each with its NetBIOS header.
#pragma once

#include "tests/unit/wire.h"

static uint64_t smb_id;
static uint32_t smb_tree, smb_status;
static uint64_t smb_session;

static inline uint32_t smb_begin(struct wire *w)
{
	return wire_hole(w, 4);
}

static inline void smb_end(struct wire *w, uint32_t at)
{
	wire_set(w, at, w->len - at - 4, 4, false);
}

// An SMB2 header (MS-SMB2 section 2.2.1.2); the body follows. Returns where the message begins.
static inline uint32_t smb2_begin(struct wire *w, uint16_t command, bool response)
{
	uint32_t at = w->len;

	wire_bytes(w, "\xfeSMB\x40\0\0", 8);
	wire_le32(w, response ? smb_status : 0);
	wire_le16(w, command);
	wire_le16(w, 1);
	wire_le32(w, response);
	wire_le32(w, 0); // next command
	wire_le64(w, smb_id);
	wire_le32(w, 0);
	wire_le32(w, smb_tree);
	wire_le64(w, smb_session);
	wire_fill(w, 0, 16);
	return at;
}

static inline void smb2_simple(struct wire *w, uint16_t command, bool response, uint32_t body_len)
{
	uint32_t at = smb_begin(w);

	smb2_begin(w, command, response);
	wire_fill(w, 0, body_len);
	smb_end(w, at);
}

static inline void smb2_tree_request(struct wire *w, const char *path)
{
	uint32_t at = smb_begin(w);

	smb2_begin(w, 3, false);
	wire_le16(w, 9);
	wire_le16(w, 0);
	wire_le16(w, 72);
	wire_le16(w, (uint16_t)(2 * strlen(path)));
	wire_wide(w, path);
	smb_end(w, at);
}

static inline void smb2_tree_response(struct wire *w, uint8_t type)
{
	uint32_t at = smb_begin(w);

	smb2_begin(w, 3, true);
	wire_bytes(w, (uint8_t[]){16, 0, type, 0}, 4);
	wire_fill(w, 0, 12);
	smb_end(w, at);
}

static inline void smb2_create_request(struct wire *w, const char *name)
{
	uint32_t at = smb_begin(w);

	smb2_begin(w, 5, false);
	wire_le16(w, 57);
	wire_fill(w, 0, 34);
	wire_le32(w, 1); // open
	wire_le32(w, 0);
	wire_le16(w, 120);
	wire_le16(w, (uint16_t)(2 * strlen(name)));
	wire_fill(w, 0, 8);
	wire_wide(w, name);
	smb_end(w, at);
}

static inline void smb2_create_response(struct wire *w, const char *guid)
{
	uint32_t at = smb_begin(w);

	smb2_begin(w, 5, true);
	wire_fill(w, 0, 8);
	for (int i = 0; i < 4; i++)
		wire_le64(w, 116444736000000000ull + 10000000ull * 1500000000ull);
	wire_le64(w, 0);
	wire_le64(w, 77);
	wire_fill(w, 0, 8);
	wire_bytes(w, guid, 16);
	wire_fill(w, 0, 8);
	smb_end(w, at);
}

// A write up to its data, of which `len` bytes are announced; the NetBIOS header is right for all of them.
static inline void smb2_write_head(struct wire *w, const char *guid, uint64_t offset, uint32_t len)
{
	uint32_t at = smb_begin(w);

	smb2_begin(w, 9, false);
	wire_le16(w, 49);
	wire_le16(w, 112);
	wire_le32(w, len);
	wire_le64(w, offset);
	wire_bytes(w, guid, 16);
	wire_fill(w, 0, 16);
	wire_set(w, at, w->len - at - 4 + len, 4, false);
}

static inline void smb2_write(struct wire *w, const char *guid, uint64_t offset, const void *data, uint32_t len)
{
	smb2_write_head(w, guid, offset, len);
	wire_bytes(w, data, len);
}

static inline void smb2_read_request(struct wire *w, const char *guid, uint64_t offset)
{
	uint32_t at = smb_begin(w);

	smb2_begin(w, 8, false);
	wire_le16(w, 49);
	wire_le16(w, 0);
	wire_le32(w, 4096);
	wire_le64(w, offset);
	wire_bytes(w, guid, 16);
	wire_fill(w, 0, 16);
	smb_end(w, at);
}

static inline void smb2_read_response(struct wire *w, const void *data, uint32_t len)
{
	uint32_t at = smb_begin(w);

	smb2_begin(w, 8, true);
	wire_bytes(w, (uint8_t[]){17, 0, 80, 0}, 4);
	wire_le32(w, len);
	wire_fill(w, 0, 8);
	wire_bytes(w, data, len);
	smb_end(w, at);
}

static inline void smb2_close_request(struct wire *w, const char *guid)
{
	uint32_t at = smb_begin(w);

	smb2_begin(w, 6, false);
	wire_fill(w, 0, 8);
	wire_bytes(w, guid, 16);
	smb_end(w, at);
}

// FSCTL_PIPE_TRANSCEIVE with `data`.
static inline void smb2_transceive(struct wire *w, bool response, const char *guid, const void *data, uint32_t len)
{
	uint32_t at = smb_begin(w);

	smb2_begin(w, 11, response);
	wire_le32(w, 57);
	wire_le32(w, 0x0011c017);
	wire_bytes(w, guid, 16);
	wire_le32(w, response ? 0 : 120);
	wire_le32(w, response ? 0 : len);
	wire_le32(w, response ? 120 : 0);
	wire_le32(w, response ? len : 0);
	wire_fill(w, 0, 16);
	wire_bytes(w, data, len);
	smb_end(w, at);
}

// MS-NLMP AUTHENTICATE.
static inline void ntlmssp_authenticate(struct wire *w, const char *domain, const char *user, const char *host)
{
	const char *texts[3] = {domain, user, host};
	uint32_t off = 72;

	wire_bytes(w, "NTLMSSP\0\x03\0\0", 12);
	wire_fill(w, 0, 16);
	for (int i = 0; i < 3; i++) {
		uint16_t n = (uint16_t)(2 * strlen(texts[i]));
		wire_le16(w, n);
		wire_le16(w, n);
		wire_le32(w, off);
		off += n;
	}
	wire_fill(w, 0, 8);
	wire_le32(w, 0x02000001);
	wire_bytes(w, "\x06\x01\x05\0\0\0\0\x0f", 8);
	for (int i = 0; i < 3; i++)
		wire_wide(w, texts[i]);
}

static inline void smb2_session_request(struct wire *w, const struct wire *blob)
{
	uint32_t at = smb_begin(w);

	smb2_begin(w, 1, false);
	wire_fill(w, 0, 12);
	wire_le16(w, 88);
	wire_le16(w, (uint16_t)blob->len);
	wire_fill(w, 0, 8);
	wire_bytes(w, blob->at, blob->len);
	smb_end(w, at);
}

// An SMB1 header (MS-CIFS section 2.2.3.1).
static inline uint32_t smb1_begin(struct wire *w, uint8_t command, bool response, bool wide)
{
	uint32_t at = w->len;

	wire_bytes(w, "\xffSMB", 4);
	wire_u8(w, command);
	wire_le32(w, response ? smb_status : 0);
	wire_u8(w, response ? 0x80 : 0);
	wire_le16(w, wide ? 0xc000 : 0x4000);
	wire_fill(w, 0, 12);
	wire_le16(w, (uint16_t)smb_tree);
	wire_le16(w, 1);
	wire_le16(w, (uint16_t)smb_session);
	wire_le16(w, (uint16_t)smb_id);
	return at;
}

static inline void smb1_words(struct wire *w, const void *words, uint8_t n)
{
	wire_u8(w, n);
	wire_bytes(w, words, 2u * n);
}
