// Where captures come from: files, directories, pipes, gzip; and how they are handed out.
#include "tests/unit/capture_lab.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

// ---- inputs ----

static void several_files_are_numbered_through(void **state)
{
	pcap_with(40);
	const char *paths[2] = {save_as("one.pcap"), NULL};
	pcap_with(3);
	paths[1] = save_as("two.pcap");
	assert_int_equal(read_paths(paths, 2), 0);
	assert_int_equal(seen.n, 43); // take() checks the ordinals
	assert_silent();
}

static void a_directory_is_read_in_name_order_without_what_is_no_capture(void **state)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/d", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/d/sub", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	start(false);
	pcap_header(0xa1b2c3d4, 1);
	pcap_record(1, 0, 'b', 60, 60);
	save_as("d/b.pcap");
	save_as("d/.hidden");
	save_as("d/sub/deeper.pcap");
	start(false);
	pcap_header(0xa1b2c3d4, 1);
	pcap_record(1, 0, 'a', 60, 60);
	save_as("d/a.pcap");
	start(false);
	put("just some text", 14);
	save_as("d/notes.txt");
	assert_int_equal(read_one(in_dir("d")), 0);
	assert_int_equal(seen.n, 2);
	assert_int_equal(seen.first_byte[0], 'a');
	assert_int_equal(seen.first_byte[1], 'b');
	assert_said("notes.txt: not a capture");
	assert_int_equal(seen.warnings, 1);
	assert_int_equal(seen.complaints, 0);
}

static void an_empty_directory_is_an_error(void **state)
{
	assert_int_equal(mkdir(in_dir("empty"), 0700), 0);
	assert_int_equal(read_one(in_dir("empty")), -ENOENT);
	assert_said("the directory holds no files");
}

static void a_directory_without_a_capture_is_an_error(void **state)
{
	assert_int_equal(mkdir(in_dir("texts"), 0700), 0);
	start(false);
	put("just some text", 14);
	save_as("texts/notes.txt");
	assert_int_equal(read_one(in_dir("texts")), -EINVAL);
	assert_said("texts: no file of the directory is a capture; expected pcap or pcapng");
}

static void a_named_file_that_is_no_capture_fails_before_anything_is_read(void **state)
{
	pcap_with(5);
	const char *paths[2] = {save_as("good.pcap"), NULL};
	start(false);
	put("GET / HTTP/1.1\r\n", 16);
	paths[1] = save_as("text.pcap");
	assert_int_equal(read_paths(paths, 2), -EINVAL);
	assert_int_equal(seen.n, 0);
	assert_int_equal(seen.complaints, 1);
	assert_said("text.pcap: not a capture; expected pcap or pcapng");
}

static void an_empty_file_is_no_capture_and_a_missing_one_is_named(void **state)
{
	start(false);
	assert_int_equal(read_one(save_as("zero.pcap")), -EINVAL);
	assert_said("zero.pcap: not a capture (the file is empty)");
	assert_int_equal(read_one(in_dir("missing.pcap")), -ENOENT);
	assert_said("missing.pcap: cannot read: No such file or directory");
}

static void a_capture_without_packets_is_a_warning(void **state)
{
	pcap_with(0);
	assert_int_equal(read_one(save_as("none.pcap")), 0);
	assert_int_equal(seen.n, 0);
	assert_said("none.pcap: the capture holds no packets");
	assert_int_equal(seen.complaints, 0);
	start(false);
	ng_section();
	assert_int_equal(read_one(save_as("none.pcapng")), 0);
	assert_said("none.pcapng: the capture holds no packets");
}

// ---- pipes ----

// Writes the capture into a fifo in pieces of a few bytes, with pauses, from a child process.
static pid_t feed_fifo(const char *path, size_t piece)
{
	pid_t child = fork();

	if (child != 0)
		return child;
	int fd = open(path, O_WRONLY);
	for (size_t at = 0; at < w.len; at += piece) {
		size_t n = w.len - at < piece ? w.len - at : piece;
		if (write(fd, w.bytes + at, n) != (ssize_t)n)
			_exit(1);
		usleep(100);
	}
	_exit(0);
}

static void a_pipe_that_trickles_is_read_like_a_file(void **state)
{
	const char *path = in_dir("fifo");

	assert_int_equal(mkfifo(path, 0600), 0);
	pcap_with(40);
	pid_t child = feed_fifo(path, 41);
	assert_true(child > 0);
	assert_int_equal(read_one(path), 0);
	assert_int_equal(seen.n, 40);
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(seen.first_byte[i], i);
	assert_silent();
	unlink(path);
}

