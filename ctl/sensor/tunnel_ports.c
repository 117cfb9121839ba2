// Port lists of the configuration, as the tunnel decoders want them.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/sensor/sensor.h"

#define MAX_NAMES_DEEP 8u // tocsin_config_check has refused circles; this only bounds the walk

static int add_range(struct decode_ports *out, unsigned long lo, unsigned long hi)
{
	for (unsigned long port = lo; port <= hi && port <= UINT16_MAX; port++) {
		if (out->count == DECODE_MAX_PORTS)
			return -EINVAL;
		out->port[out->count++] = (uint16_t)port;
	}
	return 0;
}

// One item, or a list "[a, b]" that a name stands for.
static int add_text(struct decode_ports *out, const char *text, const struct config_map *groups, unsigned int deep)
{
	char copy[512], *save = NULL;
	int rc = 0;

	if (deep > MAX_NAMES_DEEP || strlen(text) >= sizeof(copy))
		return -EINVAL;
	strcpy(copy, text);
	for (char *item = strtok_r(copy, "[], ", &save); item && rc == 0; item = strtok_r(NULL, "[], ", &save)) {
		const char *value = item[0] == '$' ? config_map_get(groups, item + 1) : NULL;
		char *end;
		if (value) {
			rc = add_text(out, value, groups, deep + 1);
		} else if (strcmp(item, "any") == 0) {
			out->any = true;
		} else {
			unsigned long lo = strtoul(item, &end, 10), hi = lo;
			if (*end == '-' || *end == ':')
				hi = strtoul(end + 1, &end, 10);
			rc = *end ? -EINVAL : add_range(out, lo, hi);
		}
	}
	return rc;
}

int tunnel_ports(const struct config_list *list, const struct config_map *groups, struct decode_ports *out)
{
	int rc = 0;

	*out = (struct decode_ports){0};
	for (size_t i = 0; i < list->count && rc == 0; i++)
		rc = add_text(out, list->items[i], groups, 0);
	return rc;
}
