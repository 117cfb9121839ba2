// Gathers what the stages count. A stage's counters are read here and nowhere else.
#include "ctl/sensor/snapshot.h"

#include <string.h>

static void add_decode(struct stats_snapshot *s, const struct decode_counters *c, bool events)
{
	stats_add(s, COUNTER_DECODER_PKTS, c->pkts);
	stats_add(s, COUNTER_DECODER_BYTES, c->bytes);
	stats_add(s, COUNTER_DECODER_INVALID, c->invalid);
	stats_add(s, COUNTER_DECODER_IPV4, c->ipv4);
	stats_add(s, COUNTER_DECODER_IPV6, c->ipv6);
	stats_add(s, COUNTER_DECODER_ETHERNET, c->ethernet);
	stats_add(s, COUNTER_DECODER_ARP, c->arp);
	stats_add(s, COUNTER_DECODER_UNKNOWN_ETHERTYPE, c->unknown_ethertype);
	stats_add(s, COUNTER_DECODER_CHDLC, c->chdlc);
	stats_add(s, COUNTER_DECODER_RAW, c->raw);
	stats_add(s, COUNTER_DECODER_NULL, c->null);
	stats_add(s, COUNTER_DECODER_SLL, c->sll);
	stats_add(s, COUNTER_DECODER_WLAN, c->wlan);
	stats_add(s, COUNTER_DECODER_NFLOG, c->nflog);
	stats_add(s, COUNTER_DECODER_LLC, c->llc);
	stats_add(s, COUNTER_DECODER_TCP, c->tcp);
	stats_add(s, COUNTER_DECODER_UDP, c->udp);
	stats_add(s, COUNTER_DECODER_SCTP, c->sctp);
	stats_add(s, COUNTER_DECODER_ESP, c->esp);
	stats_add(s, COUNTER_DECODER_ICMPV4, c->icmpv4);
	stats_add(s, COUNTER_DECODER_ICMPV6, c->icmpv6);
	stats_add(s, COUNTER_DECODER_PPP, c->ppp);
	stats_add(s, COUNTER_DECODER_PPPOE, c->pppoe);
	stats_add(s, COUNTER_DECODER_GENEVE, c->geneve);
	stats_add(s, COUNTER_DECODER_GRE, c->gre);
	stats_add(s, COUNTER_DECODER_VLAN, c->vlan);
	stats_add(s, COUNTER_DECODER_VLAN_QINQ, c->vlan_qinq);
	stats_add(s, COUNTER_DECODER_VLAN_QINQINQ, c->vlan_qinqinq);
	stats_add(s, COUNTER_DECODER_VXLAN, c->vxlan);
	stats_add(s, COUNTER_DECODER_VNTAG, c->vntag);
	stats_add(s, COUNTER_DECODER_ETAG, c->etag);
	stats_add(s, COUNTER_DECODER_IEEE8021AH, c->ieee8021ah);
	stats_add(s, COUNTER_DECODER_TEREDO, c->teredo);
	stats_add(s, COUNTER_DECODER_GTPU, c->gtpu);
	stats_add(s, COUNTER_DECODER_IPV4_IN_IPV4, c->ipv4_in_ipv4);
	stats_add(s, COUNTER_DECODER_IPV6_IN_IPV4, c->ipv6_in_ipv4);
	stats_add(s, COUNTER_DECODER_IPV4_IN_IPV6, c->ipv4_in_ipv6);
	stats_add(s, COUNTER_DECODER_IPV6_IN_IPV6, c->ipv6_in_ipv6);
	stats_add(s, COUNTER_DECODER_MPLS, c->mpls);
	stats_add(s, COUNTER_DECODER_ERSPAN, c->erspan);
	stats_add(s, COUNTER_DECODER_NSH, c->nsh);
	stats_add(s, COUNTER_DECODER_CARRIERS_REFUSED, c->carriers_refused);
	stats_max(s, COUNTER_DECODER_MAX_PKT_SIZE, c->max_pkt_size);
	stats_add(s, COUNTER_DEFRAG_FRAGMENTS, c->fragments);
	stats_add(s, COUNTER_DEFRAG_REASSEMBLED, c->rebuilt);
	if (events)
		stats_drops(s, c->reasons);
}

