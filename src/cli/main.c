/* SPDX-License-Identifier: MIT */
/*
 * The metac command: finds the verb, runs it, reports.  Exit status: 0 done, 1 failed, 2 wrong use;
 * `stream run' passes on its command's.  Called mount.metac, it is the helper of mount(8).
 */
#include "cli/command.h"
#include "cli/help.h"
#include "cli/mount-helper.h"
#include "cli/show.h"
#include "core/ref.h"

#include <locale.h>
#include <signal.h>

enum { EXIT_USAGE = 2 };

static int finish_output(int status)
{
	if ((fflush(stdout) || ferror(stdout)) && !status) {
		fprintf(stderr, "metac: standard output: %s\n", strerror(errno ? errno : EIO));
		return EXIT_FAILURE;
	}
	return status;
}

static int report(struct command *c, int status)
{
	char name[64];
	command_name(c, name, sizeof(name));
	show_make_plain(c->cli.err.msg); /* some of it may be a peer's words */
	const char *text = c->cli.err.code ? c->cli.err.msg : "failed";
	if (status == EXIT_USAGE)
		fprintf(stderr, "metac: %s%s%s (see `metac%s%s --help')\n", name, *name ? ": " : "",
			text, *name ? " " : "", name);
	else
		fprintf(stderr, "metac: %s: %s\n", name, text);
	return status;
}

/* What the build and the tests want printed; not meant for people, so not in the tables. */
static bool print_for_build(int argc, char **argv)
{
	if (argc < 2 || argc > 3)
		return false;
	const char *what = argc > 2 ? argv[2] : "";
	if (!strcmp(argv[1], "--completion") && !strcmp(what, "bash"))
		completion_bash(stdout);
	else if (!strcmp(argv[1], "--completion") && !strcmp(what, "zsh"))
		completion_zsh(stdout);
	else if (!strcmp(argv[1], "--synopsis") && (!*what || noun_find(what)))
		help_synopsis(stdout, *what ? noun_find(what) : NULL);
	else
		return false;
	return true;
}

/* As if the signal had never been caught or ignored. */
static void end_by_signal(int sig)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, sig);
	signal(sig, SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(sig);
}

/*
 * Everybody can read what a process was started with (ps(1)), and the one that keeps an ordinary
 * user's mount stays: so references are moved elsewhere, and what was there is written over.
 */
static void hide_references(int argc, char **argv)
{
	static char *words; /* one after the other; as long as the process lives */
	size_t size = 0;
	for (int i = 1; i < argc; i++)
		size += ref_is(argv[i]) ? strlen(argv[i]) + 1 : 0;
	words = size ? malloc(size) : NULL;
	char *at = words;
	for (int i = 1; at && i < argc; i++) {
		size_t n = strlen(argv[i]);
		if (!ref_is(argv[i]))
			continue;
		memcpy(at, argv[i], n + 1);
		memset(argv[i] + 4, '*', n - 4);
		argv[i] = at;
		at += n + 1;
	}
}

int main(int argc, char **argv)
{
	struct command c;
	const char *slash = argc ? strrchr(argv[0], '/') : NULL;
	hide_references(argc, argv);
	setlocale(LC_ALL, "");
	if (argc && !strcmp(slash ? slash + 1 : argv[0], "mount.metac"))
		return mount_helper_main(argc, argv);
	if (print_for_build(argc, argv))
		return finish_output(0);
	if (command_parse(argc, argv, &c) < 0)
		return report(&c, EXIT_USAGE);
	if (c.cli.opt.help) {
		help_print(stdout, c.noun, c.verb);
		return finish_output(0);
	}
	if (c.cli.opt.version) {
		printf("metac " METAC_VERSION "\n");
		return finish_output(0);
	}
	int r = c.verb->run(&c.cli);
	if (r == -EPIPE && !strncmp(c.cli.err.msg, "standard output", 15))
		end_by_signal(SIGPIPE); /* the reader has seen enough: `metac fs ls | head' */
	if (r == -EINTR && c.cli.signal)
		end_by_signal(c.cli.signal);
	if (r < 0)
		return finish_output(report(&c, c.cli.wrong_use ? EXIT_USAGE : EXIT_FAILURE));
	return finish_output(r);
}
