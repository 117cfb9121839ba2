// SMB1 and SMB2/3 over NetBIOS sessions and direct TCP (RFC 1002 section 4.3, MS-SMB2 section 2.1): messages are cut
// out of the stream and handed to smb1.c and smb2.c. A message is waited for until it is whole; of one too long for
// that the data of a read or write is followed as it comes. Next: smb.h.
#include "dataplane/parsers/smb.h"

#define NBSS_LEN 4u
#define WHOLE_MAX 60000u // bytes of a message that are waited for
#define HEAD_LEN 4096u   // bytes of a longer one that hold what stands in front of its data
#define MAGIC_LEN 4u
#define NBSS_NAMES_LEN 68u // the two names of a session request
#define SMB1_COMMAND_AT 4u
#define SMB2_COMMAND_AT 12u
#define SMB2_NEXT_AT 20u

enum nbss_type { NBSS_MESSAGE = 0, NBSS_REQUEST = 0x81, NBSS_KEEPALIVE = 0x85 };

static bool is_magic(const uint8_t *at)
{
	return at[0] >= 0xfc && at[1] == 'S' && at[2] == 'M' && at[3] == 'B';
}

// In the order of frames.
enum { FRAME_NBSS, FRAME_SMB1, FRAME_SMB2, FRAME_SMB3 };
enum { FRAME_PDU, FRAME_HDR, FRAME_DATA };
#define SMB1_HDR_LEN 32u
#define SMB2_HDR_LEN 64u
#define TRANSFORM_LEN 52u // of an encrypted message (MS-SMB2 section 2.2.41)

static void tell_frames(
	struct smb *z, const struct app_input *in, uint8_t of, const uint8_t *at, uint32_t header, uint32_t total)
{
	uint8_t first = (uint8_t)(of * 3);

	if (total < header)
		return;
	app_frame(z->run, z->s, in, first + FRAME_PDU, at, total);
	app_frame(z->run, z->s, in, first + FRAME_HDR, at, header);
	app_frame(z->run, z->s, in, first + FRAME_DATA, at + header, total - header);
}

static void read_message(struct smb *z, const struct app_input *in, const uint8_t *at, uint32_t len, uint32_t total)
{
	uint8_t dir = in->dir;
	bool good = true;

	if (len < MAGIC_LEN || !is_magic(at)) {
		smb_event(z, NULL, SMB_MALFORMED_DATA);
		return;
	}
	if (at[0] == 0xff) {
		tell_frames(z, in, FRAME_SMB1, at, SMB1_HDR_LEN, total);
		good = smb1_message(z, dir, at, len, total);
	}
	if (at[0] == 0xfd)
		tell_frames(z, in, FRAME_SMB3, at, TRANSFORM_LEN, total);
	for (uint32_t used; at[0] == 0xfe && good && len >= MAGIC_LEN; at += used, len -= used, total -= used) {
		good = smb2_message(z, dir, at, len, total, &used);
		tell_frames(z, in, FRAME_SMB2, at, SMB2_HDR_LEN, used == len ? total : used);
		if (used == len)
			break;
	}
	if (!good)
		smb_event(z, NULL, SMB_MALFORMED_DATA); // 0xfd and 0xfc, encrypted and compressed ones, are let be
}

// True when the message is a write's or the answer to a read, and nothing but that.
static bool brings_data(const uint8_t *at)
{
	if (at[0] == 0xff)
		return at[SMB1_COMMAND_AT] == SMB1_WRITE_ANDX || at[SMB1_COMMAND_AT] == SMB1_READ_ANDX;
	uint16_t command = load_le16(at + SMB2_COMMAND_AT);
	return at[0] == 0xfe && (command == SMB2_WRITE || command == SMB2_READ) && load_le32(at + SMB2_NEXT_AT) == 0;
}

// Bytes of a long message: those of its data go to their file. Returns how many were taken.
static uint32_t follow(struct smb *z, uint8_t dir, const uint8_t *at, uint32_t len)
{
	struct smb_side *side = &z->st->side[dir];
	uint32_t skip = len < side->skip ? len : side->skip, left = len - skip;
	uint32_t data = left < side->data ? left : side->data, tail;

	side->skip -= skip;
	if (data)
		smb_file_bytes(z, &side->msg, side->guid, side->offset, at + skip, data);
	side->data -= data;
	side->offset += data;
	left -= data;
	tail = left < side->tail ? left : side->tail;
	side->tail -= tail;
	return skip + data + tail;
}

