/* SPDX-License-Identifier: MIT */
/* The host of a hand-off, and what peers say to it that they should not. */
#include "vat/conn/handoff-internal.h"
#include "vat/conn/test-raw.h"

static const struct vat_network network = {.max_provisions = 3, .max_accepts = 4};

/* After a Bootstrap, question 0 and export 0, with a network. */
static void hosting_with(struct raw *w, const struct vat_limits *limits)
{
	raw_init(w, limits);
	CHECK_INT(vat_set_network(w->vat, &network), 0);
	CHECK_INT(raw_bootstrap(w, 0), 0);
	CHECK_RETURN(w, 0, RETURN_RESULTS);
}

static void hosting(struct raw *w)
{
	hosting_with(w, NULL);
}

static struct contact contact_of(uint8_t token)
{
	return (struct contact){.token = {token, 1}, .way = NO_FD};
}

static int provide_for(struct raw *w, uint32_t id, const struct target *t, uint8_t token)
{
	uint64_t words[WIRE_WORDS];
	struct contact c = contact_of(token);
	return raw_words(w, words, wire_provide(words, id, t, &c));
}

static int provide(struct raw *w, uint32_t id, uint8_t token)
{
	const struct target t = {.id = 0};
	return provide_for(w, id, &t, token);
}

static int accept(struct raw *w, uint32_t id, uint8_t token, const char *embargo)
{
	uint64_t words[WIRE_WORDS];
	struct contact c = contact_of(token);
	return raw_words(w, words, wire_accept(words, id, &c, embargo, strlen(embargo)));
}

static int lift(struct raw *w, uint32_t question, const char *embargo)
{
	uint64_t words[WIRE_WORDS];
	const struct target t = {.promised = true, .id = question};
	return raw_words(w, words, wire_disembargo_accept(words, &t, embargo, strlen(embargo)));
}

/* The Return to an Accept has the bootstrap object. */
static void check_accepted(struct raw *w, uint32_t id)
{
	struct descriptor d;
	uint16_t path[PATH_MAX_OPS];
	CHECK_RETURN(w, id, RETURN_RESULTS);
	struct vat_struct_r payload = vat_ptr_struct(vat_ptr_at(w->body, 0), NULL);
	struct vat_list_r l = vat_ptr_list(vat_ptr_at(payload, 1), VAT_ELEM_STRUCT, NULL);
	CHECK_INT(l.count, 1);
	CHECK(read_descriptor(vat_list_struct(l, 0), &d, path));
	CHECK_INT(d.tag, DESC_SENDER_HOSTED);
	CHECK_INT(d.id, 0);
}

static void check_excepted(struct raw *w, uint32_t id, enum vat_error_kind kind, const char *text)
{
	struct vat_text got;
	CHECK_RETURN(w, id, RETURN_EXCEPTION);
	CHECK_INT(read_exception(vat_ptr_struct(vat_ptr_at(w->body, 0), NULL), &got), kind);
	CHECK(strstr(got.s, text));
}

TEST(accept_after_provide)
{
	struct raw w;
	hosting(&w);
	CHECK_INT(provide(&w, 1, 7), 0);
	CHECK_NEXT(&w, -1);
	CHECK_INT(accept(&w, 2, 7, ""), 0);
	check_accepted(&w, 2);
	raw_done(&w);
}

TEST(accept_before_provide)
{
	struct raw w;
	hosting(&w);
	CHECK_INT(accept(&w, 2, 7, ""), 0);
	CHECK_NEXT(&w, -1);
	CHECK_INT(provide(&w, 1, 7), 0);
	check_accepted(&w, 2);
	raw_done(&w);
}

TEST(several_accepts_of_one_provide)
{
	struct raw w;
	hosting(&w);
	CHECK_INT(accept(&w, 2, 7, ""), 0);
	CHECK_INT(accept(&w, 3, 7, ""), 0);
	CHECK_INT(provide(&w, 1, 7), 0);
	check_accepted(&w, 2);
	check_accepted(&w, 3);
	CHECK_INT(accept(&w, 4, 7, ""), 0);
	check_accepted(&w, 4);
	raw_done(&w);
}

