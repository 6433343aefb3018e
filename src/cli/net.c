/* SPDX-License-Identifier: MIT */
/*
 * See net.h.  An interface of the host is asked for and waited for at once, so that its failures
 * are not taken for those of what follows.
 */
#include "cli/net.h"
#include "cli/ledger.h"
#include "cli/show.h"

#include <stdio.h>

struct net_network_service_admin_c net_admin(struct client *c)
{
	return net_network_service_admin_cast(client_service(c, "net").cap);
}

struct net_kernel_network_namespace_c net_namespace(struct client *c, const char *name)
{
	struct net_network_service_admin_c s = net_admin(c);
	struct net_kernel_network_namespace_c ns;
	if (*name) {
		struct net_network_service_admin_namespace_req q =
			net_network_service_admin_namespace(c->loop.vat, s);
		net_network_service_admin_namespace_params_set_name(q.params, vat_str(name));
		ns = net_network_service_admin_namespace_pipe_namespace(q.call);
		client_pipeline(q.call);
	} else {
		struct vat_call *q = net_network_service_admin_root_namespace(c->loop.vat, s).call;
		ns = net_network_service_admin_root_namespace_pipe_namespace(q);
		client_pipeline(q);
	}
	net_network_service_admin_unref(s);
	return ns;
}

/* ---- interfaces -------------------------------------------------------------------------------
 */

/* 1: there is an interface of that name, 0: there is none, negative: nobody can tell. */
static int is_there(struct client *c, const struct net_uri *u)
{
	const struct err why = c->cli->err;
	struct net_kernel_network_namespace_c ns = net_namespace(c, u->namespace);
	struct net_kernel_network_namespace_list_interfaces_req q =
		net_kernel_network_namespace_list_interfaces(c->loop.vat, ns);
	net_kernel_network_namespace_list_interfaces_params_set_all(q.params, true);
	AUTO_REPLY reply = {};
	int r = client_call(c, q.call, &reply);
	net_kernel_network_namespace_unref(ns);
	c->cli->err = why;
	if (r < 0)
		return r;
	struct net_kernel_interface_info_list_r l =
		net_kernel_network_namespace_list_interfaces_results_get_infos(
			net_kernel_network_namespace_list_interfaces_results_from(reply.results));
	for (uint32_t i = 0; i < l.l.count; i++)
		if (vat_text_is(
			    net_kernel_interface_info_get_name(net_kernel_interface_info_at(l, i)),
			    u->name))
			return 1;
	return 0;
}

/* A failure to get it or to make it, in words that say what to do. */
static int explain(struct client *c, const struct net_uri *u, int r)
{
	char where[NET_URI_NAMESPACE_MAX + 32] = "here";
	const char *form = *u->namespace ? "netns:" : "local:", *ns = u->namespace;
	int there = c->lost ? -ENOTCONN : is_there(c, u);
	if (*ns)
		(void)snprintf(where, sizeof(where), "in the network namespace %s", ns);
	if (u->kind == NET_URI_LOCAL && !there && strstr(c->cli->err.msg, "there is no interface"))
		return err_set(&c->cli->err, -ENODEV, "no interface %s %s; new%s%s%s%s makes one",
			u->name, where, form, ns, *ns ? ":" : "", u->name);
	if (u->kind == NET_URI_NEW && there > 0)
		return err_set(&c->cli->err, -EEXIST,
			"there is an interface %s %s already; %s%s%s%s is that one", u->name, where,
			form, ns, *ns ? ":" : "", u->name);
	return r;
}

static void fill_texts(
	struct vat_list_b list, const char (*texts)[NET_URI_ADDRESS_SIZE], uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		vat_set_text(vat_list_ptr_b(list, i), vat_str(texts[i]));
}

static int fill_create(struct client *c, const struct net_uri *u, const char *routed,
	struct net_create_options_b b)
{
	char prefixes[NET_ROUTED_MAX][NET_URI_ADDRESS_SIZE];
	uint32_t n = 0;
	int r = routed ? net_addresses_parse(routed, prefixes, NET_ROUTED_MAX, &n, &c->cli->err)
		       : 0;
	if (r < 0)
		return err_wrap(&c->cli->err, r, "--l3");
	net_create_options_set_kind(b, vat_str(u->made_kind));
	net_create_options_set_mtu(b, u->mtu);
	if (u->has_hwaddr)
		net_create_options_set_mac(b, (struct vat_data){u->hwaddr.b, sizeof(u->hwaddr.b)});
	if (u->n_addresses)
		fill_texts(net_create_options_init_addresses(b, u->n_addresses), u->addresses,
			u->n_addresses);
	if (n)
		fill_texts(net_create_options_init_routed(b, n), prefixes, n);
	return 0;
}

