// Names of application protocols.
#include <string.h>

#include "dataplane/api/parser.h"

static const char *const names[APP_PROTO_COUNT] = {[APP_UNKNOWN] = "unknown",
	[APP_FAILED] = "failed",
#define NAME(number, name, eve) [APP_##number] = name,
	APP_PROTO_LIST(NAME)
#undef NAME
};

static const char *const eve_names[APP_PROTO_COUNT] = {
#define NAME(number, name, eve) [APP_##number] = eve,
	APP_PROTO_LIST(NAME)
#undef NAME
};

const char *app_proto_name(uint16_t proto)
{
	return proto < APP_PROTO_COUNT ? names[proto] : names[APP_UNKNOWN];
}

const char *app_proto_eve_name(uint16_t proto)
{
	return proto < APP_PROTO_COUNT && eve_names[proto] ? eve_names[proto] : app_proto_name(proto);
}

enum app_proto app_proto_by_name(const char *name)
{
	for (uint32_t i = APP_FAILED + 1; i < APP_PROTO_COUNT; i++)
		if (strcmp(names[i], name) == 0)
			return (enum app_proto)i;
	return APP_UNKNOWN;
}
