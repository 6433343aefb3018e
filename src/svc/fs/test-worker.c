/* SPDX-License-Identifier: MIT */
#include "svc/fs/worker.h"
#include "base/test.h"

#include <signal.h>
#include <sys/socket.h>

static struct vat_data data(const char *s)
{
	return (struct vat_data){s, (uint32_t)strlen(s)};
}

TEST(a_session_has_the_name_of_what_and_who)
{
	struct session_id a, b;
	static const char id[] = "0123456789abcdef";
	CHECK_INT(session_id_set(&a, "tree", data(id), vat_str("host a\n")), 0);
	CHECK_INT(strlen(a.name), SESSION_NAME_SIZE - 1);
	CHECK_STR(a.client, "host?a?");
	CHECK_INT(session_id_set(&b, "tree", data(id), vat_str("")), 0);
	CHECK_STR(a.name, b.name);
	CHECK_INT(session_id_set(&b, "other tree", data(id), vat_str("")), 0);
	CHECK(strcmp(a.name, b.name) != 0);
	CHECK_INT(session_id_set(&b, "tree", data("0123456789abcdeg"), vat_str("")), 0);
	CHECK(strcmp(a.name, b.name) != 0);
}

TEST(ids_of_other_lengths_are_none)
{
	struct session_id s;
	char text[SESSION_ID_MAX + 2] = "";
	CHECK_INT(session_id_set(&s, "tree", data(""), vat_str("somebody")), 0);
	CHECK_STR(s.name, "");
	CHECK_STR(s.client, "somebody");
	memset(text, 'x', SESSION_ID_MIN - 1);
	CHECK_INT(session_id_set(&s, "tree", data(text), vat_str("")), -EINVAL);
	memset(text, 'x', SESSION_ID_MAX + 1);
	CHECK_INT(session_id_set(&s, "tree", data(text), vat_str("")), -EINVAL);
	memset(text, 'x', 300 < sizeof(text) ? 300 : sizeof(text) - 1);
	CHECK_INT(session_id_set(&s, "tree", data(""), vat_str(text)), 0);
	CHECK_INT(strlen(s.client), SESSION_CLIENT_MAX);
}

/* ---- workers ------------------------------------------------------------------------------- */

struct world {
	sd_event *event;
	struct workers workers;
};

struct one {
	struct worker worker;
	struct spawn_child child;
	int end; /* of its connection */
	bool ended;
};

static void on_ended(struct worker *w)
{
	container_of(w, struct one, worker)->ended = true;
}

static void up(struct world *w)
{
	CHECK(sd_event_new(&w->event) >= 0);
	workers_init(&w->workers, w->event);
}

static void down(struct world *w)
{
	workers_done(&w->workers);
	sd_event_unref(w->event);
}

static void start(struct world *w, struct one *o, const char *session)
{
	static const char *const argv[] = {"cat", NULL};
	int pair[2];
	*o = (struct one){.worker.ended = on_ended};
	strcpy(o->worker.session.name, session);
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	CHECK_INT(spawn_program(argv, pair[0], &o->child), 0);
	CHECK_INT(worker_add(&w->workers, &o->worker, &o->child, pair[0]), 0);
	close(pair[0]);
	o->end = pair[1];
}

static void finish(struct one *o)
{
	close(o->end);
	spawn_wait(&o->child);
}

static const struct session_id *named(const char *name)
{
	static struct session_id s;
	strcpy(s.name, name);
	return &s;
}

TEST(a_worker_is_known_until_it_ends)
{
	struct world w;
	struct one a, b;
	up(&w);
	start(&w, &a, "a");
	start(&w, &b, "");
	CHECK_INT(w.workers.n, 2);
	CHECK_STR(a.worker.address, "");
	CHECK(worker_find(&w.workers, named("a")) == &a.worker);
	CHECK(!worker_find(&w.workers, named("b")));
	CHECK(!worker_find(&w.workers, named(""))); /* no session is nobody's */
	finish(&a);
	while (!a.ended)
		CHECK(sd_event_run(w.event, UINT64_MAX) >= 0);
	CHECK(!worker_find(&w.workers, named("a")));
	CHECK_INT(w.workers.n, 1);
	down(&w);
	CHECK(b.ended);
	finish(&b);
}

TEST(the_one_before_is_killed_and_waited_for)
{
	struct world w;
	struct one a;
	int status;
	up(&w);
	start(&w, &a, "a");
	CHECK_INT(worker_before(&w.workers, named("b")), -EBADF);
	CHECK_INT(worker_before(&w.workers, named("")), -EBADF);
	CHECK(!a.ended);
	int before = worker_before(&w.workers, named("a"));
	CHECK(before >= 0 || a.ended);
	status = spawn_wait(&a.child);
	CHECK_INT(status, SIGKILL);
	close(a.end);
	CHECK_INT(worker_before(&w.workers, named("a")), -EBADF); /* before anybody has told */
	CHECK(a.ended);
	down(&w);
}
