/* Made by capnpc-vat from constructs.capnp: do not edit. */
#include "constructs.capnp.h"

const struct vat_text con_a_text = {"say \042hi\042\077\077/\012\011t\303\244glich\134", 22};

const struct vat_text con_no_text = {"", 0};

static const uint8_t con_a_data_bytes_[] = {
	0x00, 0x01, 0xfe, 0xff, 0x5c, 0x22,
};
const struct vat_data con_a_data = {con_a_data_bytes_, 6};

const struct vat_data con_no_data = {"", 0};

static const uint64_t con_a_scalars_value_words_[] = {
	UINT64_C(0x0000000600000000), UINT64_C(0x0000000000000000), UINT64_C(0x0000000000000000),
	UINT64_C(0x0000000000000007), UINT64_C(0x0000000000000000), UINT64_C(0x0000000000000000),
	UINT64_C(0x4004000000000000),
};
const struct vat_default con_a_scalars_value = {con_a_scalars_value_words_, 7};

static const uint64_t con_a_number_list_value_words_[] = {
	UINT64_C(0x0000001b00000001), UINT64_C(0x000000010000ffff),
};
const struct vat_default con_a_number_list_value = {con_a_number_list_value_words_, 2};

static const uint64_t con_a_text_list_value_words_[] = {
	UINT64_C(0x0000001600000001), UINT64_C(0x0000002200000005), UINT64_C(0x0000002200000005),
	UINT64_C(0x0000000000656e6f), UINT64_C(0x00000000006f7774),
};
const struct vat_default con_a_text_list_value = {con_a_text_list_value_words_, 5};

static const uint64_t con_a_struct_list_value_words_[] = {
	UINT64_C(0x0000006700000001), UINT64_C(0x0000000600000008), UINT64_C(0x0000000000000000),
	UINT64_C(0x0000000000000000), UINT64_C(0x0000000000000001), UINT64_C(0x0000000000000000),
	UINT64_C(0x0000000000000000), UINT64_C(0x0000000000000000), UINT64_C(0x0000000000000000),
	UINT64_C(0x0000000000000000), UINT64_C(0x0000000000000002), UINT64_C(0x0000000000000000),
	UINT64_C(0x0000000000000000), UINT64_C(0x0000000000000000),
};
const struct vat_default con_a_struct_list_value = {con_a_struct_list_value_words_, 14};

static const uint64_t con_a_matrix_value_words_[] = {
	UINT64_C(0x0000001e00000001), UINT64_C(0x0000001200000009), UINT64_C(0x0000000200000009),
	UINT64_C(0x0000000a00000005), UINT64_C(0x0000000000000201), UINT64_C(0x0000000000000003),
};
const struct vat_default con_a_matrix_value = {con_a_matrix_value_words_, 6};

static const uint64_t con_defaults_default_text_words_[] = {
	UINT64_C(0x0000006a00000001), UINT64_C(0x20746c7561666564), UINT64_C(0x0000000074786574),
};
const struct vat_default con_defaults_default_text = {con_defaults_default_text_words_, 3};

static const uint64_t con_defaults_default_data_words_[] = {
	UINT64_C(0x0000001a00000001), UINT64_C(0x000000000017fade),
};
const struct vat_default con_defaults_default_data = {con_defaults_default_data_words_, 2};

static const uint64_t con_defaults_default_struct_words_[] = {
	UINT64_C(0x0001000100000000), UINT64_C(0x000000000001000a), UINT64_C(0x0000001600000001),
	UINT64_C(0x0000001200000005), UINT64_C(0x0000001200000005), UINT64_C(0x0000000000000061),
	UINT64_C(0x0000000000000062),
};
const struct vat_default con_defaults_default_struct = {con_defaults_default_struct_words_, 7};

static const uint64_t con_defaults_default_numbers_words_[] = {
	UINT64_C(0x0000001c00000001), UINT64_C(0x0000000200000001), UINT64_C(0x0000000000000003),
};
const struct vat_default con_defaults_default_numbers = {con_defaults_default_numbers_words_, 3};

