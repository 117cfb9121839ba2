// The SMB parser: messages cut out of the stream, negotiation, log-on, shares, files, calls over pipes, losses.
#include "tests/unit/parser_lab.h"
#include "dataplane/parsers/smb.h"
#include "tests/unit/dcerpc_wire.h"
#include "tests/unit/smb_wire.h"

#define GUID "\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0"
#define SHARE "\\\\fs\\docs"

extern const struct parser parser_smb;

static struct parser_lab lab;
static struct wire w, pdu;

static int open_lab(void **state)
{
	plab_open(&lab, &parser_smb, OVER_TCP);
	rpc_little = true;
	w.len = pdu.len = 0;
	smb_id = 1;
	smb_tree = smb_status = 0;
	smb_session = 7;
	return 0;
}

static int close_lab(void **state)
{
	plab_close(&lab);
	return 0;
}

static void say(uint8_t dir)
{
	plab_feed(&lab, dir, w.at, w.len);
	w.len = 0;
}

static void connect_share(const char *path, uint8_t type)
{
	smb_tree = 0;
	smb2_tree_request(&w, path);
	say(DIR_TO_SERVER);
	smb_tree = 5;
	smb2_tree_response(&w, type);
	say(DIR_TO_CLIENT);
	smb_id++;
}

static void open_file(const char *name)
{
	smb2_create_request(&w, name);
	say(DIR_TO_SERVER);
	smb2_create_response(&w, GUID);
	say(DIR_TO_CLIENT);
	smb_id++;
}

static const struct smb_tx *last_of(enum smb_kind kind)
{
	const struct smb_tx *found = NULL;

	for (const struct app_tx *tx = app_tx_first(lab.s); tx; tx = tx->next)
		if (((const struct smb_tx *)tx)->kind == kind)
			found = (const struct smb_tx *)tx;
	assert_non_null(found);
	return found;
}

static const char *of(enum smb_kind kind, const char *buffer, uint8_t dir)
{
	return plab_text(&lab, &last_of(kind)->tx, buffer, dir, 0);
}

static void a_share_and_a_pipe_are_told_by_name_and_answer(void **state)
{
	smb2_tree_request(&w, SHARE);
	say(DIR_TO_SERVER);
	assert_int_equal(last_of(SMB_TREE)->tx.progress[DIR_TO_SERVER], 0); // not known yet of which kind it is
	smb2_tree_response(&w, 1);
	say(DIR_TO_CLIENT);
	assert_string_equal(of(SMB_TREE, "smb.share", DIR_TO_SERVER), "\\x5c\\x5cfs\\x5cdocs");
	assert_null(of(SMB_TREE, "smb.named_pipe", DIR_TO_SERVER));
	smb_id++;
	connect_share("\\\\fs\\IPC$", 2);
	assert_null(of(SMB_TREE, "smb.share", DIR_TO_SERVER));
	assert_string_equal(of(SMB_TREE, "smb.named_pipe", DIR_TO_SERVER), "\\x5c\\x5cfs\\x5cIPC$");
	assert_string_equal(plab_log(&lab, &last_of(SMB_TREE)->tx),
		"smb:{id:2,dialect:\"unknown\",command:\"SMB2_COMMAND_TREE_CONNECT\",status:\"STATUS_SUCCESS\",status_"
		"code:\"0x0\","
		"session_id:7,tree_id:5,named_pipe:\"\\x5c\\x5cfs\\x5cIPC$\",share_type:\"PIPE\"}");
}

static void a_share_that_is_refused_has_its_status(void **state)
{
	smb2_tree_request(&w, SHARE);
	say(DIR_TO_SERVER);
	smb_status = 0xc00000cc;
	smb2_simple(&w, 3, true, 9);
	say(DIR_TO_CLIENT);
	assert_string_equal(plab_log(&lab, plab_tx(&lab, 0)), "smb:{id:1,dialect:\"unknown\",command:\"SMB2_COMMAND_"
							      "TREE_CONNECT\",status:\"STATUS_BAD_NETWORK_NAME\","
							      "status_code:\"0xc00000cc\",session_id:7,tree_id:0,share:"
							      "\"\\x5c\\x5cfs\\x5cdocs\",share_type:\"UNKNOWN\"}");
}

