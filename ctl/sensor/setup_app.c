// app-layer.* of the configuration to the stage that finds protocols and runs their parsers. Next: setup_pipeline.c.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/sensor/sensor.h"
#include "dataplane/api/app_file.h"

#define MAX_NAMES_DEEP 8u // tocsin_config_check has refused circles; this only bounds the walk

// Items of a list, names written out. False: there is no room for all of it.
static bool write_ports(struct app_ports_text *t, const char *text, const struct config_map *groups, unsigned int deep)
{
	char copy[APP_PORTS_BYTES], *save = NULL;

	if (deep > MAX_NAMES_DEEP || strlen(text) >= sizeof(copy))
		return false;
	strcpy(copy, text);
	for (char *item = strtok_r(copy, "[], ", &save); item; item = strtok_r(NULL, "[], ", &save)) {
		const char *value = item[0] == '$' ? config_map_get(groups, item + 1) : NULL;
		size_t len = strlen(t->text);
		if (value ? !write_ports(t, value, groups, deep + 1)
			  : snprintf(t->text + len, sizeof(t->text) - len, "%s%s", len ? "," : "", item) >=
					(int)(sizeof(t->text) - len))
			return false;
	}
	return true;
}

int app_ports(const struct config_list *list, const struct config_map *groups, struct app_ports_text *out)
{
	out->text[0] = 0;
	for (size_t i = 0; i < list->count; i++)
		if (!write_ports(out, list->items[i], groups, 0))
			return -EINVAL;
	return app_ports_valid(out->text) ? 0 : -EINVAL;
}

static void set_modes(const struct app_config *c, struct app_detect_config *d)
{
#define X(name, id, over, def)                                              \
	if ((over)&OVER_TCP)                                                \
		d->mode[APP_##id][APP_TCP] = (uint8_t)c->mode[APP_##id][0]; \
	if ((over)&OVER_UDP)                                                \
		d->mode[APP_##id][APP_UDP] = (uint8_t)c->mode[APP_##id][(over) == OVER_UDP];
	CONFIG_APP_PROTOS(X)
#undef X
}

static int set_ports(const struct sensor *s, struct app_detect_config *d, struct app_ports_text *text)
{
	const struct app_config *c = &s->cfg.app;
	const struct {
		const struct config_list *list;
		enum app_proto proto;
		uint8_t over;
	} rows[APP_PORT_LISTS] = {{&c->dns_tcp_ports, APP_DNS, OVER_TCP}, {&c->dns_udp_ports, APP_DNS, OVER_UDP},
		{&c->tls_ports, APP_TLS, OVER_TCP}, {&c->smb_ports, APP_SMB, OVER_TCP},
		{&c->modbus_ports, APP_MODBUS, OVER_TCP}, {&c->dnp3_ports, APP_DNP3, OVER_TCP},
		{&c->enip_ports, APP_ENIP, OVER_BOTH}, {&c->rfb_ports, APP_RFB, OVER_TCP}};

	for (size_t i = 0; i < APP_PORT_LISTS; i++) {
		if (app_ports(rows[i].list, &s->cfg.port_groups, &text[i]) != 0) {
			say("app-layer.protocols.%s: the detection ports do not fit; name fewer, or ranges",
				app_proto_eve_name(rows[i].proto));
			return -EINVAL;
		}
		for (uint32_t t = 0; t < APP_TRANSPORTS; t++)
			if (rows[i].over & 1u << t)
				d->ports[rows[i].proto][t] = text[i].text;
	}
	return 0;
}

static void set_limits(const struct app_config *c, struct app_limits *l)
{
	l->http_request_body = c->http_request_body_limit;
	l->http_response_body = c->http_response_body_limit;
	l->http_decompress_layers = (uint32_t)c->http_decompress_layers;
	l->http_lzma = c->http_lzma;
	l->http_bomb = c->http_compression_bomb_limit;
	l->tls_ja3 = c->tls_ja3 != AUTO_NO;
	l->tls_ja4 = c->tls_ja4 != AUTO_NO;
	l->tls_encrypted = (uint8_t)c->tls_encryption;
	l->max_tx = (uint32_t)c->max_tx;
}

// FTP's connections of data are written with those of control, as in Suricata.
static const char *type_of(const struct parser *p)
{
	return p->proto == APP_FTP_DATA ? "ftp" : p->name;
}

// Which protocols' transactions are written: those that eve-log.types names.
static uint64_t logged(const struct config_list *types)
{
	uint64_t mask = 0;

	for (const struct parser *const *p = parser_table; *p; p++)
		for (size_t i = 0; i < types->count; i++)
			if (strcmp(types->items[i], type_of(*p)) == 0)
				mask |= 1ull << (*p)->proto;
	return mask;
}

static uint8_t files(const struct config_list *types)
{
	for (size_t i = 0; i < types->count; i++)
		if (strcmp(types->items[i], "files") == 0)
			return APP_FILE_TRACKED;
	return 0;
}

int setup_app_layer(const struct sensor *s, struct app_layer_config *a, struct app_ports_text *text)
{
	app_layer_config_default(a, parser_table);
	a->memory = s->cfg.app.memory / s->workers;
	a->flow_memory = s->cfg.app.flow_memory;
	if (s->cfg.eve.enabled || s->daemon.enabled) {
		a->log = logged(&s->cfg.eve.types);
		a->files = files(&s->cfg.eve.types);
	}
	set_limits(&s->cfg.app, &a->limits);
	set_modes(&s->cfg.app, &a->detect);
	return set_ports(s, &a->detect, text);
}