static const uint64_t con_defaults_default_bits_words_[] = {
	UINT64_C(0x0000001900000001), UINT64_C(0x0000000000000005),
};
const struct vat_default con_defaults_default_bits = {con_defaults_default_bits_words_, 2};

static const uint64_t con_defaults_default_structs_words_[] = {
	UINT64_C(0x0000002700000001), UINT64_C(0x0001000100000008), UINT64_C(0x0000000000000002),
	UINT64_C(0x0000000000000000), UINT64_C(0x0000000000000001), UINT64_C(0x0000000000000000),
};
const struct vat_default con_defaults_default_structs = {con_defaults_default_structs_words_, 6};

static const uint64_t con_unions_default_text_words_[] = {
	UINT64_C(0x0000003200000001), UINT64_C(0x0000007465736e75),
};
const struct vat_default con_unions_default_text = {con_unions_default_text_words_, 2};

static const uint64_t con_groups_outer_default_b_words_[] = {
	UINT64_C(0x0000001200000001), UINT64_C(0x0000000000000062),
};
const struct vat_default con_groups_outer_default_b = {con_groups_outer_default_b_words_, 2};

static bool con_names_of_c_interface_dispatch_(const void *impl, void *self, uint16_t method,
	struct vat_ctx *ctx)
{
	const struct con_names_of_c_interface_impl *table = (const struct con_names_of_c_interface_impl *)impl;
	switch (method) {
	case 0: {
		struct con_names_of_c_interface_virtual_ctx cx = {ctx};
		if (!table->virtual_)
			return false;
		table->virtual_(self, cx);
		return true;
	}
	default:
		return false;
	}
}

static const struct vat_method con_names_of_c_interface_methods_[] = {
	{"virtual", 0, 0, 0, 0, 0},
};

const struct vat_interface con_names_of_c_interface_interface = {
	UINT64_C(0xb76a1a6e303a274a), "constructs.capnp:NamesOfC.Interface",
	con_names_of_c_interface_methods_, 1, con_names_of_c_interface_dispatch_, NULL, 0};

static bool con_marker_dispatch_(const void *impl, void *self, uint16_t method,
	struct vat_ctx *ctx)
{
	(void)impl;
	(void)self;
	(void)method;
	(void)ctx;
	return false;
}

const struct vat_interface con_marker_interface = {
	UINT64_C(0xeec3eb621ea1993f), "constructs.capnp:Marker",
	NULL, 0, con_marker_dispatch_, NULL, 0};

static bool con_base_dispatch_(const void *impl, void *self, uint16_t method,
	struct vat_ctx *ctx)
{
	const struct con_base_impl *table = (const struct con_base_impl *)impl;
	switch (method) {
	case 0: {
		struct con_base_ping_ctx cx = {ctx};
		if (!table->ping)
			return false;
		table->ping(self, cx);
		return true;
	}
	case 1: {
		struct con_base_nothing_ctx cx = {ctx};
		if (!table->nothing)
			return false;
		table->nothing(self, cx);
		return true;
	}
	default:
		return false;
	}
}

static const struct vat_method con_base_methods_[] = {
	{"ping", 1, 0, 0, 2, 0},
	{"nothing", 0, 0, 0, 0, 0},
};

const struct vat_interface con_base_interface = {
	UINT64_C(0x88689c2a2815ad56), "constructs.capnp:Base",
	con_base_methods_, 2, con_base_dispatch_, NULL, 0};

static bool con_left_dispatch_(const void *impl, void *self, uint16_t method,
	struct vat_ctx *ctx)
{
	const struct con_left_impl *table = (const struct con_left_impl *)impl;
	switch (method) {
	case 0: {
		struct con_left_left_ctx cx = {ctx};
		if (!table->left)
			return false;
		table->left(self, cx);
		return true;
	}
	default:
		return false;
	}
}

static const struct vat_method con_left_methods_[] = {
	{"left", 0, 0, 0, 0, 0},
};

