/* SPDX-License-Identifier: MIT */
#include "cli/help.h"
#include "base/test.h"

static char *text;
static size_t text_len;

static void check_has(const char *what)
{
	if (!strstr(text, what))
		test_fail(__FILE__, __LINE__, "no \"%s\" in:\n%s", what, text);
}

static void print_with(void (*print)(FILE *))
{
	FILE *f = open_memstream(&text, &text_len);
	CHECK(f);
	print(f);
	fclose(f);
}

static void help(const struct noun *n, const struct verb *v)
{
	FILE *f = open_memstream(&text, &text_len);
	CHECK(f);
	help_print(f, n, v);
	fclose(f);
}

TEST(every_help_shows_an_example_and_fits_a_terminal)
{
	for (const struct noun *n = nouns; n->name; n++)
		for (const struct verb *v = n->verbs;; v++) {
			help(n, v->name ? v : NULL);
			check_has("\nExample:\n  ");
			check_has("usage: metac ");
			for (char *p = text; *p; p += strcspn(p, "\n") + 1)
				if (strcspn(p, "\n") > 80)
					test_fail(__FILE__, __LINE__, "a line is too long:\n%s", p);
			free(text);
			if (!v->name)
				break;
		}
	help(NULL, NULL);
	check_has("fs mount URI PATH");
	check_has("--version");
	check_has("Example");
	free(text);
}

TEST(completions_know_every_verb)
{
	void (*const print[])(FILE *) = {completion_bash, completion_zsh};
	for (size_t i = 0; i < ARRAY_SIZE(print); i++) {
		print_with(print[i]);
		for (const struct noun *n = nouns; n->name; n++)
			for (const struct verb *v = n->verbs; v->name; v++) {
				char key[64];
				snprintf(key, sizeof(key), "'%s %s')", n->name, v->name);
				check_has(key);
			}
		check_has("connect-timeout");
		free(text);
	}
}

/* Runs a shell on the text with more after it; returns what it prints. */
static char *shell(const char *program, const char *check, const char *after)
{
	char path[] = "/tmp/metac-completion-XXXXXX", command[256];
	static char out[4096];
	int fd = mkstemp(path);
	CHECK(fd >= 0);
	CHECK(write(fd, text, text_len) == (ssize_t)text_len);
	CHECK(write(fd, after, strlen(after)) == (ssize_t)strlen(after));
	close(fd);
	snprintf(command, sizeof(command), "%s %s %s 2>&1", program, check, path);
	FILE *p = popen(command, "r");
	CHECK(p);
	size_t n = fread(out, 1, sizeof(out) - 1, p);
	out[n] = 0;
	int status = pclose(p);
	unlink(path);
	if (status)
		test_fail(__FILE__, __LINE__, "%s: status %d\n%s", program, status, out);
	return out;
}

TEST(bash_completes_verbs_and_options)
{
	print_with(completion_bash);
	const char *out = shell("bash", "--norc",
		"compopt() { :; }\n"
		"COMP_WORDS=(metac --node ::1 fs m) COMP_CWORD=4; _metac; echo ${COMPREPLY[*]}\n"
		"COMP_WORDS=(metac fs mount --tr) COMP_CWORD=3; _metac; echo ${COMPREPLY[*]}\n"
		"COMP_WORDS=(metac fs mount --transport v) COMP_CWORD=4; _metac; echo "
		"${COMPREPLY[*]}\n"
		"COMP_WORDS=(metac block attach --transport l) COMP_CWORD=4; _metac; echo "
		"${COMPREPLY[*]}\n"
		"COMP_WORDS=(metac s) COMP_CWORD=1; _metac; echo ${COMPREPLY[*]}\n"
		"COMP_WORDS=(metac fs export loc) COMP_CWORD=3; _metac; echo ${COMPREPLY[*]}\n"
		"COMP_WORDS=(metac fs export local : /et) COMP_CWORD=5; _metac; echo "
		"${COMPREPLY[*]}\n"
		"COMP_WORDS=(metac net bind newl) COMP_CWORD=3; _metac; echo ${COMPREPLY[*]}\n"
		"COMP_WORDS=(metac net export local : l) COMP_CWORD=5; _metac; echo "
		"${COMPREPLY[*]}\n"
		"COMP_WORDS=(metac net export local :) COMP_CWORD=4; _metac; [[ \" ${COMPREPLY[*]} "
		"\" == "
		"*' lo '* ]] && echo all\n"
		"COMP_WORDS=(metac net stats l) COMP_CWORD=3; _metac; echo ${COMPREPLY[*]}\n");
	CHECK_STR(out, "mount mounts\n--transport\nv9fs\nloop\nstream\nlocal:\n/etc\n"
		       "newlocal:\nlo\nall\nlo\n");
	free(text);
}

TEST(zsh_accepts_its_completion)
{
	if (access("/usr/bin/zsh", X_OK) < 0 && access("/bin/zsh", X_OK) < 0)
		test_skip("there is no zsh");
	print_with(completion_zsh);
	CHECK_STR(shell("zsh", "-fn", ""), "");
	free(text);
}

TEST(the_synopsis_is_mdoc)
{
	FILE *f = open_memstream(&text, &text_len);
	CHECK(f);
	help_synopsis(f, noun_find("fs"));
	fclose(f);
	check_has(".Nm metac fs export\n.Op Fl -persistent\n.Op Fl -timeout Ar TIME\n"
		  ".Op Fl -read-only\n.Ar URI\n");
	check_has(".Nm metac fs mount\n.Op Fl -persistent\n.Op Fl -timeout Ar TIME\n"
		  ".Op Fl -read-only\n.Op Fl -transport Ar KIND\n");
	check_has(".Op Fl -json\n.Ar URI\n.Ar PATH\n");
	check_has(".Ar URI\n.Op Ar PATH\n");
	free(text);
}
