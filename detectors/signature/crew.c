// See crew.h.
#include "detectors/signature/crew.h"

static void *work(void *arg)
{
	struct crew *c = arg;
	uint32_t i;
	while ((i = atomic_fetch_add(&c->next, 1)) < c->n)
		c->job(c->arg, i);
	return NULL;
}

void crew_start(struct crew *c, unsigned helpers, uint32_t n, void (*job)(void *arg, uint32_t i), void *arg)
{
	c->job = job;
	c->arg = arg;
	c->n = n;
	c->n_helpers = 0;
	atomic_init(&c->next, 0);
	while (c->n_helpers < helpers && c->n_helpers < CREW_MAX && c->n_helpers < n &&
		!pthread_create(&c->helpers[c->n_helpers], NULL, work, c))
		c->n_helpers++;
}

void crew_finish(struct crew *c)
{
	work(c);
	while (c->n_helpers)
		pthread_join(c->helpers[--c->n_helpers], NULL);
}
