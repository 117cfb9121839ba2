// DCE/RPC protocol data units, see dcerpc_pdu.h.
#include "dataplane/parsers/dcerpc_pdu.h"

#define RESULT_LEN 24u // of a context's answer: result, reason, transfer syntax

bool dcerpc_read_header(struct cursor *c, struct dcerpc_header *h)
{
	const uint8_t *at = cursor_peek(c, DCERPC_HDR_LEN);

	if (!at || at[0] != 5 || at[1] > 1 || at[2] >= DCERPC_TYPES)
		return false;
	*h = (struct dcerpc_header){
		.minor = at[1], .type = at[2], .flags = at[3], .little = at[4] & DCERPC_DREP_LITTLE};
	h->frag_len = h->little ? load_le16(at + 8) : load_be16(at + 8);
	h->auth_len = h->little ? load_le16(at + 10) : load_be16(at + 10);
	h->call_id = h->little ? load_le32(at + 12) : load_be32(at + 12);
	return h->frag_len >= DCERPC_HDR_LEN && cursor_skip(c, DCERPC_HDR_LEN);
}

bool dcerpc_u16(struct cursor *c, const struct dcerpc_header *h, uint16_t *v)
{
	return h->little ? cursor_le16(c, v) : cursor_be16(c, v);
}

bool dcerpc_u32(struct cursor *c, const struct dcerpc_header *h, uint32_t *v)
{
	return h->little ? cursor_le32(c, v) : cursor_be32(c, v);
}

bool dcerpc_uuid(struct cursor *c, bool little, uint8_t uuid[DCERPC_UUID_LEN])
{
	static const uint8_t swapped[DCERPC_UUID_LEN] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
	const uint8_t *at = cursor_take(c, DCERPC_UUID_LEN);

	for (uint32_t i = 0; at && i < DCERPC_UUID_LEN; i++)
		uuid[i] = at[little ? swapped[i] : i];
	return at != NULL;
}

bool dcerpc_read_bind(struct cursor *c, const struct dcerpc_header *h, struct dcerpc_ifaces *ifaces)
{
	uint8_t contexts, syntaxes;
	uint16_t version;

	// max_xmit_frag, max_recv_frag, assoc_group_id; then the contexts
	if (!cursor_skip(c, 8) || !cursor_u8(c, &contexts) || !cursor_skip(c, 3))
		return false;
	for (uint32_t i = 0; i < contexts; i++) {
		struct dcerpc_iface f = {.result = DCERPC_NO_RESULT};
		if (!dcerpc_u16(c, h, &f.context) || !cursor_u8(c, &syntaxes) || !cursor_skip(c, 1) ||
			!dcerpc_uuid(c, h->little, f.value.uuid) || !dcerpc_u16(c, h, &version) ||
			!dcerpc_u16(c, h, &f.version_minor) || !cursor_skip(c, 20u * syntaxes))
			return false;
		dcerpc_set_version(&f.value, version);
		f.value.first_frag = h->flags & DCERPC_FIRST_FRAG;
		if (ifaces->n < DCERPC_MAX_IFACES)
			ifaces->at[ifaces->n++] = f;
	}
	return true;
}

bool dcerpc_read_bindack(struct cursor *c, const struct dcerpc_header *h, struct dcerpc_ifaces *ifaces)
{
	uint16_t address_len;
	uint8_t results;

	// the same three numbers, the secondary address with its length, padded to four bytes from the PDU's start
	if (!cursor_skip(c, 8) || !dcerpc_u16(c, h, &address_len) || !cursor_skip(c, address_len) ||
		!cursor_skip(c, (4u - (26u + address_len) % 4u) % 4u) || !cursor_u8(c, &results) || !cursor_skip(c, 3))
		return false;
	for (uint32_t i = 0; i < results; i++) {
		uint16_t result, reason;
		if (!dcerpc_u16(c, h, &result) || !dcerpc_u16(c, h, &reason) || !cursor_skip(c, RESULT_LEN - 4))
			return false;
		if (ifaces->answered == ifaces->n)
			continue;
		ifaces->at[ifaces->answered].result = result;
		ifaces->at[ifaces->answered++].reason = reason;
	}
	return true;
}

bool dcerpc_read_request(struct cursor *c, const struct dcerpc_header *h, uint16_t *context, uint16_t *opnum)
{
	return cursor_skip(c, 4) && dcerpc_u16(c, h, context) && dcerpc_u16(c, h, opnum);
}

bool dcerpc_read_response(struct cursor *c)
{
	// allocation hint, context, cancel count
	return cursor_skip(c, 8);
}

const char *dcerpc_type_name(uint8_t type)
{
	static const char *const names[DCERPC_TYPES] = {"REQUEST", "PING", "RESPONSE", "FAULT", "WORKING", "NOCALL",
		"REJECT", "ACK", "CL_CANCEL", "FACK", "CANCEL_ACK", "BIND", "BINDACK", "BINDNAK", "ALTER_CONTEXT",
		"ALTER_CONTEXT_RESP", "AUTH3", "SHUTDOWN", "CO_CANCEL", "ORPHANED", "RTS"};

	return type < DCERPC_TYPES ? names[type] : "UNKNOWN";
}

void dcerpc_uuid_text(const uint8_t uuid[DCERPC_UUID_LEN], char out[DCERPC_UUID_TEXT_SIZE])
{
	static const char hex[] = "0123456789abcdef";

	for (uint32_t i = 0; i < DCERPC_UUID_LEN; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*out++ = '-';
		*out++ = hex[uuid[i] >> 4];
		*out++ = hex[uuid[i] & 15];
	}
	*out = 0;
}

static char *put_number(char *at, uint16_t v)
{
	char digits[5];
	uint32_t n = 0;

	do {
		digits[n++] = (char)('0' + v % 10);
	} while (v /= 10);
	while (n)
		*at++ = digits[--n];
	return at;
}

void dcerpc_log_ifaces(struct app_log *l, const struct dcerpc_ifaces *ifaces, bool results, bool reasons)
{
	if (!ifaces->n)
		return;
	log_list(l, "interfaces");
	for (uint32_t i = 0; i < ifaces->n; i++) {
		const struct dcerpc_iface *f = &ifaces->at[i];
		char uuid[DCERPC_UUID_TEXT_SIZE], version[12], *at;
		dcerpc_uuid_text(f->value.uuid, uuid);
		at = put_number(version, load_be16(f->value.version));
		*at++ = '.';
		at = put_number(at, f->version_minor);
		log_object(l, NULL);
		log_text(l, "uuid", (struct app_bytes){(const uint8_t *)uuid, DCERPC_UUID_TEXT_SIZE - 1});
		log_text(l, "version", (struct app_bytes){(const uint8_t *)version, (uint32_t)(at - version)});
		if (results && f->result != DCERPC_NO_RESULT) {
			log_uint(l, "ack_result", f->result);
			if (reasons)
				log_uint(l, "ack_reason", f->reason);
		}
		log_close(l);
	}
	log_close(l);
}
