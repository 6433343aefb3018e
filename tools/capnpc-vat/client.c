/* SPDX-License-Identifier: MIT */
/*
 * The calling side of an interface: references, requests, results, pipelining.
 *
 * A request for which memory ran out has a NULL call, which libvat's functions accept, and a null
 * builder for its parameters: it is filled in and sent like any other, to no effect.
 */
#include "emit.h"

void emit_client_requests(struct gen *g, const struct node *n)
{
	for (size_t i = 0; i < n->n_methods; i++) {
		const struct method *m = &n->methods[i];
		const char *name = S(g, "struct %s_%s_req", n->c, m->name);
		emit_claim(g, n, name);
		H(g, "%s {\n\tstruct vat_call *call;\n\tstruct %s_b params;\n};\n", name,
			need(g, n, m->params, m->params_id)->c);
	}
	if (n->n_methods)
		H(g, "\n");
}

static void emit_request(struct gen *g, const struct node *n, size_t i)
{
	const struct method *m = &n->methods[i];
	const struct node *p = need(g, n, m->params, m->params_id);
	const char *base = S(g, "%s_%s", n->c, m->name), *req = S(g, "struct %s_req", base);
	emit_doc(g, "", m->doc);
	emit_fn(g, n, req, base, "struct vat *v, struct %s_c c", n->c);
	H(g, "\t%s req;\n", req);
	H(g, "\treq.call = vat_call_for(v, c.cap, &%s_interface, %zu);\n", n->c, i);
	H(g, "\treq.params.s = vat_init_struct(vat_call_params(req.call),\n\t\t%s);\n",
		size_expr(g, p));
	H(g, "\treturn req;\n");
	emit_end(g);
	emit_fn(g, n, "void", S(g, "%s_send", base), "%s req, vat_done done, void *user", req);
	H(g, "\tvat_call_send(req.call, done, user);\n");
	emit_end(g);
	emit_fn(g, n, "void", S(g, "%s_tail", base), "struct vat_ctx *ctx, %s req", req);
	H(g, "\tvat_ctx_tail_call(ctx, req.call);\n");
	emit_end(g);
	if (!m->streaming)
		return;
	emit_fn(g, n, "int", S(g, "%s_stream", base), "struct vat_stream *s, %s req", req);
	H(g, "\treturn vat_stream_send(s, req.call);\n");
	emit_end(g);
}

static void emit_results_from(struct gen *g, const struct node *n, const struct method *m)
{
	if (m->streaming)
		return;
	const struct node *r = need(g, n, m->results, m->results_id);
	const char *name = S(g, "%s_%s_results", n->c, m->name);
	if (!strcmp(r->c, name))
		return; /* it is called so already: unnamed results, or a struct named after the
			   method */
	emit_fn(g, n, S(g, "struct %s_r", r->c), S(g, "%s_from", name), "struct vat_ptr_r p");
	emit_return(g, S(g, "struct %s_r", r->c), "vat_ptr_struct(p, NULL)");
	emit_end(g);
}

static void emit_pipe(struct gen *g, const struct node *n, const char *name, const struct type *t,
	const char *path)
{
	const char *type =
		t->kind == T_INTERFACE ? S(g, "struct %s_c", t->node->c) : "struct vat_cap *";
	emit_fn(g, n, type, name, "struct vat_call *call");
	H(g, "\tstatic const uint16_t path[] = {%s};\n", path);
	const char *expr = S(g, "vat_call_pipeline(call, path, %d)", strchr(path, ',') ? 2 : 1);
	if (t->kind == T_INTERFACE)
		emit_return(g, type, expr);
	else
		H(g, "\treturn %s;\n", expr);
	emit_end(g);
}

/* One function for each capability that results may hold, in groups (which have no pointer of their
 * own) and one struct deep; what lies deeper is reached by pipe.c's steps. */
static void emit_pipes(struct gen *g, const struct node *n, const struct node *s, const char *name,
	const char *path, bool deep)
{
	for (size_t i = 0; i < s->n_fields && emit_may(g); i++) {
		const struct field *f = &s->fields[i];
		const char *sub = S(g, "%s_%s", name, f->name);
		if (f->group) { /* as deep as scopes nest */
			emit_pipes(g, n, f->group, sub, path, deep);
			continue;
		}
		const char *at = S(g, "%s%s%u", path, *path ? ", " : "", f->offset);
		enum type_kind kind = f->type.kind;
		if (kind == T_ANY || kind == T_CAPABILITY ||
			(kind == T_INTERFACE && f->type.node && f->type.node->c))
			emit_pipe(g, n, sub, &f->type, at);
		else if (kind == T_STRUCT && deep && f->type.node)
			emit_pipes(g, n, f->type.node, sub, at, false);
	}
}

static void emit_reference(struct gen *g, const struct node *n)
{
	const char *c = S(g, "struct %s_c", n->c);
	emit_fn(g, n, c, S(g, "%s_cast", n->c), "struct vat_cap *cap");
	emit_return(g, c, "cap");
	emit_end(g);
	emit_fn(g, n, c, S(g, "%s_ref", n->c), "%s c", c);
	emit_return(g, c, "vat_cap_ref(c.cap)");
	emit_end(g);
	emit_fn(g, n, "void", S(g, "%s_unref", n->c), "%s c", c);
	H(g, "\tvat_cap_unref(c.cap);\n");
	emit_end(g);
	emit_fn(g, n, c, S(g, "%s_from", n->c), "struct vat_ptr_r p");
	emit_return(g, c, "vat_ptr_cap(p)");
	emit_end(g);
	emit_fn(g, n, c, S(g, "%s_list_at", n->c), "struct vat_list_r list, uint32_t i");
	emit_return(g, c, "vat_ptr_cap(vat_list_ptr(list, i))");
	emit_end(g);
	emit_fn(g, n, "void", S(g, "%s_list_set_at", n->c),
		"struct vat_list_b list, uint32_t i, %s c", c);
	H(g, "\tvat_set_cap(vat_list_ptr_b(list, i), c.cap);\n");
	emit_end(g);
}

void emit_client_functions(struct gen *g, const struct node *n)
{
	H(g, "/* ---- %s */\n\n", n->display);
	emit_reference(g, n);
	for (size_t i = 0; i < n->n_supers; i++) {
		const struct node *super = need(g, n, n->supers[i].node, n->supers[i].id);
		const char *type = S(g, "struct %s_c", super->c);
		emit_fn(g, n, type, S(g, "%s_as_%s", n->c, super_member(g, n, i)), "struct %s_c c",
			n->c);
		emit_return(g, type, "c.cap");
		emit_end(g);
	}
	for (size_t i = 0; i < n->n_methods && emit_may(g); i++) {
		const struct method *m = &n->methods[i];
		emit_request(g, n, i);
		emit_results_from(g, n, m);
		if (m->results && m->results->reaches) {
			const char *p = S(g, "struct %s_p", need(g, n, m->results, 0)->c);
			emit_fn(g, n, p, S(g, "%s_%s_pipe", n->c, m->name),
				"struct vat_call *call");
			emit_return(g, p, "vat_pipe_results(call)");
			emit_end(g);
		}
		if (m->results)
			emit_pipes(g, n, m->results, S(g, "%s_%s_pipe", n->c, m->name), "", true);
	}
}
