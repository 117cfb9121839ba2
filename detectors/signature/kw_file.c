// Keywords on files: sizes, lists of digests, storing. All of a rule are asked of one file after the other, and have to
// hold of the same. Names, contents and what libmagic says are buffers (kw_app.c). Next: file_runtime.c.
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/api/app_file.h"
#include "detectors/signature/match_runtime.h"
#include "detectors/signature/rule_parse.h"

// Adds a test of files. wants: what has to be known of them for it.
static int add_test(
	struct rule_parser *ps, bool (*holds)(const struct match_ctx *, const void *), const void *args, uint8_t wants)
{
	struct step *s = args ? step_add_to(ps, buffer_app(ps, TX_FILE_TESTS), STEP_CHECK) : NULL;
	if (!s)
		return -ENOMEM;
	s->check = (struct check_args){holds, args};
	ps->rule->flags |= RULE_F_TX;
	ps->rs->files |= wants | APP_FILE_TRACKED;
	return 0;
}

// Of a file cut short it is only known that it is larger than what was seen.
static bool size_holds(const struct match_ctx *m, const void *args)
{
	const struct range *r = args;
	bool above = r->op == RANGE_GT || r->op == RANGE_GE;
	if (m->file->state == APP_FILE_OPEN || (m->file->state == APP_FILE_TRUNCATED && !above))
		return false;
	return range_has(r, m->file->size);
}

static int parse_size(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct range *r = rule_alloc(ps, sizeof(*r));
	if (!r)
		return -ENOMEM;
	if (!lex_range(arg, UINT64_MAX, r))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	return add_test(ps, size_holds, r, 0);
}

struct hash_list {
	uint32_t n, len; // digests, and bytes of one
	uint8_t hash;    // enum app_hash
	bool negated;
	uint8_t *digests; // sorted
};

static int compare(const void *a, const void *b, void *len)
{
	return memcmp(a, b, *(const uint32_t *)len);
}

static bool hash_holds(const struct match_ctx *m, const void *args)
{
	const struct hash_list *l = args;
	uint32_t from = 0, to = l->n;
	if (!(m->file->digests & APP_FILE_MD5 << l->hash))
		return false;
	while (from < to) {
		uint32_t middle = (from + to) / 2;
		int c = memcmp(m->file->digest[l->hash], l->digests + (size_t)middle * l->len, l->len);
		if (!c)
			return !l->negated;
		if (c < 0)
			to = middle;
		else
			from = middle + 1;
	}
	return l->negated;
}

// A line: a digest, perhaps a blank and a name as md5sum writes them. Lines that are empty or begin with a blank or #
// say nothing. Returns 1, 0 for such a line, -1: malformed.
static int read_line(const char *line, uint32_t len, uint8_t *out)
{
	if (isspace((unsigned char)*line) || *line == '#' || !*line)
		return 0;
	for (uint32_t i = 0; i < len; i++) {
		int high = lex_hex(line[2 * i]), low = high < 0 ? -1 : lex_hex(line[2 * i + 1]);
		if (low < 0)
			return -1;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return isspace((unsigned char)line[2 * len]) || !line[2 * len] ? 1 : -1;
}

// Counts the digests of a list, or with l->digests reads them. Returns 0, or -EINVAL after parse_fail().
static int read_list(struct rule_parser *ps, FILE *f, const char *path, struct hash_list *l)
{
	uint8_t digest[APP_DIGEST_MAX];
	char line[1024];
	uint32_t n = 0;
	rewind(f);
	for (uint32_t number = 1; fgets(line, sizeof(line), f); number++) {
		int is = read_line(line, l->len, digest);
		if (is < 0)
			return parse_fail(ps,
				"expected a digest of %u hexadecimal digits in %s line %u, found \"%.40s\"", 2 * l->len,
				path, number, line);
		if (is && l->digests && n < l->n)
			memcpy(l->digests + (size_t)n * l->len, digest, l->len);
		n += is == 1;
	}
	if (!n)
		return parse_fail(ps, "expected a digest in %s, found none", path);
	l->n = n;
	return 0;
}

static int parse_hashes(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	struct hash_list *l = rule_alloc(ps, sizeof(*l));
	char path[4096];
	if (!l)
		return -ENOMEM;
	enum app_hash hash = (enum app_hash)kw->data;
	*l = (struct hash_list){.hash = (uint8_t)hash, .len = app_digest_len(hash), .negated = *arg == '!'};
	rule_locate(ps, lex_trim(arg + l->negated), path, sizeof(path));
	FILE *f = fopen(path, "r");
	if (!f)
		return parse_fail(ps, "expected %s, found no file %s: %s", kw->syntax, path, strerror(errno));
	int rc = read_list(ps, f, path, l);
	if (!rc)
		l->digests = rule_alloc(ps, (size_t)l->n * l->len);
	if (!rc)
		rc = l->digests ? read_list(ps, f, path, l) : -ENOMEM;
	fclose(f);
	if (rc)
		return rc;
	qsort_r(l->digests, l->n, l->len, compare, &l->len);
	return add_test(ps, hash_holds, l, (uint8_t)(APP_FILE_MD5 << l->hash));
}

static bool is_there(const struct match_ctx *m, const void *args)
{
	return true;
}

// Up to three words, whatever they are; Suricata knows request, response, both and file, tx, ssn.
static bool are_words(const char *at)
{
	for (int word = 0; word < 3; word++) {
		const char *from = at += strspn(at, " ");
		while (isalpha((unsigned char)*at) || (*at && strchr("[\\]^_`", *at)))
			at++;
		if (at == from)
			return false;
		at += strspn(at, " ");
		if (!*at)
			return true;
		if (*at++ != ',')
			return false;
	}
	return false;
}

static int parse_store(struct rule_parser *ps, const struct keyword *kw, char *arg)
{
	if (arg && *arg && !are_words(arg))
		return parse_fail(ps, "expected %s, found \"%.40s\"", kw->syntax, arg);
	return add_test(ps, is_there, kw, 0);
}

const struct keyword kw_file_table[] = {
	{"filesize", NULL, ARG_REQUIRED, parse_size, 0, "[!]n | <n | >n | a-b", "filesize:>10kb;",
		"The size of a file that is over; of one cut short only > holds.",
		"same; units stand with any form (in Suricata with n alone)"},
	{"filemd5", NULL, ARG_REQUIRED, parse_hashes, APP_MD5, "[!]file of digests", "filemd5:bad.list;",
		"The MD5 digest of a whole file is in a list, one a line.", "same"},
	{"filesha1", NULL, ARG_REQUIRED, parse_hashes, APP_SHA1, "[!]file of digests", "filesha1:bad.list;",
		"The SHA-1 digest of a whole file is in a list, one a line.", "same"},
	{"filesha256", NULL, ARG_REQUIRED, parse_hashes, APP_SHA256, "[!]file of digests", "filesha256:bad.list;",
		"The SHA-256 digest of a whole file is in a list, one a line.", "same"},
	{"filestore", NULL, ARG_OPTIONAL, parse_store, 0, "request|response|both[, file|tx|ssn]", "filestore;",
		"There is a file.", "alerts are the same; no file is stored"},
	{0},
};
