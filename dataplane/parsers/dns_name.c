// Domain names, see dns_message.h. Next: dns_rdata.c.
#include "dataplane/parsers/dns_message.h"

static void add_label(struct dns_message *m, struct dns_name *n, const uint8_t *label, uint32_t len)
{
	if (n->cut)
		return;
	if (n->len != 0 && n->len < DNS_NAME_MAX)
		n->text[n->len++] = '.';
	if (len > DNS_NAME_MAX - n->len) {
		len = DNS_NAME_MAX - n->len;
		n->cut = true;
		m->events |= 1u << DNS_NAME_TOO_LONG;
	}
	memcpy(n->text + n->len, label, len);
	n->len = (uint16_t)(n->len + len);
}

bool dns_name_read(struct dns_message *m, struct cursor *c, struct dns_name *out)
{
	struct cursor at = *c;
	bool jumped = false;

	out->len = 0;
	out->cut = false;
	for (uint32_t count = 1;; count++) {
		uint8_t n = 0, low;
		if (m->steps == 0)
			return false;
		m->steps--;
		if (!cursor_u8(&at, &n) || n == 0)
			break;
		if ((n & 0xc0) == 0) {
			const uint8_t *label = cursor_take(&at, n);
			if (label == NULL)
				return false;
			add_label(m, out, label, n);
		} else {
			if ((n & 0xc0) != 0xc0 || !cursor_u8(&at, &low))
				return false;
			uint32_t offset = (n & 0x3fu) << 8 | low;
			if (offset > m->len || m->at + offset == at.at - 2)
				return false;
			if (!jumped)
				*c = at;
			jumped = true;
			at = cursor_of(m->at + offset, m->len - offset);
		}
		if (count > DNS_LABELS_MAX) {
			out->cut = true;
			m->events |= 1u << DNS_NAME_TOO_LONG | 1u << DNS_TOO_MANY_LABELS;
			return jumped;
		}
	}
	if (!jumped)
		*c = at;
	return true;
}

bool dns_question_read(struct dns_message *m, struct cursor *c, struct dns_name *name, uint16_t *type)
{
	return dns_name_read(m, c, name) && cursor_be16(c, type) && cursor_skip(c, 2);
}
