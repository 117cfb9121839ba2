// The EVE record of SMB, and the names it uses: MS-CIFS section 2.2.2.1 and MS-SMB2 section 2.2.1 (commands), MS-ERREF
// section 2.3.1 (status), MS-SMB2 section 2.2.31 (functions). See smb.h.
#include "dataplane/parsers/smb.h"

// Options of a create, MS-SMB2 section 2.2.13.
#define DIRECTORY_FILE 0x1u
#define DELETE_ON_CLOSE 0x1000u

struct name {
	uint32_t number;
	const char *text;
};

static const struct name smb1_commands[] = {{0x00, "CREATE_DIRECTORY"}, {0x01, "DELETE_DIRECTORY"}, {0x02, "OPEN"},
	{0x03, "CREATE"}, {0x04, "CLOSE"}, {0x05, "FLUSH"}, {0x06, "DELETE"}, {0x07, "RENAME"},
	{0x08, "QUERY_INFORMATION"}, {0x09, "SET_INFORMATION"}, {0x0a, "READ"}, {0x0b, "WRITE"},
	{0x0c, "LOCK_BYTE_RANGE"}, {0x0d, "UNLOCK_BYTE_RANGE"}, {0x0e, "CREATE_TEMPORARY"}, {0x0f, "CREATE_NEW"},
	{0x10, "CHECK_DIRECTORY"}, {0x11, "PROCESS_EXIT"}, {0x12, "SEEK"}, {0x13, "LOCK_AND_READ"},
	{0x14, "WRITE_AND_UNLOCK"}, {0x1a, "READ_RAW"}, {0x1d, "WRITE_RAW"}, {0x22, "SET_INFORMATION2"},
	{0x23, "QUERY_INFORMATION2"}, {0x24, "LOCKING_ANDX"}, {0x25, "TRANS"}, {0x27, "IOCTL"}, {0x2b, "ECHO"},
	{0x2c, "WRITE_AND_CLOSE"}, {0x2d, "OPEN_ANDX"}, {0x2e, "READ_ANDX"}, {0x2f, "WRITE_ANDX"}, {0x32, "TRANS2"},
	{0x33, "TRANS2_SECONDARY"}, {0x34, "FIND_CLOSE2"}, {0x71, "TREE_DISCONNECT"}, {0x72, "NEGOTIATE_PROTOCOL"},
	{0x73, "SESSION_SETUP_ANDX"}, {0x74, "LOGOFF_ANDX"}, {0x75, "TREE_CONNECT_ANDX"},
	{0x80, "QUERY_INFORMATION_DISK"}, {0x81, "SEARCH"}, {0xa0, "NT_TRANS"}, {0xa1, "NT_TRANS_SECONDARY"},
	{0xa2, "NT_CREATE_ANDX"}, {0xa4, "NT_CANCEL"}, {0, NULL}};

static const struct name smb2_commands[] = {{0, "NEGOTIATE_PROTOCOL"}, {1, "SESSION_SETUP"}, {2, "SESSION_LOGOFF"},
	{3, "TREE_CONNECT"}, {4, "TREE_DISCONNECT"}, {5, "CREATE"}, {6, "CLOSE"}, {7, "FLUSH"}, {8, "READ"},
	{9, "WRITE"}, {10, "LOCK"}, {11, "IOCTL"}, {12, "CANCEL"}, {13, "KEEPALIVE"}, {14, "FIND"},
	{15, "CHANGE_NOTIFY"}, {16, "GET_INFO"}, {17, "SET_INFO"}, {18, "OPLOCK_BREAK"}, {0, NULL}};

