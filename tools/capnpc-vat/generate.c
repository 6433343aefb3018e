/* SPDX-License-Identifier: MIT */
/* The generator as a function: see generate.h. */
#include "emit.h"
#include "generate.h"

#include <stdio.h>

enum { MAX_OUTPUT = 256 << 20 }; /* of all files together */

/* A file is written below the output folder or not at all. */
static bool path_is_inside(const char *path)
{
	if (!*path || *path == '/' || strlen(path) > 1000)
		return false;
	for (const char *p = path; p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL)
		if (!strncmp(p, "..", 2) && (p[2] == '/' || !p[2]))
			return false;
	return path[strlen(path) - 1] != '/' && !strpbrk(path, "*\"\\");
}

static void take(struct generated *ret, const char *path, const char *suffix, struct text *t)
{
	struct output *o = &ret->files[ret->n_files++];
	struct text name = {0};
	text_printf(&name, "%s%s", path, suffix);
	o->path = name.s;
	o->text = *t;
	*t = (struct text){0};
}

static int generate_files(struct model *m, struct arena *a, struct generated *ret)
{
	struct gen g = {.m = m, .arena = a, .names.arena = a, .brands.arena = a, .of = ""};
	size_t total = 0;
	int r = 0;
	ret->files = calloc(2 * m->n_files + 1, sizeof(*ret->files));
	if (!ret->files)
		return model_fail(m, "out of memory");
	for (size_t i = 0; i < m->n_files && r >= 0; i++) {
		const char *name = m->files[i].name;
		if (!path_is_inside(name)) {
			r = model_fail(m,
				"%s: not below the source folder (see capnp's --src-prefix)", name);
			break;
		}
		r = emit_file(&g, &m->files[i]);
		total += g.h.len + g.c.len;
		if (r >= 0 && total > MAX_OUTPUT)
			r = model_fail(m, "the output gets too large");
		take(ret, name, ".h", &g.h);
		take(ret, name, ".c", &g.c);
	}
	return r;
}

int generate(const void *request, size_t size, uint64_t traversal_words, struct generated *ret)
{
	struct vat_read_limits limits = {.traversal_words = traversal_words};
	struct vat_message *msg = NULL;
	struct arena a = {0};
	struct model m = {0};
	size_t used;
	*ret = (struct generated){0};
	int r = vat_message_parse(request, size, &limits, &msg, &used);
	if (r < 0) {
		r = model_fail(&m,
			"standard input is not a CodeGeneratorRequest: run as capnp compile -ovat");
	} else {
		r = model_load(&m, &a, msg);
		if (r >= 0)
			r = generate_files(&m, &a, ret);
	}
	memcpy(ret->error, m.error, sizeof(ret->error));
	arena_free(&a);
	vat_message_free(msg);
	return r < 0 ? -EBADMSG : 0;
}

void generated_free(struct generated *g)
{
	for (size_t i = 0; i < g->n_files; i++) {
		free(g->files[i].path);
		text_free(&g->files[i].text);
	}
	free(g->files);
	*g = (struct generated){0};
}
