// Compiled databases on disk: one file a rule set, named by the content of all its literal sets and
// by what Hyperscan made it (version, CPU). A SHA-256 over the whole file guards it: a damaged,
// foreign or unsafe file is not used, and is written anew.
//
//   magic[8] count[8] { hash[32] size[8] bytes[size] }* sha256[32]     (little endian)
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "dataplane/api/cursor.h"
#include "detectors/signature/mpm_internal.h"

static const char magic[8] = "TOCSHS1";

static int by_hash(const void *a, const void *b)
{
	return memcmp((*(struct mpm_set *const *)a)->hash, (*(struct mpm_set *const *)b)->hash, MPM_HASH);
}

static struct mpm_set **sorted_sets(const struct mpm *m)
{
	struct mpm_set **sets = calloc(m->n_sets + 1, sizeof(*sets));
	uint32_t n = 0;
	for (struct mpm_set *s = m->sets; sets && s; s = s->all)
		sets[n++] = s;
	if (sets)
		qsort(sets, n, sizeof(*sets), by_hash);
	return sets;
}

static bool file_name(const struct mpm *m, struct mpm_set *const *sets, const char *dir, char *out, size_t cap)
{
	uint8_t digest[32];
	char hex[65];
	hs_platform_info_t cpu;
	memset(&cpu, 0, sizeof(cpu));
	hs_populate_platform(&cpu);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool ok = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) &&
		  EVP_DigestUpdate(md, hs_version(), strlen(hs_version())) && EVP_DigestUpdate(md, &cpu, sizeof(cpu));
	for (uint32_t i = 0; ok && i < m->n_sets; i++)
		ok = EVP_DigestUpdate(md, sets[i]->hash, MPM_HASH);
	ok = ok && EVP_DigestFinal_ex(md, digest, NULL);
	EVP_MD_CTX_free(md);
	for (int i = 0; ok && i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return ok && (size_t)snprintf(out, cap, "%s/rules-%.32s.hs", dir, hex) < cap;
}

static bool digest_holds(const uint8_t *bytes, size_t n)
{
	uint8_t have[32];
	return n > 32 && EVP_Digest(bytes, n - 32, have, NULL, EVP_sha256(), NULL) && !memcmp(have, bytes + n - 32, 32);
}

static bool take_u64(struct cursor *c, uint64_t *v)
{
	const uint8_t *b = cursor_take(c, 8);
	if (b)
		memcpy(v, b, 8);
	return b != NULL;
}

// A database as it stands in the file.
struct entry {
	const char *bytes;
	size_t size;
	size_t at; // of the database in mpm->held
};

static int read_entries(
	struct mpm *m, struct mpm_set *const *sets, const uint8_t *bytes, size_t n, struct entry *entries)
{
	struct cursor c = cursor_of(bytes, n - 32);
	const uint8_t *head = cursor_take(&c, 8);
	uint64_t count, size;
	if (!head || memcmp(head, magic, 8) || !take_u64(&c, &count) || count != m->n_sets)
		return -EBADMSG;
	for (uint32_t i = 0; i < m->n_sets; i++) {
		const uint8_t *hash = cursor_take(&c, MPM_HASH);
		if (!hash || memcmp(hash, sets[i]->hash, MPM_HASH) || !take_u64(&c, &size))
			return -EBADMSG;
		size_t room;
		const char *db = (const char *)cursor_take(&c, size);
		if (!db || hs_serialized_database_size(db, size, &room) != HS_SUCCESS)
			return -EBADMSG;
		entries[i] = (struct entry){db, size, m->held_bytes};
		m->held_bytes += (room + 63) & ~(size_t)63;
	}
	return 0;
}

static int read_sets(struct mpm *m, struct mpm_set *const *sets, const uint8_t *bytes, size_t n)
{
	struct entry *entries = calloc(m->n_sets, sizeof(*entries));
	int rc = entries ? read_entries(m, sets, bytes, n, entries) : -ENOMEM;
	m->held = rc ? NULL : huge_alloc(m->held_bytes);
	if (!rc && !m->held)
		rc = -ENOMEM;
	for (uint32_t i = 0; !rc && i < m->n_sets; i++) {
		sets[i]->db = (hs_database_t *)((char *)m->held + entries[i].at);
		if (hs_deserialize_database_at(entries[i].bytes, entries[i].size, sets[i]->db) != HS_SUCCESS)
			rc = -EBADMSG;
	}
	free(entries);
	return rc;
}

