/* SPDX-License-Identifier: MIT */
/*
 * metac net export, bind, unbind.  Frames pass between kernels: nothing here is busy once a binding
 * stands.  What keeps one when the command ends is a reference to it, as for mounts.
 */
#include "cli/net.h"
#include "cli/show.h"
#include "cli/uri.h"

#include <stdio.h>

/* The word, "-" being the next line of standard input. */
static int read_uri(struct cli *cli, const char *word, struct net_uri *ret)
{
	AUTO_FREE char *text = uri_read(word, STDIN_FILENO, &cli->err);
	return text ? net_uri_parse(text, ret, &cli->err) : cli->err.code;
}

/* ---- export -----------------------------------------------------------------------------------
 */

/* That it is an interface, only its answer tells. */
static int check_is_interface(struct client *c, const struct net_target *t)
{
	AUTO_REPLY reply = {};
	int r = client_call(c, net_l2_interface_info(c->loop.vat, t->iface).call, &reply);
	return r < 0 ? err_wrap(&c->cli->err, r, "%s", t->shown) : 0;
}

int cmd_net_export(struct cli *cli)
{
	AUTO(client_close) struct client *c = NULL;
	AUTO_FREE struct net_uri *uri = calloc(1, sizeof(*uri));
	struct net_target t = {};
	if (!uri)
		return err_set(&cli->err, -ENOMEM, "out of memory");
	int r = read_uri(cli, cli->args[0], uri);
	if (r >= 0 && cli->opt.l3 && uri->kind != NET_URI_NEW)
		r = cli_wrong_use(cli, "--l3 makes a network: it goes with newlocal:NAME");
	if (r >= 0)
		r = client_open(cli, &c);
	if (r >= 0)
		r = net_target_find(c, uri, cli->opt.l3, &t);
	if (r < 0)
		return r;
	net_target_restrict(c, &t);
	r = check_is_interface(c, &t);
	if (r >= 0)
		r = client_export(c, t.iface.cap);
	if (r < 0)
		net_target_undo(c, &t);
	net_target_done(&t);
	return r;
}

/* ---- bind -------------------------------------------------------------------------------------
 */

struct pair {
	struct net_target own; /* whose host makes the binding */
	struct net_target other;
	bool far; /* that is another host */
};

/* A reference's addresses in a binding would be those of the wrong side when it is restored. */
static int check_other(struct cli *cli, const struct net_uri *u)
{
	if (u->kind != NET_URI_REF || !u->n_macs)
		return 0;
	return cli_wrong_use(cli, "mac= cannot follow this reference here: `metac net export "
				  "REF,mac=...' makes one that has it");
}

/* A routed network configures nothing but what the administrator binds, so it is the interface
 * itself that is bound, if what restricts it can be told with the binding. */
static bool binds_as_admin(const struct pair *p)
{
	bool both = p->other.ref && net_uri_is_restricted(&p->other.uri) &&
		    net_uri_is_restricted(&p->own.uri);
	return p->own.kernel.cap && !both;
}

static void fill_bind(struct client *c, const struct pair *p, struct net_bind_options_b b)
{
	const struct net_target *o = &p->other;
	net_bind_options_set_mtu(b, c->cli->opt.mtu);
	net_bind_options_set_source(b, vat_str(o->shown));
	if (o->ref)
		ref_to_sturdy(o->ref, net_bind_options_init_reference(b));
	if (o->ref && net_uri_is_restricted(&o->uri))
		net_fill_restrictions(&o->uri, net_bind_options_init_restrictions(b));
	else if (binds_as_admin(p))
		net_fill_restrictions(&p->own.uri, net_bind_options_init_restrictions(b));
}

static int bind_call(struct client *c, const struct pair *p, struct reply *reply)
{
	struct net_l2_interface_c own = p->own.iface;
	if (binds_as_admin(p))
		own = net_l2_interface_cast(p->own.kernel.cap);
	struct net_l2_interface_bind_to_req q = net_l2_interface_bind_to(c->loop.vat, own);
	/* Another host gets it by the reference: what it got through here would be lost when this
	 * command ends. */
	if (!p->far)
		net_l2_interface_bind_to_params_set_other(q.params, p->other.iface);
	fill_bind(c, p, net_l2_interface_bind_to_params_init_options(q.params));
	int r = client_call(c, q.call, reply);
	return r < 0 ? err_wrap(&c->cli->err, r, "%s", p->other.shown) : 0;
}

static int binding_info(struct client *c, struct net_binding_c b, struct reply *reply,
	struct net_binding_info_r *ret)
{
	int r = client_call(c, net_binding_info(c->loop.vat, b).call, reply);
	if (r >= 0)
		*ret = net_binding_info_results_get_info(
			net_binding_info_results_from(reply->results));
	return r;
}

static int print_name(struct client *c, const char *name)
{
	if (puts(name) < 0 || fflush(stdout))
		return err_errno(&c->cli->err, -errno, "standard output");
	return 0;
}

/* Without being asked for it, since the name is known. */
static int print_binding(struct client *c, const struct pair *p, struct net_binding_c b)
{
	if (!c->cli->opt.json && *p->own.uri.name)
		return print_name(c, p->own.uri.name);
	AUTO_REPLY reply = {};
	struct net_binding_info_r info;
	int r = binding_info(c, b, &reply, &info);
	if (r < 0)
		return r;
	if (c->cli->opt.json)
		return json_print(net_binding_json(info), &c->cli->err);
	AUTO_FREE char *name =
		show_quoted(net_binding_info_get_name(info).s, net_binding_info_get_name(info).len);
	return print_name(c, name ?: "");
}