static const struct name statuses[] = {{0x00000000, "STATUS_SUCCESS"}, {0x00000103, "STATUS_PENDING"},
	{0x0000010b, "STATUS_NOTIFY_CLEANUP"}, {0x0000010c, "STATUS_NOTIFY_ENUM_DIR"},
	{0x80000005, "STATUS_BUFFER_OVERFLOW"}, {0x80000006, "STATUS_NO_MORE_FILES"},
	{0x8000001a, "STATUS_NO_MORE_ENTRIES"}, {0xc0000001, "STATUS_UNSUCCESSFUL"},
	{0xc0000002, "STATUS_NOT_IMPLEMENTED"}, {0xc0000003, "STATUS_INVALID_INFO_CLASS"},
	{0xc0000004, "STATUS_INFO_LENGTH_MISMATCH"}, {0xc0000008, "STATUS_INVALID_HANDLE"},
	{0xc000000d, "STATUS_INVALID_PARAMETER"}, {0xc000000e, "STATUS_NO_SUCH_DEVICE"},
	{0xc000000f, "STATUS_NO_SUCH_FILE"}, {0xc0000010, "STATUS_INVALID_DEVICE_REQUEST"},
	{0xc0000011, "STATUS_END_OF_FILE"}, {0xc0000016, "STATUS_MORE_PROCESSING_REQUIRED"},
	{0xc0000017, "STATUS_NO_MEMORY"}, {0xc0000022, "STATUS_ACCESS_DENIED"}, {0xc0000023, "STATUS_BUFFER_TOO_SMALL"},
	{0xc0000033, "STATUS_OBJECT_NAME_INVALID"}, {0xc0000034, "STATUS_OBJECT_NAME_NOT_FOUND"},
	{0xc0000035, "STATUS_OBJECT_NAME_COLLISION"}, {0xc0000039, "STATUS_OBJECT_PATH_INVALID"},
	{0xc000003a, "STATUS_OBJECT_PATH_NOT_FOUND"}, {0xc000003b, "STATUS_OBJECT_PATH_SYNTAX_BAD"},
	{0xc0000043, "STATUS_SHARING_VIOLATION"}, {0xc0000054, "STATUS_FILE_LOCK_CONFLICT"},
	{0xc0000055, "STATUS_LOCK_NOT_GRANTED"}, {0xc0000056, "STATUS_DELETE_PENDING"},
	{0xc0000061, "STATUS_PRIVILEGE_NOT_HELD"}, {0xc0000064, "STATUS_NO_SUCH_USER"},
	{0xc000006a, "STATUS_WRONG_PASSWORD"}, {0xc000006d, "STATUS_LOGON_FAILURE"},
	{0xc000006e, "STATUS_ACCOUNT_RESTRICTION"}, {0xc000006f, "STATUS_INVALID_LOGON_HOURS"},
	{0xc0000070, "STATUS_INVALID_WORKSTATION"}, {0xc0000071, "STATUS_PASSWORD_EXPIRED"},
	{0xc0000072, "STATUS_ACCOUNT_DISABLED"}, {0xc000007e, "STATUS_RANGE_NOT_LOCKED"},
	{0xc000007f, "STATUS_DISK_FULL"}, {0xc000009a, "STATUS_INSUFFICIENT_RESOURCES"},
	{0xc00000ac, "STATUS_PIPE_NOT_AVAILABLE"}, {0xc00000ad, "STATUS_INVALID_PIPE_STATE"},
	{0xc00000ae, "STATUS_PIPE_BUSY"}, {0xc00000b0, "STATUS_PIPE_DISCONNECTED"}, {0xc00000b5, "STATUS_IO_TIMEOUT"},
	{0xc00000ba, "STATUS_FILE_IS_A_DIRECTORY"}, {0xc00000bb, "STATUS_NOT_SUPPORTED"},
	{0xc00000c9, "STATUS_NETWORK_NAME_DELETED"}, {0xc00000ca, "STATUS_NETWORK_ACCESS_DENIED"},
	{0xc00000cb, "STATUS_BAD_DEVICE_TYPE"}, {0xc00000cc, "STATUS_BAD_NETWORK_NAME"},
	{0xc00000d0, "STATUS_REQUEST_NOT_ACCEPTED"}, {0xc00000d8, "STATUS_CANT_WAIT"},
	{0xc00000e5, "STATUS_INTERNAL_ERROR"}, {0xc0000101, "STATUS_DIRECTORY_NOT_EMPTY"},
	{0xc0000103, "STATUS_NOT_A_DIRECTORY"}, {0xc0000120, "STATUS_CANCELLED"}, {0xc0000121, "STATUS_CANNOT_DELETE"},
	{0xc0000123, "STATUS_FILE_DELETED"}, {0xc0000128, "STATUS_FILE_CLOSED"}, {0xc000014b, "STATUS_PIPE_BROKEN"},
	{0xc000015b, "STATUS_LOGON_TYPE_NOT_GRANTED"}, {0xc0000184, "STATUS_INVALID_DEVICE_STATE"},
	{0xc000018d, "STATUS_TRUSTED_RELATIONSHIP_FAILURE"}, {0xc0000193, "STATUS_ACCOUNT_EXPIRED"},
	{0xc000019c, "STATUS_FS_DRIVER_REQUIRED"}, {0xc0000203, "STATUS_USER_SESSION_DELETED"},
	{0xc0000205, "STATUS_INSUFF_SERVER_RESOURCES"}, {0xc0000224, "STATUS_PASSWORD_MUST_CHANGE"},
	{0xc0000225, "STATUS_NOT_FOUND"}, {0xc0000234, "STATUS_ACCOUNT_LOCKED_OUT"},
	{0xc0000257, "STATUS_PATH_NOT_COVERED"}, {0xc000035c, "STATUS_NETWORK_SESSION_EXPIRED"}, {0, NULL}};

