// The security blob of a session set-up: NTLMSSP's AUTHENTICATE message (MS-NLMP section 2.2.1.3), wherever it lies
// within SPNEGO's tokens. See smb.h.
#include "dataplane/parsers/smb.h"

#define AUTHENTICATE 3u
#define FLAG_UNICODE 1u
#define FLAG_VERSION 0x02000000u
#define FIELDS_LEN 64u // up to the version

// One of the fields: length, room, offset from the message's start.
static bool field(struct smb *z, struct app_text *t, const uint8_t *msg, uint32_t len, uint32_t at, bool wide)
{
	uint32_t n = load_le16(msg + at), off = load_le32(msg + at + 4);

	if (n && (off > len || n > len - off))
		return false;
	smb_text_set(z, t, msg + (n ? off : 0), n, wide);
	return true;
}

void smb_auth(struct smb *z, struct smb_tx *tx, const uint8_t *at, uint32_t len)
{
	static const uint8_t signature[8] = "NTLMSSP";
	const uint8_t *msg = memmem(at, len, signature, sizeof(signature));

	if (!msg)
		return;
	len -= (uint32_t)(msg - at);
	if (len < 12 || load_le32(msg + 8) != AUTHENTICATE)
		return;
	if (len < FIELDS_LEN) {
		smb_event(z, tx, SMB_MALFORMED_NTLMSSP_REQUEST);
		return;
	}
	uint32_t flags = load_le32(msg + 60);
	bool wide = flags & FLAG_UNICODE;
	if (!field(z, &tx->text[SMB_DOMAIN], msg, len, 28, wide) ||
		!field(z, &tx->text[SMB_USER], msg, len, 36, wide) ||
		!field(z, &tx->text[SMB_HOST], msg, len, 44, wide)) {
		smb_event(z, tx, SMB_MALFORMED_NTLMSSP_REQUEST);
		return;
	}
	tx->ntlmssp = true;
	if (flags & FLAG_VERSION && len >= FIELDS_LEN + 8) {
		tx->has_version = true;
		memcpy(tx->version, msg + FIELDS_LEN, 4);
		tx->revision = msg[FIELDS_LEN + 7];
	}
}
