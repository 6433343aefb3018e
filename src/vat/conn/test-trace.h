/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * For tests: what an RPC message says, decoded once, so that it can be named, printed and judged.
 */
#include "base/test.h"
#include "vat/conn/conn.h"

#ifndef UNUSED_OK
#define UNUSED_OK __attribute__((unused))
#endif

struct trace_desc {
	uint16_t tag; /* enum cap_tag; thirdPartyHosted has the vine's id */
	uint32_t id;
};

struct trace {
	uint16_t tag; /* enum msg_tag */
	uint16_t kind; /* of Return, Resolve, Disembargo; sendResultsTo of Call */
	uint32_t id; /* question, answer, promise, export, embargo */
	uint32_t count; /* Release: references; Return: takeFromOtherQuestion */
	bool release; /* releaseParamCaps or releaseResultCaps */
	bool no_finish; /* Return: noFinishNeeded */
	bool has_target;
	struct target target;
	uint64_t label; /* first word of the content */
	bool content_is_cap;
	uint32_t n_desc;
	uint16_t path[PATH_MAX_OPS];
	struct trace_desc desc[];
};

static struct vat_struct_r trace_payload(struct vat_struct_r root, uint16_t tag)
{
	struct vat_struct_r body = vat_ptr_struct(vat_ptr_at(root, 0), NULL);
	if (tag == MSG_CALL)
		return vat_ptr_struct(vat_ptr_at(body, 1), NULL);
	if (tag == MSG_RETURN && vat_r_u16(body, 3, 0) == RETURN_RESULTS)
		return vat_ptr_struct(vat_ptr_at(body, 0), NULL);
	return (struct vat_struct_r){0};
}

static void trace_add_desc(struct trace *t, struct vat_struct_r s)
{
	uint16_t path[PATH_MAX_OPS];
	struct descriptor d;
	struct trace_desc *to = &t->desc[t->n_desc++];
	to->tag = vat_r_u16(s, 0, 0);
	to->id = read_descriptor(s, &d, path) ? d.id : 0;
}

static void trace_content(struct trace *t, struct vat_struct_r payload)
{
	struct vat_ptr_r content = vat_ptr_at(payload, 0);
	t->content_is_cap = vat_ptr_kind(content) == VAT_PTR_CAP;
	if (!t->content_is_cap)
		t->label = vat_r_u64(vat_ptr_struct(content, NULL), 0, 0);
}

static void trace_target(struct trace *t, struct vat_struct_r body)
{
	t->has_target = read_target(vat_ptr_struct(vat_ptr_at(body, 0), NULL), &t->target, t->path);
}

static void trace_body(struct trace *t, struct vat_struct_r body)
{
	t->id = vat_r_u32(body, 0, 0);
	switch (t->tag) {
	case MSG_CALL:
		t->kind = vat_r_u16(body, 3, 0);
		trace_target(t, body);
		break;
	case MSG_RETURN:
		t->kind = vat_r_u16(body, 3, 0);
		t->release = vat_r_bool(body, 32, true);
		t->no_finish = vat_r_bool(body, 33, false);
		t->count = vat_r_u32(body, 2, 0);
		break;
	case MSG_FINISH:
		t->release = vat_r_bool(body, 32, true);
		break;
	case MSG_RESOLVE:
		t->kind = vat_r_u16(body, 2, 0);
		if (t->kind == RESOLVE_CAP)
			trace_add_desc(t, vat_ptr_struct(vat_ptr_at(body, 0), NULL));
		break;
	case MSG_RELEASE:
		t->count = vat_r_u32(body, 1, 0);
		break;
	case MSG_DISEMBARGO:
		t->kind = vat_r_u16(body, 2, 0);
		trace_target(t, body);
		break;
	case MSG_PROVIDE:
		trace_target(t, body);
		break;
	default:
		break;
	}
}

