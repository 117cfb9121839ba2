// tocsind: takes events from sensors, keeps them, answers questions about them.
// Next: ingest.h (events in), store.h (what is kept), api.h (questions).
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/daemon/api.h"
#include "ctl/daemon/ingest.h"
#include "ctl/daemon/ingest_internal.h"
#include "ctl/daemon/listen.h"
#include "ctl/daemon/store.h"

#define STORE_PATH "/var/lib/tocsin/events.db"

enum exit_code { EXIT_CLEAN = 0, EXIT_BAD_INPUT = 1, EXIT_ENDED_EARLY = 2 };

struct options {
	const char *events, *store, *api, *http;
	uint64_t max_events;
};

static volatile bool stop;

static const char usage[] =
	"usage: tocsind [options]\n"
	"\n"
	"Takes events from tocsin sensors, stores each exactly once, and answers tocsinctl.\n"
	"\n"
	"  -s, --store FILE        where events are kept (SQLite; default " STORE_PATH ")\n"
	"  -e, --events PATH       unix socket for sensors (default " WIRE_SOCKET ")\n"
	"  -a, --api PATH          unix socket of the HTTP API (default " WIRE_API_SOCKET ")\n"
	"      --http ADDR:PORT    the HTTP API on a loopback address as well, such as 127.0.0.1:9901\n"
	"      --max-events N      keep at most N events, the oldest go (default 50000000; 0: no limit)\n"
	"  -V, --version           print the version\n"
	"  -h, --help              print this\n"
	"\n"
	"Exit codes: 0 ended on a signal, 1 could not start, 2 ended with events not stored (their sensors keep "
	"them).\n"
	"See tocsind(8).\n";

void daemon_say(const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	fprintf(stderr, "tocsind: %s\n", line);
}

static void on_signal(int sig)
{
	stop = true;
}

static bool read_count(const char *text, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	return !errno && end != text && !*end && *text != '-';
}

// Returns true to go on; else *code is the program's exit code.
static bool read_options(int argc, char **argv, struct options *o, int *code)
{
	static const struct option longs[] = {{"store", required_argument, NULL, 's'},
		{"events", required_argument, NULL, 'e'}, {"api", required_argument, NULL, 'a'},
		{"http", required_argument, NULL, 'H'}, {"max-events", required_argument, NULL, 'm'},
		{"version", no_argument, NULL, 'V'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	int c;

	*code = EXIT_CLEAN;
	opterr = 0;
	while ((c = getopt_long(argc, argv, "s:e:a:Vh", longs, NULL)) != -1) {
		switch (c) {
		case 's':
			o->store = optarg;
			break;
		case 'e':
			o->events = optarg;
			break;
		case 'a':
			o->api = optarg;
			break;
		case 'H':
			o->http = optarg;
			break;
		case 'm':
			if (read_count(optarg, &o->max_events))
				break;
			daemon_say("--max-events %s: expected a number of events", optarg);
			*code = EXIT_BAD_INPUT;
			return false;
		case 'V':
			puts("tocsind " TOCSIN_VERSION);
			return false;
		case 'h':
			fputs(usage, stdout);
			return false;
		default:
			daemon_say("%s: unknown, or without what it needs; tocsind --help lists the options",
				argv[optind > 1 ? optind - 1 : 1]);
			*code = EXIT_BAD_INPUT;
			return false;
		}
	}
	if (optind < argc) {
		daemon_say("%s: tocsind takes options only; tocsind --help lists them", argv[optind]);
		*code = EXIT_BAD_INPUT;
		return false;
	}
	return true;
}

static void catch_signals(void)
{
	struct sigaction sa = {.sa_handler = on_signal};

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
}

// The API's threads must leave signals to the main one, whose epoll_wait they are to end.
static struct api *start_api(const struct api_context *ctx, int fd, const char *where)
{
	sigset_t all, old;
	struct api *a;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	a = api_start(ctx, fd);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!a)
		daemon_say("%s: the HTTP server does not start", where);
	return a;
}

static int serve(const struct options *o, struct store *st, int events_fd, int api_fd, int http_fd)
{
	struct api_context ctx = {.store_path = o->store, .started_s = time(NULL)};
	struct api *apis[2] = {NULL, NULL};
	int rc = EXIT_BAD_INPUT;

	ctx.ingest = ingest_new(st, events_fd);
	if (!ctx.ingest) {
		daemon_say("no memory");
		return rc;
	}
	apis[0] = start_api(&ctx, api_fd, o->api);
	if (http_fd >= 0)
		apis[1] = start_api(&ctx, http_fd, o->http);
	if (apis[0] && (http_fd < 0 || apis[1])) {
		daemon_say("ready: sensors on %s, API on %s%s%s, store %s", o->events, o->api,
			o->http ? " and http://" : "", o->http ? o->http : "", o->store);
		rc = ingest_run(ctx.ingest, &stop) ? EXIT_ENDED_EARLY : EXIT_CLEAN;
	}
	ctx.stopping = true;
	api_stop(apis[0]);
	api_stop(apis[1]);
	ingest_free(ctx.ingest);
	return rc;
}

int main(int argc, char **argv)
{
	struct options o = {.events = WIRE_SOCKET, .store = STORE_PATH, .api = WIRE_API_SOCKET, .max_events = 50000000};
	char why[2048];
	int code, events_fd, api_fd = -1, http_fd = -1;
	struct store *st = NULL;

	if (!read_options(argc, argv, &o, &code))
		return code;
	catch_signals();
	// the socket first: it keeps a second daemon away from the store
	events_fd = listen_unix(o.events, why, sizeof(why));
	if (events_fd < 0 || (api_fd = listen_unix(o.api, why, sizeof(why))) < 0 ||
		(o.http && (http_fd = listen_loopback(o.http, why, sizeof(why))) < 0) ||
		!(st = store_open(
			  &(struct store_options){.path = o.store, .max_events = o.max_events}, why, sizeof(why)))) {
		daemon_say("%s", why);
		code = EXIT_BAD_INPUT;
	} else {
		code = serve(&o, st, events_fd, api_fd, http_fd);
	}
	store_close(st);
	if (events_fd >= 0)
		unlink(o.events);
	if (api_fd >= 0)
		unlink(o.api);
	return code;
}
