// Fragments kept until their datagram is whole. Fixed memory: a table of datagrams, and a pool of chunks in
// which each datagram logs its fragments one after the other, so that tiny ones cost little more than their
// bytes. Next: defrag_rebuild.c.
#include "dataplane/defrag_internal.h"
#include "dataplane/flow_key.h"

#include <errno.h>
#include <string.h>

#include <rte_common.h>
#include <rte_jhash.h>
#include <rte_prefetch.h>

#define MEMCAP_MIN ((uint64_t)512 << 10)
#define IPV6_FRAGMENT_HEADER 8u

// ---- configuration and memory ----

static const struct {
	const char *name;
	enum defrag_policy policy;
} policy_names[] = {
	{"bsd", DEFRAG_BSD},
	{"bsd-right", DEFRAG_BSD_RIGHT},
	{"old-linux", DEFRAG_LINUX},
	{"linux", DEFRAG_LINUX},
	{"old-solaris", DEFRAG_FIRST},
	{"solaris", DEFRAG_SOLARIS},
	{"hpux10", DEFRAG_BSD},
	{"hpux11", DEFRAG_FIRST},
	{"irix", DEFRAG_BSD},
	{"macos", DEFRAG_FIRST},
	{"windows", DEFRAG_WINDOWS},
	{"vista", DEFRAG_WINDOWS},
	{"windows2k3", DEFRAG_WINDOWS},
	{"first", DEFRAG_FIRST},
	{"last", DEFRAG_LAST},
};

bool defrag_policy_by_name(const char *name, enum defrag_policy *out)
{
	for (size_t i = 0; i < RTE_DIM(policy_names); i++)
		if (strcmp(name, policy_names[i].name) == 0) {
			*out = policy_names[i].policy;
			return true;
		}
	return false;
}

void defrag_config_defaults(struct defrag_config *cfg)
{
	*cfg = (struct defrag_config){
		.memcap_bytes = (uint64_t)32 << 20,
		.max_datagrams = 65535,
		.max_fragments = DEFRAG_MAX_UNITS,
		.timeout_ns = UINT64_C(60000000000),
		.policy = DEFRAG_BSD,
	};
}

// Where each part lies in the memory the caller gives.
struct layout {
	uint32_t datagrams, chunks, buckets;
	size_t bucket_at, chain_at, chunk_next_at, datagrams_at, pieces_at, chunks_at, rebuilt_at, size;
};

static size_t place(size_t *end, size_t bytes)
{
	size_t at = *end;

	*end = RTE_ALIGN_CEIL(at + bytes, (size_t)RTE_CACHE_LINE_SIZE);
	return at;
}

static struct layout lay_out(const struct defrag_config *cfg)
{
	uint64_t fit = cfg->memcap_bytes / 2 / sizeof(struct defrag_datagram);
	uint64_t most = RTE_MIN(cfg->max_datagrams, DEFRAG_LINK_INDEX);
	struct layout l = {.datagrams = (uint32_t)RTE_MIN(fit, most)};
	uint64_t left = cfg->memcap_bytes - l.datagrams * sizeof(struct defrag_datagram);
	size_t end = 0;

	l.chunks = (uint32_t)RTE_MIN(left / DEFRAG_CHUNK, (uint64_t)UINT32_MAX - 1);
	l.buckets = rte_align32pow2(l.datagrams);
	place(&end, sizeof(struct defrag));
	l.bucket_at = place(&end, l.buckets * sizeof(uint32_t));
	l.chain_at = place(&end, l.datagrams * sizeof(uint32_t));
	l.chunk_next_at = place(&end, l.chunks * sizeof(uint32_t));
	l.pieces_at = place(&end, cfg->max_fragments * sizeof(struct defrag_piece));
	l.datagrams_at = place(&end, l.datagrams * sizeof(struct defrag_datagram));
	l.chunks_at = place(&end, (size_t)l.chunks * DEFRAG_CHUNK);
	l.rebuilt_at = place(&end, DEFRAG_REBUILT_BYTES);
	l.size = end;
	return l;
}

size_t defrag_size(const struct defrag_config *cfg)
{
	return lay_out(cfg).size;
}

