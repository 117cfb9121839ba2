// All keywords: the rows of the kw_*.c files, joined and looked up by name. docs/keywords.md is printed from here.
#include <stdlib.h>
#include <string.h>

#include "detectors/signature/rule_parse.h"

#define MAX_KEYWORDS 512
#define SLOTS 2048 // power of two

static const struct keyword *const tables[] = {kw_meta_table, kw_content_table, kw_payload_table, kw_pcre_table,
	kw_byte_table, kw_buffer_table, kw_transform_table, kw_flow_table, kw_flowbits_table, kw_threshold_table,
	kw_ip_table, kw_tcp_table, kw_icmp_table, kw_event_table, kw_dataset_table, kw_app_protocol_table, kw_app_table,
	kw_frame_table, kw_app_fields_table, kw_enip_table, kw_file_table, kw_tls_cert_table, kw_named_table};

static const struct keyword *rows[MAX_KEYWORDS];
static size_t n_rows;
static struct {
	const char *name;
	uint16_t row;
} index_slots[SLOTS];

static uint32_t hash(const char *s)
{
	uint32_t h = 2166136261u;
	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * 16777619u;
	return h ^ h >> 15;
}

static void index_name(const char *name, size_t row)
{
	uint32_t at = hash(name) & (SLOTS - 1);
	while (index_slots[at].name)
		at = (at + 1) & (SLOTS - 1);
	index_slots[at].name = name;
	index_slots[at].row = (uint16_t)row;
}

// Built before main: the table is constant data, only its index is not.
__attribute__((constructor)) static void join_tables(void)
{
	for (size_t t = 0; t < sizeof(tables) / sizeof(*tables); t++) {
		for (const struct keyword *kw = tables[t]; kw->name && n_rows < MAX_KEYWORDS; kw++) {
			index_name(kw->name, n_rows);
			if (kw->alias)
				index_name(kw->alias, n_rows);
			rows[n_rows++] = kw;
		}
	}
}

int keyword_index(const char *name)
{
	for (uint32_t at = hash(name) & (SLOTS - 1); index_slots[at].name; at = (at + 1) & (SLOTS - 1))
		if (!strcmp(index_slots[at].name, name))
			return index_slots[at].row;
	return -1;
}

const struct keyword *keyword_find(const char *name)
{
	int at = keyword_index(name);
	return at < 0 ? NULL : rows[at];
}

const struct keyword *keyword_at(size_t i)
{
	return i < n_rows ? rows[i] : NULL;
}

size_t keyword_count(void)
{
	return n_rows;
}

size_t keyword_slot(const struct keyword *kw)
{
	return (size_t)keyword_index(kw->name);
}

// Edit distance, given up past `most`. Names are short; longer ones have no neighbour.
static unsigned distance(const char *a, const char *b, unsigned most)
{
	unsigned row[48], n = (unsigned)strlen(b);
	if (n >= 47 || strlen(a) >= 47)
		return most + 1;
	for (unsigned j = 0; j <= n; j++)
		row[j] = j;
	for (unsigned i = 1; a[i - 1]; i++) {
		unsigned diagonal = row[0];
		row[0] = i;
		for (unsigned j = 1; j <= n; j++) {
			unsigned change = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			unsigned step = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
			row[j] = change < step ? change : step;
		}
	}
	return row[n];
}

const char *keyword_nearest(const char *name)
{
	const char *best = NULL;
	unsigned least = 3;
	for (size_t i = 0; i < n_rows; i++) {
		unsigned d = distance(name, rows[i]->name, 3);
		if (d < least) {
			least = d;
			best = rows[i]->name;
		}
	}
	return best;
}

static void print_cell(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '|')
			fputc('\\', out);
		fputc(*text, out);
	}
}

void signature_keywords_dump(FILE *out)
{
	fputs("# Rule keywords\n\nPrinted from the keyword table (`detectors/signature/kw_*.c`); a test compares.\n"
	      "A range of numbers, `a-b` or `a<>b`, leaves both its ends out, as in Suricata 7; only that of "
	      "dcerpc.opnum has them.\n\n"
	      "| keyword | syntax | example | what it says | beside Suricata 7 |\n|---|---|---|---|---|\n",
		out);
	for (size_t i = 0; i < n_rows; i++) {
		const struct keyword *kw = rows[i];
		fprintf(out, "| `%s`%s%s%s | ", kw->name, kw->alias ? " (`" : "", kw->alias ? kw->alias : "",
			kw->alias ? "`)" : "");
		if (*kw->syntax)
			print_cell(out, kw->syntax);
		fputs(" | `", out);
		print_cell(out, kw->example);
		fputs("` | ", out);
		print_cell(out, kw->help);
		fputs(" | ", out);
		print_cell(out, kw->parity);
		fputs(" |\n", out);
	}
}
