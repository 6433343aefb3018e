/* SPDX-License-Identifier: MIT */
/*
 * The ways to an object of a node that plays all parts (test-parts.h): there is one in hand,
 * and one that the reference stands for, and each gives a connection, fails or is silent as the
 * test says.  Time limits are not waited for: those that a test wants to pass do so at once.
 */
#include "core/way.h"
#include "core/service.h"
#include "core/test-call.h"
#include "core/test-parts.h"

#include <fcntl.h>

enum { LIMITS_MAX = 64 };

/* ---- time ---------------------------------------------------------------------------------- */

static struct {
	uint64_t limits[LIMITS_MAX]; /* all that were set */
	size_t n;
	uint64_t passes; /* a limit of this length passes at once */
	unsigned spared; /* but not the first ones */
} clock_state;

int sd_event_add_time_relative(sd_event *e, sd_event_source **ret, clockid_t clock, uint64_t usec,
	uint64_t accuracy, sd_event_time_handler_t handler, void *user)
{
	uint64_t now = 0, wait = usec;
	int r = sd_event_now(e, clock, &now);
	if (r < 0)
		return r;
	CHECK(clock_state.n < LIMITS_MAX);
	clock_state.limits[clock_state.n++] = usec;
	if (usec == clock_state.passes && clock_state.spared)
		clock_state.spared--;
	else if (usec == clock_state.passes)
		wait = 0;
	return sd_event_add_time(e, ret, clock, now + wait, accuracy, handler, user);
}

static uint64_t last_limit(void)
{
	CHECK(clock_state.n);
	return clock_state.limits[clock_state.n - 1];
}

/* ---- the world ----------------------------------------------------------------------------- */

struct object {
	enum manner manner;
	enum vat_error_kind kind; /* FAILS with */
	const char *text; /* and this; NULL: some */
	unsigned asked;
	struct vat_ctx *waiting;
	struct vat_cap *cap;
};

struct world {
	struct loop loop;
	struct parts parts;
	struct object hand, far; /* in hand, and of the reference */
	struct way *way;
	/* what `ask` does itself */
	bool no_end, no_fd; /* nothing, or no descriptor, comes for a local one */
	bool answers; /* the answer itself is what is wanted, and lasts as long as a holder */
	int ask_result;
	bool narrowed;
	/* how it ended */
	bool done, opened, frees;
	unsigned n_done;
	enum way_miss miss;
	struct err e;
};

/* The way asks its service for these two only. */
struct metac_node_admin_c service_node(struct service *s)
{
	return ((struct world *)s)->parts.admin;
}

const char *service_address(struct service *s)
{
	return "127.0.0.1";
}

static const struct metac_holder_impl end_impl = {};

static struct vat_cap *end_with_fd(struct world *w)
{
	struct vat_cap *end = metac_holder_serve(w->loop.vat, &end_impl, NULL, NULL).cap;
	CHECK_INT(vat_cap_attach_fd(end, open("/dev/null", O_RDWR | O_CLOEXEC)), 0);
	return end;
}

static struct world *the_world;

static void open_local(void *self, struct stream_stream_open_local_ctx cx)
{
	struct object *o = self;
	o->asked++;
	if (o->manner == FAILS) {
		vat_ctx_fail(cx.ctx, o->kind, "%s", o->text ?: "not now");
	} else if (o->manner == SILENT) {
		CHECK(!o->waiting);
		o->waiting = cx.ctx;
	} else {
		struct metac_holder_c end = {end_with_fd(the_world)};
		stream_stream_open_local_results_set_end(stream_stream_open_local_results(cx), end);
		metac_holder_unref(end);
		vat_ctx_return(cx.ctx);
	}
}

static void tcp_listen(void *self, struct stream_stream_tcp_listen_ctx cx)
{
	vat_ctx_fail(cx.ctx, VAT_UNIMPLEMENTED, "nor so");
}

static const struct stream_stream_impl object_impl = {
	.tcp_listen = tcp_listen, .open_local = open_local};