static int create(struct client *c, struct net_kernel_network_namespace_c ns,
	const struct net_uri *u, const char *routed, struct net_kernel_interface_c *ret)
{
	struct net_kernel_network_namespace_create_interface_req q =
		net_kernel_network_namespace_create_interface(c->loop.vat, ns);
	net_kernel_network_namespace_create_interface_params_set_name(q.params, vat_str(u->name));
	int r = fill_create(c, u, routed,
		net_kernel_network_namespace_create_interface_params_init_options(q.params));
	if (r < 0) {
		vat_call_free(q.call);
		return r;
	}
	AUTO_REPLY reply = {};
	r = client_call(c, q.call, &reply);
	if (r < 0)
		return explain(c, u, r);
	*ret = net_kernel_interface_ref(
		net_kernel_network_namespace_create_interface_results_get_iface(
			net_kernel_network_namespace_create_interface_results_from(reply.results)));
	return 0;
}

static int get(struct client *c, struct net_kernel_network_namespace_c ns, const struct net_uri *u,
	struct net_kernel_interface_c *ret)
{
	struct net_kernel_network_namespace_get_interface_req q =
		net_kernel_network_namespace_get_interface(c->loop.vat, ns);
	net_kernel_network_namespace_get_interface_params_set_name(q.params, vat_str(u->name));
	AUTO_REPLY reply = {};
	int r = client_call(c, q.call, &reply);
	if (r < 0)
		return explain(c, u, r);
	*ret = net_kernel_interface_ref(
		net_kernel_network_namespace_get_interface_results_get_iface(
			net_kernel_network_namespace_get_interface_results_from(reply.results)));
	return 0;
}

static int find_here(struct client *c, const char *routed, struct net_target *t)
{
	struct net_kernel_network_namespace_c ns = net_namespace(c, t->uri.namespace);
	int r = t->uri.kind == NET_URI_NEW ? create(c, ns, &t->uri, routed, &t->kernel)
					   : get(c, ns, &t->uri, &t->kernel);
	net_kernel_network_namespace_unref(ns);
	if (r < 0)
		return r;
	struct vat_call *q = net_kernel_interface_as_l2(c->loop.vat, t->kernel).call;
	t->iface = net_kernel_interface_as_l2_pipe_iface(q);
	client_pipeline(q);
	return 0;
}

static int find_reference(struct client *c, struct net_target *t)
{
	struct vat_cap *cap = NULL;
	int r = ref_parse(t->uri.ref, &t->ref, &c->cli->err);
	if (r >= 0)
		r = client_restore(c, t->uri.ref, &cap);
	if (r >= 0)
		t->iface = net_l2_interface_cast(cap);
	return r;
}

int net_target_find(
	struct client *c, const struct net_uri *uri, const char *routed, struct net_target *ret)
{
	struct net_target t = {.uri = *uri};
	net_uri_show(uri, t.shown, sizeof(t.shown));
	int r = uri->kind == NET_URI_REF ? find_reference(c, &t) : find_here(c, routed, &t);
	if (r < 0)
		net_target_done(&t);
	else
		*ret = t;
	return r;
}

int net_target_find_there(struct client *c, const struct net_uri *uri, struct net_target *ret)
{
	int r = net_target_find(c, uri, NULL, ret);
	if (r != -ENODEV)
		return r;
	const char *ns = uri->namespace;
	return err_set(&c->cli->err, r, "no interface %s%s%s (see `metac net interfaces%s%s')",
		uri->name, *ns ? " in the network namespace " : " here", ns, *ns ? " " : "", ns);
}