static void a_pipe_that_carries_no_capture_is_an_error_of_the_run(void **state)
{
	const char *path = in_dir("fifo");

	assert_int_equal(mkfifo(path, 0600), 0);
	start(false);
	put("not a capture at all", 20);
	assert_true(feed_fifo(path, 3) > 0);
	assert_int_equal(read_one(path), 0);
	assert_int_equal(seen.n, 0);
	assert_int_equal(seen.errors, 1);
	assert_said("fifo: not a capture");
	unlink(path);
}

static void standard_input_is_a_dash(void **state)
{
	int ends[2], saved = dup(STDIN_FILENO);

	pcap_with(3);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], w.bytes, w.len), w.len);
	close(ends[1]);
	assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	close(ends[0]);
	assert_int_equal(read_one("-"), 0);
	dup2(saved, STDIN_FILENO);
	close(saved);
	assert_int_equal(seen.n, 3);
}

// ---- gzip ----

static const char *save_gzip(const char *name, const char *mode)
{
	const char *path = in_dir(name);
	gzFile f = gzopen(path, mode);

	assert_non_null(f);
	assert_int_equal(gzwrite(f, w.bytes, (unsigned)w.len), (int)w.len);
	gzclose(f);
	return path;
}

static void a_gzip_capture_is_read_as_if_plain(void **state)
{
	pcap_with(1000);
	assert_int_equal(read_one(save_gzip("c.pcap.gz", "wb")), 0);
	assert_int_equal(seen.n, 1000);
	assert_silent();
}

static void gzip_members_one_after_the_other_are_one_capture(void **state)
{
	pcap_with(3);
	save_gzip("m.pcap.gz", "wb");
	start(false);
	pcap_record(9, 9, 9, 60, 60);
	assert_int_equal(read_one(save_gzip("m.pcap.gz", "ab")), 0);
	assert_int_equal(seen.n, 4);
	assert_int_equal(seen.first_byte[3], 9);
}

static void a_damaged_gzip_capture_is_read_to_the_damage(void **state)
{
	uint64_t x = 1;

	pcap_with(0);
	for (unsigned i = 0; i < 1000; i++) { // frames that do not compress away
		pcap_record(i, 0, 0, 200, 200);
		for (unsigned k = 1; k < 199; k++) {
			x = x * 6364136223846793005u + 1442695040888963407u;
			w.bytes[w.len - k - 1] = (uint8_t)(x >> 56);
		}
	}
	const char *path = save_gzip("bad.pcap.gz", "wb");
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	FILE *f = fopen(path, "r+");
	fseek(f, st.st_size / 2, SEEK_SET);
	for (unsigned i = 0; i < 64; i++)
		fputc(0xff, f);
	fclose(f);
	damaged_contents = true;
	assert_int_equal(read_one(path), 0);
	damaged_contents = false;
	assert_true(seen.n > 100 && seen.n < 1000);
	assert_said("bad.pcap.gz");
	assert_int_equal(seen.warnings, 1);
	assert_int_equal(truncate(path, st.st_size / 4), 0);
	assert_int_equal(read_one(path), 0);
	assert_true(seen.n > 50 && seen.n < 500);
	assert_said("cut short");
}

// ---- bursts and buffers ----

static void bursts_are_no_larger_than_asked_for(void **state)
{
	struct source *s;
	struct packet frames[PKT_BURST];

	pcap_with(10);
	const char *path = save_as("burst.pcap");
	assert_int_equal(source_pcap_open(&s, &path, 1, &pools, heard, &seen), 0);
	assert_int_equal(s->ops->rx(s, frames, 4), 4);
	for (unsigned i = 0; i < 4; i++)
		rte_pktmbuf_free(frames[i].mbuf);
	assert_false(s->ops->ended(s));
	assert_int_equal(s->ops->rx(s, frames, 1000), 6);
	for (unsigned i = 0; i < 6; i++)
		rte_pktmbuf_free(frames[i].mbuf);
	assert_true(s->ops->ended(s));
	assert_int_equal(s->ops->rx(s, frames, 32), 0);
	s->ops->close(s);
}

