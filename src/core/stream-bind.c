/* SPDX-License-Identifier: MIT */
/*
 * Bindings: sessions that open another stream themselves; see stream.c.
 */
#include "core/service.h"
#include "core/stream-internal.h"

#include <stdio.h>

/* A stream that is joined with another: the first of the two is open, and this is what is bound. */
struct joined {
	struct stream_host *host;
	struct vat_cap *one, *other, *end; /* end: the Connection of `one` */
	struct vat_ctx *ctx;
	struct stream_opening *opening;
	int fd; /* of `one`; taken by its session */
};

static const struct joined *joined_of(const struct stream *st);

/* ---- bindTo -------------------------------------------------------------------------------- */

static void describe_binding(void *self, struct vat_ptr_b description)
{
	struct session *s = self;
	const struct joined *j = joined_of(s->stream);
	struct stream_stream_binding_b b = stream_stream_binding_init(description);
	stream_stream_binding_set_stream(b, stream_stream_cast(j ? j->one : s->stream_cap));
	stream_stream_binding_set_here(b, j != NULL);
	stream_stream_binding_set_other(b, stream_stream_cast(s->other));
}

static void binding_summary_text(struct session *s, char *ret, size_t size)
{
	char what[400];
	s->stream->source->summary(s->stream->self, what, sizeof(what));
	(void)snprintf(ret, size, "binding of %s", what);
}

static void binding_create_sturdy_ref(
	void *self, struct persistence_persistable_create_sturdy_ref_ctx cx)
{
	struct session *s = self;
	char summary[512], id[40];
	binding_summary_text(s, summary, sizeof(summary));
	(void)snprintf(id, sizeof(id), "binding-%p", (void *)s);
	struct service_object o = {
		.category = STREAM_BINDING_CATEGORY,
		.runtime_id = id,
		.summary = summary,
		.cap = s->cap,
		.describe = describe_binding,
		.self = s,
	};
	service_create_sturdy_ref(s->stream->host->service, cx, &o);
}

static void binding_summary(void *self, struct persistence_persistable_summary_ctx cx)
{
	char summary[512];
	binding_summary_text(self, summary, sizeof(summary));
	persistence_persistable_summary_results_set_info(
		persistence_persistable_summary_results(cx), vat_str(summary));
	vat_ctx_return(cx.ctx);
}

static const struct stream_binding_impl binding_impl = {
	.connection = {.waitable = {.wait = session_wait_for_end}},
	.persistable =
		{
			.create_sturdy_ref = binding_create_sturdy_ref,
			.summary = binding_summary,
		},
};

/* The other stream is open: the worker is put right on its socket, nothing is copied between. */
static void on_other_open(void *user, int fd, struct vat_cap *end, const struct err *err)
{
	struct session *s = user;
	struct vat_ctx *ctx = TAKE_PTR(s->bind_ctx);
	struct err e = {};
	AUTO_CLOSE int conn = fd;
	int r = fd;
	if (fd >= 0) {
		const struct joined *j = joined_of(s->stream);
		s->ends[0] = end;
		s->ends[1] = j ? vat_cap_ref(j->end) : NULL;
		r = session_run(s, conn, &e);
	} else {
		e = *err;
		err_wrap(&e, r, "bindTo: open the other stream");
	}
	if (r < 0) {
		session_end(s, &e);
		service_fail(ctx, &e);
		session_free(s);
		return;
	}
	struct vat *v = s->stream->host->loop->vat;
	s->cap = stream_binding_serve(v, &binding_impl, s, session_free).cap;
	if (!s->cap) {
		vat_ctx_fail(ctx, VAT_OVERLOADED, "out of memory");
		session_free(s);
		return;
	}
	/* bindTo and a restorer's restoreFromDescription both answer with one capability, at
	 * pointer 0. */
	stream_stream_bind_to_results_set_holder(
		stream_stream_bind_to_results((struct stream_stream_bind_to_ctx){ctx}),
		metac_holder_cast(s->cap));
	vat_cap_unref(s->cap);
	vat_ctx_return(ctx);
}

