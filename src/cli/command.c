/* SPDX-License-Identifier: MIT */
/*
 * getopt_long does the splitting, with all options of the table each time: that an option does not
 * belong to this verb is found afterwards, so that the message can say so.
 */
#include "cli/command.h"
#include "cli/duration.h"
#include "cli/net-uri.h"
#include "cli/show.h"

#include <getopt.h>
#include <inttypes.h>

enum { MAX_OPTIONS = 64, LONG_BASE = 256 };

/* The first row with that name, or the option that this is another spelling of: for getopt_long,
 * what has one value is no ambiguity when it is shortened. */
static int first_like(const struct opt *o)
{
	for (const struct opt *p = opt_table; p < o; p++)
		if (!strcmp(p->name, o->name) || (!o->help && p->bit == o->bit))
			return (int)(p - opt_table);
	return (int)(o - opt_table);
}

static size_t fill_options(struct option *longs, char *shorts, bool stop_early)
{
	size_t n = 0;
	if (stop_early)
		*shorts++ = '+';
	*shorts++ = ':';
	for (const struct opt *o = opt_table; o->name; o++, n++) {
		assert(n + 1 < MAX_OPTIONS);
		longs[n] = (struct option){o->name, o->arg ? required_argument : no_argument, NULL,
			LONG_BASE + first_like(o)};
		if (o->letter)
			*shorts++ = o->letter;
		if (o->letter && o->arg)
			*shorts++ = ':';
	}
	longs[n] = (struct option){};
	*shorts = 0;
	return n;
}

/* A letter or a name may stand for several; the one that the verb takes is meant, if that is known.
 */
static const struct opt *opt_of(int c, const struct verb *verb)
{
	const struct opt *found = NULL;
	const char *name = c >= LONG_BASE ? opt_table[c - LONG_BASE].name : NULL;
	for (const struct opt *o = opt_table; o->name; o++) {
		if (name ? strcmp(o->name, name) != 0 : o->letter != c)
			continue;
		if (verb && (verb->options & o->bit))
			return o;
		found = found ?: o;
	}
	return found;
}

static int set_time(const struct opt *o, const char *text, struct cli *cli)
{
	uint64_t us = 0;
	int r = duration_parse(text, &us, &cli->err);
	if (r < 0)
		return err_wrap(&cli->err, -EINVAL, "--%s", o->name);
	if (o->bit == OPT_CONNECT_TIMEOUT || o->bit == OPT_INTERVAL) {
		*(o->bit == OPT_INTERVAL ? &cli->opt.interval_us : &cli->opt.connect_timeout_us) =
			us;
		return 0;
	}
	if (us % 1000000)
		return err_set(
			&cli->err, -EINVAL, "--%s: `%s' is not in whole seconds", o->name, text);
	cli->opt.timeout_s = us / 1000000;
	return 0;
}

/* One of two or three words. */
static int set_choice(const struct opt *o, const char *text, const char *const choices[3],
	const char **ret, struct cli *cli)
{
	char shown[80];
	for (size_t i = 0; i < 3 && choices[i]; i++)
		if (!strcmp(text, choices[i])) {
			*ret = text;
			return 0;
		}
	(void)show_word(text, shown, sizeof(shown));
	if (!choices[2])
		return err_set(&cli->err, -EINVAL, "--%s: `%s' is not %s or %s", o->name, shown,
			choices[0], choices[1]);
	return err_set(&cli->err, -EINVAL, "--%s: `%s' is not %s, %s or %s", o->name, shown,
		choices[0], choices[1], choices[2]);
}

static int set_transport(const struct opt *o, const char *text, struct cli *cli)
{
	static const char *const fs[] = {"bind", "fuse", "v9fs"};
	static const char *const block[] = {"nbd", "loop", NULL};
	return set_choice(o, text, o->bit == OPT_TRANSPORT ? fs : block, &cli->opt.transport, cli);
}