static void who_logs_on_is_read_from_ntlmssp(void **state)
{
	struct wire *blob = &pdu;

	wire_bytes(blob, "\xa1\x82spnego", 8);
	ntlmssp_authenticate(blob, "CONTOSO", "alice", "PC1");
	smb2_session_request(&w, blob);
	say(DIR_TO_SERVER);
	assert_string_equal(of(SMB_SESSION, "smb.ntlmssp_user", DIR_TO_SERVER), "alice");
	assert_string_equal(of(SMB_SESSION, "smb.ntlmssp_domain", DIR_TO_SERVER), "CONTOSO");
	smb2_simple(&w, 1, true, 9);
	say(DIR_TO_CLIENT);
	assert_non_null(strstr(plab_log(&lab, plab_tx(&lab, 0)),
		"ntlmssp:{domain:\"CONTOSO\",user:\"alice\",host:\"PC1\",version:\"6.1 build 5 rev 15\"}"));
}

static void a_service_is_read_from_a_kerberos_ticket(void **state)
{
	wire_bytes(&pdu, "\x60\x55\x06\x06\x2b\x06\x01\x05\x05\x02\xa0\x4b\x30\x49\xa0\x02\x30\x00", 18); // SPNEGO
	wire_bytes(&pdu, "\xa2\x43\x04\x41\x60\x3f\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01\x00", 19);
	wire_bytes(&pdu, "\x6e\x30\x30\x2e\xa0\x03\x02\x01\x05\xa3\x27\x61\x25\x30\x23\xa0\x03\x02\x01\x05", 20);
	wire_bytes(&pdu, "\xa1\x05\x1b\x03R.X\xa2\x15\x30\x13\xa0\x03\x02\x01\x02\xa1\x0c\x30\x0a", 20);
	wire_bytes(&pdu,
		"\x1b\x04"
		"cifs\x1b\x02"
		"dc",
		10);
	smb2_session_request(&w, &pdu);
	say(DIR_TO_SERVER);
	assert_null(of(SMB_SESSION, "smb.ntlmssp_user", DIR_TO_SERVER));
	assert_non_null(strstr(plab_log(&lab, plab_tx(&lab, 0)), "kerberos:{realm:\"R.X\",snames:[\"cifs\",\"dc\"]}"));
}

static void a_blob_without_ntlmssp_names_nobody(void **state)
{
	wire_text(&pdu, "kerberos, say");
	smb2_session_request(&w, &pdu);
	say(DIR_TO_SERVER);
	assert_null(of(SMB_SESSION, "smb.ntlmssp_user", DIR_TO_SERVER));
}

static void ntlmssp_that_points_outside_is_an_event(void **state)
{
	ntlmssp_authenticate(&pdu, "CONTOSO", "alice", "PC1");
	wire_set(&pdu, 40, 5000, 4, true); // the user's offset
	smb2_session_request(&w, &pdu);
	say(DIR_TO_SERVER);
	assert_null(of(SMB_SESSION, "smb.ntlmssp_user", DIR_TO_SERVER));
	assert_true(plab_has_event(&lab, plab_tx(&lab, 0), "malformed_ntlmssp_request"));
}

