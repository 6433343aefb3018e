/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The roles of metacd.  One process has one role; --role=NAME chooses it (none: the supervisor).
 * The table in roles.c says what each is, which of the two programs it is in, what it runs as,
 * which capabilities it keeps, and why; enter.c applies that before the role's function is called.
 * The function gets the options that are meant for it: argv[0] and what follows --role and --user.
 *
 * metacd has what talks RPC; metacd-worker what moves the bytes of a resource, many small processes
 * that must be there at once: it needs few libraries (test/lint/worker.sh says which).
 */
#include "base/macro.h"

int role_node(int argc, char **argv);
int role_persistence(int argc, char **argv);
int role_fs(int argc, char **argv);
int role_block(int argc, char **argv);
int role_net(int argc, char **argv);
int role_9p_server(int argc, char **argv);
int role_9p_mount(int argc, char **argv);
int role_nbd_server(int argc, char **argv);
int role_nbd_client(int argc, char **argv);
int role_net_trace(int argc, char **argv);
int role_image(int argc, char **argv);
int role_copy(int argc, char **argv);
int role_pump(int argc, char **argv);

struct role {
	const char *name; /* of --role=NAME; a service registers under it */
	const char *title; /* shown by ps */
	bool in_worker; /* the program is metacd-worker, started by spawn_worker */
	int (*run)(int argc, char **argv); /* NULL: it is in the other program */
	/* Started and restarted by the supervisor, in the order of the table; else by a service. */
	enum { ROLE_WORKER, ROLE_NODE, ROLE_SERVICE } kind;
	bool as_user; /* runs as --user, else as root */
	uint64_t caps; /* kept: permitted, effective, bounding */
	bool passes_caps; /* to workers it starts (ambient) */
	bool has_workers; /* gets metacd-worker, as descriptor CONTROL_FD_WORKER */
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

/* What a process that was started as a role does, with main's arguments: gives its privileges up,
 * runs the role and ends. Returns only if the first argument is not --role=NAME. */
void role_enter(int argc, char **argv);

/* NULL: no such role. */
const struct role *role_find(const char *name);
/* The table as text (Markdown), to standard output. */
void role_print_table(void);
