// The sensor's parts as main.c strings them together. One struct, filled from top to bottom by
// setup.c, used by run.c, taken apart by setup.c.
#pragma once

#include <stdbool.h>

#include "ctl/config/config.h"
#include "ctl/config/tocsin_config.h"
#include "ctl/eve/output.h"
#include "ctl/eve/stats.h"
#include "ctl/sensor/dump_streams.h"
#include "ctl/sensor/options.h"
#include "ctl/sensor/progress.h"
#include "ctl/sensor/spool_config.h"
#include "ctl/sensor/summary.h"
#include "dataplane/pipeline.h"
#include "dataplane/setup/memory.h"
#include "dataplane/source.h"
#include "detectors/signature/signature.h"

// Exit codes of the program.
enum { EXIT_CLEAN = 0, EXIT_BAD_INPUT = 1, EXIT_ENDED_EARLY = 2 };

struct live_ports;
struct reload;

struct sensor {
	struct options opt;
	struct config *config;
	struct tocsin_config cfg;
	struct flow_table_config flow;   // flow.* and flow-timeouts.*, of all workers together
	struct tcp_stream_config stream; // stream.*, of all workers together
	struct spool_config daemon;
	struct addr_set *home;
	struct baselines *baselines;              // what is usual at the site
	uint64_t baselines_saved_ns;              // packet time
	struct addr_set *hosts[TCP_POLICY_COUNT]; // host-os-policy
	uint16_t workers;

	struct ruleset *rules; // NULL without rule files
	struct rule_report report;
	void *signature[PIPELINE_MAX_WORKERS]; // signature workers' memory
	struct alert_gate *gate;               // NULL without rules
	struct reload *reload;                 // NULL until the first; reload.h

	bool eal_started;
	struct mbuf_pools pools;
	struct live_ports *live; // -i and --port; NULL with -r
	struct source *source;   // with live ports: the first of theirs
	struct pipeline *pipeline;
	struct dump_streams *dump; // --dump-streams, else NULL

	struct eve_output *out;
	struct eve_sink *spool; // events for the daemon, one of out's; NULL without daemon.enabled
	struct stats_snapshot *stats;
	struct summary *summary;
	struct progress progress;
	uint64_t last_tick_ns, last_stats_ns; // monotonic
	uint64_t last_packet_ns;              // packet time reached
};

// Each returns EXIT_CLEAN, or the exit code to end with after saying why in one line.
int setup_config(struct sensor *s);
int setup_rules(struct sensor *s);
// -l names a directory; it is made when its parent is there, as a first run would expect. Returns 0 or -errno (said).
int setup_log_dir(const struct sensor *s);
int setup_output(struct sensor *s);
int setup_daemon(struct sensor *s, eve_report_fn report); // setup_daemon.c; after setup_output has opened s->out
// Adds what the spool holds and has lost, tocsin.daemon.*; nothing without daemon.enabled.
void daemon_stats(const struct sensor *s, struct stats_snapshot *stats);
int setup_capture(struct sensor *s);
int setup_live(struct sensor *s); // setup_live.c
void undo_live(struct sensor *s);
int setup_pipeline(struct sensor *s);
// Fills the app-layer stage's configuration; text: APP_PORT_LISTS of them, to be kept as long as that.
// Returns 0 or -EINVAL (said).
#define APP_PORT_LISTS 8u
#define APP_PORTS_BYTES 512u
struct app_ports_text {
	char text[APP_PORTS_BYTES];
};
int setup_app_layer(const struct sensor *s, struct app_layer_config *a, struct app_ports_text *text);
// One list of ports as text, names written out. Returns 0 or -EINVAL.
int app_ports(const struct config_list *list, const struct config_map *groups, struct app_ports_text *out);
int setup_baselines(struct sensor *s); // baselines_keep.c
void load_baselines(struct sensor *s); // from their file, where there is one; says what is wrong with it
// Writes the file of baselines where there is one and its time has come, or at the end of the run.
void keep_baselines(struct sensor *s, uint64_t packet_ns, bool last);
// Takes everything apart that was set up; returns EXIT_CLEAN or, when events were not written, EXIT_ENDED_EARLY.
int setup_undo(struct sensor *s);

// Says which rules cannot be used; limit: lines at most, 0: all.
void report_rules(const struct sensor *s, size_t limit);

// Reads the rule files of the configuration. previous: the set to be replaced, or NULL. Returns NULL with errno.
struct ruleset *load_rules(
	const struct sensor *s, const struct ruleset *previous, unsigned int threads, struct rule_report *report);
// rules_stats.c: adds the rule engine's counters to the snapshot.
void rules_stats(const struct sensor *s);

// UDP ports of a list in the configuration ("4789", "$VXLAN_PORTS", "any") for a tunnel decoder.
// Returns 0, or -EINVAL where there are more than a decoder holds.
int tunnel_ports(const struct config_list *list, const struct config_map *groups, struct decode_ports *out);

// Path of eve.json. Returns false when none is written.
bool sensor_eve_path(const struct sensor *s, char *out, size_t size);

// Reads the captures to their end. Returns the exit code.
int run_captures(struct sensor *s);
// Gathers all counters in s->stats. at_rest: no worker runs. Returns false when the ledger does not add up at rest.
bool run_stats(struct sensor *s, bool at_rest);
// Ends the run as SIGTERM does.
void run_stop(void);

// One line on stderr, "tocsin: ...".
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
