/* SPDX-License-Identifier: MIT */
/*
 * Two vats, message by message: calls and their ends, references, cancellation, promises that
 * resolve late, in circles, or to something broken.  test/rpc/README.md tells where the situations
 * come from.
 */
#include "vat/conn/test-script.h"
#include "vat/conn/test-raw.h"

/* ---- calls ----------------------------------------------------------------------------------- */

SCRIPT(connection)
{
	step(p, S, "bootstrap");
	step(p, C, "return boot");
	struct reply *r = say(p, C, p->to[S], 7);
	step(p, S, "call 7");
	step(p, C, "return 7");
	CHECK(r->done && r->n == 7);
}

SCRIPT(return_of_an_own_object_is_the_object_itself)
{
	struct thing *local;
	boot_up(p);
	struct vat_cap *mine = object(p, C, &local);
	struct reply *r = script_call(p, C, p->to[S], THING_ECHO_CAP, 1, mine);
	step(p, S, "call 1");
	step(p, C, "return 0");
	CHECK(r->done && r->cap == mine);
	CHECK(vat_cap_self(r->cap, &thing_impl) == local);
	drop(p, mine);
	forget(r);
	step(p, S, "finish");
	step(p, C, "release");
	net_work(&p->n);
	CHECK(p->gone[0]);
}

SCRIPT(return_error)
{
	struct thing *local;
	boot_up(p);
	struct vat_cap *mine = object(p, C, &local);
	struct reply *r = script_call(p, C, p->to[S], THING_FAIL, VAT_OVERLOADED, mine);
	drop(p, mine);
	flush(p);
	CHECK(r->done && r->failed && r->kind == VAT_OVERLOADED);
	CHECK(p->gone[0]);
}

SCRIPT(shared_cap_is_released_and_exported_again)
{
	boot_up(p);
	struct reply *r = script_call(p, C, p->to[S], THING_ECHO_CAP, 1, p->to[S]);
	p->to[S] = vat_cap_unref(p->to[S]);
	step(p, S, "call 1");
	step(p, C, "return 0");
	flush(p);
	CHECK(r->done && !r->failed);
	/* Still usable after all earlier references were given back. */
	struct reply *again = say(p, C, r->cap, 5);
	flush(p);
	CHECK(again->done && again->n == 5);
}

SCRIPT(fields_outlive_the_struct)
{
	struct reply *q1 = script_call(p, C, p->to[S], THING_MAKE, 0, NULL);
	struct vat_cap *made = part(p, q1, 0);
	step(p, S, "bootstrap");
	step(p, C, "return boot");
	step(p, S, "call 0");
	step(p, C, "return 0");
	CHECK(q1->done && !q1->failed);
	forget(q1);
	struct reply *q2 = say(p, C, made, 2);
	flush(p);
	CHECK(q2->done && q2->n == 2);
}

/* ---- cancellation ---------------------------------------------------------------------------- */

SCRIPT(cancel_1_not_while_a_part_is_in_use)
{
	struct reply *q1 = ask(p, C, p->to[S], 1, NULL);
	struct vat_cap *prom = part(p, q1, 0);
	forget(q1);
	struct reply *q2 = ask(p, C, prom, 2, NULL);
	step(p, S, "bootstrap");
	step(p, C, "return boot");
	step(p, S, "call 1");
	step(p, S, "call 2");
	CHECK_INT(p->bs[S].canceled, 0);
	answer(pop(p, &p->bs[S], 1, NULL), 1, 0, NULL);
	flush(p);
	CHECK(q2->done && q2->failed);
}

SCRIPT(cancel_2_is_answered_and_gives_results_back)
{
	boot_up(p);
	struct thing *local;
	struct vat_cap *result = object(p, S, &local);
	struct reply *q1 = ask(p, C, p->to[S], 1, NULL);
	forget(q1);
	step(p, S, "call 1");
	step(p, S, "finish");
	CHECK_INT(p->bs[S].canceled, 1);
	answer1(pop(p, &p->bs[S], 1, NULL), 1, result);
	drop(p, result);
	step(p, C, "return canceled");
	flush(p);
	CHECK(p->gone[0]);
}

SCRIPT(cancel_3_crossed_by_its_results)
{
	struct thing *local;
	boot_up(p);
	struct vat_cap *result = object(p, S, &local);
	struct reply *q1 = ask(p, C, p->to[S], 1, NULL);
	step(p, S, "call 1");
	answer1(pop(p, &p->bs[S], 1, NULL), 1, result);
	drop(p, result);
	net_collect(p->l, S);
	forget(q1);
	step(p, C, "return 1");
	flush(p);
	CHECK(p->gone[0]);
}

