// What EVE records have in common. Next: eve_alert.c.
#include "ctl/eve/eve_internal.h"

#include <errno.h>
#include <netinet/in.h>

#include "ctl/eve/community_id.h"
#include "ctl/eve/text.h"
#include "dataplane/api/parser.h"

int eve_init(struct eve *e, const struct eve_options *opt)
{
	*e = (struct eve){.opt = *opt};
	if (opt->community_id && !(e->community = community_id_new(opt->community_id_seed)))
		return -ENOMEM;
	return 0;
}

void eve_fini(struct eve *e)
{
	community_id_free(e->community);
	e->community = NULL;
}

const char *eve_type_name(enum event_kind kind)
{
	switch (kind) {
	case EVENT_ALERT:
	case EVENT_FINDING:
		return "alert";
	case EVENT_ANOMALY:
		return "anomaly";
	case EVENT_FLOW:
		return "flow";
	case EVENT_TX:
		return "transaction"; // each record says which protocol's
	case EVENT_PACKET:
		return "packet";
	default:
		return "";
	}
}

void eve_key_time(struct json_out *o, const char *name, uint64_t ts_ns)
{
	jout_key(o, name);
	if (!jout_room(o, TIME_TEXT_BYTES + 2))
		return;
	o->buf[o->len++] = '"';
	o->len += text_time(o->buf + o->len, ts_ns);
	o->buf[o->len++] = '"';
}

void eve_key_addr(struct json_out *o, const char *name, const union ip_addr *a, uint8_t version)
{
	if (version != 4 && version != 6)
		return;
	jout_key(o, name);
	if (!jout_room(o, ADDR_TEXT_BYTES + 2))
		return;
	o->buf[o->len++] = '"';
	o->len += text_addr(o->buf + o->len, a, version);
	o->buf[o->len++] = '"';
}

// A fragment or a packet cut before its ports has none to show, though its protocol has.
bool eve_has_ports(const struct event *ev)
{
	const struct event_tuple *t = &ev->tuple;
	if (t->proto != IPPROTO_TCP && t->proto != IPPROTO_UDP && t->proto != IPPROTO_SCTP)
		return false;
	return !(ev->flags & EVENT_FRAGMENT) && (ev->flags & EVENT_HAS_FLOW || t->sport || t->dport);
}

static void tuple(struct json_out *o, const struct event *ev)
{
	const struct event_tuple *t = &ev->tuple;
	bool ports = eve_has_ports(ev), finding = ev->kind == EVENT_FINDING;
	// of a flood's many sources none is named: an address that stood for them would be blamed
	bool nobody = finding && !ev->finding.attacker_version;

	eve_key_addr(o, "src_ip", &t->src, nobody ? 0 : t->ip_version);
	if (ports && (!finding || t->sport))
		jout_kuint(o, "src_port", t->sport);
	eve_key_addr(o, "dest_ip", &t->dst, t->ip_version);
	if (ports && (!finding || t->dport))
		jout_kuint(o, "dest_port", t->dport);
	if (!t->ip_version)
		return;
	bool fragment = ev->flags & EVENT_FRAGMENT;
	jout_kstring(o, "proto", text_ip_proto(fragment && t->ip_version == 6 ? IPPROTO_FRAGMENT : t->proto));
	if (fragment)
		return;
	if (t->proto == IPPROTO_ICMP || t->proto == IPPROTO_ICMPV6) {
		jout_kuint(o, "icmp_type", t->icmp_type);
		jout_kuint(o, "icmp_code", t->icmp_code);
	}
}

// A finding about nobody's packet still has somebody who did it and somebody it was done to.
static void finding_tuple(struct json_out *o, const struct event *ev)
{
	eve_key_addr(o, "src_ip", &ev->finding.attacker, ev->finding.attacker_version);
	eve_key_addr(o, "dest_ip", &ev->finding.victim, ev->finding.victim_version);
}

// Suricata's name for where a packet came from. Which tunnel it was shows in its carrier.
static const char *packet_source(const struct event *ev)
{
	if (ev->flags & EVENT_REBUILT)
		return "defrag";
	if (!(ev->flags & EVENT_TUNNEL))
		return "wire/pcap";
	switch (ev->tunnel.proto) {
	case IPPROTO_GRE:
		return "gre tunnel";
	case IPPROTO_UDP:
		return ev->tunnel.dport == 4789                               ? "vxlan encapsulation"
		       : ev->tunnel.dport == 6081                             ? "geneve encapsulation"
		       : ev->tunnel.dport == 3544 || ev->tunnel.sport == 3544 ? "teredo tunnel"
									      : "udp tunnel";
	default:
		return ev->tunnel.ip_version == 4 ? "ipv4 tunnel" : "ipv6 tunnel";
	}
}

static void vlans(struct json_out *o, const struct event *ev)
{
	if (!ev->vlan_count)
		return;
	jout_open_key(o, "vlan", '[');
	for (uint8_t i = 0; i < ev->vlan_count && i < PKT_MAX_VLANS; i++)
		jout_uint(o, ev->vlan[i]);
	jout_close(o, ']');
}