bool mpm_cache_usable(const char *dir, const char **problem)
{
	struct stat st;
	bool made = mkdir(dir, 0700) == 0;
	if (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode))
		*problem = "expected a directory that can be made: compiled rules are not kept";
	else if (!made && st.st_uid != geteuid())
		*problem = "expected a directory of the user who runs the sensor: compiled rules are neither read nor "
			   "kept";
	else if (st.st_mode & (S_IWGRP | S_IWOTH))
		*problem = "expected a directory that nobody else may write (chmod go-w): compiled rules are neither "
			   "read nor "
			   "kept";
	else
		return true;
	return false;
}

int mpm_cache_read(struct mpm *m, const char *dir, const char **problem)
{
	char path[4096];
	struct stat st;
	void *map = MAP_FAILED;
	struct mpm_set **sets = sorted_sets(m);
	int rc = -ENOENT,
	    fd = sets && file_name(m, sets, dir, path, sizeof(path)) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd >= 0 && !fstat(fd, &st) && st.st_size > 48) {
		rc = -EBADMSG;
		// Somebody else's file, or one that others may write, is not ours to run.
		if (st.st_uid == geteuid() && !(st.st_mode & (S_IWGRP | S_IWOTH)))
			map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
		if (map != MAP_FAILED && digest_holds(map, (size_t)st.st_size))
			rc = read_sets(m, sets, map, (size_t)st.st_size);
		if (rc)
			*problem = "the cached databases are damaged or not ours: compiled anew";
	} else if (fd >= 0) {
		*problem = "the cached databases are cut short: compiled anew";
	}
	if (rc && sets) {
		for (uint32_t i = 0; i < m->n_sets; i++)
			sets[i]->db = NULL;
		huge_free(m->held, m->held_bytes);
		m->held = NULL;
		m->held_bytes = 0;
	}
	if (map != MAP_FAILED)
		munmap(map, (size_t)st.st_size);
	if (fd >= 0)
		close(fd);
	free(sets);
	return rc;
}

static bool put(FILE *f, EVP_MD_CTX *md, const void *bytes, size_t n)
{
	return fwrite(bytes, 1, n, f) == n && EVP_DigestUpdate(md, bytes, n);
}

static bool write_sets(const struct mpm *m, struct mpm_set *const *sets, FILE *f, EVP_MD_CTX *md)
{
	uint64_t count = m->n_sets;
	bool ok = EVP_DigestInit_ex(md, EVP_sha256(), NULL) && put(f, md, magic, 8) && put(f, md, &count, 8);
	for (uint32_t i = 0; ok && i < m->n_sets; i++) {
		char *bytes = NULL;
		size_t n = 0;
		ok = hs_serialize_database(sets[i]->db, &bytes, &n) == HS_SUCCESS;
		uint64_t size = n;
		ok = ok && put(f, md, sets[i]->hash, MPM_HASH) && put(f, md, &size, 8) && put(f, md, bytes, n);
		free(bytes);
	}
	uint8_t digest[32];
	return ok && EVP_DigestFinal_ex(md, digest, NULL) && fwrite(digest, 1, 32, f) == 32;
}

void mpm_cache_write(const struct mpm *m, const char *dir, const char **problem)
{
	char path[4096], temp[4096 + 16];
	struct mpm_set **sets = sorted_sets(m);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool ok = sets && md && file_name(m, sets, dir, path, sizeof(path));
	snprintf(temp, sizeof(temp), "%s.%d", ok ? path : "", (int)getpid());
	int fd = ok ? open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
	FILE *f = fd >= 0 ? fdopen(fd, "wb") : NULL;
	if (f) {
		ok = write_sets(m, sets, f, md);
		ok = fclose(f) == 0 && ok && rename(temp, path) == 0; // whole or not at all
		if (!ok)
			unlink(temp);
	} else if (fd >= 0) {
		close(fd);
	}
	if (!f || !ok)
		*problem = "the compiled databases could not be written to the cache directory";
	EVP_MD_CTX_free(md);
	free(sets);
}
