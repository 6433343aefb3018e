/* SPDX-License-Identifier: MIT */
/* Level 2: objects that can be saved, and those that cannot. */
#include "vat/persistent.h"
#include "vat/conn/test-net.h"

struct saved { /* the answer to a save */
	struct vat_call *call;
	bool done, failed;
	enum vat_error_kind kind;
	char text[300];
	struct vat_ptr_r results;
};

static void on_saved(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct saved *s = user;
	s->done = true;
	s->failed = err;
	s->results = results;
	if (err) {
		s->kind = err->kind;
		(void)snprintf(s->text, sizeof(s->text), "%s", err->text);
	}
}

/* Saves cap for owner (NULL: for anybody) and waits. */
static struct saved save(struct net *n, struct vat_cap *cap, const char *owner)
{
	struct saved s = {0};
	struct vat_ptr_b seal_for;
	s.call = vat_save(n->vat[0], cap, &seal_for);
	if (owner)
		vat_set_text(seal_for, vat_str(owner));
	vat_call_send(s.call, on_saved, &s);
	net_run(n);
	CHECK(s.done);
	return s;
}

static char object_name[] = "object", thing_name[] = "thing";

/* The reference: who it is for, and the name in self. */
static void on_save(void *self, struct vat_ctx *ctx)
{
	char text[100];
	struct vat_text owner = vat_ptr_text(vat_save_seal_for(ctx), NULL);
	(void)snprintf(text, sizeof(text), "%s for %.*s", (char *)self, (int)owner.len, owner.s);
	vat_set_text(vat_save_sturdy_ref(ctx), vat_str(text));
	vat_ctx_return(ctx);
}

static void check_saved(struct saved *s, const char *want)
{
	CHECK_STR(s->failed ? s->text : "", "");
	CHECK(vat_text_is(vat_ptr_text(vat_saved(s->results), NULL), want));
	vat_call_free(s->call);
}

TEST(an_object_can_be_saved_and_sealed)
{
	static const struct vat_persistent_impl impl = {.save = on_save};
	struct net n;
	net_init(&n, 2);
	struct vat_cap *o =
		vat_serve(n.vat[1], &vat_persistent_interface, &impl, object_name, NULL);
	struct net_link *l = net_serve(&n, 0, 1, o);
	struct vat_cap *c = vat_conn_bootstrap(l->conn[0]);
	struct saved s = save(&n, c, NULL);
	check_saved(&s, "object for ");
	s = save(&n, c, "me");
	check_saved(&s, "object for me");
	vat_cap_unref(c);
	net_check_idle(&n);
	net_done(&n);
}

TEST(an_object_without_a_handler_cannot_be_saved)
{
	static const struct vat_persistent_impl impl = {0};
	struct net n;
	net_init(&n, 1);
	struct vat_cap *o = vat_serve(n.vat[0], &vat_persistent_interface, &impl, NULL, NULL);
	struct saved s = save(&n, o, NULL);
	CHECK_INT(s.kind, VAT_UNIMPLEMENTED);
	vat_call_free(s.call);
	vat_cap_unref(o);
	net_run(&n);
	net_done(&n);
}

static bool unknown(void *user, struct vat_cap *object, uint64_t interface_id, uint16_t method,
	struct vat_ctx *ctx)
{
	CHECK(vat_cap_self(object, &thing_impl));
	if (!vat_is_save(interface_id, method))
		return false;
	on_save(user, ctx);
	return true;
}

TEST(one_function_saves_all_objects_of_a_vat)
{
	struct net n;
	struct thing t = {0};
	struct reply r = {0};
	net_init(&n, 2);
	struct net_link *l = net_serve(&n, 0, 1, thing_serve(n.vat[1], &t));
	struct vat_cap *c = vat_conn_bootstrap(l->conn[0]);
	struct saved s = save(&n, c, NULL);
	CHECK(s.failed && s.kind == VAT_UNIMPLEMENTED);
	CHECK(strstr(s.text, "does not implement interface 0xc8cb212fcd9f5691"));
	vat_call_free(s.call);

	vat_on_unknown(n.vat[1], unknown, thing_name);
	s = save(&n, c, "me");
	check_saved(&s, "thing for me");
	/* What it does not answer fails as before, and what the object has is not its business. */
	r.call = vat_call_new(n.vat[0], c, 1234, 0, 0);
	vat_call_send(r.call, reply_done, &r);
	net_run(&n);
	CHECK_FAILED(r, VAT_UNIMPLEMENTED, "interface");
	thing_call(n.vat[0], c, THING_ECHO, 3, NULL, &r);
	net_run(&n);
	CHECK_REPLY(r, 3);

	vat_on_unknown(n.vat[1], NULL, NULL);
	s = save(&n, c, NULL);
	CHECK_INT(s.kind, VAT_UNIMPLEMENTED);
	vat_call_free(s.call);
	vat_cap_unref(c);
	net_check_idle(&n);
	net_done(&n);
}
