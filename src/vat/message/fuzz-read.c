/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes reading: a framed message is walked, measured, read as what it is not, copied, edited,
 * compared and brought into canonical form, and its copies must say the same.
 */
#include "vat/cap/test-caps.h"
#include "vat/message/test-walk.h"

#define REQUIRE(cond)            \
	do {                     \
		if (!(cond))     \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct vat_read_limits limits = {.traversal_words = 5000};
static struct test_cap caps[3];

static struct vat_message *parse(const void *data, size_t size)
{
	struct vat_message *m;
	size_t used;
	if (vat_message_parse(data, size, &limits, &m, &used) < 0)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(caps); i++)
		vat_message_add_cap(m, vat_cap_ref(test_cap(&caps[i])));
	return m;
}

static void require_all_zero(const struct vat_message *m)
{
	for (uint32_t i = 0; i < m->n_segs; i++)
		for (uint32_t j = 0; j < m->segs[i].used; j++)
			REQUIRE(!vat_load(m->segs[i].base + (size_t)j * 8));
}

/* Grows and replaces things in an arena that holds a copy. */
static void edit(struct vat_message *m)
{
	struct vat_struct_b s = vat_get_struct_b(vat_root_b(m), 3, 9, NULL);
	for (uint16_t i = 0; i < s.n_ptrs && i < 12; i++) {
		struct vat_ptr_b p = vat_ptr_at_b(s, i);
		switch (vat_ptr_kind(vat_ptr_b_r(p))) {
		case VAT_PTR_STRUCT:
			vat_get_struct_b(p, 2, 3, NULL);
			break;
		case VAT_PTR_LIST:
			if (i % 2)
				vat_get_struct_list_b(p, 1, 2, NULL);
			else
				vat_list_set_u16(vat_get_list_b(p, VAT_ELEM_TWO, NULL), 1, 7);
			break;
		default:
			vat_set_text(p, vat_str("text"));
		}
		if (i % 4 == 3)
			vat_set_ptr(p, vat_ptr_at(vat_struct_b_r(s), (uint16_t)(i - 1)));
	}
	walk(vat_root(m));
	vat_set_null(vat_root_b(m));
	require_all_zero(m);
}

/* a and b are copies of one message: equal, and with the same canonical form. */
static void check_canonical(struct vat_message *a, struct vat_message *b)
{
	struct vat_message *ca = NULL, *cb = NULL;
	uint32_t n_caps;
	vat_ptr_total_words(vat_root(a), &n_caps);
	REQUIRE(vat_ptr_equal(vat_root(a), vat_root(b)) == VAT_EQUAL);
	int r = vat_canonical(vat_root(a), &ca);
	REQUIRE(r == (n_caps ? -EINVAL : 0));
	REQUIRE(vat_canonical(vat_root(b), &cb) == r);
	if (r)
		return;
	size_t words = vat_message_words(ca);
	REQUIRE(words <= 1 + vat_ptr_total_words(vat_root(a), NULL));
	REQUIRE(vat_message_words(cb) == words);
	REQUIRE(!memcmp(ca->segs[0].base, cb->segs[0].base, words * 8));
	REQUIRE(vat_message_is_canonical(ca));
	REQUIRE(vat_ptr_equal(vat_root(a), vat_root(ca)) == VAT_EQUAL);
	vat_message_free(ca);
	vat_message_free(cb);
}

/* Whatever the input is, being canonical means being its own canonical form. */
static void check_is_canonical(const uint8_t *data, size_t size)
{
	struct vat_message *m = parse(data, size), *c = NULL;
	bool is = vat_message_is_canonical(m);
	m->budget = limits.traversal_words;
	if (!m->error && !vat_canonical(vat_root(m), &c))
		REQUIRE(is == (m->n_segs == 1 && m->segs[0].used == c->segs[0].used &&
				      !memcmp(m->segs[0].base, c->segs[0].base,
					      (size_t)c->segs[0].used * 8)));
	else
		REQUIRE(!is || m->error);
	vat_message_free(c);
	vat_message_free(m);
}

static void copy_and_compare(const uint8_t *data, size_t size)
{
	struct vat_message *m = parse(data, size);
	struct vat_message *a = vat_message_new(1, 0), *b = vat_message_new(200, 0);
	vat_set_ptr(vat_root_b(a), vat_root(m));
	REQUIRE(!vat_message_error(a));
	uint64_t h = walk(vat_root(a));
	vat_set_ptr(vat_root_b(b), vat_root(a));
	REQUIRE(walk(vat_root(b)) == h);
	REQUIRE(vat_ptr_total_words(vat_root(a), NULL) == vat_ptr_total_words(vat_root(b), NULL));
	REQUIRE(!vat_message_error(a) && !vat_message_error(b));
	check_canonical(a, b);
	edit(a);
	vat_message_reset(b, 0);
	require_all_zero(b);
	vat_message_free(a);
	vat_message_free(b);
	vat_message_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vat_message *m = parse(data, size);
	if (!m)
		return 0;
	uint64_t budget = m->budget;
	walk(vat_root(m));
	m->budget = budget;
	walk_wrongly(vat_root(m));
	m->budget = budget;
	uint32_t n;
	uint64_t words = vat_ptr_total_words(vat_root(m), &n);
	REQUIRE(words <= limits.traversal_words);
	vat_message_free(m);
	copy_and_compare(data, size);
	check_is_canonical(data, size);
	for (size_t i = 0; i < ARRAY_SIZE(caps); i++)
		REQUIRE(!caps[i].refs);
	return 0;
}
