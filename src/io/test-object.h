/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * For the tests of this layer: an object with untyped methods, two ends of a socketpair in one
 * loop, and calls on them.
 */
#include "base/test.h"
#include "io/loop.h"

#include <fcntl.h>
#include <sys/socket.h>

enum { WAIT_US = 20 * 1000 * 1000, INTERFACE = 0x1234 };
enum { METHOD_ECHO, METHOD_GIVE_FD, METHOD_FAIL, METHOD_NEVER };

static unsigned destroyed;

static void serve(void *self, uint64_t interface, uint16_t method, struct vat_ctx *ctx)
{
	if (method == METHOD_ECHO) {
		vat_set_ptr(vat_ctx_results(ctx), vat_ctx_params(ctx));
	} else if (method == METHOD_GIVE_FD) {
		struct vat_cap *cap = vat_serve_any(vat_ctx_vat(ctx), serve, NULL, NULL);
		CHECK_INT(vat_cap_attach_fd(cap, open("/etc/passwd", O_RDONLY | O_CLOEXEC)), 0);
		vat_set_cap(vat_ctx_results(ctx), cap);
		vat_cap_unref(cap);
	} else if (method == METHOD_FAIL) {
		vat_ctx_fail(ctx, VAT_OVERLOADED, "not today");
		return;
	} else {
		*(struct vat_ctx **)self = ctx;
		return;
	}
	vat_ctx_return(ctx);
}

static void on_destroy(void *self)
{
	destroyed++;
}

static inline struct vat_cap *make_object(struct vat_loop *l)
{
	static struct vat_ctx *kept; /* by METHOD_NEVER */
	struct vat_cap *c = vat_serve_any(vat_loop_vat(l), serve, &kept, on_destroy);
	CHECK(c);
	return c;
}

struct pair {
	struct vat_loop *loop;
	struct vat_link *client, *server;
	struct vat_cap *object, *remote; /* the server's; as the client sees it */
};

static inline void pair_open(struct pair *p)
{
	int sv[2];
	CHECK_INT(vat_loop_new(&p->loop), 0);
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	p->object = make_object(p->loop);
	CHECK_INT(vat_loop_add(p->loop, sv[0], NULL, &p->client), 0);
	CHECK_INT(vat_loop_add(p->loop, sv[1], &(struct vat_link_config){.bootstrap = p->object},
			  &p->server),
		0);
	p->remote = vat_link_bootstrap(p->client);
}

static inline void pair_close(struct pair *p)
{
	vat_cap_unref(p->remote);
	vat_cap_unref(p->object);
	vat_loop_free(p->loop);
	CHECK_INT(destroyed, 1);
}

static inline struct vat_call *new_call(
	struct vat_loop *l, struct vat_cap *to, uint16_t method, const char *text)
{
	struct vat_call *q = vat_call_new(vat_loop_vat(l), to, INTERFACE, method, 0);
	CHECK(q);
	vat_set_data(vat_call_params(q), (struct vat_data){text, (uint32_t)strlen(text)});
	return q;
}

/* A call and its answer, which is static. */
static inline const char *echo(struct vat_loop *l, struct vat_cap *to, const char *text)
{
	static char answer[64];
	struct vat_ptr_r results;
	struct vat_error err = {.text = "no answer"};
	struct vat_call *q = new_call(l, to, METHOD_ECHO, text);
	int r = vat_loop_call(l, q, WAIT_US, &results, &err);
	if (r == -EREMOTEIO) {
		snprintf(answer, sizeof(answer), "failed: %s", err.text);
	} else {
		CHECK_INT(r, 0);
		struct vat_data d = vat_ptr_data(results, NULL);
		snprintf(answer, sizeof(answer), "%.*s", (int)d.len, (const char *)d.p);
	}
	vat_call_free(q);
	return answer;
}

/* Many calls at a time. */
struct burst {
	struct vat_loop *loop;
	unsigned answered, failed, wanted;
	bool done;
};

static inline void on_burst(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct burst *b = user;
	char want[16];
	snprintf(want, sizeof(want), "%u", b->answered++);
	b->done = b->answered == b->wanted;
	if (err) {
		b->failed++;
		return;
	}
	struct vat_data d = vat_ptr_data(results, NULL);
	CHECK(d.len == strlen(want) && !memcmp(d.p, want, d.len));
}

static inline void burst(struct burst *b, struct vat_loop *l, struct vat_cap *to, unsigned n)
{
	*b = (struct burst){.loop = l, .wanted = n};
	for (unsigned i = 0; i < n; i++) {
		char text[16];
		snprintf(text, sizeof(text), "%u", i);
		struct vat_call *q = new_call(l, to, METHOD_ECHO, text);
		vat_call_send(q, on_burst, b);
		vat_call_detach(q);
	}
}
