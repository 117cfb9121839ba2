// What an SSH connection says of itself before it is ciphered. Private to ssh*.c: ssh_kex.c makes HASSH, ssh_log.c has
// what rules and EVE are told, ssh.c the lines and packets.
#pragma once

#include "dataplane/api/cursor.h"
#include "dataplane/api/parser.h"

#define SSH_BANNER_MAX 255u  // RFC 4253 section 4.2, without the line's end
#define SSH_HASSH_MAX 16384u // bytes of a HASSH text; a longer one is not made

enum ssh_event { SSH_INVALID_BANNER, SSH_LONG_BANNER, SSH_INVALID_RECORD };

// Progress of a direction.
enum ssh_progress { SSH_BEGUN, SSH_BANNER, SSH_KEXINIT, SSH_DONE };

// By enum packet_dir.
struct ssh_side {
	struct app_text proto, software;
	struct app_text hassh;
	uint8_t hassh_hash[32];
};

struct ssh_tx {
	struct app_tx tx;
	struct ssh_side side[2];
};

// HASSH of a KEXINIT message (RFC 4253 section 7.1; salesforce/hassh) without its type. Lists that lie: none is made.
void ssh_make_hassh(struct app_run *run, struct ssh_side *side, struct cursor body, bool client);

extern const struct parser_buffer ssh_buffers[];
bool ssh_log(const struct app_tx *tx, struct app_log *l);