/* ---- the owner of the way ------------------------------------------------------------------ */

static void on_opened_local(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct way *way = user;
	if (err)
		way_fail_vat(way, err);
	else
		way_holder(way, stream_stream_open_local_results_get_end(
					stream_stream_open_local_results_from(results))
					.cap);
}

static int ask_for_answer(struct world *w, struct way *way, struct vat_cap *object)
{
	struct stream_stream_open_local_req q =
		stream_stream_open_local(w->loop.vat, stream_stream_cast(object));
	way_call(way, q.call);
	stream_stream_open_local_send(q, on_opened_local, way);
	return q.call ? 0 : -ENOMEM;
}

static int ask(void *user, struct way *way, struct vat_cap *object, bool local)
{
	struct world *w = user;
	if (w->ask_result < 0)
		return w->ask_result;
	if (w->answers)
		return ask_for_answer(w, way, object);
	if (!local)
		return way_stream(way, object);
	struct vat_cap *end = metac_holder_serve(w->loop.vat, &end_impl, NULL, NULL).cap;
	struct vat_cap *carrier = w->no_fd ? vat_cap_ref(end) : end_with_fd(w);
	way_carrier(way, carrier, w->no_end ? NULL : end);
	vat_cap_unref(carrier);
	vat_cap_unref(end);
	return 0;
}

static struct vat_cap *narrow(void *user, struct vat_cap *takes_object)
{
	struct world *w = user;
	w->narrowed = true;
	return takes_object;
}

static void finished(struct world *w)
{
	w->done = true;
	w->n_done++;
	if (w->frees)
		way_free(TAKE_PTR(w->way));
}

static void on_opened(void *user, int fd, struct vat_cap *end)
{
	struct world *w = user;
	CHECK((fd >= 0) == !w->answers && end);
	CHECK(way_is_idle(w->way));
	CHECK(w->answers ? fd == -EBADF : fcntl(fd, F_GETFD) == FD_CLOEXEC);
	if (fd >= 0)
		close(fd);
	vat_cap_unref(end);
	w->opened = true;
	finished(w);
}

static void on_missed(void *user, enum way_miss miss, const struct err *e)
{
	struct world *w = user;
	CHECK(way_is_idle(w->way));
	CHECK(*e->msg);
	w->opened = false;
	w->miss = miss;
	w->e = *e;
	finished(w);
}

static void up(struct world *w, bool in_hand, bool has_ref)
{
	CHECK_INT(loop_init(&w->loop), 0);
	struct vat *v = w->loop.vat;
	the_world = w;
	parts_init(&w->parts, v);
	w->hand.cap = stream_stream_serve(v, &object_impl, &w->hand, NULL).cap;
	w->far.cap = stream_stream_serve(v, &object_impl, &w->far, NULL).cap;
	w->parts.object = w->far.cap;
	struct way_config cfg = {
		.loop = &w->loop,
		.service = (struct service *)w,
		.object = in_hand ? w->hand.cap : NULL,
		.ref = has_ref ? parts_ref() : NULL,
		.what = "what is sought",
		.ask = ask,
		.narrow = narrow,
		.opened = on_opened,
		.missed = on_missed,
		.user = w,
	};
	w->way = way_new(&cfg);
	CHECK(w->way);
}

static void down(struct world *w)
{
	way_free(w->way);
	w->hand.manner = w->far.manner = w->parts.restores = GIVES; /* calls still to come */
	answer_silent(&w->parts.waiting);
	answer_silent(&w->hand.waiting);
	answer_silent(&w->far.waiting);
	vat_cap_unref(w->hand.cap);
	vat_cap_unref(w->far.cap);
	parts_done(&w->parts);
	loop_done(&w->loop);
}

static void wait_done(struct world *w)
{
	CHECK_INT(loop_wait(&w->loop, &w->done, 20000000), 0);
	w->done = false;
}

static void open_and_wait(struct world *w, bool local)
{
	way_open(w->way, local);
	wait_done(w);
}