TEST(accept_waits_for_its_embargo)
{
	struct raw w;
	hosting(&w);
	CHECK_INT(provide(&w, 1, 7), 0);
	CHECK_INT(accept(&w, 2, 7, "one"), 0);
	CHECK_INT(accept(&w, 3, 7, "two"), 0);
	CHECK_NEXT(&w, -1);
	CHECK_INT(lift(&w, 1, "two"), 0);
	check_accepted(&w, 3);
	CHECK_NEXT(&w, -1);
	CHECK_INT(lift(&w, 1, "one"), 0);
	check_accepted(&w, 2);
	raw_done(&w);
}

TEST(embargo_is_lifted_once)
{
	struct raw w;
	hosting(&w);
	CHECK_INT(provide(&w, 1, 7), 0);
	CHECK_INT(lift(&w, 1, "one"), 0);
	CHECK_INT(accept(&w, 2, 7, "one"), 0);
	check_accepted(&w, 2);
	CHECK_INT(accept(&w, 3, 7, "one"), 0);
	CHECK_NEXT(&w, -1);
	raw_done(&w);
}

TEST(finish_of_provide_fails_accepts_that_wait)
{
	struct raw w;
	hosting(&w);
	CHECK_INT(provide(&w, 1, 7), 0);
	CHECK_INT(accept(&w, 2, 7, "never"), 0);
	CHECK_INT(raw_finish(&w, 1, false), 0);
	check_excepted(&w, 2, VAT_DISCONNECTED, "withdrawn");
	/* Its id is free, and its token means nothing any more. */
	CHECK_INT(accept(&w, 1, 7, ""), 0);
	CHECK_NEXT(&w, -1);
	raw_done(&w);
}

TEST(finish_of_accept_takes_it_away)
{
	struct raw w;
	hosting(&w);
	CHECK_INT(accept(&w, 2, 7, ""), 0);
	CHECK_INT(w.c->third->counts.accepts, 1);
	CHECK_INT(raw_finish(&w, 2, false), 0);
	CHECK_RETURN(&w, 2, RETURN_CANCELED);
	CHECK_INT(w.c->third->counts.accepts, 0);
	CHECK_INT(w.vat->handoffs->n_meetings, 0);
	CHECK_INT(provide(&w, 1, 7), 0);
	CHECK_NEXT(&w, -1);
	raw_done(&w);
}

TEST(calls_wait_with_their_accept)
{
	struct raw w;
	hosting(&w);
	CHECK_INT(provide(&w, 1, 7), 0);
	CHECK_INT(accept(&w, 2, 7, "x"), 0);
	struct raw_call c = {
		.id = 3, .target = {.promised = true, .id = 2}, .method = THING_ECHO, .n = 5};
	CHECK_INT(raw_call(&w, &c), 0);
	CHECK_INT(w.t.n_log, 0);
	CHECK_INT(lift(&w, 1, "x"), 0);
	CHECK_INT(w.t.n_log, 1);
	raw_done(&w);
}

TEST(second_provide_with_a_token_is_not_found)
{
	struct raw w;
	hosting(&w);
	CHECK_INT(provide(&w, 1, 7), 0);
	const struct target nothing = {.promised = true, .id = 99};
	CHECK_INT(provide_for(&w, 2, &nothing, 7), 0);
	CHECK_INT(lift(&w, 2, "x"), 0);
	CHECK_INT(accept(&w, 3, 7, ""), 0);
	check_accepted(&w, 3);
	CHECK_INT(raw_finish(&w, 2, false), 0);
	CHECK_INT(accept(&w, 4, 7, ""), 0);
	check_accepted(&w, 4);
	raw_done(&w);
}

TEST(unknown_tokens_are_limited)
{
	struct raw w;
	hosting(&w);
	for (uint8_t i = 0; i < 4; i++)
		CHECK_INT(accept(&w, 10 + i, i, ""), 0);
	CHECK_NEXT(&w, -1);
	CHECK_INT(accept(&w, 20, 20, ""), 0);
	check_excepted(&w, 20, VAT_OVERLOADED, "too many Accepts");
	CHECK_INT(raw_finish(&w, 10, false), 0);
	CHECK_RETURN(&w, 10, RETURN_CANCELED);
	CHECK_INT(accept(&w, 20, 20, ""), 0);
	CHECK_NEXT(&w, -1);
	raw_done(&w);
}

