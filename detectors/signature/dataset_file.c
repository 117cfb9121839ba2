// Sets of values from files and back into them: which set a rule means, who holds it, its lines. See dataset.h.
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "detectors/signature/dataset_internal.h"
#include "detectors/signature/match_runtime.h"
#include "detectors/signature/rule_parse.h"

#define VALUES_BYTES_MIN (1u << 20)

static int hex_bytes(const char *s, uint8_t *out, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		unsigned v;
		if (sscanf(s + 2 * i, "%2x", &v) != 1)
			return -1;
		out[i] = (uint8_t)v;
	}
	return s[2 * n] ? -1 : (int)n;
}

// A line's value as the bytes a rule would look up; -1 when it is not of the type.
static int value_bytes(enum dataset_type type, const char *s, uint8_t *out, uint32_t cap)
{
	switch (type) {
	case DATASET_MD5:
		return strlen(s) == 32 ? hex_bytes(s, out, 16) : -1;
	case DATASET_SHA256:
		return strlen(s) == 64 ? hex_bytes(s, out, 32) : -1;
	case DATASET_IPV4:
		return inet_pton(AF_INET, s, out) == 1 ? 4 : -1;
	case DATASET_IP:
		return inet_pton(AF_INET, s, out) == 1 ? 4 : inet_pton(AF_INET6, s, out) == 1 ? 16 : -1;
	default:
		return (int)base64_decode((const uint8_t *)s, (uint32_t)strlen(s), out, cap);
	}
}

static size_t count_lines(const struct rule_source *src)
{
	size_t n = 1;
	for (const char *c = src->text; c && (c = memchr(c, '\n', (size_t)(src->end - c))); c++)
		n++;
	return n;
}

static int load_lines(
	struct dataset *d, struct rule_source *src, const struct dataset_spec *spec, char *err, size_t cap)
{
	uint8_t value[8192];
	bool too_long, binary;
	char *line;
	while ((line = rule_source_next(src, &too_long, &binary))) {
		char *comma = spec->reputation ? strrchr(line, ',') : NULL;
		uint32_t reputation = 0;
		bool ok = !too_long && !binary && (!spec->reputation || comma);
		if (ok && comma) {
			*comma = 0;
			ok = lex_u32(lex_trim(comma + 1), 0, 65535, &reputation);
		}
		int n = ok ? value_bytes(spec->type, lex_trim(line), value, sizeof(value)) : -1;
		if (n < 0) {
			snprintf(err, cap, "expected a value of the set's type in %s line %u, found \"%.40s\"",
				spec->load, src->line, line);
			return -EINVAL;
		}
		dataset_add(d, value, (uint32_t)n, (uint16_t)reputation);
	}
	return 0;
}

static int dataset_init(struct dataset *d, const struct dataset_spec *spec, size_t lines)
{
	uint64_t want = (spec->grows ? 65536 : 64) + 2 * (uint64_t)lines + 2 * (uint64_t)spec->hashsize, size = 64;
	while (size < want && size < (1u << 26))
		size *= 2;
	d->slots = calloc(size, sizeof(*d->slots));
	d->mask = (uint32_t)size - 1;
	d->type = spec->type;
	snprintf(d->save, sizeof(d->save), "%s", spec->save);
	if (d->save[0]) {
		uint64_t bytes = spec->memcap ? spec->memcap : VALUES_BYTES_MIN + lines * 64;
		d->values_size = bytes > (1u << 30) ? 1u << 30 : (uint32_t)bytes;
		d->values = malloc(d->values_size);
	}
	return d->slots && (!d->save[0] || d->values) ? 0 : -ENOMEM;
}

static void dataset_free(struct dataset *d)
{
	free(d->slots);
	free(d->values);
	free(d->name);
	free(d);
}

static struct dataset *find(const struct ruleset *rs, const char *name)
{
	const struct dataset_user *u = rs->datasets;
	while (u && strcmp(u->set->name, name))
		u = u->next;
	return u ? u->set : NULL;
}

