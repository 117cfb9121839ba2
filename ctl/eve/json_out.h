// Appending JSON to a buffer: no tree, no copies. Commas place themselves (one is due unless the last
// byte is an opening bracket or a colon), so a record is written as it reads. Strings are always valid
// JSON and valid UTF-8: in text that is not UTF-8, every byte of 0x80 and above becomes \xNN, a literal
// backslash in the value, as Suricata does.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct json_out {
	char *buf;
	size_t len, cap;
	bool failed; // no memory: what is in buf is incomplete
};

// Makes room for n more bytes. Returns false, and sets failed, without memory.
bool jout_grow(struct json_out *o, size_t n);
void jout_free(struct json_out *o);

static inline bool jout_room(struct json_out *o, size_t n)
{
	return o->len + n <= o->cap || jout_grow(o, n);
}

// Bytes as they are: trusted JSON text.
static inline void jout_raw(struct json_out *o, const char *s, size_t n)
{
	if (!jout_room(o, n))
		return;
	memcpy(o->buf + o->len, s, n);
	o->len += n;
}

static inline void jout_comma(struct json_out *o)
{
	if (!jout_room(o, 1) || !o->len)
		return;
	char last = o->buf[o->len - 1];
	if (last != '{' && last != '[' && last != ':' && last != '\n')
		o->buf[o->len++] = ',';
}

// A name from the program itself: nothing in it needs escaping.
static inline void jout_key(struct json_out *o, const char *name)
{
	size_t n = strlen(name);
	jout_comma(o);
	if (!jout_room(o, n + 3))
		return;
	char *p = o->buf + o->len;
	*p++ = '"';
	memcpy(p, name, n);
	p += n;
	*p++ = '"';
	*p = ':';
	o->len += n + 3;
}

void jout_open(struct json_out *o, char bracket);  // '{' or '[', with the comma that is due
void jout_close(struct json_out *o, char bracket); // '}' or ']'
void jout_open_key(struct json_out *o, const char *name, char bracket);

// Values: the comma that is due, then the value. In objects, call jout_key first (it leaves ':').
void jout_string_n(struct json_out *o, const char *s, size_t n);
void jout_string(struct json_out *o, const char *s);
void jout_uint(struct json_out *o, uint64_t v);
void jout_int(struct json_out *o, int64_t v);
void jout_bool(struct json_out *o, bool v);
// Shortest of a few digits that reads back close enough (six significant); NaN and infinities become null.
void jout_double(struct json_out *o, double v);
void jout_null(struct json_out *o);

// Name and value in one.
static inline void jout_kstring(struct json_out *o, const char *name, const char *s)
{
	jout_key(o, name);
	jout_string(o, s);
}

static inline void jout_kuint(struct json_out *o, const char *name, uint64_t v)
{
	jout_key(o, name);
	jout_uint(o, v);
}

static inline void jout_kbool(struct json_out *o, const char *name, bool v)
{
	jout_key(o, name);
	jout_bool(o, v);
}

static inline void jout_kdouble(struct json_out *o, const char *name, double v)
{
	jout_key(o, name);
	jout_double(o, v);
}

// Decimal digits of v at p (20 bytes at most). Returns their number.
size_t jout_digits(char *p, uint64_t v);
