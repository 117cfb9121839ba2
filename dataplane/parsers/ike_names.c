// The names that Suricata's records have for IKE's numbers, see ike.h: RFC 7296 3.2, 3.3.2, 3.10.1, RFC 2408 3.1, RFC
// 2409 appendix A, and IANA's additions.
#include "dataplane/parsers/ike.h"

#define COUNT(names) (sizeof(names) / sizeof(*(names)))

static const char *const encryption[] = {[1] = "ENCR_DES_IV64",
	[2] = "ENCR_DES",
	[3] = "ENCR_3DES",
	[4] = "ENCR_RC5",
	[5] = "ENCR_IDEA",
	[6] = "ENCR_CAST",
	[7] = "ENCR_BLOWFISH",
	[8] = "ENCR_3IDEA",
	[9] = "ENCR_DES_IV32",
	[11] = "ENCR_NULL",
	[12] = "ENCR_AES_CBC",
	[13] = "ENCR_AES_CTR",
	[14] = "ENCR_AES_CCM_8",
	[15] = "ENCR_AES_CCM_12",
	[16] = "ENCR_AES_CCM_16",
	[18] = "ENCR_AES_GCM_8",
	[19] = "ENCR_AES_GCM_12",
	[20] = "ENCR_AES_GCM_16",
	[21] = "ENCR_NULL_AUTH_AES_GMAC",
	[23] = "ENCR_CAMELLIA_CBC",
	[24] = "ENCR_CAMELLIA_CTR",
	[25] = "ENCR_CAMELLIA_CCM_8",
	[26] = "ENCR_CAMELLIA_CCM_12",
	[27] = "ENCR_CAMELLIA_CCM_16",
	[28] = "ENCR_CHACHA20_POLY1305"};
static const char *const prf[] = {[0] = "PRF_NULL",
	[1] = "PRF_HMAC_MD5",
	[2] = "PRF_HMAC_SHA1",
	[3] = "PRF_HMAC_TIGER",
	[4] = "PRF_AES128_XCBC",
	[5] = "PRF_HMAC_SHA2_256",
	[6] = "PRF_HMAC_SHA2_384",
	[7] = "PRF_HMAC_SHA2_512",
	[8] = "PRF_AES128_CMAC"};
static const char *const integrity[] = {[0] = "NONE",
	[1] = "AUTH_HMAC_MD5_96",
	[2] = "AUTH_HMAC_SHA1_96",
	[3] = "AUTH_DES_MAC",
	[4] = "AUTH_KPDK_MD5",
	[5] = "AUTH_AES_XCBC_96",
	[6] = "AUTH_HMAC_MD5_128",
	[7] = "AUTH_HMAC_SHA1_160",
	[8] = "AUTH_AES_CMAC_96",
	[9] = "AUTH_AES_128_GMAC",
	[10] = "AUTH_AES_192_GMAC",
	[11] = "AUTH_AES_256_GMAC",
	[12] = "AUTH_HMAC_SHA2_256_128",
	[13] = "AUTH_HMAC_SHA2_384_192",
	[14] = "AUTH_HMAC_SHA2_512_256"};
static const char *const groups[] = {[0] = "None",
	[1] = "Modp768",
	[2] = "Modp1024",
	[5] = "Modp1536",
	[14] = "Modp2048",
	[15] = "Modp3072",
	[16] = "Modp4096",
	[17] = "Modp6144",
	[18] = "Modp8192",
	[19] = "Ecp256",
	[20] = "Ecp384",
	[21] = "Ecp521",
	[22] = "Modp1024s160",
	[23] = "Modp2048s224",
	[24] = "Modp2048s256",
	[25] = "Ecp192",
	[26] = "Ecp224",
	[27] = "BrainpoolP224r1",
	[28] = "BrainpoolP256r1",
	[29] = "BrainpoolP384r1",
	[30] = "BrainpoolP512r1",
	[31] = "Curve25519",
	[32] = "Curve448"};
static const char *const esn[] = {"NoESN", "ESN"};
static const char *const errors[] = {[1] = "UNSUPPORTED_CRITICAL_PAYLOAD",
	[4] = "INVALID_IKE_SPI",
	[5] = "INVALID_MAJOR_VERSION",
	[7] = "INVALID_SYNTAX",
	[9] = "INVALID_MESSAGE_ID",
	[11] = "INVALID_SPI",
	[14] = "NO_PROPOSAL_CHOSEN",
	[17] = "INVALID_KE_PAYLOAD",
	[24] = "AUTHENTICATION_FAILED",
	[34] = "SINGLE_PAIR_REQUIRED",
	[35] = "NO_ADDITIONAL_SAS",
	[36] = "INTERNAL_ADDRESS_FAILURE",
	[37] = "FAILED_CP_REQUIRED",
	[38] = "TS_UNACCEPTABLE",
	[39] = "INVALID_SELECTORS",
	[43] = "TEMPORARY_FAILURE",
	[44] = "CHILD_SA_NOT_FOUND"};