/* ---- identity of references ------------------------------------------------------------------ */

SCRIPT(duplicates_are_the_same_object)
{
	struct reply *q1 = ask(p, C, p->to[S], 1, NULL);
	p->to[S] = vat_cap_unref(p->to[S]);
	struct vat_cap *x1 = part(p, q1, 0), *x2 = part(p, q1, 0);
	forget(q1);
	CHECK(x1 == x2);
	drop(p, x1);
	drop(p, x2);
	step(p, S, "bootstrap");
	step(p, C, "return boot");
	step(p, S, "call 1");
	answer(pop(p, &p->bs[S], 1, NULL), 1, 0, NULL);
	flush(p);
	CHECK(vat_conn_idle(p->l->conn[S]) && vat_conn_idle(p->l->conn[C]));
}

SCRIPT(re_export_uses_the_same_entry)
{
	struct thing *local;
	struct vat_conn_counts k;
	boot_up(p);
	struct vat_cap *mine = object(p, C, &local);
	ask(p, C, p->to[S], 1, mine);
	ask(p, C, p->to[S], 2, mine);
	vat_conn_counts(p->l->conn[C], &k);
	CHECK_INT(k.exports, 1);
	step(p, S, "call 1");
	step(p, S, "call 2");
	struct vat_ctx *a1 = pop(p, &p->bs[S], 1, NULL), *a2 = pop(p, &p->bs[S], 2, NULL);
	struct vat_cap *c1 = vat_ptr_cap(vat_ptr_at(thing_params(a1), 0));
	struct vat_cap *c2 = vat_ptr_cap(vat_ptr_at(thing_params(a2), 0));
	CHECK(c1 == c2);
	answer(a1, 1, 0, NULL);
	answer(a2, 2, 0, NULL);
	drop(p, mine);
	flush(p);
	CHECK(p->gone[0]);
}

SCRIPT(shorten_field_names_the_answer)
{
	struct thing *logger;
	struct vat_cap *direct;
	boot_up(p);
	struct vat_cap *theirs = object(p, S, &logger);
	struct reply *q1 = ask(p, C, p->to[S], 1, NULL);
	struct vat_cap *field = part(p, q1, 0);
	ask(p, C, p->to[S], 2, field);
	step(p, S, "call 1");
	answer1(pop(p, &p->bs[S], 1, NULL), 1, theirs);
	step(p, S, "call 2");
	struct vat_ctx *a2 = pop(p, &p->bs[S], 2, &direct);
	CHECK(vat_cap_self(direct, &thing_impl) == logger);
	answer(a2, 2, 0, NULL);
	flush(p);
}

SCRIPT(ref_counts_of_parts)
{
	struct thing *a, *b;
	struct reply *q = ask(p, C, p->own[C], 1, NULL);
	struct vat_cap *parts[] = {part(p, q, 0), part(p, q, 1)};
	struct vat_cap *results[] = {object(p, C, &a), object(p, C, &b)};
	struct reply *ahead = say(p, C, parts[0], 5);
	net_work(&p->n);
	answer(pop(p, &p->bs[C], 1, NULL), 1, 2, results);
	struct vat_cap *more[] = {part(p, q, 0), part(p, q, 2)};
	net_work(&p->n);
	CHECK(ahead->done && !ahead->failed);
	forget(q);
	for (unsigned i = 0; i < 2; i++) {
		drop(p, parts[i]);
		drop(p, results[i]);
		drop(p, more[i]);
	}
	forget(ahead);
	net_work(&p->n);
	CHECK(p->gone[0] && p->gone[1]);
}

/* ---- circles --------------------------------------------------------------------------------- */

static void check_circle(struct script *p, struct vat_cap *c)
{
	struct reply *r = ask(p, C, c, 99, NULL);
	net_work(&p->n);
	CHECK(r->done && r->failed);
}

SCRIPT(cycle_1_promises_of_each_other)
{
	struct vat_resolver *r1, *r2;
	struct vat_cap *p1 = promise(p, C, &r1), *p2 = promise(p, C, &r2);
	resolve(r1, p2);
	resolve(r2, p1);
	check_circle(p, p1);
	check_circle(p, p2);
	/* An answer that is its own part. */
	struct reply *q = ask(p, C, p->own[C], 1, NULL);
	struct vat_cap *c = part(p, q, 0);
	net_work(&p->n);
	answer1(pop(p, &p->bs[C], 1, NULL), 1, c);
	check_circle(p, c);
}

