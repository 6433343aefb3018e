/* SPDX-License-Identifier: MIT */
/*
 * Shell completion, printed from the tables.  Each script is a fixed frame around one case per
 * verb. Nothing is run while completing: addresses come from the names in the runtime directory.
 */
#include "cli/help.h"

static const char bash_head[] =
	"# bash completion for metac; made from the command's tables\n"
	"_metac()\n"
	"{\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	"\tlocal noun= verb= words= kind= i skip=\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tif [[ $skip ]]; then\n"
	"\t\t\tskip=\n"
	"\t\t\tcontinue\n"
	"\t\tfi\n"
	"\t\tcase ${COMP_WORDS[i]} in\n"
	"\t\t%s) skip=1 ;;\n"
	"\t\t-*) ;;\n"
	"\t\t*)\n"
	"\t\t\tif [[ -z $noun ]]; then noun=${COMP_WORDS[i]}\n"
	"\t\t\telif [[ -z $verb ]]; then verb=${COMP_WORDS[i]}; break\n"
	"\t\t\tfi ;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"\tcase $prev in\n"
	"\t-n | --node)\n"
	"\t\tCOMPREPLY=($(compgen -W \"$(command ls \"${METAC_RUNTIME_DIR:-/run/metac}\" "
	"2>/dev/null)\" -- \"$cur\"))\n"
	"\t\treturn ;;\n"
	"\t--transport)\n"
	"\t\twords='bind fuse v9fs'\n"
	"\t\t[[ $noun == block ]] && words='nbd loop'\n"
	"\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	"\t\treturn ;;\n"
	"\t--unix)\n"
	"\t\tcompopt -o filenames\n"
	"\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n"
	"\t\treturn ;;\n"
	"\t--format)\n"
	"\t\tCOMPREPLY=($(compgen -W 'raw qcow2 vmdk vdi vhdx vpc' -- \"$cur\"))\n"
	"\t\treturn ;;\n"
	"\tesac\n"
	"\tcase \"$noun $verb\" in\n";

static const char bash_tail[] =
	"\tesac\n"
	"\tif [[ $cur == -* || $kind == verb ]]; then\n"
	"\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	"\t\treturn\n"
	"\tfi\n"
	"\tcase $kind in\n"
	"\turi)\n"
	"\t\t[[ $cur == : ]] && cur=\n"
	"\t\tCOMPREPLY=($(compgen -W 'local: ref:// -' -- \"$cur\"))\n"
	"\t\tcompopt -o nospace -o filenames\n"
	"\t\t[[ $cur == /* ]] && COMPREPLY+=($(compgen -f -- \"$cur\")) ;;\n"
	"\tneturi)\n"
	"\t\t[[ $cur == : ]] && cur=\n"
	"\t\t[[ $prev == : ]] && prev=${COMP_WORDS[COMP_CWORD-2]}\n"
	"\t\tcase $prev in\n"
	"\t\tlocal) words=$(command ls /sys/class/net 2>/dev/null) ;;\n"
	"\t\tnetns | newnetns) words=$(command ls /run/netns 2>/dev/null) ;;\n"
	"\t\tnewlocal) words= ;;\n"
	"\t\t*) words='local: newlocal: netns: newnetns: ref:// -' ;;\n"
	"\t\tesac\n"
	"\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	"\t\tcompopt -o nospace ;;\n"
	"\tinterface)\n"
	"\t\tCOMPREPLY=($(compgen -W \"$(command ls /sys/class/net 2>/dev/null)\" -- \"$cur\")) "
	";;\n"
	"\tnetns)\n"
	"\t\tCOMPREPLY=($(compgen -W \"$(command ls /run/netns 2>/dev/null)\" -- \"$cur\")) ;;\n"
	"\tcommand)\n"
	"\t\tCOMPREPLY=($(compgen -c -- \"$cur\")) ;;\n"
	"\tpath)\n"
	"\t\tcompopt -o filenames\n"
	"\t\tCOMPREPLY=($(compgen -f -- \"$cur\")) ;;\n"
	"\tesac\n"
	"}\n"
	"complete -F _metac metac\n";