static void the_dialect_is_the_servers(void **state)
{
	uint32_t at = smb_begin(&w);

	smb2_begin(&w, 0, false);
	wire_le16(&w, 36);
	wire_le16(&w, 2);
	wire_fill(&w, 0, 8);
	wire_bytes(&w, GUID, 16);
	wire_fill(&w, 0, 8);
	wire_le16(&w, 0x0202);
	wire_le16(&w, 0x0311);
	smb_end(&w, at);
	say(DIR_TO_SERVER);
	at = smb_begin(&w);
	smb2_begin(&w, 0, true);
	wire_le32(&w, 65);
	wire_le32(&w, 0x0311);
	wire_bytes(&w, GUID, 16);
	wire_fill(&w, 0, 8);
	wire_le32(&w, 0x100000);
	wire_le32(&w, 0x2000000);
	wire_fill(&w, 0, 24);
	smb_end(&w, at);
	say(DIR_TO_CLIENT);
	assert_string_equal(plab_log(&lab, plab_tx(&lab, 0)),
		"smb:{id:1,dialect:\"3.11\",command:\"SMB2_COMMAND_NEGOTIATE_PROTOCOL\",status:\"STATUS_SUCCESS\","
		"status_code:\"0x0\",session_id:7,tree_id:0,client_dialects:[\"2.02\",\"3.11\"],"
		"client_guid:\"00000001-0000-0000-0002-000000000000\",server_guid:\"00000001-0000-0000-0002-"
		"000000000000\","
		"max_read_size:1048576,max_write_size:33554432}");
	assert_true(plab_has_event(&lab, plab_tx(&lab, 0), "negotiate_max_write_size_too_large"));
	assert_false(plab_has_event(&lab, plab_tx(&lab, 0), "negotiate_max_read_size_too_large"));
}

static void reads_and_writes_beyond_what_was_agreed_are_events(void **state)
{
	uint32_t at = smb_begin(&w);

	smb2_begin(&w, 0, true);
	wire_fill(&w, 0, 32);
	wire_le32(&w, 0x1000);
	wire_le32(&w, 8);
	wire_fill(&w, 0, 24);
	smb_end(&w, at);
	say(DIR_TO_CLIENT);
	smb2_read_request(&w, GUID, 0); // 4096
	say(DIR_TO_SERVER);
	assert_false(plab_has_event(&lab, NULL, "read_request_too_large"));
	smb2_write(&w, GUID, 0, "12345678", 8);
	say(DIR_TO_SERVER);
	assert_false(plab_has_event(&lab, plab_tx(&lab, 0), "write_request_too_large"));
	smb2_write(&w, GUID, 8, "123456789", 9);
	say(DIR_TO_SERVER);
	assert_true(plab_has_event(&lab, plab_tx(&lab, 0), "write_request_too_large"));
}

static void dialects_that_end_early_are_an_event(void **state)
{
	uint32_t at = smb_begin(&w);

	smb2_begin(&w, 0, false);
	wire_le16(&w, 36);
	wire_le16(&w, 9);
	wire_fill(&w, 0, 32);
	wire_le16(&w, 0x0202);
	smb_end(&w, at);
	say(DIR_TO_SERVER);
	assert_true(plab_has_event(&lab, plab_tx(&lab, 0), "negotiate_malformed_dialects"));
}

static void what_is_written_is_the_files_data(void **state)
{
	connect_share(SHARE, 1);
	open_file("a.txt");
	assert_non_null(strstr(plab_log(&lab, &last_of(SMB_CREATE)->tx),
		"filename:\"a.txt\",disposition:\"FILE_OPEN\",access:\"normal\",created:1500000000,accessed:1500000000,"
		"modified:1500000000,changed:1500000000,size:77,fuid:\"00000001-0000-0000-0002-000000000000\"}"));
	smb2_write(&w, GUID, 0, "hello ", 6);
	smb2_write(&w, GUID, 6, "world", 5);
	say(DIR_TO_SERVER);
	assert_string_equal(of(SMB_FILE, "file.name", DIR_TO_SERVER), "a.txt");
	assert_string_equal(of(SMB_FILE, "file.data", DIR_TO_SERVER), "hello world");
	assert_false(app_tx_over(&parser_smb, &last_of(SMB_FILE)->tx));
	smb2_close_request(&w, GUID);
	say(DIR_TO_SERVER);
	assert_true(app_tx_over(&parser_smb, &last_of(SMB_FILE)->tx));
	assert_non_null(strstr(plab_log(&lab, &last_of(SMB_FILE)->tx), "command:\"SMB2_COMMAND_WRITE\""));
	assert_non_null(strstr(plab_log(&lab, &last_of(SMB_FILE)->tx),
		"filename:\"a.txt\",share:\"\\x5c\\x5cfs\\x5cdocs\",fuid:\"00000001-0000-0000-0002-000000000000\"}"));
}

