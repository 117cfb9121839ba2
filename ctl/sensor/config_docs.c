// Writes docs/configuration.md from the schema; run by scripts/gen-docs. Not installed.
#include <stdio.h>

#include "ctl/config/tocsin_config.h"
#include "ctl/sensor/spool_config.h"
#include "dataplane/flow_table.h"
#include "dataplane/tcp_stream.h"

static const char intro[] =
	"# Configuration\n\n"
	"Every key of `tocsin.yaml`, written by `scripts/gen-docs` from the same rows the program checks values "
	"against;\n"
	"`tocsin --dump-config` prints them as a file `tocsin -c` reads back. Keys that Suricata has are spelled as "
	"in\n"
	"`suricata.yaml`, so that a site's values paste over. `--set key=value` overrides one value.\n\n"
	"Sizes take kb, mb and gb (powers of 1024), durations ns, us, ms, s, min, h and d; a number without a unit is "
	"in\n"
	"the unit of the range. `include: other.yaml` works at any level. An unknown key or a value out of range ends "
	"the\n"
	"program with one line that names file, line and the nearest known key.\n";

int main(void)
{
	static struct tocsin_config cfg;
	struct flow_table_config flow;
	struct tcp_stream_config stream;
	static struct spool_config spool;
	struct config *c = config_new(NULL, NULL);
	int rc = c ? tocsin_config_add(c, &cfg, detector_table) : -1;

	flow_table_config_default(&flow);
	tcp_stream_config_default(&stream);
	if (rc == 0)
		rc = config_add_part(c, "", flow_config_rows, &flow);
	if (rc == 0)
		rc = config_add_part(c, "", tcp_stream_config_rows, &stream);
	if (rc == 0)
		rc = config_add_part(c, "", spool_config_rows, &spool);
	if (rc == 0) {
		fputs(intro, stdout);
		rc = config_markdown(c, stdout);
	}
	config_free(c);
	return rc != 0;
}