/* Until the try is where the test wants it. */
static void run_until(struct world *w, const unsigned *n)
{
	bool is_there = false;
	for (int i = 0; !is_there && i < 1000; i++) {
		(void)sd_event_run(w->loop.event, 100000);
		is_there = *n;
	}
	CHECK(is_there);
}

/* ---- what is in hand ----------------------------------------------------------------------- */

TEST(what_is_in_hand_is_opened_as_often_as_wanted)
{
	struct world w = {};
	up(&w, true, true);
	CHECK(way_is_idle(w.way));
	for (unsigned i = 1; i <= 3; i++) {
		open_and_wait(&w, false);
		CHECK(w.opened);
		CHECK_INT(w.hand.asked, i);
	}
	CHECK_INT(w.parts.restored, 0);
	CHECK(way_object(w.way) == w.hand.cap);
	down(&w);
}

TEST(it_gets_more_time_when_there_is_nothing_else)
{
	struct world w = {}, without = {};
	up(&w, true, true);
	open_and_wait(&w, false);
	CHECK_INT(last_limit(), WAY_FIRST_US); /* it never worked */
	open_and_wait(&w, false);
	CHECK_INT(last_limit(), WAY_HAND_US);
	down(&w);
	up(&without, true, false);
	open_and_wait(&without, false);
	open_and_wait(&without, false);
	CHECK_INT(last_limit(), WAY_FIRST_US);
	down(&without);
}

TEST(when_it_fails_the_reference_is_next)
{
	struct world w = {.hand = {.manner = FAILS, .kind = VAT_DISCONNECTED}};
	up(&w, true, true);
	open_and_wait(&w, false);
	CHECK(w.opened && w.narrowed);
	CHECK_INT(w.hand.asked, 1);
	CHECK_INT(w.far.asked, 1);
	CHECK_INT(last_limit(), WAY_FETCH_US);
	open_and_wait(&w, false); /* what was fetched is in hand now */
	CHECK(w.opened);
	CHECK_INT(w.parts.restored, 1);
	CHECK_INT(w.far.asked, 2);
	CHECK_INT(w.n_done, 2);
	down(&w);
}

TEST(when_it_is_silent_the_reference_is_next)
{
	struct world w = {};
	up(&w, true, true);
	open_and_wait(&w, false);
	w.hand.manner = SILENT;
	clock_state.passes = WAY_HAND_US;
	open_and_wait(&w, false);
	CHECK(w.opened);
	CHECK_INT(w.far.asked, 1);
	down(&w);
}

TEST(what_is_broken_is_not_asked)
{
	struct world w = {};
	up(&w, true, true);
	struct vat_cap *broken = vat_cap_broken(w.loop.vat, VAT_DISCONNECTED, "gone");
	way_set_object(w.way, broken);
	vat_cap_unref(broken);
	open_and_wait(&w, false);
	CHECK(w.opened);
	CHECK_INT(w.hand.asked, 0);
	CHECK_INT(w.far.asked, 1);
	down(&w);
}

TEST(one_that_cannot_even_be_asked_is_a_failure_of_that_try)
{
	struct world w = {.ask_result = -ENOMEM};
	up(&w, true, true);
	open_and_wait(&w, false);
	CHECK(!w.opened);
	CHECK_INT(w.miss, WAY_MISS_TRY_AGAIN);
	CHECK_INT(w.parts.restored, 1);
	CHECK(strstr(w.e.msg, "what is sought"));
	down(&w);
}

/* ---- the reference ------------------------------------------------------------------------- */

TEST(with_nothing_in_hand_the_reference_is_fetched_at_once)
{
	struct world w = {};
	up(&w, false, true);
	CHECK(!way_object(w.way) && way_ref(w.way));
	open_and_wait(&w, false);
	CHECK(w.opened);
	CHECK(way_object(w.way) == w.far.cap);
	down(&w);
}