static const char *const statuses[] = {[0] = "INITIAL_CONTACT",
	[1] = "SET_WINDOW_SIZE",
	[2] = "ADDITIONAL_TS_POSSIBLE",
	[3] = "IPCOMP_SUPPORTED",
	[4] = "NAT_DETECTION_SOURCE_IP",
	[5] = "NAT_DETECTION_DESTINATION_IP",
	[6] = "COOKIE",
	[7] = "USE_TRANSPORT_MODE",
	[8] = "HTTP_CERT_LOOKUP_SUPPORTED",
	[9] = "REKEY_SA",
	[10] = "ESP_TFC_PADDING_NOT_SUPPORTED",
	[11] = "NON_FIRST_FRAGMENTS_ALSO",
	[20] = "MULTIPLE_AUTH_SUPPORTED",
	[21] = "ANOTHER_AUTH_FOLLOWS",
	[22] = "REDIRECT_SUPPORTED",
	[23] = "REDIRECT",
	[24] = "REDIRECTED_FROM"}; // from 16384 on
static const char *const v1_payloads[] = {[0] = "NoNextPayload",
	[1] = "SecurityAssociation",
	[2] = "Proposal",
	[3] = "Transform",
	[4] = "KeyExchange",
	[5] = "Identification",
	[6] = "Certificate",
	[7] = "CertificateRequest",
	[8] = "Hash",
	[9] = "Signature",
	[10] = "Nonce",
	[11] = "Notification",
	[12] = "Delete",
	[13] = "VendorID",
	[15] = "SaKekPayload",
	[16] = "SaTekPayload",
	[17] = "KeyDownload",
	[18] = "SequenceNumber",
	[19] = "ProofOfPossession",
	[20] = "NatDiscovery",
	[21] = "NatOriginalAddress",
	[22] = "GroupAssociatedPolicy"};
static const char *const v2_payloads[] = {[0] = "NoNextPayload",
	[33] = "SecurityAssociation",
	[34] = "KeyExchange",
	[35] = "IdentInitiator",
	[36] = "IdentResponder",
	[37] = "Certificate",
	[38] = "CertificateRequest",
	[39] = "Authentication",
	[40] = "Nonce",
	[41] = "Notify",
	[42] = "Delete",
	[43] = "VendorID",
	[44] = "TrafficSelectorInitiator",
	[45] = "TrafficSelectorResponder",
	[46] = "EncryptedAndAuthenticated",
	[47] = "Configuration",
	[48] = "ExtensibleAuthentication"};

static const char *const v1_encryption[] = {[1] = "EncDesCbc",
	[2] = "EncIdeaCbc",
	[3] = "EncBlowfishCbc",
	[4] = "EncRc5R16B64Cbc",
	[5] = "EncTripleDesCbc",
	[6] = "EncCastCbc",
	[7] = "EncAesCbc",
	[8] = "EncCamelliaCbc"};
static const char *const v1_hash[] = {[1] = "HashMd5",
	[2] = "HashSha",
	[3] = "HashTiger",
	[4] = "HashSha2_256",
	[5] = "HashSha2_384",
	[6] = "HashSha2_512"};
static const char *const v1_auth[] = {[1] = "AuthPreSharedKey",
	[2] = "AuthDssSignatures",
	[3] = "AuthRsaSignatures",
	[4] = "AuthEncryptionWithRsa",
	[5] = "AuthRevisedEncryptionWithRsa",
	[6] = "AuthReserved",
	[7] = "AuthReserved",
	[8] = "AuthReserved",
	[9] = "AuthEcdsaSha256"};
static const char *const v1_groups[] = {[1] = "GroupDefault768BitModp",
	[2] = "GroupAlternate1024BitModpGroup",
	[3] = "GroupEc2nOnGp2p155",
	[4] = "GroupEc2nOnGp2p185",
	[5] = "GroupModp1536Bit",
	[6] = "GroupEc2nOverGf2p163",
	[7] = "GroupEc2nOverGf2p163",
	[8] = "GroupEc2nOverGf2p283",
	[9] = "GroupEc2nOverGf2p283",
	[10] = "GroupEc2nOverGf2p409",
	[11] = "GroupEc2nOverGf2p409",
	[12] = "GroupEc2nOverGf2p571",
	[13] = "GroupEc2nOverGf2p571",
	[14] = "GroupModp2048Bit",
	[15] = "GroupModp3072Bit",
	[16] = "GroupModp4096Bit",
	[17] = "GroupModp6144Bit",
	[18] = "GroupModp8192Bit",
	[19] = "GroupRandomEcp256",
	[20] = "GroupRandomEcp384",
	[21] = "GroupRandomEcp521"};
