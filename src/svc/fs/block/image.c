/* SPDX-License-Identifier: MIT */
/* Theory of operation: image.h. */
#include "svc/fs/block/image.h"
#include "base/log.h"
#include "svc/fs/block/image-start.h"

#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/wait.h>

enum {
	END_MS = 30 * 1000, /* for all of them, when the service ends */
	UNCLEAN_SLOTS = 1024,
};

#define LINGER_US (UINT64_C(2) * 1000000) /* without a connection */
#define FAILED_US (UINT64_C(1) * 1000000)

struct images {
	sd_event *event;
	int runtime;
	struct block_resize *resize;
	struct list list; /* struct image */
	struct list gone; /* the same: ended, another one may serve that file; to be freed */
	unsigned n, n_waits;
	unsigned unclean[UNCLEAN_SLOTS]; /* servers that ended so, by a hash of their file */
	unsigned char key[crypto_shorthash_KEYBYTES];
	char start[17], epoch[32];
};

struct image {
	struct images *all;
	struct list link;
	enum { IMAGE_STARTING, IMAGE_IS_READY, IMAGE_HAS_FAILED, IMAGE_ENDING, IMAGE_GONE } state;
	struct block_target target;
	struct block_identity id;
	struct image_process process;
	sd_event_source *control_src, *end_src, *timer;
	uint64_t size;
	struct err failure;
	unsigned n; /* connections */
	struct list waits; /* struct image_wait */
	char sessions[IMAGE_SESSIONS_MAX][SESSION_NAME_SIZE]; /* a ring */
	unsigned n_sessions;
};

/* Nobody can choose a file that has the slot of another one: he does not know the key. */
static unsigned *unclean(struct images *all, const struct block_identity *id)
{
	const uint64_t what[] = {id->dev, id->ino};
	union {
		unsigned char bytes[crypto_shorthash_BYTES];
		uint64_t n;
	} hash;
	crypto_shorthash(hash.bytes, (const unsigned char *)what, sizeof(what), all->key);
	return &all->unclean[hash.n % UNCLEAN_SLOTS];
}

const char *images_epoch(struct images *all, const struct block_identity *id)
{
	(void)snprintf(all->epoch, sizeof(all->epoch), "%s-%u", all->start, *unclean(all, id));
	return all->epoch;
}

/* ---- waiting for a size -------------------------------------------------------------------- */

void images_forget(struct image_wait *w)
{
	if (w->all && !list_empty(&w->link))
		w->all->n_waits--;
	list_unlink(&w->link);
}

/* Something has changed: each looks again. */
static void wake(struct image *m)
{
	struct list woken = LIST_INIT(woken);
	struct images *all = m->all;
	list_splice(&woken, &m->waits);
	while (!list_empty(&woken)) {
		struct image_wait *w = list_entry(woken.next, struct image_wait, link);
		images_forget(w);
		images_ask(all, w->target, w);
	}
}

/* ---- life of one --------------------------------------------------------------------------- */

static void image_free(struct image *m)
{
	assert(list_empty(&m->waits) && !m->n);
	list_unlink(&m->link);
	m->all->n--;
	sd_event_source_disable_unref(m->control_src);
	sd_event_source_disable_unref(m->end_src);
	sd_event_source_disable_unref(m->timer);
	image_process_done(&m->process);
	block_target_done(&m->target);
	free(m);
}

static void quit(struct image *m)
{
	static const struct image_message word = {.type = IMAGE_QUIT};
	m->state = IMAGE_ENDING;
	if (image_message_send(m->process.control, &word) < 0)
		spawn_kill(&m->process.child, SIGKILL);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *user)
{
	struct image *m = user;
	m->timer = sd_event_source_disable_unref(m->timer);
	if (m->state == IMAGE_IS_READY && !m->n)
		quit(m);
	else if (m->state == IMAGE_GONE && !m->n)
		image_free(m);
	return 0;
}

static void after(struct image *m, uint64_t us)
{
	m->timer = sd_event_source_disable_unref(m->timer);
	if (sd_event_add_time_relative(
		    m->all->event, &m->timer, CLOCK_MONOTONIC, us, 0, on_timer, m) < 0 &&
		m->state == IMAGE_IS_READY)
		quit(m);
}

void image_leave(struct image *m)
{
	if (!m || --m->n)
		return;
	if (m->state == IMAGE_GONE)
		after(m, 0);
	else if (m->state == IMAGE_IS_READY)
		after(m, LINGER_US);
}

