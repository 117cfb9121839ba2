// What rules read of an SSH connection, and EVE's ssh record. See ssh.h. Next: ssh.c.
#include "dataplane/parsers/ssh.h"

static bool get_text(const struct app_text *t, uint32_t nth, struct app_bytes *out)
{
	*out = (struct app_bytes){t->at, t->len};
	return nth == 0 && t->at;
}

static bool get_proto(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	return get_text(&((const struct ssh_tx *)tx)->side[dir].proto, nth, out);
}

static bool get_software(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	return get_text(&((const struct ssh_tx *)tx)->side[dir].software, nth, out);
}

static bool get_hassh(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	const struct ssh_side *side = &((const struct ssh_tx *)tx)->side[dir];
	*out = (struct app_bytes){side->hassh_hash, sizeof(side->hassh_hash)};
	return nth == 0 && side->hassh.at;
}

static bool get_hassh_string(const struct app_tx *tx, uint8_t dir, uint32_t nth, struct app_bytes *out)
{
	return get_text(&((const struct ssh_tx *)tx)->side[dir].hassh, nth, out);
}

#define CLIENT (1u << DIR_TO_SERVER)
#define SERVER (1u << DIR_TO_CLIENT)
#define AT_BANNER                      \
	{                              \
		SSH_BANNER, SSH_BANNER \
	}
#define AT_KEXINIT                       \
	{                                \
		SSH_KEXINIT, SSH_KEXINIT \
	}

const struct parser_buffer ssh_buffers[] = {
	{.name = "ssh.proto", .dirs = CLIENT | SERVER, .progress = AT_BANNER, .get = get_proto},
	{.name = "ssh.software", .dirs = CLIENT | SERVER, .progress = AT_BANNER, .get = get_software},
	{.name = "ssh.hassh", .dirs = CLIENT, .progress = AT_KEXINIT, .get = get_hassh},
	{.name = "ssh.hassh.string", .dirs = CLIENT, .progress = AT_KEXINIT, .get = get_hassh_string},
	{.name = "ssh.hassh.server", .dirs = SERVER, .progress = AT_KEXINIT, .get = get_hassh},
	{.name = "ssh.hassh.server.string", .dirs = SERVER, .progress = AT_KEXINIT, .get = get_hassh_string},
	{0},
};

static void log_kept(struct app_log *l, const char *name, const struct app_text *t)
{
	if (t->at)
		log_text(l, name, (struct app_bytes){t->at, t->len});
}

static void log_side(struct app_log *l, const char *name, const struct ssh_side *side)
{
	if (!side->proto.at)
		return;
	log_object(l, name);
	log_kept(l, "proto_version", &side->proto);
	log_kept(l, "software_version", &side->software);
	if (side->hassh.at) {
		log_object(l, "hassh");
		log_text(l, "hash", (struct app_bytes){side->hassh_hash, sizeof(side->hassh_hash)});
		log_kept(l, "string", &side->hassh);
		log_close(l);
	}
	log_close(l);
}

bool ssh_log(const struct app_tx *app_tx, struct app_log *l)
{
	const struct ssh_tx *tx = (const struct ssh_tx *)app_tx;

	log_side(l, "client", &tx->side[DIR_TO_SERVER]);
	log_side(l, "server", &tx->side[DIR_TO_CLIENT]);
	return tx->side[0].proto.at || tx->side[1].proto.at;
}