static const struct vat_super con_left_supers_[] = {
	{&con_base_interface, offsetof(struct con_left_impl, base)},
};

const struct vat_interface con_left_interface = {
	UINT64_C(0xb493b2c0cb85a464), "constructs.capnp:Left",
	con_left_methods_, 1, con_left_dispatch_, con_left_supers_, 1};

static bool con_right_dispatch_(const void *impl, void *self, uint16_t method,
	struct vat_ctx *ctx)
{
	const struct con_right_impl *table = (const struct con_right_impl *)impl;
	switch (method) {
	case 0: {
		struct con_right_right_ctx cx = {ctx};
		if (!table->right)
			return false;
		table->right(self, cx);
		return true;
	}
	default:
		return false;
	}
}

static const struct vat_method con_right_methods_[] = {
	{"right", 0, 0, 0, 0, 0},
};

static const struct vat_super con_right_supers_[] = {
	{&con_base_interface, offsetof(struct con_right_impl, base)},
};

const struct vat_interface con_right_interface = {
	UINT64_C(0x94422e0b2fc0549f), "constructs.capnp:Right",
	con_right_methods_, 1, con_right_dispatch_, con_right_supers_, 1};

static bool con_diamond_dispatch_(const void *impl, void *self, uint16_t method,
	struct vat_ctx *ctx)
{
	const struct con_diamond_impl *table = (const struct con_diamond_impl *)impl;
	switch (method) {
	case 0: {
		struct con_diamond_named_ctx cx = {ctx};
		if (!table->named)
			return false;
		table->named(self, cx);
		return true;
	}
	case 1: {
		struct con_diamond_foreign_ctx cx = {ctx};
		if (!table->foreign)
			return false;
		table->foreign(self, cx);
		return true;
	}
	case 2: {
		struct con_diamond_push_ctx cx = {ctx};
		if (!table->push)
			return false;
		table->push(self, cx);
		return true;
	}
	case 3: {
		struct con_diamond_default_ctx cx = {ctx};
		if (!table->default_)
			return false;
		table->default_(self, cx);
		return true;
	}
	case 4: {
		struct con_diamond_holder_ctx cx = {ctx};
		if (!table->holder)
			return false;
		table->holder(self, cx);
		return true;
	}
	case 5: {
		struct con_diamond_method_six_ctx cx = {ctx};
		if (!table->method_six)
			return false;
		table->method_six(self, cx);
		return true;
	}
	default:
		return false;
	}
}

static const struct vat_method con_diamond_methods_[] = {
	{"named", 6, 0, 0, 11, 0},
	{"foreign", 1, 2, 1, 2, 0},
	{"push", 0, 1, 0, 0, VAT_METHOD_STREAM},
	{"default", 0, 1, 0, 1, 0},
	{"holder", 0, 0, 1, 3, 0},
	{"renamedMethod", 0, 1, 0, 0, 0},
};

static const struct vat_super con_diamond_supers_[] = {
	{&con_left_interface, offsetof(struct con_diamond_impl, left)},
	{&con_right_interface, offsetof(struct con_diamond_impl, right)},
	{&con_marker_interface, offsetof(struct con_diamond_impl, marker)},
	{&constructs_other_foreigner_interface, offsetof(struct con_diamond_impl, foreigner)},
};

const struct vat_interface con_diamond_interface = {
	UINT64_C(0xc858e5a72b8601c5), "constructs.capnp:Diamond",
	con_diamond_methods_, 6, con_diamond_dispatch_, con_diamond_supers_, 4};

static bool con_same_name_dispatch_(const void *impl, void *self, uint16_t method,
	struct vat_ctx *ctx)
{
	(void)impl;
	(void)self;
	(void)method;
	(void)ctx;
	return false;
}

static const struct vat_super con_same_name_supers_[] = {
	{&constructs_other_twin_interface, offsetof(struct con_same_name_impl, constructs_other_twin)},
	{&con_twin_interface, offsetof(struct con_same_name_impl, con_twin)},
};

