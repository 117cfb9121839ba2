// Files of transactions: what is known of them grows with their bytes. See api/app_file.h. Next: app_show.c.
#include "dataplane/api/app_file.h"

#include "dataplane/app_session.h"

#define NAME_LOGGED_MAX 1024u

static uint8_t wants(const struct app_run *run)
{
	return (uint8_t)(run->files | (run->rules_files ? *run->rules_files : 0));
}

bool app_file_wanted(const struct app_run *run)
{
	return wants(run) != 0;
}

// A digest there is no memory for is not said.
static void begin_digests(struct app_run *run, struct app_file *f)
{
	for (uint32_t h = 0; h < APP_HASHES; h++) {
		if (!(f->wants & APP_FILE_MD5 << h))
			continue;
		f->hashing[h] = app_alloc(run, sizeof(*f->hashing[h]));
		if (f->hashing[h])
			app_digest_begin(f->hashing[h], (enum app_hash)h);
	}
}

struct app_file *app_file_open(struct app_run *run, struct app_tx *tx, uint8_t dir, struct app_bytes name)
{
	struct app_file **at = &tx->files, *f = wants(run) ? app_alloc(run, sizeof(*f)) : NULL;

	if (!f)
		return NULL;
	f->dir = dir;
	f->wants = wants(run);
	if (name.len)
		app_text_add(run, &f->name, name.at, name.len, APP_FILE_NAME_MAX);
	begin_digests(run, f);
	while (*at)
		at = &(*at)->next;
	*at = f;
	return f;
}

void app_file_add(struct app_run *run, struct app_file *f, const uint8_t *bytes, uint32_t len)
{
	if (!f || f->state != APP_FILE_OPEN || !len)
		return;
	if (f->wants & APP_FILE_HEAD && f->size < APP_FILE_HEAD_MAX && f->size == f->head.len)
		app_text_add(run, &f->head, bytes, len, APP_FILE_HEAD_MAX);
	f->size += len;
	for (uint32_t h = 0; h < APP_HASHES; h++)
		if (f->hashing[h])
			app_digest_add(f->hashing[h], bytes, len);
}

void app_file_gap(struct app_file *f, uint64_t len)
{
	if (!f || f->state != APP_FILE_OPEN)
		return;
	f->gaps = true;
	f->size += len;
}

static void end_digests(struct app_run *run, struct app_file *f)
{
	for (uint32_t h = 0; h < APP_HASHES; h++) {
		if (!f->hashing[h])
			continue;
		app_digest_end(f->hashing[h], f->digest[h]);
		app_free(run, f->hashing[h]);
		f->hashing[h] = NULL;
		f->digests |= (uint8_t)(APP_FILE_MD5 << h);
	}
}

void app_file_close(struct app_run *run, struct app_file *f, bool whole)
{
	if (!f || f->state != APP_FILE_OPEN)
		return;
	f->state = whole && !f->gaps ? APP_FILE_CLOSED : APP_FILE_TRUNCATED;
	end_digests(run, f);
	if (f->state != APP_FILE_CLOSED)
		f->digests = 0;
}

struct app_file *app_file_at(const struct app_tx *tx, uint8_t dir, uint32_t nth)
{
	struct app_file *f = tx->files;

	while (f && (f->dir != dir || nth--))
		f = f->next;
	return f;
}

void app_files_stop(struct app_run *run, struct app_tx *tx)
{
	for (struct app_file *f = tx->files; f; f = f->next)
		app_file_close(run, f, f->ends_anyhow);
}

void app_files_free(struct app_run *run, struct app_tx *tx)
{
	while (tx->files) {
		struct app_file *f = tx->files;
		tx->files = f->next;
		for (uint32_t h = 0; h < APP_HASHES; h++)
			app_free(run, f->hashing[h]);
		app_text_free(run, &f->name);
		app_text_free(run, &f->head);
		app_text_free(run, &f->magic);
		app_free(run, f);
	}
}

static void log_digest(const struct app_file *f, enum app_hash hash, const char *name, struct app_log *l)
{
	uint8_t hex[2 * APP_DIGEST_MAX];
	uint32_t digits = 2 * app_digest_len(hash);

	if (!(f->digests & APP_FILE_MD5 << hash))
		return;
	for (uint32_t i = 0; i < digits; i++)
		hex[i] = (uint8_t) "0123456789abcdef"[f->digest[hash][i / 2] >> (i & 1 ? 0 : 4) & 15];
	log_text(l, name, (struct app_bytes){hex, digits});
}

void app_file_log(const struct app_file *f, const struct app_tx *tx, struct app_log *l)
{
	static const char *const states[] = {"UNKNOWN", "CLOSED", "TRUNCATED"};

	if (f->name.len) // cut before the rest would be
		log_text(l, "filename",
			(struct app_bytes){f->name.at, f->name.len < NAME_LOGGED_MAX ? f->name.len : NAME_LOGGED_MAX});
	if (f->magic.len)
		log_text(l, "magic", (struct app_bytes){f->magic.at, f->magic.len});
	log_bool(l, "gaps", f->gaps);
	log_string(l, "state", states[f->state]);
	log_digest(f, APP_MD5, "md5", l);
	log_digest(f, APP_SHA1, "sha1", l);
	log_digest(f, APP_SHA256, "sha256", l);
	log_bool(l, "stored", false);
	log_uint(l, "size", f->size);
	if (f->has_range) {
		log_uint(l, "start", f->range[0]);
		log_uint(l, "end", f->range[1]);
	}
	log_uint(l, "tx_id", tx->id);
}