static const char *kind_word(const struct verb *v)
{
	/* Bash completes all arguments of a verb alike; only the most telling kind matters. */
	bool path = false, uri = false;
	for (size_t i = 0; i < ARRAY_SIZE(v->kinds); i++) {
		if (v->kinds[i] == WORD_COMMAND)
			return "command";
		if (v->kinds[i] == WORD_NET_URI)
			return "neturi";
		if (v->kinds[i] == WORD_INTERFACE)
			return "interface";
		if (v->kinds[i] == WORD_NETNS)
			return "netns";
		path |= v->kinds[i] == WORD_PATH;
		uri |= v->kinds[i] == WORD_URI;
	}
	return uri ? "uri" : path ? "path" : "none";
}

static void bash_options(FILE *out, uint64_t bits)
{
	const char *sep = "";
	for (const struct opt *o = opt_table; o->name; o++) {
		if (!(bits & o->bit) || !o->help)
			continue;
		fprintf(out, "%s--%s", sep, o->name);
		sep = " ";
	}
}

static void bash_noun(FILE *out, const struct noun *n)
{
	fprintf(out, "\t'%s ') kind=verb words='", n->name);
	for (const struct verb *v = n->verbs; v->name; v++)
		fprintf(out, "%s%s", v == n->verbs ? "" : " ", v->name);
	fprintf(out, " --help' ;;\n");
	for (const struct verb *v = n->verbs; v->name; v++) {
		fprintf(out, "\t'%s %s') kind=%s words='", n->name, v->name, kind_word(v));
		bash_options(out, v->options);
		fprintf(out, "' ;;\n");
	}
}

/* Two options may have one name: then no verb takes both. */
static bool is_named_before(const struct opt *o)
{
	for (const struct opt *p = opt_table; p < o; p++)
		if (!strcmp(p->name, o->name))
			return true;
	return false;
}

/* "-t | --timeout | ...": the options that swallow the next word. */
static void options_with_argument(char *buf, size_t size)
{
	size_t at = 0;
	for (const struct opt *o = opt_table; o->name && at < size; o++) {
		if (!o->arg || is_named_before(o))
			continue;
		if (o->letter)
			at += (size_t)snprintf(
				buf + at, size - at, "%s-%c", at ? " | " : "", o->letter);
		if (at < size)
			at += (size_t)snprintf(
				buf + at, size - at, "%s--%s", at ? " | " : "", o->name);
	}
	assert(at < size);
}

void completion_bash(FILE *out)
{
	char with_arg[512];
	options_with_argument(with_arg, sizeof(with_arg));
	const char *hole = strstr(bash_head, "%s");
	fprintf(out, "%.*s%s%s", (int)(hole - bash_head), bash_head, with_arg, hole + 2);
	fprintf(out, "\t' ') kind=verb words='");
	for (const struct noun *n = nouns; n->name; n++)
		fprintf(out, "%s ", n->name);
	fprintf(out, "--help --version' ;;\n");
	for (const struct noun *n = nouns; n->name; n++)
		bash_noun(out, n);
	fputs(bash_tail, out);
}

/* Text inside '...' of a zsh specification: colons and brackets are escaped. */
static void zsh_text(FILE *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '\'')
			fputs("'\\'", out);
		else if (strchr(":[]", *s))
			fputc('\\', out);
		fputc(*s, out);
	}
}

/* What an option's argument may be, for zsh. */
static const char *const option_words[] = {
	[WORD_PATH] = "_files",
	[WORD_ADDRESS] = "_metac_address",
	[WORD_TRANSPORT] = "(bind fuse v9fs)",
	[WORD_BLOCK_TRANSPORT] = "(nbd loop)",
	[WORD_PROGRESS] = "(bar plain none)",
	[WORD_FORMAT] = "(raw qcow2 vmdk vdi vhdx vpc)",
};

static void zsh_option(FILE *out, const struct opt *o)
{
	if (o->letter)
		fprintf(out, " \\\n\t\t\t'(-%c --%s)'{-%c,--%s}'[", o->letter, o->name, o->letter,
			o->name);
	else
		fprintf(out, " \\\n\t\t\t'--%s[", o->name);
	zsh_text(out, o->help);
	fprintf(out, "]");
	if (o->arg)
		fprintf(out, ":%s:%s", o->arg, option_words[o->kind] ?: " ");
	fprintf(out, "'");
}

