/* SPDX-License-Identifier: MIT */
/*
 * Failures are shared and counted: one failing connection breaks many calls with the same words.
 * Reporting that memory is out needs none: that failure is a constant.
 */
#include "vat/cap/core.h"

#include <stdarg.h>
#include <stdio.h>

struct failure *failure_oom(void)
{
	static struct failure oom = {.kind = VAT_OVERLOADED, .text = "out of memory"};
	return &oom;
}

struct failure *failure_canceled(void)
{
	static struct failure canceled = {.kind = VAT_FAILED, .canceled = true, .text = "canceled"};
	return &canceled;
}

struct failure *failure_new_text(enum vat_error_kind kind, const char *text, size_t len)
{
	len = MIN(len, (size_t)FAILURE_TEXT_MAX);
	struct failure *f = malloc(sizeof(*f) + len + 1);
	if (!f)
		return failure_oom();
	f->refs = 1;
	f->kind = kind;
	f->canceled = false;
	char *copy = (char *)(f + 1);
	memcpy(copy, text, len);
	copy[len] = '\0';
	f->text = copy;
	return f;
}

struct failure *failure_new(enum vat_error_kind kind, const char *fmt, ...)
{
	char text[FAILURE_TEXT_MAX + 1];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return failure_new_text(kind, text, n < 0 ? 0 : MIN((size_t)n, sizeof(text) - 1));
}

struct failure *failure_ref(struct failure *f)
{
	if (f->refs)
		f->refs++;
	return f;
}

/* Of its own, or compilers that see the whole program think that a constant might come here. */
static __attribute__((noinline, cold)) void failure_free(struct failure *f)
{
	free(f);
}

void failure_unref(struct failure *f)
{
	if (f && f->refs && !--f->refs)
		failure_free(f);
}

struct vat_error failure_error(const struct failure *f)
{
	return (struct vat_error){.kind = f->kind, .text = f->text};
}