static void what_is_read_is_the_files_data(void **state)
{
	connect_share(SHARE, 1);
	open_file("a.txt");
	smb2_read_request(&w, GUID, 0);
	say(DIR_TO_SERVER);
	smb2_read_response(&w, "content", 7);
	say(DIR_TO_CLIENT);
	assert_string_equal(of(SMB_FILE, "file.data", DIR_TO_CLIENT), "content");
	assert_null(of(SMB_FILE, "file.data", DIR_TO_SERVER));
	smb2_read_response(&w, "nobody asked", 12);
	say(DIR_TO_CLIENT);
	assert_string_equal(of(SMB_FILE, "file.data", DIR_TO_CLIENT), "content");
}

static void bytes_that_were_there_are_an_overlap(void **state)
{
	connect_share(SHARE, 1);
	open_file("a.txt");
	smb2_write(&w, GUID, 0, "hello", 5);
	smb2_write(&w, GUID, 2, "XX", 2);
	say(DIR_TO_SERVER);
	assert_string_equal(of(SMB_FILE, "file.data", DIR_TO_SERVER), "hello");
	assert_true(plab_has_event(&lab, &last_of(SMB_FILE)->tx, "file_overlap"));
	assert_int_equal(last_of(SMB_FILE)->tx.dirs, 3); // rules of both sides are asked about it
}

static void bytes_behind_a_hole_are_not_inspected(void **state)
{
	connect_share(SHARE, 1);
	open_file("a.txt");
	smb2_write(&w, GUID, 0, "hello", 5);
	smb2_write(&w, GUID, 100, "far", 3);
	say(DIR_TO_SERVER);
	assert_string_equal(of(SMB_FILE, "file.data", DIR_TO_SERVER), "hello");
	assert_false(plab_has_event(&lab, &last_of(SMB_FILE)->tx, "file_overlap"));
}

static void a_long_write_is_followed_as_it_comes(void **state)
{
	static uint8_t much[200000];
	struct app_bytes b;

	memset(much, 'x', sizeof(much));
	connect_share(SHARE, 1);
	open_file("big");
	smb2_write_head(&w, GUID, 0, sizeof(much));
	say(DIR_TO_SERVER);
	for (uint32_t at = 0; at < sizeof(much); at += 1000)
		plab_feed(&lab, DIR_TO_SERVER, much + at, 1000);
	assert_int_equal(lab.side[DIR_TO_SERVER].len, 0);
	assert_true(plab_buffer(&lab, &last_of(SMB_FILE)->tx, "file.data", DIR_TO_SERVER, 0, &b));
	assert_int_equal(b.len, SMB_FILE_MAX);
	assert_int_equal(last_of(SMB_FILE)->next, sizeof(much));
	smb2_close_request(&w, GUID); // the next message is found
	say(DIR_TO_SERVER);
	assert_true(app_tx_over(&parser_smb, &last_of(SMB_FILE)->tx));
}

static void a_loss_within_a_long_write_ends_its_data(void **state)
{
	static uint8_t much[100000];

	memset(much, 'x', sizeof(much));
	connect_share(SHARE, 1);
	open_file("big");
	smb2_write_head(&w, GUID, 0, sizeof(much));
	say(DIR_TO_SERVER);
	plab_feed(&lab, DIR_TO_SERVER, much, 40000);
	plab_gap(&lab, DIR_TO_SERVER, 10000);
	plab_feed(&lab, DIR_TO_SERVER, much, 50000);
	assert_int_equal(last_of(SMB_FILE)->text[SMB_DATA].len, 40000);
	assert_int_equal(last_of(SMB_FILE)->next, 100000);
	smb2_close_request(&w, GUID);
	say(DIR_TO_SERVER);
	assert_true(app_tx_over(&parser_smb, &last_of(SMB_FILE)->tx));
}

