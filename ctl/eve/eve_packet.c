// EVE packet: a packet that a rule's `tag` has logged. Next: eve_anomaly.c.
#include "ctl/eve/eve_internal.h"

#include <openssl/evp.h>

#define LINKTYPE_RAW 101u // registered; the value captures of this system have is DLT_RAW
#define DLT_RAW 12u

static void base64(struct json_out *o, const char *name, const void *bytes, size_t len)
{
	size_t text = (len + 2) / 3 * 4;

	jout_key(o, name);
	if (!jout_room(o, text + 3)) // EVP_EncodeBlock ends it with a zero byte
		return;
	o->buf[o->len++] = '"';
	o->len += (size_t)EVP_EncodeBlock((unsigned char *)o->buf + o->len, bytes, (int)len);
	o->buf[o->len++] = '"';
}

void eve_format_packet(struct eve *e, struct json_out *o, const struct event *ev)
{
	eve_begin(e, o, ev, "packet");
	eve_tunnel(o, ev);
	base64(o, "packet", event_text(ev), ev->aux_len);
	jout_open_key(o, "packet_info", '{');
	jout_kuint(o, "linktype", ev->packet.link_type == LINKTYPE_RAW ? DLT_RAW : ev->packet.link_type);
	if (ev->packet.len > ev->aux_len)
		jout_kuint(o, "length", ev->packet.len); // more than was kept
	jout_close(o, '}');
	eve_end(e, o, ev);
}
