/* SPDX-License-Identifier: MIT */
/*
 * See mount-helper.h.  Options of fstab are turned into those of `metac fs mount', and the rest is
 * that verb's business.  What means something to mount(8), systemd or fstab alone is passed over,
 * what the kernel can do for any mount is set afterwards, and what nobody knows is refused, unless
 * mount(8) was told to be sloppy.
 *
 * The reference is read from its file here and stays inside this process.
 */
#include "cli/mount-helper.h"
#include "cli/uri.h"
#include "core/ref.h"

#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <sys/mount.h>
#include <sys/stat.h>

enum { EXIT_WRONG_USE = 1, EXIT_SYSTEM = 2, EXIT_NOT_MOUNTED = 32 };

#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif

/* Of others; "x-" and the like are in is_passed_over(). nosuid and nodev always hold. */
static const char *const passed_over[] = {"defaults", "auto", "noauto", "user", "nouser", "users",
	"nousers", "owner", "noowner", "group", "nogroup", "nofail", "_netdev", "rw", "async",
	"atime", "diratime", "norelatime", "exec", "suid", "nosuid", "dev", "nodev", "nomand",
	"mand", "loud", "silent", "symfollow", "iversion", "noiversion", "nolazytime",
	"nostrictatime"};

static const struct {
	const char *name;
	unsigned long flag;
} flag_names[] = {
	{"noexec", MS_NOEXEC},
	{"noatime", MS_NOATIME},
	{"nodiratime", MS_NODIRATIME},
	{"relatime", MS_RELATIME},
	{"strictatime", MS_STRICTATIME},
	{"nosymfollow", MS_NOSYMFOLLOW},
};

static const struct {
	const char *name, *option;
} value_names[] = {
	{"timeout=", "--timeout"},
	{"transport=", "--transport"},
	{"map-user=", "--map-user"},
	{"map-group=", "--map-group"},
	{"node=", "--node"},
};

static bool starts_with(const char *s, const char *start)
{
	return !strncmp(s, start, strlen(start));
}