TEST(provisions_are_limited)
{
	struct raw w;
	hosting(&w);
	for (uint8_t i = 1; i <= 3; i++)
		CHECK_INT(provide(&w, i, i), 0);
	CHECK_INT(provide(&w, 4, 4), -EPROTO);
	CHECK_ABORTED(&w);
	CHECK_INT(w.vat->handoffs->n_meetings, 0);
	raw_done(&w);
}

/* It cannot be refused, and its sender has not filled the table alone. */
TEST(provide_is_taken_when_there_are_too_many_calls)
{
	struct raw w;
	const struct vat_limits limits = {.answers = 4};
	hosting_with(&w, &limits);
	for (uint32_t id = 10; id < 13; id++)
		CHECK_INT(accept(&w, id, (uint8_t)id, ""), 0);
	CHECK_INT(accept(&w, 13, 13, ""), 0);
	check_excepted(&w, 13, VAT_OVERLOADED, "too many Accepts");
	CHECK_INT(provide(&w, 20, 10), 0);
	check_accepted(&w, 10);
	CHECK_INT(provide(&w, 21, 11), 0);
	CHECK_INT(provide(&w, 22, 12), 0);
	CHECK_INT(provide(&w, 23, 7), -EPROTO);
	raw_done(&w);
}

TEST(embargoes_lifted_in_advance_are_limited)
{
	struct raw w;
	hosting(&w);
	CHECK_INT(provide(&w, 1, 7), 0);
	int r = 0;
	char id[8];
	for (int i = 0; i < 65 && r == 0; i++) {
		snprintf(id, sizeof(id), "%d", i);
		r = lift(&w, 1, id);
	}
	CHECK_INT(r, -EPROTO);
	CHECK_ABORTED(&w);
	raw_done(&w);
}

TEST(embargo_ids_have_a_length)
{
	struct raw w;
	char id[EMBARGO_MAX + 2];
	memset(id, 'x', sizeof(id));
	id[EMBARGO_MAX + 1] = 0;
	hosting(&w);
	CHECK_INT(provide(&w, 1, 7), 0);
	CHECK_INT(accept(&w, 2, 7, id), 0);
	check_excepted(&w, 2, VAT_OVERLOADED, "unknown kind");
	CHECK_INT(lift(&w, 1, id), -EPROTO);
	CHECK_ABORTED(&w);
	raw_done(&w);
}

TEST(disembargo_of_accept_for_what_is_no_provide)
{
	for (int i = 0; i < 3; i++) {
		struct raw w;
		uint64_t words[WIRE_WORDS];
		/* A call's question, an unknown one, an export that is no vine. */
		const struct target t[] = {
			{.promised = true, .id = 0}, {.promised = true, .id = 9}, {.id = 0}};
		hosting(&w);
		CHECK_INT(raw_words(&w, words, wire_disembargo_accept(words, &t[i], "x", 1)),
			-EPROTO);
		CHECK_ABORTED(&w);
		raw_done(&w);
	}
}

TEST(provide_of_an_unknown_export)
{
	struct raw w;
	const struct target t = {.id = 50};
	hosting(&w);
	CHECK_INT(provide_for(&w, 1, &t, 7), -EPROTO);
	CHECK_ABORTED(&w);
	raw_done(&w);
}

TEST(provide_under_a_question_in_use)
{
	for (int i = 0; i < 2; i++) {
		struct raw w;
		hosting(&w);
		CHECK_INT(provide(&w, 1, 7), 0);
		CHECK_INT(i ? accept(&w, 1, 7, "") : provide(&w, 1, 8), -EPROTO);
		CHECK_ABORTED(&w);
		raw_done(&w);
	}
}

TEST(call_on_a_provide_fails)
{
	struct raw w;
	hosting(&w);
	CHECK_INT(provide(&w, 1, 7), 0);
	struct raw_call c = {.id = 2, .target = {.promised = true, .id = 1}, .method = THING_ECHO};
	CHECK_INT(raw_call(&w, &c), 0);
	check_excepted(&w, 2, VAT_FAILED, "no results");
	raw_done(&w);
}

TEST(without_a_network_nothing_is_understood)
{
	struct raw w;
	booted(&w);
	CHECK_INT(provide(&w, 1, 7), 0);
	CHECK_NEXT(&w, MSG_UNIMPLEMENTED);
	CHECK_INT(accept(&w, 2, 7, ""), 0);
	CHECK_NEXT(&w, MSG_UNIMPLEMENTED);
	CHECK(!w.closed);
	raw_done(&w);
}

