/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * One supervised role: its process, control socket, and when to start it again.
 *
 *	        spawn              READY
 *	DOWN ----------> STARTING --------> READY
 *	 ^                  |                 |
 *	 +------------------+-----------------+
 *	    the process has ended; next start after the back-off
 */
#include "role/roles.h"
#include "sys/control.h"
#include "sys/spawn.h"

#include <systemd/sd-event.h>

enum child_state { CHILD_DOWN, CHILD_STARTING, CHILD_READY };

struct child;

struct child_events {
	void (*ready)(void *user, struct child *c);
	/* The process is gone and reaped; planned: it was told to end (child_stop, child_kill). */
	void (*ended)(void *user, struct child *c, bool planned);
	/* The back-off is over. */
	void (*due)(void *user, struct child *c);
	void *user;
};

struct child_times {
	uint64_t back_off_min_us, back_off_max_us;
	uint64_t start_us; /* from the start to READY */
	uint64_t proven_us; /* up for so long: the next failure is the first again */
	uint64_t ping_every_us; /* also how exactly hung_us is kept */
	uint64_t hung_us; /* without an answer */
	uint64_t close_grace_us; /* between the end of the control socket and of the process */
};
extern const struct child_times child_default_times;

struct child {
	const struct role *role;
	const struct child_times *times;
	sd_event *event;
	const struct child_events *events;
	enum child_state state;
	struct spawn_child process; /* pidfd -EBADF while down */
	int control;
	sd_event_source *on_exit, *on_control, *timer, *kill_timer;
	bool planned;
	char status[64]; /* last STATUS */
	uint64_t started_us, back_off_us;
	uint64_t ping_sent_us; /* not answered yet; 0: none */
};

/* All borrowed. */
void child_init(struct child *c, const struct role *role, const struct child_times *times,
	sd_event *event, const struct child_events *events);
/* Kills the process if there is one, without a callback. */
void child_done(struct child *c);

/* Starts the process with the control socket as descriptor 3 and fds (borrowed) after it. Down
 * before. */
int child_start(struct child *c, const char *const *options, const int *fds, size_t n_fds);
/* `due` comes after the back-off, which doubles with each failure in a row. */
void child_restart_later(struct child *c);
/* SIGTERM, and SIGKILL when it has not ended after grace_us. */
void child_stop(struct child *c, uint64_t grace_us);
void child_kill(struct child *c);
int child_send_link(struct child *node, const char *service, int fd);
