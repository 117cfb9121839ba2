// EVE records as the daemon reads them, under arbitrary bytes; jansson says which are JSON.
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "ctl/eve/eve_read.h"
#include "ctl/eve/json_in.h"
#include "ctl/eve/json_out.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void member(
	void *ctx, const char *outer, size_t outer_len, const char *key, size_t key_len, const struct json_in_value *v)
{
	char text[24];
	int64_t n;

	if (v->type == JIN_STRING &&
		(json_in_string(v, text, sizeof(text)) >= sizeof(text) || !json_in_utf8(text, strlen(text))))
		abort();
	json_in_int(v, &n);
}

// Numbers may be sound JSON and yet more than jansson holds.
static bool has_big_number(const uint8_t *data, size_t size)
{
	size_t digits = 0;

	for (size_t i = 0; i < size; i++) {
		digits = data[i] >= '0' && data[i] <= '9' ? digits + 1 : 0;
		if (digits > 2 && i + 1 < size)
			return true;
	}
	return false;
}

// Whatever the bytes are, the writer makes of them a string that both readers take.
static void write_and_read(const uint8_t *data, size_t size)
{
	struct json_out o = {0};

	jout_open(&o, '{');
	jout_key(&o, "x");
	jout_string_n(&o, (const char *)data, size);
	jout_close(&o, '}');
	if (json_in_object(o.buf, o.len, member, NULL))
		abort();
	jout_free(&o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct eve_fields f;
	char why[128];
	const char *text = (const char *)data;

	eve_read(text, size, &f, why, sizeof(why));
	write_and_read(data, size);
	const char *wrong = json_in_object(text, size, member, NULL);
	if (has_big_number(data, size) || (wrong && strstr(wrong, "too deep")))
		return 0;
	json_t *j = json_loadb(text, size, JSON_ALLOW_NUL, NULL);
	if (json_is_object(j) != !wrong)
		abort();
	json_decref(j);
	return 0;
}
