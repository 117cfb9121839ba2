// What the groups of rules cost a worker, for whoever asks which of them the time goes to.
#include <stdio.h>

#include "detectors/signature/rule_parse.h"
#include "detectors/signature/tx_internal.h"
#include "detectors/signature/worker_internal.h"

static const char *const proto_names[GROUP_PROTOS] = {"tcp", "udp", "icmp", "ip"};
static const char *const dir_names[2] = {"to server", "to client"};
static const char *const view_names[VIEWS] = {"fields", "packets", "streams"};

// "dst" or "src" class: the ports of one are many; the first says enough.
static uint32_t first_port(const uint16_t *classes, uint32_t class)
{
	for (uint32_t port = 0; port <= UINT16_MAX; port++)
		if (classes[port] == class)
			return port;
	return 0;
}

static bool take(const struct group g[VIEWS], uint32_t id, const struct group **out, uint32_t *view)
{
	for (uint32_t v = 0; v < VIEWS; v++) {
		if (g[v].db == NULL || g[v].id != id)
			continue;
		*out = &g[v];
		*view = v;
		return true;
	}
	return false;
}

// Finds a group among those of one protocol and direction, and says in `ports` which packets it is for.
static const struct group *find(
	const struct port_groups *pg, uint32_t id, uint32_t *view, char *ports, size_t ports_size)
{
	const struct group *g = NULL;

	if (take(pg->any, id, &g, view)) {
		snprintf(ports, ports_size, "any port");
		return g;
	}
	for (uint32_t i = 0; i < pg->n_dst; i++)
		if (take(pg->dst[i], id, &g, view)) {
			snprintf(ports, ports_size, "ports like dst %u", first_port(pg->dst_class, i));
			return g;
		}
	for (uint32_t i = 0; i < pg->n_src; i++)
		if (take(pg->src[i], id, &g, view)) {
			snprintf(ports, ports_size, "ports like src %u", first_port(pg->src_class, i));
			return g;
		}
	return NULL;
}

// A protocol's part of a name: the first of those that its rules are for.
static const char *first_app(uint64_t apps)
{
	return app_proto_name((uint16_t)__builtin_ctzll(apps));
}

// Groups by port: of one transport, for flows that speak one of `apps` (0: whatever they speak).
static bool name_ports(const struct port_groups *pg, uint32_t i, uint32_t proto, uint32_t dir, uint64_t apps,
	struct signature_group_stats *out)
{
	char ports[32];
	uint32_t view = 0;
	const struct group *g = find(pg, i, &view, ports, sizeof(ports));

	if (!g)
		return false;
	out->literals = g->n_literals;
	snprintf(out->name, sizeof(out->name), "%s%s%s %s, %s, %s", apps ? first_app(apps) : "", apps ? " " : "",
		proto_names[proto], dir_names[dir], view_names[view], ports);
	return true;
}

static bool name_tx(const struct tx_proto *t, uint32_t i, struct signature_group_stats *out)
{
	for (uint32_t dir = 0; dir < 2; dir++)
		for (uint32_t k = 0; k < t->dir[dir].n_groups; k++) {
			const struct tx_group *g = &t->dir[dir].groups[k];
			if (g->group.id != i)
				continue;
			out->literals = g->group.n_literals;
			snprintf(out->name, sizeof(out->name), "%s %s, %s%s%s", app_proto_name(t->parser->proto),
				dir_names[dir], keyword_at(g->slot)->name, g->transforms ? " " : "",
				g->transforms ? g->transforms->name : "");
			return true;
		}
	return false;
}

static void name_group(const struct ruleset *rs, uint32_t i, struct signature_group_stats *out)
{
	const struct group_table *t = rs->groups;

	for (uint32_t k = 0; k < GROUP_PROTOS * 2; k++)
		if (name_ports(&t->groups[k >> 1][k & 1], i, k >> 1, k & 1, 0, out))
			return;
	for (uint32_t a = 0; a < t->n_app; a++)
		for (uint32_t k = 0; k < 4; k++)
			if (name_ports(&t->app[a]->groups[k >> 1][k & 1], i, k >> 1, k & 1, t->app[a]->apps, out))
				return;
	for (uint32_t p = 0; rs->tx && p < APP_PROTO_COUNT; p++)
		if (rs->tx->protos[p] && name_tx(rs->tx->protos[p], i, out))
			return;
}

bool signature_group_stats(const struct signature_worker *w, uint32_t i, struct signature_group_stats *out)
{
	const struct group_table *t = w->seat.rs->groups;
	const struct group_counters *c = &w->seat.groups[i];
	if (i >= t->n_groups)
		return false;
	*out = (struct signature_group_stats){.scans = c->scans,
		.bytes = c->bytes,
		.cycles = c->sampled ? (uint64_t)((double)c->cycles / (double)c->sampled * (double)c->scans) : 0};
	name_group(w->seat.rs, i, out);
	return true;
}
