/* SPDX-License-Identifier: MIT */
/* Two vats and what a trace says of their messages, without schemas; test/gen/test-print.c has
 * some. */
#include "base/test.h"
#include "vat/cap/cap.h"
#include "vat/trace.h"

#define IFACE UINT64_C(0xb2c7e0f5a1d34968)

struct side {
	struct vat *v;
	struct vat_conn *conn;
	struct vat_trace *trace;
	char lines[8192];
};

static void on_line(void *user, const char *line)
{
	struct side *s = user;
	size_t len = strlen(s->lines);
	snprintf(s->lines + len, sizeof(s->lines) - len, "%s\n", line);
}

static void side_init(struct side *s, struct vat_cap *bootstrap)
{
	s->trace = vat_trace_new(NULL, 0, on_line, s);
	CHECK(s->trace);
	struct vat_conn_config cfg = {
		.bootstrap = bootstrap, .trace = vat_trace_message, .trace_user = s->trace};
	CHECK_INT(vat_conn_new(s->v, &cfg, &s->conn), 0);
}

static void side_done(struct side *s)
{
	vat_conn_free(s->conn);
	while (vat_run(s->v, 0))
		;
	vat_free(s->v);
	vat_trace_free(s->trace);
}

static bool carry(struct side *from, struct side *to)
{
	struct iovec iov[16];
	int fds[253];
	size_t n_fds, n = vat_conn_output(from->conn, iov, ARRAY_SIZE(iov), fds, 253, &n_fds);
	size_t sent = 0;
	for (size_t i = 0; i < n; i++) {
		void *space;
		size_t room;
		CHECK_INT(vat_conn_input(to->conn, &space, &room), 0);
		CHECK(room >= iov[i].iov_len);
		memcpy(space, iov[i].iov_base, iov[i].iov_len);
		(void)vat_conn_received(to->conn, iov[i].iov_len, NULL, 0);
		sent += iov[i].iov_len;
	}
	vat_conn_sent(from->conn, sent);
	return n;
}

static void settle(struct side *a, struct side *b)
{
	do {
		while (vat_run(a->v, 0) || vat_run(b->v, 0))
			;
	} while (carry(a, b) || carry(b, a));
}

/* Method 1 answers with its object, 2 fails, others keep the caller waiting. */
static void on_call(void *self, uint64_t interface_id, uint16_t method, struct vat_ctx *ctx)
{
	struct vat_ctx **kept = self;
	if (method == 1) {
		struct vat_struct_b b = vat_init_struct(vat_ctx_results(ctx), 0, 1);
		vat_set_cap(vat_ptr_at_b(b, 0),
			vat_ptr_cap(vat_ptr_at(vat_ptr_struct(vat_ctx_params(ctx), NULL), 0)));
		vat_ctx_return(ctx);
	} else if (method == 2) {
		vat_ctx_fail(ctx, VAT_OVERLOADED, "too\nmuch");
	} else {
		*kept = ctx;
	}
}

TEST(each_message_is_a_line_on_both_sides)
{
	struct side a = {.v = vat_new(NULL)}, b = {.v = vat_new(NULL)};
	struct vat_ctx *kept = NULL;
	struct vat_cap *object = vat_serve_any(b.v, on_call, &kept, NULL);
	struct vat_cap *own = vat_serve_any(a.v, on_call, &kept, NULL);
	side_init(&a, NULL);
	side_init(&b, object);
	vat_cap_unref(object);
	struct vat_cap *boot = vat_conn_bootstrap(a.conn);
	settle(&a, &b);
	struct vat_call *call = vat_call_new(a.v, boot, IFACE, 1, 0);
	struct vat_struct_b p = vat_init_struct(vat_call_params(call), 1, 1);
	vat_set_cap(vat_ptr_at_b(p, 0), own);
	vat_call_send(call, NULL, NULL);
	settle(&a, &b);
	struct vat_call *bad = vat_call_new(a.v, boot, IFACE, 2, 0);
	vat_init_struct(vat_call_params(bad), 1, 0);
	vat_call_send(bad, NULL, NULL);
	settle(&a, &b);
	vat_call_free(call);
	vat_call_free(bad);
	vat_cap_unref(own);
	vat_cap_unref(boot);
	settle(&a, &b);
	CHECK(strstr(a.lines, "> bootstrap q0\n"));
	CHECK(strstr(b.lines, "< bootstrap q0\n"));
	CHECK(strstr(a.lines, "< return q0: results <external capability>; caps: import 0"));
	CHECK(strstr(b.lines, "> return q0: results <external capability>; caps: export 0"));
	CHECK(strstr(a.lines, ", @0xb2c7e0f5a1d34968.1 <pointer>; caps: export 0"));
	CHECK(strstr(b.lines, ", @0xb2c7e0f5a1d34968.1 <pointer>; caps: import 0"));
	CHECK(strstr(a.lines, "results <pointer>; caps: export 0"));
	CHECK(strstr(a.lines, "overloaded: "));
	CHECK(strstr(a.lines, "too?much"));
	CHECK(strstr(a.lines, "> finish q"));
	CHECK(strstr(a.lines, "> release import 0, 1 references"));
	CHECK(strstr(b.lines, "< release export 0, 1 references"));
	side_done(&a);
	side_done(&b);
}

TEST(what_cannot_be_read_is_a_line_too)
{
	struct side a = {.v = vat_new(NULL)};
	side_init(&a, NULL);
	static uint64_t words[] = {0, 0};
	struct iovec iov = {words, sizeof(words)};
	vat_trace_message(a.trace, false, &iov, 0);
	vat_trace_message(a.trace, false, &iov, 1);
	CHECK_STR(a.lines, "< unreadable message\n< unimplemented: unimplemented: unimplemented:  "
			   "(damaged)\n");
	side_done(&a);
	vat_trace_free(NULL);
}
