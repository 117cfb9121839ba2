// Sets of values from files and back into them: which set a rule means, who holds it, its lines. See dataset.h.
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

// "::ffff:10.0.0.1" is how IPv4 addresses may stand in a set of either family (RFC 4291 section 2.5.5.2).
static int address_bytes(const char *s, uint8_t *out)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	if (inet_pton(AF_INET, s, out) == 1)
		return 4;
	if (inet_pton(AF_INET6, s, out) != 1)
		return -1;
	if (memcmp(out, mapped, sizeof(mapped)) != 0)
		return 16;
	memmove(out, out + sizeof(mapped), 4);
	return 4;
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
		return address_bytes(s, out);
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
		if (dataset_add(d, value, (uint32_t)n, (uint16_t)reputation) < 0) {
			snprintf(err, cap, "expected fewer values than there are in %s, no room from line %u on",
				spec->load, src->line);
			return -ENOSPC;
		}
	}
	return 0;
}

static int dataset_init(struct dataset *d, const struct dataset_spec *spec, size_t lines)
{
	uint64_t want = (spec->grows ? 65536 : 128) + 2 * (uint64_t)lines + 2 * (uint64_t)spec->hashsize, size = 128;
	while (size < want && size < (1u << 26))
		size *= 2;
	d->slots = calloc(size, sizeof(*d->slots));
	d->mask = (uint32_t)size - 1;
	d->type = spec->type;
	memcpy(d->load, spec->load, sizeof(d->load));
	memcpy(d->save, spec->save, sizeof(d->save));
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

// A rule that only names a set means the one there is; one that says more must say the same.
static bool same_set(const struct dataset *d, const struct dataset_spec *spec, char *err, size_t cap)
{
	bool files = spec->load[0] || spec->save[0];
	if (spec->typed && d->type != spec->type)
		snprintf(err, cap, "expected the type that dataset %s was given before", spec->name);
	else if (files && (strcmp(d->load, spec->load) != 0 || strcmp(d->save, spec->save) != 0))
		snprintf(err, cap,
			"expected the files that dataset %s was given before (load \"%.80s\", save \"%.80s\")",
			spec->name, d->load, d->save);
	else
		return true;
	return false;
}

// Whether a file can be written, or made where there is none.
static bool may_write(const char *path)
{
	char dir[1024];
	const char *slash = strrchr(path, '/');
	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
	return !access(path, W_OK) || (errno == ENOENT && !access(dir, W_OK));
}

struct dataset *dataset_open(struct ruleset *rs, const struct dataset_spec *spec, char *err, size_t cap)
{
	struct rule_source src = {0};
	struct dataset *d = find(rs, spec->name);
	if (d)
		return same_set(d, spec, err, cap) ? d : NULL;
	if (!spec->typed) {
		snprintf(err, cap, "expected a type, %s has none so far", spec->name);
		return NULL;
	}
	if ((d = take_over(rs, spec)))
		return d;
	if (spec->save[0] && !may_write(spec->save)) {
		snprintf(err, cap, "expected a dataset file that can be written, found %s: %s", spec->save,
			strerror(errno));
		return NULL;
	}
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

// What traffic has changed goes into a file beside the old one, which it then replaces: a full disk costs what is new.
static void save(struct dataset *d)
{
	char path[sizeof(d->save) + 8];
	snprintf(path, sizeof(path), "%s.new", d->save);
	FILE *f = fopen(path, "we");
	for (uint32_t i = 0; f && i <= d->mask; i++) {
		uint32_t at = atomic_load(&d->slots[i].at);
		if (atomic_load(&d->slots[i].hash) > SLOT_GONE && at != UINT32_MAX)
			put_value(f, d->type, d->values + at, d->slots[i].len);
	}
	bool written = f && !ferror(f);
	written = f && !fclose(f) && written;
	if (written && !rename(path, d->save))
		return;
	fprintf(stderr, "tocsin: dataset %s: what was learned is lost, expected to write %s: %s\n", d->name, path,
		strerror(errno));
	unlink(path);
}

void datasets_close(struct ruleset *rs)
{
	for (struct dataset_user *u = rs->datasets; u; u = u->next) {
		if (--u->set->users)
			continue;
		if (u->set->save[0] && u->set->slots && u->set->changed)
			save(u->set);
		dataset_free(u->set);
	}
	rs->datasets = NULL;
}
