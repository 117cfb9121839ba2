// YAML files, good and bad: every message names file and line and what was expected.
#include "tests/unit/config_fixture.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/config/tocsin_config.h"

static void yaml_suricata_header_and_nested_keys_load(void **state)
{
	struct config_fixture *f = *state;

	assert_int_equal(load(f, "%YAML 1.1\n---\n# comment\nstream:\n  midstream: true\n  depth: 64kb\n"
				 "stats.interval: 60\nrule-files:\n - one.rules\n - two.rules\n"
				 "vars:\n  groups:\n    HOME: \"[10.1.0.0/16]\"\n    PORT: 22\n    LIST: [80, 8080]\n"),
		0);
	assert_string_equal(f->said.text, "");
	assert_true(f->v.midstream);
	assert_int_equal(f->v.depth, 65536);
	assert_int_equal(f->v.interval_ns, 60000000000ull);
	assert_int_equal(f->v.files.count, 2);
	assert_string_equal(f->v.files.items[1], "two.rules");
	assert_string_equal(config_map_get(&f->v.groups, "HOME"), "[10.1.0.0/16]");
	assert_string_equal(config_map_get(&f->v.groups, "EXT"), "!$HOME");
	assert_string_equal(config_map_get(&f->v.groups, "PORT"), "22");
	assert_string_equal(config_map_get(&f->v.groups, "LIST"), "[80,8080]");
	assert_string_equal(config_origin(f->c, "stream.depth"), "t.yaml:6");
}

static void yaml_a_list_takes_one_value_or_a_comma_list(void **state)
{
	struct config_fixture *f = *state;

	assert_int_equal(load(f, "rule-files: one.rules\n"), 0);
	assert_int_equal(f->v.files.count, 1);
	assert_int_equal(load(f, "rule-files: 139, 445\n"), 0);
	assert_int_equal(f->v.files.count, 2);
	assert_int_equal(load(f, "rule-files: '[8472, 4789]'\n"), 0);
	assert_string_equal(f->v.files.items[0], "8472");
	assert_int_equal(load(f, "rule-files: []\n"), 0);
	assert_int_equal(f->v.files.count, 0);
}

static void yaml_an_empty_file_changes_nothing(void **state)
{
	struct config_fixture *f = *state;

	assert_int_equal(load(f, ""), 0);
	assert_int_equal(load(f, "# only a comment\n"), 0);
	assert_int_equal(load(f, "---\n"), 0);
	assert_int_equal(load(f, "stream:\nvars:\n  groups:\nrule-files:\n"), 0);
	assert_string_equal(f->said.text, "");
	assert_int_equal(f->v.files.count, 2);
}