static void no_frame_is_lost_while_buffers_are_short(void **state)
{
	struct rte_mbuf *held[256];
	unsigned n = 0;
	struct source *s;
	struct packet frame;

	start(false);
	pcap_header(0xa1b2c3d4, 1);
	pcap_record(1, 0, 1, 5000, 5000);
	pcap_record(2, 0, 2, 60, 60);
	const char *path = save_as("short.pcap");
	assert_int_equal(source_pcap_open(&s, &path, 1, &pools, heard, &seen), 0);
	while (n < 256 && (held[n] = rte_pktmbuf_alloc(pools.jumbo)) != NULL)
		n++;
	assert_int_equal(s->ops->rx(s, &frame, 1), 0);
	assert_false(s->ops->ended(s));
	while (n > 0)
		rte_pktmbuf_free(held[--n]);
	assert_int_equal(s->ops->rx(s, &frame, 1), 1);
	assert_int_equal(frame.len, 5000);
	rte_pktmbuf_free(frame.mbuf);
	assert_int_equal(s->ops->rx(s, &frame, 1), 1);
	assert_int_equal(frame.len, 60);
	assert_int_equal(frame.seq, 2);
	rte_pktmbuf_free(frame.mbuf);
	struct source_stats stats;
	s->ops->stats(s, &stats);
	assert_int_equal(stats.no_buffer, 1);
	s->ops->close(s);
}

static void progress_goes_from_nothing_to_all(void **state)
{
	struct source *s;
	struct source_progress at;

	pcap_with(100);
	const char *paths[2] = {save_as("p1.pcap"), save_as("p2.pcap")};
	memset(&seen, 0, sizeof(seen));
	assert_int_equal(source_pcap_open(&s, paths, 2, &pools, heard, &seen), 0);
	source_pcap_progress(s, &at);
	assert_int_equal(at.bytes_read, 0);
	assert_int_equal(at.bytes_total, 2 * w.len);
	assert_int_equal(at.files, 2);
	drain(s, 7);
	source_pcap_progress(s, &at);
	assert_int_equal(at.bytes_read, 2 * w.len);
	assert_int_equal(at.frames, 200);
	assert_string_equal(at.file, "");
	s->ops->close(s);
}

static void closing_gives_every_buffer_back(void **state)
{
	struct source *s;
	struct packet frames[PKT_BURST];
	unsigned before = rte_mempool_avail_count(pools.small);

	pcap_with(100);
	const char *path = save_as("close.pcap");
	assert_int_equal(source_pcap_open(&s, &path, 1, &pools, heard, &seen), 0);
	uint16_t n = s->ops->rx(s, frames, 5);
	s->ops->close(s);
	for (uint16_t i = 0; i < n; i++)
		rte_pktmbuf_free(frames[i].mbuf);
	assert_int_equal(rte_mempool_avail_count(pools.small), before);
	// the ops struct accepts nothing to close
	assert_int_equal(source_pcap_open(&s, &path, 1, &pools, heard, &seen), 0);
	void (*close_source)(struct source *) = s->ops->close;
	close_source(s);
	close_source(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(several_files_are_numbered_through),
		cmocka_unit_test(a_directory_is_read_in_name_order_without_what_is_no_capture),
		cmocka_unit_test(an_empty_directory_is_an_error),
		cmocka_unit_test(a_directory_without_a_capture_is_an_error),
		cmocka_unit_test(a_named_file_that_is_no_capture_fails_before_anything_is_read),
		cmocka_unit_test(an_empty_file_is_no_capture_and_a_missing_one_is_named),
		cmocka_unit_test(a_capture_without_packets_is_a_warning),
		cmocka_unit_test(a_pipe_that_trickles_is_read_like_a_file),
		cmocka_unit_test(a_pipe_that_carries_no_capture_is_an_error_of_the_run),
		cmocka_unit_test(standard_input_is_a_dash),
		cmocka_unit_test(a_gzip_capture_is_read_as_if_plain),
		cmocka_unit_test(gzip_members_one_after_the_other_are_one_capture),
		cmocka_unit_test(a_damaged_gzip_capture_is_read_to_the_damage),
		cmocka_unit_test(bursts_are_no_larger_than_asked_for),
		cmocka_unit_test(no_frame_is_lost_while_buffers_are_short),
		cmocka_unit_test(progress_goes_from_nothing_to_all),
		cmocka_unit_test(closing_gives_every_buffer_back),
	};
	return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