void stream_bind(struct stream *st, struct vat_cap *other, struct vat_ctx *ctx)
{
	struct session *s = session_for(st, ctx);
	if (!s)
		return;
	s->state = SESSION_OPENING;
	s->other = vat_cap_ref(other);
	s->bind_ctx = ctx;
	int r = stream_open(
		st->host->loop, other, st->host->address, on_other_open, s, &s->opening);
	if (r < 0)
		session_free(s); /* answers ctx */
}

/* ---- joining ------------------------------------------------------------------------------- */

static int joined_connect(void *self, struct err *e)
{
	struct joined *j = self;
	return j->fd < 0 ? err_set(e, -EBUSY, "it is bound already") : TAKE_FD(j->fd);
}

static void joined_summary(void *self, char *ret, size_t size)
{
	(void)snprintf(ret, size, "a stream of another host, through this one");
}

static void joined_destroy(void *self)
{
	struct joined *j = self;
	stream_opening_free(j->opening);
	vat_cap_unref(j->one);
	vat_cap_unref(j->other);
	vat_cap_unref(j->end);
	fd_close(j->fd);
	free(j);
}

/* Nobody gets the stream itself: it needs no description. */
static const struct stream_source joined_source = {
	.connect = joined_connect,
	.summary = joined_summary,
	.destroy = joined_destroy,
};

static const struct joined *joined_of(const struct stream *st)
{
	return st->source == &joined_source ? st->self : NULL;
}

static void on_one_open(void *user, int fd, struct vat_cap *end, const struct err *err)
{
	struct joined *j = user;
	struct vat_ctx *ctx = TAKE_PTR(j->ctx);
	j->fd = fd;
	j->end = end;
	if (fd < 0) {
		struct err e = *err;
		err_wrap(&e, fd, "join: open the first stream");
		service_fail(ctx, &e);
		joined_destroy(j);
		return;
	}
	struct vat_cap *other = vat_cap_ref(j->other);
	struct stream_stream_c s = stream_serve(j->host, &joined_source, j);
	struct stream *st = s.cap ? stream_of(s.cap) : NULL;
	if (st)
		stream_bind(st, other, ctx);
	else
		vat_ctx_fail(ctx, VAT_OVERLOADED, "out of memory");
	stream_stream_unref(s);
	vat_cap_unref(other);
}

void stream_join(
	struct stream_host *h, struct vat_cap *one, struct vat_cap *other, struct vat_ctx *cx)
{
	struct joined *j = calloc(1, sizeof(*j));
	if (!j) {
		vat_ctx_fail(cx, VAT_OVERLOADED, "out of memory");
		return;
	}
	*j = (struct joined){.host = h,
		.one = vat_cap_ref(one),
		.other = vat_cap_ref(other),
		.ctx = cx,
		.fd = -EBADF};
	int r = stream_open(h->loop, one, h->address, on_one_open, j, &j->opening);
	if (r < 0) {
		vat_ctx_fail(cx, VAT_FAILED, "join: open the first stream: %s", strerror(-r));
		joined_destroy(j);
	}
}

/* ---- restoring ----------------------------------------------------------------------------- */

void stream_restore_binding(struct stream_host *h, struct vat_ptr_r description, struct vat_ctx *cx)
{
	struct stream_stream_binding_r b = stream_stream_binding_from(description);
	struct vat_cap *own = stream_stream_binding_get_stream(b).cap;
	if (stream_stream_binding_get_here(b)) {
		stream_join(h, own, stream_stream_binding_get_other(b).cap, cx);
		return;
	}
	struct stream *st = stream_of(own);
	if (st) {
		stream_bind(st, stream_stream_binding_get_other(b).cap, cx);
		return;
	}
	/* The stream came back through its sturdy reference, as a capability from elsewhere: ask
	 * it. */
	struct stream_stream_bind_to_req q =
		stream_stream_bind_to(h->loop->vat, stream_stream_cast(own));
	stream_stream_bind_to_params_set_other(q.params, stream_stream_binding_get_other(b));
	vat_ctx_tail_call(cx, q.call);
}
