// Builds the workers and holds them together. Next: worker.c.
#include "dataplane/pipeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_tcp.h>

#include "dataplane/event_ring.h"
#include "dataplane/setup/memory.h"
#include "dataplane/tcp_session.h"

// Memory regions are taken one by one and given back together.
struct region {
	void *mem;
	size_t size;
};

#define MAX_REGIONS (PIPELINE_MAX_WORKERS * (7u + 2u * WORKER_MAX_DETECTORS) + WORKER_MAX_DETECTORS + 3u)

struct pipeline {
	uint16_t workers;
	struct worker *worker[PIPELINE_MAX_WORKERS];
	struct event_merge *merge;
	event_merge_fn on_event;
	void *on_event_arg;
	struct event_sink sink; // the main lcore's: findings
	struct app_detector *detector_of_protocols;
	size_t detector_count;
	const struct detector *detector[WORKER_MAX_DETECTORS];
	uint64_t detector_missed, detector_evicted; // sums of struct detector_run's
	void *master[WORKER_MAX_DETECTORS];
	size_t region_count;
	struct region regions[MAX_REGIONS];
};

static void *take(struct pipeline *p, size_t size)
{
	if (p->region_count == MAX_REGIONS)
		return NULL;
	struct region *r = &p->regions[p->region_count];
	r->size = size ? size : 1;
	r->mem = mem_map_bytes(r->size);
	if (r->mem)
		p->region_count++;
	return r->mem;
}

// A flow ends: whoever hung something on it lets go.
static const struct event_tcp *flow_ends(
	void *arg, struct flow *f, struct flow_cold *cold, enum flow_end_reason reason, uint64_t seq)
{
	struct worker *w = arg;
	const struct event_tcp *tcp = NULL;

	w->run.seq = seq;
	if (cold) // else it has no stream either
		tcp = tcp_stream_flow_end(w->streams, f, cold, &w->run);
	if (cold && cold->app)
		app_layer_flow_end(w->app, f, cold, &w->run);
	if (w->engine.on_flow_end)
		w->engine.on_flow_end(w->engine.state, f, cold, &w->run);
	for (uint16_t i = 0; i < w->ender_count; i++) {
		const struct worker_detector *d = &w->detectors[w->enders[i]];
		d->ops->on_flow_end(d->state[w->active], f, cold, &w->run);
	}
	return tcp;
}

// A SYN on a known flow: the stream engine knows whether it begins a new connection.
static bool syn_reuses(void *arg, const struct flow *f, const struct flow_cold *cold, const struct packet *p)
{
	rte_be32_t seq;

	memcpy(&seq, p->data + p->l4_off + offsetof(struct rte_tcp_hdr, sent_seq), sizeof(seq));
	return tcp_stream_is_reuse(f, cold, rte_be_to_cpu_32(seq));
}

static int make_state(struct pipeline *p, const struct pipeline_detector *d, const struct detector_env *env, void **out)
{
	*out = take(p, d->ops->state_size(d->config));
	if (!*out)
		return -ENOMEM;
	return d->ops->init(*out, d->config, env);
}

// What a worker fills: smaller than the master state where the detector says so.
static int make_delta(struct pipeline *p, const struct pipeline_detector *d, const struct detector_env *env, void **out)
{
	if (!d->ops->delta_size)
		return make_state(p, d, env, out);
	*out = take(p, d->ops->delta_size(d->config));
	if (!*out)
		return -ENOMEM;
	return d->ops->init_delta(*out, d->config, env);
}