TEST(each_stage_is_tried_once)
{
	struct world w = {.hand = {.manner = FAILS, .kind = VAT_FAILED},
		.far = {.manner = FAILS, .kind = VAT_DISCONNECTED}};
	up(&w, true, true);
	open_and_wait(&w, false);
	CHECK_INT(w.miss, WAY_MISS_TRY_AGAIN);
	CHECK(w.hand.asked == 1 && w.parts.restored == 1 && w.far.asked == 1 && w.n_done == 1);
	CHECK(strstr(w.e.msg, "not now"));
	w.far.manner = GIVES;
	open_and_wait(&w, false);
	CHECK(w.opened);
	down(&w);
}

TEST(what_was_fetched_has_a_time_limit_too)
{
	struct world w = {.far = {.manner = SILENT}};
	up(&w, false, true);
	clock_state.passes = WAY_FETCH_US;
	clock_state.spared = 1; /* the fetch itself */
	open_and_wait(&w, false);
	CHECK_INT(w.miss, WAY_MISS_TRY_AGAIN);
	CHECK_INT(w.e.code, -ETIMEDOUT);
	CHECK_INT(w.far.asked, 1);
	down(&w);
}

TEST(a_host_that_does_not_answer_is_tried_again)
{
	struct world w = {.parts.restores = SILENT};
	up(&w, false, true);
	clock_state.passes = WAY_FETCH_US;
	open_and_wait(&w, false);
	CHECK_INT(w.miss, WAY_MISS_TRY_AGAIN);
	CHECK_INT(w.e.code, -ETIMEDOUT);
	answer_silent(&w.parts.waiting);
	w.parts.restores = GIVES;
	clock_state.passes = 0;
	open_and_wait(&w, false);
	CHECK(w.opened);
	down(&w);
}

TEST(a_void_reference_is_told_from_a_failure)
{
	static const struct {
		const char *text;
		enum way_miss miss;
	} t[] = {{"no such reference", WAY_MISS_REVOKED}, {"not yet", WAY_MISS_TRY_AGAIN}};
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct world w = {.parts = {.restores = FAILS, .text = t[i].text}};
		up(&w, false, true);
		open_and_wait(&w, false);
		CHECK_INT(w.miss, t[i].miss);
		down(&w);
	}
}

TEST(another_reference_is_used_from_then_on)
{
	struct world w = {.hand = {.manner = FAILS, .kind = VAT_DISCONNECTED}};
	up(&w, true, false);
	open_and_wait(&w, false);
	CHECK_INT(w.miss, WAY_MISS_LOST);
	way_set_ref(w.way, parts_ref());
	open_and_wait(&w, false);
	CHECK(w.opened);
	way_set_ref(w.way, NULL);
	CHECK(!way_ref(w.way));
	down(&w);
}

/* ---- lost ---------------------------------------------------------------------------------- */

TEST(without_a_reference_what_is_gone_is_lost)
{
	struct world w = {.hand = {.manner = FAILS, .kind = VAT_DISCONNECTED}};
	up(&w, true, false);
	open_and_wait(&w, false);
	CHECK_INT(w.miss, WAY_MISS_LOST);
	w.hand.kind = VAT_OVERLOADED; /* but who has too much to do is not gone */
	open_and_wait(&w, false);
	CHECK_INT(w.miss, WAY_MISS_TRY_AGAIN);
	struct vat_cap *broken = vat_cap_broken(w.loop.vat, VAT_DISCONNECTED, "gone");
	way_set_object(w.way, broken);
	open_and_wait(&w, false);
	CHECK_INT(w.miss, WAY_MISS_LOST);
	CHECK(strstr(w.e.msg, "what is sought is gone"));
	vat_cap_unref(broken);
	way_set_object(w.way, w.hand.cap); /* somebody found it */
	w.hand.manner = GIVES;
	open_and_wait(&w, false);
	CHECK(w.opened);
	down(&w);
}

