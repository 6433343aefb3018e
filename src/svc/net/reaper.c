/* SPDX-License-Identifier: MIT */
/*
 * What is to go is kept in an array until the turn of the event loop ends.  One request deletes
 * many links of a namespace, and then their rules go, which guarded them until then.
 */
#include "svc/net/reaper.h"

#include "base/log.h"
#include "svc/net/place.h"
#include "svc/net/tunnel-link.h"

#include <systemd/sd-event.h>

enum {
	REAPER_MAX = 256, /* kept at a time */
	REAPER_TOGETHER = 16, /* deleted by one request: others wait for that */
};

struct reaper {
	struct reap reaps[REAPER_MAX];
	unsigned count;
	struct vat_ctx *calls[REAPER_MAX]; /* to be returned */
	unsigned n_calls;
	sd_event_source *turn, *late;
};

/* Deleted by somebody else, or moved to where it is out of reach and can have its port again: we
 * shall hear which it was, but not before its rules would go. */
static bool is_astray(const struct reap *r)
{
	struct rtnl_link l;
	return r->index && r->port &&
	       rtnl_link_by_index(r->place->rtnl, r->index, &l, NULL) == -ENODEV;
}

static void rules_remove(struct net_service *ns, const struct reap *r)
{
	struct err e = {};
	if (r->name[0] && guard_link_remove(r->place->guard, r->name, &e))
		log_peer(LOG_WARNING, "rules of %s stay: %s", r->name, e.msg);
	if (r->port)
		tunnel_port_release(ns, r->port);
}

static void links_delete(struct place *p, const int *index, size_t count)
{
	for (size_t i = 0; i < count; i += REAPER_TOGETHER) {
		struct err e = {};
		size_t n = MIN(count - i, (size_t)REAPER_TOGETHER);
		if (rtnl_link_delete_many(p->rtnl, index + i, n, &e))
			log_peer(LOG_WARNING, "links stay: %s", e.msg);
	}
}

/* All links of the first one's namespace; their entries are marked as done with place NULL. */
static void delete_together(struct net_service *ns, struct reap *reaps, unsigned count)
{
	int index[REAPER_MAX];
	size_t n = 0;
	struct place *p = reaps[0].place;
	for (unsigned i = 0; i < count; i++) {
		if (reaps[i].place != p || !reaps[i].index)
			continue;
		if (is_astray(&reaps[i])) {
			log_peer(LOG_WARNING, "UDP port %u stays shut: its link is not there",
				reaps[i].port);
			reaps[i].port = 0;
		}
		index[n++] = reaps[i].index;
	}
	links_delete(p, index, n);
	place_ref(p);
	for (unsigned i = 0; i < count; i++)
		if (reaps[i].place == p) {
			rules_remove(ns, &reaps[i]);
			place_unref(TAKE_PTR(reaps[i].place));
		}
	place_unref(p);
}

void reaper_flush(struct net_service *ns)
{
	struct reaper *r = ns->reaper;
	if (!r)
		return;
	unsigned count = r->count;
	for (unsigned i = 0; i < count; i++)
		if (r->reaps[i].place)
			delete_together(ns, r->reaps + i, count - i);
	r->count = 0;
	/* What is let go of because a call is answered is for the next time. */
	struct vat_ctx *calls[REAPER_MAX];
	unsigned n_calls = r->n_calls;
	memcpy(calls, r->calls, n_calls * sizeof(*calls));
	r->n_calls = 0;
	for (unsigned i = 0; i < n_calls; i++)
		vat_ctx_return(calls[i]);
}

static int on_turn(sd_event_source *source, void *user)
{
	reaper_flush(user);
	return 0;
}

static int source_new(struct net_service *ns, int64_t priority, sd_event_source **ret)
{
	int r = sd_event_add_defer(ns->streams.loop->event, ret, on_turn, ns);
	if (r >= 0)
		r = sd_event_source_set_priority(*ret, priority);
	if (r >= 0)
		r = sd_event_source_set_enabled(*ret, SD_EVENT_OFF);
	return r;
}

static struct reaper *reaper_of(struct net_service *ns)
{
	if (ns->reaper || !ns->streams.loop)
		return ns->reaper;
	struct reaper *r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	if (source_new(ns, SD_EVENT_PRIORITY_IMPORTANT, &r->turn) < 0 ||
		source_new(ns, SD_EVENT_PRIORITY_IDLE, &r->late) < 0) {
		sd_event_source_unref(r->turn);
		free(r);
		return NULL;
	}
	return ns->reaper = r;
}

void reaper_add(struct net_service *ns, const struct reap *add)
{
	struct reaper *r = reaper_of(ns);
	struct reap alone = *add;
	place_ref(alone.place);
	if (!r) {
		delete_together(ns, &alone, 1);
		return;
	}
	if (r->count == REAPER_MAX)
		reaper_flush(ns);
	r->reaps[r->count++] = alone;
	(void)sd_event_source_set_enabled(add->late ? r->late : r->turn, SD_EVENT_ONESHOT);
}

void reaper_return(struct net_service *ns, struct vat_ctx *ctx)
{
	struct reaper *r = ns->reaper;
	bool pending = false;
	for (unsigned i = 0; r && i < r->count; i++)
		pending |= !r->reaps[i].late;
	if (!pending) {
		vat_ctx_return(ctx);
		return;
	}
	if (r->n_calls == REAPER_MAX)
		reaper_flush(ns);
	r->calls[r->n_calls++] = ctx;
	(void)sd_event_source_set_enabled(r->turn, SD_EVENT_ONESHOT);
}

void reaper_done(struct net_service *ns)
{
	struct reaper *r = ns->reaper;
	if (!r)
		return;
	reaper_flush(ns);
	sd_event_source_disable_unref(r->turn);
	sd_event_source_disable_unref(r->late);
	free(r);
	ns->reaper = NULL;
}
