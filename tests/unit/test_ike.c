// The IKE parser: negotiations of versions 1 and 2, what is weak, what is malformed.
#include "tests/unit/parser_lab.h"

#define ISPI "\x01\x02\x03\x04\x05\x06\x07\x08"
#define RSPI "\x11\x12\x13\x14\x15\x16\x17\x18"
#define NO_SPI "\x00\x00\x00\x00\x00\x00\x00\x00"
#define HEAD2(rspi, first, len) ISPI rspi first "\x20\x22\x08\x00\x00\x00\x00\x00\x00\x00" len
#define TRANSFORM(more, kind, id) more "\x00\x00\x08" kind "\x00\x00" id
// one proposal of four transforms, 40 bytes
#define PROPOSAL(enc, prf, auth, dh)                                                                     \
	"\x00\x00\x00\x28\x01\x01\x00\x04" TRANSFORM("\x03", "\x01", enc) TRANSFORM("\x03", "\x02", prf) \
		TRANSFORM("\x03", "\x03", auth) TRANSFORM("\x00", "\x04", dh)
#define ASK(proposal) HEAD2(NO_SPI, "\x21", "\x48") "\x00\x00\x00\x2c" proposal
#define ANSWER(proposal) HEAD2(RSPI, "\x21", "\x48") "\x00\x00\x00\x2c" proposal
#define GOOD PROPOSAL("\x0c", "\x05", "\x0c", "\x0e")

// version 1: an SA with one proposal of one transform (AES, 128 bits, SHA-1, group 2), 40 bytes; a vendor
#define HEAD1(rspi, first, flags, len) ISPI rspi first "\x10\x02" flags "\x00\x00\x00\x00\x00\x00\x00" len
#define SA1                                                                                                \
	"\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x20\x01\x01\x00\x01\x00\x00\x00\x18\x01\x01\x00\x00" \
	"\x80\x01\x00\x07\x80\x0e\x00\x80\x80\x02\x00\x02\x80\x04\x00\x02"

PARSER_TEST(parser_ike, OVER_UDP)

static void a_negotiation_of_version_2_is_read(void **state)
{
	uint64_t v;

	CLIENT(ASK(GOOD));
	SERVER(ANSWER(GOOD));
	assert_int_equal(plab_count(&lab), 2);
	assert_string_equal(plab_text(&lab, plab_tx(&lab, 0), "ike.init_spi", DIR_TO_SERVER, 0), "0102030405060708");
	assert_string_equal(plab_text(&lab, plab_tx(&lab, 1), "ike.resp_spi", DIR_TO_CLIENT, 0), "1112131415161718");
	assert_true(plab_field(&lab, plab_tx(&lab, 0), "ike.exchtype", DIR_TO_SERVER, 0, &v));
	assert_int_equal(v, 34);
	assert_true(plab_field(&lab, plab_tx(&lab, 1), "ike.chosen_sa_attribute", DIR_TO_CLIENT, 0, &v));
	assert_int_equal(v, 1ull << 32 | 12);
	assert_int_equal(plab_tx(&lab, 0)->event_count, 0);
	assert_string_equal(plab_log(&lab, plab_tx(&lab, 0)),
		"ike:{version_major:2,version_minor:0,init_spi:\"0102030405060708\",resp_spi:\"0000000000000000\","
		"message_id:0,exchange_type:34,role:\"initiator\",payload:[\"SecurityAssociation\",\"NoNextPayload\"],"
		"ikev2:{errors:0}}");
	assert_non_null(strstr(plab_log(&lab, plab_tx(&lab, 1)),
		"role:\"responder\",alg_enc:\"ENCR_AES_CBC\",alg_prf:\"PRF_HMAC_SHA2_256\",alg_auth:"
		"\"AUTH_HMAC_SHA2_256_128\",alg_dh:\"Modp2048\",alg_esn:\"NoESN\""));
}

static bool noted(const char *event)
{
	return plab_has_event(&lab, plab_tx(&lab, plab_count(&lab) - 1), event);
}

static void what_is_weak_is_noted(void **state)
{
	CLIENT(ASK(PROPOSAL("\x03", "\x02", "\x02", "\x02")));
	assert_true(noted("weak_crypto_enc"));
	assert_true(noted("weak_crypto_prf"));
	assert_true(noted("weak_crypto_auth"));
	assert_true(noted("weak_crypto_dh"));
	CLIENT(ASK(PROPOSAL("\x0c", "\x05", "\x00", "\x00")));
	assert_true(noted("weak_crypto_no_auth"));
	assert_true(noted("invalid_proposal"));
	CLIENT(ASK(PROPOSAL("\x14", "\x05", "\x00", "\x0e"))); // AES-GCM has its own integrity
	assert_int_equal(plab_tx(&lab, 2)->event_count, 0);
}