static void after_a_loss_the_next_message_is_found(void **state)
{
	smb2_tree_request(&w, "\\\\fs\\lost");
	plab_feed(&lab, DIR_TO_SERVER, w.at, 50);
	plab_gap(&lab, DIR_TO_SERVER, 10);
	memmove(w.at, w.at + 60, w.len -= 60);
	smb2_tree_request(&w, SHARE);
	say(DIR_TO_SERVER);
	assert_int_equal(plab_count(&lab), 1);
	smb2_tree_response(&w, 1);
	say(DIR_TO_CLIENT);
	assert_string_equal(of(SMB_TREE, "smb.share", DIR_TO_SERVER), "\\x5c\\x5cfs\\x5cdocs");
}

static void bind_pipe(void)
{
	uint16_t accepted[2] = {0, 2};

	rpc_bind(&pdu, DCERPC_BIND, 1, 2, SVCCTL, 2);
	smb2_write(&w, GUID, 0, pdu.at, pdu.len);
	say(DIR_TO_SERVER);
	smb2_simple(&w, 9, true, 16);
	say(DIR_TO_CLIENT);
	smb_id++;
	pdu.len = 0;
	rpc_bindack(&pdu, DCERPC_BINDACK, 1, 2, accepted);
	smb2_read_request(&w, GUID, 0);
	say(DIR_TO_SERVER);
	smb2_read_response(&w, pdu.at, pdu.len);
	say(DIR_TO_CLIENT);
	smb_id++;
	pdu.len = 0;
}

static void calls_over_a_pipe_are_transactions(void **state)
{
	struct app_bytes b;
	uint64_t v;

	connect_share("\\\\fs\\IPC$", 2);
	open_file("svcctl");
	bind_pipe();
	assert_string_equal(plab_log(&lab, &last_of(SMB_DCERPC)->tx),
		"smb:{id:3,dialect:\"unknown\",command:\"SMB2_COMMAND_WRITE\",status:\"STATUS_SUCCESS\",status_code:"
		"\"0x0\","
		"session_id:7,tree_id:5,dcerpc:{request:\"BIND\",response:\"BINDACK\",interfaces:[{uuid:\"" SVCCTL_TEXT
		"\",version:\"2.0\",ack_result:0,ack_reason:0},{uuid:\"" SVCCTL_TEXT
		"\",version:\"2.0\",ack_result:2,ack_reason:0}],call_id:1}}");
	rpc_request(&pdu, 3, 2, 0, 15, "in");
	smb2_transceive(&w, false, GUID, pdu.at, pdu.len);
	say(DIR_TO_SERVER);
	pdu.len = 0;
	rpc_response(&pdu, 3, 2, "out");
	smb2_transceive(&w, true, GUID, pdu.at, pdu.len);
	say(DIR_TO_CLIENT);
	const struct app_tx *tx = &last_of(SMB_DCERPC)->tx;
	assert_true(app_tx_over(&parser_smb, tx));
	assert_true(plab_field(&lab, tx, "dcerpc.opnum", DIR_TO_SERVER, 0, &v) && v == 15);
	assert_true(plab_buffer(&lab, tx, "dcerpc.iface", DIR_TO_SERVER, 0, &b) && b.at[0] == 0x36);
	assert_false(plab_buffer(&lab, tx, "dcerpc.iface", DIR_TO_SERVER, 1, &b)); // the other was refused
	assert_string_equal(plab_text(&lab, tx, "dcerpc.stub_data", DIR_TO_SERVER, 0), "in");
	assert_string_equal(plab_text(&lab, tx, "dcerpc.stub_data", DIR_TO_CLIENT, 0), "out");
}

static void a_call_cut_over_two_writes_is_one(void **state)
{
	connect_share("\\\\fs\\IPC$", 2);
	open_file("svcctl");
	bind_pipe();
	rpc_request(&pdu, 3, 2, 0, 15, "a stub in two pieces");
	smb2_write(&w, GUID, 0, pdu.at, 20);
	smb2_write(&w, GUID, 0, pdu.at + 20, pdu.len - 20);
	say(DIR_TO_SERVER);
	assert_string_equal(of(SMB_DCERPC, "dcerpc.stub_data", DIR_TO_SERVER), "a stub in two pieces");
}

