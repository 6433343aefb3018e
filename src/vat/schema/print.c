/* SPDX-License-Identifier: MIT */
/*
 * Messages as text: the public functions, the output, and what text and JSON share.
 *
 * Whether a list fits on a line is known when its items have been written.  They are written one
 * after the other with ", " between; marks tell where each began; a list that is too long is then
 * spread over lines in place, from its end to its beginning.
 */
#include "base/macro.h"
#include "vat/schema/print-internal.h"

#include <float.h>
#include <math.h>

enum { MAX_SIZE = 16 << 20, MAX_DEPTH = 64, MOST_DEPTH = 256, STEPS_PER_BYTE = 64 };

bool print_fail(struct printer *p, int error)
{
	if (!p->error)
		p->error = error;
	return false;
}

/* Room for n bytes more, and a NUL. */
static bool reserve(struct printer *p, size_t n)
{
	if (p->error)
		return false;
	if (n > p->max_size - p->len)
		return print_fail(p, -EMSGSIZE);
	if (p->size - p->len > n)
		return true;
	size_t size = MAX(2 * p->size, p->len + n + 256);
	char *s = realloc(p->s, size);
	if (!s)
		return print_fail(p, -ENOMEM);
	p->s = s;
	p->size = size;
	return true;
}

void print_bytes(struct printer *p, const char *s, size_t len)
{
	if (!len || !reserve(p, len))
		return;
	memcpy(p->s + p->len, s, len);
	p->len += len;
}

void print_str(struct printer *p, const char *s)
{
	print_bytes(p, s, strlen(s));
}

void print_u64(struct printer *p, uint64_t v)
{
	char buf[24];
	int n = snprintf(buf, sizeof(buf), "%llu", (unsigned long long)v);
	print_bytes(p, buf, (size_t)n);
}

void print_i64(struct printer *p, int64_t v)
{
	char buf[24];
	int n = snprintf(buf, sizeof(buf), "%lld", (long long)v);
	print_bytes(p, buf, (size_t)n);
}

void print_plain(struct printer *p, const struct schema_type *t, uint64_t bits)
{
	switch (t->kind) {
	case SCHEMA_BOOL:
		print_str(p, bits ? "true" : "false");
		break;
	case SCHEMA_INT8:
		print_i64(p, (int8_t)bits);
		break;
	case SCHEMA_INT16:
		print_i64(p, (int16_t)bits);
		break;
	case SCHEMA_INT32:
		print_i64(p, (int32_t)bits);
		break;
	case SCHEMA_INT64:
		print_i64(p, (int64_t)bits);
		break;
	default:
		print_u64(p, bits);
		break;
	}
}

/* What printf wrote, without + and with the point of the C locale. */
static void print_number(struct printer *p, char *buf)
{
	char *to = buf;
	for (const char *s = buf; *s; s++) {
		if (*s != '+')
			*to++ = strchr("0123456789-e", *s) ? *s : '.';
	}
	print_bytes(p, buf, (size_t)(to - buf));
}

static bool print_special(struct printer *p, double v)
{
	if (isfinite(v))
		return false;
	print_str(p, isnan(v) ? "nan" : v < 0 ? "-inf" : "inf");
	return true;
}

void print_f64(struct printer *p, double v)
{
	char buf[40];
	if (print_special(p, v))
		return;
	snprintf(buf, sizeof(buf), "%.*g", DBL_DIG, v);
	if (strtod(buf, NULL) != v)
		snprintf(buf, sizeof(buf), "%.*g", DBL_DECIMAL_DIG, v);
	print_number(p, buf);
}

void print_f32(struct printer *p, float v)
{
	char buf[40];
	if (print_special(p, (double)v))
		return;
	bool tiny =
		v != 0 && v < FLT_MIN && v > -FLT_MIN; /* never in six digits, as capnp has it */
	snprintf(buf, sizeof(buf), "%.*g", FLT_DIG, (double)v);
	for (int digits = FLT_DIG + 2; digits <= FLT_DECIMAL_DIG; digits++) {
		if (strtof(buf, NULL) == v && !tiny)
			break;
		tiny = false;
		snprintf(buf, sizeof(buf), "%.*g", digits, (double)v);
	}
	print_number(p, buf);
}

bool print_enter(struct printer *p)
{
	if (p->error)
		return false;
	if (p->depth >= p->max_depth)
		return print_fail(p, -ELOOP);
	if (++p->steps > p->max_steps)
		return print_fail(p, -EMSGSIZE);
	p->depth++;
	return true;
}

void print_leave(struct printer *p)
{
	p->depth--;
}

/* ---- lists ---------------------------------------------------------------------------------- */

