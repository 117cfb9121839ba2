// Every complaint of decode, from the rows of decode_rows.h.
#include "tests/unit/decode_run.h"
#include "tests/unit/decode_rows.h"

static struct build b;

// The bytes alone in memory of their own, so that a sanitizer sees one read too many.
static uint8_t *copy_exactly(const struct build *from)
{
	uint8_t *bytes = malloc(from->len > 0 ? from->len : 1);
	assert_non_null(bytes);
	memcpy(bytes, from->data, from->len);
	return bytes;
}

static const struct packet *packet_with_event(uint16_t reason)
{
	for (uint32_t i = 0; i < run_burst.n; i++) {
		for (uint32_t k = 0; k < run_burst.list[i]->event_count; k++) {
			if (run_burst.list[i]->events[k] == reason)
				return run_burst.list[i];
		}
	}
	return NULL;
}

// Edits spoil checksums on the way, so they are checked only by the rows about them.
static void set_checks(const struct decode_row *row)
{
	bool check = strstr(drop_table[row->reason].name, "checksum") != NULL;
	run_decoder.config.check_l3_csum = run_decoder.config.check_l4_csum = check;
}

static void each_malformation_is_named_and_nothing_else_is(void **state)
{
	for (uint32_t i = 0; i < DECODE_ROWS; i++) {
		const struct decode_row *row = &decode_rows[i];
		decode_row_build(row, &b);
		uint8_t *bytes = copy_exactly(&b);
		run_start();
		set_checks(row);
		run_one(row->link_type, bytes, b.len);
		const struct packet *p = packet_with_event((uint16_t)row->reason);
		uint32_t expected = row->also != DROP_NONE ? 2 : 1;
		if (p == NULL || run_count_events() != expected)
			print_error("row %u, %s: %u events\n", i, drop_table[row->reason].id, run_count_events());
		assert_non_null(p);
		assert_int_equal(run_count_events(), expected);
		assert_int_equal(run_decoder.counters.reasons[row->also], row->also != DROP_NONE);
		assert_int_equal(run_decoder.counters.reasons[row->reason], 1);
		if (!!(p->flags & PKT_INVALID) != row->drop)
			print_error("row %u, %s: malformed or not?\n", i, drop_table[row->reason].id);
		assert_int_equal(!!(p->flags & PKT_INVALID), row->drop);
		assert_int_equal(p->drop_reason, row->drop ? row->reason : DROP_NONE);
		free(bytes);
	}
}

static void the_ledger_has_one_reason_for_each_malformed_frame(void **state)
{
	uint64_t invalid = 0, ledger = 0;
	run_start();
	for (uint32_t i = 0; i < DECODE_ROWS; i++) {
		decode_row_build(&decode_rows[i], &b);
		run_built(decode_rows[i].link_type, &b);
		invalid += !!(run_burst.frames[0].flags & PKT_INVALID);
	}
	for (uint32_t i = 0; i < DROP_REASON_COUNT; i++)
		ledger += run_decoder.counters.ledger[i];
	assert_true(invalid > 50);
	assert_int_equal(run_decoder.counters.invalid, invalid);
	assert_int_equal(ledger, invalid);
	assert_int_equal(run_decoder.counters.pkts, DECODE_ROWS);
}

// What is wrong with fragments is the defragmenter's to say, and test_defrag.c's to test.
static bool is_ours(uint16_t reason)
{
	const char *id = drop_table[reason].id;
	return strncmp(id, "DECODE_", 7) == 0 && strstr(id, "_FRAG_") == NULL;
}

static void every_reason_of_decode_has_a_row(void **state)
{
	for (uint32_t reason = 1; reason < DROP_REASON_COUNT; reason++) {
		bool found = !is_ours((uint16_t)reason);
		for (uint32_t i = 0; i < DECODE_ROWS && !found; i++)
			found = decode_rows[i].reason == reason;
		if (!found)
			print_error("%s has no row\n", drop_table[reason].id);
		assert_true(found);
	}
}

// A reason that only sometimes ends inspection: a list of options or tags can be wrong in part or past reading.
static bool comes_in_two_kinds(uint16_t reason)
{
	return reason == DECODE_IPV6_EXTHDR_INVALID_OPTLEN || reason == DECODE_PPPOE_MALFORMED_TAGS;
}

static void rows_agree_with_what_drops_def_says(void **state)
{
	for (uint32_t i = 0; i < DECODE_ROWS; i++) {
		const struct decode_row *row = &decode_rows[i];
		if (comes_in_two_kinds((uint16_t)row->reason))
			continue;
		assert_int_equal(drop_table[row->reason].action == DROP_PACKET, row->drop);
	}
}

static void every_frame_cut_anywhere_is_decoded_within_its_bounds(void **state)
{
	for (uint32_t i = 0; i < DECODE_ROWS; i++) {
		decode_row_build(&decode_rows[i], &b);
		uint32_t whole = b.len;
		for (uint32_t len = 0; len < whole; len++) {
			b.len = len;
			uint8_t *bytes = copy_exactly(&b);
			run_start();
			run_one(decode_rows[i].link_type, bytes, len);
			for (uint32_t k = 0; k < run_burst.n; k++) {
				const struct packet *p = run_burst.list[k];
				assert_true(p->data >= bytes && p->data + p->len <= bytes + len);
				assert_true(p->payload_off <= p->len && p->payload_len <= p->len - p->payload_off);
				assert_true(p->l3_off <= p->len && p->l4_off <= p->len);
			}
			free(bytes);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_malformation_is_named_and_nothing_else_is),
		cmocka_unit_test(the_ledger_has_one_reason_for_each_malformed_frame),
		cmocka_unit_test(every_reason_of_decode_has_a_row),
		cmocka_unit_test(rows_agree_with_what_drops_def_says),
		cmocka_unit_test(every_frame_cut_anywhere_is_decoded_within_its_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