static int set_progress(const struct opt *o, const char *text, struct cli *cli)
{
	static const char *const kinds[] = {"bar", "plain", "none"};
	return set_choice(o, text, kinds, &cli->opt.progress, cli);
}

/* As block.capnp says: it becomes a link in /dev/metac. */
static int set_name(const struct opt *o, const char *text, struct cli *cli)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";
	char shown[80];
	size_t n = strlen(text);
	if (!n || n > OPT_NAME_MAX || strspn(text, allowed) != n || *text == '.')
		return err_set(&cli->err, -EINVAL,
			"--%s: `%s' is not 1 to %d letters, digits, ., _ and -, the first not .",
			o->name, show_word(text, shown, sizeof(shown)), OPT_NAME_MAX);
	cli->opt.name = text;
	return 0;
}

/* A number of bytes, or of KiB, MiB, GiB, TiB. */
static int set_size(const struct opt *o, const char *text, uint64_t *ret, struct cli *cli)
{
	static const char units[] = "kmgt";
	char shown[80], *end;
	errno = 0;
	unsigned long long v = strtoull(text, &end, 10);
	const char *unit = *end ? strchr(units, *end | 0x20) : NULL;
	unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
	if (*text < '0' || *text > '9' || errno || (*end && (!unit || end[1])) ||
		v > (unsigned long long)INT64_MAX >> shift)
		return err_set(&cli->err, -EINVAL,
			"--%s: `%s' is no number of bytes (4096, 4k, 1M)", o->name,
			show_word(text, shown, sizeof(shown)));
	*ret = v << shift;
	return 0;
}

static int parse_number(const struct opt *o, const char *text, uint64_t min, uint64_t max,
	uint64_t *ret, struct cli *cli)
{
	char shown[80], *end;
	errno = 0;
	unsigned long long v = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || errno || *end || v < min || v > max)
		return err_set(&cli->err, -EINVAL,
			"--%s: `%s' is no number from %" PRIu64 " to %" PRIu64, o->name,
			show_word(text, shown, sizeof(shown)), min, max);
	*ret = v;
	return 0;
}

static int set_number(const struct opt *o, const char *text, struct cli *cli)
{
	uint64_t v = 0;
	if (o->bit == OPT_COUNT)
		return parse_number(o, text, 1, INT64_MAX, &cli->opt.count, cli);
	bool mtu = o->bit == OPT_MTU;
	int r = parse_number(
		o, text, mtu ? NET_URI_MTU_MIN : 1, mtu ? NET_URI_MTU_MAX : 262144, &v, cli);
	*(mtu ? &cli->opt.mtu : &cli->opt.snap_length) = (uint32_t)v;
	return r;
}

/* An id and what follows it; NULL: none. The last one is no id. */
static const char *parse_id(const char *text, uint32_t *ret)
{
	char *end;
	errno = 0;
	unsigned long v = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || errno || v >= UINT32_MAX)
		return NULL;
	*ret = (uint32_t)v;
	return end;
}

/* LOCAL:REMOTE[:COUNT], *:REMOTE */
static int add_map(
	const struct opt *o, const char *text, struct id_map *maps, size_t *n, struct cli *cli)
{
	struct id_map m = {.count = 1};
	char shown[80];
	if (*n == OPT_MAPS_MAX)
		return err_set(&cli->err, -EINVAL, "--%s: at most %d times", o->name, OPT_MAPS_MAX);
	bool rest = *text == '*';
	const char *p = rest ? text + 1 : parse_id(text, &m.local);
	p = p && *p == ':' ? parse_id(p + 1, &m.remote) : NULL;
	if (rest)
		m.count = UINT32_MAX;
	else if (p && *p == ':')
		p = parse_id(p + 1, &m.count);
	if (!p || *p || !m.count)
		return err_set(&cli->err, -EINVAL,
			"--%s: `%s' is not LOCAL:REMOTE, LOCAL:REMOTE:COUNT or *:REMOTE", o->name,
			show_word(text, shown, sizeof(shown)));
	maps[(*n)++] = m;
	return 0;
}