SCRIPT(cycle_2_answer_from_a_call_on_itself)
{
	struct reply *q1 = ask(p, C, p->own[C], 1, NULL);
	struct reply *q2 = ask(p, C, part(p, q1, 0), 2, NULL);
	struct vat_cap *c = part(p, q2, 0);
	net_work(&p->n);
	answer1(pop(p, &p->bs[C], 1, NULL), 1, c);
	net_work(&p->n);
	CHECK(q2->done && q2->failed);
	check_circle(p, part(p, q1, 0));
}

SCRIPT(cycle_3_field_that_is_another_field_is_none)
{
	struct thing *echo;
	struct reply *q1 = ask(p, C, p->own[C], 1, NULL);
	struct vat_cap *f0 = part(p, q1, 0), *f1 = part(p, q1, 1);
	struct vat_cap *results[] = {f1, object(p, C, &echo)};
	net_work(&p->n);
	answer(pop(p, &p->bs[C], 1, NULL), 1, 2, results);
	say(p, C, f0, 5);
	say(p, C, f1, 6);
	net_work(&p->n);
	CHECK_LOG(echo, 5, 6);
}

SCRIPT(cycle_4_fields_of_each_other_are_freed)
{
	struct thing *echo;
	struct reply *q1 = ask(p, C, p->own[C], 1, NULL);
	struct vat_cap *f0 = part(p, q1, 0), *f1 = part(p, q1, 1);
	struct vat_cap *results[] = {f1, object(p, C, &echo)};
	net_work(&p->n);
	answer(pop(p, &p->bs[C], 1, NULL), 1, 2, results);
	drop(p, f0);
	drop(p, f1);
	drop(p, results[1]);
	forget(q1);
	net_work(&p->n);
	CHECK(p->gone[0]);
}

/* a waits for c, c for b, and b is answered with a part of a. */
SCRIPT(cycle_5_by_way_of_two_calls)
{
	struct reply *a = ask(p, C, p->own[C], 1, NULL);
	struct reply *b = ask(p, C, part(p, a, 0), 2, NULL);
	struct reply *c = ask(p, C, part(p, b, 0), 3, NULL);
	net_work(&p->n);
	answer1(pop(p, &p->bs[C], 1, NULL), 1, part(p, c, 0));
	net_work(&p->n);
	CHECK(b->done && b->failed && c->done && c->failed);
	check_circle(p, part(p, a, 0));
}

/* The answer of a call on one of its own fields. */
SCRIPT(cycle_6_call_answered_by_a_call_on_its_own_field)
{
	struct reply *a = ask(p, C, p->own[C], 1, NULL);
	struct vat_cap *a0 = part(p, a, 0);
	net_work(&p->n);
	struct vat_ctx *ctx = pop(p, &p->bs[C], 1, NULL);
	vat_ctx_tail_call(ctx, thing_request(p->n.vat[C], a0, THING_ECHO, 2, NULL));
	net_work(&p->n);
	CHECK(a->done && a->failed);
	check_circle(p, a0);
}

/* ---- promises that resolve ------------------------------------------------------------------- */

SCRIPT(resolve_1_to_an_object_of_the_receiver)
{
	struct thing *logger;
	struct vat_cap *to_logger;
	struct vat_resolver *r;
	boot_up(p);
	struct vat_cap *mine = object(p, C, &logger);
	struct reply *q1 = ask(p, C, p->to[S], 1, mine);
	step(p, S, "call 1");
	struct vat_ctx *a1 = pop(p, &p->bs[S], 1, &to_logger);
	answer1(a1, 1, promise(p, S, &r));
	step(p, C, "return 1");
	resolve(r, to_logger);
	flush(p);
	unsigned before = received(p, S, "call");
	say(p, C, part(p, q1, 0), 5);
	net_work(&p->n);
	CHECK_LOG(logger, 5);
	CHECK_INT(received(p, S, "call"), before);
}

