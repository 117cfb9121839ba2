// Sorting of packets by detector: what a packet is, written down plainly, against the tables that say it; every
// detector gets the packets it wants, all of them, in order.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/sorter.h"
#include "detectors/heuristics/udp_services.h"
#include "tests/unit/random_below.h"

static uint16_t random_port(void)
{
	static const uint16_t ports[] = {17, 53, 67, 80, 88, 123, 161, 443, 500, 1900, 4500, 5060, 11211, 47808};
	return random_below(2) ? ports[random_below(14)] : (uint16_t)random_below(65536);
}

static void make(struct packet *p)
{
	static const uint32_t kinds[] = {PKT_TCP, PKT_TCP, PKT_UDP, PKT_UDP, PKT_ICMPV4, PKT_ICMPV6, PKT_ARP, PKT_SCTP,
		PKT_ESP, 0, PKT_FRAGMENT, PKT_FRAGMENT | PKT_UDP, PKT_INVALID, PKT_INVALID | PKT_TCP};
	static const uint32_t ordinals[] = {
		0, 1, 2, 3, 8, 63, 64, 65, 255, 256, 257, 320, 512, 513, 1 << 20, UINT32_MAX};
	memset(p, 0xa5, sizeof(*p));
	p->flags = PKT_IPV4 | kinds[random_below(14)];
	p->dir = (uint8_t)random_below(2);
	p->nth[0] = ordinals[random_below(16)];
	p->nth[1] = ordinals[random_below(16)];
	p->payload_len = random_below(2) * random_below(1400);
	p->tcp_flags = (uint8_t)random_below(256);
	p->sport = random_port();
	p->dport = random_port();
	p->seq = random_below(1 << 20);
}

static uint32_t kind_of(const struct packet *p)
{
	if (p->flags & PKT_INVALID)
		return DET_INVALID;
	if (p->flags & PKT_FRAGMENT)
		return DET_FRAGMENT;
	if (p->flags & PKT_TCP)
		return DET_TCP;
	if (p->flags & PKT_UDP)
		return DET_UDP;
	if (p->flags & PKT_ICMP)
		return DET_ICMP;
	return p->flags & PKT_ARP ? DET_ARP : DET_OTHER;
}