int defrag_init(void *mem, const struct defrag_config *cfg, struct defrag **out)
{
	uint8_t *base = mem;
	struct defrag *df = mem;

	if (cfg->memcap_bytes < MEMCAP_MIN || cfg->memcap_bytes > (UINT64_C(1) << 40) || cfg->max_datagrams == 0 ||
		cfg->max_fragments == 0 || cfg->max_fragments > DEFRAG_MAX_UNITS || cfg->policy > DEFRAG_WINDOWS)
		return -EINVAL;
	struct layout l = lay_out(cfg);
	df->config = *cfg;
	df->buckets = l.buckets;
	df->max_datagrams = l.datagrams;
	df->chunks = df->free_chunks = l.chunks;
	df->free_datagram = df->free_chunk = df->oldest = df->newest = DEFRAG_NONE;
	df->bucket = (uint32_t *)(base + l.bucket_at);
	df->chain = (uint32_t *)(base + l.chain_at);
	df->chunk_next = (uint32_t *)(base + l.chunk_next_at);
	df->pieces = (struct defrag_piece *)(base + l.pieces_at);
	df->datagrams = (struct defrag_datagram *)(base + l.datagrams_at);
	df->chunk_bytes = base + l.chunks_at;
	df->rebuilt = base + l.rebuilt_at;
	memset(df->bucket, 0xff, l.buckets * sizeof(uint32_t));
	*out = df;
	return 0;
}

const struct defrag_counters *defrag_counters(const struct defrag *df)
{
	return &df->counters;
}

// ---- the table of datagrams ----

static uint32_t be16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t index_of(const struct defrag *df, const struct defrag_datagram *d)
{
	return (uint32_t)(d - df->datagrams);
}

static void unlink_age(struct defrag *df, struct defrag_datagram *d)
{
	if (d->age_prev == DEFRAG_NONE)
		df->oldest = d->age_next;
	else
		df->datagrams[d->age_prev].age_next = d->age_next;
	if (d->age_next == DEFRAG_NONE)
		df->newest = d->age_prev;
	else
		df->datagrams[d->age_next].age_prev = d->age_prev;
}

static void unlink_bucket(struct defrag *df, const struct defrag_datagram *d, uint32_t index)
{
	uint32_t *at = &df->bucket[d->bucket];

	while ((*at & DEFRAG_LINK_INDEX) != index)
		at = &df->chain[*at & DEFRAG_LINK_INDEX];
	*at = df->chain[index];
}

static void release_datagram(struct defrag *df, uint32_t index)
{
	struct defrag_datagram *d = &df->datagrams[index];

	unlink_age(df, d);
	unlink_bucket(df, d, index);
	if (d->log_head != DEFRAG_NONE) {
		df->chunk_next[d->log_tail] = df->free_chunk;
		df->free_chunk = d->log_head;
		df->free_chunks += (d->log_bytes + DEFRAG_CHUNK - 1) / DEFRAG_CHUNK;
	}
	df->chain[index] = df->free_datagram;
	df->free_datagram = index;
	df->counters.active--;
}

// Asks for what the next eviction touches: the links of the datagram that is the oldest but one by then, and all
// that hangs on the oldest, whose links were asked for the last time. A flood of lone fragments evicts one each.
static void look_ahead(const struct defrag *df)
{
	const struct defrag_datagram *d;

	if (df->oldest == DEFRAG_NONE)
		return;
	d = &df->datagrams[df->oldest];
	rte_prefetch0(&df->bucket[d->bucket]);
	rte_prefetch0(d->header);
	if (d->log_head != DEFRAG_NONE) {
		rte_prefetch0(df->chunk_bytes + (size_t)d->log_head * DEFRAG_CHUNK);
		rte_prefetch0(&df->chunk_next[d->log_head]);
	}
	if (d->age_next != DEFRAG_NONE) {
		rte_prefetch0(&df->datagrams[d->age_next]);
		rte_prefetch0(&df->datagrams[d->age_next].age_next);
	}
}

static void evict(struct defrag *df, uint32_t victim)
{
	release_datagram(df, victim);
	df->counters.evicted++;
	look_ahead(df);
}

static uint32_t take_datagram(struct defrag *df)
{
	if (df->free_datagram == DEFRAG_NONE && df->fresh_datagrams == df->max_datagrams)
		evict(df, df->oldest);
	if (df->free_datagram == DEFRAG_NONE)
		return df->fresh_datagrams++;
	uint32_t index = df->free_datagram;
	df->free_datagram = df->chain[index];
	return index;
}

