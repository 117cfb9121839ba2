// The sensor's configuration: what tocsin.yaml fills. Rows and defaults are in tocsin_config.c; the
// command line (ctl/sensor/options.h) writes over it. Detectors add theirs with config_add_detectors,
// the flow table and the stream engine bring rows of their own (config_add_part in ctl/sensor).
#pragma once

#include "ctl/config/config.h"
#include "dataplane/api/parser.h"

enum checksum_mode { CHECKSUM_NONE, CHECKSUM_ALL };
enum idle_mode { IDLE_BUSY, IDLE_PAUSE, IDLE_SLEEP, IDLE_INTERRUPT };
enum huge_mode { HUGE_AUTO, HUGE_YES, HUGE_NO };
enum auto_mode { AUTO_AUTO, AUTO_YES, AUTO_NO };
enum tls_encryption { TLS_TRACK_ONLY, TLS_BYPASS, TLS_FULL };

// Protocols with app-layer.protocols.<key>.enabled. X(key, enum app_proto, enum parser_over, default)
#define CONFIG_APP_PROTOS(X)                        \
	X("http", HTTP1, OVER_TCP, "yes")           \
	X("http2", HTTP2, OVER_TCP, "yes")          \
	X("dns.tcp", DNS, OVER_TCP, "yes")          \
	X("dns.udp", DNS, OVER_UDP, "yes")          \
	X("tls", TLS, OVER_TCP, "yes")              \
	X("ssh", SSH, OVER_TCP, "yes")              \
	X("smtp", SMTP, OVER_TCP, "yes")            \
	X("ftp", FTP, OVER_TCP, "yes")              \
	X("smb", SMB, OVER_TCP, "yes")              \
	X("dcerpc", DCERPC, OVER_BOTH, "yes")       \
	X("nfs", NFS, OVER_BOTH, "yes")             \
	X("tftp", TFTP, OVER_UDP, "yes")            \
	X("ike", IKE, OVER_UDP, "yes")              \
	X("krb5", KRB5, OVER_BOTH, "yes")           \
	X("snmp", SNMP, OVER_UDP, "yes")            \
	X("rfb", RFB, OVER_TCP, "yes")              \
	X("rdp", RDP, OVER_TCP, "yes")              \
	X("mqtt", MQTT, OVER_TCP, "yes")            \
	X("sip", SIP, OVER_BOTH, "yes")             \
	X("quic", QUIC, OVER_UDP, "yes")            \
	X("dhcp", DHCP, OVER_UDP, "yes")            \
	X("ntp", NTP, OVER_UDP, "yes")              \
	X("modbus", MODBUS, OVER_TCP, "no")         \
	X("dnp3", DNP3, OVER_TCP, "no")             \
	X("enip", ENIP, OVER_BOTH, "no")            \
	X("telnet", TELNET, OVER_TCP, "yes")        \
	X("imap", IMAP, OVER_TCP, "detection-only") \
	X("pgsql", PGSQL, OVER_TCP, "no")           \
	X("bittorrent-dht", BITTORRENT_DHT, OVER_UDP, "yes")

struct workers_config {
	uint64_t count;      // workers; 0: one for -r, one an lcore for live
	char *lcores;        // "0-3,6"; "" any
	int idle;            // enum idle_mode
	uint64_t event_ring; // slots a worker's event ring holds, a power of two
};

struct memory_config {
	int hugepages;               // enum huge_mode
	uint64_t mbufs;              // 0: sized from queues and rings
	struct config_list eal_args; // raw, behind the derived ones
};

struct capture_config {
	bool promiscuous;
	uint64_t mtu;
	uint64_t rx_descriptors; // a queue
	bool checksum_offload;
	int checksum; // enum checksum_mode: capture.checksum-validation, -k
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

struct defrag_settings {
	uint64_t memcap, trackers, timeout_ns;
};

// host-os-policy.<os>: addresses whose TCP/IP reassembles like it, in the order of enum tcp_policy.
#define CONFIG_OS_COUNT 13
extern const char *const config_os_names[CONFIG_OS_COUNT + 1]; // NULL-terminated

struct decoder_config {
	bool teredo, vxlan, geneve;
	struct config_list teredo_ports, vxlan_ports, geneve_ports; // numbers, ranges, $NAMES of port-groups, "any"
	uint64_t max_layers;                                        // headers walked in one frame
};

struct rules_config {
	char *default_rule_path;
	struct config_list files;
	char *classification_file, *reference_file, *threshold_file; // "": built in / none
	char *reputation_categories, *reputation_path;
	struct config_list reputation_files;
	char *geoip_database; // "": none
	uint64_t packet_alert_max;
	uint64_t pcre_match_limit, pcre_match_limit_recursion;
	char *cache_dir; // compiled rule sets; "": no cache
	bool profile;    // sample what rules cost
};

struct app_config {
	int mode[APP_PROTO_COUNT][2];         // enum app_mode; TCP or both, UDP where that has a key of its own
	uint64_t memory, flow_memory, max_tx; // bytes of the process, bytes and open transactions of a flow
	uint64_t http_request_body_limit, http_response_body_limit; // bytes inspected, 0: all
	uint64_t http_decompress_layers;
	bool http_lzma;
	uint64_t http_compression_bomb_limit;
	int tls_encryption;   // enum tls_encryption
	int tls_ja3, tls_ja4; // enum auto_mode
	struct config_list dns_tcp_ports, dns_udp_ports, tls_ports, smb_ports, modbus_ports, dnp3_ports, enip_ports,
		rfb_ports;
};

struct telemetry_config {
	bool enabled;
	char *file_prefix; // DPDK's: the telemetry socket's directory
	char *sensor_name; // EVE host; "": none
};

struct baselines_config {
	char *file;                 // "": none
	uint64_t save_interval_ns;  // packet time
	struct config_map prefixes; // name: prefix
};

struct tocsin_config {
	struct workers_config workers;
	struct memory_config memory;
	struct capture_config capture;
	struct eve_config eve;
	struct stats_config stats;
	struct defrag_settings defrag;
	struct config_list host_os[CONFIG_OS_COUNT];
	struct decoder_config decoder;
	struct config_map address_groups, port_groups;
	struct rules_config rules;
	struct app_config app;
	struct telemetry_config telemetry;
	char *log_dir;
	struct baselines_config baselines;
	struct config_detectors detectors;
};

// Joins the sensor's rows, fills cfg with defaults. detectors: NULL-terminated table or NULL.
// Returns 0 or -errno. cfg's strings belong to c.
int tocsin_config_add(struct config *c, struct tocsin_config *cfg, const struct detector *const *detectors);
// Checks what one row cannot: variables that are used are defined and do not loop, ports and OS
// policies parse, ring sizes are powers of two. Reports through c. Returns 0 or -EINVAL.
int tocsin_config_check(struct config *c, const struct tocsin_config *cfg);