// Bytes were lost: within a long message the place is still known, elsewhere the next message is looked for.
static void lose(struct smb *z, uint8_t dir, uint32_t gap)
{
	struct smb_side *side = &z->st->side[dir];
	uint64_t left = (uint64_t)side->skip + side->data + side->tail;

	if (gap > left || !left) {
		side->skip = side->data = side->tail = 0;
		side->lost = true;
		return;
	}
	uint32_t skip = gap < side->skip ? gap : side->skip, data = gap - skip < side->data ? gap - skip : side->data;
	smb_file_gap(z, &side->msg, side->guid, side->offset, data);
	side->skip -= skip;
	side->data -= data;
	side->offset += data;
	side->tail -= gap - skip - data;
}

// Skips to where a message can begin. False: not within these bytes.
static bool find_again(struct app_input *in)
{
	for (; in->len - in->used >= NBSS_LEN + MAGIC_LEN; in->used++)
		if (in->data[in->used] == NBSS_MESSAGE && is_magic(in->data + in->used + NBSS_LEN))
			return true;
	return false;
}

static bool is_nbss(uint8_t type)
{
	return type == NBSS_MESSAGE || (type >= NBSS_REQUEST && type <= NBSS_KEEPALIVE);
}

// One message, as far as it is there. False: more bytes are needed.
static bool next_message(struct smb *z, struct app_input *in)
{
	const uint8_t *at = in->data + in->used;
	uint32_t left = in->len - in->used - NBSS_LEN, total = load_be24(at + 1);
	struct smb_side *side = &z->st->side[in->dir];

	if (at[0] != NBSS_MESSAGE)
		total &= 0x1ffff;
	uint32_t want = total <= WHOLE_MAX ? total : WHOLE_MAX;
	if (total > WHOLE_MAX && left >= HEAD_LEN && brings_data(at + NBSS_LEN))
		want = HEAD_LEN;
	if (left < want)
		return false;
	tell_frames(z, in, FRAME_NBSS, at, NBSS_LEN, NBSS_LEN + total);
	if (at[0] == NBSS_MESSAGE && total)
		read_message(z, in, at + NBSS_LEN, want, total);
	in->used += NBSS_LEN + want;
	if (!side->skip && !side->data && !side->tail)
		side->tail = total - want;
	return true;
}

static enum parse_answer smb_parse(struct app_run *run, struct app_session *s, void *state, struct app_input *in)
{
	struct smb z = {run, s, state};
	struct smb_side *side = &z.st->side[in->dir];

	if (in->gap)
		lose(&z, in->dir, in->gap);
	if (in->dir == DIR_TO_SERVER)
		smb_trees_wait_no_longer(&z);
	while (in->used < in->len) {
		in->used += follow(&z, in->dir, in->data + in->used, in->len - in->used);
		if (in->len - in->used < NBSS_LEN)
			return PARSE_OK;
		if (!is_nbss(in->data[in->used]) && !side->lost) {
			smb_event(&z, NULL, SMB_MALFORMED_DATA);
			side->lost = true;
		}
		if (side->lost && !find_again(in))
			return PARSE_OK;
		side->lost = false;
		if (!next_message(&z, in))
			return PARSE_OK;
	}
	return PARSE_OK;
}

static void smb_free_tx(struct app_run *run, struct app_tx *at)
{
	struct smb_tx *tx = (struct smb_tx *)at;

	for (uint32_t i = 0; i < SMB_TEXTS; i++)
		app_text_free(run, &tx->text[i]);
	dcerpc_call_free(run, &tx->call);
}

static void smb_free_state(struct app_run *run, void *state)
{
	struct smb_state *st = state;

	for (uint32_t i = 0; i < SMB_TREES; i++)
		app_text_free(run, &st->trees[i].name);
	for (uint32_t i = 0; i < SMB_FILES; i++) {
		app_text_free(run, &st->files[i].name);
		app_text_free(run, &st->files[i].partial[0]);
		app_text_free(run, &st->files[i].partial[1]);
	}
	app_text_free(run, &st->dialect1);
	app_text_free(run, &st->dialects);
	app_free(run, st->ifaces);
}

static const struct smb_tx *tx_of(const struct app_tx *tx)
{
	return (const struct smb_tx *)tx;
}

static bool text(const struct app_tx *tx, enum smb_text which, bool there, uint32_t nth, struct app_bytes *out)
{
	const struct app_text *t = &tx_of(tx)->text[which];

	*out = (struct app_bytes){t->at, t->len};
	return there && nth == 0;
}

static bool get_share(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	return text(tx, SMB_NAME, tx_of(tx)->kind == SMB_TREE && !tx_of(tx)->is_pipe, nth, out);
}

static bool get_named_pipe(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	return text(tx, SMB_NAME, tx_of(tx)->kind == SMB_TREE && tx_of(tx)->is_pipe, nth, out);
}

static bool get_user(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	return text(tx, SMB_USER, tx_of(tx)->ntlmssp, nth, out);
}