static void set_failure(struct image *m, int error, const char *text)
{
	m->state = IMAGE_HAS_FAILED;
	err_set(&m->failure, -error, "%s: %s", m->target.view.path, text);
}

static int on_control(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct image *m = user;
	struct image_message msg;
	int r = image_message_recv(fd, &msg);
	if (r == -EAGAIN)
		return 0;
	if (r == 1 && m->state == IMAGE_STARTING && msg.type == IMAGE_READY) {
		m->state = IMAGE_IS_READY;
		m->size = msg.size;
		block_resize_tell(m->all->resize, &m->target, m->size);
		if (!m->n)
			after(m, LINGER_US);
		wake(m);
	} else if (r == 1 && m->state == IMAGE_STARTING && msg.type == IMAGE_FAILED) {
		set_failure(m, EINVAL, msg.text);
		wake(m);
	} else { /* its end is told by the process */
		m->control_src = sd_event_source_disable_unref(m->control_src);
	}
	return 0;
}

static int on_end(sd_event_source *source, const siginfo_t *si, void *user)
{
	struct image *m = user;
	bool clean = si->si_code == CLD_EXITED && !si->si_status;
	bool served = m->state == IMAGE_IS_READY || m->state == IMAGE_ENDING;
	struct pollfd p = {.fd = m->process.control, .events = POLLIN};
	if (m->state == IMAGE_STARTING && poll(&p, 1, 0) == 1) /* its last word */
		on_control(NULL, m->process.control, POLLIN, m);
	if (m->state == IMAGE_STARTING)
		set_failure(m, EIO, "the image server ended");
	if (served && !clean) {
		++*unclean(m->all, &m->id);
		log_warning("the server of an image ended before it was told to");
	}
	m->control_src = sd_event_source_disable_unref(m->control_src);
	m->process.child.pid = 0; /* reaped by who calls this */
	if (m->state != IMAGE_HAS_FAILED) { /* another may begin */
		list_unlink(&m->link);
		list_append(&m->all->gone, &m->link);
	}
	bool failed = m->state == IMAGE_HAS_FAILED;
	m->state = IMAGE_GONE;
	wake(m);
	if (!m->n)
		after(m, failed ? FAILED_US : 0);
	return 0;
}

static struct image *image_new(
	struct images *all, const struct block_target *t, const struct block_file *f, struct err *e)
{
	struct image *m = all->n < IMAGES_MAX ? calloc(1, sizeof(*m)) : NULL;
	if (!m || block_target_copy(t, &m->target) < 0) {
		free(m);
		err_set(e, -EDQUOT, "%s: too many images are served (limit %d)", t->view.path,
			IMAGES_MAX);
		return NULL;
	}
	m->all = all;
	m->id = f->id;
	list_init(&m->waits);
	list_append(&all->list, &m->link);
	all->n++;
	int r = image_process_start(&m->process, all->runtime, t, f, e);
	if (r >= 0)
		r = sd_event_add_io(
			all->event, &m->control_src, m->process.control, EPOLLIN, on_control, m);
	if (r >= 0)
		r = sd_event_add_child_pidfd(
			all->event, &m->end_src, m->process.child.pidfd, WEXITED, on_end, m);
	if (r < 0) {
		err_wrap(e, r, "start the image server");
		image_free(m);
		return NULL;
	}
	return m;
}

/* ---- finding ------------------------------------------------------------------------------- */

static struct image *find(struct images *all, const struct block_identity *id)
{
	list_for_each (it, &all->list) {
		struct image *m = list_entry(it, struct image, link);
		if (m->id.dev == id->dev && m->id.ino == id->ino)
			return m;
	}
	return NULL;
}

bool images_has(struct images *all, const struct block_identity *id)
{
	const struct image *m = find(all, id);
	return m && m->state != IMAGE_GONE && m->state != IMAGE_HAS_FAILED;
}

/* The server of the target's file, as it is; a new one if there is none. */
static struct image *find_or_start(struct images *all, const struct block_target *t, struct err *e)
{
	struct block_file f;
	if (block_target_open(t, &f, e) < 0)
		return NULL;
	AUTO_CLOSE int file = f.fd;
	struct image *m = find(all, &f.id);
	return m ?: image_new(all, t, &f, e);
}

static bool has_format(const struct image *m, const struct block_target *t)
{
	return !strcmp(m->target.format, t->format);
}

static bool serves(const struct image *m, const struct block_target *t)
{
	return has_format(m, t) && m->target.view.read_only == t->view.read_only &&
	       m->target.direct == t->direct;
}