static void a_disk_that_holds_a_pdu_holds_a_file(void **state)
{
	connect_share(SHARE, 1);
	open_file("capture");
	rpc_request(&pdu, 3, 2, 0, 15, "in");
	smb2_write(&w, GUID, 0, pdu.at, pdu.len);
	say(DIR_TO_SERVER);
	assert_non_null(of(SMB_FILE, "file.data", DIR_TO_SERVER));
}

static void chained_messages_are_all_read(void **state)
{
	uint32_t at = smb_begin(&w), first;

	first = smb2_begin(&w, 13, false);
	wire_fill(&w, 0, 8);
	wire_set(&w, first + 20, 72, 4, true);
	smb_id++;
	smb2_begin(&w, 7, false);
	wire_fill(&w, 0, 24);
	smb_end(&w, at);
	say(DIR_TO_SERVER);
	assert_int_equal(plab_count(&lab), 2);
	assert_int_equal(last_of(SMB_GENERIC)->msg.command, 7);
}

static void a_message_going_the_wrong_way_is_an_event(void **state)
{
	smb2_simple(&w, 13, true, 4);
	say(DIR_TO_SERVER);
	smb2_simple(&w, 13, false, 4);
	say(DIR_TO_CLIENT);
	assert_true(plab_has_event(&lab, NULL, "response_to_server"));
	assert_true(plab_has_event(&lab, NULL, "request_to_client"));
	assert_int_equal(plab_count(&lab), 0);
}

static void a_pending_answer_is_none_yet(void **state)
{
	smb2_simple(&w, 15, false, 32);
	say(DIR_TO_SERVER);
	smb_status = 0x103;
	smb2_simple(&w, 15, true, 9);
	say(DIR_TO_CLIENT);
	assert_false(app_tx_over(&parser_smb, plab_tx(&lab, 0)));
	smb_status = 0;
	smb2_simple(&w, 15, true, 9);
	say(DIR_TO_CLIENT);
	assert_true(app_tx_over(&parser_smb, plab_tx(&lab, 0)));
}

static void a_message_that_ends_early_is_an_event(void **state)
{
	smb2_simple(&w, 3, false, 4);
	say(DIR_TO_SERVER);
	assert_true(plab_has_event(&lab, NULL, "malformed_data"));
	assert_int_equal(lab.answer, PARSE_OK);
}

static void bytes_that_are_no_message_are_skipped(void **state)
{
	wire_text(&w, "GET / HTTP/1.0");
	smb2_simple(&w, 13, false, 4);
	say(DIR_TO_SERVER);
	assert_true(plab_has_event(&lab, NULL, "malformed_data"));
	assert_int_equal(plab_count(&lab), 1);
}

static void keepalives_and_requests_of_netbios_are_skipped(void **state)
{
	wire_bytes(&w,
		"\x81\0\0\x04"
		"abcd\x85\0\0\0",
		12);
	smb2_simple(&w, 13, false, 4);
	say(DIR_TO_SERVER);
	assert_false(plab_has_event(&lab, NULL, "malformed_data"));
	assert_int_equal(plab_count(&lab), 1);
}

static void smb1_tree(const char *path, const char *service, bool wide)
{
	uint32_t at = smb_begin(&w), msg, count;

	msg = smb1_begin(&w, SMB1_TREE_CONNECT_ANDX, false, wide);
	smb1_words(&w, "\xff\0\0\0\0\0\x01\0", 4);
	count = wire_hole(&w, 2);
	wire_u8(&w, 0); // password
	if (wide) {
		if ((w.len - msg) % 2)
			wire_u8(&w, 0);
		wire_wide(&w, path);
		wire_le16(&w, 0);
	} else {
		wire_bytes(&w, path, (uint32_t)strlen(path) + 1);
	}
	wire_bytes(&w, service, (uint32_t)strlen(service) + 1);
	wire_set(&w, count, w.len - count - 2, 2, true);
	smb_end(&w, at);
	say(DIR_TO_SERVER);
	at = smb_begin(&w);
	smb_tree = 9;
	smb1_begin(&w, SMB1_TREE_CONNECT_ANDX, true, wide);
	smb1_words(&w, "\xff\0\0\0\0\0", 3);
	wire_le16(&w, 4);
	wire_bytes(&w, "IPC", 4);
	smb_end(&w, at);
	say(DIR_TO_CLIENT);
}

