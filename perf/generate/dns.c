// DNS messages. Source: RFC 1035 section 4.
#include "perf/generate/dns.h"

#include <string.h>

static void put16(struct dns_message *m, uint32_t v)
{
	if (m->len + 2 > sizeof(m->bytes))
		return;
	m->bytes[m->len++] = (uint8_t)(v >> 8);
	m->bytes[m->len++] = (uint8_t)v;
}

static void put_bytes(struct dns_message *m, const void *bytes, size_t n)
{
	if (n > sizeof(m->bytes) - m->len)
		n = sizeof(m->bytes) - m->len;
	memcpy(m->bytes + m->len, bytes, n);
	m->len += (uint32_t)n;
}

static void put_name(struct dns_message *m, const char *name)
{
	while (*name) {
		size_t n = strcspn(name, "."), kept = n > 63 ? 63 : n;
		put_bytes(m, &(uint8_t){(uint8_t)kept}, 1);
		put_bytes(m, name, kept);
		name += n + (name[n] == '.');
	}
	put_bytes(m, "", 1);
}

void dns_query(struct dns_message *m, uint16_t id, const char *name, uint16_t type)
{
	m->len = 0;
	put16(m, id);
	put16(m, 0x0100); // recursion desired
	put16(m, 1);
	put16(m, 0);
	put16(m, 0);
	put16(m, 0);
	put_name(m, name);
	put16(m, type);
	put16(m, 1); // IN
	m->question_len = m->len;
}

static void respond(struct dns_message *m, uint8_t rcode)
{
	m->len = m->question_len;
	m->bytes[2] = 0x81;
	m->bytes[3] = (uint8_t)(0x80 | rcode);
}

void dns_answer(struct dns_message *m, uint16_t type, uint32_t ttl_s, const void *data, uint16_t data_len)
{
	respond(m, 0);
	dns_answer_more(m, type, ttl_s, data, data_len);
}

void dns_answer_more(struct dns_message *m, uint16_t type, uint32_t ttl_s, const void *data, uint16_t data_len)
{
	m->bytes[7]++;    // answers
	put16(m, 0xc00c); // the question's name
	put16(m, type);
	put16(m, 1);
	put16(m, ttl_s >> 16);
	put16(m, ttl_s);
	put16(m, data_len);
	put_bytes(m, data, data_len);
}

void dns_refuse(struct dns_message *m, uint8_t rcode)
{
	respond(m, rcode);
}
