// The security blob of a session set-up: NTLMSSP's AUTHENTICATE message (MS-NLMP section 2.2.1.3), wherever it lies
// within SPNEGO's tokens, or the ticket of a Kerberos request (RFC 4120) within SPNEGO's first token. See smb.h.
#include "dataplane/parsers/asn1.h"
#include "dataplane/parsers/smb.h"

#define AUTHENTICATE 3u
#define AP_REQ 0x0100u
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

// The mechanism's token within NegTokenInit: RFC 4178 section 4.2.1, in the frame of RFC 2743 section 3.1.
static bool spnego_token(struct cursor c, struct cursor *token)
{
	struct cursor frame, oid, choice, seq, field;
	uint8_t id;

	if (!asn1_take(&c, ASN1_APPLICATION, &frame) || !asn1_take(&frame, ASN1_OID, &oid) ||
		!asn1_take(&frame, ASN1_CONTEXT, &choice) || !asn1_take(&choice, ASN1_SEQUENCE, &seq))
		return false;
	while (asn1_next(&seq, &id, &field))
		if (id == ASN1_CONTEXT + 2)
			return asn1_take(&field, ASN1_OCTETS, token);
	return false;
}

// The ticket of an AP-REQ: RFC 4121 section 4.1, RFC 4120 sections 5.5.1 and 5.3.
static bool kerberos_ticket(struct cursor token, struct cursor *ticket)
{
	struct cursor frame, oid, request, seq, field;
	uint16_t kind;
	uint8_t id;

	if (!asn1_take(&token, ASN1_APPLICATION, &frame) || !asn1_take(&frame, ASN1_OID, &oid) ||
		!cursor_be16(&frame, &kind) || kind != AP_REQ || !asn1_take(&frame, ASN1_APPLICATION + 14, &request) ||
		!asn1_take(&request, ASN1_SEQUENCE, &seq))
		return false;
	while (asn1_next(&seq, &id, &field))
		if (id == ASN1_CONTEXT + 3)
			return asn1_take(&field, ASN1_APPLICATION + 1, &request) &&
			       asn1_take(&request, ASN1_SEQUENCE, ticket);
	return false;
}

// Realm and the service's name, each part of it with a NUL behind.
static void kerberos(struct smb *z, struct smb_tx *tx, struct cursor blob)
{
	struct cursor token, ticket, field, name, parts, part;
	uint8_t id;

	if (!spnego_token(blob, &token) || !kerberos_ticket(token, &ticket))
		return;
	while (asn1_next(&ticket, &id, &field)) {
		if (id == ASN1_CONTEXT + 1 && asn1_take(&field, ASN1_GENERAL_STRING, &part)) {
			smb_text_set(z, &tx->text[SMB_DOMAIN], part.at, (uint32_t)cursor_left(&part), false);
		} else if (id == ASN1_CONTEXT + 2 && asn1_take(&field, ASN1_SEQUENCE, &name) &&
			   asn1_take(&name, ASN1_CONTEXT, &part) && asn1_take(&name, ASN1_CONTEXT + 1, &part) &&
			   asn1_take(&part, ASN1_SEQUENCE, &parts)) {
			tx->text[SMB_USER].len = 0;
			while (asn1_take(&parts, ASN1_GENERAL_STRING, &part)) {
				app_text_add(z->run, &tx->text[SMB_USER], part.at, (uint32_t)cursor_left(&part),
					SMB_TEXT_MAX);
				app_text_add(z->run, &tx->text[SMB_USER], (const uint8_t *)"", 1, SMB_TEXT_MAX);
			}
			tx->kerberos = true;
		}
	}
}

void smb_auth(struct smb *z, struct smb_tx *tx, const uint8_t *at, uint32_t len)
{
	static const uint8_t signature[8] = "NTLMSSP";
	const uint8_t *msg = memmem(at, len, signature, sizeof(signature));

	if (!msg) {
		kerberos(z, tx, cursor_of(at, len));
		return;
	}
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