/* A message of `size` bytes, whole and well-formed. */
UNUSED_OK static struct trace *trace_new(const void *data, size_t size)
{
	struct vat_message *m;
	size_t used;
	CHECK_INT(vat_message_parse((void *)(uintptr_t)data, size, NULL, &m, &used), 0);
	struct vat_struct_r root = vat_ptr_struct(vat_root(m), NULL);
	uint16_t tag = vat_r_u16(root, 0, 0);
	struct vat_struct_r payload = trace_payload(root, tag);
	struct vat_list_r table = vat_ptr_list(vat_ptr_at(payload, 1), VAT_ELEM_STRUCT, NULL);
	struct trace *t = calloc(1, sizeof(*t) + (table.count + 1) * sizeof(t->desc[0]));
	CHECK(t);
	t->tag = tag;
	trace_content(t, payload);
	trace_body(t, vat_ptr_struct(vat_ptr_at(root, 0), NULL));
	for (uint32_t i = 0; i < table.count; i++)
		trace_add_desc(t, vat_list_struct(table, i));
	CHECK_INT(vat_message_error(m), 0);
	vat_message_free(m);
	return t;
}

/* "call", "return", "disembargo request" ... */
UNUSED_OK static const char *trace_kind(const struct trace *t)
{
	static const char *const names[] = {"unimplemented", "abort", "call", "return", "finish",
		"resolve", "release", "save", "bootstrap", "delete", "provide", "accept", "join",
		"disembargo", "answer"};
	if (t->tag == MSG_DISEMBARGO)
		return t->kind == LOOPBACK_SENDER     ? "disembargo request"
		       : t->kind == LOOPBACK_RECEIVER ? "disembargo reply"
						      : "disembargo accept";
	return t->tag < ARRAY_SIZE(names) ? names[t->tag] : "unknown";
}

/* "call 7", "return 7", "return boot", "return exception", "finish" ... */
UNUSED_OK static void trace_name(const struct trace *t, char *text, size_t size)
{
	static const char *const returns[] = {
		"results", "exception", "canceled", "sent-elsewhere", "take-from-other", "await"};
	bool labelled = t->tag == MSG_CALL || (t->tag == MSG_RETURN && t->kind == RETURN_RESULTS);
	if (t->tag == MSG_RETURN && t->content_is_cap)
		snprintf(text, size, "return boot");
	else if (labelled)
		snprintf(text, size, "%s %llu", trace_kind(t), (unsigned long long)t->label);
	else if (t->tag == MSG_RETURN)
		snprintf(text, size, "return %s",
			t->kind < ARRAY_SIZE(returns) ? returns[t->kind] : "unknown");
	else
		snprintf(text, size, "%s", trace_kind(t));
}

/* The name with all ids, for people. */
UNUSED_OK static void trace_print(FILE *f, const struct trace *t)
{
	static const char *const tags[] = {"none", "hosted", "promise", "yours", "answer", "third"};
	char name[80];
	trace_name(t, name, sizeof(name));
	fprintf(f, "%s #%u", name, t->id);
	if (t->tag == MSG_RELEASE || (t->tag == MSG_RETURN && t->kind == RETURN_TAKE_FROM_OTHER))
		fprintf(f, " n=%u", t->count);
	if (t->tag == MSG_CALL && t->kind == SEND_TO_YOURSELF)
		fprintf(f, " to=yourself");
	if (t->release)
		fprintf(f, " release");
	if (t->no_finish)
		fprintf(f, " noFinish");
	if (t->has_target)
		fprintf(f, " on %s %u", t->target.promised ? "answer" : "cap", t->target.id);
	for (size_t i = 0; t->has_target && i < t->target.n_path; i++)
		fprintf(f, ".%u", t->path[i]);
	for (uint32_t i = 0; i < t->n_desc; i++)
		fprintf(f, " [%s %u]", t->desc[i].tag < 6 ? tags[t->desc[i].tag] : "?",
			t->desc[i].id);
	fprintf(f, "\n");
}
