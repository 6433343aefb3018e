/* SPDX-License-Identifier: MIT */
/*
 * The network service's bootstrap objects, and the restorer of what it stored.  See net-service.h.
 *
 * It starts in any case: where it may not do its work (in a container without NET_ADMIN, say),
 * each request says so.
 */
#include "svc/net/net-service.h"
#include "base/log.h"
#include "svc/net/binding.h"
#include "svc/net/net-role.h"
#include "svc/net/reaper.h"
#include "sys/priv.h"
#include "sys/seccomp.h"

#include <limits.h>
#include <stdio.h>

/* ---- bootstrap ----------------------------------------------------------------------------- */

static void admin_root_namespace(void *self, struct net_network_service_admin_root_namespace_ctx cx)
{
	struct net_kernel_network_namespace_c n = namespace_serve(self, "");
	net_network_service_admin_root_namespace_results_set_namespace(
		net_network_service_admin_root_namespace_results(cx), n);
	net_kernel_network_namespace_unref(n);
	vat_ctx_return(cx.ctx);
}

static void admin_namespace(void *self, struct net_network_service_admin_namespace_ctx cx)
{
	struct net_service *ns = self;
	struct vat_text name = net_network_service_admin_namespace_params_get_name(
		net_network_service_admin_namespace_params(cx));
	struct err e = {};
	AUTO_FREE char *kept = NULL;
	int r = 0;
	if (strlen(name.s) != name.len || name.len >= PATH_MAX - 32)
		r = err_set(&e, -EINVAL, "that names no network namespace");
	if (r >= 0)
		r = place_name(ns, name.s, &kept, &e);
	if (r < 0) {
		service_fail(cx.ctx, &e);
		return;
	}
	struct net_kernel_network_namespace_c n = namespace_serve(ns, kept);
	net_network_service_admin_namespace_results_set_namespace(
		net_network_service_admin_namespace_results(cx), n);
	net_kernel_network_namespace_unref(n);
	vat_ctx_return(cx.ctx);
}

static void admin_list_bindings(void *self, struct net_network_service_admin_list_bindings_ctx cx)
{
	binding_list(self, cx);
}

static const struct net_network_service_admin_impl admin_impl = {
	.root_namespace = admin_root_namespace,
	.namespace_ = admin_namespace,
	.list_bindings = admin_list_bindings,
};

/* References are kept by the persistence service; none name this one. */
static void service_restore(void *self, struct metac_service_restore_ctx cx)
{
	vat_ctx_fail(cx.ctx, VAT_FAILED, "no such reference");
}

static const struct metac_service_impl service_impl = {.restore = service_restore};

/* ---- restoring ----------------------------------------------------------------------------- */

static void restore_interface(struct net_service *ns, struct persistence_cap_description_r d,
	struct persistence_restorer_restore_from_description_ctx cx)
{
	struct net_kernel_interface_c c = {};
	struct err e = {};
	int r = iface_restore(ns,
		net_interface_description_from(persistence_cap_description_get_description(d)),
		persistence_cap_description_get_runtime_id(d).s, &c, &e);
	if (r < 0) {
		service_fail(cx.ctx, &e);
		return;
	}
	vat_set_cap(persistence_restorer_restore_from_description_results_get_cap_b(
			    persistence_restorer_restore_from_description_results(cx)),
		c.cap);
	net_kernel_interface_unref(c);
	vat_ctx_return(cx.ctx);
}

static void restore_trace(struct net_service *ns, struct persistence_cap_description_r d,
	struct persistence_restorer_restore_from_description_ctx cx)
{
	struct stream_stream_c s = {};
	struct err e = {};
	int r = trace_restore(ns,
		net_trace_description_from(persistence_cap_description_get_description(d)), &s, &e);
	if (r < 0) {
		service_fail(cx.ctx, &e);
		return;
	}
	vat_set_cap(persistence_restorer_restore_from_description_results_get_cap_b(
			    persistence_restorer_restore_from_description_results(cx)),
		s.cap);
	stream_stream_unref(s);
	vat_ctx_return(cx.ctx);
}

