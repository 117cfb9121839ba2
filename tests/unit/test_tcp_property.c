// Any segmentation, duplication and order of the same bytes gives the same stream, for every policy.
// Seeds are fixed, so a failure repeats; the failing seed is in the message.
#include "tests/unit/tcp_lab.h"

#define MAX_TEXT 20000u
#define MAX_PIECES 600u
#define ROUNDS 400u

struct piece {
	uint32_t off, len;
};

static uint64_t rng;

static uint32_t draw(uint32_t below) // splitmix64 (Steele, Lea, Flood 2014)
{
	uint64_t z = rng += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return (uint32_t)((z ^ z >> 31) % below);
}

// Cuts the text so that all of it is covered, then adds pieces from anywhere.
static uint32_t cut(struct piece *pieces, uint32_t text_len)
{
	uint32_t n = 0, off = 0, largest = 1 + draw(draw(2) ? 20 : 2900);

	while (off < text_len && n < MAX_PIECES / 2) {
		uint32_t len = 1 + draw(largest);
		if (n == MAX_PIECES / 2 - 1 || len > text_len - off)
			len = text_len - off;
		pieces[n++] = (struct piece){off, len};
		off += len;
	}
	uint32_t extra = draw(n + 1);
	for (uint32_t i = 0; i < extra; i++) {
		off = draw(text_len);
		uint32_t room = text_len - off;
		pieces[n++] = (struct piece){off, 1 + draw(room < 3000 ? room : 3000)};
	}
	return n;
}

static void shuffle(struct piece *pieces, uint32_t n, uint32_t reach)
{
	for (uint32_t i = 0; i + 1 < n; i++) {
		uint32_t room = n - i < reach ? n - i : reach, j = i + draw(room);
		struct piece swap = pieces[i];
		pieces[i] = pieces[j];
		pieces[j] = swap;
	}
}

static void same_bytes_same_stream(uint64_t seed)
{
	static uint8_t text[MAX_TEXT];
	static struct piece pieces[MAX_PIECES];
	struct lab *lab = lab_open_policy((int)(seed % TCP_POLICY_COUNT));

	rng = seed * 7919;
	uint32_t len = 1 + draw(MAX_TEXT);
	for (uint32_t i = 0; i < len; i++)
		text[i] = (uint8_t)draw(256);
	uint32_t n = cut(pieces, len);
	shuffle(pieces, n, draw(3) ? n : 4);
	lab->isn[C] = draw(4) ? draw(UINT32_MAX) : UINT32_MAX - draw(len);
	lab->isn[S] = draw(UINT32_MAX);
	lab->leave = draw(3) ? 0 : draw(3000);
	lab_handshake(lab);
	for (uint32_t i = 0; i < n; i++) {
		lab_abs(lab, C, ACK, lab->isn[C] + 1 + pieces[i].off, lab->isn[S] + 1, text + pieces[i].off,
			pieces[i].len);
		if (lab_noted(lab, STREAM_REASSEMBLY_OVERLAP_DIFFERENT_DATA))
			fail_msg("seed %lu: the same bytes were called different", (unsigned long)seed);
	}
	if (lab->seen[C].len != len || memcmp(lab->seen[C].bytes, text, len) != 0)
		fail_msg("seed %lu: %u of %u bytes", (unsigned long)seed, lab->seen[C].len, len);
	lab_close(lab);
}

static void any_segmentation_duplication_and_order_gives_the_same_stream(void **state)
{
	for (uint64_t seed = 1; seed <= ROUNDS; seed++)
		same_bytes_same_stream(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_segmentation_duplication_and_order_gives_the_same_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