/* Of a binding on another host, the reference is all that is left in one's hands. */
static int keep_far(struct client *c, struct net_binding_c b)
{
	AUTO_FREE char *text = NULL;
	if (!c->cli->opt.json)
		return client_export(c, b.cap);
	int r = client_reference(c, b.cap, &text);
	if (r < 0)
		return r;
	AUTO_REPLY reply = {};
	struct net_binding_info_r info;
	r = binding_info(c, b, &reply, &info);
	if (r < 0)
		return r;
	json_t *j = net_binding_json(info);
	if (j && json_object_set_new(j, "reference", json_string(text)) < 0) {
		json_decref(j);
		j = NULL;
	}
	return json_print(j, &c->cli->err);
}

static int bind_and_keep(struct client *c, const struct pair *p)
{
	AUTO_REPLY reply = {};
	int r = bind_call(c, p, &reply);
	if (r < 0)
		return r;
	struct net_binding_c b = net_binding_cast(net_l2_interface_bind_to_results_get_holder(
		net_l2_interface_bind_to_results_from(reply.results))
							  .cap);
	r = p->far ? keep_far(c, b) : client_keep(c, b.cap);
	if (r < 0)
		return err_wrap(&c->cli->err, r, "keep them bound");
	return p->far ? 0 : print_binding(c, p, b);
}

/* Whether an interface is of this host: what is not a reference, or a reference of its node. */
static bool is_here(struct client *c, const struct net_uri *u)
{
	AUTO(ref_free) struct ref *ref = NULL;
	if (u->kind != NET_URI_REF)
		return true;
	return !ref_parse(u->ref, &ref, NULL) && !strcmp(ref->node, c->address);
}

/* References first: they fail more often, and then nothing was made. */
static int find_pair(
	struct client *c, const struct net_uri *own, const struct net_uri *other, struct pair *p)
{
	int r = 0;
	if (own->kind == NET_URI_REF)
		r = net_target_find(c, own, NULL, &p->own);
	if (r >= 0)
		r = net_target_find(c, other, NULL, &p->other);
	if (r >= 0 && own->kind != NET_URI_REF)
		r = net_target_find(c, own, NULL, &p->own);
	return r;
}

static int bind_pair(struct client *c, const struct net_uri uris[2])
{
	struct pair p = {};
	/* One that is made comes before one that is there: it goes with the binding. */
	bool first = is_here(c, &uris[0]), second = is_here(c, &uris[1]);
	bool swap = first == second && first
			    ? uris[1].kind == NET_URI_NEW && uris[0].kind != NET_URI_NEW
			    : second;
	int r = check_other(c->cli, &uris[!swap]);
	if (r < 0)
		return r;
	p.far = !first && !second;
	r = find_pair(c, &uris[swap], &uris[!swap], &p);
	if (r >= 0) {
		if (!binds_as_admin(&p))
			net_target_restrict(c, &p.own);
		if (!p.other.ref)
			net_target_restrict(c, &p.other);
		r = bind_and_keep(c, &p);
	}
	if (r < 0) {
		net_target_undo(c, &p.own);
		net_target_undo(c, &p.other);
	}
	net_target_done(&p.own);
	net_target_done(&p.other);
	return r;
}

int cmd_net_bind(struct cli *cli)
{
	AUTO(client_close) struct client *c = NULL;
	AUTO_FREE struct net_uri *uris = calloc(2, sizeof(*uris));
	int r = uris ? 0 : err_set(&cli->err, -ENOMEM, "out of memory");
	for (int i = 0; i < 2 && r >= 0; i++)
		r = read_uri(cli, cli->args[i], &uris[i]);
	if (r >= 0)
		r = client_open(cli, &c);
	return r < 0 ? r : bind_pair(c, uris);
}

/* ---- unbind -----------------------------------------------------------------------------------
 */

static int destroy(struct client *c, struct net_binding_c b)
{
	AUTO_REPLY reply = {};
	return client_call(c,
		metac_destroyable_destroy(c->loop.vat, net_binding_as_destroyable(b)).call, &reply);
}

static int unbind_reference(struct client *c, const char *word)
{
	struct vat_cap *cap = NULL;
	char shown[128];
	int r = client_restore(c, word, &cap);
	if (r < 0)
		return r;
	r = destroy(c, net_binding_cast(cap));
	vat_cap_unref(cap);
	ref_mask(word, shown, sizeof(shown));
	if (r == -ENOSYS)
		return err_set(&c->cli->err, r,
			"%s: this is no binding; give the name of the interface that is bound",
			shown);
	/* Its references go with it, and this one may do so before the answer is here. */
	if (r < 0 && strstr(c->cli->err.msg, "revoked"))
		r = 0;
	return r < 0 ? err_wrap(&c->cli->err, r, "%s", shown) : 0;
}

static int unbind_named(struct client *c, const char *word)
{
	struct net_bindings b = {};
	uint32_t i = 0;
	int r = net_bindings_list(c, &b);
	if (r >= 0)
		r = net_binding_find(c, &b, word, true, &i);
	if (r >= 0)
		r = destroy(c, net_binding_list_at(b.caps, i));
	if (r == -ENOTCONN && !c->lost)
		r = 0; /* it has gone meanwhile */
	net_bindings_done(&b);
	return r;
}

int cmd_net_unbind(struct cli *cli)
{
	AUTO(client_close) struct client *c = NULL;
	AUTO_FREE char *word = uri_read(cli->args[0], STDIN_FILENO, &cli->err);
	if (!word)
		return cli->err.code;
	int r = client_open(cli, &c);
	if (r < 0)
		return r;
	return ref_is(word) ? unbind_reference(c, word) : unbind_named(c, word);
}
