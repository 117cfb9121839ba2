// The sensor's own rows and their defaults. Keys that Suricata has keep its spelling and default, so
// that a site's values paste over. Next: app_config.c (parsers), config_check.c (what one row cannot check).
#include "ctl/config/tocsin_config.h"

#include <stddef.h>

#include "ctl/config/config_rows.h"

static const char *const checksum_choices[] = {"none", "all", NULL};
static const char *const idle_choices[] = {"busy", "pause", "sleep", "interrupt", NULL};
static const char *const huge_choices[] = {"auto", "yes", "no", NULL};

const char *const config_os_names[CONFIG_OS_COUNT + 1] = {"bsd", "bsd-right", "old-linux", "linux", "old-solaris",
	"solaris", "hpux10", "hpux11", "irix", "macos", "windows", "vista", "windows2k3", NULL};

// Suricata's stock groups.
static const char default_address_groups[] = "{HOME_NET: '[192.168.0.0/16,10.0.0.0/8,172.16.0.0/12]', "
					     "EXTERNAL_NET: '!$HOME_NET', HTTP_SERVERS: $HOME_NET, "
					     "SMTP_SERVERS: $HOME_NET, SQL_SERVERS: $HOME_NET, DNS_SERVERS: $HOME_NET, "
					     "TELNET_SERVERS: $HOME_NET, AIM_SERVERS: $EXTERNAL_NET, "
					     "DC_SERVERS: $HOME_NET, DNP3_SERVER: $HOME_NET, DNP3_CLIENT: $HOME_NET, "
					     "MODBUS_CLIENT: $HOME_NET, MODBUS_SERVER: $HOME_NET, "
					     "ENIP_CLIENT: $HOME_NET, ENIP_SERVER: $HOME_NET}";
static const char default_port_groups[] =
	"{HTTP_PORTS: 80, SHELLCODE_PORTS: '!80', ORACLE_PORTS: 1521, SSH_PORTS: 22, "
	"DNP3_PORTS: 20000, MODBUS_PORTS: 502, "
	"FILE_DATA_PORTS: '[$HTTP_PORTS,110,143]', FTP_PORTS: 21, GENEVE_PORTS: 6081, "
	"VXLAN_PORTS: 4789, TEREDO_PORTS: 3544}";

static const char default_types[] =
	"alert, anomaly, dcerpc, dhcp, dns, files, flow, ftp, http, ike, krb5, mqtt, packet, rfb, sip, smb, "
	"smtp, snmp, ssh, stats, tftp, tls";

#define F(member) offsetof(struct tocsin_config, member)

