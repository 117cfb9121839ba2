// Digests for parsers. OpenSSL's interface of old is the one whose state is a struct of the caller's: no memory is
// asked for and nothing is shared.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/md5.h>
#include <openssl/sha.h>

#include "dataplane/api/parser.h"

static void md5(const struct app_bytes *pieces, uint32_t count, uint8_t *out)
{
	MD5_CTX c;

	MD5_Init(&c);
	for (uint32_t i = 0; i < count; i++)
		MD5_Update(&c, pieces[i].at, pieces[i].len);
	MD5_Final(out, &c);
}

static void sha1(const struct app_bytes *pieces, uint32_t count, uint8_t *out)
{
	SHA_CTX c;

	SHA1_Init(&c);
	for (uint32_t i = 0; i < count; i++)
		SHA1_Update(&c, pieces[i].at, pieces[i].len);
	SHA1_Final(out, &c);
}

static void sha256(const struct app_bytes *pieces, uint32_t count, uint8_t *out)
{
	SHA256_CTX c;

	SHA256_Init(&c);
	for (uint32_t i = 0; i < count; i++)
		SHA256_Update(&c, pieces[i].at, pieces[i].len);
	SHA256_Final(out, &c);
}

void app_digest(enum app_hash hash, const struct app_bytes *pieces, uint32_t count, uint8_t *out)
{
	switch (hash) {
	case APP_MD5:
		md5(pieces, count, out);
		break;
	case APP_SHA1:
		sha1(pieces, count, out);
		break;
	case APP_SHA256:
		sha256(pieces, count, out);
		break;
	}
}
