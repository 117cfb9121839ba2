// Questions and orders through DPDK's telemetry socket: /tocsin/stats, /tocsin/shutdown and the rest of the table in
// telemetry.c. A command is one row there and one function, which runs on the main lcore between two turns of the
// run: it may read and change whatever the main lcore may, and no lock is needed.
// Next: telemetry_answers.c (what they say), ctl/cli/cmd_sensor.c (who asks).
#pragma once

#include <rte_telemetry.h>

struct sensor;

struct telemetry_command {
	const char *name; // "/tocsin/stats"
	const char *help; // one line, with the parameters it takes
	// Writes the answer into d. params: what stood behind the first comma, "" without. Cannot fail; what is wrong
	// is said with telemetry_error.
	void (*answer)(struct sensor *s, const char *params, struct rte_tel_data *d);
};

// After the EAL has started: makes the commands known. They are answered from the first telemetry_serve on.
// Returns 0 or -errno.
int telemetry_open(struct sensor *s);
// Answers who asks. Called often; costs one load when nobody does.
void telemetry_serve(void);
// From here on whoever asks is told that the run has ended. The sensor may be taken apart.
void telemetry_close(void);

// The answer is one dictionary with one key, error.
void telemetry_error(struct rte_tel_data *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
// A counter under its dotted name; DPDK's keys have letters, digits, _ and / only, so dots become slashes and the rest
// _. UINT64_MAX: nobody can count it, said as "unknown".
void telemetry_count(struct rte_tel_data *d, const char *name, uint64_t value);
// A row of a table: a dictionary within the answer, which must be one too (DPDK 22.11 has no lists of dictionaries; 256
// rows at most). tocsinctl prints such an answer as a table. Returns NULL when there is no room for it.
struct rte_tel_data *telemetry_row(struct rte_tel_data *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

// The commands of telemetry_answers.c.
void answer_info(struct sensor *s, const char *params, struct rte_tel_data *d);
void answer_stats(struct sensor *s, const char *params, struct rte_tel_data *d);
void answer_ports(struct sensor *s, const char *params, struct rte_tel_data *d);
void answer_flows(struct sensor *s, const char *params, struct rte_tel_data *d);
void answer_workers(struct sensor *s, const char *params, struct rte_tel_data *d);
void answer_drops(struct sensor *s, const char *params, struct rte_tel_data *d);
// The commands of rules_telemetry.c.
void answer_rules_status(struct sensor *s, const char *params, struct rte_tel_data *d);
void answer_rules_reload(struct sensor *s, const char *params, struct rte_tel_data *d);
void answer_rules_top(struct sensor *s, const char *params, struct rte_tel_data *d);
