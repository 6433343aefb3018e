/* SPDX-License-Identifier: MIT */
/* Messages cut into pieces: which one a descriptor belongs to. */
#include "vat/conn/test-net.h"

#include <sys/mman.h>

enum { CALLS = 4, BYTES_MAX = 4096 };

/* What a vat says, and where in it descriptors start. */
struct stream {
	uint8_t bytes[BYTES_MAX];
	size_t size;
	struct {
		size_t start, end;
		int fd; /* or -1 */
	} message[CALLS];
	unsigned n;
};

struct world {
	struct net net;
	struct net_link *l;
	struct thing t, with[2];
	struct vat_cap *boot;
	struct reply r[CALLS];
	struct stream s;
};

static int make_fd(const char *content)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_INT(write(fd, content, strlen(content)), strlen(content));
	return fd;
}

/* The call that gives out the object with that descriptor. */
static void ask(struct world *w, unsigned i, const char *content)
{
	struct thing *with = &w->with[i / 2];
	vat_cap_unref(w->t.held);
	w->t.held = thing_serve(w->net.vat[1], with);
	CHECK_INT(vat_cap_attach_fd(w->t.held, make_fd(content)), 0);
	thing_call(w->net.vat[0], w->boot, THING_GIVE, 0, NULL, &w->r[i]);
	net_run(&w->net);
}

/* Two calls without and two with a descriptor are answered, but the answers are kept. */
static void up(struct world *w)
{
	memset(w, 0, sizeof(*w));
	net_init(&w->net, 2);
	w->l = net_serve(&w->net, 0, 1, thing_serve(w->net.vat[1], &w->t));
	w->boot = vat_conn_bootstrap(w->l->conn[0]);
	net_run(&w->net);
	w->l->paused[1] = true;
	thing_call(w->net.vat[0], w->boot, THING_ECHO, 7, NULL, &w->r[0]);
	net_run(&w->net);
	ask(w, 1, "first");
	thing_call(w->net.vat[0], w->boot, THING_ECHO, 8, NULL, &w->r[2]);
	net_run(&w->net);
	ask(w, 3, "second");
	net_collect(w->l, 1);
	w->l->oracle.off = true; /* messages go another way */
	struct list *i;
	while ((i = list_pop(&w->l->queue[1]))) {
		struct net_message *m = list_entry(i, struct net_message, link);
		CHECK(w->s.n < CALLS && w->s.size + m->size <= BYTES_MAX);
		memcpy(w->s.bytes + w->s.size, m->data, m->size);
		w->s.message[w->s.n].start = w->s.size;
		w->s.size += m->size;
		w->s.message[w->s.n].end = w->s.size;
		w->s.message[w->s.n++].fd = m->n_fds ? m->fds[0] : -1;
		m->n_fds = 0;
		net_drop(m);
	}
	CHECK_INT(w->s.n, CALLS);
}

static void down(struct world *w)
{
	for (unsigned i = 0; i < CALLS; i++)
		reply_free(&w->r[i]);
	vat_cap_unref(w->boot); /* with it goes the thing, and what that holds */
	w->l->paused[1] = false;
	net_run(&w->net);
	net_done(&w->net);
}

/* Reads up to `end` in one go, and gets what descriptors the kernel would give with that. */
static void read_to(struct world *w, size_t *at, size_t end)
{
	struct stream *s = &w->s;
	int fds[CALLS];
	size_t n_fds = 0;
	for (unsigned i = 0; i < s->n; i++)
		if (s->message[i].fd >= 0 && s->message[i].start >= *at &&
			s->message[i].start < end) {
			CHECK(end <= s->message[i].end); /* where a read would have ended */
			fds[n_fds++] = s->message[i].fd;
		}
	CHECK_INT(net_feed(w->l->conn[0], s->bytes + *at, end - *at, SIZE_MAX, fds, n_fds), 0);
	*at = end;
}

static void check_has(struct world *w, unsigned i, const char *want)
{
	char buf[16] = "";
	CHECK(w->r[i].done && w->r[i].cap);
	int fd = vat_cap_fd(w->r[i].cap);
	CHECK(fd >= 0);
	CHECK(pread(fd, buf, sizeof(buf) - 1, 0) > 0);
	CHECK_STR(buf, want);
}

/* The first read ends in the second message, the second read in the fourth: each time behind the
 * first `a` or `b` bytes of a message with a descriptor. */
static void cut(size_t a, size_t b)
{
	struct world w;
	up(&w);
	size_t at = 0;
	read_to(&w, &at, w.s.message[1].start + a);
	read_to(&w, &at, w.s.message[3].start + b);
	if (at < w.s.size)
		read_to(&w, &at, w.s.size);
	net_work(&w.net);
	CHECK_REPLY(w.r[0], 7);
	CHECK_REPLY(w.r[2], 8);
	check_has(&w, 1, "first");
	check_has(&w, 3, "second");
	down(&w);
}

TEST(a_descriptor_stays_with_its_message_wherever_that_is_cut)
{
	struct world w;
	up(&w);
	size_t first = w.s.message[1].end - w.s.message[1].start;
	size_t second = w.s.message[3].end - w.s.message[3].start;
	for (unsigned i = 0; i < CALLS; i++)
		if (w.s.message[i].fd >= 0)
			close(w.s.message[i].fd);
	down(&w);
	for (size_t a = 1; a <= first; a += 5)
		for (size_t b = 1; b <= second; b += 5)
			cut(a, b);
	cut(first, second);
}

TEST(descriptors_with_every_byte_are_limited)
{
	struct net n;
	net_init(&n, 1);
	struct vat_conn_config cfg = {.fds = true, .limits = {.fds_per_message = 3}};
	struct vat_conn *c;
	int fds[8];
	CHECK_INT(vat_conn_new(n.vat[0], &cfg, &c), 0);
	for (int i = 0; i < 4; i++) {
		uint8_t zero = 0;
		fds[2 * i] = make_fd("even");
		fds[2 * i + 1] = make_fd("odd");
		CHECK_INT(net_feed(c, &zero, 1, 1, fds + 2 * i, 2), 0);
	}
	for (int i = 0; i < 8; i++)
		CHECK_INT(fcntl(fds[i], F_GETFD) >= 0, i < 3);
	vat_conn_free(c);
	CHECK_INT(fcntl(fds[0], F_GETFD), -1);
	net_done(&n);
}