static const struct config_row rows[] = {
	ROW_MAP("vars.address-groups", F(address_groups), default_address_groups,
		"Names for addresses in rules; entries given here replace or add to these, the others stay."),
	ROW_MAP("vars.port-groups", F(port_groups), default_port_groups,
		"Names for ports in rules; as address-groups."),

	ROW_STRING("default-log-dir", F(log_dir), "directory", ".", "Where eve.json and captures go; -l says it too."),
	ROW_STRING("sensor-name", F(telemetry.sensor_name), "", "", "Added to every event as host; empty: not added."),
	ROW_STRING("default-rule-path", F(rules.default_rule_path), "directory", "", "Where relative rule-files are."),
	ROW_LIST("rule-files", F(rules.files), "files", "",
		"Rule files, read in this order; -s adds one, -S replaces all."),
	ROW_STRING("classification-file", F(rules.classification_file), "file", "",
		"Classes and priorities of rules; empty: the built-in ones."),
	ROW_STRING("reference-config-file", F(rules.reference_file), "file", "",
		"Reference systems of rules; empty: the built-in ones."),
	ROW_STRING("threshold-file", F(rules.threshold_file), "file", "", "threshold and suppress lines; empty: none."),
	ROW_STRING("reputation-categories-file", F(rules.reputation_categories), "file", "",
		"Categories of iprep, id, short name and text a line; empty: iprep rules wait."),
	ROW_STRING("default-reputation-path", F(rules.reputation_path), "directory", "",
		"Where relative reputation-files are."),
	ROW_LIST("reputation-files", F(rules.reputation_files), "files", "",
		"Reputations, address or network, category id and score a line."),
	ROW_STRING("geoip-database", F(rules.geoip_database), "file", "",
		"MaxMind DB of countries; empty: geoip rules wait."),
	ROW_UINT("packet-alert-max", F(rules.packet_alert_max), "alerts", 1, 255, "15", "Alerts one packet can raise."),
	ROW_UINT(
		"pcre.match-limit", F(rules.pcre_match_limit), "steps", 1, 1e9, "3500", "PCRE2 match limit of a pcre."),
	ROW_UINT("pcre.match-limit-recursion", F(rules.pcre_match_limit_recursion), "levels", 1, 1e9, "1500",
		"PCRE2 depth limit of a pcre."),
	ROW_BOOL("profiling.rules.enabled", F(rules.profile), "yes",
		"Sample what each rule costs, for tocsinctl rules top and --rule-profile."),
	ROW_STRING("detect.sgh-mpm-caching-path", F(rules.cache_dir), "directory", "",
		"Where compiled rule sets are kept between runs; empty: the user's cache directory, none: nowhere."),

	ROW_BOOL("eve-log.enabled", F(eve.enabled), "yes", "Write EVE JSON."),
	ROW_STRING("eve-log.filename", F(eve.filename), "file", "eve.json", "Under the log directory unless absolute."),
	ROW_BOOL("eve-log.stdout", F(eve.to_stdout), "no",
		"Write the events to standard output instead; --stdout says it too."),
	ROW_LIST("eve-log.types", F(eve.types), "event types", default_types, "Which events are written."),
	ROW_BOOL("eve-log.community-id", F(eve.community_id), "no",
		"Add community_id, the flow hash other tools share."),
	ROW_UINT("eve-log.community-id-seed", F(eve.community_id_seed), "", 0, 65535, "0", "Seed of community_id."),
	ROW_BOOL("eve-log.pcap-file", F(eve.pcap_file), "no", "Add pcap_filename to events of a capture file."),
	ROW_SIZE("eve-log.rotate-size", F(eve.rotate_size), 0, 1e15, "0", "Begin a new file past this size; 0: never."),
	ROW_TIME("eve-log.rotate-interval", F(eve.rotate_interval_ns), "s", 0, 31536000, "0",
		"Begin a new file after this time; 0: never."),

	ROW_BOOL("stats.enabled", F(stats.enabled), "yes", "Write stats events."),
	ROW_TIME("stats.interval", F(stats.interval_ns), "s", 1, 86400, "8",
		"Time between stats events; with -r one is written at the end in any case."),
	ROW_BOOL(
		"stats.decoder-events", F(stats.decoder_events), "yes", "Count each decode and stream event in stats."),

	ROW_UINT("threading.workers", F(workers.count), "workers", 0, 64, "0",
		"Workers; 0: one for -r, one a queue for live ports. --workers says it too."),
	ROW_STRING(
		"threading.lcores", F(workers.lcores), "CPU list", "", "CPUs of the workers (\"1-3,6\"); empty: any."),
	ROW_UINT("threading.event-ring", F(workers.event_ring), "slots of 64 bytes", 32768, 16777216, "65536",
		"Room for events between a worker and the writer; a power of two."),
	ROW_ENUM("threading.idle", F(workers.idle), idle_choices, "sleep",
		"What a worker without packets does on a live port: poll on, pause the core, sleep some 100 us at a "
		"time, or wait for the device's interrupt, where it has one."),

	ROW_ENUM("dpdk.hugepages", F(memory.hugepages), huge_choices, "auto",
		"Use reserved hugepages; auto: where there are any."),
	ROW_UINT("dpdk.mempool-size", F(memory.mbufs), "packet buffers", 0, 16777216, "0",
		"Packet buffers; 0: as queues and rings ask for."),
	ROW_UINT("dpdk.rx-descriptors", F(capture.rx_descriptors), "descriptors", 64, 32768, "2048",
		"Receive descriptors of a port's queue."),
	ROW_BOOL("dpdk.promisc", F(capture.promiscuous), "yes", "Receive frames for every address."),
	ROW_UINT("dpdk.mtu", F(capture.mtu), "bytes", 0, 65535, "0",
		"MTU of the ports; 0: the largest they take up to 9000."),
	ROW_BOOL("dpdk.checksum-checks-offload", F(capture.checksum_offload), "yes",
		"Believe a NIC that has checked the checksums."),
	ROW_LIST("dpdk.eal-args", F(memory.eal_args), "arguments", "",
		"Further EAL arguments, behind the derived ones."),
	ROW_ENUM("capture.checksum-validation", F(capture.checksum), checksum_choices, "all",
		"Check checksums; -k says it too."),
	ROW_BOOL("telemetry.enabled", F(telemetry.enabled), "yes", "Open the DPDK telemetry socket on a live run."),
	ROW_STRING("telemetry.file-prefix", F(telemetry.file_prefix), "name", "tocsin",
		"DPDK's name for the directory of the telemetry socket, below /var/run/dpdk; tocsinctl --sensor takes "
		"it."),

	ROW_BOOL("decoder.teredo.enabled", F(decoder.teredo), "yes", "Look into Teredo (RFC 4380)."),
	ROW_LIST("decoder.teredo.ports", F(decoder.teredo_ports), "UDP ports", "$TEREDO_PORTS",
		"At most four ports, $NAMES of port-groups, or any."),
	ROW_BOOL("decoder.vxlan.enabled", F(decoder.vxlan), "yes", "Look into VXLAN (RFC 7348)."),
	ROW_LIST("decoder.vxlan.ports", F(decoder.vxlan_ports), "UDP ports", "$VXLAN_PORTS",
		"At most four ports, $NAMES of port-groups, or any."),
	ROW_BOOL("decoder.geneve.enabled", F(decoder.geneve), "yes", "Look into GENEVE (RFC 8926)."),
	ROW_LIST("decoder.geneve.ports", F(decoder.geneve_ports), "UDP ports", "$GENEVE_PORTS",
		"At most four ports, $NAMES of port-groups, or any."),
	ROW_UINT("decoder.max-layers", F(decoder.max_layers), "headers", 1, 16, "16", "Headers walked in one frame."),

	ROW_STRING("baselines.file", F(baselines.file), "file", "",
		"Where what is usual at the site (168 hours of the week, by host of HOME_NET and by prefix) is kept "
		"between "
		"runs; relative to the log directory; empty: nowhere."),
	ROW_TIME("baselines.save-interval", F(baselines.save_interval_ns), "s", 10, 86400, "600",
		"Packet time between writings of that file; it is also written at the end."),
	ROW_MAP("baselines.prefixes", F(baselines.prefixes), "{}",
		"Protected prefixes by name (\"customers: 203.0.113.0/24\"): floods name them, and carpet bombing is "
		"counted "
		"over each of them as a whole."),

	ROW_SIZE("defrag.memcap", F(defrag.memcap), 65536, 1e12, "32mb",
		"Memory of held fragments, all workers together."),
	ROW_UINT("defrag.trackers", F(defrag.trackers), "datagrams", 16, 16777216, "65535",
		"Datagrams put together at once."),
	ROW_TIME("defrag.timeout", F(defrag.timeout_ns), "s", 1, 3600, "60",
		"A datagram incomplete for this long is given up."),
	CONFIG_END,
};