/* What an option without an argument sets; NULL: it is another one. */
static bool *flag_of(uint64_t bit, struct options *opt)
{
	switch (bit) {
	case OPT_FORK:
		return &opt->fork;
	case OPT_EXPOSE:
		return &opt->expose;
	case OPT_HERE:
		return &opt->here;
	case OPT_ALL:
		return &opt->all;
	case OPT_DIRECT:
		return &opt->direct;
	case OPT_FORCE:
		return &opt->force;
	case OPT_LAZY:
		return &opt->lazy;
	case OPT_RECURSIVE:
		return &opt->recursive;
	case OPT_USER:
		return &opt->user;
	case OPT_RESUME:
		return &opt->resume;
	case OPT_JSON:
		return &opt->json;
	case OPT_PERSISTENT:
		return &opt->persistent;
	case OPT_READ_ONLY:
		return &opt->read_only;
	case OPT_LONG:
		return &opt->long_;
	case OPT_APPEND:
		return &opt->append;
	case OPT_WRITE:
		return &opt->write;
	case OPT_HELP:
		return &opt->help;
	case OPT_VERSION:
		return &opt->version;
	default:
		return NULL;
	}
}

static int set(const struct opt *o, const char *arg, struct cli *cli)
{
	struct options *opt = &cli->opt;
	bool *flag = flag_of(o->bit, opt);
	if (flag) {
		*flag = true;
		return 0;
	}
	switch (o->bit) {
	case OPT_TIMEOUT:
	case OPT_CONNECT_TIMEOUT:
	case OPT_INTERVAL:
		return set_time(o, arg, cli);
	case OPT_MTU:
	case OPT_COUNT:
	case OPT_SNAP_LENGTH:
		return set_number(o, arg, cli);
	case OPT_FILTER:
		opt->filter = arg;
		break;
	case OPT_L3:
		opt->l3 = arg;
		break;
	case OPT_WRITE_TO:
		opt->write_to = arg;
		break;
	case OPT_TRANSPORT:
	case OPT_BLOCK_TRANSPORT:
		return set_transport(o, arg, cli);
	case OPT_NAME:
		return set_name(o, arg, cli);
	case OPT_FORMAT:
		opt->format = arg;
		break;
	case OPT_UNIX:
		opt->unix_ = arg;
		break;
	case OPT_TCP:
		opt->tcp = arg;
		break;
	case OPT_MAP_USER:
		return add_map(o, arg, opt->map_users, &opt->n_map_users, cli);
	case OPT_MAP_GROUP:
		return add_map(o, arg, opt->map_groups, &opt->n_map_groups, cli);
	case OPT_PROGRESS:
		return set_progress(o, arg, cli);
	case OPT_OFFSET:
		return set_size(o, arg, &opt->offset, cli);
	case OPT_LENGTH:
		return set_size(o, arg, &opt->length, cli);
	case OPT_NODE:
		opt->node = arg;
		break;
	default:
		assert(!"an option without a case");
	}
	return 0;
}

/* Options of argv[1...]; *ret_rest is the index of the first word that is none. */
static int parse_options(int argc, char **argv, bool stop_early, struct command *c, int *ret_rest)
{
	struct option longs[MAX_OPTIONS];
	char shorts[2 * MAX_OPTIONS], shown[80];
	fill_options(longs, shorts, stop_early);
	optind = 0; /* glibc: start anew */
	opterr = 0;
	for (;;) {
		int k = getopt_long(argc, argv, shorts, longs, NULL);
		if (k == -1)
			break;
		const char *word = optind > 0 ? argv[optind - 1] : "";
		if (k == ':')
			return err_set(&c->cli.err, -EINVAL, "option %s needs an argument",
				show_word(word, shown, sizeof(shown)));
		if (k == '?' && optopt > 0 && optopt < LONG_BASE)
			return err_set(&c->cli.err, -EINVAL, "unknown option -%c", optopt);
		if (k == '?')
			return err_set(&c->cli.err, -EINVAL,
				"unknown option, or a wrong use of one: %s",
				show_word(word, shown, sizeof(shown)));
		const struct opt *o = opt_of(k, c->verb);
		int r = set(o, optarg, &c->cli);
		if (r < 0)
			return r;
		c->given |= o->bit;
	}
	*ret_rest = optind;
	return 0;
}