TEST(without_a_reference_what_was_revoked_is_void)
{
	static const struct {
		const char *text;
		enum way_miss miss;
	} t[] = {{"revoked", WAY_MISS_REVOKED}, {"expired", WAY_MISS_REVOKED},
		{"unrevoked", WAY_MISS_LOST}, {"connection closed by the peer", WAY_MISS_LOST}};
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct world w = {
			.hand = {.manner = FAILS, .kind = VAT_DISCONNECTED, .text = t[i].text}};
		up(&w, true, false);
		open_and_wait(&w, false);
		CHECK_INT(w.miss, t[i].miss);
		struct vat_cap *broken = vat_cap_broken(w.loop.vat, VAT_DISCONNECTED, t[i].text);
		way_set_object(w.way, broken);
		vat_cap_unref(broken);
		open_and_wait(&w, false);
		CHECK_INT(w.miss, t[i].miss);
		way_set_ref(w.way, parts_ref()); /* which is asked then */
		open_and_wait(&w, false);
		CHECK(w.opened);
		down(&w);
	}
}

TEST(without_a_reference_silence_is_not_loss)
{
	struct world w = {.hand = {.manner = SILENT}};
	up(&w, true, false);
	clock_state.passes = WAY_FIRST_US;
	open_and_wait(&w, false);
	CHECK_INT(w.miss, WAY_MISS_TRY_AGAIN);
	CHECK_INT(w.e.code, -ETIMEDOUT);
	down(&w);
}

/* ---- of this host -------------------------------------------------------------------------- */

TEST(what_is_of_this_host_comes_as_a_descriptor)
{
	struct world w = {};
	up(&w, true, true);
	open_and_wait(&w, true);
	CHECK(w.opened);
	CHECK_INT(w.hand.asked, 0);
	down(&w);
}

TEST(what_is_not_of_this_host_is_not_fetched_for_that)
{
	struct world w = {.no_end = true};
	up(&w, true, true);
	open_and_wait(&w, true);
	CHECK_INT(w.miss, WAY_MISS_NOT_LOCAL);
	w.no_end = false;
	w.no_fd = true;
	open_and_wait(&w, true);
	CHECK(!w.opened);
	CHECK_INT(w.miss, WAY_MISS_NOT_LOCAL);
	CHECK_INT(w.parts.restored, 0);
	w.no_end = true;
	open_and_wait(&w, false); /* as a connection it is to be had */
	CHECK(w.opened);
	down(&w);
}

/* ---- what is no stream --------------------------------------------------------------------- */

TEST(an_answer_with_a_holder_is_enough)
{
	struct world w = {.answers = true};
	up(&w, true, true);
	for (unsigned i = 1; i <= 2; i++) {
		open_and_wait(&w, false);
		CHECK(w.opened);
		CHECK_INT(w.hand.asked, i);
	}
	w.hand.manner = FAILS; /* the reference is next */
	open_and_wait(&w, false);
	CHECK(w.opened && w.narrowed);
	CHECK_INT(w.far.asked, 1);
	down(&w);
}

TEST(an_answer_that_does_not_come_is_not_waited_for_for_ever)
{
	struct world w = {.answers = true, .hand = {.manner = SILENT}};
	up(&w, true, false);
	clock_state.passes = WAY_FIRST_US;
	open_and_wait(&w, false);
	CHECK_INT(w.miss, WAY_MISS_TRY_AGAIN);
	CHECK_INT(w.e.code, -ETIMEDOUT);
	answer_silent(&w.hand.waiting);
	clock_state.passes = 0;
	w.hand.manner = GIVES;
	w.frees = true;
	open_and_wait(&w, false);
	CHECK(w.opened);
	down(&w);
}

/* ---- trying again -------------------------------------------------------------------------- */

static void check_interval(struct world *w, uint64_t most)
{
	way_open_later(w->way, false);
	CHECK(!way_is_idle(w->way));
	CHECK(last_limit() <= most && last_limit() > most * 3 / 4);
}