static const struct name functions[] = {{0x00060194, "FSCTL_DFS_GET_REFERRALS"},
	{0x000601b0, "FSCTL_DFS_GET_REFERRALS_EX"}, {0x0011400c, "FSCTL_PIPE_PEEK"}, {0x00110018, "FSCTL_PIPE_WAIT"},
	{0x0011c017, "FSCTL_PIPE_TRANSCEIVE"}, {0x001440f2, "FSCTL_SRV_COPYCHUNK"},
	{0x00144064, "FSCTL_SRV_ENUMERATE_SNAPSHOTS"}, {0x00140078, "FSCTL_SRV_REQUEST_RESUME_KEY"},
	{0x001441bb, "FSCTL_SRV_READ_HASH"}, {0x001480f2, "FSCTL_SRV_COPYCHUNK_WRITE"},
	{0x001401d4, "FSCTL_LMR_REQUEST_RESILIENCY"}, {0x001401fc, "FSCTL_QUERY_NETWORK_INTERFACE_INFO"},
	{0x000900c0, "FSCTL_CREATE_OR_GET_OBJECT_ID"}, {0x000900a4, "FSCTL_SET_REPARSE_POINT"},
	{0x000900a8, "FSCTL_GET_REPARSE_POINT"}, {0x00098208, "FSCTL_FILE_LEVEL_TRIM"},
	{0x00140204, "FSCTL_VALIDATE_NEGOTIATE_INFO"}, {0, NULL}};

static const char *name_of(const struct name *table, uint32_t number)
{
	for (; table->text; table++)
		if (table->number == number)
			return table->text;
	return NULL;
}

// Texts put together piece by piece.
struct piece {
	char at[64];
	uint32_t len;
};

static void add_text(struct piece *p, const char *text)
{
	while (*text && p->len < sizeof(p->at))
		p->at[p->len++] = *text++;
}

static void add_number(struct piece *p, uint32_t v, uint32_t base, uint32_t width)
{
	char digits[16];
	uint32_t n = 0;

	do {
		digits[n++] = "0123456789abcdef"[v % base];
	} while ((v /= base) != 0 && n < sizeof(digits));
	while (n < width && n < sizeof(digits))
		digits[n++] = '0';
	while (n && p->len < sizeof(p->at))
		p->at[p->len++] = digits[--n];
}

static void log_piece(struct app_log *l, const char *name, const struct piece *p)
{
	log_text(l, name, (struct app_bytes){(const uint8_t *)p->at, p->len});
}

