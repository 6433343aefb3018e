/* SPDX-License-Identifier: MIT */
/*
 * The network service's bootstrap objects, and the restorer of what it stored.  See net-service.h.
 */
#include "svc/net/net-service.h"
#include "base/log.h"
#include "svc/net/net-role.h"

/* ---- bootstrap ----------------------------------------------------------------------------- */

static const struct net_network_service_admin_impl admin_impl = {};

/* References are kept by the persistence service; none name this one. */
static void service_restore(void *self, struct metac_service_restore_ctx cx)
{
	vat_ctx_fail(cx.ctx, VAT_FAILED, "no such reference");
}

static const struct metac_service_impl service_impl = {.restore = service_restore};

/* ---- restoring ----------------------------------------------------------------------------- */

static void restorer_restore(
	void *self, struct persistence_restorer_restore_from_description_ctx cx)
{
	struct persistence_cap_description_r d =
		persistence_restorer_restore_from_description_params_get_description(
			persistence_restorer_restore_from_description_params(cx));
	struct vat_text category = persistence_cap_description_get_category(d);
	vat_ctx_fail(cx.ctx, VAT_FAILED, "unknown category \"%s\"", category.s);
}

static const struct persistence_restorer_impl restorer_impl = {
	.restore_from_description = restorer_restore,
};

/* ---- life ---------------------------------------------------------------------------------- */

static int start(void *self, struct service *s, struct metac_service_c *ret_service,
	struct metac_service_admin_c *ret_admin, struct persistence_restorer_c *ret_restorer)
{
	struct net_service *ns = self;
	struct vat *v = service_loop(s)->vat;
	ns->service = s;
	ns->streams = (struct stream_host){
		.loop = service_loop(s),
		.address = service_address(s),
		.service = s,
	};
	*ret_service = metac_service_serve(v, &service_impl, ns, NULL);
	*ret_admin = metac_service_admin_cast(
		net_network_service_admin_serve(v, &admin_impl, ns, NULL).cap);
	*ret_restorer = persistence_restorer_serve(v, &restorer_impl, ns, NULL);
	return ret_service->cap && ret_admin->cap && ret_restorer->cap ? 0 : -ENOMEM;
}

int net_service_run(const char *address, int runtime)
{
	struct net_service ns = {.runtime = runtime};
	list_init(&ns.places);
	list_init(&ns.created);
	list_init(&ns.bindings);
	list_init(&ns.tunnels);
	list_init(&ns.offers);
	struct service_config cfg = {
		.name = "net",
		.address = address,
		.start = start,
		.self = &ns,
	};
	int r = service_run(&cfg);
	stream_host_done(&ns.streams);
	return r;
}
