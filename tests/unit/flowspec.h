// Reads a flow specification as text (BIRD's words for RFC 8955 and RFC 8956) and says whether an Ethernet frame is one
// it selects. Written from the RFCs and for tests alone: it shares nothing with what writes them.
#pragma once

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct flowspec_frame {
	bool v6, fragment, first, last;
	uint8_t dst[16], proto, tcp_flags, icmp_type;
	uint16_t sport, dport, length;
	bool ports;
};

static inline uint16_t flowspec_u16(const uint8_t *d)
{
	return (uint16_t)(d[0] << 8 | d[1]);
}

// What a router sees of a frame. Of fragments but the first it sees no ports.
static inline struct flowspec_frame flowspec_read(const uint8_t *frame)
{
	struct flowspec_frame f = {.v6 = flowspec_u16(frame + 12) == 0x86dd};
	const uint8_t *ip = frame + 14, *l4 = ip + (f.v6 ? 40 : (ip[0] & 15) * 4);
	memcpy(f.dst, ip + (f.v6 ? 24 : 16), f.v6 ? 16 : 4);
	f.proto = ip[f.v6 ? 6 : 9];
	f.length = (uint16_t)(flowspec_u16(ip + (f.v6 ? 4 : 2)) + (f.v6 ? 40 : 0));
	bool more = !f.v6 && ip[6] & 0x20;
	uint16_t offset = f.v6 ? 0 : flowspec_u16(ip + 6) & 0x1fff;
	for (uint32_t n = 0; f.v6 && n < 8 && (f.proto == 0 || f.proto == 43 || f.proto == 44 || f.proto == 60); n++) {
		if (f.proto == 44) {
			offset = flowspec_u16(l4 + 2) >> 3;
			more = l4[3] & 1;
		}
		uint32_t size = f.proto == 44 ? 8 : (l4[1] + 1u) * 8;
		f.proto = l4[0];
		l4 += size;
	}
	f.fragment = offset != 0;
	f.first = more && offset == 0;
	f.last = !more && offset != 0;
	f.ports = offset == 0 && (f.proto == 6 || f.proto == 17);
	if (f.ports) {
		f.sport = flowspec_u16(l4);
		f.dport = flowspec_u16(l4 + 2);
		f.tcp_flags = f.proto == 6 ? l4[13] : 0;
	}
	f.icmp_type = f.proto == 1 || f.proto == 58 ? l4[0] : 0;
	return f;
}

static inline bool flowspec_dst(const char *text, const struct flowspec_frame *f)
{
	char addr[64];
	uint8_t net[16] = {0};
	unsigned bits, have = f->v6 ? 128 : 32;
	assert_int_equal(sscanf(text, "dst %63[^/]/%u", addr, &bits), 2);
	assert_true(bits <= have);
	assert_int_equal(inet_pton(f->v6 ? AF_INET6 : AF_INET, addr, net), 1);
	for (unsigned i = 0; i < have; i++) {
		bool a = net[i / 8] >> (7 - i % 8) & 1, b = f->dst[i / 8] >> (7 - i % 8) & 1;
		if (i >= bits)
			assert_false(a); // a prefix has no bits beyond its length
		else if (a != b)
			return false;
	}
	return true;
}

// "a/b || c/d": the flags are a under the mask b, or c under d.
static inline bool flowspec_flags(const char *text, uint8_t flags)
{
	unsigned value, mask;
	bool any = false;
	for (const char *at = text; at; at = strstr(at + 1, "||")) {
		assert_int_equal(sscanf(at + (*at == '|' ? 2 : 0), " %x/%x", &value, &mask), 2);
		assert_int_equal(value & ~mask, 0);
		any |= (flags & mask) == value;
	}
	return any;
}

// One component; what has none of the fields it asks for is not selected (RFC 8955 section 4.2.2).
static inline bool flowspec_component(const char *c, const struct flowspec_frame *f)
{
	unsigned n;
	if (strncmp(c, "dst ", 4) == 0)
		return flowspec_dst(c, f);
	if (sscanf(c, f->v6 ? "next header = %u" : "proto = %u", &n) == 1)
		return f->proto == n;
	if (sscanf(c, "sport = %u", &n) == 1)
		return f->ports && f->sport == n;
	if (sscanf(c, "dport = %u", &n) == 1)
		return f->ports && f->dport == n;
	if (sscanf(c, "length = %u", &n) == 1)
		return f->length == n;
	if (sscanf(c, "icmp type = %u", &n) == 1)
		return (f->proto == 1 || f->proto == 58) && f->icmp_type == n;
	if (strncmp(c, "tcp flags ", 10) == 0)
		return f->ports && f->proto == 6 && flowspec_flags(c + 10, f->tcp_flags);
	if (strcmp(c, "fragment is_fragment || first_fragment") == 0)
		return f->fragment || f->first;
	fail_msg("a component no router knows: %s", c);
	return false;
}

// Is the frame selected? All components must agree.
static inline bool flowspec_selects(const char *text, const uint8_t *frame)
{
	struct flowspec_frame f = flowspec_read(frame);
	char rest[512], *save = NULL;
	bool all = true;
	unsigned version;
	int begin = 0;
	assert_int_equal(sscanf(text, "flow%u { %n", &version, &begin), 1);
	assert_true(begin > 0 && strcmp(text + strlen(text) - 2, " }") == 0);
	assert_true(version == 4 || version == 6);
	snprintf(rest, sizeof(rest), "%.*s", (int)(strlen(text) - 2 - (size_t)begin), text + begin);
	if (f.v6 != (version == 6))
		return false;
	for (char *c = strtok_r(rest, ";", &save); c; c = strtok_r(NULL, ";", &save))
		all &= flowspec_component(c + strspn(c, " "), &f);
	return all;
}