static void yaml_bad_input_names_line_and_cause(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{"a: 1\n", "t.yaml:1: unknown key \"a\""},
		{"dir: x\n\nstrem:\n  midstream: yes\n",
			"t.yaml:3: unknown key \"strem.midstream\"; nearest known key: \"stream.midstream\""},
		{"stream:\n  midstrem: yes\n",
			"t.yaml:2: unknown key \"stream.midstrem\"; nearest known key: \"stream.midstream\""},
		{"stream:\n  midstream: maybe\n", "t.yaml:2: stream.midstream: \"maybe\": expected yes or no"},
		{"stream:\n  midstream:\n", "t.yaml:2: stream.midstream: \"\": expected yes or no"},
		{"stream:\n  depth: 2tb\n", "t.yaml:2: stream.depth: \"2tb\": expected a size"},
		{"stream:\n  depth: 2gb\n", "t.yaml:2: stream.depth: 2gb is out of range: 1kb to 1gb"},
		{"stats:\n  interval: 0\n", "t.yaml:2: stats.interval: 0 is out of range: 1s to 3600s"},
		{"threads:\n  count: many\n", "\"many\": expected a whole number (1 to 64 workers)"},
		{"threads:\n  count: [1, 2]\n",
			"threads.count: one value was expected (whole number), not a list or a section"},
		{"threads:\n  count:\n    x: 1\n", "threads.count: one value was expected"},
		{"stream: yes\n", "t.yaml:1: \"stream\" is a section: its keys stand below it"},
		{"stream: [a]\n", "\"stream\" is a section"},
		{"rule-files:\n  - a\n  - [b]\n", "t.yaml:3: rule-files: a list of plain values was expected"},
		{"rule-files:\n  a: b\n", "rule-files: one value was expected (list)"},
		{"vars:\n  groups: x\n", "t.yaml:2: vars.groups: expected names and values"},
		{"vars:\n  groups:\n    X: {a: b}\n", "t.yaml:3: vars.groups.X: a value was expected"},
		{"vars:\n  groups:\n    X:\n", "vars.groups.X: a value was expected"},
		{"vars:\n  groups:\n    X: 1\n    X: 2\n", "t.yaml:4: \"vars.groups.X\" is set twice, first on line 3"},
		{"dir: a\nstream:\n  depth: 1mb\ndir: b\n", "t.yaml:4: \"dir\" is set twice, first at t.yaml:1"},
		{"stream:\n\tdepth: 1mb\n", "t.yaml:2: a tab in the indentation; YAML wants spaces"},
		{"stream: {depth: 1mb\ndir: x\n", "not valid YAML"},
		{"stream:\n  depth: 1mb\n midstream: yes\n", "t.yaml:3: not valid YAML"},
		{"dir: \"never closed\n", "not valid YAML"},
		{"- a\n- b\n", "t.yaml:1: expected \"key: value\" lines"},
		{"just words\n", "t.yaml:1: expected \"key: value\" lines"},
		{"dir: a\n---\ndir: b\n", "a second YAML document begins here"},
		{"[a]: b\n", "t.yaml:1: a key was expected"},
		{"dir: \"a\\0b\"\n", "t.yaml:1: dir: one value was expected"},
		{"dir: \xff\xfe\xff\n", "not a text file in UTF-8"},
		{"stream: &a\n  deeper: *a\n", "t.yaml:2: unknown key"},
		{"stream: *nowhere\n", "not valid YAML"},
		{"include: x.yaml\n", "t.yaml:1: include: not allowed here"},
		{"include:\n", "include: a file name was expected"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		void *s = NULL;
		struct config_fixture *f;

		assert_int_equal(config_setup(&s), 0);
		f = s;
		assert_int_equal(load(f, bad[i].text), -EINVAL);
		assert_said(&f->said, bad[i].says);
		assert_int_equal(f->said.errors, 1);
		config_teardown(&s);
	}
}

static void yaml_an_alias_that_contains_itself_ends(void **state)
{
	struct config_fixture *f = *state;

	// libyaml lets an alias stand inside its own anchor: the tree is a circle
	assert_int_equal(load(f, "&a\nstream: *a\n"), -EINVAL);
	assert_true(f->said.errors >= 1);
	assert_int_equal(load(f, "nosuch: &b\n  x: *b\n"), -EINVAL);
}

static void yaml_every_error_of_a_file_is_named_and_the_rest_is_set(void **state)
{
	struct config_fixture *f = *state;

	assert_int_equal(
		load(f, "stream:\n  midstream: maybe\n  depth: 2mb\nthreads:\n  count: 99\n  ratio: 2\n"), -EINVAL);
	assert_int_equal(f->said.errors, 2);
	assert_said(&f->said, "t.yaml:2:");
	assert_said(&f->said, "t.yaml:5:");
	assert_int_equal(f->v.depth, 2 << 20);
	assert_true(f->v.ratio == 2);
}

static void yaml_errors_past_the_twentieth_are_counted_not_shown(void **state)
{
	struct config_fixture *f = *state;
	char text[1024] = "";

	for (int i = 0; i < 40; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "unknown-%d: 1\n", i);
	assert_int_equal(load(f, text), -EINVAL);
	assert_int_equal(f->said.errors, 21);
	assert_int_equal(config_errors(f->c), 40);
	assert_said(&f->said, "further configuration errors are not shown");
}

