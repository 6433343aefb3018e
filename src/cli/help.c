/* SPDX-License-Identifier: MIT */
/* See help.h. */
#include "cli/help.h"

static void print_options(FILE *out, uint64_t bits)
{
	for (const struct opt *o = opt_table; o->name; o++) {
		if (!(bits & o->bit) || !o->help)
			continue;
		char left[64];
		(void)snprintf(left, sizeof(left), "--%s%s%s", o->name, o->arg ? " " : "",
			o->arg ? o->arg : "");
		if (o->letter)
			fprintf(out, "  -%c, %-22s %s\n", o->letter, left, o->help);
		else
			fprintf(out, "      %-22s %s\n", left, o->help);
	}
}

static void print_indented(FILE *out, const char *text)
{
	while (*text) {
		int n = (int)strcspn(text, "\n");
		fprintf(out, "  %.*s\n", n, text);
		text += n + (text[n] == '\n');
	}
}

void help_usage(FILE *out, const struct noun *noun, const struct verb *verb)
{
	fprintf(out, "metac %s %s [OPTIONS]%s%s", noun->name, verb->name, *verb->args ? " " : "",
		verb->args);
}

static void print_verb(FILE *out, const struct noun *noun, const struct verb *verb)
{
	fprintf(out, "usage: ");
	help_usage(out, noun, verb);
	fprintf(out, "\n\n%s %s - %s\n", noun->name, verb->name, verb->help);
	if (verb->more)
		fprintf(out, "\n%s\n", verb->more);
	fprintf(out, "\nOptions:\n");
	print_options(out, verb->options);
	fprintf(out, "\nExample:\n");
	print_indented(out, verb->example);
	fprintf(out, "\nSee metac-%s(1).\n", noun->name);
}

static void print_verb_lines(FILE *out, const struct noun *noun)
{
	for (const struct verb *v = noun->verbs; v->name; v++) {
		char left[64];
		(void)snprintf(left, sizeof(left), "%s %s %s", noun->name, v->name, v->args);
		fprintf(out, "  %-25s %s\n", left, v->help);
	}
}

static void print_noun(FILE *out, const struct noun *noun)
{
	fprintf(out, "usage: metac %s VERB [OPTIONS] [ARGUMENTS]\n\n%s - %s\n\n", noun->name,
		noun->name, noun->help);
	print_verb_lines(out, noun);
	fprintf(out, "\nExample:\n");
	print_indented(out, noun->verbs->example);
	fprintf(out, "\n`metac %s VERB --help' tells more; so does metac-%s(1).\n", noun->name,
		noun->name);
}

static void print_all(FILE *out)
{
	fprintf(out, "usage: metac NOUN VERB [OPTIONS] [ARGUMENTS]\n\n"
		     "Hands what this machine has to another as a reference, and takes it back.\n");
	for (const struct noun *n = nouns; n->name; n++) {
		fprintf(out, "\n%s\n", n->help);
		print_verb_lines(out, n);
	}
	fprintf(out, "\nOptions everywhere:\n");
	print_options(out, OPT_NODE | OPT_CONNECT_TIMEOUT | OPT_JSON | OPT_HELP | OPT_VERSION);
	fprintf(out, "\nExample:\n"
		     "  hostA# metac fs export local:/srv/photos\n"
		     "  ref://[fd00::1]/kFV4...\n"
		     "  hostB# metac fs mount ref://[fd00::1]/kFV4... /mnt\n"
		     "  hostA# metac ref rm ref://[fd00::1]/kFV4...\n"
		     "\n`metac NOUN VERB --help' tells more; so does metac(1).\n");
}

void help_print(FILE *out, const struct noun *noun, const struct verb *verb)
{
	if (verb)
		print_verb(out, noun, verb);
	else if (noun)
		print_noun(out, noun);
	else
		print_all(out);
}

static void synopsis_args(FILE *out, const struct verb *v)
{
	char word[64];
	for (size_t i = 0;; i++) {
		verb_arg_name(v, i, word, sizeof(word));
		if (!*word)
			return;
		size_t n = strcspn(word, "].");
		char *name = *word == '[' ? word + 1 : word;
		n -= (size_t)(name - word);
		fprintf(out, ".%sAr %.*s%s\n", name != word ? "Op " : "", (int)n, name,
			strstr(word, "...") ? " ..." : "");
	}
}

static void synopsis_noun(FILE *out, const struct noun *noun)
{
	for (const struct verb *v = noun->verbs; v->name; v++) {
		fprintf(out, ".Nm metac %s %s\n", noun->name, v->name);
		for (const struct opt *o = opt_table; o->name; o++) {
			if (!o->help || !(v->options & o->bit & ~(OPT_CONNECT | OPT_JSON)))
				continue;
			fprintf(out, ".Op Fl -%s%s%s\n", o->name, o->arg ? " Ar " : "",
				o->arg ? o->arg : "");
		}
		if (v->options & OPT_JSON)
			fprintf(out, ".Op Fl -json\n");
		synopsis_args(out, v);
	}
}

void help_synopsis(FILE *out, const struct noun *noun)
{
	for (const struct noun *n = noun ? noun : nouns; n->name; n++) {
		synopsis_noun(out, n);
		if (noun)
			return;
	}
}
