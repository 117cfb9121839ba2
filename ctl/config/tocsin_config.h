// The sensor's configuration: what tocsin.yaml fills. Rows and defaults are in tocsin_config.c; the
// command line (ctl/sensor/options.h) writes over it. Detectors add theirs with config_add_detectors.
#pragma once

#include "ctl/config/config.h"

enum checksum_mode { CHECKSUM_NONE, CHECKSUM_ALL };
enum idle_mode { IDLE_BUSY, IDLE_PAUSE, IDLE_SLEEP, IDLE_INTERRUPT };
enum huge_mode { HUGE_AUTO, HUGE_YES, HUGE_NO };
enum app_mode { APP_NO, APP_YES, APP_DETECTION_ONLY };
enum tls_encryption { TLS_TRACK_ONLY, TLS_BYPASS, TLS_FULL };

// By protocol, in the order of app-layer.protocols.* rows.
enum app_config_proto {
	APP_HTTP,
	APP_HTTP2,
	APP_DNS_TCP,
	APP_DNS_UDP,
	APP_TLS,
	APP_SSH,
	APP_SMTP,
	APP_FTP,
	APP_SMB,
	APP_DCERPC,
	APP_NFS,
	APP_TFTP,
	APP_IKE,
	APP_KRB5,
	APP_SNMP,
	APP_RFB,
	APP_RDP,
	APP_MQTT,
	APP_SIP,
	APP_QUIC,
	APP_DHCP,
	APP_NTP,
	APP_MODBUS,
	APP_DNP3,
	APP_ENIP,
	APP_TELNET,
	APP_IMAP,
	APP_PGSQL,
	APP_BITTORRENT_DHT,
	APP_CONFIG_PROTOS
};

struct workers_config {
	uint64_t count;      // workers; 0: one for -r, one an lcore for live
	char *lcores;        // "0-3,6"; "" any
	int idle;            // enum idle_mode
	uint64_t burst_ring; // frames a distributor ring holds, a power of two
	uint64_t event_ring; // slots a worker's event ring holds, a power of two
};

struct memory_config {
	int hugepages;               // enum huge_mode
	uint64_t mbufs;              // 0: sized from queues and rings
	uint64_t mbuf_bytes;         // data room of one mbuf
	struct config_list eal_args; // raw, appended to the derived ones
};

struct capture_config {
	bool promiscuous;
	uint64_t mtu;
	uint64_t rx_descriptors; // a queue
	bool checksum_offload;
	int checksum;     // enum checksum_mode: -k, and stream.checksum-validation agree to what is stricter off
	uint64_t snaplen; // bytes of a frame kept; longer ones are cut and marked
};

struct eve_config {
	bool enabled;
	char *filename;              // under -l unless absolute
	bool to_stdout;              // one JSON line an event on stdout
	uint64_t rotate_size;        // bytes, 0: never
	uint64_t rotate_interval_ns; // 0: never
	bool community_id;
	uint64_t community_id_seed;
	bool pcap_file;           // adds pcap_filename
	struct config_list types; // "alert anomaly flow stats ..."
};

struct stats_config {
	bool enabled;
	uint64_t interval_ns;
	bool decoder_events;
};

// Seconds as Suricata writes them, kept in nanoseconds.
struct flow_timeouts {
	uint64_t new_ns, established_ns, closed_ns;
	uint64_t emergency_new_ns, emergency_established_ns, emergency_closed_ns;
};

struct flow_config {
	uint64_t memory; // bytes, all workers together
	double emergency_recovery;
	bool vlan_tracking;
	struct flow_timeouts other, tcp, udp, icmp;
};

struct defrag_settings {
	uint64_t memcap, trackers, max_frags, timeout_ns;
};

struct stream_settings {
	uint64_t memcap, reassembly_memcap, depth;
	uint64_t max_segments; // out of order, a flow
	bool midstream, async_oneside;
	bool checksum_validation;
};

// host-os-policy.<os>: addresses that reassemble like it. Indexed as config_os_names.
enum config_os {
	OS_BSD,
	OS_BSD_RIGHT,
	OS_OLD_LINUX,
	OS_LINUX,
	OS_OLD_SOLARIS,
	OS_SOLARIS,
	OS_HPUX10,
	OS_HPUX11,
	OS_IRIX,
	OS_MACOS,
	OS_WINDOWS,
	OS_VISTA,
	OS_WINDOWS2K3,
	OS_COUNT
};
extern const char *const config_os_names[OS_COUNT];

struct decoder_config {
	bool teredo, vxlan, geneve;
	struct config_list teredo_ports, vxlan_ports, geneve_ports; // numbers, ranges, $NAMES of port-groups, "any"
	uint64_t max_depth;                                         // packets within packets
};

struct rules_config {
	char *default_rule_path;
	struct config_list files;
	char *classification_file, *reference_file, *threshold_file; // "": built in / none
	uint64_t packet_alert_max;
	uint64_t pcre_match_limit, pcre_match_limit_recursion;
	bool guess_applayer_tx;
	char *cache_dir; // compiled rule sets; "": no cache
};

struct app_config {
	int mode[APP_CONFIG_PROTOS];                                // enum app_mode
	uint64_t http_request_body_limit, http_response_body_limit; // bytes inspected, 0: all
	uint64_t http_decompress_layers;
	bool http_lzma;
	uint64_t http_lzma_memlimit, http_compression_bomb_limit;
	bool http2_http1_rules;
	int tls_encryption;   // enum tls_encryption
	int tls_ja3, tls_ja4; // 0 auto, 1 yes, 2 no
	struct config_list dns_tcp_ports, dns_udp_ports, tls_ports, smb_ports, modbus_ports, dnp3_ports, enip_ports,
		rfb_ports;
};

struct telemetry_config {
	bool enabled;
	char *sensor_name; // EVE host; "": none
};

struct tocsin_config {
	struct workers_config workers;
	struct memory_config memory;
	struct capture_config capture;
	struct eve_config eve;
	struct stats_config stats;
	struct flow_config flow;
	struct defrag_settings defrag;
	struct stream_settings stream;
	struct config_list host_os[OS_COUNT];
	struct decoder_config decoder;
	struct config_map address_groups, port_groups;
	struct rules_config rules;
	struct app_config app;
	struct telemetry_config telemetry;
	char *log_dir;
	struct config_detectors detectors;
};

// Joins the sensor's rows, fills cfg with defaults. detectors: NULL-terminated table or NULL.
// Returns 0 or -errno. cfg's strings belong to c.
int tocsin_config_add(struct config *c, struct tocsin_config *cfg, const struct detector *const *detectors);
// Checks what one row cannot: variables that are used are defined and do not loop, ports and OS
// policies parse, ring sizes are powers of two. Reports through c. Returns 0 or -EINVAL.
int tocsin_config_check(struct config *c, const struct tocsin_config *cfg);
