/* SPDX-License-Identifier: MIT */
#include "cli/command.h"
#include "base/test.h"

/* Parses the words of line, split at spaces. The result borrows from static memory. */
static struct command parse(const char *line, int want)
{
	static char copy[512];
	static char *argv[64];
	int argc = 0;
	struct command c;
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *p = strtok(copy, " "); p && argc < 63; p = strtok(NULL, " "))
		argv[argc++] = p;
	argv[argc] = NULL;
	int r = command_parse(argc, argv, &c);
	if (r != want)
		test_fail(__FILE__, __LINE__, "%s: %d %s", line, r, c.cli.err.msg);
	return c;
}

static void check_error(const char *line, const char *name, const char *text)
{
	char buf[64];
	struct command c = parse(line, -EINVAL);
	command_name(&c, buf, sizeof(buf));
	CHECK_STR(buf, name);
	CHECK_STR(c.cli.err.msg, text);
}

TEST(options_may_stand_anywhere)
{
	static const char *const lines[] = {
		"metac fs mount --read-only --node fd00::1 URI /mnt",
		"metac --node=fd00::1 fs mount URI /mnt --read-only",
		"metac -n fd00::1 fs -r mount URI -- /mnt",
		"metac fs mount URI -rn fd00::1 /mnt",
		"metac fs --node fd00::1 mount URI --read /mnt",
		"metac fs mount --readonly --node fd00::1 URI /mnt",
	};
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct command c = parse(lines[i], 0);
		CHECK_STR(c.verb->name, "mount");
		CHECK_STR(c.cli.opt.node, "fd00::1");
		CHECK(c.cli.opt.read_only && !c.cli.opt.persistent);
		CHECK_INT(c.cli.n_args, 2);
		CHECK_STR(c.cli.args[0], "URI");
		CHECK_STR(c.cli.args[1], "/mnt");
	}
}

TEST(an_option_means_what_the_verb_takes)
{
	CHECK_STR(parse("metac fs mount --transport v9fs URI /mnt", 0).cli.opt.transport, "v9fs");
	CHECK_STR(parse("metac block attach --transport loop URI", 0).cli.opt.transport, "loop");
	CHECK_STR(parse("metac block attach URI --trans=loop", 0).cli.opt.transport, "loop");
}

TEST(after_a_command_options_are_its_own)
{
	struct command c = parse("metac stream run --node ::1 REF tar -x --json -f -", 0);
	CHECK_STR(c.cli.opt.node, "::1");
	CHECK(!c.cli.opt.json);
	CHECK_INT(c.cli.n_args, 6);
	CHECK_STR(c.cli.args[2], "-x");
	c = parse("metac stream run - -- cat", 0);
	CHECK_INT(c.cli.n_args, 3);
}

TEST(a_dash_is_an_argument)
{
	struct command c = parse("metac fs mount - /mnt -p", 0);
	CHECK_INT(c.cli.n_args, 2);
	CHECK_STR(c.cli.args[0], "-");
}

TEST(times)
{
	struct command c = parse("metac fs export -t 10min --connect-timeout 500ms local:/x", 0);
	CHECK_INT(c.cli.opt.timeout_s, 600);
	CHECK_INT(c.cli.opt.connect_timeout_us, 500000);
	check_error("metac fs export -t 1500ms local:/x", "fs export",
		"--timeout: `1500ms' is not in whole seconds");
	check_error("metac fs export --timeout soon local:/x", "fs export",
		"--timeout: `soon' is no length of time (30s, 10min, 2h, 7d)");
}

