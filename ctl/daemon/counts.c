// See counts.h.
#include "ctl/daemon/counts.h"

#include <pthread.h>

static struct counts batch, total;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void on_event(const struct store_event *e)
{
	const struct eve_fields *f = e->fields;

	batch.by_type[f->type]++;
	if (f->type == EVE_ALERT)
		batch.by_severity[f->severity >= 1 && f->severity <= 3 ? f->severity : 0]++;
}

static void on_commit(void)
{
	pthread_mutex_lock(&lock);
	for (int i = 0; i <= EVE_STATS; i++)
		total.by_type[i] += batch.by_type[i];
	for (int i = 0; i < 4; i++)
		total.by_severity[i] += batch.by_severity[i];
	pthread_mutex_unlock(&lock);
	batch = (struct counts){0};
}

static void on_rollback(void)
{
	batch = (struct counts){0};
}

void counts_read(struct counts *out)
{
	pthread_mutex_lock(&lock);
	*out = total;
	pthread_mutex_unlock(&lock);
}

const struct event_consumer counts_consumer = {
	.name = "counts", .on_event = on_event, .on_commit = on_commit, .on_rollback = on_rollback};
