// Writes the seeds of fuzz_decode: every malformed row of the unit tests, and stacks that are well-formed.
// usage: make_decode_corpus DIR
#include <stdio.h>

#include "tests/unit/decode_rows.h"

// Positions in fuzz_decode.c's list of link types.
static int link_index(uint16_t link_type)
{
	static const uint16_t types[] = {1, 101, 0, 9, 50, 51, 104, 105, 108, 113, 127, 219, 228, 239, 276, 10};
	for (int i = 0; i < 16; i++) {
		if (types[i] == link_type)
			return i;
	}
	return 0;
}

static FILE *open_seed(const char *dir, const char *name, uint16_t link_type)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "wb");
	if (f == NULL) {
		perror(path);
		exit(1);
	}
	fputc(link_index(link_type), f);
	fputc(1, f); // checksums are checked
	return f;
}

static void put_frame(FILE *f, const struct build *b)
{
	fputc((int)(b->len >> 8), f);
	fputc((int)(b->len & 255), f);
	fwrite(b->data, 1, b->len, f);
}

static void close_seed(FILE *f)
{
	if (fclose(f) != 0) {
		perror("writing a seed");
		exit(1);
	}
}

// Tunnels from the outside in, as (IP protocol or UDP port, bytes of the header).
static void build_tunnels(struct build *b)
{
	build_ethernet(b, 0x88a8);
	build_vlan(b, 5, 0x8100);
	build_vlan(b, 6, 0x86dd);
	build_ipv6(b, HERE6, THERE6, 47);
	build_bytes(b, "\x20\0\x65\x58\0\0\x2a\0", 8);
	build_ethernet(b, 0x0800);
	build_ipv4(b, HERE, THERE, 17);
	build_udp(b, 1, 4789);
	build_vxlan(b, 7);
	build_ethernet(b, 0x0800);
	build_ipv4(b, HERE, THERE, 17);
	build_udp(b, 1, 3544);
	build_bytes(b, "\0\1\0\0\1\2\3\4\5\6\7\x08\0\0\0\1\2\3\4\5\6", 21);
	build_ipv6(b, HERE6, THERE6, 6);
	build_tcp_opts(b, 1234, 80, BUILD_TCP_SYN, 1, 2, "\1\1\x08\x0a\0\0\0\1\0\0\0\2", 12);
	build_text(b, "hello");
}

static void build_piece(struct build *b, int version, uint32_t offset, int more)
{
	build_start(b);
	if (version == 4) {
		build_ethernet(b, 0x0800);
		build_ipv4(b, HERE, THERE, 17);
		build_ipv4_frag(b, 7, offset, more);
	} else {
		build_ethernet(b, 0x86dd);
		build_ipv6(b, HERE6, THERE6, 44);
		build_ipv6_frag(b, 17, 7, offset, more);
	}
	if (offset == 0)
		build_bytes(b, "\x04\xd2\x12\xb5\0\x18\0\0", 8); // UDP to the port of VXLAN
	build_fill(b, 'x', 8);
	build_finish(b);
}

int main(int argc, char **argv)
{
	static struct build b;
	char name[128];
	if (argc != 2) {
		fprintf(stderr, "usage: make_decode_corpus DIR\n");
		return 1;
	}
	for (unsigned i = 0; i < DECODE_ROWS; i++) {
		snprintf(name, sizeof(name), "row-%03u", i);
		FILE *f = open_seed(argv[1], name, decode_rows[i].link_type);
		decode_row_build(&decode_rows[i], &b);
		put_frame(f, &b);
		close_seed(f);
	}
	FILE *f = open_seed(argv[1], "tunnels", 1);
	build_start(&b);
	build_tunnels(&b);
	build_finish(&b);
	put_frame(f, &b);
	close_seed(f);
	for (int version = 4; version <= 6; version += 2) {
		snprintf(name, sizeof(name), "fragments-ipv%d", version);
		f = open_seed(argv[1], name, 1);
		build_piece(&b, version, 16, 0);
		put_frame(f, &b);
		build_piece(&b, version, 0, 1);
		put_frame(f, &b);
		close_seed(f);
	}
	return 0;
}
