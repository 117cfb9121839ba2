// What `tocsin` can be told. --help, the parser, the manual's test all read this table.
#include "ctl/sensor/options_table.h"

#include <stddef.h>

#define F(member) offsetof(struct options, member)

const struct option_row option_rows[] = {
	{'r', NULL, "FILE|DIR|-", OPTION_LIST, F(captures), 0, "read a capture (pcap, pcapng, also gzip); repeatable",
		"Where packets come from"},
	{'i', NULL, "IFACE", OPTION_LIST, F(interfaces), 0, "listen on a network interface, set up for you; repeatable",
		NULL},
	{0, "port", "PCI|VDEV", OPTION_LIST, F(ports), 0,
		"listen on a DPDK port (0000:3b:00.0, net_memif0,role=client); repeatable", NULL},
	{'S', NULL, "FILE", OPTION_LIST, F(rules_only), 0, "use only the rules in FILE; repeatable",
		"What is looked for"},
	{'s', NULL, "FILE", OPTION_LIST, F(rules_also), 0, "use the rules in FILE as well; repeatable", NULL},
	{'c', NULL, "FILE", OPTION_TEXT, F(config_file), 0, "read the configuration from FILE (tocsin.yaml)", NULL},
	{0, "set", "KEY=VALUE", OPTION_LIST, F(settings), 0, "override one configuration value; repeatable", NULL},
	{'k', NULL, "none|all", OPTION_TEXT, F(checksums), 0, "check no checksums, or all of them", NULL},
	{'l', NULL, "DIR", OPTION_TEXT, F(log_dir), 0, "write eve.json into DIR", "What comes out"},
	{0, "stdout", NULL, OPTION_FLAG, F(to_stdout), 0, "write EVE JSON to standard output instead of eve.json",
		NULL},
	{0, "dump-streams", "DIR", OPTION_TEXT, F(dump_streams), 0,
		"write the bytes of each direction of every TCP flow into DIR", NULL},
	{0, "rule-profile", "FILE", OPTION_TEXT, F(rule_profile), 0,
		"write what each rule and group of rules has cost into FILE at the end", NULL},
	{0, "progress", NULL, OPTION_FLAG, F(progress), 0, "show how far the captures are read", NULL},
	{'v', NULL, NULL, OPTION_COUNT, F(verbose), 0, "say more; -vv: still more", NULL},
	{'q', NULL, NULL, OPTION_FLAG, F(quiet), 0, "say only what is wrong", NULL},
	{0, "workers", "N", OPTION_TEXT, F(workers), 0,
		"workers that share the traffic, at most 64; results do not depend on N", "How it runs"},
	{0, "lcores", "LIST", OPTION_TEXT, F(lcores), 0, "CPUs of the workers of live ports, as in 1-3,6", NULL},
	{'T', NULL, NULL, OPTION_ACTION, 0, ACTION_TEST, "check configuration and rules, then exit 0 or 1",
		"Instead of a run"},
	{0, "doctor", NULL, OPTION_ACTION, 0, ACTION_DOCTOR,
		"say what this box lacks for live ports, and what mends it", NULL},
	{0, "dump-config", NULL, OPTION_ACTION, 0, ACTION_DUMP_CONFIG, "print every configuration key, value and help",
		NULL},
	{0, "engine-analysis", NULL, OPTION_ACTION, 0, ACTION_ENGINE_ANALYSIS,
		"write how each rule was understood to rules.json in the directory of -l", NULL},
	{'V', "version", NULL, OPTION_ACTION, 0, ACTION_VERSION, "print the version", NULL},
	{'h', "help", NULL, OPTION_ACTION, 0, ACTION_HELP, "print this", NULL},
	{0},
};

const struct option_hint option_hints[] = {
	{"--runmode", "there is one run mode here, workers that run to completion; say how many with --workers"},
	{"--af-packet", "-i IFACE listens on an interface"},
	{"--dpdk", "--port PCI listens on a DPDK port"},
	{"--pcap", "-i IFACE listens on an interface"},
	{"--disable-detection", "run without -S, -s and rule-files to load no rules"},
	{"--pcap-file-recursive", "give -r once a directory"},
	{"--pcap-file-continuous", "give -r - and write the capture into the pipe"},
	{"--simulate-ips", "the sensor never stands in the path"},
	{"--list-keywords", "the keywords are in docs/keywords.md"},
	{"--init-errors-fatal", "-T tells of every rule that does not load"},
	{"--strict-rule-keywords", "-T tells of every rule that does not load"},
	{"--unix-socket", "the DPDK telemetry socket takes its place"},
	{"--build-info", "-V prints the version"},
	{"-D", "the sensor stays in the foreground; a service manager runs it"},
	{"-F", "the sensor takes no BPF filter"},
	{NULL, NULL},
};
