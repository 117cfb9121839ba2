// The table of commands, and the way from DPDK's telemetry threads (one a client) to the main lcore and back.
#include "ctl/sensor/telemetry.h"

#include <ctype.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ctl/sensor/sensor.h"

#define PATIENCE_S 3 // the main lcore may be busy writing, never this long
#define KEY_BYTES 128

static void answer_shutdown(struct sensor *s, const char *params, struct rte_tel_data *d)
{
	(void)s, (void)params;
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_string(d, "shutdown", "the run ends as by SIGTERM");
	run_stop();
}

static const struct telemetry_command commands[] = {
	{"/tocsin/info", "The sensor: version, process, ports, workers. No parameters.", answer_info},
	{"/tocsin/stats", "Counters as in EVE stats. Parameter: only those beginning so, as tocsin/ledger.",
		answer_stats},
	{"/tocsin/ports", "What each port has received and lost. Parameter: a port's name, for its queues and xstats.",
		answer_ports},
	{"/tocsin/flows", "The flow tables, all workers together. No parameters.", answer_flows},
	{"/tocsin/workers", "Each worker: lcore, CPUs, frames, flows. No parameters.", answer_workers},
	{"/tocsin/drops", "Frames that were not inspected, by reason. No parameters.", answer_drops},
	{"/tocsin/rules/status", "Rules in use, and how the last reload went. No parameters.", answer_rules_status},
	{"/tocsin/rules/reload", "Reads the rule files anew while traffic goes on. No parameters.",
		answer_rules_reload},
	{"/tocsin/rules/top", "Rules that cost most. Parameters: cycles, checks or matches; how many (20).",
		answer_rules_top},
	{"/tocsin/shutdown", "Ends the run as SIGTERM does. No parameters.", answer_shutdown},
};

struct request {
	const struct telemetry_command *command;
	const char *params;
	struct rte_tel_data *answer;
	bool done;
};

static struct {
	pthread_mutex_t clients; // one of them at a time
	pthread_mutex_t lock;    // of what follows
	pthread_cond_t change;
	struct sensor *sensor; // NULL: there is no run
	struct request *request;
	atomic_bool asked; // request, for a glance without the lock
} box = {.clients = PTHREAD_MUTEX_INITIALIZER, .lock = PTHREAD_MUTEX_INITIALIZER, .change = PTHREAD_COND_INITIALIZER};

// Waits until the main lcore has answered, the run has ended, or patience has. With the lock held.
static void await(struct request *r)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += PATIENCE_S;
	box.request = r;
	atomic_store(&box.asked, true);
	while (!r->done && box.sensor && pthread_cond_timedwait(&box.change, &box.lock, &end) == 0)
		;
	box.request = NULL;
	atomic_store(&box.asked, false);
}

static int on_command(const char *name, const char *params, struct rte_tel_data *d)
{
	struct request r = {.params = params ? params : "", .answer = d};

	for (size_t i = 0; i < RTE_DIM(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			r.command = &commands[i];
	pthread_mutex_lock(&box.clients);
	pthread_mutex_lock(&box.lock);
	if (r.command && box.sensor)
		await(&r);
	pthread_mutex_unlock(&box.lock);
	pthread_mutex_unlock(&box.clients);
	if (!r.done)
		telemetry_error(d, "no answer: the sensor starts or ends just now; ask again");
	return 0;
}

int telemetry_open(struct sensor *s)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < RTE_DIM(commands); i++)
		rc = rte_telemetry_register_cmd(commands[i].name, on_command, commands[i].help);
	pthread_mutex_lock(&box.lock);
	box.sensor = s;
	pthread_mutex_unlock(&box.lock);
	return rc;
}

void telemetry_serve(void)
{
	if (!atomic_load_explicit(&box.asked, memory_order_relaxed))
		return;
	pthread_mutex_lock(&box.lock);
	if (box.request && !box.request->done) {
		box.request->command->answer(box.sensor, box.request->params, box.request->answer);
		box.request->done = true;
		pthread_cond_broadcast(&box.change);
	}
	pthread_mutex_unlock(&box.lock);
}

void telemetry_close(void)
{
	pthread_mutex_lock(&box.lock);
	box.sensor = NULL;
	pthread_cond_broadcast(&box.change);
	pthread_mutex_unlock(&box.lock);
}

void telemetry_error(struct rte_tel_data *d, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_string(d, "error", text);
}

// DPDK allows letters, digits, _ and / in a key.
static void key_of(char *out, size_t size, const char *name)
{
	snprintf(out, size, "%s", name);
	for (char *p = out; *p; p++)
		if (*p == '.')
			*p = '/';
		else if (!isalnum((unsigned char)*p) && *p != '/')
			*p = '_';
}

void telemetry_count(struct rte_tel_data *d, const char *name, uint64_t value)
{
	char key[KEY_BYTES];

	key_of(key, sizeof(key), name);
	if (value == UINT64_MAX)
		rte_tel_data_add_dict_string(d, key, "unknown");
	else
		rte_tel_data_add_dict_u64(d, key, value);
}

struct rte_tel_data *telemetry_row(struct rte_tel_data *d, const char *fmt, ...)
{
	struct rte_tel_data *row = rte_tel_data_alloc();
	char name[KEY_BYTES], key[KEY_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	key_of(key, sizeof(key), name);
	if (!row)
		return NULL;
	rte_tel_data_start_dict(row);
	if (rte_tel_data_add_dict_container(d, key, row, 0) == 0)
		return row;
	rte_tel_data_free(row);
	return NULL;
}
