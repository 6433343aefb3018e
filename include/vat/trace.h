/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A line for each message of a connection: to see what two vats say to each other.
 *
 *	static const struct vat_schema_file *const files[] = {&fs_schema_file};
 *	struct vat_trace *t = vat_trace_new(files, 1, NULL, "server");
 *	struct vat_conn_config cfg = {.trace = vat_trace_message, .trace_user = t};
 *
 * prints to standard error
 *
 *	server < bootstrap q0
 *	server > return q0: results <external capability>; caps: export 0
 *	server < call q1 export 0, Filesystem.getSubtree (path = "a/b")
 *	server > return q1: results (tree = <external capability>); caps: export 1
 *	server < finish q1, results kept
 *
 * Names and contents are known as far as the schemas go; without them a call is
 * "@0xb2c7e0f5a1d34968.2 <pointer>". "export" and "import" are as seen from here, q counts for each
 * direction on its own. The line is made when the message is queued or handled; what an application
 * sends in parameters shows in it, as do texts of errors, but not the tokens of hand-offs.
 *
 * The pumps and loops of this library (vat/io.h, vat/loop.h, vat/sd-event.h, vat/uv.h) do this by
 * themselves for connections without a trace of their own when VAT_TRACE=yes is in the environment:
 * on standard error, each line after the process id and the connection's number. Without schemas,
 * always: an environment variable does not make a program print what is in its messages. Ignored
 * where privileges were gained by executing (secure_getenv(3)).
 */
#include "vat/rpc.h"
#include "vat/schema.h"

#ifdef __cplusplus
extern "C" {
#endif

struct vat_trace;

/* Schemas are borrowed as in vat_schemas_new() and may be none. line is called with each line,
 * without its newline, from whichever function sent or received the message, and must not call into
 * the vat; NULL = standard error, each after `user` as a string (NULL = nothing). A line has at
 * most 4000 bytes. NULL when memory is out or a schema is damaged. */
VAT_API struct vat_trace *vat_trace_new(const struct vat_schema_file *const *files, size_t n,
	void (*line)(void *user, const char *line), void *user);
/* After the connections that use it. NULL is accepted. */
VAT_API void vat_trace_free(struct vat_trace *t);

/* What goes into vat_conn_config.trace. One trace serves one connection, or what a method returns
 * may be taken for what another one does. */
VAT_API void vat_trace_message(void *trace, bool outgoing, const struct iovec *iov, size_t n);

#ifdef __cplusplus
}
#endif