static int add_detectors(struct pipeline *p, struct worker *w, const struct pipeline_config *cfg)
{
	struct detector_env env = cfg->env;

	env.workers = cfg->workers;
	for (size_t i = 0; i < cfg->detector_count; i++) {
		const struct pipeline_detector *d = &cfg->detectors[i];
		void *state = NULL, *delta = NULL;
		int rc = make_delta(p, d, &env, &state);
		if (rc == 0 && d->ops->wants & DET_TICK)
			rc = make_delta(p, d, &env, &delta);
		if (rc == 0)
			rc = worker_add_detector(w, d->ops, state, delta);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static int make_ring(struct pipeline *p, struct event_sink *sink, uint32_t slots, struct event_ring **out)
{
	void *mem = take(p, event_ring_size(slots));

	if (!mem)
		return -ENOMEM;
	*out = sink->ring = event_ring_init(mem, slots);
	return 0;
}

static enum defrag_policy fragment_policy(uint8_t os)
{
	enum defrag_policy policy = DEFRAG_BSD;

	(void)defrag_policy_by_name(tcp_policy_names[os], &policy);
	return policy;
}

static enum defrag_policy host_policy(const void *arg, const struct packet *frag)
{
	const struct worker *w = arg;

	return fragment_policy(tcp_policy_of(w->streams, &frag->dst, frag->flags & PKT_IPV4 ? 4 : 6));
}

// Fragments overlap as the host they go to resolves them: host-os-policy, the same as for TCP segments. Where it names
// no hosts nobody is asked.
static void set_fragment_policy(struct defrag_config *out, const struct tcp_stream_config *stream, struct worker *w)
{
	out->policy = fragment_policy((uint8_t)stream->default_policy);
	for (uint8_t os = 0; os < TCP_POLICY_COUNT; os++)
		if (stream->hosts[os])
			out->policy_of = host_policy;
	out->policy_arg = w;
}

// Which protocol is which is the same for all workers.
static int make_detector(struct pipeline *p, const struct pipeline_config *cfg)
{
	if (!cfg->app.detect.parsers)
		return 0;
	p->detector_of_protocols = take(p, app_detector_size());
	return p->detector_of_protocols ? app_detector_init(p->detector_of_protocols, &cfg->app.detect) : -ENOMEM;
}

static int make_app_layer(struct pipeline *p, const struct pipeline_config *cfg, struct worker *w)
{
	if (!p->detector_of_protocols)
		return 0;
	void *mem = take(p, app_layer_size(&cfg->app));
	return mem ? app_layer_init(mem, &cfg->app, p->detector_of_protocols, w->flows, w->streams, &w->burst,
			     cfg->stream.midstream, &w->app)
		   : -ENOMEM;
}

static int make_worker(struct pipeline *p, const struct pipeline_config *cfg, uint16_t id, struct event_ring **ring)
{
	struct worker *w = take(p, sizeof(*w));
	void *flow_mem = take(p, flow_table_size(&cfg->flow));
	void *defrag_mem = take(p, defrag_size(&cfg->defrag));
	void *stream_mem = take(p, tcp_streams_size(&cfg->stream));
	struct flow_table_config flow = cfg->flow;
	struct defrag_config fragments = cfg->defrag;
	struct defrag *defrag = NULL;
	int rc;

	if (!w || !flow_mem || !defrag_mem || !stream_mem)
		return -ENOMEM;
	p->worker[id] = w;
	w->id = id;
	w->anomalies_a_tick = w->anomalies_left = cfg->anomalies_a_tick;
	flow.on_end = flow_ends;
	flow.on_end_arg = w;
	flow.tcp_reuse = syn_reuses;
	flow.tcp_by_stream = true;
	flow.midstream = cfg->stream.midstream;
	set_fragment_policy(&fragments, &cfg->stream, w);
	fragments.seed = (uint32_t)(flow.seed[0] ^ flow.seed[1] >> 32);
	rc = make_ring(p, &w->sink, cfg->event_slots, ring);
	if (rc == 0)
		rc = flow_table_init(flow_mem, &flow, &w->flows);
	if (rc == 0)
		rc = defrag_init(defrag_mem, &fragments, &defrag);
	if (rc == 0)
		rc = tcp_streams_init(stream_mem, &cfg->stream, w->flows, &w->streams);
	if (rc != 0)
		return rc;
	rc = make_app_layer(p, cfg, w);
	if (rc != 0)
		return rc;
	decode_init(&w->decoder, &cfg->decode);
	w->decoder.defrag = defrag;
	w->decoder.defrag_packet = defrag_packet;
	w->decoder.defrag_ahead = defrag_ahead;
	w->sink.flows = w->flows;
	w->run = (struct detector_run){.sink = &w->sink, .flows = w->flows, .worker = id};
	w->sink.burst = &w->burst;
	return add_detectors(p, w, cfg);
}

static int make_masters(struct pipeline *p, const struct pipeline_config *cfg)
{
	struct detector_env env = cfg->env;

	env.workers = cfg->workers;
	for (size_t i = 0; i < cfg->detector_count; i++) {
		const struct pipeline_detector *d = &cfg->detectors[i];
		if (!(d->ops->wants & DET_TICK))
			continue;
		int rc = make_state(p, d, &env, &p->master[p->detector_count]);
		if (rc != 0)
			return rc;
		p->detector[p->detector_count++] = d->ops;
	}
	return 0;
}

int pipeline_create(struct pipeline **out, const struct pipeline_config *cfg)
{
	struct event_ring *rings[PIPELINE_MAX_WORKERS + 1];
	int rc = 0;

	if (cfg->workers < 1 || cfg->workers > PIPELINE_MAX_WORKERS || cfg->detector_count > WORKER_MAX_DETECTORS ||
		cfg->event_slots < 2 * PIPELINE_BURST_SLOTS)
		return -EINVAL;
	struct pipeline *p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->workers = cfg->workers;
	p->on_event = cfg->on_event;
	p->on_event_arg = cfg->on_event_arg;
	rc = make_detector(p, cfg);
	for (uint16_t i = 0; i < cfg->workers && rc == 0; i++) {
		mem_prefer_node(cfg->nodes ? cfg->nodes[i] : -1);
		rc = make_worker(p, cfg, i, &rings[i]);
	}
	mem_prefer_node(-1);
	if (rc == 0)
		rc = make_ring(p, &p->sink, cfg->event_slots, &rings[cfg->workers]);
	if (rc == 0)
		rc = make_masters(p, cfg);
	if (rc == 0)
		p->merge = event_merge_new(rings, cfg->workers + 1u, 0);
	if (rc == 0 && !p->merge)
		rc = -ENOMEM;
	if (rc != 0) {
		pipeline_free(p);
		return rc;
	}
	*out = p;
	return 0;
}

void pipeline_free(struct pipeline *p)
{
	if (!p)
		return;
	event_merge_free(p->merge);
	while (p->region_count) {
		struct region *r = &p->regions[--p->region_count];
		mem_unmap_bytes(r->mem, r->size);
	}
	free(p);
}

uint16_t pipeline_workers(const struct pipeline *p)
{
	return p->workers;
}

struct worker *pipeline_worker(struct pipeline *p, uint16_t i)
{
	return p->worker[i];
}

bool tick_due(struct tick_clock *c, uint64_t packet_ns, uint64_t *tick_ns)
{
	uint64_t start = packet_ns - packet_ns % PIPELINE_TICK_NS; // of the packet's own window

	if (c->next_ns == 0)
		c->next_ns = start + PIPELINE_TICK_NS;
	if (packet_ns > c->last_ns)
		c->last_ns = packet_ns;
	if (packet_ns < c->next_ns)
		return false;
	*tick_ns = c->next_ns;
	c->next_ns = start > c->next_ns ? start : start + PIPELINE_TICK_NS;
	return true;
}

bool tick_back(struct tick_clock *c, const struct packet *p)
{
	if (!c->next_ns || p->ts_ns + TICK_BACK_NS >= c->last_ns) {
		c->behind = 0;
		return false;
	}
	return ++c->behind >= TICK_BACK_PACKETS || p->flags & PKT_BEGINS_CAPTURE;
}

void pipeline_decide(struct pipeline *p, uint64_t tick_ns, uint64_t seq, bool last)
{
	struct detector_run run = {.sink = &p->sink, .now_ns = tick_ns, .seq = seq, .last = last};
	size_t master = 0;

	// every worker holds the same detectors in the same order
	for (uint16_t d = 0; d < p->worker[0]->detector_count && master < p->detector_count; d++) {
		if (p->worker[0]->detectors[d].ops != p->detector[master])
			continue;
		for (uint16_t i = 0; i < p->workers; i++) {
			struct worker *w = p->worker[i];
			p->detector[master]->merge(p->master[master], w->detectors[d].state[w->active ^ 1]);
		}
		p->detector[master]->on_tick(p->master[master], &run);
		master++;
	}
	p->detector_missed += run.missed;
	p->detector_evicted += run.evicted;
}

void pipeline_detector_losses(const struct pipeline *p, uint64_t *missed, uint64_t *evicted)
{
	*missed = p->detector_missed;
	*evicted = p->detector_evicted;
}

void pipeline_collect(struct pipeline *p, const uint64_t *worker_done, uint64_t main_done)
{
	// "done with s" of the merge includes s, ours does not
	for (uint16_t i = 0; i < p->workers; i++)
		if (worker_done[i])
			event_merge_done(p->merge, i, worker_done[i] - 1);
	if (main_done)
		event_merge_done(p->merge, p->workers, main_done - 1);
	event_merge_poll(p->merge, p->on_event, p->on_event_arg);
}

void pipeline_collect_all(struct pipeline *p)
{
	event_merge_finish(p->merge, p->on_event, p->on_event_arg);
}

void pipeline_counters(const struct pipeline *p, struct worker_counters *sum)
{
	*sum = (struct worker_counters){0};
	for (uint16_t i = 0; i < p->workers; i++) {
		const struct worker_counters *c = &p->worker[i]->counters;
		sum->frames += c->frames;
		sum->wire_bytes += c->wire_bytes;
		sum->inspected += c->inspected;
		sum->packets += c->packets;
		sum->bursts += c->bursts;
		sum->anomalies_refused += c->anomalies_refused;
		for (size_t r = 0; r < DROP_REASON_COUNT; r++)
			sum->ledger[r] += c->ledger[r];
	}
}

const struct event_merge_stats *pipeline_event_stats(const struct pipeline *p)
{
	return event_merge_stats(p->merge);
}

void pipeline_events(const struct pipeline *p, uint64_t made[EVENT_KIND_COUNT], uint64_t lost[EVENT_KIND_COUNT])
{
	for (size_t k = 0; k < EVENT_KIND_COUNT; k++) {
		made[k] = p->sink.made[k];
		lost[k] = p->sink.lost[k];
		for (uint16_t i = 0; i < p->workers; i++) {
			made[k] += p->worker[i]->sink.made[k];
			lost[k] += p->worker[i]->sink.lost[k];
		}
	}
}
