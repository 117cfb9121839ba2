// The country of an address from a MaxMind DB (libmaxminddb). Lookups walk the mapped file and allocate nothing.
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <maxminddb.h>

#include "detectors/signature/reputation.h"
#include "detectors/signature/ruleset_load.h"

int geoip_open(struct ruleset *rs, const struct ruleset_config *cfg, struct report *rep)
{
	if (!cfg->geoip_database)
		return 0;
	MMDB_s *db = calloc(1, sizeof(*db));
	if (!db)
		return -ENOMEM;
	int rc = MMDB_open(cfg->geoip_database, MMDB_MODE_MMAP, db);
	if (rc != MMDB_SUCCESS) {
		report_add(rep, cfg->geoip_database, 0, 0, RULE_REJECTED,
			"expected a MaxMind database of countries, found: %s",
			rc == MMDB_IO_ERROR ? strerror(errno) : MMDB_strerror(rc));
		free(db);
		return -EINVAL;
	}
	rs->geoip = db;
	return 0;
}

void geoip_close(struct ruleset *rs)
{
	if (!rs->geoip)
		return;
	MMDB_close(rs->geoip);
	free(rs->geoip);
	rs->geoip = NULL;
}

bool geoip_country(const struct ruleset *rs, const union ip_addr *addr, int version, char out[2])
{
	static const char *const path[] = {"country", "iso_code", NULL};
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	MMDB_entry_data_s data;
	int error = 0;

	memcpy(&v4.sin_addr, addr->b, sizeof(v4.sin_addr));
	memcpy(&v6.sin6_addr, addr->b, sizeof(v6.sin6_addr));
	MMDB_lookup_result_s hit = MMDB_lookup_sockaddr(
		rs->geoip, version == 4 ? (const struct sockaddr *)&v4 : (const struct sockaddr *)&v6, &error);
	if (error != MMDB_SUCCESS || !hit.found_entry ||
		MMDB_aget_value(&hit.entry, &data, (const char *const *)path) != MMDB_SUCCESS || !data.has_data ||
		data.type != MMDB_DATA_TYPE_UTF8_STRING || data.data_size != 2)
		return false;
	memcpy(out, data.utf8_string, 2);
	return true;
}