SCRIPT(resolve_2_after_it_was_released)
{
	struct thing *logger;
	struct vat_cap *to_logger;
	struct vat_resolver *r;
	boot_up(p);
	struct vat_cap *mine = object(p, C, &logger);
	struct reply *q1 = ask(p, C, p->to[S], 1, mine);
	drop(p, mine);
	step(p, S, "call 1");
	struct vat_ctx *a1 = pop(p, &p->bs[S], 1, &to_logger);
	struct vat_cap *later = promise(p, S, &r);
	answer1(a1, 1, later);
	drop(p, later);
	step(p, C, "return 1");
	forget(q1);
	resolve(r, to_logger);
	drop(p, to_logger);
	flush(p);
	CHECK(p->gone[0]);
}

SCRIPT(resolve_3_is_not_sent_for_a_released_export)
{
	struct thing *echo;
	struct vat_resolver *r;
	boot_up(p);
	struct reply *q1 = ask(p, C, p->to[S], 1, NULL);
	step(p, S, "call 1");
	answer1(pop(p, &p->bs[S], 1, NULL), 1, promise(p, S, &r));
	step(p, C, "return 1");
	forget(q1);
	step(p, S, "release");
	struct reply *q2 = ask(p, C, p->to[S], 2, NULL);
	step(p, S, "call 2");
	struct vat_cap *settled = object(p, S, &echo);
	answer1(pop(p, &p->bs[S], 2, NULL), 2, settled);
	step(p, C, "return 2");
	resolve(r, settled);
	flush(p);
	CHECK_INT(received(p, C, "resolve"), 0);
	say(p, C, part(p, q2, 0), 5);
	flush(p);
	CHECK_LOG(echo, 5);
}

SCRIPT(resolve_4_to_an_export_never_seen)
{
	struct thing *end;
	struct vat_cap *to_x;
	struct vat_resolver *r;
	struct vat_cap *x = promise(p, C, &r), *mine = object(p, C, &end);
	ask(p, C, p->to[S], 1, x);
	resolve(r, mine);
	drop(p, x);
	drop(p, mine);
	flush(p);
	struct vat_ctx *a1 = pop(p, &p->bs[S], 1, &to_x);
	say(p, S, to_x, 5);
	flush(p);
	CHECK_LOG(end, 5);
	answer(a1, 1, 0, NULL);
	drop(p, to_x);
	flush(p);
	CHECK(p->gone[0]);
}

SCRIPT(resolve_5_while_finish_gives_imports_back)
{
	struct thing *end;
	struct vat_cap *to_promise;
	struct vat_resolver *r;
	struct vat_cap *prom = promise(p, C, &r), *mine = object(p, C, &end);
	struct reply *q1 = ask(p, C, p->to[S], 1, prom);
	step(p, S, "bootstrap");
	step(p, S, "call 1");
	struct vat_ctx *a1 = pop(p, &p->bs[S], 1, &to_promise);
	answer1(a1, 1, to_promise);
	drop(p, to_promise);
	step(p, C, "return boot");
	resolve(r, mine);
	drop(p, mine);
	drop(p, prom);
	step(p, C, "return 1");
	step(p, S, "resolve");
	forget(q1);
	flush(p);
	CHECK(p->gone[0]);
}

SCRIPT(resolve_6_of_an_import_that_stays_for_forwarding)
{
	meet(p);
	struct vat_cap *x = ask_for(p, C, p->to[S], 1, NULL);
	struct vat_cap *y = ask_for(p, S, p->to[C], 2, NULL);
	step(p, S, "call 1");
	struct vat_cap *results[] = {p->to[C], NULL};
	answer(pop(p, &p->bs[S], 1, NULL), 1, 2, results);
	step(p, C, "call 2");
	answer1(pop(p, &p->bs[C], 2, NULL), 2, x);
	drop(p, x);
	step(p, C, "return 1");
	step(p, S, "return 2");
	say(p, S, y, 5);
	drop(p, y);
	flush(p);
	CHECK_LOG(&p->bs[C], 2, 5);
}

SCRIPT(resolve_7_of_what_waits_for_an_own_promise)
{
	boot_up(p);
	struct vat_resolver *r;
	struct vat_cap *bs = promise(p, C, &r);
	struct vat_cap *x1 = ask_for(p, C, bs, 1, NULL);
	struct vat_cap *x2 = ask_for(p, C, bs, 2, NULL);
	struct reply *q3 = ask(p, C, x1, 3, x2);
	struct reply *q4 = ask(p, C, p->to[S], 4, x2);
	resolve(r, p->to[S]);
	step(p, S, "call 4");
	struct vat_cap *to_x2;
	struct vat_ctx *a4 = pop(p, &p->bs[S], 4, &to_x2);
	struct reply *q5 = ask(p, S, to_x2, 5, NULL);
	flush(p);
	struct vat_ctx *a1 = pop(p, &p->bs[S], 1, NULL);
	answer1(pop(p, &p->bs[S], 2, NULL), 2, NULL);
	flush(p);
	CHECK(q5->done && q5->failed);
	answer(a1, 1, 0, NULL);
	answer(a4, 4, 0, NULL);
	flush(p);
	CHECK(q3->done && q3->failed);
	CHECK(q4->done && !q4->failed);
}