static void smb1_pipes_are_named_in_ascii_and_utf16(void **state)
{
	for (int wide = 0; wide < 2; wide++) {
		smb1_tree("\\\\fs\\IPC$", "?????", wide);
		assert_string_equal(of(SMB_TREE, "smb.named_pipe", DIR_TO_SERVER), "\\x5cfs\\x5cIPC$");
		assert_non_null(strstr(plab_log(&lab, &last_of(SMB_TREE)->tx),
			"tree_id:9,named_pipe:\"\\x5cfs\\x5cIPC$\",service:{request:\"?????\",response:\"IPC\"}}"));
		smb_id++;
		smb_tree = 0;
	}
}

static void smb1_chain_writes_and_closes(void **state)
{
	uint32_t at = smb_begin(&w), msg = smb1_begin(&w, SMB1_WRITE_ANDX, false, false), next;
	uint8_t words[24] = {SMB1_CLOSE, 0, 0, 0, 0x06, 0x40};

	words[20] = 5;  // bytes of data
	words[22] = 59; // where they are
	smb1_words(&w, words, 12);
	next = msg + 33 + 2;
	wire_le16(&w, 5);
	wire_bytes(&w, "EICAR", 5);
	wire_set(&w, next, w.len - msg, 2, true);
	smb1_words(&w, "\x06\x40\0\0\0\0", 3);
	wire_le16(&w, 0);
	smb_end(&w, at);
	say(DIR_TO_SERVER);
	assert_string_equal(of(SMB_FILE, "file.data", DIR_TO_SERVER), "EICAR");
	assert_true(app_tx_over(&parser_smb, &last_of(SMB_FILE)->tx));
	assert_non_null(strstr(plab_log(&lab, &last_of(SMB_FILE)->tx), "fuid:\"4006\""));
	assert_int_equal(last_of(SMB_GENERIC)->msg.command, SMB1_CLOSE);
}

static void a_chain_that_goes_back_is_malformed(void **state)
{
	uint32_t at = smb_begin(&w), msg = smb1_begin(&w, SMB1_LOCKING_ANDX, false, false);

	smb1_words(&w, "\x24\0\x20\0", 2); // itself
	wire_le16(&w, 0);
	smb_end(&w, at);
	assert_true(msg == at + 4);
	say(DIR_TO_SERVER);
	assert_true(plab_has_event(&lab, plab_tx(&lab, 0), "malformed_data"));
}

static void more_transactions_than_there_is_room_for_are_an_event(void **state)
{
	plab_limits(&lab)->max_tx = 4;
	for (int i = 0; i < 6; i++, smb_id++)
		smb2_simple(&w, 13, false, 4);
	say(DIR_TO_SERVER);
	assert_int_equal(plab_count(&lab), 4);
	assert_true(plab_has_event(&lab, plab_tx(&lab, 3), "too_many_transactions"));
}

