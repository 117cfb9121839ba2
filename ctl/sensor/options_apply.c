// The command line over the configuration.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/sensor/options.h"

// Appends a copy of one path, under dir when that is said and the path is relative.
static int add_path(struct config_list *out, const char *dir, const char *path)
{
	char **items = realloc(out->items, (out->count + 1) * sizeof(*items));
	char *copy = NULL;

	if (!items)
		return -ENOMEM;
	out->items = items;
	if (dir && dir[0] && path[0] != '/') {
		if (asprintf(&copy, "%s%s%s", dir, dir[strlen(dir) - 1] == '/' ? "" : "/", path) < 0)
			return -ENOMEM;
	} else {
		copy = strdup(path);
	}
	if (!copy)
		return -ENOMEM;
	items[out->count++] = copy;
	return 0;
}

static void list_free(struct config_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
}

// rule-files under default-rule-path unless -S; then those of -s or -S as they are.
static int apply_rules(const struct options *o, struct tocsin_config *cfg)
{
	const struct option_list *given = o->rules_only.count ? &o->rules_only : &o->rules_also;
	struct config_list files = {0};
	int rc = 0;

	for (size_t i = 0; rc == 0 && !o->rules_only.count && i < cfg->rules.files.count; i++)
		rc = add_path(&files, cfg->rules.default_rule_path, cfg->rules.files.items[i]);
	for (size_t i = 0; rc == 0 && i < given->count; i++)
		rc = add_path(&files, NULL, given->items[i]);
	if (rc) {
		list_free(&files);
		return rc;
	}
	list_free(&cfg->rules.files);
	cfg->rules.files = files;
	return 0;
}

// Paths of the configuration become paths ready to open.
static int apply_reputation(struct tocsin_config *cfg)
{
	struct config_list files = {0};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < cfg->rules.reputation_files.count; i++)
		rc = add_path(&files, cfg->rules.reputation_path, cfg->rules.reputation_files.items[i]);
	if (rc) {
		list_free(&files);
		return rc;
	}
	list_free(&cfg->rules.reputation_files);
	cfg->rules.reputation_files = files;
	return 0;
}

int options_apply(const struct options *o, struct config *c, struct tocsin_config *cfg)
{
	const struct {
		const char *origin, *key, *value;
	} one[] = {
		{"-l", "default-log-dir", o->log_dir},
		{"-k", "capture.checksum-validation", o->checksums},
		{"--workers", "threading.workers", o->workers},
		{"--lcores", "threading.lcores", o->lcores},
		{"--stdout", "eve-log.stdout", o->to_stdout ? "yes" : NULL},
	};
	unsigned int before = config_errors(c);
	int rc = 0;

	for (size_t i = 0; i < o->settings.count; i++)
		if (config_set(c, o->settings.items[i]) == -ENOMEM)
			return -ENOMEM;
	for (size_t i = 0; i < sizeof(one) / sizeof(one[0]); i++)
		if (one[i].value && config_set_value(c, one[i].origin, one[i].key, one[i].value) == -ENOMEM)
			return -ENOMEM;
	rc = apply_rules(o, cfg);
	if (rc == 0)
		rc = apply_reputation(cfg);
	return rc ? rc : config_errors(c) > before ? -EINVAL : 0;
}
