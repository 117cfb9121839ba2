// Fields of a message or a part and their parameters. See mime.h. Next: mime_body.c.
#include "dataplane/parsers/mime.h"

static const char *const names[MIME_OTHER] = {[MIME_FROM] = "from",
	[MIME_TO] = "to",
	[MIME_CC] = "cc",
	[MIME_TYPE] = "content-type",
	[MIME_DISPOSITION] = "content-disposition",
	[MIME_ENCODING] = "content-transfer-encoding"};

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static struct app_bytes skip_blanks(struct app_bytes b)
{
	while (b.len && is_blank(*b.at))
		b.at++, b.len--;
	return b;
}

static struct app_bytes value_of(const struct mime *m, enum mime_field f)
{
	return (struct app_bytes){m->value[f].at, m->value[f].len};
}

// Those of the message itself, and what each part says of its body.
static enum mime_field known(const struct mime *m, struct app_bytes name)
{
	for (uint32_t i = m->depth == 1 ? MIME_FROM : MIME_TYPE; i < MIME_OTHER; i++)
		if (strlen(names[i]) == name.len && text_begins(name, names[i]))
			return (enum mime_field)i;
	return MIME_OTHER;
}

void mime_field_more(struct app_run *run, struct mime *m, struct app_bytes line)
{
	m->value_len += line.len;
	if (m->value_len > MIME_VALUE_MAX)
		mime_note(m, MIME_LONG_HEADER_VALUE);
	if (m->field < MIME_OTHER)
		app_text_add(run, &m->value[m->field], line.at, line.len, MIME_VALUE_MAX);
}

// RFC 5322 2.2: printable characters and a colon.
bool mime_field_begin(struct app_run *run, struct mime *m, struct app_bytes line)
{
	uint32_t n = 0;

	while (n < line.len && line.at[n] > ' ' && line.at[n] < 0x7f && line.at[n] != ':')
		n++;
	if (n == 0 || n == line.len || line.at[n] != ':')
		return false;
	if (n > MIME_NAME_MAX)
		mime_note(m, MIME_LONG_HEADER_NAME);
	m->field = (uint8_t)known(m, (struct app_bytes){line.at, n});
	m->value_len = 0;
	if (m->field < MIME_OTHER)
		m->value[m->field].len = 0; // the last of a name counts
	mime_field_more(run, m, skip_blanks((struct app_bytes){line.at + n + 1, line.len - n - 1}));
	return true;
}

static bool contains(struct app_bytes b, const char *text)
{
	for (; b.len; b.at++, b.len--)
		if (text_begins(b, text))
			return true;
	return false;
}

// The next of the parameters that semicolons part, RFC 2045 5.1: name=value, name="value". False: none, or not well
// formed.
static bool next_parameter(struct app_bytes *b, struct app_bytes *name, struct app_bytes *value)
{
	const uint8_t *semicolon = b->len ? memchr(b->at, ';', b->len) : NULL, *equals, *stop;

	if (!semicolon)
		return false;
	b->len -= (uint32_t)(semicolon + 1 - b->at);
	b->at = semicolon + 1;
	*b = skip_blanks(*b);
	equals = b->len ? memchr(b->at, '=', b->len) : NULL;
	if (!equals)
		return false;
	*name = (struct app_bytes){b->at, (uint32_t)(equals - b->at)};
	*value = (struct app_bytes){equals + 1, b->len - name->len - 1};
	bool quoted = value->len && *value->at == '"';
	value->at += quoted, value->len -= quoted;
	stop = value->len ? memchr(value->at, quoted ? '"' : ';', value->len) : NULL;
	b->at = stop ? stop : value->at + value->len;
	b->len = value->len - (uint32_t)(b->at - value->at);
	value->len = (uint32_t)(b->at - value->at);
	return quoted ? stop != NULL : value->len > 0;
}