// A GUID's first three parts are little-endian; of the rest Suricata turns the first pair and the last four bytes.
static void log_guid(struct app_log *l, const char *name, const uint8_t guid[SMB_GUID_LEN])
{
	static const uint8_t order[SMB_GUID_LEN] = {3, 2, 1, 0, 5, 4, 7, 6, 9, 8, 11, 10, 15, 14, 13, 12};
	struct piece p = {.len = 0};

	for (uint32_t i = 0; i < SMB_GUID_LEN; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			add_text(&p, "-");
		add_number(&p, guid[order[i]], 16, 2);
	}
	log_piece(l, name, &p);
}

static void log_member(struct app_log *l, const char *name, const struct smb_tx *tx, enum smb_text which)
{
	log_text(l, name, (struct app_bytes){tx->text[which].at, tx->text[which].len});
}

static const char *dialect_name(uint16_t dialect)
{
	static const struct name names[] = {{0x0202, "2.02"}, {0x0210, "2.10"}, {0x0222, "2.22"}, {0x0224, "2.24"},
		{0x02ff, "2.??"}, {0x0300, "3.00"}, {0x0302, "3.02"}, {0x0310, "3.10"}, {0x0311, "3.11"}, {0, NULL}};

	return name_of(names, dialect);
}

static void log_dialect(struct app_log *l, const char *name, uint16_t dialect)
{
	struct piece p = {.len = 0};
	const char *text = dialect_name(dialect);

	if (text) {
		log_string(l, name, text);
		return;
	}
	add_text(&p, "0x");
	add_number(&p, dialect, 16, 4);
	log_piece(l, name, &p);
}

// MS-CIFS section 2.2.2.4: a class in the first byte, a code in the last two. Codes without a name are numbers, as in
// Suricata.
static void log_dos_status(struct app_log *l, uint32_t status)
{
	static const struct name server_errors[] = {
		{0x01, "SRV_ERROR"}, {0x02, "SRV_BADPW"}, {0x04, "SRV_ACCESS"}, {0x5b, "SRV_BADUID"}, {0, NULL}};
	const char *name = (status & 0xff) == 2 ? name_of(server_errors, status >> 16) : NULL;
	struct piece p = {.len = 0};

	add_number(&p, status >> 16, 10, 1);
	if (!status)
		name = "UNKNOWN_00_0000";
	if (name)
		log_string(l, "status", name);
	else
		log_piece(l, "status", &p);
	p.len = 0;
	add_text(&p, "0x");
	add_number(&p, status >> 16, 16, 4);
	log_piece(l, "status_code", &p);
}

static void log_header(struct app_log *l, const struct smb_tx *tx)
{
	const struct smb_state *st = tx->state;
	struct piece p = {.len = 0};
	const char *command = name_of(tx->msg.version == 1 ? smb1_commands : smb2_commands, tx->msg.command);

	log_uint(l, "id", tx->tx.id + 1);
	if (st->dialect)
		log_dialect(l, "dialect", st->dialect);
	else if (st->dialect1.len)
		log_text(l, "dialect", (struct app_bytes){st->dialect1.at, st->dialect1.len});
	else
		log_string(l, "dialect", "unknown");
	if (command) {
		add_text(&p, tx->msg.version == 1 ? "SMB1_COMMAND_" : "SMB2_COMMAND_");
		add_text(&p, command);
	} else {
		add_number(&p, tx->msg.command, 10, 1);
	}
	log_piece(l, "command", &p);
	if (tx->has_status && tx->msg.dos) {
		log_dos_status(l, tx->msg.status);
	} else if (tx->has_status) {
		const char *status = name_of(statuses, tx->msg.status);
		p.len = 0;
		add_text(&p, "0x");
		add_number(&p, tx->msg.status, 16, 1);
		if (status)
			log_string(l, "status", status);
		else
			log_piece(l, "status", &p);
		log_piece(l, "status_code", &p);
	}
	log_uint(l, "session_id", tx->msg.session);
	log_uint(l, "tree_id", tx->msg.tree);
}