static void make_key(struct defrag_key *key, const struct packet *p, uint32_t id)
{
	bool v4 = p->flags & PKT_IPV4;
	uint64_t vlans = (p->vlan_count > 0 ? p->vlan[0] : 0) | (p->vlan_count > 1 ? (uint64_t)p->vlan[1] << 16 : 0);

	key->src = p->src;
	key->dst = p->dst;
	key->tunnel = 0;
	key->id_vlans = id | vlans << 32;
	key->version_proto = v4 ? 4 | (uint64_t)p->ip_proto << 8 : 6;
	if (p->outer)
		key->tunnel = p->tunnel_id;
	for (const struct packet *o = p->outer; o; o = o->outer) {
		uint32_t low = (uint32_t)key->tunnel, high = (uint32_t)(key->tunnel >> 32);
		rte_jhash_32b_2hashes(o->src.w, 4, &low, &high);
		rte_jhash_32b_2hashes(o->dst.w, 4, &low, &high);
		key->tunnel = (uint64_t)high << 32 | low;
	}
}

// Keyed, so that nobody who does not know the seed can make one chain long.
static inline uint32_t hash_key(const struct defrag *df, const struct defrag_key *key)
{
	uint64_t w[sizeof(*key) / 8], h = (df->config.seed | UINT64_C(1) << 32) * UINT64_C(0x9e3779b97f4a7c15);

	if ((key->version_proto & 0xff) == 4) { // the other words are 0 or the version
		uint64_t addrs = (uint64_t)key->src.w[0] << 32 | key->dst.w[0];
		h = flow_mum(addrs ^ h, key->id_vlans ^ UINT64_C(0xd6e8feb86659fd93));
		h = flow_mum(key->tunnel ^ h, key->version_proto ^ UINT64_C(0xa0761d6478bd642f));
		return (uint32_t)(h >> 32);
	}
	memcpy(w, key, sizeof(w));
	for (size_t i = 0; i + 1 < RTE_DIM(w); i += 2)
		h = flow_mum(w[i] ^ h, w[i + 1] ^ UINT64_C(0xd6e8feb86659fd93));
	h = flow_mum(w[RTE_DIM(w) - 1] ^ h, UINT64_C(0xa0761d6478bd642f));
	return (uint32_t)(h >> 32);
}

static enum defrag_policy choose_policy(const struct defrag *df, const struct packet *frag)
{
	enum defrag_policy policy = df->config.policy;

	if (df->config.policy_of)
		policy = df->config.policy_of(df->config.policy_arg, frag);
	return policy <= DEFRAG_WINDOWS ? policy : df->config.policy;
}

static struct defrag_datagram *add_datagram(
	struct defrag *df, const struct defrag_key *key, uint32_t hash, const struct packet *frag)
{
	uint32_t index = take_datagram(df);
	struct defrag_datagram *d = &df->datagrams[index];

	memset(d, 0, offsetof(struct defrag_datagram, header));
	d->key = *key;
	d->first_ns = frag->ts_ns;
	d->policy = (uint8_t)choose_policy(df, frag);
	d->log_head = d->log_tail = DEFRAG_NONE;
	d->bucket = hash & (df->buckets - 1);
	df->chain[index] = df->bucket[d->bucket];
	df->bucket[d->bucket] = index | (hash & ~DEFRAG_LINK_INDEX);
	d->age_prev = df->newest;
	d->age_next = DEFRAG_NONE;
	if (df->newest == DEFRAG_NONE)
		df->oldest = index;
	else
		df->datagrams[df->newest].age_next = index;
	df->newest = index;
	df->counters.active++;
	return d;
}

static bool is_over(const struct defrag *df, const struct defrag_datagram *d, uint64_t now_ns)
{
	return now_ns >= d->first_ns && now_ns - d->first_ns >= df->config.timeout_ns;
}

static struct defrag_datagram *find_datagram(struct defrag *df, const struct packet *frag, uint32_t id)
{
	struct defrag_key key;