/* ---- what is broken -------------------------------------------------------------------------- */

static void check_broken(struct vat_cap *c, const char *text)
{
	struct vat_error e;
	CHECK(vat_cap_is_broken(c, &e));
	CHECK_STR(e.text, text);
}

SCRIPT(broken_return)
{
	boot_up(p);
	struct vat_cap *broken = held(p, vat_cap_broken(p->n.vat[S], VAT_FAILED, "Broken"));
	struct vat_cap *c = ask_for(p, C, p->to[S], 1, NULL);
	step(p, S, "call 1");
	answer1(pop(p, &p->bs[S], 1, NULL), 1, broken);
	step(p, C, "return 1");
	CHECK(p->eager || !vat_cap_is_broken(c, NULL));
	step(p, C, "resolve");
	check_broken(c, "Broken");
}

SCRIPT(broken_call)
{
	struct vat_cap *got;
	boot_up(p);
	struct vat_cap *broken = held(p, vat_cap_broken(p->n.vat[C], VAT_FAILED, "Broken"));
	ask(p, C, p->to[S], 1, broken);
	step(p, S, "call 1");
	struct vat_ctx *a1 = pop(p, &p->bs[S], 1, &got);
	CHECK(p->eager || !vat_cap_is_broken(got, NULL));
	step(p, S, "resolve");
	check_broken(got, "Broken");
	answer(a1, 1, 0, NULL);
}

SCRIPT(broken_later)
{
	struct vat_resolver *r;
	boot_up(p);
	struct vat_cap *c = ask_for(p, C, p->to[S], 1, NULL);
	step(p, S, "call 1");
	answer1(pop(p, &p->bs[S], 1, NULL), 1, promise(p, S, &r));
	step(p, C, "return 1");
	CHECK(!vat_cap_is_broken(c, NULL));
	vat_reject(r, VAT_FAILED, "Broken");
	step(p, C, "resolve");
	check_broken(c, "Broken");
}

TEST(broken_connection)
{
	static struct script s, *p = &s;
	script_begin(p, false);
	boot_up(p);
	struct reply *r = say(p, C, p->to[S], 1);
	flush(p);
	CHECK(r->done && !r->failed);
	vat_conn_eof(p->l->conn[C], -ECONNRESET);
	vat_conn_eof(p->l->conn[S], -ECONNRESET);
	net_work(&p->n);
	CHECK(vat_cap_is_broken(p->to[S], NULL));
	CHECK(p->l->closed[C] && p->l->lost[C] && p->l->closed[S] && p->l->lost[S]);
	forget(r);
	vat_cap_unref(p->to[S]);
	vat_cap_unref(p->own[C]);
	vat_cap_unref(p->own[S]);
	net_done(&p->n);
	CHECK(p->bs_gone[C] && p->bs_gone[S]);
}

static void count_settled(void *user, const struct vat_error *err)
{
	*(unsigned *)user += err ? 1 : 100;
}

SCRIPT(import_callbacks_keep_the_import)
{
	struct vat_resolver *r;
	unsigned told = 0;
	boot_up(p);
	struct reply *q1 = ask(p, C, p->to[S], 1, NULL);
	step(p, S, "call 1");
	answer1(pop(p, &p->bs[S], 1, NULL), 1, promise(p, S, &r));
	step(p, C, "return 1");
	/* The watch is all that holds the import. */
	struct vat_cap *field = part(p, q1, 0);
	struct vat_watch *w = vat_cap_on_settled(field, count_settled, &told);
	drop(p, field);
	forget(q1);
	flush(p);
	vat_reject(r, VAT_FAILED, "broken");
	flush(p);
	CHECK_INT(told, 1);
	vat_watch_free(w);
}

/* ---- a peer that knows only the lowest level ------------------------------------------------- */

