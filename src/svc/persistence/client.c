/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: the services that store objects here, by name.  An entry stays when its
 * service goes, for the next one of that name; there are few.
 *
 * That a service has ended shows in one of three ways: its call of wait is canceled, its restorer
 * breaks (it was connected to us directly), or another process registers under the name.  Each ends
 * what is held of its objects, once.
 */
#include "svc/persistence/internal.h"

#include "base/log.h"

enum { CLIENT_WAITS_MAX = 16 };

struct client_wait {
	struct list link;
	struct client *client;
	struct vat_ctx *ctx;
	unsigned generation;
};

struct client *client_find(struct persistence *p, const char *name)
{
	list_for_each (i, &p->clients) {
		struct client *c = list_entry(i, struct client, link);
		if (!strcmp(c->name, name))
			return c;
	}
	return NULL;
}

static bool name_ok(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
	return n > 0 && n <= SERVICE_NAME_MAX && !name[n];
}

int client_get(struct persistence *p, const char *name, struct client **ret)
{
	struct client *c = client_find(p, name);
	if (!c) {
		if (!name_ok(name))
			return -EINVAL;
		if (p->n_clients >= CLIENTS_MAX)
			return -EDQUOT;
		c = calloc(1, sizeof(*c));
		if (!c)
			return -ENOMEM;
		c->p = p;
		list_init(&c->waits);
		memcpy(c->name, name, strlen(name) + 1);
		list_append(&p->clients, &c->link);
		p->n_clients++;
	}
	*ret = c;
	return 0;
}

static void drop_restorer(struct client *c)
{
	vat_watch_free(TAKE_PTR(c->broken));
	persistence_restorer_unref(c->restorer);
	c->restorer.cap = NULL;
}

/* Those not in the store are forgotten, in one go; the others can be restored later. */
static void lose_objects(struct client *c)
{
	struct hashes h = {};
	list_for_each (i, ledger_objects(c->p->ledger)) {
		struct ledger_object *o = list_entry(i, struct ledger_object, all);
		if (o->persistent || strcmp(o->service, c->name) != 0)
			continue;
		list_for_each (j, &o->refs)
			(void)hashes_add(&h, list_entry(j, struct ledger_ref, of_object)->hash);
	}
	if (h.n)
		(void)remove_refs(c->p, &h, "the service has ended");
	list_for_each (i, ledger_objects(c->p->ledger)) {
		struct ledger_object *o = list_entry(i, struct ledger_object, all);
		struct live *l = o->live;
		if (o->persistent && (l->cap || l->old) && !strcmp(o->service, c->name))
			live_lost(l, "the service has ended");
	}
}

static void gone(struct client *c, const char *why)
{
	if (!c->restorer.cap)
		return;
	log_info("service \"%s\" has ended (%s)", c->name, why);
	drop_restorer(c);
	lose_objects(c);
}

static void on_broken(void *user, const struct vat_error *err)
{
	gone(user, err->text);
}

static void wait_end(struct client_wait *w, const char *why)
{
	list_unlink(&w->link);
	vat_ctx_fail(w->ctx, VAT_DISCONNECTED, "%s", why);
	free(w);
}

static void on_wait_canceled(void *user)
{
	struct client_wait *w = user;
	struct client *c = w->client;
	bool current = w->generation == c->generation;
	wait_end(w, "canceled");
	if (current)
		gone(c, "its connection ended");
}

void client_wait(struct client *c, struct metac_waitable_wait_ctx cx)
{
	unsigned n = 0;
	list_for_each (i, &c->waits)
		n++;
	struct client_wait *w = n < CLIENT_WAITS_MAX ? calloc(1, sizeof(*w)) : NULL;
	if (!w) {
		vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "too many calls of wait");
		return;
	}
	w->client = c;
	w->ctx = cx.ctx;
	w->generation = c->generation;
	list_append(&c->waits, &w->link);
	vat_ctx_on_cancel(cx.ctx, on_wait_canceled, w);
}

int client_set_restorer(struct client *c, struct persistence_restorer_c restorer)
{
	struct vat_watch *w = vat_cap_on_broken(restorer.cap, on_broken, c);
	if (!w)
		return -ENOMEM;
	gone(c, "another process has taken its place");
	c->restorer = persistence_restorer_ref(restorer);
	c->broken = w;
	c->generation++;
	list_for_each_safe (i, ledger_objects(c->p->ledger)) {
		struct ledger_object *o = list_entry(i, struct ledger_object, all);
		if (!strcmp(o->service, c->name))
			live_wake(o->live);
	}
	return 0;
}

void clients_free(struct persistence *p)
{
	struct list *i;
	while ((i = list_pop(&p->clients))) {
		struct client *c = list_entry(i, struct client, link);
		list_for_each_safe (j, &c->waits)
			wait_end(list_entry(j, struct client_wait, link),
				"the persistence service ends");
		drop_restorer(c);
		free(c);
	}
}
