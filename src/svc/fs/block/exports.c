/* SPDX-License-Identifier: MIT */
/* Theory of operation: exports.h. */
#include "svc/fs/block/exports.h"
#include "svc/fs/block/image.h"
#include "svc/fs/block/nbd-control.h"

#include <signal.h>
#include <sys/socket.h>

struct block_exports {
	struct workers servers; /* struct server */
	struct list places;
	struct images *images;
};

struct server { /* one that runs */
	struct worker worker;
	struct block_identity id;
	bool writes;
	int control; /* -EBADF: of an image */
	struct image *image; /* NULL: raw */
};

struct place { /* a path that somebody has open */
	struct list link;
	unsigned n;
	char path[];
};

/* ---- limits -------------------------------------------------------------------------------- */

static struct place *find_place(struct block_exports *x, const char *path)
{
	list_for_each (it, &x->places) {
		struct place *p = list_entry(it, struct place, link);
		if (!strcmp(p->path, path))
			return p;
	}
	return NULL;
}

int block_exports_enter(struct block_exports *x, const struct block_target *t, struct err *e)
{
	const char *path = t->view.path;
	struct place *p = find_place(x, path);
	if (p && p->n >= BLOCK_CONNECTIONS_MAX)
		return err_set(e, -EDQUOT, "%s: too many connections to it (limit %d)", path,
			BLOCK_CONNECTIONS_MAX);
	if (!p) {
		p = calloc(1, sizeof(*p) + strlen(path) + 1);
		if (!p)
			return err_errno(e, -ENOMEM, "%s", path);
		strcpy(p->path, path);
		list_append(&x->places, &p->link);
	}
	p->n++;
	return 0;
}

void block_exports_leave(struct block_exports *x, const struct block_target *t)
{
	struct place *p = find_place(x, t->view.path);
	assert(p && p->n);
	if (--p->n)
		return;
	list_unlink(&p->link);
	free(p);
}

/* ---- servers ------------------------------------------------------------------------------- */

static struct server *of_worker(struct worker *w)
{
	return container_of(w, struct server, worker);
}

static void on_ended(struct worker *w)
{
	struct server *s = of_worker(w);
	fd_close(s->control);
	image_leave(s->image);
	free(s);
}

static int spawn(const struct block_target *t, const int fds[3], struct spawn_child *ret)
{
	const char *argv[8] = {"metacd: nbd server", "--role=nbd-server", "--control"};
	size_t n = 3;
	if (t->view.read_only)
		argv[n++] = "--read-only";
	if (t->direct)
		argv[n++] = "--direct";
	return spawn_worker(argv, fds, 3, ret);
}

/* Notes that it runs, or ends it. */
static int add(struct block_exports *x, struct server *s, int conn, struct spawn_child *child)
{
	int r = worker_add(&x->servers, &s->worker, child, conn);
	if (r < 0) {
		spawn_kill(child, SIGKILL);
		spawn_wait(child);
	}
	return r;
}

static int start(struct block_exports *x, struct server *s, const struct block_target *t, int conn,
	int file, struct spawn_child *ret)
{
	int control[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) < 0)
		return -errno;
	AUTO_CLOSE int ours = control[0], theirs = control[1];
	const int fds[3] = {conn, file, theirs};
	int r = spawn(t, fds, ret);
	if (r < 0)
		return r;
	r = add(x, s, conn, ret);
	if (r >= 0)
		s->control = TAKE_FD(ours);
	return r;
}

/* Bytes to the server of the image, and back. */
static int start_image(
	struct block_exports *x, struct server *s, int conn, int to_image, struct spawn_child *ret)
{
	static const char *const argv[] = {"metacd: nbd", "--role=copy", NULL};
	const int fds[] = {conn, to_image};
	int r = spawn_worker(argv, fds, ARRAY_SIZE(fds), ret);
	return r < 0 ? r : add(x, s, conn, ret);
}

static bool is_same(const struct block_identity *a, const struct block_identity *b)
{
	return a->dev == b->dev && a->ino == b->ino;
}

/* Who writes the bytes of an image does not see, nor is seen by, who uses the disk in it. */
static int check_use(struct block_exports *x, const struct block_target *t,
	const struct block_identity *id, struct err *e)
{
	bool raw = block_target_is_raw(t);
	bool used = raw && !t->view.read_only && images_has(x->images, id);
	list_for_each (it, &x->servers.list) {
		const struct server *s = of_worker(list_entry(it, struct worker, link));
		used = used || (!raw && !s->image && s->writes && is_same(&s->id, id));
	}
	if (!used)
		return 0;
	return err_set(e, -EBUSY, "%s: is in use already, %s", t->view.path,
		raw ? "as an image" : "for writing as raw");
}

int block_exports_before(
	struct block_exports *x, const struct block_target *t, const struct session_id *s)
{
	int before = worker_before(&x->servers, s);
	if (before >= 0 || block_target_is_raw(t))
		return before;
	return images_before(x->images, t, s);
}

int block_exports_start(struct block_exports *x, const struct block_target *t,
	const struct session_id *session, int conn, struct spawn_child *ret, struct err *e)
{
	struct block_file f;
	struct spawn_child child = {.pidfd = -EBADF};
	int r = block_target_open(t, &f, e);
	if (r < 0)
		return r;
	AUTO_CLOSE int file = f.fd, to_image = -EBADF;
	struct image *image = NULL;
	r = check_use(x, t, &f.id, e);
	if (r < 0)
		return r;

	if (!block_target_is_raw(t)) {
		to_image = images_connect(x->images, t, session, &image, e);
		if (to_image < 0)
			return to_image;
	}
	struct server *s = calloc(1, sizeof(*s));
	if (s)
		*s = (struct server){.worker = {.session = *session, .ended = on_ended},
			.id = f.id,
			.writes = !t->view.read_only,
			.control = -EBADF,
			.image = image};
	r = !s      ? -ENOMEM
	    : image ? start_image(x, s, conn, to_image, &child)
		    : start(x, s, t, conn, file, &child);
	if (r < 0) {
		image_leave(image);
		free(s);
		return err_errno(e, r, "start the NBD server");
	}
	*ret = child;
	return 0;
}

void block_exports_end_session(struct block_exports *x, const struct session_id *s)
{
	struct worker *running = worker_find(&x->servers, s);
	if (running)
		worker_kill(running);
}

unsigned block_exports_count(const struct block_exports *x, const struct block_identity *id)
{
	unsigned n = 0;
	list_for_each (it, &x->servers.list)
		n += is_same(&of_worker(list_entry(it, struct worker, link))->id, id);
	return n;
}

void block_exports_resized(struct block_exports *x, const struct block_identity *id)
{
	list_for_each (it, &x->servers.list) {
		struct server *s = of_worker(list_entry(it, struct worker, link));
		if (is_same(&s->id, id) && !s->image)
			(void)nbd_control_size(s->control); /* else it looks when it has to */
	}
}

/* ---- life ---------------------------------------------------------------------------------- */

struct block_exports *block_exports_new(sd_event *event)
{
	struct block_exports *x = calloc(1, sizeof(*x));
	if (!x)
		return NULL;
	workers_init(&x->servers, event);
	list_init(&x->places);
	return x;
}

void block_exports_set_images(struct block_exports *x, struct images *images)
{
	x->images = images;
}

void block_exports_free(struct block_exports *x)
{
	if (!x)
		return;
	workers_done(&x->servers);
	for (struct list *l; (l = list_pop(&x->places));)
		free(list_entry(l, struct place, link));
	free(x);
}
