/* Made by capnpc-vat from constructs-other.capnp: do not edit. */
#include "constructs-other.capnp.h"

static bool constructs_other_foreigner_dispatch_(const void *impl, void *self, uint16_t method,
	struct vat_ctx *ctx)
{
	const struct constructs_other_foreigner_impl *table = (const struct constructs_other_foreigner_impl *)impl;
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
	{"visit", 0, 1, 0, 1, 0},
};

const struct vat_interface constructs_other_foreigner_interface = {
	UINT64_C(0xf9ea03aa9aee89e9), "constructs-other.capnp:Foreigner",
	constructs_other_foreigner_methods_, 1, constructs_other_foreigner_dispatch_, NULL, 0};

static bool constructs_other_twin_dispatch_(const void *impl, void *self, uint16_t method,
	struct vat_ctx *ctx)
{
	const struct constructs_other_twin_impl *table = (const struct constructs_other_twin_impl *)impl;
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
	{"there", 0, 0, 0, 0, 0},
};

const struct vat_interface constructs_other_twin_interface = {
	UINT64_C(0xd0c12213968cd980), "constructs-other.capnp:Twin",
	constructs_other_twin_methods_, 1, constructs_other_twin_dispatch_, NULL, 0};

static bool constructs_other_ping_dispatch_(const void *impl, void *self, uint16_t method,
	struct vat_ctx *ctx)
{
	const struct constructs_other_ping_impl *table = (const struct constructs_other_ping_impl *)impl;
	switch (method) {
	case 0: {
		struct constructs_other_ping_ping_ctx cx = {ctx};
		if (!table->ping)
			return false;
		table->ping(self, cx);
		return true;
	}
	default:
		return false;
	}
}

static const struct vat_method constructs_other_ping_methods_[] = {
	{"ping", 0, 0, 0, 0, 0},
};

static const struct vat_super constructs_other_ping_supers_[] = {
	{&con_pong_interface, offsetof(struct constructs_other_ping_impl, pong)},
};

const struct vat_interface constructs_other_ping_interface = {
	UINT64_C(0xe9dc374f35aecab2), "constructs-other.capnp:Ping",
	constructs_other_ping_methods_, 1, constructs_other_ping_dispatch_, constructs_other_ping_supers_, 1};

static bool constructs_other_bottom_dispatch_(const void *impl, void *self, uint16_t method,
	struct vat_ctx *ctx)
{
	const struct constructs_other_bottom_impl *table = (const struct constructs_other_bottom_impl *)impl;
	switch (method) {
	case 0: {
		struct constructs_other_bottom_bottom_ctx cx = {ctx};
		if (!table->bottom)
			return false;
		table->bottom(self, cx);
		return true;
	}
	default:
		return false;
	}
}

static const struct vat_method constructs_other_bottom_methods_[] = {
	{"bottom", 0, 0, 0, 0, 0},
};

const struct vat_interface constructs_other_bottom_interface = {
	UINT64_C(0x8891db0e94028546), "constructs-other.capnp:Bottom",
	constructs_other_bottom_methods_, 1, constructs_other_bottom_dispatch_, NULL, 0};