static bool is_named(uint16_t port)
{
	static const uint16_t named[] = {53, 67, 68, 69, 88, 161, 500, 546, 547, 1194, 4500, 5060};
	for (uint32_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (named[i] == port)
			return true;
	return false;
}

static bool has_trait(const struct packet *p, uint32_t trait)
{
	uint32_t nth = p->nth[p->dir], kind = kind_of(p);
	bool tcp = kind == DET_TCP, flows = tcp || kind == DET_UDP;
	switch (trait) {
	case DET_FIRST:
		return nth <= 1 || !flows;
	case DET_START:
		return nth <= 2 || !flows;
	case DET_SYN:
		return tcp && p->tcp_flags & 0x02;
	case DET_CLOSE:
		return tcp && p->tcp_flags & 0x05;
	case DET_EARLY:
		return tcp && p->payload_len && nth <= 64;
	case DET_DATA:
		return p->payload_len != 0;
	case DET_BARE:
		return tcp && p->payload_len == 0 && !(p->tcp_flags & 0x07);
	case DET_STEP:
		return nth > 64 && nth % 256 == 0;
	case DET_NAMED:
		return is_named(p->sport) || is_named(p->dport);
	default:
		return (uint32_t)p->seq * 0x9e3779b1u >> 29 == 0;
	}
}

static void a_look_says_what_the_packet_is(void **state)
{
	struct packet p;
	for (uint32_t i = 0; i < 200000; i++) {
		make(&p);
		uint32_t look = packet_look(&p), traits = packet_look_traits(look);
		assert_true(look < PACKET_LOOKS);
		struct detector d = {.wants = kind_of(&p)};
		assert_int_equal(packet_kinds_wanted(&d), 1u << packet_look_kind(look));
		for (uint32_t trait = DET_FIRST; trait <= DET_SAMPLE; trait <<= 1)
			if (has_trait(&p, trait) != ((traits & trait) != 0))
				fail_msg("trait %#x of a packet of look %#x: %#x", trait, look, traits);
	}
}

static void packets_from_every_service_that_is_abused_have_that_trait(void **state)
{
#define PORT(w, port, bytes, name) port,
	static const uint16_t services[] = {UDP_SERVICES(PORT, 0)};
#undef PORT
	struct packet p;
	uint32_t others = 0;
	make(&p);
	for (uint32_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
		p.sport = services[i];
		assert_true(packet_look_traits(packet_look(&p)) & DET_REFLECTED);
	}
	for (uint32_t port = 0; port < 65536; port++) {
		p.sport = (uint16_t)port;
		others += (packet_look_traits(packet_look(&p)) & DET_REFLECTED) != 0;
	}
	assert_true(others <= 65536 / 32);
}

#define DETECTORS 40u
static struct detector detectors[DETECTORS];
static struct sorter sorter;
static struct burst burst;

static void check_lists(uint64_t got, uint32_t count)
{
	for (uint32_t d = 0; d < count; d++) {
		const struct sorter_class *c = NULL;
		uint32_t n = 0;
		for (uint32_t k = 0; k < sorter.class_count; k++)
			c = sorter.classes[k].detectors >> d & 1 ? &sorter.classes[k] : c;
		assert_non_null(c);
		for (uint32_t i = 0; i < burst.n; i++)
			if (packet_look_wanted(&detectors[d], packet_look(burst.list[i])))
				assert_ptr_equal(got >> d & 1 ? c->pkts[n++] : NULL, burst.list[i]);
		assert_int_equal(got >> d & 1, n != 0);
		assert_int_equal(got >> d & 1 ? c->n : 0, n);
	}
}

// Bursts of all sorts, to detectors[0..count).
static void check_bursts(uint32_t rounds, uint32_t count)
{
	for (uint32_t round = 0; round < rounds; round++) {
		burst.n = 0;
		for (uint32_t i = 0, n = random_below(33); i < n; i++) {
			make(&burst.frames[i]);
			burst_push(&burst, &burst.frames[i]);
			for (uint32_t inner = random_below(4) ? 0 : random_below(4); inner; inner--) {
				struct packet *p = &burst.extra[i * 4 + inner];
				make(p);
				burst_push(&burst, p);
			}
		}
		if (round % 3 == 0) // a flood: all alike
			for (uint32_t i = 1; i < burst.n; i++)
				*burst.list[i] = *burst.list[0];
		check_lists(sorter_sort(&sorter, &burst), count);
	}
}

static void every_detector_gets_what_it_wants_in_order(void **state)
{
	memset(&sorter, 0, sizeof(sorter));
	for (uint32_t d = 0; d < DETECTORS; d++) {
		uint32_t like = d % 20; // two of each class
		detectors[d].wants = like < 8 ? 1u << like % 6 : DET_ALL | (like & 1 ? DET_INVALID : 0);
		detectors[d].only = like < 4 ? 0 : 1u << like % 11;
		assert_true(sorter_add(&sorter, d, &detectors[d]) >= 0);
	}
	assert_int_equal(sorter.class_count, 20);
	check_bursts(3000, DETECTORS);
}

// With few detectors less of a packet is looked at.
static void few_detectors_get_what_they_want_too(void **state)
{
	for (uint32_t round = 0; round < 300; round++) {
		uint32_t count = 1 + random_below(3);
		memset(&sorter, 0, sizeof(sorter));
		for (uint32_t d = 0; d < count; d++) {
			detectors[d].wants = 1 + random_below(DET_ALL);
			detectors[d].only = random_below(3) ? 1u << random_below(11) : 0;
			sorter_add(&sorter, d, &detectors[d]);
		}
		check_bursts(10, count);
	}
}

static void more_classes_than_a_sorter_holds_are_refused(void **state)
{
	memset(&sorter, 0, sizeof(sorter));
	struct detector d = {.wants = DET_TCP};
	for (d.only = 0; d.only < SORTER_MAX_CLASSES; d.only++)
		assert_int_equal(sorter_add(&sorter, d.only, &d), (int)d.only);
	assert_true(sorter_add(&sorter, 40, &d) < 0);
	d.only = 3;
	assert_int_equal(sorter_add(&sorter, 40, &d), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_look_says_what_the_packet_is),
		cmocka_unit_test(packets_from_every_service_that_is_abused_have_that_trait),
		cmocka_unit_test(every_detector_gets_what_it_wants_in_order),
		cmocka_unit_test(few_detectors_get_what_they_want_too),
		cmocka_unit_test(more_classes_than_a_sorter_holds_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
