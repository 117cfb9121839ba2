// Digests. OpenSSL's interface of old is the one whose state is a struct of the caller's: no memory is asked for and
// nothing is shared.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/md5.h>
#include <openssl/sha.h>

#include "dataplane/api/parser.h"

uint32_t app_digest(enum app_hash hash, const uint8_t *bytes, size_t len, uint8_t *out)
{
	union {
		MD5_CTX md5;
		SHA_CTX sha1;
		SHA256_CTX sha256;
	} c;

	switch (hash) {
	case APP_MD5:
		MD5_Init(&c.md5);
		MD5_Update(&c.md5, bytes, len);
		MD5_Final(out, &c.md5);
		return MD5_DIGEST_LENGTH;
	case APP_SHA1:
		SHA1_Init(&c.sha1);
		SHA1_Update(&c.sha1, bytes, len);
		SHA1_Final(out, &c.sha1);
		return SHA_DIGEST_LENGTH;
	default:
		SHA256_Init(&c.sha256);
		SHA256_Update(&c.sha256, bytes, len);
		SHA256_Final(out, &c.sha256);
		return SHA256_DIGEST_LENGTH;
	}
}
