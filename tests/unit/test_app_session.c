// The memory of parsers, their transactions, and the records they write.
#include "tests/unit/parser_lab.h"

#include "tests/unit/line_parser.h"
#include "tests/unit/random_below.h"

#define POOL_BYTES (1u << 20)

static struct app_pool *make_pool(void)
{
	void *mem = aligned_alloc(64, (app_pool_size(POOL_BYTES) + 63) & ~(size_t)63);

	assert_non_null(mem);
	return app_pool_init(mem, POOL_BYTES);
}

static void pool_lends_blocks_apart_and_takes_them_back(void **state)
{
	struct app_pool *p = make_pool();
	struct {
		uint8_t *at;
		uint32_t len;
	} held[256] = {0};
	uint64_t sum = 0;

	for (uint32_t i = 0; i < 20000; i++) {
		uint32_t at = random_below(256), len = 1 + random_below(1u << random_below(15));
		if (held[at].at) {
			for (uint32_t b = 0; b < held[at].len; b++)
				assert_int_equal(held[at].at[b], (uint8_t)at);
			sum -= app_pool_give(p, held[at].at);
			held[at].at = NULL;
			continue;
		}
		held[at].at = app_pool_take(p, len);
		held[at].len = len;
		if (!held[at].at)
			continue;
		memset(held[at].at, (int)at, len);
		sum += app_pool_block(len);
		assert_int_equal(app_pool_stats(p)->in_use, sum);
	}
	for (uint32_t i = 0; i < 256; i++)
		if (held[i].at)
			app_pool_give(p, held[i].at);
	assert_int_equal(app_pool_stats(p)->in_use, 0);
	free(p);
}

static void pool_of_small_blocks_given_back_lends_large_ones(void **state)
{
	struct app_pool *p = make_pool();
	static void *small[POOL_BYTES / APP_POOL_BLOCK_MIN];
	uint32_t n = sizeof(small) / sizeof(small[0]);

	for (uint32_t i = 0; i < n; i++)
		assert_non_null(small[i] = app_pool_take(p, 1));
	assert_null(app_pool_take(p, 1));
	assert_int_equal(app_pool_stats(p)->refused, 1);
	for (uint32_t i = 0; i < n; i++)
		app_pool_give(p, small[(i * 7919) % n]);
	for (uint32_t i = 0; i < POOL_BYTES / APP_ALLOC_MAX; i++)
		assert_non_null(app_pool_take(p, APP_ALLOC_MAX));
	assert_int_equal(app_pool_stats(p)->in_use, app_pool_stats(p)->size);
	free(p);
}

static void pool_refuses_more_than_a_block_can_hold(void **state)
{
	struct app_pool *p = make_pool();

	assert_null(app_pool_take(p, APP_ALLOC_MAX + 1));
	assert_null(app_pool_take(p, UINT32_MAX));
	assert_non_null(app_pool_take(p, 0));
	free(p);
}

static void a_flow_has_no_more_than_its_share(void **state)
{
	static struct parser_lab lab;

	plab_open(&lab, &line_parser, OVER_TCP);
	for (uint32_t left = PLAB_FLOW_BYTES / APP_ALLOC_MAX - 1; left; left--)
		assert_non_null(app_alloc(lab.run, APP_ALLOC_MAX));
	assert_null(app_alloc(lab.run, APP_ALLOC_MAX));
	assert_int_equal(lab.run->refused.flow_memory, 1);
	assert_int_equal(app_pool_stats(lab.pool)->refused, 0);
	free(lab.pool);
	free(lab.run);
}

static void text_keeps_its_front(void **state)
{
	static struct parser_lab lab;
	struct app_text t = {0};

	plab_open(&lab, &line_parser, OVER_TCP);
	assert_true(app_text_add(lab.run, &t, (const uint8_t *)"hello ", 6, 8));
	assert_false(app_text_add(lab.run, &t, (const uint8_t *)"world", 5, 8));
	assert_int_equal(t.len, 8);
	assert_memory_equal(t.at, "hello wo", 8);
	assert_true(app_text_add(lab.run, &t, NULL, 0, 8));
	for (uint32_t i = 0; i < 40000; i++)
		app_text_add(lab.run, &t, (const uint8_t *)"abcd", 4, UINT32_MAX);
	assert_int_equal(t.len, APP_ALLOC_MAX);
	assert_memory_equal(t.at + APP_ALLOC_MAX - 8, "abcdabcd", 8);
	app_text_free(lab.run, &t);
	plab_close(&lab);
}

static void transactions_stand_in_order_and_are_told_by_name(void **state)
{
	static struct parser_lab lab;
	uint64_t len;

	plab_open(&lab, &line_parser, OVER_TCP);
	plab_feed_string(&lab, 0, "one\ntw");
	assert_int_equal(plab_count(&lab), 1);
	plab_feed_string(&lab, 0, "o\n");
	plab_feed_string(&lab, 1, "yes\\\1\n");
	assert_int_equal(plab_count(&lab), 2);
	assert_string_equal(plab_text(&lab, plab_tx(&lab, 1), "line", 0, 0), "two");
	assert_string_equal(plab_text(&lab, plab_tx(&lab, 0), "line", 1, 0), "yes\\x5c\\x01");
	assert_null(plab_text(&lab, plab_tx(&lab, 1), "line", 1, 0));
	assert_null(plab_text(&lab, plab_tx(&lab, 0), "line", 0, 1));
	assert_true(plab_field(&lab, plab_tx(&lab, 0), "line.len", 0, 0, &len));
	assert_int_equal(len, 3);
	assert_string_equal(plab_log(&lab, plab_tx(&lab, 1)), "line:{request:\"two\",lengths:[3,0],answered:false}");
	assert_true(app_tx_over(&line_parser, plab_tx(&lab, 0)));
	assert_false(app_tx_over(&line_parser, plab_tx(&lab, 1)));
	plab_close(&lab);
}

