/* SPDX-License-Identifier: MIT */
/* Theory of operation: err.h. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

static enum err_kind kind_of(int code)
{
	switch (-code) {
	case ECONNRESET:
	case ECONNREFUSED:
	case ECONNABORTED:
	case ENOTCONN:
	case EPIPE:
	case ETIMEDOUT:
	case EHOSTUNREACH:
	case ENETUNREACH:
	case ESHUTDOWN:
		return ERR_DISCONNECTED;
	case EAGAIN:
	case ENOMEM:
	case EMFILE:
	case ENFILE:
	case EDQUOT:
	case ENOBUFS:
		return ERR_OVERLOADED;
	case ENOSYS:
		return ERR_UNIMPLEMENTED;
	default:
		return ERR_FAILED;
	}
}

/* Writes at offset, cutting with "..." when the text does not fit; returns the new length. */
static PRINTF(3, 0) size_t append(struct err *e, size_t at, const char *fmt, va_list ap)
{
	size_t room = sizeof(e->msg) - at;
	int n = vsnprintf(e->msg + at, room, fmt, ap);
	if (n < 0)
		return at;
	if ((size_t)n < room)
		return at + (size_t)n;
	memcpy(e->msg + sizeof(e->msg) - 4, "...", 4);
	return sizeof(e->msg) - 1;
}

static PRINTF(3, 4) size_t append_f(struct err *e, size_t at, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	size_t n = append(e, at, fmt, ap);
	va_end(ap);
	return n;
}

static void start(struct err *e, int code)
{
	e->code = code;
	e->kind = kind_of(code);
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	if (!e)
		return code;
	start(e, code);
	va_list ap;
	va_start(ap, fmt);
	append(e, 0, fmt, ap);
	va_end(ap);
	return code;
}

int err_errno(struct err *e, int code, const char *fmt, ...)
{
	if (!e)
		return code;
	start(e, code);
	va_list ap;
	va_start(ap, fmt);
	size_t n = append(e, 0, fmt, ap);
	va_end(ap);
	append_f(e, n, ": %s", strerror(-code));
	return code;
}

int err_wrap(struct err *e, int code, const char *fmt, ...)
{
	if (!e)
		return code;
	char inner[sizeof(e->msg)];
	if (e->code) {
		memcpy(inner, e->msg, sizeof(inner));
	} else {
		start(e, code);
		(void)snprintf(inner, sizeof(inner), "%s", strerror(-code));
	}
	va_list ap;
	va_start(ap, fmt);
	size_t n = append(e, 0, fmt, ap);
	va_end(ap);
	append_f(e, n, ": %s", inner);
	return code;
}
