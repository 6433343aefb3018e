/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: the services that store objects here, by name.  An entry stays when its
 * service goes, for the next one of that name; there are few.
 */
#include "svc/persistence/internal.h"

#include "base/log.h"

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

static void on_broken(void *user, const struct vat_error *err)
{
	struct client *c = user;
	log_info("service \"%s\" is gone (%s)", c->name, err->text);
	drop_restorer(c);
}

int client_set_restorer(struct client *c, struct persistence_restorer_c restorer)
{
	struct vat_watch *w = vat_cap_on_broken(restorer.cap, on_broken, c);
	if (!w)
		return -ENOMEM;
	drop_restorer(c);
	c->restorer = persistence_restorer_ref(restorer);
	c->broken = w;
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
		drop_restorer(c);
		free(c);
	}
}