static int check_belong(struct command *c)
{
	for (const struct opt *o = opt_table; o->name; o++)
		if (c->given & ~c->verb->options & o->bit)
			return err_set(&c->cli.err, -EINVAL, "takes no --%s", o->name);
	if (c->cli.opt.append && (c->verb->options & OPT_WRITE) && !c->cli.opt.write)
		return err_set(&c->cli.err, -EINVAL, "--append goes with --write");
	return 0;
}

static int check_args(struct command *c)
{
	struct cli *cli = &c->cli;
	size_t min = 0, max = 0;
	char word[80];
	verb_arity(c->verb, &min, &max);
	if ((size_t)cli->n_args < min) {
		verb_arg_name(c->verb, (size_t)cli->n_args, word, sizeof(word));
		return err_set(&cli->err, -EINVAL, "missing %s", word);
	}
	if ((size_t)cli->n_args > max)
		return err_set(&cli->err, -EINVAL, "unexpected argument `%s'",
			show_word(cli->args[max], word, sizeof(word)));
	for (size_t i = 0; i < MIN(min, (size_t)cli->n_args); i++) {
		verb_arg_name(c->verb, i, word, sizeof(word));
		if (!*cli->args[i])
			return err_set(&cli->err, -EINVAL, "%s is empty", word);
	}
	return 0;
}

static int find_noun(const char *word, struct command *c)
{
	char shown[80];
	c->noun = noun_find(word);
	if (!c->noun)
		return err_set(&c->cli.err, -EINVAL, "there is no `%s'",
			show_word(word, shown, sizeof(shown)));
	return 0;
}

static int find_verb(const char *word, struct command *c)
{
	char shown[80];
	c->verb = verb_find(c->noun, word);
	if (!c->verb)
		return err_set(&c->cli.err, -EINVAL, "there is no `%s'",
			show_word(word, shown, sizeof(shown)));
	return 0;
}

int command_parse(int argc, char **argv, struct command *ret)
{
	int at = 0;
	*ret = (struct command){};
	int r = parse_options(argc, argv, true, ret, &at);
	if (r < 0)
		return r;
	/* `metac help fs mount' is `metac fs mount --help'. */
	if (at < argc && !strcmp(argv[at], "help")) {
		ret->cli.opt.help = true;
		at++;
	}
	if (at < argc && (r = find_noun(argv[at++], ret)) < 0)
		return r;
	/* Options may stand between noun and verb too; getopt skips the first word it is given. */
	int rest = 1;
	if (ret->noun && (r = parse_options(argc - at + 1, argv + at - 1, true, ret, &rest)) < 0)
		return r;
	at += ret->noun ? rest - 1 : 0;
	if (at < argc && (r = find_verb(argv[at++], ret)) < 0)
		return r;
	if (!ret->verb) {
		if (ret->cli.opt.help || ret->cli.opt.version)
			return 0;
		return err_set(&ret->cli.err, -EINVAL, "what to do?");
	}
	r = parse_options(argc - at + 1, argv + at - 1, verb_runs_command(ret->verb), ret, &rest);
	if (r < 0)
		return r;
	ret->cli.args = argv + at - 1 + rest;
	ret->cli.n_args = argc - (at - 1 + rest);
	if (ret->cli.opt.help || ret->cli.opt.version)
		return 0;
	r = check_belong(ret);
	return r < 0 ? r : check_args(ret);
}

void command_name(const struct command *c, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%s%s%s", c->noun ? c->noun->name : "", c->verb ? " " : "",
		c->verb ? c->verb->name : "");
}