TEST(auto_release)
{
	struct raw w;
	struct thing result = {0}, param = {0};
	bool result_gone = false, param_gone = false;
	struct reply q1;
	result.destroyed = &result_gone;
	param.destroyed = &param_gone;
	booted(&w);
	CHECK_INT(raw_finish(&w, 0, false), 0);
	/* Finish gives back what Return brought, */
	struct raw_call c = {.id = 0, .target = {.id = 0}, .method = THING_WAIT, .n = 1};
	CHECK_INT(raw_call(&w, &c), 0);
	struct vat_cap *cap = thing_serve(w.vat, &result);
	CHECK_INT(w.t.n_waiting, 1);
	thing_answer(w.t.waiting[--w.t.n_waiting], 0, cap);
	vat_cap_unref(cap);
	CHECK_RETURN(&w, 0, RETURN_RESULTS);
	CHECK_INT(raw_finish(&w, 0, true), 0);
	CHECK(result_gone);
	/* and Return what the call brought. */
	struct vat_cap *theirs = vat_conn_bootstrap(w.c), *p = thing_serve(w.vat, &param);
	CHECK_NEXT(&w, MSG_BOOTSTRAP);
	thing_call(w.vat, theirs, THING_ECHO, 1, p, &q1);
	vat_cap_unref(p);
	CHECK_NEXT(&w, MSG_CALL);
	struct vat_struct_b b;
	struct vat_message *m = raw_new(MSG_RETURN, 2, 1, &b);
	vat_w_u32(b, 0, 1, 0);
	vat_w_bool(b, 32, true, true);
	vat_init_struct(vat_ptr_at_b(b, 0), 0, 2);
	CHECK_INT(raw_message(&w, m), 0);
	CHECK(q1.done && !q1.failed);
	reply_free(&q1);
	CHECK_INT(raw_return(&w, 0, RETURN_RESULTS, 0, &hosted), 0);
	while (vat_run(w.vat, 0))
		;
	CHECK(param_gone);
	vat_cap_unref(theirs);
	CHECK_INT(raw_release(&w, 0, 1), 0);
	check_empty(&w);
	raw_done(&w);
}

/* Sends the message just read back as unimplemented. */
static void bounce(struct raw *w)
{
	struct vat_message *m = vat_message_new(0, 0);
	struct vat_struct_b root = vat_init_struct(vat_root_b(m), 1, 1);
	vat_w_u16(root, 0, MSG_UNIMPLEMENTED, 0);
	vat_set_struct(vat_ptr_at_b(root, 0), vat_ptr_struct(vat_root(w->msg), NULL));
	CHECK_INT(raw_message(w, m), 0);
}

TEST(unimplemented)
{
	struct raw w;
	struct thing end = {0};
	bool gone = false;
	struct vat_resolver *r;
	struct vat_cap *later;
	struct reply q2;
	end.destroyed = &gone;
	booted(&w);
	CHECK_INT(raw_finish(&w, 0, false), 0);
	struct raw_call c = {.id = 0, .target = {.id = 0}, .method = THING_WAIT, .n = 1};
	CHECK_INT(raw_call(&w, &c), 0);
	CHECK_INT(vat_promise(w.vat, &later, &r), 0);
	thing_answer(w.t.waiting[--w.t.n_waiting], 0, later);
	vat_resolve(r, thing_serve(w.vat, &end));
	vat_cap_unref(later);
	CHECK_RETURN(&w, 0, RETURN_RESULTS);
	CHECK_NEXT(&w, MSG_RESOLVE);
	struct vat_message *m = vat_message_new(0, 0);
	struct vat_struct_b root = vat_init_struct(vat_root_b(m), 1, 1);
	vat_w_u16(root, 0, MSG_UNIMPLEMENTED, 0);
	vat_set_struct(vat_ptr_at_b(root, 0), vat_ptr_struct(vat_root(w.msg), NULL));
	CHECK_INT(raw_finish(&w, 0, true), 0);
	CHECK(!gone);
	CHECK_INT(raw_message(&w, m), 0);
	CHECK(gone);
	struct vat_cap *theirs = vat_conn_bootstrap(w.c);
	CHECK_NEXT(&w, MSG_BOOTSTRAP);
	bounce(&w);
	thing_call(w.vat, theirs, THING_ECHO, 1, NULL, &q2);
	while (vat_run(w.vat, 0))
		;
	CHECK_FAILED(q2, VAT_UNIMPLEMENTED, "cannot do that");
	vat_cap_unref(theirs);
	CHECK_INT(raw_release(&w, 0, 1), 0);
	check_empty(&w);
	raw_done(&w);
}