	make_key(&key, frag, id);
	uint32_t hash = hash_key(df, &key), link = df->bucket[hash & (df->buckets - 1)];
	for (; link != DEFRAG_NONE; link = df->chain[link & DEFRAG_LINK_INDEX]) {
		struct defrag_datagram *d = &df->datagrams[link & DEFRAG_LINK_INDEX];
		// the links lie side by side; another datagram's own memory is not touched
		if ((link ^ hash) & ~DEFRAG_LINK_INDEX || memcmp(&d->key, &key, sizeof(key)) != 0)
			continue;
		if (!is_over(df, d, frag->ts_ns)) {
			df->joined++;
			return d;
		}
		release_datagram(df, index_of(df, d)); // a new datagram with an identification used before
		df->counters.timeouts++;
		break;
	}
	return add_datagram(df, &key, hash, frag);
}

// The datagram that a hash belongs to, most likely; DEFRAG_NONE: it is new. Only links are looked at.
static uint32_t likely_index(const struct defrag *df, uint32_t hash)
{
	uint32_t link = df->bucket[hash & (df->buckets - 1)];

	for (uint32_t i = 0; i < 8 && link != DEFRAG_NONE; i++, link = df->chain[link & DEFRAG_LINK_INDEX])
		if (!((link ^ hash) & ~DEFRAG_LINK_INDEX))
			return link & DEFRAG_LINK_INDEX;
	return DEFRAG_NONE;
}

#define MANY_JOINED 4u // of some frames: from so many on the next ones are worth a look
#define ETHERNET 14u

// Is the frame, as far as a look tells, a fragment with an IPv4 header of 20 bytes straight over Ethernet?
static inline bool looks_like_fragment(const struct packet *p)
{
	const uint8_t *h = p->data + ETHERNET;

	return p->len >= ETHERNET + 20 && be16(h - 2) == 0x0800 && h[0] == 0x45 && be16(h + 6) & 0x3fff;
}

void defrag_ahead(struct defrag *df, const struct packet *frames, uint32_t n)
{
	const struct defrag_datagram *found[PKT_BURST];
	uint8_t word[PKT_BURST];
	uint32_t hash[PKT_BURST], at[PKT_BURST], fragments = 0, m = 0, joined = df->joined;

	df->joined = 0;
	if (joined < MANY_JOINED)
		return;
	for (uint32_t i = 0; i < n; i++) {
		const uint8_t *h = frames[i].data + ETHERNET;
		if (!looks_like_fragment(&frames[i]))
			continue;
		struct defrag_key key = {.id_vlans = be16(h + 4), .version_proto = 4 | (uint64_t)h[9] << 8};
		memcpy(key.src.w, h + 12, 4);
		memcpy(key.dst.w, h + 16, 4);
		at[fragments] = be16(h + 6) & 0x1fff;
		hash[fragments] = hash_key(df, &key);
		rte_prefetch0(&df->bucket[hash[fragments++] & (df->buckets - 1)]);
	}
	for (uint32_t i = 0; i < fragments; i++) {
		uint32_t index = likely_index(df, hash[i]);
		if (index == DEFRAG_NONE)
			continue;
		word[m] = (uint8_t)(at[i] / 64);
		const struct defrag_datagram *d = found[m++] = &df->datagrams[index];
		rte_prefetch0(d);
		rte_prefetch0(&d->log_tail);
	}
	for (uint32_t i = 0; i < m; i++) {
		if (found[i]->log_tail != DEFRAG_NONE)
			rte_prefetch0(defrag_chunk(df, found[i]->log_tail) + found[i]->log_bytes % DEFRAG_CHUNK);
		if (found[i]->first_at != word[i])
			rte_prefetch0(&found[i]->map[word[i]]);
	}
}

void defrag_tick(struct defrag *df, uint64_t now_ns)
{
	while (df->oldest != DEFRAG_NONE && is_over(df, &df->datagrams[df->oldest], now_ns)) {
		release_datagram(df, df->oldest);
		df->counters.timeouts++;
	}
}

// ---- one datagram's log and map ----

static uint32_t take_chunk(struct defrag *df)
{
	uint32_t chunk = df->free_chunk;

	df->free_chunks--;
	if (chunk == DEFRAG_NONE)
		return df->fresh_chunks++;
	df->free_chunk = df->chunk_next[chunk];
	return chunk;
}

static void begin_chunk(struct defrag *df, struct defrag_datagram *d)
{
	uint32_t chunk = take_chunk(df);

	if (d->log_head == DEFRAG_NONE)
		d->log_head = chunk;
	else
		df->chunk_next[d->log_tail] = chunk;
	d->log_tail = chunk;
}