static bool get_domain(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	return text(tx, SMB_DOMAIN, tx_of(tx)->ntlmssp, nth, out);
}

static bool is_file(const struct app_tx *tx, uint8_t dir)
{
	return tx_of(tx)->kind == SMB_FILE && tx_of(tx)->file_dir == dir;
}

static bool get_file_name(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	return text(tx, SMB_NAME, is_file(tx, dir), nth, out);
}

static bool get_file_data(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	return text(tx, SMB_DATA, is_file(tx, dir), nth, out);
}

static bool get_stub(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	return dcerpc_call_stub(&tx_of(tx)->call, dir, nth, out);
}

static bool get_iface(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	return dcerpc_call_iface(&tx_of(tx)->call, true, nth, out);
}

static bool get_opnum(const struct app_tx *tx, uint8_t dir, uint32_t nth, uint64_t *out)
{
	return dcerpc_call_opnum(&tx_of(tx)->call, nth, out);
}

// A session request (RFC 1002 section 4.3.2) or its answer stands in front of the first message on port 139.
static enum probe_answer smb_probe(const uint8_t *data, uint32_t len, uint8_t dir, uint8_t over)
{
	if (len < NBSS_LEN + MAGIC_LEN)
		return is_nbss(data[0]) ? PROBE_MORE : PROBE_NO;
	if (data[0] == NBSS_MESSAGE)
		return is_magic(data + NBSS_LEN) ? PROBE_YES : PROBE_NO;
	return data[0] == NBSS_REQUEST && load_be16(data + 2) == NBSS_NAMES_LEN ? PROBE_YES : PROBE_NO;
}

static const struct parser_pattern smb_patterns[] = {
	{"\xffSMB", 4, 4, 8, DIR_TO_SERVER, false},
	{"\xffSMB", 4, 4, 8, DIR_TO_CLIENT, false},
	{"\xfeSMB", 4, 4, 8, DIR_TO_SERVER, false},
	{"\xfeSMB", 4, 4, 8, DIR_TO_CLIENT, false},
	{"\xfdSMB", 4, 4, 8, DIR_TO_SERVER, false},
	{"\xfdSMB", 4, 4, 8, DIR_TO_CLIENT, false},
	{0},
};

#define CLIENT (1u << DIR_TO_SERVER)

static const struct parser_buffer smb_buffers[] = {
	{"smb.share", CLIENT, {1, 0}, get_share},
	{"smb.named_pipe", CLIENT, {1, 0}, get_named_pipe},
	{"smb.ntlmssp_user", CLIENT, {1, 0}, get_user},
	{"smb.ntlmssp_domain", CLIENT, {1, 0}, get_domain},
	{"file.name", 3, {0, 0}, get_file_name},
	{"file.data", 3, {0, 0}, get_file_data, .grows = true},
	{"dcerpc.stub_data", 3, {1, 1}, get_stub},
	{"dcerpc.iface", 3, {1, 1}, get_iface},
	{0},
};

static const struct parser_field smb_fields[] = {{"dcerpc.opnum", 3, {1, 1}, get_opnum}, {0}};

// In the order of enum smb_event.
static const char *const smb_events[] = {"malformed_data", "malformed_ntlmssp_request", "negotiate_malformed_dialects",
	"negotiate_max_read_size_too_large", "negotiate_max_write_size_too_large", "file_overlap", "request_to_client",
	"response_to_server", "read_request_too_large", "read_response_too_large", "write_request_too_large",
	"too_many_transactions",
	// of queues that are not kept here: rules may name them
	"internal_error", "read_queue_size_exceeded", "read_queue_cnt_exceeded", "write_queue_size_exceeded",
	"write_queue_cnt_exceeded", NULL};

static const char *const smb_frames[] = {"nbss.pdu", "nbss.hdr", "nbss.data", "smb1.pdu", "smb1.hdr", "smb1.data",
	"smb2.pdu", "smb2.hdr", "smb2.data", "smb3.pdu", "smb3.hdr", "smb3.data", NULL};

const struct parser parser_smb = {
	.name = "smb",
	.proto = APP_SMB,
	.over = OVER_TCP,
	.patterns = smb_patterns,
	.tcp_ports = "139,445",
	.probe = smb_probe,
	.state_size = sizeof(struct smb_state),
	.tx_size = sizeof(struct smb_tx),
	.complete = {1, 1},
	.parse = smb_parse,
	.free_tx = smb_free_tx,
	.free_state = smb_free_state,
	.buffers = smb_buffers,
	.fields = smb_fields,
	.events = smb_events,
	.frames = smb_frames,
	.log = smb_log,
	.log_tx_id = true,
	.deep = true,
	.file_dirs = 1u << DIR_TO_SERVER | 1u << DIR_TO_CLIENT,
};