const struct vat_interface con_same_name_interface = {
	UINT64_C(0xc16655727f01aed7), "constructs.capnp:SameName",
	NULL, 0, con_same_name_dispatch_, con_same_name_supers_, 2};

static bool con_twin_dispatch_(const void *impl, void *self, uint16_t method,
	struct vat_ctx *ctx)
{
	const struct con_twin_impl *table = (const struct con_twin_impl *)impl;
	switch (method) {
	case 0: {
		struct con_twin_here_ctx cx = {ctx};
		if (!table->here)
			return false;
		table->here(self, cx);
		return true;
	}
	default:
		return false;
	}
}

static const struct vat_method con_twin_methods_[] = {
	{"here", 0, 0, 0, 0, 0},
};

const struct vat_interface con_twin_interface = {
	UINT64_C(0xd0ce0e5ad3afa13b), "constructs.capnp:Twin",
	con_twin_methods_, 1, con_twin_dispatch_, NULL, 0};

static bool con_store_dispatch_(const void *impl, void *self, uint16_t method,
	struct vat_ctx *ctx)
{
	const struct con_store_impl *table = (const struct con_store_impl *)impl;
	switch (method) {
	case 0: {
		struct con_store_get_ctx cx = {ctx};
		if (!table->get)
			return false;
		table->get(self, cx);
		return true;
	}
	case 1: {
		struct con_store_put_ctx cx = {ctx};
		if (!table->put)
			return false;
		table->put(self, cx);
		return true;
	}
	case 2: {
		struct con_store_sub_ctx cx = {ctx};
		if (!table->sub)
			return false;
		table->sub(self, cx);
		return true;
	}
	default:
		return false;
	}
}

static const struct vat_method con_store_methods_[] = {
	{"get", 0, 1, 0, 1, 0},
	{"put", 0, 2, 0, 0, 0},
	{"sub", 0, 0, 0, 1, 0},
};

const struct vat_interface con_store_interface = {
	UINT64_C(0xb6bc75acc0cbc777), "constructs.capnp:Store",
	con_store_methods_, 3, con_store_dispatch_, NULL, 0};

static bool con_text_store_dispatch_(const void *impl, void *self, uint16_t method,
	struct vat_ctx *ctx)
{
	(void)impl;
	(void)self;
	(void)method;
	(void)ctx;
	return false;
}

static const struct vat_super con_text_store_supers_[] = {
	{&con_store_interface, offsetof(struct con_text_store_impl, store)},
};

const struct vat_interface con_text_store_interface = {
	UINT64_C(0xac690b70a90c99ed), "constructs.capnp:TextStore",
	NULL, 0, con_text_store_dispatch_, con_text_store_supers_, 1};

static bool con_pong_dispatch_(const void *impl, void *self, uint16_t method,
	struct vat_ctx *ctx)
{
	const struct con_pong_impl *table = (const struct con_pong_impl *)impl;
	switch (method) {
	case 0: {
		struct con_pong_pong_ctx cx = {ctx};
		if (!table->pong)
			return false;
		table->pong(self, cx);
		return true;
	}
	default:
		return false;
	}
}

static const struct vat_method con_pong_methods_[] = {
	{"pong", 0, 0, 0, 0, 0},
};

static const struct vat_super con_pong_supers_[] = {
	{&constructs_other_bottom_interface, offsetof(struct con_pong_impl, bottom)},
};

const struct vat_interface con_pong_interface = {
	UINT64_C(0xee50a5a6498bbbe2), "constructs.capnp:Pong",
	con_pong_methods_, 1, con_pong_dispatch_, con_pong_supers_, 1};