void eve_community_id(struct eve *e, struct json_out *o, const struct event *ev)
{
	char text[COMMUNITY_ID_BYTES];
	size_t n = 0;

	if (e->community && ev->flags & EVENT_HAS_FLOW)
		n = community_id(e->community, &ev->tuple, text);
	if (!n)
		return;
	jout_key(o, "community_id");
	jout_raw(o, "\"", 1);
	jout_raw(o, text, n);
	jout_raw(o, "\"", 1);
}

void eve_begin(struct eve *e, struct json_out *o, const struct event *ev, const char *event_type)
{
	const char *iface = e->opt.iface_name ? e->opt.iface_name(e->opt.ctx, ev->iface) : NULL;

	jout_raw(o, "{", 1);
	eve_key_time(o, "timestamp", ev->ts_ns);
	if (ev->flags & EVENT_HAS_FLOW)
		jout_kuint(o, "flow_id", ev->flow_id);
	if (iface)
		jout_kstring(o, "in_iface", iface);
	if (ev->flags & EVENT_HAS_PACKET && !(ev->flags & EVENT_TUNNEL))
		jout_kuint(o, "pcap_cnt", ev->seq);
	jout_kstring(o, "event_type", event_type);
	if (e->opt.sensor_name && *e->opt.sensor_name)
		jout_kstring(o, "host", e->opt.sensor_name);
	vlans(o, ev);
	if (ev->kind == EVENT_FINDING && !ev->tuple.ip_version)
		finding_tuple(o, ev);
	else
		tuple(o, ev);
	if (ev->flags & EVENT_HAS_PACKET) {
		jout_kstring(o, "pkt_src", packet_source(ev));
		eve_community_id(e, o, ev);
	}
}

void eve_end(struct eve *e, struct json_out *o, const struct event *ev)
{
	const char *file = e->opt.capture_name ? e->opt.capture_name(e->opt.ctx, ev->iface) : NULL;
	if (file)
		jout_kstring(o, "pcap_filename", file);
	jout_raw(o, "}\n", 2);
}

void eve_text(struct json_out *o, const struct event *ev)
{
	if (!ev->aux_len)
		return;
	jout_comma(o);
	jout_raw(o, event_text(ev), ev->aux_len);
}

void eve_app_proto(struct json_out *o, const struct event *ev)
{
	const struct {
		const char *name;
		uint16_t proto;
	} other[] = {{"app_proto_ts", ev->app_dir[DIR_TO_SERVER]}, {"app_proto_tc", ev->app_dir[DIR_TO_CLIENT]},
		{"app_proto_orig", ev->app_orig}, {"app_proto_expected", ev->app_expected}};

	if (ev->app_proto)
		jout_kstring(o, "app_proto", app_proto_eve_name(ev->app_proto));
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		if (other[i].proto && other[i].proto != ev->app_proto)
			jout_kstring(o, other[i].name, app_proto_eve_name(other[i].proto));
}

void eve_tunnel(struct json_out *o, const struct event *ev)
{
	const struct event_tuple *t = &ev->tunnel;
	if (!(ev->flags & EVENT_TUNNEL))
		return;
	jout_open_key(o, "tunnel", '{');
	eve_key_addr(o, "src_ip", &t->src, t->ip_version);
	jout_kuint(o, "src_port", t->sport);
	eve_key_addr(o, "dest_ip", &t->dst, t->ip_version);
	jout_kuint(o, "dest_port", t->dport);
	jout_kstring(o, "proto", text_ip_proto(t->proto));
	jout_kuint(o, "depth", ev->tunnel_depth);
	jout_kuint(o, "pcap_cnt", ev->seq);
	jout_kstring(o, "pkt_src", "wire/pcap");
	jout_close(o, '}');
}

void eve_counts(struct json_out *o, const struct event_counts *c)
{
	jout_kuint(o, "pkts_toserver", c->pkts[DIR_TO_SERVER]);
	jout_kuint(o, "pkts_toclient", c->pkts[DIR_TO_CLIENT]);
	jout_kuint(o, "bytes_toserver", c->bytes[DIR_TO_SERVER]);
	jout_kuint(o, "bytes_toclient", c->bytes[DIR_TO_CLIENT]);
	eve_key_time(o, "start", c->start_ns);
}

void eve_format(struct eve *e, struct json_out *o, const struct event *ev)
{
	switch ((enum event_kind)ev->kind) {
	case EVENT_ALERT:
		eve_format_alert(e, o, ev);
		break;
	case EVENT_FINDING:
		eve_format_finding(e, o, ev);
		break;
	case EVENT_ANOMALY:
		eve_format_anomaly(e, o, ev);
		break;
	case EVENT_FLOW:
		eve_format_flow(e, o, ev);
		break;
	case EVENT_TX:
		eve_format_tx(e, o, ev);
		break;
	case EVENT_PACKET:
		eve_format_packet(e, o, ev);
		break;
	default:
		break;
	}
}