size_t print_list_begin(struct printer *p)
{
	return p->n_marks;
}

void print_list_item(struct printer *p, size_t list)
{
	if (p->n_marks > list)
		print_str(p, p->separator);
	if (p->error || !p->pretty) {
		p->n_marks = list + 1;
		return;
	}
	if (p->n_marks >= p->marks_size) {
		size_t size = MAX(2 * p->marks_size, p->n_marks + 64);
		size_t *marks = reallocarray(p->marks, size, sizeof(*marks));
		if (!marks) {
			print_fail(p, -ENOMEM);
			return;
		}
		p->marks = marks;
		p->marks_size = size;
	}
	p->marks[p->n_marks++] = p->len;
}

/* Where item i ends. */
static size_t item_end(const struct printer *p, size_t i)
{
	return i + 1 < p->n_marks ? p->marks[i + 1] - strlen(", ") : p->len;
}

struct print_list_size print_list_size(const struct printer *p, size_t list)
{
	struct print_list_size ret = {.n = p->n_marks - list};
	if (!p->pretty || p->error)
		return ret;
	for (size_t i = list; i < p->n_marks; i++) {
		size_t len = item_end(p, i) - p->marks[i];
		ret.longest = MAX(ret.longest, len);
		ret.total += len;
		ret.newline |= memchr(p->s + p->marks[i], '\n', len) != NULL;
	}
	return ret;
}

void print_list_end(struct printer *p, size_t list, bool broken, const char *first, size_t indent)
{
	size_t n = p->n_marks - list;
	p->n_marks = list;
	if (!broken || !p->pretty || p->error || !n)
		return;
	size_t before = 1 + (*first == '\n' ? indent : 0), grow = before + (n - 1) * indent;
	if (!reserve(p, grow + 1))
		return;
	size_t end = p->len, to = end + grow;
	p->len = to;
	for (size_t i = list + n; i-- > list; end = p->marks[i] - strlen(", ")) {
		size_t len = end - p->marks[i];
		to -= len;
		memmove(p->s + to, p->s + p->marks[i], len);
		if (i == list) {
			memset(p->s + p->marks[i], ' ', before);
			p->s[p->marks[i]] = *first;
			break;
		}
		to -= indent + 2;
		memset(p->s + to, ' ', indent + 2);
		p->s[to] = ',';
		p->s[to + 1] = '\n';
	}
	print_str(p, " ");
}

/* ---- public functions ----------------------------------------------------------------------- */

int vat_schemas_print(const struct vat_schemas *schemas, uint64_t type_id, struct vat_struct_r s,
	const struct vat_print_config *cfg, char **ret, size_t *ret_len)
{
	static const struct vat_print_config defaults;
	if (!cfg)
		cfg = &defaults;
	struct printer p = {
		.schemas = schemas,
		.pretty = cfg->flags & VAT_PRINT_PRETTY,
		.separator = cfg->flags == VAT_PRINT_JSON ? "," : ", ",
		.max_depth =
			MIN(cfg->depth ? cfg->depth : (unsigned)MAX_DEPTH, (unsigned)MOST_DEPTH),
		.max_size = cfg->max_size ? cfg->max_size : (size_t)MAX_SIZE,
	};
	p.max_size = MIN(p.max_size, SIZE_MAX / 4);
	p.max_steps = (uint64_t)STEPS_PER_BYTE * p.max_size;
	if (cfg->flags & VAT_PRINT_JSON)
		print_json_struct(&p, type_id, s);
	else
		print_text_struct(&p, type_id, s);
	if (reserve(&p, 0))
		p.s[p.len] = '\0';
	free(p.marks);
	if (p.error) {
		free(p.s);
		return p.error;
	}
	*ret = p.s;
	if (ret_len)
		*ret_len = p.len;
	return 0;
}

int vat_print(struct vat_schema schema, struct vat_struct_r s, const struct vat_print_config *cfg,
	char **ret, size_t *ret_len)
{
	struct vat_schemas *schemas;
	int r = vat_schemas_new(&schema.file, 1, &schemas);
	if (r < 0)
		return r;
	r = vat_schemas_print(schemas, schema.id, s, cfg, ret, ret_len);
	vat_schemas_free(schemas);
	return r;
}

int vat_print_file(struct vat_schema schema, struct vat_struct_r s,
	const struct vat_print_config *cfg, FILE *f)
{
	char *text;
	size_t len;
	int r = vat_print(schema, s, cfg, &text, &len);
	if (r < 0)
		return r;
	fwrite(text, 1, len, f);
	putc('\n', f);
	free(text);
	return 0;
}