static void append(struct defrag *df, struct defrag_datagram *d, const void *bytes, uint32_t n)
{
	const uint8_t *from = bytes;

	while (n > 0) {
		uint32_t at = d->log_bytes % DEFRAG_CHUNK;
		if (at == 0)
			begin_chunk(df, d);
		uint32_t here = RTE_MIN(n, DEFRAG_CHUNK - at);
		memcpy(defrag_chunk(df, d->log_tail) + at, from, here);
		from += here;
		n -= here;
		d->log_bytes += here;
	}
}

// Adds an entry and its bytes to the log. Nearly always they fit into the chunk that was begun.
static void append_entry(struct defrag *df, struct defrag_datagram *d, struct defrag_entry entry, const uint8_t *bytes)
{
	uint32_t at = d->log_bytes % DEFRAG_CHUNK;

	if (at + sizeof(entry) + entry.len > DEFRAG_CHUNK) {
		append(df, d, &entry, sizeof(entry));
		append(df, d, bytes, entry.len);
		return;
	}
	if (at == 0)
		begin_chunk(df, d);
	uint8_t *to = defrag_chunk(df, d->log_tail) + at;
	memcpy(to, &entry, sizeof(entry));
	memcpy(to + sizeof(entry), bytes, entry.len);
	d->log_bytes += (uint32_t)sizeof(entry) + entry.len;
}

// Makes room for n more bytes in the pool, at the cost of the oldest other datagrams.
static bool make_room(struct defrag *df, const struct defrag_datagram *d, uint32_t n)
{
	uint32_t needed = n / DEFRAG_CHUNK + 1;

	while (df->free_chunks < needed) {
		uint32_t victim = df->oldest == index_of(df, d) ? d->age_next : df->oldest;
		if (victim == DEFRAG_NONE)
			return false;
		evict(df, victim);
	}
	return true;
}

// Marks units [from, to) of one word of the map.
static uint32_t mark_word(struct defrag_datagram *d, uint32_t from, uint32_t to)
{
	uint32_t word = from / 64, n = to - from;
	uint64_t mask = (n == 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1) << from % 64;
	uint64_t *live = &d->live[word / 64], its = UINT64_C(1) << word % 64, had = *live & its ? d->map[word] : 0;

	if (word == d->first_at) {
		had = d->first_word;
		d->first_word |= mask;
		return (uint32_t)__builtin_popcountll(mask & ~had);
	}
	*live |= its;
	d->map[word] = had | mask;
	return (uint32_t)__builtin_popcountll(mask & ~had);
}

// Marks units [from, to). Returns how many of them were not marked before.
static uint32_t mark_units(struct defrag_datagram *d, uint32_t from, uint32_t to)
{
	uint32_t fresh = 0;

	for (uint32_t end; from < to; from = end) {
		end = RTE_MIN(to, (from | 63) + 1);
		fresh += mark_word(d, from, end);
	}
	return fresh;
}

// How many of the units [from, to) are marked in a word of the map.
static uint32_t count_word(uint32_t word, uint64_t bits, uint32_t from, uint32_t to)
{
	uint32_t base = word * 64, low = from > base ? from - base : 0, high = to > base ? to - base : 0;

	if (low >= 64 || high <= low)
		return 0;
	bits &= high >= 64 ? UINT64_MAX : (UINT64_C(1) << high) - 1;
	return (uint32_t)__builtin_popcountll(bits >> low);
}

// How many of the units [from, to) are marked. Only words in use are looked at.
static uint32_t count_units(const struct defrag_datagram *d, uint32_t from, uint32_t to)
{
	uint32_t n = count_word(d->first_at, d->first_word, from, to);

	for (uint32_t i = from / 64 & ~63u; i < DEFRAG_MAP_WORDS; i += 64) {
		uint64_t words = d->live[i / 64] & (i < from / 64 ? UINT64_MAX << from / 64 % 64 : UINT64_MAX);
		for (; words; words &= words - 1) {
			uint32_t word = i + (uint32_t)__builtin_ctzll(words);
			if (word * 64 >= to)
				return n;
			n += count_word(word, d->map[word], from, to);
		}
	}
	return n;
}

// ---- a fragment comes ----

