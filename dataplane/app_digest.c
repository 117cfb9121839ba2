// Digests. OpenSSL's interface of old is the one whose state is a struct of the caller's: no memory is asked for and
// nothing is shared.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/md5.h>
#include <openssl/sha.h>

#include "dataplane/api/parser.h"

union context {
	MD5_CTX md5;
	SHA_CTX sha1;
	SHA256_CTX sha256;
};
_Static_assert(sizeof(union context) <= sizeof(((struct app_digest_state *)0)->state), "a state holds any of them");

static union context *context(struct app_digest_state *d)
{
	return (union context *)(void *)d->state;
}

void app_digest_begin(struct app_digest_state *d, enum app_hash hash)
{
	d->hash = hash;
	if (hash == APP_MD5)
		MD5_Init(&context(d)->md5);
	else if (hash == APP_SHA1)
		SHA1_Init(&context(d)->sha1);
	else
		SHA256_Init(&context(d)->sha256);
}

void app_digest_add(struct app_digest_state *d, const uint8_t *bytes, size_t len)
{
	if (d->hash == APP_MD5)
		MD5_Update(&context(d)->md5, bytes, len);
	else if (d->hash == APP_SHA1)
		SHA1_Update(&context(d)->sha1, bytes, len);
	else
		SHA256_Update(&context(d)->sha256, bytes, len);
}

uint32_t app_digest_len(enum app_hash hash)
{
	return hash == APP_MD5 ? MD5_DIGEST_LENGTH : hash == APP_SHA1 ? SHA_DIGEST_LENGTH : SHA256_DIGEST_LENGTH;
}

uint32_t app_digest_end(struct app_digest_state *d, uint8_t *out)
{
	if (d->hash == APP_MD5)
		MD5_Final(out, &context(d)->md5);
	else if (d->hash == APP_SHA1)
		SHA1_Final(out, &context(d)->sha1);
	else
		SHA256_Final(out, &context(d)->sha256);
	return app_digest_len(d->hash);
}

uint32_t app_digest(enum app_hash hash, const uint8_t *bytes, size_t len, uint8_t *out)
{
	struct app_digest_state d;

	app_digest_begin(&d, hash);
	app_digest_add(&d, bytes, len);
	return app_digest_end(&d, out);
}