static void log_negotiate(struct app_log *l, const struct smb_tx *tx)
{
	const struct app_text *t = &tx->text[SMB_NAME];

	log_list(l, "client_dialects");
	for (uint32_t at = 0; at < t->len;) {
		if (tx->msg.version == 2) {
			if (at + 2 <= t->len)
				log_dialect(l, NULL, load_le16(t->at + at));
			at += 2;
			continue;
		}
		const uint8_t *end = memchr(t->at + at, 0, t->len - at);
		uint32_t n = end ? (uint32_t)(end - t->at) - at : t->len - at;
		log_text(l, NULL, (struct app_bytes){t->at + at, n});
		at += n + 1;
	}
	log_close(l);
	if (tx->has_client_guid)
		log_guid(l, "client_guid", tx->client_guid);
	if (tx->has_guid)
		log_guid(l, "server_guid", tx->guid);
	if (tx->max_read)
		log_uint(l, "max_read_size", tx->max_read);
	if (tx->max_write)
		log_uint(l, "max_write_size", tx->max_write);
}

static void log_kerberos(struct app_log *l, const struct smb_tx *tx)
{
	const struct app_text *names = &tx->text[SMB_USER];

	log_object(l, "kerberos");
	log_member(l, "realm", tx, SMB_DOMAIN);
	log_list(l, "snames");
	for (uint32_t i = 0, len; i < names->len; i += len + 1) {
		len = (uint32_t)strnlen((const char *)names->at + i, names->len - i);
		log_text(l, NULL, (struct app_bytes){names->at + i, len});
	}
	log_close(l);
	log_close(l);
}

static void log_session(struct app_log *l, const struct smb_tx *tx)
{
	if (tx->kerberos)
		log_kerberos(l, tx);
	if (tx->ntlmssp) {
		log_object(l, "ntlmssp");
		log_member(l, "domain", tx, SMB_DOMAIN);
		log_member(l, "user", tx, SMB_USER);
		log_member(l, "host", tx, SMB_HOST);
		if (tx->has_version) {
			struct piece p = {.len = 0};
			add_number(&p, tx->version[0], 10, 1);
			add_text(&p, ".");
			add_number(&p, tx->version[1], 10, 1);
			add_text(&p, " build ");
			add_number(&p, load_le16(tx->version + 2), 10, 1);
			add_text(&p, " rev ");
			add_number(&p, tx->revision, 10, 1);
			log_piece(l, "version", &p);
		}
		log_close(l);
	}
	if (tx->msg.version == 2)
		return;
	log_object(l, "request");
	log_member(l, "native_os", tx, SMB_OS);
	log_member(l, "native_lm", tx, SMB_LM);
	log_close(l);
	if (!tx->has_peer)
		return;
	log_object(l, "response");
	log_member(l, "native_os", tx, SMB_PEER_OS);
	log_member(l, "native_lm", tx, SMB_PEER_LM);
	log_close(l);
}

static void log_tree(struct app_log *l, const struct smb_tx *tx)
{
	static const char *const types[] = {"UNKNOWN", "FILE", "PIPE", "PRINT"};

	log_member(l, tx->is_pipe ? "named_pipe" : "share", tx, SMB_NAME);
	if (tx->msg.version == 2) {
		log_string(l, "share_type", types[tx->share_type < 4 ? tx->share_type : 0]);
		return;
	}
	log_object(l, "service");
	log_member(l, "request", tx, SMB_OS);
	if (tx->has_peer)
		log_member(l, "response", tx, SMB_PEER_OS);
	log_close(l);
}

static uint64_t unix_time(uint64_t filetime)
{
	uint64_t s = filetime / 10000000;

	return s > 11644473600ull ? s - 11644473600ull : 0;
}

static void log_fuid(struct app_log *l, const struct smb_tx *tx)
{
	struct piece p = {.len = 0};

	if (!tx->has_guid && tx->kind != SMB_FILE) {
		log_string(l, "fuid", "");
		return;
	}
	if (tx->msg.version == 2) {
		log_guid(l, "fuid", tx->guid);
		return;
	}
	add_number(&p, load_le16(tx->guid), 16, 4);
	log_piece(l, "fuid", &p);
}