struct fragment {
	const uint8_t *data;
	const uint8_t *header; // IP header and what stands between it and the fragmented part
	uint32_t header_len;   // without the IPv6 fragment header
	uint32_t offset, len;  // bytes
	uint32_t id;
	uint8_t next_header;
	bool more;
	bool ipv4;
};

static bool ignore(struct defrag *df, struct packet *p, uint16_t reason)
{
	packet_note(p, reason);
	df->counters.ignored++;
	return false;
}

// Finds the fragment's fields. False when decode's offsets do not hold, which cannot come from the wire.
static bool read_fragment(const struct packet *p, struct fragment *f)
{
	bool ipv4 = p->flags & PKT_IPV4;
	uint32_t fixed = ipv4 ? 20 : 40 + IPV6_FRAGMENT_HEADER;

	if (p->payload_off > p->len || p->payload_len > p->len - p->payload_off || p->l3_off > p->payload_off ||
		p->payload_off - p->l3_off < fixed)
		return false;
	const uint8_t *h = p->data + p->l3_off, *fh = p->data + p->payload_off - IPV6_FRAGMENT_HEADER;
	uint32_t field = ipv4 ? be16(h + 6) : be16(fh + 2);
	*f = (struct fragment){
		.data = p->data + p->payload_off,
		.header = h,
		.header_len = p->payload_off - p->l3_off - (ipv4 ? 0 : IPV6_FRAGMENT_HEADER),
		.offset = ipv4 ? (field & 0x1fff) * DEFRAG_UNIT : field & 0xfff8,
		.len = p->payload_len,
		.id = ipv4 ? be16(h + 4) : be16(fh + 4) << 16 | be16(fh + 6),
		.next_header = ipv4 ? p->ip_proto : fh[0],
		.more = ipv4 ? field & 0x2000 : field & 1,
		.ipv4 = ipv4,
	};
	return true;
}

static uint32_t shortest_transport(uint8_t proto)
{
	switch (proto) {
	case 6: // TCP
		return 20;
	case 17: // UDP
	case 1:  // ICMP
	case 58: // ICMPv6
		return 8;
	case 132: // SCTP
		return 12;
	default:
		return 0;
	}
}

// RFC 1858 and RFC 3128: a transport header spread over fragments hides ports and flags from filters.
static bool is_tiny(const struct fragment *f)
{
	return (f->offset == 0 && f->len < shortest_transport(f->next_header)) ||
	       (f->offset == DEFRAG_UNIT && f->next_header == 6);
}

// Checks a fragment against its RFC. False: it cannot be part of a datagram (noted).
static bool check_fragment(struct defrag *df, struct packet *p, struct fragment *f)
{
	bool whole_units = f->len % DEFRAG_UNIT == 0;

	if ((f->ipv4 ? 20 : 0) + f->offset + f->len > DEFRAG_MAX_BYTES)
		return ignore(df, p, f->ipv4 ? DECODE_IPV4_FRAG_PKT_TOO_LARGE : DECODE_IPV6_FRAG_PKT_TOO_LARGE);
	if (f->more && !f->ipv4 && !whole_units)
		return ignore(df, p, DECODE_IPV6_FRAG_INVALID_LENGTH); // RFC 8200 section 4.5
	if (f->more && !whole_units)
		packet_note(p, DECODE_IPV4_FRAG_INVALID_LENGTH);
	if (f->more)
		f->len -= f->len % DEFRAG_UNIT; // what Linux makes of it
	if (f->more && f->len == 0)
		return ignore(df, p, f->ipv4 ? DECODE_IPV4_FRAG_INVALID_LENGTH : DECODE_IPV6_FRAG_INVALID_LENGTH);
	if (f->offset == 0 && f->header_len > DEFRAG_MAX_HEADER)
		return ignore(df, p, f->ipv4 ? DECODE_IPV4_FRAG_IGNORED : DECODE_IPV6_FRAG_IGNORED);
	if (is_tiny(f))
		packet_note(p, f->ipv4 ? DECODE_IPV4_FRAG_TINY : DECODE_IPV6_FRAG_TINY);
	return true;
}

static void keep_header(struct defrag_datagram *d, const struct fragment *f)
{
	if (f->offset != 0 || d->header_len != 0)
		return;
	memcpy(d->header, f->header, f->header_len);
	d->header_len = (uint16_t)f->header_len;
	d->next_header = f->next_header;
}

