// Checksums against sums taken byte by byte, and against values from RFCs.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "dataplane/checksum.h"
#include "tests/unit/build_packet.h"

static uint8_t bytes[70000];

static void fill_bytes(void)
{
	uint32_t x = 1;
	for (uint32_t i = 0; i < sizeof(bytes); i++) {
		x = x * 1664525 + 1013904223;
		bytes[i] = (uint8_t)(x >> 24);
	}
}

// The fast sum works in host order; this one in network order.
static uint16_t slow_sum(const uint8_t *at, uint32_t len)
{
	return htons((uint16_t)build_sum(at, len, 0));
}

static void sums_agree_for_every_length_and_alignment(void **state)
{
	fill_bytes();
	for (uint32_t off = 0; off < 9; off++) {
		for (uint32_t len = 0; len < 300; len++) {
			uint16_t fast = checksum_fold(checksum_add(bytes + off, len, 0));
			assert_int_equal(fast % 0xffff, slow_sum(bytes + off, len) % 0xffff);
		}
	}
	for (uint32_t len = 65000; len < 65536; len += 67)
		assert_int_equal(checksum_fold(checksum_add(bytes, len, 0)) % 0xffff, slow_sum(bytes, len) % 0xffff);
}

static void sums_of_ones_carry_all_the_way(void **state)
{
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(
		checksum_fold(checksum_add(bytes, 65535, UINT64_MAX)) % 0xffff, slow_sum(bytes, 65535) % 0xffff);
	assert_int_equal(checksum_fold(checksum_add(bytes, 65534, UINT64_MAX)), 0xffff);
}

static void a_sum_can_be_taken_in_pieces(void **state)
{
	fill_bytes();
	uint64_t sum = 0;
	for (uint32_t at = 0; at < 1500; at += 50)
		sum = checksum_add(bytes + at, 50, sum);
	assert_int_equal(checksum_fold(sum), checksum_fold(checksum_add(bytes, 1500, 0)));
}

static void the_example_of_rfc_1071_gives_its_sum(void **state)
{
	static const uint8_t example[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
	assert_int_equal(checksum_fold(checksum_add(example, sizeof(example), 0)), htons(0xddf2));
}

static void the_pseudo_header_is_that_of_the_rfcs(void **state)
{
	static struct build b;
	build_start(&b);
	build_ipv6(&b, "2001:db8::1", "2001:db8::2", 6);
	build_tcp(&b, 1, 2, BUILD_TCP_SYN, 3, 4);
	build_text(&b, "odd");
	build_finish(&b);
	uint64_t sum = checksum_pseudo(b.data + 8, 32, 6, b.len - 40);
	assert_int_equal(checksum_fold(checksum_add(b.data + 40, b.len - 40, sum)), 0xffff);
	b.data[50] ^= 1;
	assert_int_not_equal(checksum_fold(checksum_add(b.data + 40, b.len - 40, sum)), 0xffff);
}

static void an_ipv4_header_proves_itself(void **state)
{
	uint8_t header[20] = {0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11, 0xb8, 0x61, 0xc0, 0xa8, 0x00,
		0x01, 0xc0, 0xa8, 0x00, 0xc7};
	assert_true(checksum_ipv4_ok(header, 20));
	header[8]--;
	assert_false(checksum_ipv4_ok(header, 20));
}

// RFC 3720 B.4 gives CRC32c of 32 bytes of zeros as aa 36 91 8a; here the 4 zeros at offset 8 are the checksum field.
static void sctp_takes_crc32c_over_a_zeroed_field(void **state)
{
	uint8_t zeros[32] = {0};
	memset(zeros + 8, 0xee, 4); // whatever stands in the field
	assert_int_equal(checksum_sctp(zeros, 32), 0x8a9136aa);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_agree_for_every_length_and_alignment),
		cmocka_unit_test(sums_of_ones_carry_all_the_way),
		cmocka_unit_test(a_sum_can_be_taken_in_pieces),
		cmocka_unit_test(the_example_of_rfc_1071_gives_its_sum),
		cmocka_unit_test(the_pseudo_header_is_that_of_the_rfcs),
		cmocka_unit_test(an_ipv4_header_proves_itself),
		cmocka_unit_test(sctp_takes_crc32c_over_a_zeroed_field),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