static void notifications_are_named(void **state)
{
	CLIENT(HEAD2(NO_SPI, "\x29", "\x2c") "\x29\x00\x00\x08\x00\x00\x40\x04\x00\x00\x00\x08\x00\x00\x9c\x40");
	assert_non_null(strstr(plab_log(&lab, plab_tx(&lab, 0)),
		"payload:[\"Notify\",\"Notify\",\"NoNextPayload\"],ikev2:{errors:0,notify:[\"NAT_DETECTION_SOURCE_IP\","
		"\"NotifyType(40000 / 0x9c40)\"]}"));
}

static void a_negotiation_of_version_1_is_read(void **state)
{
	uint64_t v;

	CLIENT(HEAD1(NO_SPI, "\x01", "\x00", "\x50") "\x0d\x00\x00\x2c" SA1 "\x00\x00\x00\x08VEND");
	assert_string_equal(plab_text(&lab, plab_tx(&lab, 0), "ike.vendor", DIR_TO_SERVER, 0), "56454e44");
	assert_non_null(strstr(plab_log(&lab, plab_tx(&lab, 0)),
		"payload:[\"SecurityAssociation\",\"Proposal\",\"Transform\",\"VendorID\"],ikev1:{doi:1,encrypted_"
		"payloads:"
		"false,client:{proposals:[{alg_enc:\"EncAesCbc\",alg_enc_raw:7,sa_key_length:\"Unknown\","
		"sa_key_length_raw:128,alg_hash:\"HashSha\",alg_hash_raw:2,"));
	SERVER(HEAD1(RSPI, "\x01", "\x00", "\x48") "\x00\x00\x00\x2c" SA1);
	assert_true(plab_field(&lab, plab_tx(&lab, 1), "ike.chosen_sa_attribute", DIR_TO_CLIENT, 3, &v));
	assert_int_equal(v, 4ull << 32 | 2);
	CLIENT(HEAD1(RSPI, "\x04", "\x00", "\x2c") "\x0a\x00\x00\x08keys\x00\x00\x00\x08once");
	assert_string_equal(plab_text(&lab, plab_tx(&lab, 2), "ike.nonce_payload", DIR_TO_SERVER, 0), "once");
	assert_string_equal(plab_text(&lab, plab_tx(&lab, 2), "ike.key_exchange_payload", DIR_TO_SERVER, 0), "keys");
	assert_true(plab_field(&lab, plab_tx(&lab, 2), "ike.nonce_payload_length", DIR_TO_SERVER, 0, &v));
	assert_int_equal(v, 4);
	assert_non_null(strstr(plab_log(&lab, plab_tx(&lab, 2)), "client:{key_exchange_payload:\"6b657973\""));
	CLIENT(HEAD1(RSPI, "\x05", "\x01", "\x20") "\x04\x00\x00\x08"); // encrypted: not walked
	assert_null(plab_text(&lab, plab_tx(&lab, 3), "ike.nonce_payload", DIR_TO_SERVER, 0));
}

static void what_is_malformed_is_noted(void **state)
{
	CLIENT("short");
	assert_true(noted("malformed_data"));
	assert_string_equal(plab_log(&lab, plab_tx(&lab, 0)), "");
	CLIENT(HEAD2(NO_SPI, "\x21", "\x49") "\x00\x00\x00\x2c" GOOD);
	assert_true(noted("malformed_data"));
}

static void payloads_that_lie_are_left_out(void **state)
{
	CLIENT(HEAD2(NO_SPI, "\x21", "\x20") "\x21\x00\xff\xff");
	CLIENT(HEAD2(NO_SPI, "\x21", "\x20") "\x21\x00\x00\x03");
	CLIENT(HEAD2(NO_SPI, "\x21", "\x28") "\x00\x00\x00\x0c\x00\x00\x00\xff\x01\x01\x00\x04");
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(plab_tx(&lab, i)->event_count, 0);
	assert_non_null(strstr(plab_log(&lab, plab_tx(&lab, 0)), "payload:[]"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_negotiation_of_version_2_is_read),
		TEST(what_is_weak_is_noted),
		TEST(notifications_are_named),
		TEST(a_negotiation_of_version_1_is_read),
		TEST(what_is_malformed_is_noted),
		TEST(payloads_that_lie_are_left_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
