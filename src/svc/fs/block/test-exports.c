/* SPDX-License-Identifier: MIT */
/* The servers that run, and who may have how many; the servers are played (test-image.h). */
#include "svc/fs/block/test-image.h"

static const struct session_id nobody;

static struct block_identity id_of(const struct block_target *t)
{
	struct block_file f;
	struct err e = {};
	CHECK_INT(block_target_open(t, &f, &e), 0);
	close(f.fd);
	return f.id;
}

static unsigned count(struct world *w, const struct block_target *t)
{
	struct block_identity id = id_of(t);
	return block_exports_count(w->exports, &id);
}

/* What a stream would do. Returns what block_exports_start() did. */
static int start(struct world *w, const struct block_target *t, const struct session_id *s,
	struct spawn_child *ret, struct err *e)
{
	int conn[2];
	*ret = (struct spawn_child){.pidfd = -EBADF};
	for (int fd; (fd = block_exports_before(w->exports, t, s)) >= 0;) {
		fake_wait(fd);
		turn(w);
	}
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, conn), 0);
	int r = block_exports_start(w->exports, t, s, conn[0], ret, e);
	close(conn[0]);
	close(conn[1]);
	return r;
}

static void kill_child(struct spawn_child *c)
{
	(void)spawn_kill(c, SIGKILL);
	CHECK(spawn_wait(c) >= 0);
}

/* Until its end is noticed. */
static void end_child(struct world *w, const struct block_target *t, struct spawn_child *c)
{
	unsigned before = count(w, t);
	kill_child(c);
	while (count(w, t) == before)
		turn(w);
	CHECK_INT(count(w, t), before - 1);
}

TEST(each_path_has_so_many_connections_and_no_more)
{
	struct world w = {};
	struct err e = {};
	struct block_target a = {.view.path = (char *)"/srv/a", .format = "raw"}, b = a, image = a;
	b.view.path = (char *)"/srv/b";
	strcpy(image.format, "qcow2");
	up(&w);
	for (int i = 0; i < BLOCK_CONNECTIONS_MAX; i++)
		CHECK_INT(block_exports_enter(w.exports, &a, &e), 0);
	CHECK_INT(block_exports_enter(w.exports, &a, &e), -EDQUOT);
	CHECK_INT(e.kind, ERR_OVERLOADED);
	CHECK_STR(e.msg, "/srv/a: too many connections to it (limit 128)");
	CHECK_INT(block_exports_enter(w.exports, &image, &e), -EDQUOT); /* whatever is made of it */
	CHECK_INT(block_exports_enter(w.exports, &b, &e), 0);
	block_exports_leave(w.exports, &a);
	CHECK_INT(block_exports_enter(w.exports, &image, &e), 0);
	CHECK_INT(block_exports_enter(w.exports, &a, &e), -EDQUOT);
	for (int i = 0; i < BLOCK_CONNECTIONS_MAX; i++)
		block_exports_leave(w.exports, &a);
	CHECK_INT(block_exports_enter(w.exports, &a, &e), 0);
	down(&w); /* those that are left are forgotten */
}

TEST(servers_are_counted_by_file_whatever_it_is_called)
{
	struct world w = {};
	struct err e = {};
	struct spawn_child one, two, three;
	char first[80], link_name[80];
	up(&w);
	struct block_target t = target_of(&w, "disk", "raw");
	strcpy(first, w.path);
	(void)snprintf(link_name, sizeof(link_name), "%s/same", w.top);
	CHECK_INT(link(first, link_name), 0);
	struct block_target same = t, other = target_of(&w, "other", "raw");
	t.view.path = first;
	same.view.path = link_name;
	same.view.read_only = true;
	CHECK_INT(start(&w, &t, &nobody, &one, &e), 0);
	CHECK_INT(start(&w, &same, &nobody, &two, &e), 0);
	CHECK_INT(start(&w, &other, &nobody, &three, &e), 0);
	CHECK_INT(count(&w, &t), 2);
	CHECK_INT(count(&w, &other), 1);
	end_child(&w, &t, &two);
	end_child(&w, &other, &three);
	CHECK_INT(count(&w, &t), 1);
	kill_child(&one);
	down(&w);
}