static const char *const v1_life[] = {[1] = "LifeTypeSeconds", [2] = "LifeTypeKilobytes"};

// Attributes of version 1, by type; `raw` names the number itself.
static const struct {
	const char *name, *raw;
	const char *const *values;
	uint32_t count;
} v1_attributes[] = {{"unknown", "unknown_raw", NULL, 0},
	{"alg_enc", "alg_enc_raw", v1_encryption, COUNT(v1_encryption)},
	{"alg_hash", "alg_hash_raw", v1_hash, COUNT(v1_hash)}, {"alg_auth", "alg_auth_raw", v1_auth, COUNT(v1_auth)},
	{"alg_dh", "alg_dh_raw", v1_groups, COUNT(v1_groups)}, {"sa_group_type", "sa_group_type_raw", NULL, 0},
	{"sa_group_prime", "sa_group_prime_raw", NULL, 0},
	{"sa_group_generator_one", "sa_group_generator_one_raw", NULL, 0},
	{"sa_group_generator_two", "sa_group_generator_two_raw", NULL, 0},
	{"sa_group_curve_a", "sa_group_curve_a_raw", NULL, 0}, {"sa_group_curve_b", "sa_group_curve_b_raw", NULL, 0},
	{"sa_life_type", "sa_life_type_raw", v1_life, COUNT(v1_life)},
	{"sa_life_duration", "sa_life_duration_raw", NULL, 0}, {"alg_prf", "alg_prf_raw", NULL, 0},
	{"sa_key_length", "sa_key_length_raw", NULL, 0}, {"sa_field_size", "sa_field_size_raw", NULL, 0},
	{"sa_group_order", "sa_group_order_raw", NULL, 0}};

static char *put(char *at, const char *text)
{
	while (*text)
		*at++ = *text++;
	return at;
}

static char *put_number(char *at, uint32_t n, uint32_t base)
{
	char turned[12];
	uint32_t len = 0;

	do
		turned[len++] = "0123456789abcdef"[n % base];
	while (n /= base);
	while (len)
		*at++ = turned[--len];
	return at;
}

// The name of `n` in a list, or "kind(10 / 0xa)".
static struct app_bytes name_of(
	const char *const *names, size_t count, uint32_t index, uint32_t n, const char *kind, char room[IKE_NAME_ROOM])
{
	const char *name = index < count ? names[index] : NULL;
	char *at = room;

	if (name)
		return (struct app_bytes){(const uint8_t *)name, (uint32_t)strlen(name)};
	at = put_number(put(put(at, kind), "("), n, 10);
	at = put(put_number(put(at, " / 0x"), n, 16), ")");
	return (struct app_bytes){(const uint8_t *)room, (uint32_t)(at - room)};
}

struct app_bytes ike_v2_name(enum ike_v2_transform kind, uint16_t n, char room[IKE_NAME_ROOM])
{
	switch (kind) {
	case IKE2_ENCRYPTION:
		return name_of(encryption, COUNT(encryption), n, n, "IkeTransformEncType", room);
	case IKE2_PRF:
		return name_of(prf, COUNT(prf), n, n, "IkeTransformPRFType", room);
	case IKE2_INTEGRITY:
		return name_of(integrity, COUNT(integrity), n, n, "IkeTransformAuthType", room);
	case IKE2_GROUP:
		return name_of(groups, COUNT(groups), n, n, "IkeTransformDHType", room);
	default:
		return name_of(esn, COUNT(esn), n, n, "IkeTransformESNType", room);
	}
}

struct app_bytes ike_notify_name(uint16_t n, char room[IKE_NAME_ROOM])
{
	if (n >= 16384)
		return name_of(statuses, COUNT(statuses), n - 16384u, n, "NotifyType", room);
	return name_of(errors, COUNT(errors), n, n, "NotifyType", room);
}

struct app_bytes ike_payload_name(bool v1, uint8_t n, char room[IKE_NAME_ROOM])
{
	if (v1)
		return name_of(v1_payloads, COUNT(v1_payloads), n, n, "IkePayloadType", room);
	return name_of(v2_payloads, COUNT(v2_payloads), n, n, "IkePayloadType", room);
}

const char *ike_attribute_name(uint16_t type)
{
	return v1_attributes[type < COUNT(v1_attributes) ? type : 0].name;
}

const char *ike_attribute_raw_name(uint16_t type)
{
	return v1_attributes[type < COUNT(v1_attributes) ? type : 0].raw;
}

const char *ike_attribute_value(const struct ike_attribute *a)
{
	uint32_t type = a->type < COUNT(v1_attributes) ? a->type : 0;

	if (a->value < v1_attributes[type].count && v1_attributes[type].values[a->value])
		return v1_attributes[type].values[a->value];
	return "Unknown";
}
