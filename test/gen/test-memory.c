/* SPDX-License-Identifier: MIT */
/* Printing, reading JSON and tracing when memory runs out at each allocation in turn. */
#include "base/test.h"
#include "vat/json.h"
#include "vat/print.h"
#include "vat/cap/test-alloc.h"
#include "vat/trace.h"

#include "gen/constructs.capnp.h"

enum { MOST = 500 };

static struct vat_message *make(void)
{
	struct vat_message *m = vat_message_new(0, 0);
	struct con_lists_b b = con_lists_init_root(m);
	vat_list_set_u32(con_lists_init_u32s(b, 100), 7, 123456);
	con_scalars_set_u8(con_scalars_at_b(con_lists_init_structs(b, 20), 3), 3);
	return m;
}

/* Runs out at each allocation until the scenario has none that fails; it says whether it had. */
static void at_each_allocation(int (*scenario)(void))
{
	long n = 1;
	for (int r = -ENOMEM; r; n++) {
		CHECK(n < MOST);
		alloc_fail_from(n);
		r = scenario();
		alloc_fail_from(0);
		CHECK(r == 0 || r == -ENOMEM);
	}
	CHECK(n > 2);
}

static struct vat_message *message;

static int print_as(unsigned flags)
{
	struct vat_print_config cfg = {.flags = flags};
	char *text = NULL;
	struct vat_struct_r s = vat_ptr_struct(vat_root(message), NULL);
	int r = vat_print(con_lists_schema(), s, &cfg, &text, NULL);
	free(text);
	return r;
}

static int print_text(void)
{
	return print_as(VAT_PRINT_PRETTY);
}

static int print_json(void)
{
	return print_as(VAT_PRINT_JSON | VAT_PRINT_PRETTY);
}

TEST(printing_without_memory_fails)
{
	message = make();
	at_each_allocation(print_text);
	at_each_allocation(print_json);
	vat_message_free(message);
}

static int parse_json(void)
{
	static const char json[] = "{\"texts\":[\"a\",\"b\\n\"],\"datas\":[[1,2,3]],"
				   "\"structs\":[{\"u8\":1},{\"i64\":\"-5\"}]}";
	struct vat_message *m = vat_message_new(0, 0);
	struct vat_json_error e;
	if (!m)
		return -ENOMEM;
	int r = vat_parse_json(con_lists_schema(), json, strlen(json), 0, m, &e);
	vat_message_free(m);
	return r;
}

TEST(reading_json_without_memory_fails)
{
	at_each_allocation(parse_json);
}

static unsigned n_lines;

static void on_line(void *user, const char *line)
{
	n_lines++;
}

static int trace_one(void)
{
	static const struct vat_schema_file *const files[] = {&con_schema_file};
	static uint64_t bootstrap[] = {
		UINT64_C(0x400000000), UINT64_C(0x1000100000000), 8, UINT64_C(0x100000000), 0};
	struct iovec iov = {bootstrap, sizeof(bootstrap)};
	struct vat_trace *t = vat_trace_new(files, 1, on_line, NULL);
	if (!t)
		return -ENOMEM;
	unsigned before = n_lines;
	vat_trace_message(t, true, &iov, 1);
	vat_trace_free(t);
	return n_lines == before + 1 ? 0 : -EINVAL;
}

TEST(a_trace_without_memory_is_none_or_goes_on)
{
	struct vat_trace *t = NULL;
	long n = 1;
	for (; !t && n < MOST; n++) {
		alloc_fail_from(n);
		t = vat_trace_new(NULL, 0, on_line, NULL);
		alloc_fail_from(0);
	}
	vat_trace_free(t);
	at_each_allocation(trace_one);
}
