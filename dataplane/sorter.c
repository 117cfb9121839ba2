// Sorting of packets, see sorter.h.
#include "dataplane/sorter.h"

#include <errno.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

// What is sure of packets of this kind and segment: the classes they go to, or by which other bits of a look they are
// told apart.
static struct sorter_sure sure_of(const struct sorter *s, uint32_t kind, uint32_t segment)
{
	const uint32_t *of = s->classes_of + (kind << LOOK_KIND_SHIFT), fixed = packet_segment_look(segment);
	struct sorter_sure sure = {.classes = of[fixed]};

	for (uint32_t look = 0; look < 1u << LOOK_KIND_SHIFT; look++) {
		if ((look & LOOK_SEGMENT) != fixed)
			continue;
		for (uint32_t bit = 1; bit < 1u << LOOK_KIND_SHIFT; bit <<= 1)
			sure.telling |= !(bit & LOOK_SEGMENT) && of[look] != of[look & ~bit] ? bit : 0;
	}
	return sure;
}

// The classes of a packet, found out by no more of it than anybody asks.
static inline uint32_t classes_of(const struct sorter *s, const struct packet *p)
{
	const struct sorter_sure *sure = &s->sure[packet_kind(p)][p->tcp_flags % PACKET_SEGMENTS];

	if (!sure->telling)
		return sure->classes;
	return s->classes_of[sure->telling & LOOK_FAR ? packet_look(p) : packet_look_near(p)];
}

int sorter_add(struct sorter *s, uint32_t d, const struct detector *ops)
{
	uint32_t kinds = packet_kinds_wanted(ops), c = 0;

	while (c < s->class_count && (s->classes[c].kinds != kinds || s->classes[c].only != ops->only))
		c++;
	if (c == SORTER_MAX_CLASSES)
		return -ENOSPC;
	if (c == s->class_count) {
		s->classes[c].kinds = kinds;
		s->classes[c].only = ops->only;
		s->class_count++;
		for (uint32_t look = 0; look < PACKET_LOOKS; look++)
			s->classes_of[look] |= (uint32_t)packet_look_wanted(ops, look) << c;
	}
	for (uint32_t i = 0; i < PACKET_KINDS * PACKET_SEGMENTS; i++)
		s->sure[i / PACKET_SEGMENTS][i % PACKET_SEGMENTS] =
			sure_of(s, i / PACKET_SEGMENTS, i % PACKET_SEGMENTS);
	s->classes[c].detectors |= 1ull << d;
	return (int)c;
}

// Bit i: class c wants packet i of the four from `classes` on.
static inline uint32_t four(const uint32_t *classes, uint32_t c)
{
#ifdef __SSE2__
	__m128i v = _mm_load_si128((const __m128i *)classes);
	return (uint32_t)_mm_movemask_ps(_mm_castsi128_ps(_mm_sll_epi32(v, _mm_cvtsi32_si128(31 - (int32_t)c))));
#else
	return (classes[0] >> c & 1) | (classes[1] >> c & 1) << 1 | (classes[2] >> c & 1) << 2 |
	       (classes[3] >> c & 1) << 3;
#endif
}

// Puts the packets that class c wants on its list. classes: a multiple of 32, zero behind the burst.
static void fill(struct sorter_class *class, uint32_t c, const struct burst *b, const uint32_t *classes)
{
	uint32_t n = 0;

	for (uint32_t at = 0; at < b->n; at += 32) {
		uint32_t wanted = 0;
		for (uint32_t i = 0; i < 32; i += 4)
			wanted |= four(classes + at + i, c) << i;
		for (; wanted; wanted &= wanted - 1)
			class->list[n++] = b->list[at + (uint32_t)__builtin_ctz(wanted)];
	}
	class->n = n;
	class->pkts = class->list;
}

uint64_t sorter_sort(struct sorter *s, const struct burst *b)
{
	uint32_t classes[PKT_BURST * PKT_MAX_DEPTH] __attribute__((aligned(16))), any = 0, all = UINT32_MAX;
	uint64_t detectors = 0;

	for (uint32_t i = 0; i < b->n; i++) {
		classes[i] = classes_of(s, b->list[i]);
		any |= classes[i];
		all &= classes[i];
	}
	for (uint32_t i = b->n; i % 32; i++)
		classes[i] = 0;
	for (; any; any &= any - 1) {
		uint32_t c = (uint32_t)__builtin_ctz(any);
		struct sorter_class *class = &s->classes[c];
		detectors |= class->detectors;
		if (all >> c & 1) { // a flood is shown as it is
			class->n = b->n;
			class->pkts = b->list;
		} else {
			fill(class, c, b, classes);
		}
	}
	return detectors;
}
