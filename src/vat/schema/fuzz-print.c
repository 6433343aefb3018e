/* SPDX-License-Identifier: MIT */
/*
 * Any message printed by any schema. The input is a CodeGeneratorRequest, framed, and after it a
 * message, framed; structs of the schema are tried on the message's root. What is printed must
 * be as long as it says and within its limit; whatever is wrong must end in an error.  What was
 * printed as JSON is read again, and the message's bytes are tried as JSON too.
 */
#include "base/macro.h"
#include "vat/json.h"
#include "vat/print.h"
#include "vat/schema/schema-internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_TYPES = 3, MAX_OUTPUT = 500 }; /* small: many runs find more than long ones */

/* What was printed as JSON may be refused, for a schema can use a name twice and the like. */
static void read_back(const struct vat_schemas *s, uint64_t id, const char *json, size_t len)
{
	struct vat_message *m = vat_message_new(0, 10000);
	struct vat_json_error e = {0};
	assert(m);
	int r = vat_schemas_parse_json(s, id, json, len, 0, m, &e);
	assert(r == 0 || r == -EBADMSG || r == -ELOOP || r == -ENOENT || r == -EMSGSIZE);
	assert(e.offset <= len);
	vat_message_free(m);
}

static void print_as(const struct vat_schemas *s, uint64_t id, struct vat_message *m)
{
	for (unsigned flags = 0; flags < 4; flags++) {
		struct vat_print_config cfg = {.flags = flags, .depth = 20, .max_size = MAX_OUTPUT};
		size_t len;
		char *text;
		int r = vat_schemas_print(
			s, id, vat_ptr_struct(vat_root(m), NULL), &cfg, &text, &len);
		assert(r == 0 || r == -EMSGSIZE || r == -ELOOP || r == -ENOENT);
		if (r < 0)
			continue;
		assert(len <= MAX_OUTPUT && !text[len]);
		if (flags & VAT_PRINT_JSON)
			read_back(s, id, text, len);
		free(text);
	}
}

static void print_all(
	const struct vat_schemas *s, struct vat_message *m, const uint8_t *data, size_t size)
{
	unsigned tried = 0;
	for (uint32_t i = 0; i < s->parts[0].nodes.count && tried < MAX_TYPES; i++) {
		struct vat_struct_r node = vat_list_struct(s->parts[0].nodes, i);
		if (vat_r_u16(node, 6, 0) != SCHEMA_NODE_STRUCT)
			continue;
		print_as(s, vat_r_u64(node, 0, 0), m);
		tried++;
	}
	uint64_t id = vat_schemas_struct_named(s, "Foo");
	if (id)
		read_back(s, id, (const char *)data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t *words = malloc(size + 8); /* aligned, as from a file */
	assert(words);
	memcpy(words, data, size);
	struct vat_schemas *s;
	size_t first = vat_frame_size(words, size, NULL), used;
	if (first && first < size && vat_schemas_parse(words, first, &s) == 0) {
		struct vat_message *m;
		if (vat_message_parse((uint8_t *)words + first, size - first, NULL, &m, &used) ==
			0) {
			print_all(s, m, data + first, size - first);
			vat_message_free(m);
		}
		vat_schemas_free(s);
	}
	free(words);
	return 0;
}
