// Any payload against rules that use every way to look at one: no read outside it, no endless work.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dataplane/event_ring.h"
#include "detectors/signature/signature.h"

#define U(options, sid) "alert udp any any -> any any (" options " sid:" #sid ";)\n"

static const char rules[] = U(
	"content:\"a\"; content:\"b\"; distance:0; within:3; content:\"c\"; distance:-2; within:4;",
	1) U("content:\"a\"; nocase; content:!\"b\"; within:2; isdataat:3,relative;",
	2) U("byte_test:4,>,1000,2,little; byte_jump:2,1,multiplier 3,align;",
	3) U("byte_jump:1,0,from_end,post_offset -4; content:\"x\"; distance:-3;",
	4) U("byte_extract:2,1,n; byte_test:2,>,n,n,relative; content:\"q\"; offset:n; depth:n;",
	5) U("byte_extract:1,0,n; content:\"a\"; distance:n; within:n; isdataat:n,relative;",
	6) U("byte_math:bytes 2, offset 0, oper <<, rvalue 7, result r; byte_jump:r,0; byte_test:r,=,1,r;", 7)
	U("byte_test:10,>,5,0,string,dec; byte_jump:4,0,string,hex;", 8) U(
		"base64_decode:offset 1; base64_data; content:\"abc\"; pcre:\"/d$/\";", 9)
		U("content:\"=\"; base64_decode:bytes 40, offset 2, relative; base64_data; byte_test:4,>,1,0;", 10) U(
			"asn1:double_overflow, bitstring_overflow, oversize_length 50, absolute_offset 0;", 11)
			U("content:\"0\"; asn1:oversize_length 5, relative_offset -1;", 12) U(
				"pcre:\"/(a+)+b(?P<pkt_x>[a-z]*)c/\"; content:\"z\"; distance:0;", 13)
				U("content:\"a\"; pcre:\"/b.{0,3}c/Rs\"; pcre:!\"/dd/R\";", 14) U("entropy:value > 3;",
					15) U("rpc:100000,*,*;", 16) U("udp.hdr; to_sha256; content:\"a\";", 17)
					U("content:\"end\"; endswith; content:!\"x\"; startswith;", 18)
						U("content:\"a\"; content:\"a\"; distance:0; content:\"a\"; "
						  "distance:0; content:\"a\"; distance:0; content:\"!\"; within:1;",
							19) U("pktvar:x,\"abc\";", 20);

static struct ruleset *rs;
static void *worker;
static struct event_sink sink;

static void set_up(void)
{
	char path[64];
	int fd = memfd_create("rules", MFD_CLOEXEC);
	if (fd < 0 || write(fd, rules, sizeof(rules) - 1) < 0)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	const char *files[] = {path};
	struct ruleset_config cfg = {
		.files = files, .file_count = 1, .flow_state_max = 64, .host_state_max = 64, .flow_var_max = 4};
	struct rule_report report;
	rs = ruleset_load(&cfg, &report);
	if (!rs || report.rejected || report.waiting)
		abort();
	rule_report_free(&report);
	close(fd);
	worker = aligned_alloc(64, (signature_worker_size(rs) + 63) & ~(size_t)63);
	sink.ring = event_ring_init(aligned_alloc(64, (event_ring_size(65536) + 63) & ~(size_t)63), 65536);
	if (!worker || signature_worker_init(worker, rs, NULL, 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct burst b;
	struct detector_run run = {.sink = &sink};
	if (!rs)
		set_up();
	// A copy that ends where the payload ends, so that a read past it is seen.
	uint8_t *bytes = malloc(28 + size);
	if (!bytes)
		return 0;
	memset(bytes, 0, 28);
	bytes[0] = 0x45;
	memcpy(bytes + 28, data, size);
	struct packet *p = &b.frames[0];
	memset(p, 0, sizeof(*p));
	*p = (struct packet){.data = bytes,
		.len = (uint32_t)(28 + size),
		.flags = PKT_IPV4 | PKT_UDP,
		.ip_proto = 17,
		.l4_off = 20,
		.payload_off = 28,
		.payload_len = (uint32_t)size,
		.sport = 1,
		.dport = 2,
		.seq = 1,
		.ts_ns = 1000000000};
	b.n = b.n_frames = 1;
	b.list[0] = p;
	signature_on_burst(worker, &b, &run);
	while (event_ring_peek(sink.ring))
		event_ring_pop(sink.ring);
	free(bytes);
	return 0;
}
