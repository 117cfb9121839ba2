// See spool_config.h.
#include "ctl/sensor/spool_config.h"

#include "ctl/config/config_rows.h"
#include "ctl/eve/wire.h"

#define F(field) offsetof(struct spool_config, field)

const struct config_row spool_config_rows[] = {
	ROW_BOOL("daemon.enabled", F(enabled), "no", "Send events to tocsind as well."),
	ROW_STRING("daemon.socket", F(socket), "", WIRE_SOCKET, "The unix socket tocsind takes events on."),
	ROW_STRING("daemon.spool-dir", F(dir), "", "spool",
		"Where events wait for tocsind, under the log directory unless absolute; one a sensor."),
	ROW_SIZE("daemon.spool-size", F(max_bytes), 8388608, 1e15, "1gb",
		"Disk the spool takes at most; then the oldest events go, counted by kind."),
	ROW_TIME("daemon.linger", F(linger_ns), "s", 0, 3600, "3",
		"At the end, wait this long for tocsind to go on storing what it has been sent."),
	CONFIG_END,
};