TEST(it_is_tried_again_ever_more_slowly)
{
	struct world w = {};
	up(&w, true, true);
	for (int again = 0; again < 2; again++) {
		for (uint64_t us = WAY_BACKOFF_FIRST_US; us < WAY_BACKOFF_MAX_US; us *= 2)
			check_interval(&w, us);
		check_interval(&w, WAY_BACKOFF_MAX_US);
		check_interval(&w, WAY_BACKOFF_MAX_US);
		way_proven(w.way);
	}
	CHECK_INT(w.n_done, 0);
	way_open_later(w.way, false); /* the shortest: it comes to an end by itself */
	wait_done(&w);
	CHECK(w.opened);
	CHECK_INT(w.n_done, 1);
	down(&w);
}

/* ---- stopping ------------------------------------------------------------------------------ */

/* stop: it can go on afterwards; else it is freed, in the middle of that stage. */
static void stop_here(struct world *w, bool stop)
{
	CHECK(!way_is_idle(w->way));
	if (!stop) {
		down(w);
		CHECK_INT(w->n_done, 0);
		return;
	}
	way_stop(w->way);
	CHECK(way_is_idle(w->way));
	answer_silent(&w->parts.waiting);
	answer_silent(&w->hand.waiting);
	answer_silent(&w->far.waiting);
	w->parts.restores = w->hand.manner = w->far.manner = GIVES;
	open_and_wait(w, false);
	CHECK(w->opened);
	CHECK_INT(w->n_done, 1); /* nothing came of the first */
	down(w);
}

TEST(it_can_be_stopped_and_freed_at_every_stage)
{
	for (int stop = 0; stop < 2; stop++) {
		struct world begun = {}, hand = {.hand = {.manner = SILENT}};
		struct world fetching = {.parts.restores = SILENT};
		struct world far = {.far = {.manner = SILENT}}, local = {}, later = {};
		up(&begun, true, true);
		way_open(begun.way, false);
		stop_here(&begun, stop);
		up(&hand, true, true);
		way_open(hand.way, false);
		run_until(&hand, &hand.hand.asked);
		stop_here(&hand, stop);
		up(&fetching, false, true);
		way_open(fetching.way, false);
		run_until(&fetching, &fetching.parts.restored);
		stop_here(&fetching, stop);
		up(&far, false, true);
		way_open(far.way, false);
		run_until(&far, &far.far.asked);
		stop_here(&far, stop);
		up(&local, true, true);
		way_open(local.way, true);
		stop_here(&local, stop);
		up(&later, true, true);
		way_open_later(later.way, false);
		stop_here(&later, stop);
	}
}

TEST(opening_anew_ends_what_is_under_way)
{
	struct world w = {.hand = {.manner = SILENT}};
	up(&w, true, true);
	way_open(w.way, false);
	run_until(&w, &w.hand.asked);
	answer_silent(&w.hand.waiting);
	w.hand.manner = GIVES;
	way_open(w.way, false);
	wait_done(&w);
	CHECK(w.opened);
	CHECK_INT(w.n_done, 1);
	down(&w);
}

TEST(it_may_be_freed_by_who_is_told)
{
	struct world opened = {.frees = true}, failed = {.frees = true, .parts.restores = FAILS};
	struct world missed = {.frees = true, .hand = {.manner = FAILS}};
	struct world late = {.frees = true, .hand = {.manner = SILENT}};
	struct world lost = {.frees = true}, local = {.frees = true, .no_fd = true};
	up(&opened, true, true);
	open_and_wait(&opened, false);
	down(&opened);
	failed.parts.text = "no such reference";
	up(&failed, false, true);
	open_and_wait(&failed, false);
	down(&failed);
	up(&missed, true, false);
	open_and_wait(&missed, false);
	down(&missed);
	up(&late, true, false);
	clock_state.passes = WAY_FIRST_US;
	open_and_wait(&late, false);
	down(&late);
	up(&lost, false, false);
	open_and_wait(&lost, false);
	CHECK_INT(lost.miss, WAY_MISS_LOST);
	down(&lost);
	up(&local, true, true);
	open_and_wait(&local, true);
	CHECK_INT(local.miss, WAY_MISS_NOT_LOCAL);
	down(&local);
}
