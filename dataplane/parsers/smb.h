// SMB1 and SMB2/3 (MS-CIFS, MS-SMB, MS-SMB2): what the files of the parser share. smb.c frames messages, smb1.c and
// smb2.c read them, smb_file.c follows files and pipes, smb_auth.c reads security blobs, smb_log.c writes the record.
#pragma once

#include "dataplane/api/app_file.h"
#include "dataplane/api/cursor.h"
#include "dataplane/parsers/dcerpc_tx.h"

#define SMB_TREES 32u // shares a flow can have open
#define SMB_FILES 48u // files and pipes
#define SMB_READS 64u // read requests that wait for their answer
#define SMB_TEXT_MAX 1024u
#define SMB_FILE_MAX 100000u // bytes of a file that are kept for inspection
#define SMB_GUID_LEN 16u
#define SMB_PROBE_LEN 16u // bytes that tell DCE/RPC from a file

enum smb_kind {
	SMB_GENERIC,
	SMB_NEGOTIATE,
	SMB_SESSION,
	SMB_TREE,
	SMB_CREATE,
	SMB_IOCTL,
	SMB_SET,
	SMB_DCERPC,
	SMB_FILE
};

// In the order of smb_events (smb.c).
enum smb_event {
	SMB_MALFORMED_DATA,
	SMB_MALFORMED_NTLMSSP_REQUEST,
	SMB_MALFORMED_DIALECTS,
	SMB_MAX_READ_TOO_LARGE,
	SMB_MAX_WRITE_TOO_LARGE,
	SMB_FILE_OVERLAP,
	SMB_REQUEST_TO_CLIENT,
	SMB_RESPONSE_TO_SERVER,
	SMB_READ_REQUEST_TOO_LARGE,
	SMB_READ_RESPONSE_TOO_LARGE,
	SMB_WRITE_REQUEST_TOO_LARGE,
	SMB_TOO_MANY_TRANSACTIONS,
};

// Texts of a transaction; what they hold depends on its kind.
enum smb_text {
	SMB_NAME,    // share, file name, client's dialects (each with its end), function
	SMB_USER,    // NTLMSSP; Kerberos: parts of the service's name, each with its end; rename: the new name
	SMB_DOMAIN,  // NTLMSSP; Kerberos: realm; file: the share
	SMB_HOST,    // NTLMSSP
	SMB_OS,      // of the request: native OS; tree connect: service
	SMB_LM,      // of the request: LAN manager
	SMB_PEER_OS, // of the response; tree connect: service
	SMB_PEER_LM,
	SMB_DATA, // file: what has been read or written
	SMB_TEXTS,
};

// What a message says of itself, in both versions.
struct smb_msg {
	uint8_t version; // 1, 2
	uint8_t dir;
	bool response;
	bool wide; // SMB1: texts are UTF-16
	bool dos;  // SMB1: the status is a DOS error
	uint16_t command;
	uint32_t status;
	uint64_t id; // message id, multiplex id
	uint64_t session;
	uint32_t tree;
};

struct smb_tx {
	struct app_tx tx;
	struct smb_msg msg; // of the request; session and tree of the answer where it names them
	uint8_t kind;       // enum smb_kind
	bool answered, is_pipe, ntlmssp, kerberos, has_version, has_status;
	uint8_t share_type; // SMB2
	uint8_t file_dir;   // of a file: the direction its bytes travel
	uint16_t dialect_version;
	uint16_t dialect;     // of the answer to a negotiation
	uint8_t version[4];   // NTLMSSP: major, minor, build (2)
	uint8_t revision;     // NTLMSSP
	uint32_t disposition; // create; ioctl: function
	uint32_t options, max_read, max_write;
	uint64_t times[4], size; // of the answer to create: created, accessed, modified, changed
	uint8_t guid[SMB_GUID_LEN], client_guid[SMB_GUID_LEN];
	bool has_guid, has_client_guid, has_service, has_peer;
	uint64_t next; // file: offset of the byte expected next
	struct app_file *file;
	const struct smb_state *state;
	struct app_text text[SMB_TEXTS];
	struct dcerpc_call call;
};