static bool con_cell_dispatch_(const void *impl, void *self, uint16_t method,
	struct vat_ctx *ctx)
{
	const struct con_cell_impl *table = (const struct con_cell_impl *)impl;
	switch (method) {
	case 0: {
		struct con_cell_read_ctx cx = {ctx};
		if (!table->read)
			return false;
		table->read(self, cx);
		return true;
	}
	case 1: {
		struct con_cell_write_ctx cx = {ctx};
		if (!table->write)
			return false;
		table->write(self, cx);
		return true;
	}
	case 2: {
		struct con_cell_swap_ctx cx = {ctx};
		if (!table->swap)
			return false;
		table->swap(self, cx);
		return true;
	}
	case 3: {
		struct con_cell_named_ctx cx = {ctx};
		if (!table->named)
			return false;
		table->named(self, cx);
		return true;
	}
	default:
		return false;
	}
}

static const struct vat_method con_cell_methods_[] = {
	{"read", 0, 0, 0, 2, 0},
	{"write", 0, 1, 0, 0, 0},
	{"swap", 0, 2, 0, 2, 0},
	{"named", 0, 2, 1, 5, 0},
};

const struct vat_interface con_cell_interface = {
	UINT64_C(0xf0e4dfe265931fc5), "constructs.capnp:Cell",
	con_cell_methods_, 4, con_cell_dispatch_, NULL, 0};

static bool con_cell_base_dispatch_(const void *impl, void *self, uint16_t method,
	struct vat_ctx *ctx)
{
	(void)impl;
	(void)self;
	(void)method;
	(void)ctx;
	return false;
}

static const struct vat_super con_cell_base_supers_[] = {
	{&con_cell_interface, offsetof(struct con_cell_base_impl, cell)},
};

const struct vat_interface con_cell_base_interface = {
	UINT64_C(0xfb905dcf7e473d3c), "constructs.capnp:CellBase",
	NULL, 0, con_cell_base_dispatch_, con_cell_base_supers_, 1};

static bool con_cell_user_dispatch_(const void *impl, void *self, uint16_t method,
	struct vat_ctx *ctx)
{
	const struct con_cell_user_impl *table = (const struct con_cell_user_impl *)impl;
	switch (method) {
	case 0: {
		struct con_cell_user_cell_ctx cx = {ctx};
		if (!table->cell)
			return false;
		table->cell(self, cx);
		return true;
	}
	default:
		return false;
	}
}

static const struct vat_method con_cell_user_methods_[] = {
	{"cell", 0, 0, 0, 1, 0},
};

const struct vat_interface con_cell_user_interface = {
	UINT64_C(0xc90d5bd391c815e2), "constructs.capnp:CellUser",
	con_cell_user_methods_, 1, con_cell_user_dispatch_, NULL, 0};

static bool con_dive_dispatch_(const void *impl, void *self, uint16_t method,
	struct vat_ctx *ctx)
{
	const struct con_dive_impl *table = (const struct con_dive_impl *)impl;
	switch (method) {
	case 0: {
		struct con_dive_dive_ctx cx = {ctx};
		if (!table->dive)
			return false;
		table->dive(self, cx);
		return true;
	}
	default:
		return false;
	}
}

static const struct vat_method con_dive_methods_[] = {
	{"dive", 0, 0, 0, 1, 0},
};

const struct vat_interface con_dive_interface = {
	UINT64_C(0xd16c1598c14a1b3d), "constructs.capnp:Dive",
	con_dive_methods_, 1, con_dive_dispatch_, NULL, 0};

static bool con_saver_dispatch_(const void *impl, void *self, uint16_t method,
	struct vat_ctx *ctx)
{
	const struct con_saver_impl *table = (const struct con_saver_impl *)impl;
	switch (method) {
	case 0: {
		struct con_saver_save_ctx cx = {ctx};
		if (!table->save)
			return false;
		table->save(self, cx);
		return true;
	}
	default:
		return false;
	}
}

static const struct vat_method con_saver_methods_[] = {
	{"save", 1, 0, 1, 0, 0},
};

const struct vat_interface con_saver_interface = {
	UINT64_C(0x8d782b93c87270b7), "constructs.capnp:Saver",
	con_saver_methods_, 1, con_saver_dispatch_, NULL, 0};

