/* SPDX-License-Identifier: MIT */
/* Which server of an image there is, for whom, and how long; the servers are played. */
#include "svc/fs/block/test-image.h"

struct asked {
	struct image_wait wait;
	unsigned n;
	uint64_t size;
	struct err e;
};

static const struct session_id nobody;

static void on_size(struct image_wait *w, uint64_t size, const struct err *e)
{
	struct asked *a = container_of(w, struct asked, wait);
	a->n++;
	a->size = size;
	a->e = e ? *e : (struct err){};
}

static void ask(struct world *w, const struct block_target *t, struct asked *a)
{
	*a = (struct asked){.wait.done = on_size};
	images_ask(w->images, t, &a->wait);
}

static void told(struct world *w, struct asked *a)
{
	while (!a->n)
		turn(w);
	CHECK_INT(a->n, 1);
}

/* Until one can be connected to. Returns the connection, or what failed. */
static int connect_to(struct world *w, const struct block_target *t, const struct session_id *s,
	struct image **ret, struct err *e)
{
	for (int fd; (fd = images_before(w->images, t, s)) >= 0;) {
		fake_wait(fd);
		turn(w);
	}
	return images_connect(w->images, t, s, ret, e);
}

static int connect_and_close(struct world *w, const struct block_target *t,
	const struct session_id *s, struct image **ret, struct err *e)
{
	int fd = connect_to(w, t, s, ret, e);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

TEST(the_server_tells_the_size_to_all_who_asked)
{
	struct world w = {};
	struct asked a, b, c;
	up(&w);
	struct block_target t = target_of(&w, "i", "qcow2");
	struct block_identity none = {};
	CHECK(!images_has(w.images, &none));
	ask(&w, &t, &a);
	ask(&w, &t, &b);
	CHECK(!a.n && !b.n);
	images_forget(&b.wait);
	told(&w, &a);
	CHECK(!a.e.code);
	CHECK_INT(a.size, FAKE_DISK);
	ask(&w, &t, &c);
	CHECK(c.n == 1 && c.size == FAKE_DISK); /* it is known */
	CHECK_INT(b.n, 0);
	down(&w);
}

TEST(what_is_no_image_is_told_for_a_while_and_tried_again_then)
{
	struct world w = {};
	struct asked a, b;
	struct image *m = NULL;
	struct err e = {};
	up(&w);
	struct block_target t = target_of(&w, "i", "qcow2");
	setenv("METAC_TEST_IMAGE", "fails", 1);
	ask(&w, &t, &a);
	told(&w, &a);
	CHECK_INT(a.e.code, -EINVAL);
	CHECK(strstr(a.e.msg, "/i: not an?image"));
	setenv("METAC_TEST_IMAGE", "", 1);
	ask(&w, &t, &b);
	CHECK(b.n == 1 && b.e.code == -EINVAL); /* nobody is started for that */
	CHECK_INT(images_connect(w.images, &t, &nobody, &m, &e), -EINVAL);
	down(&w);

	w = (struct world){};
	setenv("METAC_TEST_IMAGE", "fails", 1);
	passes_us = 1000000;
	up(&w);
	t = target_of(&w, "i", "qcow2");
	ask(&w, &t, &a);
	told(&w, &a);
	setenv("METAC_TEST_IMAGE", "", 1);
	do {
		turn(&w);
		ask(&w, &t, &b);
	} while (b.n && b.e.code);
	told(&w, &b);
	CHECK_INT(b.size, FAKE_DISK);
	down(&w);
}

TEST(a_server_that_ends_without_a_word_is_a_failure)
{
	static const char *const how[] = {"dies", "lies"};
	for (size_t i = 0; i < ARRAY_SIZE(how); i++) {
		struct world w = {};
		struct asked a;
		up(&w);
		struct block_target t = target_of(&w, "i", "vmdk");
		setenv("METAC_TEST_IMAGE", how[i], 1);
		ask(&w, &t, &a);
		if (!i) {
			told(&w, &a);
			CHECK_INT(a.e.code, -EIO);
		} else {
			turn(&w); /* what it says is nonsense */
			CHECK(!a.n);
			images_forget(&a.wait);
		}
		down(&w);
	}
}

TEST(there_is_a_limit_to_those_who_ask)
{
	static struct asked a[IMAGE_WAITS_MAX], more;
	struct world w = {};
	up(&w);
	struct block_target t = target_of(&w, "i", "qcow2");
	setenv("METAC_TEST_IMAGE", "silent", 1);
	for (size_t i = 0; i < ARRAY_SIZE(a); i++)
		ask(&w, &t, &a[i]);
	CHECK(!a[0].n && !a[IMAGE_WAITS_MAX - 1].n);
	ask(&w, &t, &more);
	CHECK_INT(more.n, 1);
	CHECK_INT(more.e.code, -EDQUOT);
	images_forget(&more.wait); /* was not counted */
	ask(&w, &t, &more);
	CHECK_INT(more.n, 1);
	images_forget(&a[9].wait);
	ask(&w, &t, &more);
	CHECK_INT(more.n, 0);
	down(&w);
}

TEST(there_is_a_limit_to_the_servers)
{
	struct world w = {};
	struct asked a[IMAGES_MAX], more;
	struct block_target t[IMAGES_MAX];
	char names[IMAGES_MAX][80];
	up(&w);
	setenv("METAC_TEST_IMAGE", "silent", 1);
	for (int i = 0; i < IMAGES_MAX; i++) {
		char name[8];
		(void)snprintf(name, sizeof(name), "i%d", i);
		t[i] = target_of(&w, name, "qcow2");
		t[i].view.path = strcpy(names[i], w.path);
		ask(&w, &t[i], &a[i]);
		CHECK(!a[i].n);
	}
	struct block_target last = target_of(&w, "last", "qcow2");
	ask(&w, &last, &more);
	CHECK(more.n == 1 && more.e.code == -EDQUOT);
	CHECK(strstr(more.e.msg, "too many images"));
	down(&w);
}

TEST(who_reads_and_who_writes_wait_for_each_other)
{
	struct world w = {};
	struct err e = {};
	struct image *m = NULL, *other = NULL;
	struct asked a;
	up(&w);
	struct block_target t = target_of(&w, "i", "qcow2"), ro = t, vmdk = t;
	ro.view.read_only = true;
	strcpy(vmdk.format, "vmdk");
	CHECK_INT(connect_and_close(&w, &t, &nobody, &m, &e), 0);
	CHECK_INT(connect_and_close(&w, &ro, &nobody, &other, &e), -EBUSY);
	CHECK(strstr(e.msg, "in use already, for writing as qcow2"));
	CHECK_INT(connect_and_close(&w, &vmdk, &nobody, &other, &e), -EBUSY);
	ask(&w, &vmdk, &a);
	CHECK(a.n == 1 && a.e.code == -EBUSY);
	CHECK_INT(connect_and_close(&w, &t, &nobody, &other, &e), 0);
	CHECK(other == m);
	image_leave(other);
	image_leave(m);
	CHECK_INT(connect_and_close(&w, &ro, &nobody, &other, &e), 0); /* another one */
	CHECK_INT(connect_and_close(&w, &t, &nobody, &m, &e), -EBUSY);
	CHECK(strstr(e.msg, "for reading as qcow2"));
	image_leave(other);
	image_leave(NULL);
	down(&w);
}

TEST(a_session_that_comes_back_gets_another_server)
{
	static const struct {
		const char *how;
		bool other_epoch;
	} t[] = {{"", false}, {"loses", true}};
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct world w = {};
		struct err e = {};
		struct image *m = NULL, *n = NULL;
		char epoch[32];
		struct session_id one = session("one"), two = session("two");
		setenv("METAC_TEST_IMAGE", t[i].how, 1);
		up(&w);
		struct block_target target = target_of(&w, "i", "qcow2");
		struct block_file f;
		CHECK_INT(block_target_open(&target, &f, &e), 0);
		close(f.fd);
		strcpy(epoch, images_epoch(w.images, &f.id));
		CHECK_INT(connect_and_close(&w, &target, &one, &m, &e), 0);
		CHECK_INT(images_before(w.images, &target, &two), -EBADF);
		CHECK_INT(connect_and_close(&w, &target, &two, &n, &e), 0);
		CHECK(m == n);
		CHECK(images_before(w.images, &target, &one) >= 0); /* it is ended first */
		CHECK_INT(connect_and_close(&w, &target, &one, &n, &e), 0);
		CHECK(m != n);
		CHECK_INT(strcmp(epoch, images_epoch(w.images, &f.id)) != 0, t[i].other_epoch);
		image_leave(m);
		image_leave(m); /* the two's */
		image_leave(n);
		down(&w);
	}
}

