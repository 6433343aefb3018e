/* SPDX-License-Identifier: MIT */
/* Waiting for another size: real files, and devices that have nothing but that call. */
#include "svc/fs/block/resize.h"
#include "core/test-call.h"

#include <fcntl.h>
#include <stdio.h>

enum { DEVICES = BLOCK_RESIZE_ALL_MAX / BLOCK_RESIZE_WAITERS_MAX, SIZE = 8192 };

struct device {
	struct world *world;
	struct block_target target;
	struct block_resize_watch watch;
	bool image;
	struct block_block_device_c cap;
};

struct world {
	struct loop loop;
	struct block_exports *exports;
	struct block_resize *resize;
	char top[40], path[64], moved[64];
};

struct waiting {
	struct answer a;
	struct vat_call *call;
	uint64_t size;
};

static void size_changed(void *self, struct block_block_device_size_changed_ctx cx)
{
	struct device *d = self;
	uint64_t known = block_block_device_size_changed_params_get_known(
		block_block_device_size_changed_params(cx));
	if (d->image)
		block_resize_park(d->world->resize, &d->watch, &d->target, known, cx.ctx);
	else
		block_resize_wait(d->world->resize, &d->watch, &d->target, known, cx.ctx);
}

static const struct block_block_device_impl impl = {.size_changed = size_changed};

static void make_file(const char *path, off_t size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	CHECK(fd >= 0);
	CHECK_INT(ftruncate(fd, size), 0);
	close(fd);
}

static void up(struct world *w)
{
	CHECK_INT(loop_init(&w->loop), 0);
	strcpy(w->top, "/tmp/metac-resize.XXXXXX");
	CHECK(mkdtemp(w->top));
	(void)snprintf(w->path, sizeof(w->path), "%s/disk", w->top);
	(void)snprintf(w->moved, sizeof(w->moved), "%s/moved", w->top);
	make_file(w->path, SIZE);
	w->exports = block_exports_new(w->loop.event);
	w->resize = block_resize_new(w->loop.event, w->exports);
	CHECK(w->exports && w->resize);
}

static void down(struct world *w)
{
	block_resize_free(w->resize);
	block_exports_free(w->exports);
	loop_done(&w->loop);
	(void)unlink(w->path);
	(void)unlink(w->moved);
	CHECK_INT(rmdir(w->top), 0);
}

static void serve(struct world *w, struct device *d, const char *format)
{
	*d = (struct device){.world = w, .image = strcmp(format, "raw") != 0};
	d->target.view.path = w->path;
	strcpy(d->target.format, format);
	d->cap = block_block_device_serve(w->loop.vat, &impl, d, NULL);
}

static void drop(struct device *d)
{
	block_resize_watch_done(&d->watch);
	block_block_device_unref(d->cap);
}

static void on_size(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct waiting *q = user;
	on_answer(&q->a, err, results);
	if (!err)
		q->size = block_block_device_size_changed_results_get_size(
			block_block_device_size_changed_results_from(results));
}

/* Asks, and lets the device take the call. */
static void ask(struct device *d, struct waiting *q, uint64_t known)
{
	struct vat *v = d->world->loop.vat;
	struct block_block_device_size_changed_req r = block_block_device_size_changed(v, d->cap);
	*q = (struct waiting){.call = r.call};
	block_block_device_size_changed_params_set_known(r.params, known);
	block_block_device_size_changed_send(r, on_size, q);
	while (vat_run(v, 100))
		;
}

static void check_size(struct device *d, struct waiting *q, uint64_t size)
{
	wait_answer(&d->world->loop, &q->a);
	CHECK(!q->a.failed);
	CHECK_INT(q->size, size);
	vat_call_free(q->call);
}

TEST(who_knows_another_size_is_answered_at_once)
{
	struct world w = {};
	struct device d;
	struct waiting q;
	up(&w);
	serve(&w, &d, "raw");
	ask(&d, &q, 0);
	CHECK(q.a.done);
	check_size(&d, &q, SIZE);
	CHECK_INT(d.watch.n, 0);
	CHECK_INT(unlink(w.path), 0);
	ask(&d, &q, SIZE);
	CHECK(q.a.failed && strstr(q.a.text, "No such file") && strstr(q.a.text, w.path));
	vat_call_free(q.call);
	drop(&d);
	down(&w);
}

TEST(all_who_wait_are_told_when_the_file_has_another_size)
{
	struct world w = {};
	struct device a, b;
	struct waiting q[3];
	up(&w);
	serve(&w, &a, "raw");
	serve(&w, &b, "raw");
	ask(&a, &q[0], SIZE);
	ask(&a, &q[1], SIZE);
	ask(&b, &q[2], SIZE);
	CHECK(!q[0].a.done && a.watch.n == 2 && b.watch.n == 1);
	make_file(w.path, 3 * SIZE);
	check_size(&a, &q[0], 3 * SIZE);
	check_size(&a, &q[1], 3 * SIZE);
	check_size(&b, &q[2], 3 * SIZE);
	CHECK(!a.watch.n && !b.watch.n && !a.watch.src);
	ask(&a, &q[0], 3 * SIZE); /* and again */
	make_file(w.path, SIZE + 100);
	check_size(&a, &q[0], SIZE); /* whole sectors */
	drop(&a);
	drop(&b);
	down(&w);
}