void net_fill_restrictions(const struct net_uri *u, struct net_restrictions_b ret)
{
	net_restrictions_set_rate(ret, u->rate);
	struct vat_list_b macs = net_restrictions_init_macs(ret, u->n_macs);
	for (uint32_t i = 0; i < u->n_macs; i++)
		vat_set_data(vat_list_ptr_b(macs, i),
			(struct vat_data){u->macs[i].b, sizeof(u->macs[i].b)});
	uint32_t at = 0;
	struct vat_list_b allow =
		net_restrictions_init_allow(ret, (uint32_t)__builtin_popcount(u->allow));
	for (uint16_t i = 0; i < 32; i++)
		if (u->allow & UINT32_C(1) << i)
			vat_list_set_u16(allow, at++, i);
}

void net_target_restrict(struct client *c, struct net_target *t)
{
	if (!net_uri_is_restricted(&t->uri))
		return;
	struct net_l2_interface_restrict_req q = net_l2_interface_restrict(c->loop.vat, t->iface);
	net_fill_restrictions(
		&t->uri, net_l2_interface_restrict_params_init_restrictions(q.params));
	struct net_l2_interface_c less = net_l2_interface_restrict_pipe_iface(q.call);
	client_pipeline(q.call);
	net_l2_interface_unref(t->iface);
	t->iface = less;
}

void net_target_undo(struct client *c, struct net_target *t)
{
	if (t->uri.kind != NET_URI_NEW || !t->kernel.cap || c->lost)
		return;
	const struct err why = c->cli->err;
	AUTO_REPLY reply = {};
	(void)client_call(c, net_kernel_interface_destroy(c->loop.vat, t->kernel).call, &reply);
	c->cli->err = why;
}

void net_target_done(struct net_target *t)
{
	net_l2_interface_unref(t->iface);
	net_kernel_interface_unref(t->kernel);
	ref_free(t->ref);
	*t = (struct net_target){};
}

/* ---- bindings ---------------------------------------------------------------------------------
 */

int net_bindings_list(struct client *c, struct net_bindings *ret)
{
	struct net_network_service_admin_c s = net_admin(c);
	int r = client_call(
		c, net_network_service_admin_list_bindings(c->loop.vat, s).call, &ret->reply);
	net_network_service_admin_unref(s);
	if (r < 0)
		return r;
	struct net_network_service_admin_list_bindings_results_r results =
		net_network_service_admin_list_bindings_results_from(ret->reply.results);
	ret->caps = net_network_service_admin_list_bindings_results_get_bindings(results);
	ret->infos = net_network_service_admin_list_bindings_results_get_infos(results);
	return 0;
}

void net_bindings_done(struct net_bindings *b)
{
	auto_reply_done(&b->reply);
}

bool net_binding_is_meant(struct net_binding_info_r i, const char *word)
{
	struct vat_text name = net_binding_info_get_name(i), ns = net_binding_info_get_namespace(i),
			id = net_binding_info_get_id(i);
	if (vat_text_is(name, word) || id_matches(id.s, id.len, word) == ID_IS)
		return true;
	return strlen(word) > ns.len && !memcmp(word, ns.s, ns.len) && word[ns.len] == ':' &&
	       vat_text_is(name, word + ns.len + 1);
}

static bool is_own(const struct net_bindings *b, uint32_t i)
{
	return i < b->caps.count;
}

static int explain_several(struct client *c, const struct net_bindings *b, const char *word,
	const uint32_t *found, uint32_t n)
{
	char ids[200] = "", shown[80];
	size_t at = 0;
	for (uint32_t i = 0; i < n && at < 100; i++) {
		struct vat_text id =
			net_binding_info_get_id(net_binding_info_at(b->infos, found[i]));
		at += (size_t)snprintf(ids + at, sizeof(ids) - at, "%s%.*s", at ? ", " : "",
			(int)MIN(id.len, 36U), id.s);
	}
	show_make_plain(ids);
	return err_set(&c->cli->err, -EEXIST, "%s has several bindings; say which by its id: %s%s",
		show_word(word, shown, sizeof(shown)), ids, at >= 100 ? " ..." : "");
}

/* "local:lab0", "newnetns:blue:eth0" as other verbs take it: what is behind the scheme. */
static const char *without_scheme(const char *word)
{
	static const char *const schemes[] = {"local:", "newlocal:", "netns:", "newnetns:"};
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (!strncmp(word, schemes[i], strlen(schemes[i]))) {
			const char *rest = word + strlen(schemes[i]);
			return !strstr(schemes[i], "netns") || strchr(rest, ':') ? rest : word;
		}
	return word;
}

