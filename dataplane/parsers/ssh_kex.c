// HASSH, see ssh.h. Next: ssh_log.c.
#include "dataplane/parsers/ssh.h"

#define COOKIE_LEN 16u

void ssh_make_hassh(struct app_run *run, struct ssh_side *side, struct cursor c, bool client)
{
	// key exchange, ciphers, MACs, compression; the last three by direction, client to server first
	static const bool told[2][8] = {{1, 0, 0, 1, 0, 1, 0, 1}, {1, 0, 1, 0, 1, 0, 1, 0}};
	static const char digits[] = "0123456789abcdef";
	struct cursor list;
	uint8_t md5[16];
	uint32_t len;

	if (side->hassh.at || !cursor_skip(&c, COOKIE_LEN))
		return;
	for (uint32_t i = 0; i < 8; i++) {
		bool fits = cursor_be32(&c, &len) && cursor_sub(&c, len, &list);
		if (fits && told[client][i])
			fits = (i == 0 || app_text_add(run, &side->hassh, (const uint8_t *)";", 1, SSH_HASSH_MAX)) &&
			       app_text_add(run, &side->hassh, list.at, len, SSH_HASSH_MAX);
		if (!fits) {
			app_text_free(run, &side->hassh);
			return;
		}
	}
	app_digest(APP_MD5, side->hassh.at, side->hassh.len, md5);
	for (uint32_t i = 0; i < sizeof(md5); i++) {
		side->hassh_hash[2 * i] = (uint8_t)digits[md5[i] >> 4];
		side->hassh_hash[2 * i + 1] = (uint8_t)digits[md5[i] & 15];
	}
}