static bool is_section(struct app_bytes name, const char *wanted, uint32_t section)
{
	uint32_t at = (uint32_t)strlen(wanted), n = 0, digits = 0;

	if (name.len < at + 2 || memcmp(name.at, wanted, at) != 0 || name.at[at++] != '*')
		return false;
	for (; at < name.len && name.at[at] >= '0' && name.at[at] <= '9' && digits < 3; at++, digits++)
		n = n * 10 + name.at[at] - '0';
	return digits && at == name.len && n == section;
}

// A parameter's value; the last one of a name counts. section: -1 for all of it, else one of its sections. at is NULL
// where there is none.
static struct app_bytes parameter(struct app_bytes field, const char *wanted, int section)
{
	struct app_bytes name, value, found = {NULL, 0};

	while (next_parameter(&field, &name, &value))
		if (section < 0 ? name.len == strlen(wanted) && !memcmp(name.at, wanted, name.len)
				: is_section(name, wanted, (uint32_t)section))
			found = value;
	return found;
}

// Puts a parameter, or its sections one behind the other (RFC 2231 3), behind m->text, at most MIME_PARAMETER_MAX
// bytes. Returns false when there is none; *full says how long it is.
static bool take_parameter(
	struct app_run *run, struct mime *m, enum mime_field f, const char *name, struct mime_span *out, uint32_t *full)
{
	struct app_bytes field = value_of(m, f), value = parameter(field, name, -1);
	int section = value.at ? -1 : 0;

	*out = (struct mime_span){m->text.len, 0};
	*full = 0;
	if (section == 0)
		value = parameter(field, name, section);
	if (!value.at)
		return false;
	do {
		uint32_t room = MIME_PARAMETER_MAX - out->len, n = value.len < room ? value.len : room;
		app_text_add(run, &m->text, value.at, n, MIME_TEXT_MAX);
		out->len = m->text.len - out->at;
		*full += value.len;
		value = section < 0 ? (struct app_bytes){NULL, 0} : parameter(field, name, ++section);
	} while (value.at && section < (int)MIME_SECTIONS_MAX);
	return true;
}

static void take_name(struct app_run *run, struct mime *m)
{
	struct mime_level *l = &m->level[m->depth - 1];
	struct mime_file file = {.id = l->id, .parent = l->parent};
	uint32_t full, count = mime_file_count(m);

	if (!take_parameter(run, m, MIME_DISPOSITION, "filename", &file.name, &full) &&
		!take_parameter(run, m, MIME_TYPE, "name", &file.name, &full))
		return;
	if (full > MIME_PARAMETER_MAX)
		mime_note(m, MIME_LONG_FILENAME);
	if (count < MIME_FILES_MAX && app_text_add(run, &m->files, (const uint8_t *)&file, sizeof(file), UINT32_MAX))
		l->file = (uint16_t)(count + 1);
	else
		m->files.len = count * (uint32_t)sizeof(file);
}

bool mime_is_message(const struct mime *m)
{
	struct app_bytes type = value_of(m, MIME_TYPE);
	const uint8_t *end = type.len ? memchr(type.at, ';', type.len) : NULL;

	if (end)
		type.len = (uint32_t)(end - type.at);
	return contains(type, "message/rfc822");
}

bool mime_fields_done(struct app_run *run, struct mime *m)
{
	struct mime_level *l = &m->level[m->depth - 1];
	struct app_bytes coding = value_of(m, MIME_ENCODING);
	uint32_t full;

	m->field = MIME_OTHER;
	if (contains(coding, "base64"))
		l->coding = MIME_BASE64;
	else if (contains(coding, "quoted-printable"))
		l->coding = MIME_QP;
	l->has_boundary = take_parameter(run, m, MIME_TYPE, "boundary", &l->boundary, &full);
	m->child |= l->has_boundary;
	if (full >= MIME_PARAMETER_MAX) {
		mime_note(m, MIME_LONG_BOUNDARY);
		return false;
	}
	take_name(run, m);
	return true;
}