/* Both are of this host: the second has as good a name. */
static bool is_other_end(struct net_binding_info_r i, const char *word)
{
	struct vat_text source = net_binding_info_get_source(i);
	const char *name = without_scheme(source.s);
	return name != source.s && !strcmp(name, word);
}

int net_binding_find(struct client *c, const struct net_bindings *b, const char *word, bool own,
	uint32_t *ret_index)
{
	uint32_t found[8], n = 0, others = 0;
	char shown[80];
	(void)show_word(word, shown, sizeof(shown));
	word = without_scheme(word);
	for (int pass = 0; pass < 3 && !n; pass++)
		for (uint32_t i = 0; i < b->infos.l.count && n < ARRAY_SIZE(found); i++) {
			struct net_binding_info_r info = net_binding_info_at(b->infos, i);
			struct vat_text id = net_binding_info_get_id(info);
			bool yes = pass == 0   ? net_binding_is_meant(info, word)
				   : pass == 1 ? id_matches(id.s, id.len, word) == ID_BEGINS
					       : is_own(b, i) && is_other_end(info, word);
			if (!yes)
				continue;
			if (own && !is_own(b, i))
				others++;
			else
				found[n++] = i;
		}
	if (n > 1)
		return explain_several(c, b, word, found, n);
	if (!n && others)
		return err_set(&c->cli->err, -ENOENT,
			"%s was bound by another host, not here (see `metac net ls --all'); `metac "
			"ref rm' of its reference ends that",
			shown);
	if (!n)
		return err_set(
			&c->cli->err, -ENOENT, "%s is not bound (see `metac net ls')", shown);
	*ret_index = found[0];
	return 0;
}

const char *net_state_name(uint16_t state)
{
	static const char *const names[] = {"connected", "waiting", "gone", "loop"};
	return state < ARRAY_SIZE(names) ? names[state] : "unknown";
}

/* ---- as JSON ----------------------------------------------------------------------------------
 */

json_t *net_stats_json(struct net_stats_r s)
{
	return json_pack("{sI sI sI sI sI sI sI sI}", "receivedBytes",
		(json_int_t)net_stats_get_received_bytes(s), "receivedPackets",
		(json_int_t)net_stats_get_received_packets(s), "receivedDropped",
		(json_int_t)net_stats_get_received_dropped(s), "sentBytes",
		(json_int_t)net_stats_get_sent_bytes(s), "sentPackets",
		(json_int_t)net_stats_get_sent_packets(s), "sentDropped",
		(json_int_t)net_stats_get_sent_dropped(s), "restricted",
		(json_int_t)net_stats_get_restricted(s), "foreign",
		(json_int_t)net_stats_get_foreign(s));
}

static json_t *texts_json(struct vat_list_r l)
{
	json_t *a = json_array();
	for (uint32_t i = 0; a && i < l.count; i++) {
		struct vat_text s = vat_ptr_text(vat_list_ptr(l, i), NULL);
		if (json_array_append_new(a, show_json(s.s, s.len)) < 0) {
			json_decref(a);
			return NULL;
		}
	}
	return a;
}

static json_t *text_json(struct vat_text s)
{
	return show_json(s.s, s.len);
}

json_t *net_binding_json(struct net_binding_info_r i)
{
	int64_t since = net_binding_info_get_since(i);
	return json_pack("{so so so so so ss so so sb sI so sb sb so so}", "interface",
		text_json(net_binding_info_get_name(i)), "namespace",
		text_json(net_binding_info_get_namespace(i)), "id",
		text_json(net_binding_info_get_id(i)), "source",
		text_json(net_binding_info_get_source(i)), "transport",
		text_json(net_binding_info_get_transport(i)), "state",
		net_state_name(net_binding_info_get_state(i)), "since",
		since ? json_integer(since) : json_null(), "error",
		text_json(net_binding_info_get_error(i)), "persistent",
		net_binding_info_get_persistent(i), "mtu", (json_int_t)net_binding_info_get_mtu(i),
		"remote", text_json(net_binding_info_get_remote(i)), "created",
		net_binding_info_get_created(i), "exported", net_binding_info_get_exported(i),
		"addresses", texts_json(net_binding_info_get_addresses(i)), "stats",
		net_stats_json(net_binding_info_get_stats(i)));
}