struct smb_tree {
	uint64_t session;
	uint32_t tree;
	bool used, is_pipe;
	struct app_text name;
};

struct smb_file {
	uint8_t guid[SMB_GUID_LEN]; // SMB1: the FID in the first two bytes
	bool used;
	uint8_t content; // enum smb_content
	uint64_t session;
	uint32_t tree;
	struct app_text name;
	struct app_text partial[2]; // a pipe's PDU that is not whole yet
};
enum smb_content { SMB_UNDECIDED, SMB_IS_FILE, SMB_IS_DCERPC };

struct smb_read {
	uint64_t id;
	uint64_t offset;
	uint8_t guid[SMB_GUID_LEN];
	bool used;
};

// Where a direction stands within a message too long to be waited for.
struct smb_side {
	uint32_t skip; // bytes in front of the data
	uint32_t data; // bytes of data
	uint32_t tail; // bytes behind
	uint64_t offset;
	uint8_t guid[SMB_GUID_LEN];
	struct smb_msg msg;
	bool lost; // bytes are missing: the next message is looked for
};

struct smb_state {
	struct smb_side side[2];
	uint16_t dialect; // of SMB2; 0: SMB1
	struct app_text dialect1, dialects;
	uint64_t max_read, max_write; // negotiated, 0: not known
	struct dcerpc_ifaces *ifaces;
	uint8_t tree_at, file_at, read_at; // the next place to be taken
	struct smb_tree trees[SMB_TREES];
	struct smb_file files[SMB_FILES];
	struct smb_read reads[SMB_READS];
};

struct smb {
	struct app_run *run;
	struct app_session *s;
	struct smb_state *st;
};

// Data of a read or write that a message announces: n bytes at `at` bytes from the message's start.
struct smb_span {
	uint32_t at, len;
	uint64_t offset; // within the file
	uint8_t guid[SMB_GUID_LEN];
	bool there;
};

// smb1.c, smb2.c: one message of `total` bytes (without its NetBIOS header), of which `len` are there. When its data of
// a read or write goes on past them, the direction's smb_side says so. used: of a chain of SMB2 messages, bytes of the
// first. False: malformed.
bool smb1_message(struct smb *z, uint8_t dir, const uint8_t *at, uint32_t len, uint32_t total);
bool smb2_message(struct smb *z, uint8_t dir, const uint8_t *at, uint32_t len, uint32_t total, uint32_t *used);

// smb_tx.c
struct smb_tx *smb_tx_new(struct smb *z, const struct smb_msg *m, enum smb_kind kind);
// The transaction that a response answers, NULL: none.
struct smb_tx *smb_tx_find(struct smb *z, const struct smb_msg *m);
// The response has come: status, both directions complete.
void smb_tx_answer(struct smb_tx *tx, const struct smb_msg *m);
// An event of a transaction; NULL: of the youngest that is open, else of the flow.
void smb_event(struct smb *z, struct smb_tx *tx, enum smb_event e);
// Sets a text; wide: UTF-16, of which zero bytes are left out.
void smb_text_set(struct smb *z, struct app_text *t, const uint8_t *at, uint32_t len, bool wide);
void smb_text_copy(struct smb *z, struct app_text *t, const struct app_text *from);
// The client goes on: tree connects without an answer so far are looked at as they are.
void smb_trees_wait_no_longer(struct smb *z);
struct smb_tree *smb_tree_find(struct smb_state *st, const struct smb_msg *m);
void smb_tree_open(struct smb *z, const struct smb_msg *m, const struct smb_tx *tx);
void smb_tree_close(struct smb *z, const struct smb_msg *m);
bool smb_status_is_error(uint32_t status);

