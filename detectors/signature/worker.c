// A worker's memory: sized from the rule set, laid out in one block, given to the libraries' set-up.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "detectors/signature/worker_internal.h"

#define JIT_STACK_START 32768
#define JIT_STACK_MAX (512 * 1024)
#define MATCH_PAIRS 64

static size_t words_of(const struct ruleset *rs)
{
	return (rs->n_rules + 63) / 64 + 1;
}

static size_t tops_of(const struct ruleset *rs)
{
	return (words_of(rs) + 63) / 64;
}

size_t signature_worker_size(const struct ruleset *rs)
{
	size_t bits = (words_of(rs) + tops_of(rs)) * sizeof(uint64_t);
	size_t n = (sizeof(struct signature_worker) + 63) & ~(size_t)63;
	return n + 3 * bits + (rs->n_rules + 1) * sizeof(struct rule_counters) + state_size(rs) +
	       ADDR_CACHE * sizeof(struct addr_answer) + 2 * SCRATCH_BYTES + BASE64_MAX + 64;
}

static void bits_init(struct rule_bits *b, const struct ruleset *rs, uint8_t **mem)
{
	b->words = (uint64_t *)*mem;
	*mem += words_of(rs) * sizeof(uint64_t);
	b->top = (uint64_t *)*mem;
	*mem += tops_of(rs) * sizeof(uint64_t);
	b->n_top = (uint32_t)tops_of(rs);
}

static int pcre_init(struct signature_worker *w)
{
	w->md = pcre2_match_data_create(MATCH_PAIRS, NULL);
	w->mctx = pcre2_match_context_create(NULL);
	w->jit = pcre2_jit_stack_create(JIT_STACK_START, JIT_STACK_MAX, NULL);
	if (!w->md || !w->mctx || !w->jit)
		return -ENOMEM;
	pcre2_set_match_limit(w->mctx, w->rs->match_limit);
	pcre2_set_depth_limit(w->mctx, w->rs->depth_limit);
	pcre2_jit_stack_assign(w->mctx, NULL, w->jit);
	return 0;
}

static int digests_init(struct signature_worker *w)
{
	const EVP_MD *kinds[DIGEST_KINDS] = {
		[DIGEST_MD5] = EVP_md5(), [DIGEST_SHA1] = EVP_sha1(), [DIGEST_SHA256] = EVP_sha256()};
	for (int i = 0; i < DIGEST_KINDS; i++) {
		w->digests[i] = EVP_MD_CTX_new();
		if (!w->digests[i] || !EVP_DigestInit_ex(w->digests[i], kinds[i], NULL))
			return -ENOMEM;
	}
	return 0;
}

int signature_worker_init(void *mem, const struct ruleset *rs, struct flow_table *flows, uint16_t worker)
{
	struct signature_worker *w = mem;
	uint8_t *at = (uint8_t *)mem + ((sizeof(*w) + 63) & ~(size_t)63);
	memset(mem, 0, signature_worker_size(rs));
	w->rs = rs;
	w->flows = flows;
	w->worker = worker;
	bits_init(&w->candidates, rs, &at);
	bits_init(&w->stream_hits, rs, &at);
	bits_init(&w->stream_found, rs, &at);
	w->counters = (struct rule_counters *)at;
	at += (rs->n_rules + 1) * sizeof(struct rule_counters);
	state_init(w, &at);
	w->addr_cache = (struct addr_answer *)at;
	at += ADDR_CACHE * sizeof(struct addr_answer);
	w->scratch_bytes[0] = at;
	w->scratch_bytes[1] = at + SCRATCH_BYTES;
	w->base64_bytes = at + 2 * SCRATCH_BYTES;
	int rc = pcre_init(w);
	if (!rc)
		rc = digests_init(w);
	if (!rc)
		rc = mpm_scratch(rs->groups->mpm, &w->scratch);
	if (rc)
		signature_worker_fini(w);
	return rc;
}

void signature_worker_fini(struct signature_worker *w)
{
	if (!w)
		return;
	if (w->scratch)
		hs_free_scratch(w->scratch);
	for (int i = 0; i < DIGEST_KINDS; i++) {
		EVP_MD_CTX_free(w->digests[i]);
		w->digests[i] = NULL;
	}
	pcre2_jit_stack_free(w->jit);
	pcre2_match_context_free(w->mctx);
	pcre2_match_data_free(w->md);
	w->scratch = NULL;
	w->jit = NULL;
	w->mctx = NULL;
	w->md = NULL;
}

bool signature_rule_stats(const struct signature_worker *w, uint32_t i, struct signature_rule_stats *out)
{
	if (i >= w->rs->n_rules)
		return false;
	const struct rule_counters *c = &w->counters[i];
	*out = (struct signature_rule_stats){&w->rs->rules[i]->info, c->checks, c->matches, c->alerts, c->cycles};
	return true;
}

void signature_stats(const struct signature_worker *w, struct signature_stats *out)
{
	*out = w->stats;
}
