// Names as observations, see name_obs.h. Readers are bounded by the payload's length and by NAME_TEXT_MAX.
#include "detectors/heuristics/name_obs.h"

#include <math.h>
#include <rte_common.h>

#include "detectors/heuristics/name_model.h"

static uint16_t be16(const uint8_t *d)
{
	return (uint16_t)(d[0] << 8 | d[1]);
}

static bool is_ordinary(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

static void put(struct name_obs *o, uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		c |= 0x20;
	if (o->length < NAME_TEXT_MAX)
		o->text[o->length++] = (char)c;
	o->raw += !is_ordinary(c) && o->raw != UINT8_MAX;
}

// The question's name (RFC 1035 section 4.1.2; a question is never compressed). Returns the offset behind it, or 0.
static uint32_t read_qname(struct name_obs *o, const uint8_t *d, uint32_t n)
{
	uint32_t at = 12;
	for (uint32_t labels = 0; at < n && labels < 128; labels++) {
		uint32_t len = d[at++];
		if (len == 0)
			return at;
		if (len > 63 || len > n - at)
			return 0;
		if (labels)
			put(o, '.');
		for (uint32_t i = 0; i < len; i++)
			put(o, d[at + i]);
		at += len;
	}
	return 0;
}

// One question, an opcode of QUERY: what everything on port 53 looks like.
static bool is_dns(const uint8_t *d, uint32_t n)
{
	return n >= 17 && (d[2] & 0x78) == 0 && be16(d + 4) == 1;
}

static struct name_obs *take(struct obslog *log, const struct packet *p, enum name_source kind, bool to_client)
{
	struct name_obs *o = (struct name_obs *)obslog_take(log, p, (uint8_t)kind);
	if (!o)
		return NULL;
	memset((uint8_t *)o + sizeof(o->obs), 0, offsetof(struct name_obs, text) - sizeof(o->obs));
	if (to_client) {
		o->obs.src = p->dst;
		o->obs.dst = p->src;
		o->obs.sport = p->dport;
		o->obs.dport = p->sport;
	}
	return o;
}

static void note_dns(struct obslog *log, const struct packet *p, uint32_t sources)
{
	const uint8_t *d = packet_payload(p);
	uint32_t n = p->payload_len;
	if (p->flags & PKT_TCP) { // a length comes first
		if (n < 2)
			return;
		d += 2;
		n -= 2;
	}
	if (!is_dns(d, n))
		return;
	bool answer = d[2] & 0x80;
	if (answer != (p->sport == 53 && p->dport != 53) && p->sport != p->dport)
		return;
	enum name_source kind = answer ? NAME_DNS_ANSWER : NAME_DNS_QUERY;
	struct name_obs *o = sources & 1u << kind ? take(log, p, kind, answer) : NULL;
	if (!o)
		return;
	uint32_t at = read_qname(o, d, n);
	if (at == 0 || at + 4 > n || o->length == 0) {
		log->n--; // not a question after all
		return;
	}
	o->type = be16(d + at);
	o->message = (uint16_t)RTE_MIN(n, 65535u);
	o->rcode = d[3] & 15;
}

static bool is_client_hello(const uint8_t *d)
{
	return d[0] == 22 && d[1] == 3 && d[5] == 1;
}

// server_name of a ClientHello that lies in one segment (RFC 8446 section 4.1.2, RFC 6066 section 3).
static const uint8_t *find_sni(const uint8_t *d, uint32_t n, uint32_t *len)
{
	uint32_t at = 43; // record header, handshake header, version, random
	if (n < 48 || !is_client_hello(d))
		return NULL;
	at += 1u + d[at];
	if (at + 2 > n)
		return NULL;
	at += 2u + be16(d + at);
	if (at + 1 > n)
		return NULL;
	at += 1u + d[at];
	if (at + 2 > n)
		return NULL;
	uint32_t end = RTE_MIN(n, at + 2 + be16(d + at));
	for (at += 2; at + 4 <= end;) {
		uint32_t type = be16(d + at), size = be16(d + at + 2);
		at += 4;
		if (size > end - at)
			return NULL;
		if (type == 0 && size >= 5 && be16(d + at + 3) <= size - 5) {
			*len = be16(d + at + 3);
			return d + at + 5;
		}
		at += size;
	}
	return NULL;
}

static bool is_request(const uint8_t *d)
{
	static const char *const methods[] = {"GET ", "POST", "HEAD", "PUT ", "OPTI", "CONN"};
	for (uint32_t i = 0; i < RTE_DIM(methods); i++)
		if (memcmp(d, methods[i], 4) == 0)
			return true;
	return false;
}

// The Host field of a request, within its first 1024 bytes.
static const uint8_t *find_host(const uint8_t *d, uint32_t n, uint32_t *len)
{
	if (n < 20 || !is_request(d))
		return NULL;
	const uint8_t *h = memmem(d, RTE_MIN(n, 1024u), "\r\nHost: ", 8);
	if (!h)
		return NULL;
	h += 8;
	uint32_t left = (uint32_t)(d + n - h);
	for (*len = 0; *len < left && h[*len] > ' ' && h[*len] != ':'; (*len)++)
		;
	return *len ? h : NULL;
}

// Once the log is full, what looks as if it named a site is counted as lost and not read.
static void note_site(struct obslog *log, const struct packet *p, uint32_t sources)
{
	const uint8_t *d = packet_payload(p), *name = NULL;
	uint32_t len = 0;
	bool tls = d[0] == 22;
	if (log->n == log->max) {
		log->lost += tls ? is_client_hello(d) : is_request(d);
		return;
	}
	if (sources & 1u << (tls ? NAME_TLS_SNI : NAME_HTTP_HOST))
		name = tls ? find_sni(d, p->payload_len, &len) : find_host(d, p->payload_len, &len);
	if (!name || len == 0 || len > NAME_TEXT_MAX)
		return;
	struct name_obs *o = take(log, p, tls ? NAME_TLS_SNI : NAME_HTTP_HOST, false);
	for (uint32_t i = 0; o && i < len; i++)
		put(o, name[i]);
}

void name_note(struct obslog *log, struct packet *const *pkts, uint32_t n, uint32_t sources)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct packet *p = pkts[i];
		if (p->payload_len < 17)
			continue;
		if (p->sport == 53 || p->dport == 53) {
			if (sources & NAME_DNS)
				note_dns(log, p, sources);
		} else if (sources & NAME_SITES && p->flags & PKT_TCP && p->dir == DIR_TO_SERVER) {
			note_site(log, p, sources);
		}
	}
}