static void yaml_suricata_only_keys_warn_once(void **state)
{
	struct config_fixture *f = *state;

	assert_int_equal(load(f, "outputs:\n  - fast:\n      enabled: yes\n  - eve-log: {types: [alert]}\n"
				 "legacy:\n  uricontent: enabled\nplugins:\n"),
		0);
	assert_int_equal(f->said.errors, 0);
	assert_int_equal(f->said.warnings, 2);
	assert_said(&f->said, "warning: t.yaml:1: \"outputs\" has no effect here: use eve-log");
	assert_said(&f->said, "warning: t.yaml: 2 keys of Suricata without effect here: legacy, plugins");
}

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[512];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static void yaml_files_include_each_other_and_later_values_win(void **state)
{
	struct config_fixture *f = *state;
	char dir[] = "tocsin-config-XXXXXX", path[64];

	assert_non_null(mkdtemp(dir));
	write_file(dir, "main.yaml", "dir: first\ninclude: [a.yaml]\nstream:\n  include: b.yaml\n");
	write_file(dir, "a.yaml", "dir: second\nthreads:\n  count: 7\n");
	write_file(dir, "b.yaml", "midstream: yes\ndepth: 3\n");
	write_file(dir, "loop.yaml", "include: loop.yaml\n");
	write_file(dir, "missing.yaml", "dir: x\ninclude: nowhere.yaml\n");
	snprintf(path, sizeof(path), "%s/main.yaml", dir);
	assert_int_equal(config_load_file(f->c, path), -EINVAL);
	assert_string_equal(f->v.dir, "second");
	assert_int_equal(f->v.count, 7);
	assert_true(f->v.midstream);
	assert_said(&f->said, "/b.yaml:2: stream.depth: 3 is out of range");
	snprintf(path, sizeof(path), "%s/loop.yaml", dir);
	assert_int_equal(config_load_file(f->c, path), -EINVAL);
	assert_said(&f->said, "files include each other too deeply");
	snprintf(path, sizeof(path), "%s/missing.yaml", dir);
	assert_int_equal(config_load_file(f->c, path), -EINVAL);
	assert_said(&f->said, "nowhere.yaml: cannot read the configuration: No such file or directory");
	assert_said(&f->said, "missing.yaml:2: ");
	for (const char *const *n = (const char *const[]){"main", "a", "b", "loop", "missing", NULL}; *n; n++) {
		snprintf(path, sizeof(path), "%s/%s.yaml", dir, *n);
		unlink(path);
	}
	rmdir(dir);
}

static void yaml_a_file_that_cannot_be_read_says_why(void **state)
{
	struct config_fixture *f = *state;

	assert_int_equal(config_load_file(f->c, "/nonexistent/tocsin.yaml"), -ENOENT);
	assert_said(&f->said, "/nonexistent/tocsin.yaml: cannot read the configuration: No such file or directory");
	assert_int_equal(config_load_file(f->c, "/"), -EISDIR);
	assert_said(&f->said, "Is a directory");
}

// Everything below uses the sensor's own schema.
struct sensor_fixture {
	struct config *c;
	struct tocsin_config cfg;
	struct said said;
};

static int sensor_setup(void **state)
{
	struct sensor_fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	f->c = config_new(said_report, &f->said);
	*state = f;
	return tocsin_config_add(f->c, &f->cfg, NULL);
}

static int sensor_teardown(void **state)
{
	struct sensor_fixture *f = *state;

	config_free(f->c);
	free(f);
	return 0;
}

static void sensor_defaults_are_suricatas_and_pass_their_own_check(void **state)
{
	struct sensor_fixture *f = *state;

	assert_int_equal(f->cfg.address_groups.count, 15);
	assert_int_equal(f->cfg.port_groups.count, 11);
	assert_string_equal(
		config_map_get(&f->cfg.address_groups, "HOME_NET"), "[192.168.0.0/16,10.0.0.0/8,172.16.0.0/12]");
	assert_string_equal(config_map_get(&f->cfg.port_groups, "FILE_DATA_PORTS"), "[$HTTP_PORTS,110,143]");
	assert_string_equal(f->cfg.host_os[10].items[0], "0.0.0.0/0");
	assert_int_equal(f->cfg.app.mode[APP_IMAP][0], APP_MODE_DETECT);
	assert_int_equal(f->cfg.app.smb_ports.count, 2);
	assert_int_equal(f->cfg.app.http_response_body_limit, 102400);
	assert_int_equal(tocsin_config_check(f->c, &f->cfg), 0);
	assert_string_equal(f->said.text, "");
}