static uint32_t units_of(uint32_t bytes)
{
	return (bytes + DEFRAG_UNIT - 1) / DEFRAG_UNIT;
}

// Marks units [from, to), and counts among the datagram's those that lie within it. Returns how many were not marked
// before.
static uint32_t take_units(struct defrag_datagram *d, uint32_t from, uint32_t to)
{
	uint32_t end = d->have_end ? units_of(d->end) : DEFRAG_MAX_UNITS, split = RTE_MIN(RTE_MAX(from, end), to);
	uint32_t within = mark_units(d, from, split);

	d->units = (uint16_t)(d->units + within);
	return within + mark_units(d, split, to);
}

// Where the datagram ends, by its last fragment. When two disagree, or bytes came from behind the end, the
// shortest end holds, and it is said.
static void learn_end(struct defrag_datagram *d, struct packet *p, const struct fragment *f)
{
	uint32_t end = f->offset + f->len;
	bool beyond = d->have_end && (f->more ? end > d->end : end != d->end);

	if (!f->more && (!d->have_end || end < d->end)) {
		// only what lies between the ends is looked at, so that an end that moves a little each time costs
		// little
		uint32_t behind = count_units(d, units_of(end), d->have_end ? units_of(d->end) : DEFRAG_MAX_UNITS);
		beyond |= behind != 0;
		d->units = (uint16_t)(d->units - behind);
		d->end = end;
		d->have_end = true;
	}
	if (beyond)
		packet_note(p, f->ipv4 ? DECODE_IPV4_FRAG_END_CONFLICT : DECODE_IPV6_FRAG_END_CONFLICT);
}

// Adds a fragment to its datagram. False when the datagram is past a limit (noted).
static bool add_fragment(struct defrag *df, struct defrag_datagram *d, struct packet *p, const struct fragment *f)
{
	struct defrag_entry entry = {.offset = (uint16_t)f->offset, .len = (uint16_t)f->len};
	uint32_t bytes = sizeof(entry) + f->len;
	uint32_t from = f->offset / DEFRAG_UNIT, to = units_of(f->offset + f->len);

	if (d->fragments == df->config.max_fragments || d->log_bytes + bytes > DEFRAG_MAX_LOG ||
		!make_room(df, d, bytes))
		return ignore(df, p, f->ipv4 ? DECODE_IPV4_FRAG_IGNORED : DECODE_IPV6_FRAG_IGNORED);
	append_entry(df, d, entry, f->data);
	d->fragments++;
	keep_header(d, f);
	if (d->fragments == 1)
		d->first_at = (uint8_t)(from / 64);
	if (take_units(d, from, to) < to - from) {
		d->overlap = true;
		df->counters.overlaps++;
		packet_note(p, f->ipv4 ? DECODE_IPV4_FRAG_OVERLAP : DECODE_IPV6_FRAG_OVERLAP);
	}
	learn_end(d, p, f);
	return true;
}

static bool is_whole(const struct defrag_datagram *d)
{
	return d->have_end && d->header_len && d->units == units_of(d->end);
}

// RFC 6946: a fragment that is all of its datagram is taken by itself, whatever else has its identification.
static struct packet *unwrap_atomic(struct defrag *df, struct burst *b, struct packet *frag, const struct fragment *f)
{
	struct defrag_whole w = {.header = f->header,
		.header_len = f->header_len,
		.len = f->len,
		.next_header = f->next_header,
		.ipv4 = f->ipv4};

	return defrag_unwrap(df, &w, f->data, b, frag);
}

struct packet *defrag_packet(struct defrag *df, struct burst *b, struct packet *frag)
{
	struct fragment f;
	struct packet *p;

	if (!read_fragment(frag, &f) || !check_fragment(df, frag, &f))
		return NULL;
	df->counters.fragments[!f.ipv4]++;
	if (f.offset == 0 && !f.more) {
		p = unwrap_atomic(df, b, frag, &f);
	} else {
		struct defrag_datagram *d = find_datagram(df, frag, f.id);
		if (!add_fragment(df, d, frag, &f) || !is_whole(d))
			return NULL;
		p = defrag_rebuild(df, d, b, frag);
		release_datagram(df, index_of(df, d));
	}
	df->counters.rebuilt[!f.ipv4] += p != NULL;
	return p;
}
