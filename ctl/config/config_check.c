// What one row cannot check: variables that exist and end, ports, addresses, powers of two.
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/config/config_rows.h"

enum { MAX_NESTING = 16 };

static bool name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

// Copies the name behind a '$'.
static void take_name(const char *p, char *name, size_t size)
{
	size_t n = 0;

	while (name_char(p[n]) && n + 1 < size) {
		name[n] = p[n];
		n++;
	}
	name[n] = '\0';
}

// True when the names in text lead back to themselves. One that is not defined ends there: its own entry is told of.
static bool is_circle(const struct config_map *map, const char *text, unsigned int depth)
{
	char name[128];

	if (depth > MAX_NESTING)
		return true;
	for (const char *p = strchr(text, '$'); p; p = strchr(p + 1, '$')) {
		const char *value;

		take_name(p + 1, name, sizeof(name));
		value = config_map_get(map, name);
		if (value && is_circle(map, value, depth + 1))
			return true;
	}
	return false;
}

static void check_names(
	struct config *c, const char *key, const char *where, const char *text, const struct config_map *map)
{
	char name[128];

	for (const char *p = strchr(text, '$'); p; p = strchr(p + 1, '$')) {
		take_name(p + 1, name, sizeof(name));
		if (!config_map_get(map, name))
			config_complain(c, CONFIG_ERROR, key, "%s uses $%s, which is not defined", where, name);
	}
}

static void check_text(
	struct config *c, const char *key, const char *entry, const char *text, const struct config_map *map)
{
	char name[256];
	int open = 0;

	snprintf(name, sizeof(name), "%s%s\"%s\"", entry, entry[0] ? " " : "", text);
	check_names(c, key, name, text, map);
	for (const char *p = text; *p && open >= 0; p++)
		open += *p == '[' ? 1 : *p == ']' ? -1 : 0;
	if (open != 0)
		config_complain(c, CONFIG_ERROR, key, "%s has brackets that do not pair", name);
	if (!*text)
		config_complain(c, CONFIG_ERROR, key, "%s is empty", entry);
}

static void check_map(struct config *c, const char *key, const struct config_map *map)
{
	bool circle = false; // everything that uses it goes round too: told once

	for (size_t i = 0; i < map->count; i++) {
		check_text(c, key, map->pairs[i].name, map->pairs[i].value, map);
		if (!circle && is_circle(map, map->pairs[i].value, 0)) {
			config_complain(c, CONFIG_ERROR, key, "%s \"%s\" refers to itself", map->pairs[i].name,
				map->pairs[i].value);
			circle = true;
		}
	}
}

// "443", "5900-5909".
static bool is_port_or_range(const char *s)
{
	char *end;
	long lo, hi;

	if (!isdigit((unsigned char)*s))
		return false;
	lo = hi = strtol(s, &end, 10);
	if (*end == '-' && isdigit((unsigned char)end[1]))
		hi = strtol(end + 1, &end, 10);
	return !*end && lo >= 0 && hi <= 65535 && lo <= hi;
}

static void check_ports(
	struct config *c, const char *key, const struct config_list *list, const struct config_map *names)
{
	for (size_t i = 0; i < list->count; i++) {
		const char *s = list->items[i];

		if (*s == '$')
			check_text(c, key, "", s, names);
		else if (strcmp(s, "any") != 0 && !is_port_or_range(s))
			config_complain(c, CONFIG_ERROR, key,
				"\"%s\": expected a port (0 to 65535), a range, a $NAME or any", s);
	}
}

static void check_power_of_two(struct config *c, const char *key, uint64_t v)
{
	if (v & (v - 1))
		config_complain(c, CONFIG_ERROR, key, "%llu is not a power of two", (unsigned long long)v);
}

static void check_types(struct config *c, const struct config_list *types)
{
	static const char *const known[] = {"alert", "anomaly", "files", "flow", "packet", "stats",
#define NAME(id, name, eve) (eve) ? (eve) : (name),
		APP_PROTO_LIST(NAME)
#undef NAME
			NULL};

	for (size_t i = 0; i < types->count; i++) {
		bool found = false;

		for (size_t k = 0; known[k]; k++)
			found |= strcmp(types->items[i], known[k]) == 0;
		if (!found)
			config_complain(c, CONFIG_ERROR, "eve-log.types",
				"\"%s\": expected alert, anomaly, files, flow, packet, stats or a protocol",
				types->items[i]);
	}
}

// It becomes a directory's name, and DPDK takes a percent sign for a format.
static void check_file_prefix(struct config *c, const char *s)
{
	if (!*s || strlen(s) > 64 || *s == '.' || strpbrk(s, "/%"))
		config_complain(c, CONFIG_ERROR, "telemetry.file-prefix",
			"\"%.64s\": expected a directory's name of 1 to 64 characters without / and %%", s);
}

int tocsin_config_check(struct config *c, const struct tocsin_config *cfg)
{
	unsigned int before = config_errors(c);

	check_map(c, "vars.address-groups", &cfg->address_groups);
	check_map(c, "vars.port-groups", &cfg->port_groups);
	check_ports(c, "decoder.teredo.ports", &cfg->decoder.teredo_ports, &cfg->port_groups);
	check_ports(c, "decoder.vxlan.ports", &cfg->decoder.vxlan_ports, &cfg->port_groups);
	check_ports(c, "decoder.geneve.ports", &cfg->decoder.geneve_ports, &cfg->port_groups);
	check_ports(c, "app-layer.protocols.dns.tcp.detection-ports.dp", &cfg->app.dns_tcp_ports, &cfg->port_groups);
	check_ports(c, "app-layer.protocols.dns.udp.detection-ports.dp", &cfg->app.dns_udp_ports, &cfg->port_groups);
	check_ports(c, "app-layer.protocols.tls.detection-ports.dp", &cfg->app.tls_ports, &cfg->port_groups);
	check_ports(c, "app-layer.protocols.smb.detection-ports.dp", &cfg->app.smb_ports, &cfg->port_groups);
	check_ports(c, "app-layer.protocols.modbus.detection-ports.dp", &cfg->app.modbus_ports, &cfg->port_groups);
	check_ports(c, "app-layer.protocols.dnp3.detection-ports.dp", &cfg->app.dnp3_ports, &cfg->port_groups);
	check_ports(c, "app-layer.protocols.enip.detection-ports.dp", &cfg->app.enip_ports, &cfg->port_groups);
	check_ports(c, "app-layer.protocols.rfb.detection-ports.dp", &cfg->app.rfb_ports, &cfg->port_groups);
	check_power_of_two(c, "threading.event-ring", cfg->workers.event_ring);
	check_types(c, &cfg->eve.types);
	check_file_prefix(c, cfg->telemetry.file_prefix);
	return config_errors(c) > before ? -EINVAL : 0;
}