static void zsh_verb(FILE *out, const struct noun *n, const struct verb *v)
{
	static const char *const actions[] = {[WORD_PATH] = "_files",
		[WORD_URI] = "_metac_uri",
		[WORD_COMMAND] = "_normal",
		[WORD_NET_URI] = "_metac_net_uri",
		[WORD_INTERFACE] = "_metac_interface",
		[WORD_NETNS] = "_metac_netns",
		[WORD_COMMAND_LAST] = "_normal",
		[WORD_OTHER] = " "};
	fprintf(out, "\t'%s %s')\n\t\t_arguments -s", n->name, v->name);
	for (const struct opt *o = opt_table; o->name; o++)
		if ((v->options & o->bit) && o->help)
			zsh_option(out, o);
	char word[64];
	for (size_t i = 0; i < ARRAY_SIZE(v->kinds); i++) {
		verb_arg_name(v, i, word, sizeof(word));
		if (!*word)
			break;
		char *name = word + strspn(word, "[");
		name[strcspn(name, "].")] = 0;
		if (v->kinds[i] == WORD_COMMAND || v->kinds[i] == WORD_COMMAND_LAST)
			fprintf(out, " \\\n\t\t\t'*::%s:%s'", name, actions[v->kinds[i]]);
		else
			fprintf(out, " \\\n\t\t\t'%zu%s:%s:%s'", i + 1, *word == '[' ? ":" : "",
				name, actions[v->kinds[i]]);
	}
	fprintf(out, " ;;\n");
}

static const char zsh_head[] = "#compdef metac\n"
			       "# zsh completion for metac; made from the command's tables\n"
			       "_metac_uri()\n"
			       "{\n"
			       "\tif compset -P 'local:*,' || compset -P 'local:'; then\n"
			       "\t\t_files\n"
			       "\telse\n"
			       "\t\tcompadd -S '' local: ref://\n"
			       "\tfi\n"
			       "}\n"
			       "_metac_interface() { compadd -- /sys/class/net/*(N:t) }\n"
			       "_metac_netns() { compadd \"$@\" -- /run/netns/*(N:t) }\n"
			       "_metac_net_uri()\n"
			       "{\n"
			       "\tif compset -P 'local:'; then\n"
			       "\t\t_metac_interface\n"
			       "\telif compset -P 'netns:' || compset -P 'newnetns:'; then\n"
			       "\t\t_metac_netns -S :\n"
			       "\telse\n"
			       "\t\tcompadd -S '' local: newlocal: netns: newnetns: ref://\n"
			       "\tfi\n"
			       "}\n"
			       "_metac_address()\n"
			       "{\n"
			       "\tlocal dir=${METAC_RUNTIME_DIR:-/run/metac}\n"
			       "\tcompadd -- $dir/*(N:t)\n"
			       "}\n"
			       "_metac()\n"
			       "{\n"
			       "\tlocal -a items\n"
			       "\tif (( CURRENT == 2 )); then\n"
			       "\t\titems=(\n";

static void zsh_item(FILE *out, const char *name, const char *help)
{
	fprintf(out, "\t\t\t'%s:", name);
	zsh_text(out, help);
	fprintf(out, "'\n");
}

void completion_zsh(FILE *out)
{
	fputs(zsh_head, out);
	for (const struct noun *n = nouns; n->name; n++)
		zsh_item(out, n->name, n->help);
	fprintf(out, "\t\t)\n\t\t_describe noun items\n\t\treturn\n\tfi\n"
		     "\tif (( CURRENT == 3 )); then\n\t\tcase $words[2] in\n");
	for (const struct noun *n = nouns; n->name; n++) {
		fprintf(out, "\t\t%s) items=(\n", n->name);
		for (const struct verb *v = n->verbs; v->name; v++)
			zsh_item(out, v->name, v->help);
		fprintf(out, "\t\t\t) ;;\n");
	}
	fprintf(out, "\t\tesac\n\t\t_describe verb items\n\t\treturn\n\tfi\n"
		     "\tlocal key=\"$words[2] $words[3]\"\n"
		     "\tshift 2 words\n\t(( CURRENT -= 2 ))\n\tcase $key in\n");
	for (const struct noun *n = nouns; n->name; n++)
		for (const struct verb *v = n->verbs; v->name; v++)
			zsh_verb(out, n, v);
	fprintf(out, "\tesac\n}\n_metac \"$@\"\n");
}