static void log_create(struct app_log *l, const struct smb_tx *tx)
{
	static const char *const dispositions[] = {
		"FILE_SUPERSEDE", "FILE_OPEN", "FILE_CREATE", "FILE_OPEN_IF", "FILE_OVERWRITE", "FILE_OVERWRITE_IF"};
	static const char *const times[] = {"created", "accessed", "modified", "changed"};

	if (tx->text[SMB_NAME].len)
		log_member(l, tx->options & DIRECTORY_FILE ? "directory" : "filename", tx, SMB_NAME);
	else
		log_string(l, "filename", "<share_root>");
	log_string(l, "disposition", tx->disposition < 6 ? dispositions[tx->disposition] : "UNKNOWN");
	log_string(l, "access", tx->options & DELETE_ON_CLOSE ? "delete on close" : "normal");
	for (uint32_t i = 0; i < 4; i++)
		log_uint(l, times[i], unix_time(tx->times[i]));
	log_uint(l, "size", tx->size);
	log_fuid(l, tx);
}

static void log_set(struct app_log *l, const struct smb_tx *tx)
{
	if (tx->text[SMB_USER].len) {
		log_object(l, "rename");
		log_member(l, "from", tx, SMB_NAME);
		log_member(l, "to", tx, SMB_USER);
		log_close(l);
	} else {
		log_member(l, "filename", tx, SMB_NAME);
		log_string(l, "access", tx->options ? "delete on close" : "normal");
	}
	log_fuid(l, tx);
}

static void log_frags(struct app_log *l, const char *name, const struct dcerpc_call *call, uint8_t dir)
{
	log_object(l, name);
	log_uint(l, "frag_cnt", call->frags[dir]);
	log_uint(l, "stub_data_size", call->stub[dir].len);
	log_close(l);
}

static void log_dcerpc(struct app_log *l, const struct smb_tx *tx)
{
	const struct dcerpc_call *call = &tx->call;
	bool request = call->type[DIR_TO_SERVER] == DCERPC_REQUEST, answered = call->said[DIR_TO_CLIENT];

	log_object(l, "dcerpc");
	log_string(l, "request", dcerpc_type_name(call->type[DIR_TO_SERVER]));
	log_string(l, "response", answered ? dcerpc_type_name(call->type[DIR_TO_CLIENT]) : "UNREPLIED");
	if (request) {
		log_uint(l, "opnum", call->opnum);
		log_frags(l, "req", call, DIR_TO_SERVER);
	}
	if (call->ifaces && call->ifaces->answered && (request || call->type[DIR_TO_SERVER] == DCERPC_BIND))
		dcerpc_log_ifaces(l, call->ifaces, !request && answered, true);
	if (answered && call->type[DIR_TO_CLIENT] == DCERPC_RESPONSE)
		log_frags(l, "res", call, DIR_TO_CLIENT);
	log_uint(l, "call_id", call->call_id);
	log_close(l);
}

static void log_function(struct app_log *l, const struct smb_tx *tx)
{
	const char *function = name_of(functions, tx->disposition);
	struct piece p = {.len = 0};

	if (function) {
		log_string(l, "function", function);
		return;
	}
	add_text(&p, "0x");
	add_number(&p, tx->disposition, 16, 8);
	log_piece(l, "function", &p);
}

bool smb_log(const struct app_tx *at, struct app_log *l)
{
	const struct smb_tx *tx = (const struct smb_tx *)at;

	log_header(l, tx);
	switch (tx->kind) {
	case SMB_NEGOTIATE:
		log_negotiate(l, tx);
		break;
	case SMB_SESSION:
		log_session(l, tx);
		break;
	case SMB_TREE:
		log_tree(l, tx);
		break;
	case SMB_CREATE:
		log_create(l, tx);
		break;
	case SMB_IOCTL:
		log_function(l, tx);
		break;
	case SMB_SET:
		log_set(l, tx);
		break;
	case SMB_DCERPC:
		log_dcerpc(l, tx);
		break;
	case SMB_FILE:
		log_text(l, "filename", smb_file_name(tx));
		log_member(l, "share", tx, SMB_DOMAIN);
		log_fuid(l, tx);
		break;
	default:
		break;
	}
	return true;
}