static void however_it_is_cut_it_is_the_same(void **state)
{
	static struct wire said[10];
	struct plab_said talk[10];
	uint16_t accepted = 0;
	int n = 0;

	for (int i = 0; i < 10; i++)
		said[i].len = 0;
	smb_tree = 5;
	smb2_tree_request(&said[n++], "\\\\fs\\IPC$");
	smb2_tree_response(&said[n++], 2);
	smb_id++;
	smb2_create_request(&said[n++], "svcctl");
	smb2_create_response(&said[n++], GUID);
	smb_id++;
	rpc_bind(&pdu, DCERPC_BIND, 1, 1, SVCCTL, 2);
	smb2_write(&said[n++], GUID, 0, pdu.at, pdu.len);
	smb2_read_request(&said[n++], GUID, 0);
	pdu.len = 0;
	rpc_bindack(&pdu, DCERPC_BINDACK, 1, 1, &accepted);
	smb2_read_response(&said[n++], pdu.at, pdu.len);
	smb_id++;
	pdu.len = 0;
	rpc_request(&pdu, 3, 2, 0, 15, "in");
	smb2_transceive(&said[n++], false, GUID, pdu.at, pdu.len);
	smb2_close_request(&said[n++], GUID);
	for (int i = 0; i < n; i++)
		talk[i] = (struct plab_said){(uint8_t)(i == 1 || i == 3 || i == 6), said[i].at, said[i].len};
	char *told = plab_every_split(&parser_smb, talk, (uint32_t)n);
	assert_non_null(strstr(told, "dcerpc.opnum[0] 15"));
	free(told);
}

static void a_dos_error_is_told_as_one(void **state)
{
	for (int response = 0; response < 2; response++) {
		uint32_t at = smb_begin(&w);
		smb_status = 0x005b0002;
		uint32_t msg = smb1_begin(&w, SMB1_LOGOFF_ANDX, response, false);
		wire_set(&w, msg + 10, 0, 2, true); // no NT status
		smb1_words(&w, "\xff\0\0\0", 2);
		wire_le16(&w, 0);
		smb_end(&w, at);
		say((uint8_t)response);
	}
	assert_non_null(strstr(plab_log(&lab, plab_tx(&lab, 0)), "status:\"SRV_BADUID\",status_code:\"0x005b\""));
}

static void a_transceive_that_is_no_call_is_an_ioctl(void **state)
{
	connect_share("\\\\fs\\IPC$", 2);
	open_file("psexesvc");
	smb2_transceive(&w, false, GUID, "whatever it is, no call", 23);
	say(DIR_TO_SERVER);
	assert_int_equal(last_of(SMB_IOCTL)->disposition, 0x0011c017);
}

#define T(test) cmocka_unit_test_setup_teardown(test, open_lab, close_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_share_and_a_pipe_are_told_by_name_and_answer),
		T(a_share_that_is_refused_has_its_status),
		T(who_logs_on_is_read_from_ntlmssp),
		T(a_service_is_read_from_a_kerberos_ticket),
		T(a_blob_without_ntlmssp_names_nobody),
		T(ntlmssp_that_points_outside_is_an_event),
		T(the_dialect_is_the_servers),
		T(reads_and_writes_beyond_what_was_agreed_are_events),
		T(dialects_that_end_early_are_an_event),
		T(what_is_written_is_the_files_data),
		T(what_is_read_is_the_files_data),
		T(bytes_that_were_there_are_an_overlap),
		T(bytes_behind_a_hole_are_not_inspected),
		T(a_long_write_is_followed_as_it_comes),
		T(a_loss_within_a_long_write_ends_its_data),
		T(after_a_loss_the_next_message_is_found),
		T(calls_over_a_pipe_are_transactions),
		T(a_call_cut_over_two_writes_is_one),
		T(a_disk_that_holds_a_pdu_holds_a_file),
		T(chained_messages_are_all_read),
		T(a_message_going_the_wrong_way_is_an_event),
		T(a_pending_answer_is_none_yet),
		T(a_message_that_ends_early_is_an_event),
		T(bytes_that_are_no_message_are_skipped),
		T(keepalives_and_requests_of_netbios_are_skipped),
		T(smb1_pipes_are_named_in_ascii_and_utf16),
		T(smb1_chain_writes_and_closes),
		T(a_chain_that_goes_back_is_malformed),
		T(more_transactions_than_there_is_room_for_are_an_event),
		T(a_dos_error_is_told_as_one),
		T(a_transceive_that_is_no_call_is_an_ioctl),
		T(however_it_is_cut_it_is_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