static void sensor_check_finds_what_a_row_cannot(void **state)
{
	static const struct {
		const char *set, *says;
	} bad[] = {
		{"vars.address-groups.HOME_NET=$NOWHERE", "uses $NOWHERE, which is not defined"},
		{"vars.address-groups.HOME_NET=!$EXTERNAL_NET", "refers to itself"},
		{"vars.address-groups.HOME_NET=[10.0.0.0/8", "has brackets that do not pair"},
		{"vars.address-groups.HOME_NET=", "HOME_NET is empty"},
		{"vars.port-groups.HTTP_PORTS=[80,$HTTPS]", "uses $HTTPS, which is not defined"},
		{"decoder.vxlan.ports=70000", "decoder.vxlan.ports: \"70000\": expected a port (0 to 65535)"},
		{"decoder.vxlan.ports=$VX", "uses $VX, which is not defined"},
		{"app-layer.protocols.tls.detection-ports.dp=https", "\"https\": expected a port"},
		{"threading.event-ring=40000", "threading.event-ring: 40000 is not a power of two"},
		{"eve-log.types=alert, htp",
			"\"htp\": expected alert, anomaly, files, flow, packet, stats or a protocol"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		void *s = NULL;
		struct sensor_fixture *f;

		assert_int_equal(sensor_setup(&s), 0);
		f = s;
		assert_int_equal(config_set(f->c, bad[i].set), 0);
		assert_int_equal(tocsin_config_check(f->c, &f->cfg), -EINVAL);
		assert_said(&f->said, bad[i].says);
		assert_said(&f->said, "--set: ");
		sensor_teardown(&s);
	}
}

static void sensor_takes_parser_keys(void **state)
{
	struct sensor_fixture *f = *state;
	static const char same[] = "app-layer:\n  protocols:\n    tls: {enabled: yes, detection-ports: {dp: 443}}\n";

	assert_int_equal(config_load_string(f->c, "t.yaml", NULL, same, strlen(same)), 0);
	assert_int_equal(tocsin_config_check(f->c, &f->cfg), 0);
	assert_string_equal(f->said.text, "");
	assert_int_equal(config_set(f->c, "app-layer.protocols.tls.detection-ports.dp=443, 8443"), 0);
	assert_int_equal(tocsin_config_check(f->c, &f->cfg), 0);
	assert_int_equal(f->cfg.app.tls_ports.count, 2);
	assert_int_equal(config_set(f->c, "app-layer.protocols.dns.udp.enabled=no"), 0);
	assert_int_equal(f->cfg.app.mode[APP_DNS][1], APP_MODE_NO);
	assert_int_equal(f->cfg.app.mode[APP_DNS][0], APP_MODE_YES);
	assert_string_equal(f->said.text, "");
}

static void sensor_reads_an_installed_suricata_configuration(void **state)
{
	struct sensor_fixture *f = *state;
	static const char path[] = "/etc/suricata/suricata.yaml";

	if (access(path, R_OK) != 0) {
		print_message("skipped: %s is not installed\n", path);
		skip();
	}
	config_load_file(f->c, path);
	// the flow table and the stream engine bring their rows themselves: their keys are unknown here, no others
	for (char *line = strtok(f->said.text, "\n"); line; line = strtok(NULL, "\n"))
		if (strncmp(line, "warning: ", 9) != 0 && !strstr(line, "\"flow-timeouts.") &&
			!strstr(line, "\"stream."))
			fail_msg("%s", line);
	assert_int_equal(f->cfg.rules.files.count, 1);
	assert_int_equal(tocsin_config_check(f->c, &f->cfg), 0);
}

static void sensor_dump_reads_back_without_a_word(void **state)
{
	struct sensor_fixture *f = *state;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(config_dump(f->c, out), 0);
	fclose(out);
	assert_int_equal(config_load_string(f->c, "dump", NULL, text, len), 0);
	assert_string_equal(f->said.text, "");
	assert_int_equal(f->cfg.address_groups.count, 15);
	assert_int_equal(tocsin_config_check(f->c, &f->cfg), 0);
	free(text);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, config_setup, config_teardown)
#define SENSOR(f) cmocka_unit_test_setup_teardown(f, sensor_setup, sensor_teardown)
	const struct CMUnitTest tests[] = {
		CASE(yaml_suricata_header_and_nested_keys_load),
		CASE(yaml_a_list_takes_one_value_or_a_comma_list),
		CASE(yaml_an_empty_file_changes_nothing),
		cmocka_unit_test(yaml_bad_input_names_line_and_cause),
		CASE(yaml_an_alias_that_contains_itself_ends),
		CASE(yaml_every_error_of_a_file_is_named_and_the_rest_is_set),
		CASE(yaml_errors_past_the_twentieth_are_counted_not_shown),
		CASE(yaml_suricata_only_keys_warn_once),
		CASE(yaml_files_include_each_other_and_later_values_win),
		CASE(yaml_a_file_that_cannot_be_read_says_why),
		SENSOR(sensor_defaults_are_suricatas_and_pass_their_own_check),
		cmocka_unit_test(sensor_check_finds_what_a_row_cannot),
		SENSOR(sensor_takes_parser_keys),
		SENSOR(sensor_reads_an_installed_suricata_configuration),
		SENSOR(sensor_dump_reads_back_without_a_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
