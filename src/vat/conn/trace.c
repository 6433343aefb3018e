/* SPDX-License-Identifier: MIT */
/*
 * Messages of rpc.capnp as lines: see trace.h.
 *
 * Only a Call tells which method it is about; what a Return holds is known from the Call with the
 * same number, of which the last ones are remembered.  A message is looked at through a view of its
 * own, so that what is read here counts nowhere else.
 */
#include "vat/cap/cap.h"
#include "vat/schema/print-internal.h"
#include "vat/conn/proto.h"
#include "vat/trace.h"

#include <stdarg.h>

enum { MAX_LINE = 4000, MAX_PAYLOAD = 3000, N_REMEMBERED = 512, MAX_SEGMENTS = 64, MAX_CAPS = 50 };

struct remembered {
	bool used, outgoing;
	uint32_t question;
	uint64_t results_id;
};

struct vat_trace {
	struct vat_schemas *schemas; /* may be NULL */
	void (*line)(void *user, const char *line);
	void *user;
	struct remembered calls[N_REMEMBERED]; /* by number and direction */
};

struct line {
	struct vat_trace *t;
	bool outgoing;
	size_t len;
	char s[MAX_LINE];
};

static void PRINTF(2, 3) add(struct line *l, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(l->s + l->len, sizeof(l->s) - l->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		l->len = MIN(l->len + (size_t)n, sizeof(l->s) - 1);
}

/* What the peer wrote, without control characters. */
static void add_text(struct line *l, struct vat_text t)
{
	for (uint32_t i = 0; i < MIN(t.len, 1000u); i++)
		add(l, "%c", (unsigned char)t.s[i] < 0x20 || t.s[i] == 0x7f ? '?' : t.s[i]);
}

static void to_stderr(void *user, const char *line)
{
	fprintf(stderr, "%s%s%s\n", user ? (const char *)user : "", user ? " " : "", line);
}

struct vat_trace *vat_trace_new(const struct vat_schema_file *const *files, size_t n,
	void (*line)(void *user, const char *line), void *user)
{
	struct vat_trace *t = calloc(1, sizeof(*t));
	if (t && n && vat_schemas_new(files, n, &t->schemas) < 0) {
		free(t);
		return NULL;
	}
	if (t) {
		t->line = line ? line : to_stderr;
		t->user = user;
	}
	return t;
}

void vat_trace_free(struct vat_trace *t)
{
	if (t)
		vat_schemas_free(t->schemas);
	free(t);
}

/* ---- methods -------------------------------------------------------------------------------- */

static struct remembered *place(struct line *l, bool outgoing, uint32_t question)
{
	return &l->t->calls[(2 * (size_t)question + outgoing) % N_REMEMBERED];
}

/* Node {displayName ptr 0; methods ptr 3: Method {name ptr 0; paramStructType u64 1;
 * resultStructType u64 2}} */
static bool add_method(struct line *l, uint64_t interface, uint16_t method, uint64_t *ret_params,
	uint64_t *ret_results)
{
	struct vat_struct_r node = {0};
	if (l->t->schemas)
		node = vat_schemas_node(l->t->schemas, interface);
	struct vat_list_r methods = vat_ptr_list(vat_ptr_at(node, 3), VAT_ELEM_STRUCT, NULL);
	if (!node.msg || vat_r_u16(node, 6, 0) != SCHEMA_NODE_INTERFACE ||
		method >= methods.count) {
		add(l, "@0x%016llx.%u", (unsigned long long)interface, method);
		return false;
	}
	struct vat_struct_r m = vat_list_struct(methods, method);
	const char *name = vat_ptr_text(vat_ptr_at(node, 0), NULL).s, *colon = strchr(name, ':');
	add(l, "%s.%s", colon ? colon + 1 : name, vat_ptr_text(vat_ptr_at(m, 0), NULL).s);
	*ret_params = vat_r_u64(m, 1, 0);
	*ret_results = vat_r_u64(m, 2, 0);
	return true;
}

/* ---- parts of messages ---------------------------------------------------------------------- */

static void add_path(struct line *l, const uint16_t *path, size_t n)
{
	for (size_t i = 0; i < n; i++)
		add(l, ".%u", path[i]);
}

/* A capability named by its sender (hosted by it) or by the other side. */
static const char *table(const struct line *l, bool of_sender)
{
	return of_sender == l->outgoing ? "export" : "import";
}

static void add_target(struct line *l, struct vat_ptr_r p)
{
	uint16_t path[PATH_MAX_OPS];
	struct target t;
	if (!read_target(vat_ptr_struct(p, NULL), &t, path)) {
		add(l, "unknown target");
	} else if (t.promised) {
		add(l, "results of q%u", t.id);
		add_path(l, t.path, t.n_path);
	} else {
		add(l, "%s %u", table(l, false), t.id);
	}
}

static void add_descriptor(struct line *l, struct vat_struct_r s)
{
	uint16_t path[PATH_MAX_OPS];
	struct descriptor d;
	if (!read_descriptor(s, &d, path)) {
		add(l, "unknown");
		return;
	}
	switch (d.tag) {
	case DESC_NONE:
		add(l, "none");
		break;
	case DESC_SENDER_HOSTED:
		add(l, "%s %u", table(l, true), d.id);
		break;
	case DESC_SENDER_PROMISE:
		add(l, "promise %s %u", table(l, true), d.id);
		break;
	case DESC_RECEIVER_HOSTED:
		add(l, "%s %u", table(l, false), d.id);
		break;
	case DESC_RECEIVER_ANSWER:
		add(l, "results of q%u", d.id);
		add_path(l, d.path, d.n_path);
		break;
	case DESC_THIRD_PARTY_HOSTED:
		add(l, "third party, vine %s %u", table(l, true), d.id);
		break;
	}
	if (d.fd != NO_FD)
		add(l, " fd %u", d.fd);
}

/* Payload {content ptr 0; capTable ptr 1}; type 0 = unknown. */
static void add_payload(struct line *l, struct vat_ptr_r p, uint64_t type)
{
	struct vat_struct_r payload = vat_ptr_struct(p, NULL);
	struct vat_ptr_r content = vat_ptr_at(payload, 0);
	struct vat_print_config cfg = {.max_size = MAX_PAYLOAD};
	struct vat_list_r caps = vat_ptr_list(vat_ptr_at(payload, 1), VAT_ELEM_STRUCT, NULL);
	char *text = NULL;
	if (vat_ptr_is_null(content))
		add(l, "()");
	else if (vat_ptr_kind(content) == VAT_PTR_CAP)
		add(l, "<external capability>");
	else if (!type || vat_schemas_print(l->t->schemas, type, vat_ptr_struct(content, NULL),
				  &cfg, &text, NULL) < 0)
		add(l, type ? "(...)" : "<pointer>");
	else
		add(l, "%s", text);
	free(text);
	for (uint32_t i = 0; i < MIN(caps.count, (uint32_t)MAX_CAPS); i++) {
		add(l, i ? ", " : "; caps: ");
		add_descriptor(l, vat_list_struct(caps, i));
	}
	if (caps.count > MAX_CAPS)
		add(l, ", ...");
}

static void add_exception(struct line *l, struct vat_ptr_r p)
{
	static const char *const kinds[] = {
		"failed", "overloaded", "disconnected", "unimplemented"};
	struct vat_text text;
	enum vat_error_kind kind = read_exception(vat_ptr_struct(p, NULL), &text);
	add(l, "%s: ", kinds[kind]);
	add_text(l, text);
}

/* ---- messages ------------------------------------------------------------------------------- */

static uint32_t number(struct vat_struct_r s)
{
	return vat_r_u32(s, 0, 0);
}

/* Call {questionId u32 0; methodId u16 2; sendResultsTo u16 3; interfaceId u64 1; hints bits 128 to
 * 130; target ptr 0; params ptr 1} */
static void add_call(struct line *l, struct vat_struct_r s)
{
	uint64_t params = 0, results = 0;
	uint16_t to = vat_r_u16(s, 3, 0);
	add(l, "call q%u ", number(s));
	add_target(l, vat_ptr_at(s, 0));
	add(l, ", ");
	add_method(l, vat_r_u64(s, 1, 0), vat_r_u16(s, 2, 0), &params, &results);
	add(l, " ");
	add_payload(l, vat_ptr_at(s, 1), params);
	if (to != SEND_TO_CALLER)
		add(l, to == SEND_TO_YOURSELF ? "; results to yourself"
					      : "; results to a third party");
	if (vat_r_bool(s, 129, false))
		add(l, "; no pipelining");
	if (vat_r_bool(s, 130, false))
		add(l, "; only pipelining");
	*place(l, l->outgoing, number(s)) =
		(struct remembered){true, l->outgoing, number(s), results};
}

/* Return {answerId u32 0; releaseParamCaps bit 32 = true; noFinishNeeded bit 33; tag u16 3; u32 2;
 * ptr 0} */
static void add_return(struct line *l, struct vat_struct_r s)
{
	struct remembered *r = place(l, !l->outgoing, number(s));
	bool known = r->used && r->outgoing != l->outgoing && r->question == number(s);
	add(l, "return q%u: ", number(s));
	switch (vat_r_u16(s, 3, 0)) {
	case RETURN_RESULTS:
		add(l, "results ");
		add_payload(l, vat_ptr_at(s, 0), known ? r->results_id : 0);
		break;
	case RETURN_EXCEPTION:
		add_exception(l, vat_ptr_at(s, 0));
		break;
	case RETURN_CANCELED:
		add(l, "canceled");
		break;
	case RETURN_SENT_ELSEWHERE:
		add(l, "sent elsewhere");
		break;
	case RETURN_TAKE_FROM_OTHER:
		add(l, "take from q%u", vat_r_u32(s, 2, 0));
		break;
	case RETURN_AWAIT_THIRD_PARTY:
		add(l, "await from a third party");
		break;
	default:
		add(l, "unknown");
		break;
	}
	if (!vat_r_bool(s, 32, true))
		add(l, "; parameters kept");
	if (vat_r_bool(s, 33, false))
		add(l, "; no finish needed");
	r->used = false;
}

/* Resolve {promiseId u32 0; tag u16 2; ptr 0} */
static void add_resolve(struct line *l, struct vat_struct_r s)
{
	add(l, "resolve %s %u: ", table(l, true), number(s));
	if (vat_r_u16(s, 2, 0) == RESOLVE_CAP)
		add_descriptor(l, vat_ptr_struct(vat_ptr_at(s, 0), NULL));
	else
		add_exception(l, vat_ptr_at(s, 0));
}

/* Disembargo {u32 0; tag u16 2; target ptr 0} */
static void add_disembargo(struct line *l, struct vat_struct_r s)
{
	static const char *const kinds[] = {"sender loopback", "receiver loopback", "accept"};
	uint16_t tag = vat_r_u16(s, 2, 0);
	add(l, "disembargo %u ", number(s));
	add_target(l, vat_ptr_at(s, 0));
	add(l, ", %s", tag < ARRAY_SIZE(kinds) ? kinds[tag] : "unknown");
}

/* Message {tag u16 0; ptr 0} */
static void add_root(struct line *l, struct vat_struct_r root, unsigned depth)
{
	struct vat_struct_r s = vat_ptr_struct(vat_ptr_at(root, 0), NULL);
	switch (vat_r_u16(root, 0, 0)) {
	case MSG_UNIMPLEMENTED:
		add(l, "unimplemented: ");
		l->outgoing = !l->outgoing; /* what it holds came from the other side */
		if (depth < 2)
			add_root(l, s, depth + 1);
		break;
	case MSG_ABORT:
		add(l, "abort ");
		add_exception(l, vat_ptr_at(root, 0));
		break;
	case MSG_CALL:
		add_call(l, s);
		break;
	case MSG_RETURN:
		add_return(l, s);
		break;
	case MSG_FINISH:
		add(l, "finish q%u%s", number(s), vat_r_bool(s, 32, true) ? "" : ", results kept");
		break;
	case MSG_RESOLVE:
		add_resolve(l, s);
		break;
	case MSG_RELEASE:
		add(l, "release %s %u, %u references", table(l, false), number(s),
			vat_r_u32(s, 1, 0));
		break;
	case MSG_BOOTSTRAP:
		add(l, "bootstrap q%u", number(s));
		break;
	case MSG_PROVIDE:
		add(l, "provide q%u ", number(s));
		add_target(l, vat_ptr_at(s, 0));
		break;
	case MSG_ACCEPT:
		add(l, "accept q%u", number(s));
		break;
	case MSG_DISEMBARGO:
		add_disembargo(l, s);
		break;
	case MSG_THIRD_PARTY_ANSWER:
		add(l, "third party answer q%u", number(s));
		break;
	default:
		add(l, "unknown message %u", vat_r_u16(root, 0, 0));
		break;
	}
}

static void add_message(struct line *l, struct vat_message *m)
{
	bool outgoing = l->outgoing;
	add_root(l, vat_ptr_struct(vat_root(m), NULL), 0);
	l->outgoing = outgoing;
	if (vat_message_error(m))
		add(l, " (damaged)");
}

/* One block with its frame, or the frame and the segments apart. */
static int view(const struct iovec *iov, size_t n, struct vat_message **ret)
{
	const void *bases[MAX_SEGMENTS];
	uint32_t sizes[MAX_SEGMENTS];
	size_t used;
	if (n == 1)
		return vat_message_parse(iov[0].iov_base, iov[0].iov_len, NULL, ret, &used);
	if (n < 2 || n - 1 > MAX_SEGMENTS)
		return -EINVAL;
	for (size_t i = 1; i < n; i++) {
		bases[i - 1] = iov[i].iov_base;
		sizes[i - 1] = (uint32_t)(iov[i].iov_len / 8);
	}
	return vat_message_view(bases, sizes, n - 1, NULL, ret);
}

void vat_trace_message(void *trace, bool outgoing, const struct iovec *iov, size_t n)
{
	struct line l = {.t = trace, .outgoing = outgoing};
	struct vat_message *m;
	add(&l, outgoing ? "> " : "< ");
	if (view(iov, n, &m) == 0) {
		add_message(&l, m);
		vat_message_free(m);
	} else {
		add(&l, "unreadable message");
	}
	l.t->line(l.t->user, l.s);
}