static bool is_passed_over(const char *o)
{
	static const char *const starts[] = {"x-", "X-", "comment=", "uhelper=", "helper="};
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
		if (starts_with(o, starts[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(passed_over); i++)
		if (!strcmp(o, passed_over[i]))
			return true;
	return false;
}

static int add_word(struct mount_helper *h, char *takes_word, struct err *err)
{
	if (!takes_word)
		return err_set(err, -ENOMEM, "out of memory");
	if (h->n_words == MOUNT_HELPER_WORDS) {
		free(takes_word);
		return err_set(err, -EINVAL, "too many options");
	}
	h->words[h->n_words++] = takes_word;
	return 0;
}

/* A time without a unit is in seconds, as elsewhere in fstab. */
static char *value_word(const char *option, const char *value)
{
	char *ret = NULL;
	bool bare = !strcmp(option, "--timeout") && *value && !value[strspn(value, "0123456789")];
	return asprintf(&ret, "%s=%s%s", option, value, bare ? "s" : "") < 0 ? NULL : ret;
}

static int add_option(struct mount_helper *h, const char *o, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(value_names); i++)
		if (starts_with(o, value_names[i].name))
			return add_word(h,
				value_word(value_names[i].option, o + strlen(value_names[i].name)),
				err);
	for (size_t i = 0; i < ARRAY_SIZE(flag_names); i++)
		if (!strcmp(o, flag_names[i].name)) {
			h->flags |= flag_names[i].flag;
			return 0;
		}
	if (!strcmp(o, "ro"))
		return add_word(h, strdup("--read-only"), err);
	if (!strcmp(o, "persistent"))
		return add_word(h, strdup("--persistent"), err);
	if (!*o || is_passed_over(o) || h->sloppy)
		return 0;
	return err_set(err, -EINVAL, "unknown option `%s'", o);
}

int mount_helper_options(struct mount_helper *h, const char *options, struct err *err)
{
	AUTO_FREE char *copy = strdup(options);
	char *rest = copy, *o;
	int r = copy ? 0 : err_set(err, -ENOMEM, "out of memory");
	while (r >= 0 && (o = strsep(&rest, ",")))
		r = add_option(h, o, err);
	return r;
}

void mount_helper_done(struct mount_helper *h)
{
	while (h->n_words)
		free(h->words[--h->n_words]);
}

/* The reference in the file, or the source itself if it is one. malloc'ed. */
static char *read_source(const char *source, struct err *err)
{
	struct stat st;
	if (ref_is(source) || uri_is_local(source))
		return uri_read(source, -EBADF, err);
	AUTO_CLOSE int fd = open(source, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		err_errno(err, -errno, "%s", source);
		return NULL;
	}
	if (st.st_mode & 077)
		fprintf(stderr, "mount.metac: warning: others may read %s, which holds a secret\n",
			source);
	char *uri = uri_read("-", fd, err);
	if (!uri)
		(void)err_set(err, -EINVAL, "%s: no reference in its first line", source);
	return uri;
}

static int parse(int argc, char **argv, struct mount_helper *h, struct err *err)
{
	int r = 0;
	optind = 0;
	opterr = 0;
	for (int c; r >= 0 && (c = getopt(argc, argv, "sfnvrwo:t:N:")) != -1;) {
		if (c == 's')
			h->sloppy = true;
		else if (c == 'f')
			h->fake = true;
		else if (c == 'v')
			h->verbose = true;
		else if (c == 'r')
			r = add_option(h, "ro", err);
		else if (c == 'N')
			r = err_set(err, -EINVAL, "-N: not supported; use nsenter(1)");
		else if (c == '?')
			r = err_set(err, -EINVAL, "unknown option -%c", optopt);
	}
	/* Again from the start: -s may come after -o. */
	optind = 0;
	for (int c; r >= 0 && (c = getopt(argc, argv, "sfnvrwo:t:N:")) != -1;)
		if (c == 'o')
			r = mount_helper_options(h, optarg, err);
	if (r >= 0 && argc - optind != 2)
		r = err_set(err, -EINVAL, "usage: mount.metac FILE|REF DIR [-fnsv] [-o OPTIONS]");
	if (r < 0)
		return r;
	h->source = argv[optind];
	h->dir = argv[optind + 1];
	return 0;
}

/* What the verb's own parser makes of it; *ret borrows from words. */
static int make_command(const struct mount_helper *h, char *uri, char **words, struct command *ret)
{
	int n = 0;
	words[n++] = (char[]){"metac"};
	words[n++] = (char[]){"fs"};
	words[n++] = (char[]){"mount"};
	for (size_t i = 0; i < h->n_words; i++)
		words[n++] = h->words[i];
	words[n++] = (char[]){"--"};
	words[n++] = uri;
	words[n++] = (char *)(uintptr_t)h->dir;
	words[n] = NULL;
	return command_parse(n, words, ret);
}

/* nosuid and nodev hold for every mount of ours. */
static int set_flags(const struct mount_helper *h, const struct cli *cli, struct err *err)
{
	unsigned long flags = h->flags | MS_NOSUID | MS_NODEV;
	if (cli->opt.read_only)
		flags |= MS_RDONLY;
	if (!h->flags || !mount(NULL, h->dir, NULL, MS_REMOUNT | MS_BIND | flags, NULL))
		return 0;
	return err_errno(err, -errno, "%s: mounted, but without its flags", h->dir);
}

static int fail(const struct err *err, int status)
{
	fprintf(stderr, "mount.metac: %s\n", err->code ? err->msg : "failed");
	return status;
}

static int run(struct mount_helper *h, char *uri)
{
	char *words[MOUNT_HELPER_WORDS + 8];
	struct command c;
	if (make_command(h, uri, words, &c) < 0)
		return fail(&c.cli.err, EXIT_WRONG_USE);
	if (h->verbose)
		fprintf(stderr, "mount.metac: %s on %s\n", h->source, h->dir);
	if (h->fake)
		return 0;
	int r = c.verb->run(&c.cli);
	if (r >= 0)
		r = set_flags(h, &c.cli, &c.cli.err);
	if (r < 0)
		return fail(&c.cli.err, r == -ENOMEM ? EXIT_SYSTEM : EXIT_NOT_MOUNTED);
	return 0;
}

int mount_helper_main(int argc, char **argv)
{
	struct mount_helper h = {};
	struct err err = {};
	int status, r = parse(argc, argv, &h, &err);
	if (r < 0) {
		status = fail(&err, r == -ENOMEM ? EXIT_SYSTEM : EXIT_WRONG_USE);
	} else {
		AUTO_FREE char *uri = read_source(h.source, &err);
		status = uri ? run(&h, uri) : fail(&err, EXIT_NOT_MOUNTED);
	}
	mount_helper_done(&h);
	return status;
}
