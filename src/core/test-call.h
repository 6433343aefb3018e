/* SPDX-License-Identifier: MIT */
#pragma once
/* For tests: a call that is waited for. */
#include "base/test.h"
#include "loop/link.h"

struct answer {
	bool done, failed;
	enum vat_error_kind kind;
	char text[300];
	struct vat_ptr_r results; /* valid until the call is freed */
};

static inline void on_answer(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct answer *a = user;
	a->done = true;
	a->failed = err;
	a->results = results;
	if (err) {
		a->kind = err->kind;
		(void)snprintf(a->text, sizeof(a->text), "%s", err->text);
	}
}

static inline void wait_answer(struct loop *l, struct answer *a)
{
	int r = loop_wait(l, &a->done, 20 * 1000000ULL);
	if (r < 0)
		test_fail(__FILE__, __LINE__, "no answer: %s", strerror(-r));
}

/* CALL(&loop, request, send_function) -> struct answer; the call must be freed with vat_call_free.
 */
#define CALL(l, req, send)                   \
	({                                   \
		struct answer a_ = {};       \
		send((req), on_answer, &a_); \
		wait_answer((l), &a_);       \
		a_;                          \
	})