static bool has_served(const struct image *m, const struct session_id *s)
{
	/* Of one that cannot write nothing is left to be done: a reader who comes back, however
	 * often, disturbs no other. */
	if (m->target.view.read_only)
		return false;
	for (unsigned i = 0; *s->name && i < MIN(m->n_sessions, IMAGE_SESSIONS_MAX); i++)
		if (!strcmp(m->sessions[i], s->name))
			return true;
	return false;
}

/* What to wait for before m can be used so; -EBADF: nothing, now is the time. */
static int wait_for(struct image *m, bool suits)
{
	if (m->state == IMAGE_STARTING)
		return m->process.control;
	if (m->state == IMAGE_IS_READY && !suits)
		quit(m);
	return m->state == IMAGE_ENDING ? m->process.child.pidfd : -EBADF;
}

int images_before(struct images *all, const struct block_target *t, const struct session_id *s)
{
	struct image *m = find_or_start(all, t, NULL);
	if (!m)
		return -EBADF;
	return wait_for(m, !has_served(m, s) && (m->n || serves(m, t)));
}

static int not_ready(const struct image *m, const struct block_target *t, struct err *e)
{
	if (m->failure.code) {
		*e = m->failure;
		return e->code;
	}
	if (m->state != IMAGE_IS_READY)
		return err_set(e, -EAGAIN, "%s: the image server is not ready", t->view.path);
	return err_set(e, -EBUSY, "%s: is in use already, %s %s%s", t->view.path,
		m->target.view.read_only ? "for reading as" : "for writing as", m->target.format,
		m->target.direct ? ", direct" : "");
}

int images_connect(struct images *all, const struct block_target *t, const struct session_id *s,
	struct image **ret, struct err *e)
{
	struct image *m = find_or_start(all, t, e);
	if (!m)
		return e->code;
	if (m->state != IMAGE_IS_READY || !serves(m, t))
		return not_ready(m, t, e);
	int fd = image_process_connect(&m->process);
	if (fd < 0)
		return err_errno(e, fd, "connect to the image server");
	if (*s->name && !has_served(m, s))
		strcpy(m->sessions[m->n_sessions++ % IMAGE_SESSIONS_MAX], s->name);
	m->n++;
	*ret = m;
	return fd;
}

void images_ask(struct images *all, const struct block_target *t, struct image_wait *w)
{
	struct err e = {};
	list_init(&w->link);
	struct image *m = find_or_start(all, t, &e);
	bool waits = m && wait_for(m, m->n || has_format(m, t)) >= 0;
	w->all = all;
	w->target = t;
	if (waits && all->n_waits >= IMAGE_WAITS_MAX) {
		err_set(&e, -EDQUOT, "too many ask for the size of images");
	} else if (waits) {
		list_append(&m->waits, &w->link);
		all->n_waits++;
		return;
	} else if (m && (m->state != IMAGE_IS_READY || !has_format(m, t))) {
		not_ready(m, t, &e);
	}
	w->done(w, m ? m->size : 0, e.code ? &e : NULL);
}

/* ---- life of all --------------------------------------------------------------------------- */

struct images *images_new(sd_event *event, int runtime, struct block_resize *resize)
{
	unsigned char random[8];
	struct images *all = calloc(1, sizeof(*all));
	if (!all)
		return NULL;
	*all = (struct images){.event = event, .runtime = runtime, .resize = resize};
	list_init(&all->list);
	list_init(&all->gone);
	randombytes_buf(random, sizeof(random));
	sodium_bin2hex(all->start, sizeof(all->start), random, sizeof(random));
	crypto_shorthash_keygen(all->key);
	return all;
}

void images_free(struct images *all)
{
	if (!all)
		return;
	list_for_each (it, &all->list) {
		struct image *m = list_entry(it, struct image, link);
		if (m->state == IMAGE_STARTING || m->state == IMAGE_IS_READY)
			quit(m);
	}
	while (!list_empty(&all->list)) {
		struct image *m = list_entry(all->list.next, struct image, link);
		struct pollfd p = {.fd = m->process.child.pidfd, .events = POLLIN};
		(void)poll(&p, 1, END_MS);
		while (!list_empty(&m->waits))
			images_forget(list_entry(m->waits.next, struct image_wait, link));
		m->n = 0;
		image_free(m);
	}
	while (!list_empty(&all->gone)) {
		struct image *m = list_entry(all->gone.next, struct image, link);
		m->n = 0;
		image_free(m);
	}
	free(all);
}
