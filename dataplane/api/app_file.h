// Files that transactions carry: a body, an attachment, what is read from or written to a share. Parsers say when one
// begins, goes on and ends; rules and records ask what is known of it. Nothing is kept of a file unless somebody has
// asked for files (app_file_wants). Next: dataplane/app_file.c.
#pragma once

#include "dataplane/api/parser.h"

// What is wanted of files: by the log, and by the rules in force.
enum app_file_want {
	APP_FILE_TRACKED = 1u << 0, // names, sizes, states
	APP_FILE_MD5 = 1u << 1,     // in the order of enum app_hash
	APP_FILE_SHA1 = 1u << 2,
	APP_FILE_SHA256 = 1u << 3,
	APP_FILE_HEAD = 1u << 4, // the first APP_FILE_HEAD_MAX bytes, by which libmagic tells what it is
};
#define APP_HASHES 3u
#define APP_FILE_HEAD_MAX 4096u
#define APP_FILE_NAME_MAX 4096u // bytes of a name that are kept
#define APP_FILE_MAGIC_MAX 255u // bytes of libmagic's description that are kept

enum app_file_state {
	APP_FILE_OPEN,
	APP_FILE_CLOSED,
	APP_FILE_TRUNCATED, // its end was not seen, or bytes of it were lost
};

struct app_file {
	struct app_file *next; // of the transaction, in order
	struct app_text name;
	struct app_text head;
	uint64_t size;     // bytes so far, with those that were lost
	uint64_t range[2]; // of a part (RFC 9110 14.4): its first and last byte, with has_range
	uint8_t dir;       // enum packet_dir in which it travels
	uint8_t state;     // enum app_file_state
	uint8_t wants;     // enum app_file_want
	uint8_t digests;   // those of `digest` that are known, likewise
	bool gaps;         // bytes of it were lost
	bool has_range;
	bool ends_anyhow; // whatever has come when the connection ends is all of it (HTTP)
	bool settled;     // was over when its transaction was last shown
	bool logged;
	bool magic_known;                             // libmagic has been asked
	struct app_text magic;                        // what it said; empty: nothing
	struct app_digest_state *hashing[APP_HASHES]; // of a file that goes on
	uint8_t digest[APP_HASHES][APP_DIGEST_MAX];   // by enum app_hash, of a file that is closed
};

// --- For parsers. All but app_file_open accept NULL for a file: nobody wants files, or there is no memory.

// Whether files are to be said.
bool app_file_wanted(const struct app_run *run);
// A file begins, that travels in this direction. NULL: see above.
struct app_file *app_file_open(struct app_run *run, struct app_tx *tx, uint8_t dir, struct app_bytes name);
// Its next bytes.
void app_file_add(struct app_run *run, struct app_file *f, const uint8_t *bytes, uint32_t len);
// `len` bytes of it were lost.
void app_file_gap(struct app_file *f, uint64_t len);
// It ends; whole: with its last byte.
void app_file_close(struct app_run *run, struct app_file *f, bool whole);

// --- For rules and records.

// The nth file of a transaction in a direction, NULL: there is none.
struct app_file *app_file_at(const struct app_tx *tx, uint8_t dir, uint32_t nth);
// The stage's own: files that are open will not go on; they go with their transaction.
void app_files_stop(struct app_run *run, struct app_tx *tx);
void app_files_free(struct app_run *run, struct app_tx *tx);
// The members of EVE's `fileinfo`.
void app_file_log(const struct app_file *f, const struct app_tx *tx, struct app_log *l);