static int hold(struct ruleset *rs, struct dataset *d)
{
	struct dataset_user *u = arena_alloc(&rs->arena, sizeof(*u));
	if (!u)
		return -ENOMEM;
	*u = (struct dataset_user){rs->datasets, d};
	rs->datasets = u;
	d->users++;
	return 0;
}

// A set that traffic has added to is taken over from the rule set before; one that is only a file is read anew.
static struct dataset *take_over(struct ruleset *rs, const struct dataset_spec *spec)
{
	struct dataset *d = rs->cfg->previous ? find(rs->cfg->previous, spec->name) : NULL;
	if (!d || d->type != spec->type || (spec->load[0] && !spec->save[0]))
		return NULL;
	return hold(rs, d) ? NULL : d;
}

struct dataset *dataset_open(struct ruleset *rs, const struct dataset_spec *spec, char *err, size_t cap)
{
	struct rule_source src = {0};
	struct dataset *d = find(rs, spec->name);
	if (d) {
		if (d->type == spec->type || !spec->typed)
			return d;
		snprintf(err, cap, "expected the type that dataset %s was given before", spec->name);
		return NULL;
	}
	if (!spec->typed) {
		snprintf(err, cap, "expected a type, %s has none so far", spec->name);
		return NULL;
	}
	if ((d = take_over(rs, spec)))
		return d;
	dataset_key_init();
	// A state file that is not there yet is an empty set.
	int rc = spec->load[0] ? rule_source_open(&src, spec->load) : 0;
	if (rc && !(rc == -ENOENT && !strcmp(spec->load, spec->save))) {
		snprintf(err, cap, "expected a readable dataset file, found %s: %s", spec->load, strerror(-rc));
		return NULL;
	}
	d = calloc(1, sizeof(*d));
	if (!d || !(d->name = strdup(spec->name)) || dataset_init(d, spec, src.text ? count_lines(&src) : 0) ||
		hold(rs, d)) {
		snprintf(err, cap, "out of memory for dataset %s", spec->name);
		rc = -ENOMEM;
	} else {
		rc = src.text ? load_lines(d, &src, spec, err, cap) : 0;
	}
	rule_source_close(&src);
	if (d && !d->users)
		dataset_free(d);
	return rc ? NULL : d;
}

static void put_base64(FILE *f, const uint8_t *b, uint32_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (uint32_t i = 0; i < n; i += 3) {
		uint32_t left = n - i,
			 v = (uint32_t)b[i] << 16 | (left > 1 ? b[i + 1] << 8 : 0) | (left > 2 ? b[i + 2] : 0);
		fputc(digits[v >> 18], f);
		fputc(digits[v >> 12 & 63], f);
		fputc(left > 1 ? digits[v >> 6 & 63] : '=', f);
		fputc(left > 2 ? digits[v & 63] : '=', f);
	}
	fputc('\n', f);
}

static void put_value(FILE *f, enum dataset_type type, const uint8_t *b, uint32_t n)
{
	char text[64];
	if (type == DATASET_STRING) {
		put_base64(f, b, n);
	} else if (type == DATASET_IP || type == DATASET_IPV4) {
		inet_ntop(n == 4 ? AF_INET : AF_INET6, b, text, sizeof(text));
		fprintf(f, "%s\n", text);
	} else {
		for (uint32_t i = 0; i < n; i++)
			fprintf(f, "%02x", b[i]);
		fputc('\n', f);
	}
}

static void save(const struct dataset *d)
{
	FILE *f = d->save[0] && d->slots ? fopen(d->save, "we") : NULL;
	for (uint32_t i = 0; f && i <= d->mask; i++) {
		uint32_t at = atomic_load(&d->slots[i].at);
		if (atomic_load(&d->slots[i].hash) > SLOT_GONE && at != UINT32_MAX)
			put_value(f, d->type, d->values + at, d->slots[i].len);
	}
	if (f)
		fclose(f);
}

void datasets_close(struct ruleset *rs)
{
	for (struct dataset_user *u = rs->datasets; u; u = u->next) {
		if (--u->set->users)
			continue;
		save(u->set);
		dataset_free(u->set);
	}
	rs->datasets = NULL;
}
