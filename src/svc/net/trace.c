/* SPDX-License-Identifier: MIT */
/*
 * L2Interface.trace: a Stream whose openings are captures.  See trace.h.
 */
#include "svc/net/trace.h"
#include "svc/net/iface.h"

#include <stdio.h>

struct trace {
	struct net_service *ns;
	struct iface *iface; /* as long as cap is held */
	struct vat_cap *cap;
	uint32_t snap;
	uint64_t count; /* 0: no end */
	size_t n_filter;
	struct sock_filter filter[];
};

/* ---- an opening ---------------------------------------------------------------------------- */

static int trace_enter(void *self, struct err *e)
{
	struct trace *t = self;
	if (t->ns->n_traces >= NET_TRACES_MAX)
		return err_set(e, -EDQUOT, "too many captures (limit %d)", NET_TRACES_MAX);
	t->ns->n_traces++;
	return 0;
}

static void trace_leave(void *self)
{
	struct trace *t = self;
	t->ns->n_traces--;
}

/* A packet socket on the interface as it is now. */
static int open_socket(struct trace *t, unsigned *ret_blocks, struct err *e)
{
	const struct trace_options o = {
		.snap = t->snap,
		.filter = t->filter,
		.n_filter = t->n_filter,
	};
	struct place *p = NULL;
	struct rtnl_link l;
	int r = iface_look(t->iface, &p, &l, e);
	if (r < 0)
		return r;
	r = iface_check(&l, e);
	if (r >= 0 && !(l.flags & IFF_UP))
		r = err_set(e, -ENETDOWN, "%s is down", l.name);
	if (r >= 0)
		r = trace_socket(p, l.index, &o, ret_blocks, e);
	place_unref(p);
	return r < 0 ? err_wrap(e, r, "capture of %s", t->iface->name) : r;
}

static int trace_spawn(void *self, int fd, struct spawn_child *ret, struct err *e)
{
	struct trace *t = self;
	char snap[32], count[32], blocks[32];
	unsigned n_blocks = 0;
	AUTO_CLOSE int packet = open_socket(t, &n_blocks, e);
	if (packet < 0)
		return packet;
	(void)snprintf(snap, sizeof(snap), "--snap=%u", t->snap);
	(void)snprintf(blocks, sizeof(blocks), "--blocks=%u", n_blocks);
	(void)snprintf(count, sizeof(count), "--count=%llu", (unsigned long long)t->count);
	const char *argv[] = {"metacd: net trace", "--role=net-trace", snap, blocks,
		t->count ? count : NULL, NULL};
	const int fds[] = {fd, packet};
	int r = spawn_worker(argv, fds, ARRAY_SIZE(fds), ret);
	return r < 0 ? err_errno(e, r, "start the capture") : 0;
}

/* ---- stored -------------------------------------------------------------------------------- */

static uint64_t pack(const struct sock_filter *f)
{
	return (uint64_t)f->code | (uint64_t)f->jt << 16 | (uint64_t)f->jf << 24 |
	       (uint64_t)f->k << 32;
}

static struct sock_filter unpack(uint64_t v)
{
	return (struct sock_filter){
		.code = (uint16_t)v,
		.jt = (uint8_t)(v >> 16),
		.jf = (uint8_t)(v >> 24),
		.k = (uint32_t)(v >> 32),
	};
}

static void trace_describe(void *self, struct vat_ptr_b description)
{
	struct trace *t = self;
	struct net_trace_description_b d = net_trace_description_init(description);
	iface_describe(t->iface, net_trace_description_init_iface(d));
	struct net_trace_options_b o = net_trace_description_init_options(d);
	net_trace_options_set_snap_length(o, t->snap);
	net_trace_options_set_count(o, t->count);
	struct vat_list_b list = net_trace_options_init_filter(o, (uint32_t)t->n_filter);
	for (size_t i = 0; i < t->n_filter; i++)
		vat_list_set_u64(list, (uint32_t)i, pack(&t->filter[i]));
}

static void trace_summary(void *self, char *ret, size_t size)
{
	struct trace *t = self;
	char text[300];
	iface_summary(t->iface, text, sizeof(text));
	(void)snprintf(ret, size, "capture of %s%s", text, t->n_filter ? ", filtered" : "");
}

static void trace_destroy(void *self)
{
	struct trace *t = self;
	vat_cap_unref(t->cap);
	free(t);
}

static const struct stream_source trace_source = {
	.enter = trace_enter,
	.leave = trace_leave,
	.spawn = trace_spawn,
	.describe = trace_describe,
	.summary = trace_summary,
	.destroy = trace_destroy,
	.category = NET_TRACE_CATEGORY,
};

/* ---- making one ---------------------------------------------------------------------------- */

static int trace_new(
	struct iface *f, struct net_trace_options_r o, struct trace **ret, struct err *e)
{
	struct vat_list_r filter = net_trace_options_get_filter(o);
	uint32_t n = filter.count;
	if (f->n_restrictions)
		return err_set(e, -EPERM, "no captures of a restricted interface");
	/* Its members do not see each other's. */
	if (f->created && f->created->routed && !f->kernel)
		return err_set(
			e, -EPERM, "a routed network is captured by who administers its host only");
	if (n > TRACE_FILTER_MAX)
		return err_set(e, -EINVAL, "a filter of %u instructions (at most %d)", n,
			TRACE_FILTER_MAX);
	struct trace *t = calloc(1, sizeof(*t) + n * sizeof(t->filter[0]));
	if (!t)
		return err_errno(e, -ENOMEM, "capture");
	t->ns = f->ns;
	t->iface = f;
	t->snap = MIN(net_trace_options_get_snap_length(o), (uint32_t)TRACE_SNAP_DEFAULT);
	t->snap = t->snap ? t->snap : TRACE_SNAP_DEFAULT;
	t->count = net_trace_options_get_count(o);
	t->n_filter = n;
	for (uint32_t i = 0; i < n; i++)
		t->filter[i] = unpack(vat_list_u64(filter, i));
	int r = trace_check_filter(t->filter, n, e);
	if (r < 0) {
		free(t);
		return r;
	}
	t->cap = vat_cap_ref(f->cap);
	*ret = t;
	return 0;
}

static int serve(
	struct iface *f, struct net_trace_options_r o, struct stream_stream_c *ret, struct err *e)
{
	struct trace *t = NULL;
	int r = trace_new(f, o, &t, e);
	if (r < 0)
		return r;
	*ret = stream_serve(&f->ns->streams, &trace_source, t);
	return ret->cap ? 0 : err_errno(e, -ENOMEM, "capture");
}

void trace_start(void *self, struct net_l2_interface_trace_ctx cx)
{
	struct stream_stream_c s = {};
	struct err e = {};
	int r = serve(self,
		net_l2_interface_trace_params_get_options(net_l2_interface_trace_params(cx)), &s,
		&e);
	if (r < 0) {
		service_fail(cx.ctx, &e);
		return;
	}
	net_l2_interface_trace_results_set_stream(net_l2_interface_trace_results(cx), s);
	stream_stream_unref(s);
	vat_ctx_return(cx.ctx);
}

int trace_restore(struct net_service *ns, struct net_trace_description_r d,
	struct stream_stream_c *ret, struct err *e)
{
	struct net_kernel_interface_c c = {};
	int r = iface_restore(ns, net_trace_description_get_iface(d), "", &c, e);
	if (r < 0)
		return r;
	r = serve(iface_of(c.cap), net_trace_description_get_options(d), ret, e);
	net_kernel_interface_unref(c);
	return r;
}
