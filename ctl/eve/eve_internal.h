// What the files of one event type share. Next: eve_common.c.
#pragma once

#include "ctl/eve/eve.h"

// Opens the record and writes what all records begin with: timestamp, flow_id, in_iface, pcap_cnt,
// event_type, host, vlan, addresses, ports, proto, icmp_type, icmp_code, and for packets pkt_src and
// community_id.
void eve_begin(struct eve *e, struct json_out *o, const struct event *ev, const char *event_type);
// Ends it with a newline.
void eve_end(struct eve *e, struct json_out *o, const struct event *ev);
// Appends the event's own text (members, see event.h) where it has some.
void eve_text(struct json_out *o, const struct event *ev);

void eve_key_time(struct json_out *o, const char *name, uint64_t ts_ns);
void eve_key_addr(struct json_out *o, const char *name, const union ip_addr *a, uint8_t version);
void eve_app_proto(struct json_out *o, const struct event *ev);
void eve_community_id(struct eve *e, struct json_out *o, const struct event *ev);
// tunnel{}: the packet that carried this one.
void eve_tunnel(struct json_out *o, const struct event *ev);
// pkts_toserver ... start: the members that alert.flow and flow.flow share.
void eve_counts(struct json_out *o, const struct event_counts *c);
bool eve_has_ports(const struct event *ev);

void eve_format_alert(struct eve *e, struct json_out *o, const struct event *ev);
void eve_format_finding(struct eve *e, struct json_out *o, const struct event *ev);
void eve_format_anomaly(struct eve *e, struct json_out *o, const struct event *ev);
// The members that a parser wrote behind an event.
void eve_tx_record(struct json_out *o, const struct event *ev);
void eve_format_tx(struct eve *e, struct json_out *o, const struct event *ev);
void eve_format_packet(struct eve *e, struct json_out *o, const struct event *ev);
void eve_format_flow(struct eve *e, struct json_out *o, const struct event *ev);
