/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The command's vocabulary: which nouns there are, which verbs each has, what they take and which
 * function does them.  Parsing, every --help, usage errors, the shell completions and the synopsis
 * of the manual page all come from these tables; a new command is one row here, one function and a
 * paragraph in man/.
 */
#include "base/err.h"

#include <stdio.h>

/* Which options a verb takes. */
#define OPT_NODE (UINT64_C(1) << 0)
#define OPT_CONNECT_TIMEOUT (UINT64_C(1) << 1)
#define OPT_JSON (UINT64_C(1) << 2)
#define OPT_PERSISTENT (UINT64_C(1) << 3)
#define OPT_TIMEOUT (UINT64_C(1) << 4)
#define OPT_READ_ONLY (UINT64_C(1) << 5)
#define OPT_TRANSPORT (UINT64_C(1) << 6)
#define OPT_LONG (UINT64_C(1) << 7)
#define OPT_APPEND (UINT64_C(1) << 8)
#define OPT_WRITE (UINT64_C(1) << 9)
#define OPT_HELP (UINT64_C(1) << 10)
#define OPT_VERSION (UINT64_C(1) << 11)
#define OPT_RECURSIVE (UINT64_C(1) << 12)
#define OPT_RESUME (UINT64_C(1) << 13)
#define OPT_PROGRESS (UINT64_C(1) << 14)
#define OPT_USER (UINT64_C(1) << 15)
#define OPT_OFFSET (UINT64_C(1) << 16)
#define OPT_LENGTH (UINT64_C(1) << 17)
#define OPT_MAP_USER (UINT64_C(1) << 18)
#define OPT_MAP_GROUP (UINT64_C(1) << 19)
#define OPT_FORCE (UINT64_C(1) << 20)
#define OPT_LAZY (UINT64_C(1) << 21)
#define OPT_FORMAT (UINT64_C(1) << 22)
#define OPT_DIRECT (UINT64_C(1) << 23)
#define OPT_NAME (UINT64_C(1) << 24)
#define OPT_BLOCK_TRANSPORT (UINT64_C(1) << 25)
#define OPT_UNIX (UINT64_C(1) << 26)
#define OPT_TCP (UINT64_C(1) << 27)
#define OPT_EXPOSE (UINT64_C(1) << 28)
#define OPT_HERE (UINT64_C(1) << 29)
#define OPT_FORK (UINT64_C(1) << 30)
#define OPT_MTU (UINT64_C(1) << 31)
#define OPT_ALL (UINT64_C(1) << 32)
#define OPT_L3 (UINT64_C(1) << 33)
#define OPT_INTERVAL (UINT64_C(1) << 34)
#define OPT_COUNT (UINT64_C(1) << 35)
#define OPT_SNAP_LENGTH (UINT64_C(1) << 36)
#define OPT_FILTER (UINT64_C(1) << 37)
#define OPT_WRITE_TO (UINT64_C(1) << 38)

#define OPT_COMMON OPT_HELP
#define OPT_CONNECT (OPT_HELP | OPT_NODE | OPT_CONNECT_TIMEOUT)
#define OPT_EXPORT (OPT_CONNECT | OPT_PERSISTENT | OPT_TIMEOUT)

/* What an argument is; tells the shell what to complete. */
enum word_kind {
	WORD_OTHER,
	WORD_PATH,
	WORD_URI,
	WORD_COMMAND,
	WORD_ADDRESS,
	WORD_TRANSPORT,
	WORD_PROGRESS,
	WORD_FORMAT,
	WORD_COMMAND_LAST, /* a command too, but options may come before its `--' */
	WORD_BLOCK_TRANSPORT,
	WORD_NET_URI,
	WORD_INTERFACE, /* the name of one of this host */
	WORD_NETNS,
};

struct opt {
	uint64_t bit; /* one of OPT_... */
	char letter; /* 0 = none */
	const char *name; /* without the dashes */
	const char *arg; /* name of its argument, NULL = none */
	enum word_kind kind;
	const char *help; /* NULL: another spelling of an option, understood but not told of */
};

enum { OPT_MAPS_MAX = 16, OPT_NAME_MAX = 64 };

