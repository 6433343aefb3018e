/* SPDX-License-Identifier: MIT */
/*
 * Segments: one for an interface, found by its index, kept by references.  The first port has the
 * interface joined (segment-shape.c), the last one that leaves has it left as it was.
 */
#include "svc/net/segment-priv.h"

int segment_get(struct place *p, const char *name, struct segment **ret, struct err *e)
{
	struct rtnl_link l;
	int r = rtnl_link_by_name(p->rtnl, name, &l, e);
	if (r >= 0)
		r = segment_check(p, &l, e);
	if (r < 0)
		return r;
	list_for_each (it, &p->segments) {
		struct segment *s = list_entry(it, struct segment, link);
		if (s->iface.index == l.index) {
			*ret = segment_ref(s);
			return 0;
		}
	}
	struct segment *s = calloc(1, sizeof(*s));
	if (!s)
		return err_errno(e, -ENOMEM, "interface %s", name);
	s->refs = 1;
	s->place = place_ref(p);
	s->iface = l;
	s->promiscuous = -EBADF;
	list_init(&s->ports);
	list_append(&p->segments, &s->link);
	segment_watch(s);
	*ret = s;
	return 0;
}

struct segment *segment_ref(struct segment *s)
{
	s->refs++;
	return s;
}

void segment_unref(struct segment *s)
{
	if (!s || --s->refs)
		return;
	assert(list_empty(&s->ports) && !s->own);
	place_unwatch(&s->watcher);
	list_unlink(&s->link);
	place_unref(s->place);
	free(s);
}

struct place *segment_place(const struct segment *s)
{
	return s->place;
}

int segment_index(const struct segment *s)
{
	return s->iface.index;
}

const char *segment_name(const struct segment *s)
{
	return s->iface.name;
}

enum segment_how segment_how(const struct segment *s)
{
	return s->how == SEGMENT_NONE && s->own ? SEGMENT_OWN : s->how;
}

const char *segment_how_name(enum segment_how how)
{
	static const char *const names[] = {[SEGMENT_NONE] = "",
		[SEGMENT_BRIDGE] = "bridge",
		[SEGMENT_ENSLAVE] = "port",
		[SEGMENT_SPLICE] = "splice",
		[SEGMENT_OWN] = "own"};
	return names[how];
}

unsigned segment_ports(const struct segment *s)
{
	return s->n_ports + (s->own != NULL);
}

uint32_t segment_mtu(const struct segment *s)
{
	struct rtnl_link l;
	if (!s->iface.index || rtnl_link_by_index(s->place->rtnl, s->iface.index, &l, NULL) < 0)
		return s->iface.mtu;
	return l.mtu;
}

static int join_settled(struct segment *s, struct segment_port *p, struct err *e)
{
	int r = segment_settle(s, e);
	if (r < 0)
		return err_wrap(e, r, "join interface %s", s->iface.name);
	r = segment_put_port(s, p, e);
	if (r < 0 && !s->n_ports)
		segment_dissolve(s);
	return r;
}

int segment_join(struct segment *s, struct segment_port *p, struct err *e)
{
	list_init(&p->link);
	if (!s->iface.index)
		return err_set(e, -ENODEV, "interface %s has gone", s->iface.name);
	if (s->n_ports >= SEGMENT_PORTS_MAX)
		return err_set(e, -EMFILE, "interface %s is joined %u times already", s->iface.name,
			s->n_ports);
	/* With others there already it is as it has to be, or we shall hear of it. */
	int r = s->n_ports ? segment_widen(s, e) : -EAGAIN;
	if (r >= 0)
		r = segment_put_port(s, p, NULL);
	if (r < 0)
		r = join_settled(s, p, e);
	if (r < 0)
		return r;
	list_append(&s->ports, &p->link);
	s->n_ports++;
	return 0;
}

int segment_join_own(struct segment *s, struct segment_port *p, struct err *e)
{
	list_init(&p->link);
	if (!s->iface.index)
		return err_set(e, -ENODEV, "interface %s has gone", s->iface.name);
	if (s->own)
		return err_set(e, -EBUSY, "interface %s is a tunnel's end already", s->iface.name);
	struct rtnl_change up = {.what = RTNL_SET_UP, .up = true};
	int r = rtnl_link_set(s->place->rtnl, s->iface.index, &up, e);
	if (r >= 0)
		s->own = p;
	return r;
}

static void leave_bridge(struct segment *s, struct segment_port *p)
{
	struct rtnl_change c = {.what = RTNL_SET_MASTER, .master = 0};
	if (!p->doomed)
		(void)rtnl_link_set(s->place->rtnl, p->index, &c, NULL); /* may have gone */
	if (!s->n_ports)
		segment_dissolve(s);
}

void segment_leave(struct segment *s, struct segment_port *p)
{
	if (s->own == p) {
		s->own = NULL;
		return;
	}
	if (list_empty(&p->link))
		return; /* it was told that it is gone */
	list_unlink(&p->link);
	s->n_ports--;
	leave_bridge(s, p);
}
