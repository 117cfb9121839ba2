// The file of baselines: a header, records as they lie in memory, a digest over both. See baselines.h.
#include "ctl/sensor/baselines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "detectors/sketch/hash.h"

#define FILE_MAGIC 0x31304c4253434f54ull // "TOCSBL01" on a little-endian machine; the last two are the version

struct file_head {
	uint64_t magic;
	uint32_t record_size, records;
};

// Finds damage, not forgery: who can write the file can write any.
static uint64_t digest_of(uint64_t digest, const void *bytes, size_t n)
{
	const uint8_t *at = bytes;
	uint64_t word;
	for (; n >= sizeof(word); n -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		digest = sketch_mix(digest ^ word);
	}
	return digest;
}
_Static_assert(sizeof(struct file_head) % 8 == 0 && sizeof(struct baseline) % 8 == 0, "digested by words");

static int write_all(FILE *f, const struct baselines *b)
{
	struct file_head head = {FILE_MAGIC, sizeof(struct baseline), b->table.used};
	uint64_t digest = digest_of(0, &head, sizeof(head));
	fwrite(&head, sizeof(head), 1, f);
	for (uint32_t i = 0; i < head.records; i++) {
		const struct baseline *r = baselines_record(b, i);
		digest = digest_of(digest, r, sizeof(*r));
		fwrite(r, sizeof(*r), 1, f);
	}
	fwrite(&digest, sizeof(digest), 1, f);
	errno = 0;
	if (fflush(f) != 0 || ferror(f) || fsync(fileno(f)) != 0)
		return errno ? -errno : -EIO;
	return 0;
}

int baselines_save(const struct baselines *b, const char *path)
{
	char fresh[4096];
	if ((size_t)snprintf(fresh, sizeof(fresh), "%s.new", path) >= sizeof(fresh))
		return -ENAMETOOLONG;
	FILE *f = fopen(fresh, "wb");
	if (!f)
		return -errno;
	int rc = write_all(f, b);
	if (fclose(f) != 0 && rc == 0)
		rc = -errno;
	if (rc == 0 && rename(fresh, path) != 0)
		rc = -errno;
	if (rc != 0)
		unlink(fresh);
	return rc;
}

static int read_records(FILE *f, struct baseline *r, uint32_t n, const struct file_head *head)
{
	uint64_t digest = digest_of(0, head, sizeof(*head)), said;
	if (fread(r, sizeof(*r), n, f) != n || fread(&said, sizeof(said), 1, f) != 1 || fgetc(f) != EOF)
		return -EBADMSG;
	return digest_of(digest, r, n * sizeof(*r)) == said ? 0 : -EBADMSG;
}

int baselines_load(struct baselines *b, const char *path)
{
	struct file_head head;
	FILE *f = fopen(path, "rb");
	int rc = 0;
	if (!f)
		return -errno;
	if (fread(&head, sizeof(head), 1, f) != 1)
		rc = -EBADMSG;
	else if (head.magic != FILE_MAGIC || head.record_size != sizeof(struct baseline))
		rc = -EPROTO;
	else if (head.records > BASELINE_RECORDS)
		rc = -EBADMSG;
	struct baseline *r = rc == 0 ? calloc(head.records + 1u, sizeof(*r)) : NULL;
	if (rc == 0)
		rc = r ? read_records(f, r, head.records, &head) : -ENOMEM;
	for (uint32_t i = 0; rc == 0 && i < head.records; i++)
		baselines_take(b, &r[i]);
	free(r);
	fclose(f);
	return rc;
}