TEST(provide_of_another_network_is_not_understood)
{
	struct raw w;
	hosting(&w);
	struct vat_struct_b b;
	struct vat_message *m = raw_new(MSG_PROVIDE, 1, 2, &b);
	vat_w_u32(b, 0, 1, 0);
	vat_set_text(vat_ptr_at_b(b, 1), vat_str("who knows"));
	CHECK_INT(raw_message(&w, m), -EPROTO); /* a struct was expected */
	CHECK_ABORTED(&w);
	raw_done(&w);
	hosting(&w);
	m = raw_new(MSG_PROVIDE, 1, 2, &b);
	vat_init_struct(vat_ptr_at_b(b, 1), 1, 0);
	CHECK_INT(raw_message(&w, m), 0);
	CHECK_NEXT(&w, MSG_UNIMPLEMENTED);
	m = raw_new(MSG_ACCEPT, 1, 2, &b);
	vat_w_u32(b, 0, 5, 0);
	CHECK_INT(raw_message(&w, m), 0);
	check_excepted(&w, 5, VAT_OVERLOADED, "unknown kind");
	raw_done(&w);
}

/* A vine of a peer that tells us nothing of where its object is hosted is an import. */
TEST(vine_without_a_contact_is_used)
{
	struct raw w;
	hosting(&w);
	struct vat_struct_b b;
	struct vat_message *m = raw_new(MSG_CALL, 3, 3, &b);
	vat_w_u32(b, 0, 1, 0);
	vat_w_u16(b, 2, THING_CALL_BACK, 0);
	vat_w_u64(b, 1, thing_interface.id, 0);
	build_target(vat_ptr_at_b(b, 0), &boot);
	struct vat_struct_b payload = vat_init_struct(vat_ptr_at_b(b, 1), 0, 2);
	raw_cap_pointer(vat_ptr_at_b(vat_init_struct(vat_ptr_at_b(payload, 0), 1, 1), 0));
	struct vat_struct_b d =
		vat_list_struct_b(vat_init_struct_list(vat_ptr_at_b(payload, 1), 1, 1, 1), 0);
	vat_w_u16(d, 0, DESC_THIRD_PARTY_HOSTED, 0);
	vat_w_u32(vat_init_struct(vat_ptr_at_b(d, 0), 1, 1), 0, 33, 0);
	CHECK_INT(raw_message(&w, m), 0);
	CHECK_NEXT(&w, MSG_CALL);
	CHECK_INT(vat_r_u32(vat_ptr_struct(vat_ptr_at(w.body, 0), NULL), 0, 0), 33);
	CHECK_INT(raw_return(&w, vat_r_u32(w.body, 0, 0), RETURN_CANCELED, 0, NULL), 0);
	raw_done(&w);
}

/* What is to be in the results of an Accept may outlive the connection it came over. */
static void accept_outlives_its_connection(bool provided)
{
	struct raw w;
	struct vat_conn *other;
	const uint16_t none[1] = {0};
	const struct descriptor result = {
		.tag = DESC_RECEIVER_ANSWER, .id = 2, .path = none, .fd = NO_FD};
	hosting(&w);
	CHECK_INT(accept(&w, 2, 7, ""), 0);
	CHECK_INT(raw_call(&w, &(struct raw_call){.id = 3,
				       .method = THING_HOLD,
				       .target = {.id = 0},
				       .caps = &result,
				       .n_caps = 1}),
		0);
	CHECK(w.t.held);
	vat_conn_free(w.c);
	CHECK(vat_cap_is_broken(w.t.held, NULL));
	const struct vat_conn_config cfg = {.bootstrap = w.boot, .closed = raw_closed, .user = &w};
	CHECK_INT(vat_conn_new(w.vat, &cfg, &w.c), 0);
	other = w.c;
	CHECK_INT(raw_bootstrap(&w, 0), 0);
	if (provided)
		CHECK_INT(provide(&w, 1, 7), 0);
	CHECK(w.c == other);
	w.t.held = vat_cap_unref(w.t.held);
	raw_done(&w);
}

TEST(capability_of_an_accept_breaks_with_its_connection)
{
	accept_outlives_its_connection(false);
}

TEST(accept_of_a_lost_connection_meets_no_provide)
{
	accept_outlives_its_connection(true);
}
