/* Made by capnpc-vat from constructs-other.capnp: do not edit. */
#include "constructs-other.capnp.h"

static bool constructs_other_foreigner_dispatch_(const void *impl, void *self, uint16_t method,
	struct vat_ctx *ctx)
{
	const struct constructs_other_foreigner_impl *table = impl;
	switch (method) {
	case 0: {
		struct constructs_other_foreigner_visit_ctx cx = {ctx};
		if (!table->visit)
			return false;
		table->visit(self, cx);
		return true;
	}
	default:
		return false;
	}
}

static const struct vat_method constructs_other_foreigner_methods_[] = {
	{"visit", 0, 1, 0, 1},
};

const struct vat_interface constructs_other_foreigner_interface = {
	.id = UINT64_C(0xf9ea03aa9aee89e9),
	.name = "constructs-other.capnp:Foreigner",
	.methods = constructs_other_foreigner_methods_,
	.n_methods = 1,
	.dispatch = constructs_other_foreigner_dispatch_,
};

static bool constructs_other_twin_dispatch_(const void *impl, void *self, uint16_t method,
	struct vat_ctx *ctx)
{
	const struct constructs_other_twin_impl *table = impl;
	switch (method) {
	case 0: {
		struct constructs_other_twin_there_ctx cx = {ctx};
		if (!table->there)
			return false;
		table->there(self, cx);
		return true;
	}
	default:
		return false;
	}
}

static const struct vat_method constructs_other_twin_methods_[] = {
	{"there", 0, 0, 0, 0},
};

const struct vat_interface constructs_other_twin_interface = {
	.id = UINT64_C(0xd0c12213968cd980),
	.name = "constructs-other.capnp:Twin",
	.methods = constructs_other_twin_methods_,
	.n_methods = 1,
	.dispatch = constructs_other_twin_dispatch_,
};

