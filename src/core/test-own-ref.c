/* SPDX-License-Identifier: MIT */
/* References of one's own, to an object that gives one, or does not. */
#include "core/own-ref.h"
#include "core/test-call.h"

struct world {
	struct loop loop;
	struct vat_cap *object; /* what the way leads to */
	struct persistence_persistable_c mount; /* what is to be kept */
	struct way *way;
	bool persistent, taken_over; /* is it already; set_ref is given, and was called */
	bool refuses;
	unsigned asked, created;
	bool asked_persistent;
};

static struct world *the_world;

struct loop *service_loop(struct service *s)
{
	return &the_world->loop;
}

const char *service_address(struct service *s)
{
	return "fd00::1";
}

struct metac_node_admin_c service_node(struct service *s)
{
	return (struct metac_node_admin_c){};
}

void service_fail(struct vat_ctx *ctx, const struct err *e)
{
	vat_ctx_fail(ctx, (enum vat_error_kind)e->kind, "%s", e->msg);
}

static void fill_ref(struct metac_metac_sturdy_ref_b b, const char *node, const char *secret)
{
	metac_node_address_set_ip(metac_metac_sturdy_ref_init_node(b), vat_str(node));
	metac_metac_sturdy_ref_set_service(b, vat_str("persistence"));
	vat_set_data(metac_metac_sturdy_ref_get_object_info_b(b),
		(struct vat_data){secret, (uint32_t)strlen(secret)});
}

static struct ref *ref_to(const char *node)
{
	struct err e = {};
	struct ref *ref = NULL;
	struct vat_message *m = vat_message_new(0, 0);
	fill_ref(metac_metac_sturdy_ref_init(vat_root_b(m)), node, "first");
	CHECK_INT(ref_from_sturdy(metac_metac_sturdy_ref_from(vat_root(m)), &ref, &e), 0);
	vat_message_free(m);
	return ref;
}

static void object_create(void *self, struct persistence_persistable_create_sturdy_ref_ctx cx)
{
	struct world *w = self;
	w->asked++;
	w->asked_persistent = persistence_persistable_create_sturdy_ref_params_get_persistent(
		persistence_persistable_create_sturdy_ref_params(cx));
	if (w->refuses) {
		vat_ctx_fail(cx.ctx, VAT_FAILED, "I give none");
		return;
	}
	fill_ref(persistence_persistable_create_sturdy_ref_results_init_id(
			 persistence_persistable_create_sturdy_ref_results(cx)),
		"fd00::2", "second");
	vat_ctx_return(cx.ctx);
}

static void create(void *user, struct persistence_persistable_create_sturdy_ref_ctx cx)
{
	struct world *w = user;
	w->created++;
	vat_ctx_return(cx.ctx);
}

static void set_ref(void *user, struct ref *takes)
{
	struct world *w = user;
	w->taken_over = true;
	way_set_ref(w->way, takes);
}

static void mount_create(void *self, struct persistence_persistable_create_sturdy_ref_ctx cx)
{
	struct world *w = self;
	struct own_ref_config cfg = {
		.way = w->way,
		.persistent = w->persistent,
		.what = "what is mounted",
		.create = create,
		.user = w,
	};
	if (w->created)
		cfg.set_ref = set_ref;
	own_ref_create_sturdy_ref(&cfg, cx);
}

static const struct persistence_persistable_impl object_impl = {.create_sturdy_ref = object_create};
static const struct persistence_persistable_impl mount_impl = {.create_sturdy_ref = mount_create};

static int ask(void *user, struct way *way, struct vat_cap *object, bool local)
{
	return -EOPNOTSUPP;
}

static void up(struct world *w, const char *node, bool in_hand)
{
	CHECK_INT(loop_init(&w->loop), 0);
	the_world = w;
	w->object = persistence_persistable_serve(w->loop.vat, &object_impl, w, NULL).cap;
	w->mount = persistence_persistable_serve(w->loop.vat, &mount_impl, w, NULL);
	struct way_config cfg = {
		.loop = &w->loop,
		.object = in_hand ? w->object : NULL,
		.ref = node ? ref_to(node) : NULL,
		.what = "it",
		.ask = ask,
		.user = w,
	};
	w->way = way_new(&cfg);
	CHECK(w->way);
}

static void down(struct world *w)
{
	way_free(w->way);
	vat_cap_unref(w->object);
	persistence_persistable_unref(w->mount);
	loop_done(&w->loop);
}

static struct answer keep(struct world *w, bool persistent)
{
	struct persistence_persistable_create_sturdy_ref_req q =
		persistence_persistable_create_sturdy_ref(w->loop.vat, w->mount);
	persistence_persistable_create_sturdy_ref_params_set_persistent(q.params, persistent);
	struct answer a = CALL(&w->loop, q, persistence_persistable_create_sturdy_ref_send);
	vat_call_free(q.call);
	return a;
}

TEST(what_is_persistent_gets_one_of_its_own)
{
	struct world w = {};
	up(&w, "fd00::2", true);
	struct ref *first = ref_to("fd00::2");
	CHECK(!keep(&w, true).failed);
	CHECK(w.asked == 1 && w.asked_persistent && w.created == 1);
	CHECK(vat_ptr_equal(vat_root(way_ref(w.way)->info), vat_root(first->info)) != VAT_EQUAL);
	CHECK(own_ref_of(NULL, w.way) == way_ref(w.way));
	w.persistent = true; /* once is enough */
	CHECK(!keep(&w, true).failed);
	CHECK(w.asked == 1 && w.created == 2);
	w.persistent = false;
	CHECK(!keep(&w, true).failed);
	CHECK(w.taken_over); /* who wants to know is told */
	ref_free(first);
	down(&w);
}

TEST(what_is_not_persistent_needs_none)
{
	struct world w = {};
	up(&w, "fd00::2", true);
	CHECK(!keep(&w, false).failed);
	CHECK(!w.asked && w.created == 1);
	down(&w);
}

TEST(what_this_node_keeps_needs_none_either)
{
	struct world own = {}, without = {};
	up(&own, "fd00::1", true);
	CHECK(!keep(&own, true).failed);
	CHECK(!own.asked && own.created == 1 && !own_ref_of(NULL, own.way));
	down(&own);
	up(&without, NULL, true);
	CHECK(!keep(&without, true).failed);
	CHECK(!without.asked && without.created == 1 && !own_ref_of(NULL, without.way));
	down(&without);
}

TEST(who_does_not_give_one_is_quoted)
{
	struct world w = {.refuses = true};
	up(&w, "fd00::2", true);
	struct answer a = keep(&w, true);
	CHECK(a.failed);
	CHECK_STR(a.text, "a persistent reference to what is mounted: I give none");
	CHECK(!w.created);
	down(&w);
}

TEST(with_nothing_in_hand_none_can_be_made)
{
	struct world w = {};
	up(&w, "fd00::2", false);
	struct answer a = keep(&w, true);
	CHECK(a.failed && strstr(a.text, "not connected"));
	CHECK(!w.created);
	down(&w);
}