TEST(a_file_that_was_replaced_is_followed)
{
	struct world w = {};
	struct device d;
	struct waiting q;
	up(&w);
	serve(&w, &d, "raw");
	ask(&d, &q, SIZE);
	make_file(w.moved, 2 * SIZE);
	CHECK_INT(rename(w.moved, w.path), 0);
	check_size(&d, &q, 2 * SIZE);
	ask(&d, &q, 2 * SIZE);
	CHECK_INT(unlink(w.path), 0); /* may come back */
	make_file(w.path, 2 * SIZE);
	make_file(w.path, 5 * SIZE);
	check_size(&d, &q, 5 * SIZE);
	drop(&d);
	down(&w);
}

TEST(one_device_takes_so_many_who_wait_and_no_more)
{
	struct world w = {};
	struct device d, other;
	struct waiting q[BLOCK_RESIZE_WAITERS_MAX], more;
	up(&w);
	serve(&w, &d, "raw");
	serve(&w, &other, "raw");
	for (size_t i = 0; i < ARRAY_SIZE(q); i++)
		ask(&d, &q[i], SIZE);
	ask(&d, &more, SIZE);
	CHECK(more.a.failed && more.a.kind == VAT_OVERLOADED);
	vat_call_free(more.call);
	ask(&other, &more, SIZE);
	CHECK(!more.a.done);
	vat_call_free(more.call);
	/* Who does not wait any more leaves his place. */
	vat_call_free(q[7].call);
	while (vat_run(w.loop.vat, 100))
		;
	CHECK_INT(d.watch.n, BLOCK_RESIZE_WAITERS_MAX - 1);
	ask(&d, &q[7], SIZE);
	CHECK(!q[7].a.done);
	for (size_t i = 0; i < ARRAY_SIZE(q); i++)
		vat_call_free(q[i].call);
	while (vat_run(w.loop.vat, 100))
		;
	CHECK_INT(d.watch.n, 0);
	drop(&d);
	drop(&other);
	down(&w);
}

TEST(so_do_all_of_them)
{
	static struct device d[DEVICES + 1];
	static struct waiting q[DEVICES][BLOCK_RESIZE_WAITERS_MAX], more;
	struct world w = {};
	up(&w);
	for (size_t i = 0; i <= DEVICES; i++)
		serve(&w, &d[i], "qcow2");
	for (size_t i = 0; i < DEVICES; i++)
		for (size_t k = 0; k < BLOCK_RESIZE_WAITERS_MAX; k++)
			ask(&d[i], &q[i][k], SIZE);
	ask(&d[DEVICES], &more, SIZE);
	CHECK(more.a.failed && more.a.kind == VAT_OVERLOADED);
	vat_call_free(more.call);
	vat_call_free(q[3][3].call);
	q[3][3].call = NULL;
	while (vat_run(w.loop.vat, 100))
		;
	ask(&d[DEVICES], &more, SIZE);
	CHECK(!more.a.done);
	vat_call_free(more.call);
	for (size_t i = 0; i <= DEVICES; i++)
		drop(&d[i]);
	for (size_t i = 0; i < DEVICES; i++)
		for (size_t k = 0; k < BLOCK_RESIZE_WAITERS_MAX; k++)
			vat_call_free(q[i][k].call);
	down(&w);
}

TEST(of_an_image_those_are_told_who_have_that_format)
{
	struct world w = {};
	struct device a, b;
	struct waiting qa, qb;
	up(&w);
	serve(&w, &a, "qcow2");
	serve(&w, &b, "vmdk");
	ask(&a, &qa, 5);
	ask(&b, &qb, 5);
	make_file(w.path, 4 * SIZE); /* the image's file, not the disk in it */
	block_resize_tell(w.resize, &a.target, 5); /* no other size */
	CHECK_INT(a.watch.n, 1);
	block_resize_tell(w.resize, &a.target, 6 * SIZE);
	check_size(&a, &qa, 6 * SIZE);
	CHECK(!qb.a.done && b.watch.n == 1);
	vat_call_free(qb.call);
	while (vat_run(w.loop.vat, 100))
		;
	drop(&a);
	drop(&b);
	down(&w);
}

TEST(calls_fail_when_the_device_or_the_service_goes)
{
	struct world w = {};
	struct device a, b;
	struct waiting qa, qb;
	up(&w);
	serve(&w, &a, "raw");
	serve(&w, &b, "raw");
	ask(&a, &qa, SIZE);
	ask(&b, &qb, SIZE);
	block_resize_watch_done(&a.watch);
	wait_answer(&w.loop, &qa.a);
	CHECK(qa.a.failed && qa.a.kind == VAT_DISCONNECTED);
	CHECK(!qb.a.done);
	block_resize_free(TAKE_PTR(w.resize));
	wait_answer(&w.loop, &qb.a);
	CHECK(qb.a.failed && qb.a.kind == VAT_DISCONNECTED);
	vat_call_free(qa.call);
	vat_call_free(qb.call);
	block_block_device_unref(a.cap);
	block_block_device_unref(b.cap);
	down(&w);
}