uint32_t name_label(const char *text, uint32_t n)
{
	uint32_t len = 0;
	while (len < n && text[len] != '.')
		len++;
	return len;
}

// Second-level labels that are part of the suffix under two-letter country codes.
static bool is_second_level_suffix(const char *label, uint32_t n)
{
	static const char *const known[] = {"co", "com", "net", "org", "gov", "gob", "edu", "ac", "or", "ne", "go"};
	for (size_t i = 0; i < RTE_DIM(known); i++)
		if (strlen(known[i]) == n && memcmp(known[i], label, n) == 0)
			return true;
	return false;
}

uint32_t name_registered(const char *text, uint32_t length)
{
	uint32_t dot[3] = {0, 0, 0}, dots = 0; // from the end
	for (uint32_t i = length; i > 0 && dots < 3; i--)
		if (text[i - 1] == '.')
			dot[dots++] = i;
	if (dots < 2)
		return 0;
	uint32_t second = dot[0] - 1 - dot[1];
	if (length - dot[0] == 2 && is_second_level_suffix(text + dot[1], second))
		return dots < 3 ? 0 : dot[2];
	return dot[1];
}

static uint32_t symbol(char c)
{
	if (c >= 'a' && c <= 'z')
		return (uint32_t)(c - 'a');
	return c >= '0' && c <= '9' ? NAME_MODEL_DIGIT : NAME_MODEL_EDGE;
}

double name_surprise(const char *label, uint32_t n)
{
	uint32_t before = NAME_MODEL_EDGE, sum = 0, steps = 0;
	for (uint32_t i = 0; i <= n; i++) {
		uint32_t now = i < n ? symbol(label[i]) : NAME_MODEL_EDGE;
		if (now == NAME_MODEL_EDGE && before == NAME_MODEL_EDGE)
			continue;
		sum += name_model[before][now];
		steps++;
		before = now;
	}
	return steps ? sum / 16.0 / steps : 0;
}

double name_entropy(const char *text, uint32_t n)
{
	uint32_t counts[256] = {0};
	double h = 0;
	for (uint32_t i = 0; i < n; i++)
		counts[(uint8_t)text[i]]++;
	for (uint32_t i = 0; i < 256; i++)
		if (counts[i])
			h -= counts[i] * log2((double)counts[i] / n);
	return n ? h / n : 0;
}