TEST(usage_errors_name_what_is_wrong)
{
	check_error("metac", "", "what to do?");
	check_error("metac fs", "fs", "what to do?");
	check_error("metac teapot", "", "there is no `teapot'");
	check_error("metac fs brew", "fs", "there is no `brew'");
	check_error("metac fs mount", "fs mount", "missing URI");
	check_error("metac fs mount x", "fs mount", "missing PATH");
	check_error("metac fs mount x y z", "fs mount", "unexpected argument `z'");
	check_error("metac ref rm a ref://[fd00::1]/secret", "ref rm",
		"unexpected argument `ref://[fd00::1]/...'");
	check_error("metac stream run x", "stream run", "missing COMMAND...");
	check_error("metac fs ls x --timeout", "fs ls", "option --timeout needs an argument");
	check_error("metac fs ls x --timeout 1s", "fs ls", "takes no --timeout");
	check_error("metac fs ls x -Q", "fs ls", "unknown option -Q");
	check_error("metac fs ls x --colour", "fs ls",
		"unknown option, or a wrong use of one: --colour");
	check_error("metac fs ls x --json=y", "fs ls",
		"unknown option, or a wrong use of one: --json=y");
	check_error("metac fs mount --transport nfs x y", "fs mount",
		"--transport: `nfs' is not bind, fuse or v9fs");
	check_error("metac block attach --transport fuse REF", "block attach",
		"--transport: `fuse' is not nbd or loop");
	check_error("metac block attach --name a/b REF", "block attach",
		"--name: `a/b' is not 1 to 64 letters, digits, ., _ and -, the first not .");
	check_error("metac net bind --mtu 575 a b", "net bind",
		"--mtu: `575' is no number from 576 to 65535");
	check_error("metac net bind --mtu 1500x a b", "net bind",
		"--mtu: `1500x' is no number from 576 to 65535");
	check_error("metac net trace --count 0 local:x", "net trace",
		"--count: `0' is no number from 1 to 9223372036854775807");
	check_error("metac net trace --snap-length 262145 local:x", "net trace",
		"--snap-length: `262145' is no number from 1 to 262144");
	check_error("metac net stats --all", "net stats", "takes no --all");
	check_error("metac block ls --readonly", "block ls", "takes no --read-only");
	check_error("metac file open --append x", "file open", "--append goes with --write");
}

TEST(an_empty_word_is_no_argument)
{
	char *argv[] = {(char[]){"metac"}, (char[]){"fs"}, (char[]){"mount"}, (char[]){""},
		(char[]){"/mnt"}, NULL};
	struct command c;
	CHECK_INT(command_parse(5, argv, &c), -EINVAL);
	CHECK_STR(c.cli.err.msg, "URI is empty");
}

TEST(help_needs_no_arguments)
{
	CHECK(parse("metac --help", 0).cli.opt.help);
	struct command c = parse("metac fs --help", 0);
	CHECK(c.cli.opt.help && c.noun && !c.verb);
	c = parse("metac fs mount -h", 0);
	CHECK(c.cli.opt.help && c.verb);
	c = parse("metac help fs mount", 0);
	CHECK(c.cli.opt.help && !strcmp(c.verb->name, "mount"));
	CHECK(parse("metac help", 0).cli.opt.help);
	CHECK(parse("metac -V", 0).cli.opt.version);
}

/* The words of an example up to the shell's own characters. */
static void cut_example(char *line)
{
	line[strcspn(line, "<>|")] = 0;
	char *open = strstr(line, "$(");
	if (open)
		memcpy(open, "X ", 3);
}

TEST(every_example_is_a_right_use_of_its_verb)
{
	for (const struct noun *n = nouns; n->name; n++)
		for (const struct verb *v = n->verbs; v->name; v++) {
			AUTO_FREE char *text = strdup(v->example);
			char *save = NULL;
			for (char *l = strtok_r(text, "\n", &save); l;
				l = strtok_r(NULL, "\n", &save)) {
				char *start = strstr(l, "metac ");
				CHECK(start);
				cut_example(start);
				struct command c = parse(start, 0);
				if (n != noun_find("file")) /* shown with the verb it goes with */
					CHECK(c.verb == v);
			}
		}
}

TEST(every_verb_is_described)
{
	for (const struct noun *n = nouns; n->name; n++)
		for (const struct verb *v = n->verbs; v->name; v++) {
			CHECK(v->run && v->example && strlen(v->help) <= 52);
			CHECK(v->options & OPT_HELP);
			if (!strcmp(v->name, "ls"))
				CHECK(v->options & OPT_JSON);
		}
}