static void restorer_restore(
	void *self, struct persistence_restorer_restore_from_description_ctx cx)
{
	struct net_service *ns = self;
	struct persistence_cap_description_r d =
		persistence_restorer_restore_from_description_params_get_description(
			persistence_restorer_restore_from_description_params(cx));
	struct vat_text category = persistence_cap_description_get_category(d);
	if (vat_text_is(category, NET_INTERFACE_CATEGORY))
		restore_interface(ns, d, cx);
	else if (vat_text_is(category, NET_BINDING_CATEGORY))
		binding_restore(ns,
			net_binding_description_from(
				persistence_cap_description_get_description(d)),
			persistence_cap_description_get_runtime_id(d).s, cx.ctx);
	else if (vat_text_is(category, NET_TRACE_CATEGORY))
		restore_trace(ns, d, cx);
	else
		vat_ctx_fail(cx.ctx, VAT_FAILED, "unknown category \"%s\"", category.s);
}

static const struct persistence_restorer_impl restorer_impl = {
	.restore_from_description = restorer_restore,
};

/* ---- life ---------------------------------------------------------------------------------- */

/* What it takes to be what this service is, and to start workers, which then give up more.  Not
 * among them: mounting, entering any namespace but one of the network, tracing, changing files that
 * are there; so SYS_ADMIN is not the whole host. A library that tries something else is told that
 * it may not. */
static int lock_down(void)
{
	static const char *const calls[] = {"@base", "@loop", "@socket", "@connect", "@fs-read",
		"@spawn", "setns:net", "bpf", "ioctl", "inotify_init1", "inotify_add_watch",
		"inotify_rm_watch", "mkdirat", "symlinkat", "unlinkat", "chdir", "umask", "sysinfo",
		"uname", NULL};
	return seccomp_confine(calls, SECCOMP_ELSE_EPERM);
}

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
	/* Only for looking into /proc (place-name.c). */
	int r = priv_caps_set_effective(~PRIV_CAP(CAP_SYS_PTRACE));
	if (r >= 0)
		r = lock_down();
	if (r < 0)
		return r;
	(void)snprintf(ns->address_text, sizeof(ns->address_text), "%s", service_address(s));
	if (rtnl_ip_parse(ns->address_text, &ns->address) <
		0) /* has a scope: no tunnel goes there */
		log_info("%s is good for this host's own interfaces only", ns->address_text);
	leftovers_start(ns);
	*ret_service = metac_service_serve(v, &service_impl, ns, NULL);
	*ret_admin = metac_service_admin_cast(
		net_network_service_admin_serve(v, &admin_impl, ns, NULL).cap);
	*ret_restorer = persistence_restorer_serve(v, &restorer_impl, ns, NULL);
	return ret_service->cap && ret_admin->cap && ret_restorer->cap ? 0 : -ENOMEM;
}

/* Objects that others hold go after this; what they are about has gone before. */
static void stop(void *self)
{
	struct net_service *ns = self;
	ns->lost = service_was_lost(ns->service);
	binding_end_all(ns);
	leftovers_done(ns);
	reaper_done(ns);
	if (!ns->lost)
		leftovers_sweep(ns);
	place_names_done(ns);
	place_unref(ns->root);
}

int net_service_run(const char *address, int runtime)
{
	struct net_service ns = {.runtime = runtime};
	list_init(&ns.places);
	list_init(&ns.created);
	list_init(&ns.bindings);
	list_init(&ns.tunnels);
	list_init(&ns.offers);
	list_init(&ns.ifaces);
	ns.on_event = iface_on_event;
	struct service_config cfg = {
		.name = "net",
		.address = address,
		.start = start,
		.stop = stop,
		.self = &ns,
	};
	int r = service_run(&cfg);
	stream_host_done(&ns.streams);
	return r;
}