TEST(of_another_size_those_are_told_who_serve_that_file)
{
	struct world w = {};
	struct err e = {};
	struct spawn_child one, two, three;
	char first[80];
	up(&w);
	struct block_target t = target_of(&w, "disk", "raw");
	t.view.path = strcpy(first, w.path);
	struct block_target other = target_of(&w, "other", "raw");
	CHECK_INT(start(&w, &t, &nobody, &one, &e), 0);
	CHECK_INT(start(&w, &t, &nobody, &two, &e), 0);
	CHECK_INT(start(&w, &other, &nobody, &three, &e), 0);
	struct block_identity id = id_of(&t);
	block_exports_resized(w.exports, &id);
	while (count(&w, &t)) /* told, they end */
		turn(&w);
	CHECK_INT(count(&w, &other), 1);
	CHECK_INT(spawn_wait(&one), 0);
	CHECK_INT(spawn_wait(&two), 0);
	kill_child(&three);
	down(&w);
}

TEST(a_session_has_one_server)
{
	struct world w = {};
	struct err e = {};
	struct spawn_child one, two, three;
	struct session_id s = session("s"), other = session("other");
	up(&w);
	struct block_target t = target_of(&w, "disk", "raw");
	CHECK_INT(start(&w, &t, &s, &one, &e), 0);
	CHECK_INT(start(&w, &t, &other, &two, &e), 0);
	CHECK_INT(count(&w, &t), 2);
	CHECK(block_exports_before(w.exports, &t, &s) >= 0); /* to be waited for */
	CHECK_INT(start(&w, &t, &s, &three, &e), 0);
	CHECK_INT(count(&w, &t), 2);
	int status = spawn_wait(&one);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	block_exports_end_session(w.exports, &other);
	while (count(&w, &t) == 2)
		turn(&w);
	status = spawn_wait(&two);
	CHECK(WIFSIGNALED(status));
	block_exports_end_session(w.exports, &other); /* there is none any more */
	block_exports_end_session(w.exports, &nobody);
	CHECK_INT(count(&w, &t), 1);
	kill_child(&three);
	down(&w);
}

TEST(an_image_and_its_bytes_are_not_written_at_the_same_time)
{
	struct world w = {};
	struct err e = {};
	struct spawn_child one, two;
	up(&w);
	struct block_target raw = target_of(&w, "i", "raw"), ro = raw, image = raw;
	strcpy(image.format, "qcow2");
	ro.view.read_only = true;
	CHECK_INT(start(&w, &raw, &nobody, &one, &e), 0);
	CHECK_INT(start(&w, &image, &nobody, &two, &e), -EBUSY);
	CHECK(strstr(e.msg, "/i: is in use already, for writing as raw"));
	CHECK_INT(count(&w, &raw), 1);
	end_child(&w, &raw, &one);
	CHECK_INT(start(&w, &image, &nobody, &one, &e), 0);
	CHECK_INT(start(&w, &raw, &nobody, &two, &e), -EBUSY);
	CHECK(strstr(e.msg, "/i: is in use already, as an image"));
	CHECK_INT(start(&w, &ro, &nobody, &two, &e), 0); /* looking is harmless */
	CHECK_INT(count(&w, &raw), 2);
	struct block_identity id = id_of(&raw);
	block_exports_resized(w.exports, &id); /* whoever passes bytes on is told nothing */
	while (count(&w, &raw) == 2)
		turn(&w);
	CHECK_INT(spawn_wait(&two), 0);
	end_child(&w, &raw, &one);
	down(&w);
}

TEST(what_cannot_be_opened_or_served_leaves_nothing)
{
	struct world w = {};
	struct err e = {};
	struct spawn_child child;
	up(&w);
	struct block_target t = target_of(&w, "disk", "raw"), image = t;
	strcpy(image.format, "vmdk");
	setenv("METAC_TEST_IMAGE", "fails", 1);
	CHECK_INT(start(&w, &image, &nobody, &child, &e), -EINVAL);
	CHECK(strstr(e.msg, "not an?image"));
	CHECK_INT(count(&w, &t), 0);
	CHECK_INT(truncate(w.path, 1000), 0);
	CHECK_INT(start(&w, &t, &nobody, &child, &e), -EINVAL);
	CHECK_INT(unlink(w.path), 0);
	CHECK_INT(start(&w, &t, &nobody, &child, &e), -ENOENT);
	CHECK_INT(start(&w, &image, &nobody, &child, &e), -ENOENT);
	down(&w);
}
