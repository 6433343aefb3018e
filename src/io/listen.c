/* SPDX-License-Identifier: MIT */
/*
 * Listening and connecting by address.
 *
 * A listener accepts while it has fewer links than its limit; then it is not waited for until one
 * of them has gone, so that further peers wait in the kernel's queue.  The same, for a moment, when
 * descriptors or memory have run out.
 */
#include "io/address.h"
#include "io/loop.h"

/* Accepts if there is room. */
static void update(struct vat_listener *s)
{
	bool accepts = s->n_links < s->cfg.max_links && !s->retry.place;
	/* Fails only for want of memory: tried again. */
	if (watch_set(s->loop, &s->watch, accepts ? EPOLLIN : 0) < 0 && !s->retry.place)
		timers_set(&s->loop->timers, &s->retry, loop_now(s->loop) + LOOP_RETRY_US);
}

static void on_retry(struct timer *t)
{
	update(container_of(t, struct vat_listener, retry));
}

void listener_leave(struct vat_listener *s)
{
	s->n_links--;
	update(s);
}

/* A peer has connected. */
static void welcome(struct vat_listener *s, int fd)
{
	struct vat_link *k;
	struct vat_cap *own = NULL;
	if (s->cfg.bootstrap_for) {
		own = s->cfg.bootstrap_for(s->cfg.user, fd);
		if (!own) {
			fd_close(fd);
			return;
		}
	}
	int r = loop_link_new(
		s->loop, fd, s->kind, &s->cfg.link, own ? own : s->cfg.link.bootstrap, &k);
	vat_cap_unref(own);
	if (r < 0)
		return;
	k->owned = false;
	k->listener = s;
	s->n_links++;
}

/* One at a time: whoever is behind in the queue is accepted with the next event. */
static void accept_one(struct vat_listener *s)
{
	int fd = accept4(s->watch.fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0) {
		welcome(s, fd);
		return;
	}
	switch (errno) {
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		timers_set(&s->loop->timers, &s->retry, loop_now(s->loop) + LOOP_RETRY_US);
		break;
	default: /* a connection that was gone before it was accepted */
		break;
	}
}

static void on_ready(struct watch *w, uint32_t revents)
{
	struct vat_listener *s = container_of(w, struct vat_listener, watch);
	if (s->n_links < s->cfg.max_links)
		accept_one(s);
	update(s);
}

static struct vat_listen_config fill(const struct vat_listen_config *cfg)
{
	struct vat_listen_config c = cfg ? *cfg : (struct vat_listen_config){0};
	c.max_links = c.max_links ? c.max_links : LOOP_LINKS;
	c.mode = c.mode ? c.mode : 0600;
	return c;
}

int vat_loop_listen(struct vat_loop *l, const char *address, const struct vat_listen_config *cfg,
	struct vat_listener **ret)
{
	struct address a;
	int r = address_parse(address, &a);
	if (r < 0)
		return r;
	struct vat_listener *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->cfg = fill(cfg);
	s->loop = l;
	list_init(&s->list);
	s->kind = a.kind == ADDRESS_UNIX ? IO_UNIX : IO_TCP;
	s->watch = (struct watch){.events = EPOLLIN, .ready = on_ready};
	s->watch.fd = address_listen(&a, s->cfg.mode, LOOP_BACKLOG);
	r = s->watch.fd;
	if (r >= 0)
		r = timers_add(&l->timers, &s->retry, on_retry);
	if (r >= 0 && (r = watch_add(l, &s->watch)) < 0)
		timers_remove(&l->timers, &s->retry);
	if (r >= 0 && a.path)
		s->path = strdup(a.path);
	if (r < 0) {
		fd_close(s->watch.fd);
		free(s);
		return r;
	}
	vat_cap_ref(s->cfg.link.bootstrap);
	list_append(&l->listeners, &s->list);
	if (ret)
		*ret = s;
	return 0;
}

void vat_listener_free(struct vat_listener *s)
{
	if (!s)
		return;
	struct vat_loop *l = s->loop;
	list_for_each (it, &l->links) {
		struct vat_link *k = list_entry(it, struct vat_link, list);
		if (k->listener == s)
			k->listener = NULL;
	}
	watch_remove(l, &s->watch);
	timers_remove(&l->timers, &s->retry);
	list_unlink(&s->list);
	fd_close(s->watch.fd);
	if (s->path)
		(void)unlink(s->path);
	vat_cap_unref(s->cfg.link.bootstrap);
	free(s->path);
	free(s);
}

int vat_listener_address(const struct vat_listener *s, char *ret, size_t size)
{
	struct sockaddr_storage sa = {0};
	socklen_t len = sizeof(sa);
	if (getsockname(s->watch.fd, (struct sockaddr *)&sa, &len) < 0)
		return -errno;
	return address_format(&sa, len, ret, size);
}

int vat_loop_connect(struct vat_loop *l, const char *address, const struct vat_link_config *cfg,
	struct vat_link **ret)
{
	static const struct vat_link_config none;
	struct address a;
	int kind, r = address_parse(address, &a);
	if (r < 0)
		return r;
	int fd = address_connect(&a, &kind);
	if (fd < 0)
		return fd;
	cfg = cfg ? cfg : &none;
	return loop_link_new(l, fd, kind, cfg, cfg->bootstrap, ret);
}