static void add_defrag(struct stats_snapshot *s, const struct defrag_counters *c)
{
	stats_add(s, COUNTER_DEFRAG_IPV4_FRAGMENTS, c->fragments[0]);
	stats_add(s, COUNTER_DEFRAG_IPV4_REASSEMBLED, c->rebuilt[0]);
	stats_add(s, COUNTER_DEFRAG_IPV6_FRAGMENTS, c->fragments[1]);
	stats_add(s, COUNTER_DEFRAG_IPV6_REASSEMBLED, c->rebuilt[1]);
}

static void add_flows(struct stats_snapshot *s, const struct flow_counters *c)
{
	stats_add(s, COUNTER_FLOW_MEMCAP, c->no_room);
	stats_add(s, COUNTER_FLOW_CARRIERS_REFUSED, c->carriers_refused);
	stats_add(s, COUNTER_FLOW_TOTAL, c->created);
	stats_add(s, COUNTER_FLOW_ACTIVE, c->active);
	stats_add(s, COUNTER_FLOW_ACTIVE_MAX, c->active_max);
	stats_add(s, COUNTER_FLOW_TCP_REUSE, c->ended[FLOW_END_REUSED]);
	stats_add(s, COUNTER_FLOW_END_TIMEOUT, c->ended[FLOW_END_TIMEOUT]);
	stats_add(s, COUNTER_FLOW_END_SHUTDOWN, c->ended[FLOW_END_SHUTDOWN]);
	stats_add(s, COUNTER_FLOW_END_EVICTED, c->ended[FLOW_END_EVICTED]);
	stats_add(s, COUNTER_FLOW_END_REUSED, c->ended[FLOW_END_REUSED]);
	stats_add(s, COUNTER_FLOW_EVICTED_NEW, c->evicted[FLOW_NEW]);
	stats_add(s, COUNTER_FLOW_EVICTED_ESTABLISHED, c->evicted[FLOW_ESTABLISHED]);
	stats_add(s, COUNTER_FLOW_EVICTED_CLOSED, c->evicted[FLOW_CLOSED]);
}

static void add_streams(struct stats_snapshot *s, const struct tcp_streams *streams)
{
	struct tcp_stream_stats c;

	tcp_streams_stats(streams, &c);
	stats_add(s, COUNTER_TCP_SESSIONS, c.sessions);
	stats_add(s, COUNTER_TCP_ACTIVE_SESSIONS, c.active);
	stats_add(s, COUNTER_TCP_MIDSTREAM, c.midstream);
	stats_add(s, COUNTER_TCP_SSN_MEMCAP_DROP, c.no_session);
	stats_add(s, COUNTER_TCP_SSN_MEMCAP_SEGMENTS, c.passed_by);
	stats_add(s, COUNTER_TCP_SSN_EVICTED, c.evicted);
	stats_add(s, COUNTER_TCP_SEGMENT_MEMCAP_DROP, c.no_segment + c.flow_cap);
	stats_add(s, COUNTER_TCP_SYN_DATA_DROP, c.syn_data_left);
	stats_add(s, COUNTER_TCP_STREAM_DEPTH_REACHED, c.depth_reached);
	stats_add(s, COUNTER_TCP_REASSEMBLY_GAP, c.gaps);
	stats_add(s, COUNTER_TCP_OVERLAP, c.overlaps);
	stats_add(s, COUNTER_TCP_OVERLAP_DIFF_DATA, c.overlap_differs);
	stats_add(s, COUNTER_TCP_SEGS_RETRANS, c.retransmitted);
	stats_add(s, COUNTER_TCP_OUT_OF_ORDER, c.early);
	stats_add(s, COUNTER_TCP_SACK_LOSSES, c.sack_losses);
	stats_add(s, COUNTER_TCP_MEMUSE, c.memuse);
	stats_add(s, COUNTER_TCP_REASSEMBLY_MEMUSE, c.reassembly_memuse);
}