// smb_file.c
struct smb_file *smb_file_find(struct smb_state *st, const uint8_t guid[SMB_GUID_LEN]);
void smb_file_open(
	struct smb *z, const struct smb_msg *m, const uint8_t guid[SMB_GUID_LEN], const struct app_text *name);
void smb_file_close(struct smb *z, const uint8_t guid[SMB_GUID_LEN]);
// True when these are, or go on, DCE/RPC calls over a pipe.
bool smb_is_call(
	struct smb *z, const struct smb_msg *m, const uint8_t guid[SMB_GUID_LEN], const uint8_t *at, uint32_t len);
// What a file is called, "<unknown>" where its beginning was not seen.
struct app_bytes smb_file_name(const struct smb_tx *tx);
// Bytes of a file or pipe travel in m->dir; they begin at `offset`. start: the first of their message.
void smb_file_bytes(struct smb *z, const struct smb_msg *m, const uint8_t guid[SMB_GUID_LEN], uint64_t offset,
	const uint8_t *at, uint32_t len);
void smb_file_gap(
	struct smb *z, const struct smb_msg *m, const uint8_t guid[SMB_GUID_LEN], uint64_t offset, uint32_t len);
// The data of a message: what is there is handed to smb_file_bytes, for the rest the direction's smb_side is set.
void smb_span_feed(
	struct smb *z, const struct smb_msg *m, const uint8_t *at, uint32_t len, uint32_t total, struct smb_span *span);
// A read was asked for; taken out by the answer. False: none with this id.
void smb_read_ask(struct smb_state *st, uint64_t id, uint64_t offset, const uint8_t guid[SMB_GUID_LEN]);
bool smb_read_take(struct smb_state *st, uint64_t id, struct smb_span *span);

// smb_auth.c: the security blob of a session set-up.
void smb_auth(struct smb *z, struct smb_tx *tx, const uint8_t *at, uint32_t len);

// smb_log.c
bool smb_log(const struct app_tx *tx, struct app_log *l);

#define SMB_STATUS_PENDING 0x103u
#define SMB_STATUS_MORE_PROCESSING 0xc0000016u
#define SMB_STATUS_BUFFER_OVERFLOW 0x80000005u

enum smb1_command {
	SMB1_CLOSE = 0x04,
	SMB1_READ = 0x0a,
	SMB1_WRITE = 0x0b,
	SMB1_TRANS = 0x25,
	SMB1_WRITE_AND_CLOSE = 0x2c,
	SMB1_LOCKING_ANDX = 0x24,
	SMB1_OPEN_ANDX = 0x2d,
	SMB1_READ_ANDX = 0x2e,
	SMB1_WRITE_ANDX = 0x2f,
	SMB1_TRANS2 = 0x32,
	SMB1_TREE_DISCONNECT = 0x71,
	SMB1_NEGOTIATE_PROTOCOL = 0x72,
	SMB1_SESSION_SETUP_ANDX = 0x73,
	SMB1_LOGOFF_ANDX = 0x74,
	SMB1_TREE_CONNECT_ANDX = 0x75,
	SMB1_NT_CREATE_ANDX = 0xa2,
};
enum smb2_command {
	SMB2_NEGOTIATE_PROTOCOL,
	SMB2_SESSION_SETUP,
	SMB2_SESSION_LOGOFF,
	SMB2_TREE_CONNECT,
	SMB2_TREE_DISCONNECT,
	SMB2_CREATE,
	SMB2_CLOSE,
	SMB2_FLUSH,
	SMB2_READ,
	SMB2_WRITE,
	SMB2_LOCK,
	SMB2_IOCTL,
	SMB2_CANCEL,
	SMB2_KEEPALIVE,
	SMB2_FIND,
	SMB2_CHANGE_NOTIFY,
	SMB2_GET_INFO,
	SMB2_SET_INFO,
	SMB2_BREAK,
};
