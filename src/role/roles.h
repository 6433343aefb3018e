/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The roles of metacd.  One process has one role; --role=NAME chooses it (none: the supervisor).
 * The table in roles.c says what each is, what it runs as, which capabilities it keeps, and why;
 * main.c applies that before the role's function is called.  The function gets the options that are
 * meant for it: argv[0] and what follows --role and --user.
 */
#include "base/macro.h"

int role_node(int argc, char **argv);
int role_persistence(int argc, char **argv);
int role_fs(int argc, char **argv);
int role_block(int argc, char **argv);
int role_9p_server(int argc, char **argv);
int role_9p_mount(int argc, char **argv);
int role_copy(int argc, char **argv);

struct role {
	const char *name; /* of --role=NAME; a service registers under it */
	const char *title; /* shown by ps */
	int (*run)(int argc, char **argv);
	/* Started and restarted by the supervisor, in the order of the table; else by a service. */
	enum { ROLE_WORKER, ROLE_NODE, ROLE_SERVICE } kind;
	bool as_user; /* runs as --user, else as root */
	uint64_t caps; /* kept: permitted, effective, bounding */
	bool passes_caps; /* to workers it starts (ambient) */
	bool has_state; /* gets --state-dir */
	bool has_runtime; /* gets --runtime-dir */
	/* Sent to it when its parent dies. SIGKILL, or SIGTERM for a role that must undo effects
	 * (mounts) and does so by itself. */
	int death_signal;
	const char *holds; /* descriptors */
	const char *why; /* does it need what it keeps; what does it parse */
};

extern const struct role role_table[];
extern const size_t role_count;

/* NULL: no such role. */
const struct role *role_find(const char *name);
/* The table as text (Markdown), to standard output. */
void role_print_table(void);