struct options { /* as given; unset is NULL, 0 or false */
	const char *node;
	uint64_t connect_timeout_us;
	bool json;
	bool persistent;
	uint64_t timeout_s;
	bool read_only;
	const char *transport;
	bool long_;
	bool append;
	bool write;
	bool help;
	bool version;
	bool recursive;
	bool resume;
	const char *progress;
	bool user;
	uint64_t offset, length;
	struct id_map {
		uint32_t local, remote, count;
	} map_users[OPT_MAPS_MAX], map_groups[OPT_MAPS_MAX];
	size_t n_map_users, n_map_groups;
	bool force;
	bool lazy;
	const char *format;
	bool direct;
	const char *name;
	const char *unix_;
	const char *tcp;
	bool expose;
	bool fork;
	bool here;
	uint32_t mtu;
	bool all;
	const char *l3;
	const char *write_to;
	uint64_t interval_us;
	uint64_t count;
	uint32_t snap_length;
	const char *filter;
};

/* What a verb's function gets. */
struct cli {
	struct options opt;
	char **args; /* the words after noun, verb and options */
	int n_args;
	struct err err; /* text of the failure, without the "metac: noun verb: " in front */
	bool wrong_use; /* what failed is the way it was called */
	int signal; /* that interrupted it, 0 = none */
	bool may_dial; /* can do without a node of this host: see client_open() */
};

/* What cli_wrong_use() says makes the exit status 2, and points to --help. Returns -EINVAL. */
int cli_wrong_use(struct cli *cli, const char *text);

struct verb {
	const char *name;
	const char *args; /* "URI PATH"; [X] may be left out, X... may be repeated */
	enum word_kind kinds[3];
	uint64_t options; /* OPT_... */
	const char *help; /* one line: what it does */
	const char *more; /* paragraphs for --help, NULL = none */
	const char *example;
	/* 0 done; negative errno failed, cli->err says how; positive: the exit status. */
	int (*run)(struct cli *cli);
};

struct noun {
	const char *name;
	const char *help;
	const struct verb *verbs; /* ends with a row without a name */
};

extern const struct noun nouns[]; /* ends with a row without a name */
extern const struct opt opt_table[]; /* the same */

const struct noun *noun_find(const char *name);
const struct verb *verb_find(const struct noun *n, const char *name);

/* How many arguments a verb needs and takes (SIZE_MAX = any number). */
void verb_arity(const struct verb *v, size_t *ret_min, size_t *ret_max);
/* Name of argument number i ("URI", "[PATH]"), copied into buf; an empty string if there is none.
 */
void verb_arg_name(const struct verb *v, size_t i, char *buf, size_t size);
/* True if the words after its arguments belong to another program: options end at the first one. */
bool verb_runs_command(const struct verb *v);

/* The functions of the table, one file per noun. */
int cmd_fs_export(struct cli *cli);
int cmd_fs_mount(struct cli *cli);
int cmd_fs_umount(struct cli *cli);
int cmd_fs_mounts(struct cli *cli);
int cmd_fs_who(struct cli *cli);
int cmd_fs_ls(struct cli *cli);
int cmd_fs_cp(struct cli *cli);
int cmd_fs_watch(struct cli *cli);
int cmd_file_export(struct cli *cli);
int cmd_file_cat(struct cli *cli);
int cmd_file_stat(struct cli *cli);
int cmd_file_write(struct cli *cli);
int cmd_file_open(struct cli *cli);
int cmd_block_export(struct cli *cli);
int cmd_block_info(struct cli *cli);
int cmd_block_attach(struct cli *cli);
int cmd_block_detach(struct cli *cli);
int cmd_block_serve(struct cli *cli);
int cmd_block_ls(struct cli *cli);
int cmd_block_cp(struct cli *cli);
int cmd_net_export(struct cli *cli);
int cmd_net_bind(struct cli *cli);
int cmd_net_unbind(struct cli *cli);
int cmd_net_ls(struct cli *cli);
int cmd_net_stats(struct cli *cli);
int cmd_net_interfaces(struct cli *cli);
int cmd_net_rename(struct cli *cli);
int cmd_net_rm(struct cli *cli);
int cmd_net_trace(struct cli *cli);
int cmd_stream_cat(struct cli *cli);
int cmd_stream_bind(struct cli *cli);
int cmd_stream_run(struct cli *cli);
int cmd_obj_ls(struct cli *cli);
int cmd_obj_show(struct cli *cli);
int cmd_obj_rm(struct cli *cli);
int cmd_ref_ls(struct cli *cli);
int cmd_ref_rm(struct cli *cli);
int cmd_ref_rotate(struct cli *cli);
int cmd_node_ls(struct cli *cli);
int cmd_node_address(struct cli *cli);
int cmd_node_services(struct cli *cli);
int cmd_node_links(struct cli *cli);
