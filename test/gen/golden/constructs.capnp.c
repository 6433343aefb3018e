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
	const struct con_names_of_c_interface_impl *table = impl;
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
	{"virtual", 0, 0, 0, 0},
};

const struct vat_interface con_names_of_c_interface_interface = {
	.id = UINT64_C(0xb76a1a6e303a274a),
	.name = "constructs.capnp:NamesOfC.Interface",
	.methods = con_names_of_c_interface_methods_,
	.n_methods = 1,
	.dispatch = con_names_of_c_interface_dispatch_,
};

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
	.id = UINT64_C(0xeec3eb621ea1993f),
	.name = "constructs.capnp:Marker",
	.dispatch = con_marker_dispatch_,
};

static bool con_base_dispatch_(const void *impl, void *self, uint16_t method,
	struct vat_ctx *ctx)
{
	const struct con_base_impl *table = impl;
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
	{"ping", 1, 0, 0, 2},
	{"nothing", 0, 0, 0, 0},
};

const struct vat_interface con_base_interface = {
	.id = UINT64_C(0x88689c2a2815ad56),
	.name = "constructs.capnp:Base",
	.methods = con_base_methods_,
	.n_methods = 2,
	.dispatch = con_base_dispatch_,
};

static bool con_left_dispatch_(const void *impl, void *self, uint16_t method,
	struct vat_ctx *ctx)
{
	const struct con_left_impl *table = impl;
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
	{"left", 0, 0, 0, 0},
};

static const struct vat_super con_left_supers_[] = {
	{&con_base_interface, offsetof(struct con_left_impl, base)},
};

const struct vat_interface con_left_interface = {
	.id = UINT64_C(0xb493b2c0cb85a464),
	.name = "constructs.capnp:Left",
	.methods = con_left_methods_,
	.n_methods = 1,
	.dispatch = con_left_dispatch_,
	.supers = con_left_supers_,
	.n_supers = 1,
};

static bool con_right_dispatch_(const void *impl, void *self, uint16_t method,
	struct vat_ctx *ctx)
{
	const struct con_right_impl *table = impl;
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
	{"right", 0, 0, 0, 0},
};

static const struct vat_super con_right_supers_[] = {
	{&con_base_interface, offsetof(struct con_right_impl, base)},
};

const struct vat_interface con_right_interface = {
	.id = UINT64_C(0x94422e0b2fc0549f),
	.name = "constructs.capnp:Right",
	.methods = con_right_methods_,
	.n_methods = 1,
	.dispatch = con_right_dispatch_,
	.supers = con_right_supers_,
	.n_supers = 1,
};

static bool con_diamond_dispatch_(const void *impl, void *self, uint16_t method,
	struct vat_ctx *ctx)
{
	const struct con_diamond_impl *table = impl;
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
	{"named", 6, 0, 0, 11},
	{"foreign", 1, 2, 1, 2},
	{"push", 0, 1, 0, 0},
	{"default", 0, 1, 0, 1},
	{"holder", 0, 0, 1, 3},
	{"renamedMethod", 0, 1, 0, 0},
};

static const struct vat_super con_diamond_supers_[] = {
	{&con_left_interface, offsetof(struct con_diamond_impl, left)},
	{&con_right_interface, offsetof(struct con_diamond_impl, right)},
	{&con_marker_interface, offsetof(struct con_diamond_impl, marker)},
	{&constructs_other_foreigner_interface, offsetof(struct con_diamond_impl, foreigner)},
};

const struct vat_interface con_diamond_interface = {
	.id = UINT64_C(0xc858e5a72b8601c5),
	.name = "constructs.capnp:Diamond",
	.methods = con_diamond_methods_,
	.n_methods = 6,
	.dispatch = con_diamond_dispatch_,
	.supers = con_diamond_supers_,
	.n_supers = 4,
};

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
	.id = UINT64_C(0xc16655727f01aed7),
	.name = "constructs.capnp:SameName",
	.dispatch = con_same_name_dispatch_,
	.supers = con_same_name_supers_,
	.n_supers = 2,
};

static bool con_twin_dispatch_(const void *impl, void *self, uint16_t method,
	struct vat_ctx *ctx)
{
	const struct con_twin_impl *table = impl;
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
	{"here", 0, 0, 0, 0},
};

const struct vat_interface con_twin_interface = {
	.id = UINT64_C(0xd0ce0e5ad3afa13b),
	.name = "constructs.capnp:Twin",
	.methods = con_twin_methods_,
	.n_methods = 1,
	.dispatch = con_twin_dispatch_,
};

static bool con_store_dispatch_(const void *impl, void *self, uint16_t method,
	struct vat_ctx *ctx)
{
	const struct con_store_impl *table = impl;
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
	{"get", 0, 1, 0, 1},
	{"put", 0, 2, 0, 0},
	{"sub", 0, 0, 0, 1},
};

const struct vat_interface con_store_interface = {
	.id = UINT64_C(0xb6bc75acc0cbc777),
	.name = "constructs.capnp:Store",
	.methods = con_store_methods_,
	.n_methods = 3,
	.dispatch = con_store_dispatch_,
};

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
	.id = UINT64_C(0xac690b70a90c99ed),
	.name = "constructs.capnp:TextStore",
	.dispatch = con_text_store_dispatch_,
	.supers = con_text_store_supers_,
	.n_supers = 1,
};

static bool con_saver_dispatch_(const void *impl, void *self, uint16_t method,
	struct vat_ctx *ctx)
{
	const struct con_saver_impl *table = impl;
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
	{"save", 1, 0, 1, 0},
};

const struct vat_interface con_saver_interface = {
	.id = UINT64_C(0x8d782b93c87270b7),
	.name = "constructs.capnp:Saver",
	.methods = con_saver_methods_,
	.n_methods = 1,
	.dispatch = con_saver_dispatch_,
};

