/* SPDX-License-Identifier: MIT */
/* C names: see names.h. */
#include "names.h"

#include <ctype.h>

static bool is_word(const char *s)
{
	if (!isalpha((unsigned char)s[0]))
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && *s != '_')
			return false;
	return true;
}

bool name_is_plain(const char *s)
{
	for (const char *p = s; *p; p++)
		if (isupper((unsigned char)*p))
			return false;
	return is_word(s) && strlen(s) <= NAME_MAX_PART;
}

/* A word begins at s[i]: an upper-case letter after a lower-case one or a digit, or the last one of
 * a run of upper-case letters ("FTPUrl": before "Url"). */
static bool word_begins(const char *s, size_t i)
{
	if (i == 0 || !isupper((unsigned char)s[i]) || s[i - 1] == '_')
		return false;
	return !isupper((unsigned char)s[i - 1]) || islower((unsigned char)s[i + 1]);
}

char *name_snake(struct arena *a, const char *s)
{
	size_t len = strlen(s);
	if (!is_word(s) || len > NAME_MAX_PART)
		return NULL;
	char *ret = arena_alloc(a, 2 * len + 1, 1), *to = ret;
	for (size_t i = 0; i < len; i++) {
		if (word_begins(s, i))
			*to++ = '_';
		*to++ = (char)tolower((unsigned char)s[i]);
	}
	*to = '\0';
	return ret;
}

char *name_of_file(struct arena *a, const char *base)
{
	const char *dot = strchr(base, '.');
	size_t len = MIN(dot ? (size_t)(dot - base) : strlen(base), (size_t)NAME_MAX_PART);
	char *s = arena_printf(a, "%.*s", (int)len, base);
	for (char *p = s; *p; p++)
		if (!isalnum((unsigned char)*p))
			*p = '_';
	char *ret = name_snake(a, s);
	return ret ? ret : arena_printf(a, "schema_%s", s);
}

char *name_upper(struct arena *a, const char *s)
{
	char *ret = arena_printf(a, "%s", s);
	for (char *p = ret; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	return ret;
}

const char *name_member(struct arena *a, const char *s)
{
	static const char *const taken[] = {"alignas", "alignof", "and", "and_eq", "asm", "assert",
		"auto", "bitand", "bitor", "bool", "break", "case", "catch", "char", "class",
		"compl", "concept", "const", "const_cast", "consteval", "constexpr", "constinit",
		"continue", "decltype", "default", "delete", "do", "double", "dynamic_cast", "else",
		"enum", "errno", "explicit", "export", "extern", "false", "float", "for", "friend",
		"goto", "i386", "if", "inline", "int", "linux", "long", "mutable", "namespace",
		"new", "noexcept", "not", "not_eq", "nullptr", "offsetof", "operator", "or",
		"or_eq", "private", "protected", "public", "register", "reinterpret_cast",
		"requires", "restrict", "return", "short", "signed", "sizeof", "static",
		"static_assert", "static_cast", "stderr", "stdin", "stdout", "struct", "switch",
		"template", "this", "thread_local", "throw", "true", "try", "typedef", "typeid",
		"typename", "typeof", "union", "unix", "unsigned", "using", "virtual", "void",
		"volatile", "wchar_t", "while", "xor", "xor_eq"};
	for (size_t i = 0; i < ARRAY_SIZE(taken); i++)
		if (!strcmp(s, taken[i]))
			return arena_printf(a, "%s_", s);
	return s;
}

static const char *nested_key(struct arena *a, uint64_t scope_id, size_t len, const char *name)
{
	return arena_printf(a, "%llx/%.*s", (unsigned long long)scope_id, (int)len, name);
}

void names_note_nested(struct model *m, uint64_t scope_id, const char *name)
{
	const char *snake = name_snake(m->arena, name);
	if (snake)
		name_set_add(
			m->nested_names, nested_key(m->arena, scope_id, strlen(snake), snake), "");
}

/* A List(Foo) is read by foo_list_r: a struct FooList beside Foo, or List inside it, must be called
 * otherwise. The scope tells what is beside, for also an importing file's request must find that.
 */
static bool takes_list_name(struct model *m, const struct node *n, const char *own)
{
	size_t len = strlen(own);
	if (n->kind != N_STRUCT || !n->scope || !n->scope_id)
		return false;
	if (!strcmp(own, "list"))
		return n->scope->kind == N_STRUCT && !n->scope->is_group;
	return len > 5 && !strcmp(own + len - 5, "_list") &&
	       name_set_has(m->nested_names, nested_key(m->arena, n->scope_id, len - 5, own));
}

static int assign(struct model *m, struct node *n)
{
	if (n->c || !n->file)
		return 0;
	const char *own = n->annotated ? n->annotated : n->local_name;
	if (!own)
		return model_fail(m, "%s: not a name", n->display);
	if (!n->annotated && takes_list_name(m, n, own))
		own = arena_printf(m->arena, "%s_%s", own, n->is_group ? "group" : "type");
	if (n->scope) {
		if (assign(m, n->scope) < 0) /* as deep as scopes nest, which resolve.c limits */
			return -EBADMSG;
		own = arena_printf(m->arena, "%s_%s", n->scope->c, own);
	}
	if (strlen(own) > NAME_MAX_FULL)
		return model_fail(m, "%s: the C name gets too long", n->display);
	n->c = own;
	n->C = name_upper(m->arena, own);
	return 0;
}

int names_assign(struct model *m)
{
	for (size_t i = 0; i < m->n_nodes; i++)
		if (m->nodes[i].kind != N_ANNOTATION && assign(m, &m->nodes[i]) < 0)
			return -EBADMSG;
	return 0;
}

/* ---- names in use: a hash table with open addressing ---------------------------------------- */

struct name_entry {
	const char *name, *owner;
};

static uint64_t hash(const char *s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
	return h ^ h >> 32;
}

static struct name_entry *find(const struct name_set *s, const char *name)
{
	size_t i = hash(name) & (s->size - 1);
	while (s->entries[i].name && strcmp(s->entries[i].name, name))
		i = (i + 1) & (s->size - 1);
	return &s->entries[i];
}

static void grow(struct name_set *s)
{
	struct name_set old = *s;
	s->size = old.size ? 2 * old.size : 256;
	s->entries = ARENA_NEW(s->arena, struct name_entry, s->size);
	for (size_t i = 0; i < old.size; i++)
		if (old.entries[i].name)
			*find(s, old.entries[i].name) = old.entries[i];
}

bool name_set_has(const struct name_set *s, const char *name)
{
	return s->size && find(s, name)->name;
}

const char *name_set_add(struct name_set *s, const char *name, const char *owner)
{
	if (2 * s->n >= s->size)
		grow(s);
	struct name_entry *e = find(s, name);
	if (e->name)
		return e->owner;
	*e = (struct name_entry){name, owner};
	s->n++;
	return NULL;
}