TEST(a_server_that_nobody_uses_ends)
{
	struct world w = {};
	struct err e = {};
	struct image *m = NULL;
	struct block_file f;
	up(&w);
	struct block_target t = target_of(&w, "i", "qcow2");
	CHECK_INT(block_target_open(&t, &f, &e), 0);
	close(f.fd);
	CHECK_INT(connect_and_close(&w, &t, &nobody, &m, &e), 0);
	CHECK(images_has(w.images, &f.id));
	passes_us = 2000000;
	image_leave(m);
	while (images_has(w.images, &f.id))
		turn(&w);
	down(&w);
}

TEST(what_has_ended_does_not_outlive_the_service)
{
	struct world w = {};
	struct err e = {};
	struct image *m = NULL;
	struct block_file f;
	struct session_id one = session("one");
	up(&w);
	struct block_target t = target_of(&w, "i", "qcow2");
	CHECK_INT(block_target_open(&t, &f, &e), 0);
	close(f.fd);
	CHECK_INT(connect_and_close(&w, &t, &one, &m, &e), 0);
	CHECK(images_before(w.images, &t, &one) >= 0);
	while (images_has(w.images, &f.id))
		turn(&w);
	image_leave(m); /* the last who had it; it would be freed in the next turn */
	down(&w);
}

TEST(a_file_that_is_none_is_said_to_be)
{
	struct world w = {};
	struct err e = {};
	struct image *m = NULL;
	struct asked a;
	up(&w);
	struct block_target t = target_of(&w, "i", "qcow2");
	CHECK_INT(unlink(w.path), 0);
	ask(&w, &t, &a);
	CHECK(a.n == 1 && a.e.code == -ENOENT);
	CHECK_INT(images_before(w.images, &t, &nobody), -EBADF);
	CHECK_INT(images_connect(w.images, &t, &nobody, &m, &e), -ENOENT);
	down(&w);
}
