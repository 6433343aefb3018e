/* SPDX-License-Identifier: MIT */
/* Looking things up in the tables of verb-table.c: see verb.h. */
#include "cli/verb.h"

const struct noun *noun_find(const char *name)
{
	for (const struct noun *n = nouns; n->name; n++)
		if (!strcmp(n->name, name))
			return n;
	return NULL;
}

const struct verb *verb_find(const struct noun *n, const char *name)
{
	for (const struct verb *v = n->verbs; v->name; v++)
		if (!strcmp(v->name, name))
			return v;
	return NULL;
}

void verb_arg_name(const struct verb *v, size_t i, char *buf, size_t size)
{
	const char *p = v->args;
	for (;; i--) {
		p += strspn(p, " ");
		size_t n = strcspn(p, " ");
		if (!i || !n) {
			(void)snprintf(buf, size, "%.*s", (int)n, p);
			return;
		}
		p += n;
	}
}

void verb_arity(const struct verb *v, size_t *ret_min, size_t *ret_max)
{
	char word[64];
	*ret_min = *ret_max = 0;
	for (size_t i = 0;; i++) {
		verb_arg_name(v, i, word, sizeof(word));
		if (!*word)
			return;
		*ret_min += *word != '[';
		if (*ret_max != SIZE_MAX)
			++*ret_max;
		if (strstr(word, "..."))
			*ret_max = SIZE_MAX;
	}
}

bool verb_runs_command(const struct verb *v)
{
	for (size_t i = 0; i < ARRAY_SIZE(v->kinds); i++)
		if (v->kinds[i] == WORD_COMMAND)
			return true;
	return false;
}

int cli_wrong_use(struct cli *cli, const char *text)
{
	cli->wrong_use = true;
	return err_set(&cli->err, -EINVAL, "%s", text);
}