static void add_events(struct stats_snapshot *s, const struct pipeline *p)
{
	const struct event_merge_stats *m = pipeline_event_stats(p);
	uint64_t made[EVENT_KIND_COUNT], lost[EVENT_KIND_COUNT], missed, evicted;

	pipeline_detector_losses(p, &missed, &evicted);
	stats_add(s, COUNTER_DETECTOR_MISSED, missed);
	stats_add(s, COUNTER_DETECTOR_EVICTED, evicted);
	pipeline_events(p, made, lost);
	stats_add(s, COUNTER_DETECT_ALERT, made[EVENT_ALERT] + made[EVENT_FINDING]);
	stats_add(s, COUNTER_EVENTS_ALERT, made[EVENT_ALERT]);
	stats_add(s, COUNTER_EVENTS_FINDING, made[EVENT_FINDING]);
	stats_add(s, COUNTER_EVENTS_ANOMALY, made[EVENT_ANOMALY]);
	stats_add(s, COUNTER_EVENTS_FLOW, made[EVENT_FLOW]);
	stats_add(s, COUNTER_EVENTS_TX, made[EVENT_TX]);
	stats_add(s, COUNTER_EVENTS_PACKET, made[EVENT_PACKET]);
	stats_add(s, COUNTER_EVENTS_LOST_ALERT, lost[EVENT_ALERT]);
	stats_add(s, COUNTER_EVENTS_LOST_FINDING, lost[EVENT_FINDING]);
	stats_add(s, COUNTER_EVENTS_LOST_ANOMALY, lost[EVENT_ANOMALY]);
	stats_add(s, COUNTER_EVENTS_LOST_FLOW, lost[EVENT_FLOW]);
	stats_add(s, COUNTER_EVENTS_LOST_TX, lost[EVENT_TX]);
	stats_add(s, COUNTER_EVENTS_LOST_PACKET, lost[EVENT_PACKET]);
	stats_add(s, COUNTER_EVENTS_UNORDERED, m->late + m->forced);
}

// What the source lost before a worker could see it has its own lines in the ledger.
static bool add_ledger(struct stats_snapshot *s, const struct pipeline *p, const struct source *src, bool at_rest,
	char *why, size_t why_size)
{
	struct worker_counters sum;
	struct source_stats in;

	pipeline_counters(p, &sum);
	src->ops->stats(src, &in);
	stats_add(s, COUNTER_CAPTURE_PACKETS, in.offered);
	stats_add(s, COUNTER_CAPTURE_DROPS, in.missed);
	stats_add(s, COUNTER_CAPTURE_ERRORS, in.errors);
	stats_add(s, COUNTER_CAPTURE_NO_BUFFER, in.no_buffer);
	stats_add(s, COUNTER_EVENTS_REFUSED_ANOMALY, sum.anomalies_refused);
	stats_ledger_begin(s, in.offered, sum.inspected);
	stats_ledger_drops(s, sum.ledger);
	stats_ledger_drop(s, "missed", in.missed);
	// what is wrong with a capture file was never a frame of it, so it is not among what was offered
	stats_ledger_drop(s, "errors", in.offered == in.received ? 0 : in.errors);
	stats_ledger_drop(s, "no_buffer", in.no_buffer);
	// workers were asked before the source, so what lies between them is on its way
	if (!at_rest && s->offered > s->inspected + s->dropped)
		stats_ledger_drop(s, "in_flight", s->offered - s->inspected - s->dropped);
	return stats_ledger_end(s, why, why_size);
}

bool snapshot_take(struct stats_snapshot *s, struct pipeline *p, const struct source *src, bool decoder_events,
	bool at_rest, char *why, size_t why_size)
{
	stats_reset(s);
	for (uint16_t i = 0; i < pipeline_workers(p); i++) {
		const struct worker *w = pipeline_worker(p, i);
		add_decode(s, &w->decoder.counters, decoder_events);
		add_defrag(s, defrag_counters(w->decoder.defrag));
		add_flows(s, flow_table_counters(w->flows));
		add_streams(s, w->streams);
		if (w->app)
			snapshot_add_app(s, w->app);
	}
	add_events(s, p);
	return add_ledger(s, p, src, at_rest, why, why_size);
}