static void transactions_are_the_same_however_bytes_are_cut(void **state)
{
	const struct plab_said said[] = {PLAB_SAID(0, "first\nsecond\n"), PLAB_SAID(1, "a\n"),
		PLAB_SAID(0, "third\nquit\n"), PLAB_SAID(1, "b\nc\nd\n")};
	char *told = plab_every_split(&line_parser, said, 4);

	assert_non_null(strstr(told, "tx 3 progress 1 1\n"));
	assert_non_null(strstr(told, "line:{request:\"second\",answer:\"b\",lengths:[6,1],answered:true}"));
	free(told);
}

static void transactions_past_the_limit_stop_the_parser(void **state)
{
	static struct parser_lab lab;

	plab_open(&lab, &line_parser, OVER_TCP);
	plab_limits(&lab)->max_tx = 3;
	plab_feed_string(&lab, 0, "1\n2\n3\n4\n");
	assert_int_equal(lab.answer, PARSE_STOP);
	assert_int_equal(plab_count(&lab), 3);
	assert_int_equal(lab.run->refused.max_tx, 1);
	assert_true(plab_tx(&lab, 2)->stopped);
	plab_feed_string(&lab, 0, "5\n");
	assert_int_equal(lab.answer, PARSE_DONE);
	plab_close(&lab);
}

static void events_are_noted_once_on_a_transaction_or_on_the_flow(void **state)
{
	static struct parser_lab lab;
	static char line[5001];

	plab_open(&lab, &line_parser, OVER_TCP);
	memset(line, 'x', 5000);
	line[4999] = '\n';
	plab_feed(&lab, 0, line, 5000);
	assert_true(plab_has_event(&lab, plab_tx(&lab, 0), "long_line"));
	assert_false(plab_has_event(&lab, NULL, "long_line"));
	app_event(lab.run, lab.s, plab_tx(&lab, 0), 0);
	assert_int_equal(plab_tx(&lab, 0)->event_count, 1);
	app_event(lab.run, lab.s, NULL, 0);
	assert_true(plab_has_event(&lab, NULL, "long_line"));
	plab_close(&lab);
}

// A record is whole items up to any room, closed as it was opened.
static void records_are_cut_at_their_room(void **state)
{
	static struct parser_lab lab;
	uint8_t *record;

	plab_open(&lab, &line_parser, OVER_TCP);
	plab_feed_string(&lab, 0, "a request of some length\n");
	plab_feed_string(&lab, 1, "its answer\n");
	uint32_t whole = app_log_tx(&line_parser, plab_tx(&lab, 0), lab.record, sizeof(lab.record));
	for (uint32_t room = 0; room <= whole; room++) {
		struct app_log_item i;
		int depth = 0;
		record = malloc(room ? room : 1);
		uint32_t len = app_log_tx(&line_parser, plab_tx(&lab, 0), record, room);
		const uint8_t *at = record;
		assert_true(len <= room && (room < whole || len == whole));
		while (app_log_next(&at, record + len, &i)) {
			depth += i.type == LOG_OBJECT || i.type == LOG_LIST ? 1 : i.type == LOG_CLOSE ? -1 : 0;
			assert_true(depth >= 0);
		}
		assert_int_equal(depth, 0);
		free(record);
	}
	plab_close(&lab);
}

static void protocols_have_their_names(void **state)
{
	assert_string_equal(app_proto_name(APP_HTTP1), "http1");
	assert_string_equal(app_proto_eve_name(APP_HTTP1), "http");
	assert_string_equal(app_proto_eve_name(APP_TLS), "tls");
	assert_string_equal(app_proto_name(APP_FAILED), "failed");
	assert_string_equal(app_proto_name(60000), "unknown");
	assert_int_equal(app_proto_by_name("bittorrent-dht"), APP_BITTORRENT_DHT);
	assert_int_equal(app_proto_by_name("failed"), APP_UNKNOWN);
	for (const struct parser *const *p = parser_table; *p; p++)
		assert_true((*p)->proto > APP_FAILED && (*p)->proto < APP_PROTO_COUNT && (*p)->over);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pool_lends_blocks_apart_and_takes_them_back),
		cmocka_unit_test(pool_of_small_blocks_given_back_lends_large_ones),
		cmocka_unit_test(pool_refuses_more_than_a_block_can_hold),
		cmocka_unit_test(a_flow_has_no_more_than_its_share),
		cmocka_unit_test(text_keeps_its_front),
		cmocka_unit_test(transactions_stand_in_order_and_are_told_by_name),
		cmocka_unit_test(transactions_are_the_same_however_bytes_are_cut),
		cmocka_unit_test(transactions_past_the_limit_stop_the_parser),
		cmocka_unit_test(events_are_noted_once_on_a_transaction_or_on_the_flow),
		cmocka_unit_test(records_are_cut_at_their_room),
		cmocka_unit_test(protocols_have_their_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