#define OS_ROW(i, name)                                                                                            \
	{                                                                                                          \
		.key = name, .type = CONFIG_LIST, .offset = (i) * sizeof(struct config_list), .unit = "addresses", \
		.def = (i) == 10 ? "0.0.0.0/0" : "", .help = ""                                                    \
	}

static const struct config_row os_rows[] = {
	OS_ROW(0, "bsd"),
	OS_ROW(1, "bsd-right"),
	OS_ROW(2, "old-linux"),
	OS_ROW(3, "linux"),
	OS_ROW(4, "old-solaris"),
	OS_ROW(5, "solaris"),
	OS_ROW(6, "hpux10"),
	OS_ROW(7, "hpux11"),
	OS_ROW(8, "irix"),
	OS_ROW(9, "macos"),
	OS_ROW(10, "windows"),
	OS_ROW(11, "vista"),
	OS_ROW(12, "windows2k3"),
	CONFIG_END,
};

int tocsin_config_add(struct config *c, struct tocsin_config *cfg, const struct detector *const *detectors)
{
	int rc = config_add_part(c, "", rows, cfg);

	if (rc == 0)
		rc = config_add_part(c, "host-os-policy", os_rows, cfg->host_os);
	if (rc == 0)
		rc = app_config_add(c, &cfg->app);
	if (rc == 0)
		rc = config_add_detectors(c, detectors, &cfg->detectors);
	if (rc == 0)
		rc = suricata_keys_add(c);
	return rc;
}
