/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: node.h.
 *
 * Every connection is a struct client in one list; what kind it is decides its bootstrap and its
 * limits.  A stranger's connection (TCP) is charged to its address, and all strangers together
 * have a limit too, so that services and administrators always get through.
 */
#include "core/node.h"
#include "base/log.h"
#include "core/broker.h"
#include "core/ref.h"
#include "core/service.h"

#include <stdio.h>

enum client_kind { CLIENT_ADMIN, CLIENT_PUBLIC, CLIENT_SERVICE };

struct client {
	struct node *node;
	struct list link;
	enum client_kind kind;
	char name[64]; /* the address, or the service's name */
	struct link *connection;
};

struct node {
	struct loop *loop;
	const char *address;
	struct registry registry;
	struct peers *peers;
	struct broker broker;
	struct metac_node_admin_c admin;
	struct metac_node_c public_node;
	struct list clients;
	unsigned n_clients[3];
	sd_event_source *admin_listen, *public_listen;
};

/* ---- Node ---------------------------------------------------------------------------------- */

static void no_service(struct vat_ctx *ctx, struct vat_text name)
{
	if (service_name_valid(name))
		vat_ctx_fail(ctx, VAT_FAILED, "no service \"%s\" on this node", name.s);
	else
		vat_ctx_fail(ctx, VAT_FAILED, "malformed service name");
}

static void node_address(void *self, struct metac_node_address_ctx cx)
{
	struct node *n = self;
	metac_node_address_set_ip(
		metac_node_address_results_init_address(metac_node_address_results(cx)),
		vat_str(n->address));
	vat_ctx_return(cx.ctx);
}

static void node_get_service(void *self, struct metac_node_get_service_ctx cx)
{
	struct node *n = self;
	struct vat_text name =
		metac_node_get_service_params_get_name(metac_node_get_service_params(cx));
	struct metac_service_c c = registry_service(&n->registry, name);
	if (!c.cap) {
		no_service(cx.ctx, name);
		return;
	}
	metac_node_get_service_results_set_service(metac_node_get_service_results(cx), c);
	vat_ctx_return(cx.ctx);
}

static void node_wait_for_service(void *self, struct metac_node_wait_for_service_ctx cx)
{
	struct node *n = self;
	registry_wait(&n->registry, cx);
}

static const struct metac_node_impl node_impl = {
	.address = node_address,
	.get_service = node_get_service,
	.wait_for_service = node_wait_for_service,
};

/* ---- NodeAdmin ----------------------------------------------------------------------------- */

static void admin_get_service_admin(void *self, struct metac_node_admin_get_service_admin_ctx cx)
{
	struct node *n = self;
	struct vat_text name = metac_node_admin_get_service_admin_params_get_name(
		metac_node_admin_get_service_admin_params(cx));
	struct metac_service_admin_c c = registry_admin(&n->registry, name);
	if (!c.cap) {
		no_service(cx.ctx, name);
		return;
	}
	metac_node_admin_get_service_admin_results_set_service(
		metac_node_admin_get_service_admin_results(cx), c);
	vat_ctx_return(cx.ctx);
}

static void admin_register(void *self, struct metac_node_admin_register_named_service_ctx cx)
{
	struct node *n = self;
	struct metac_node_admin_register_named_service_params_r p =
		metac_node_admin_register_named_service_params(cx);
	struct vat_text name = metac_node_admin_register_named_service_params_get_name(p);
	struct metac_holder_c holder = {};
	int r = registry_add(&n->registry, name,
		metac_node_admin_register_named_service_params_get_service(p),
		metac_node_admin_register_named_service_params_get_admin_bootstrap(p), &holder);
	if (r == -EINVAL) {
		vat_ctx_fail(cx.ctx, VAT_FAILED,
			"malformed service name: 1 to 64 of a-z, 0-9 and \"-\"");
	} else if (r == -EEXIST) {
		vat_ctx_fail(cx.ctx, VAT_FAILED, "a service \"%s\" is registered already", name.s);
	} else if (r < 0) {
		vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "too many services");
	} else {
		metac_node_admin_register_named_service_results_set_holder(
			metac_node_admin_register_named_service_results(cx), holder);
		vat_ctx_return(cx.ctx);
	}
	metac_holder_unref(holder);
}

static void admin_get_unprivileged_node(
	void *self, struct metac_node_admin_get_unprivileged_node_ctx cx)
{
	struct node *n = self;
	metac_node_admin_get_unprivileged_node_results_set_node(
		metac_node_admin_get_unprivileged_node_results(cx), n->public_node);
	vat_ctx_return(cx.ctx);
}

static void admin_get_node(void *self, struct metac_node_admin_get_node_ctx cx)
{
	struct node *n = self;
	struct metac_node_admin_get_node_params_r p = metac_node_admin_get_node_params(cx);
	struct vat_text ip =
		metac_node_address_get_ip(metac_node_admin_get_node_params_get_address(p));
	char address[64];
	if (address_canonical(ip.s, address, sizeof(address)) < 0) {
		vat_ctx_fail(cx.ctx, VAT_FAILED, "malformed node address");
		return;
	}
	if (strcmp(address, n->address)) {
		peers_get_node(
			n->peers, address, metac_node_admin_get_node_params_get_verify(p), cx);
		return;
	}
	metac_node_admin_get_node_results_set_node(
		metac_node_admin_get_node_results(cx), n->public_node);
	vat_ctx_return(cx.ctx);
}

struct name_list {
	struct vat_list_b list;
	uint32_t at;
};

static void put_name(void *user, const char *name)
{
	struct name_list *l = user;
	vat_set_text(vat_list_ptr_b(l->list, l->at++), vat_str(name));
}

static void admin_list_services(void *self, struct metac_node_admin_list_services_ctx cx)
{
	struct node *n = self;
	struct name_list l = {
		.list = metac_node_admin_list_services_results_init_names(
			metac_node_admin_list_services_results(cx), n->registry.n_entries),
	};
	registry_each(&n->registry, put_name, &l);
	vat_ctx_return(cx.ctx);
}

static void count_link(void *user, const char *address, struct link *link)
{
	++*(uint32_t *)user;
}

struct link_list {
	struct metac_link_list_b list;
	uint32_t at;
};

static void put_link(
	struct link_list *l, enum metac_link_kind kind, const char *name, struct link *link)
{
	struct metac_link_b b = metac_link_at_b(l->list, l->at++);
	struct vat_conn_counts n;
	struct vat_handoff_counts h;
	vat_conn_counts(link_conn(link), &n);
	vat_handoff_counts(link_conn(link), &h);
	metac_link_set_kind(b, (uint16_t)kind);
	metac_link_set_name(b, vat_str(name));
	metac_link_set_calls_in(b, h.calls_in);
	metac_link_set_calls_out(b, h.calls_out);
	metac_link_set_messages_in(b, n.messages_in);
	metac_link_set_messages_out(b, n.messages_out);
	metac_link_set_introduced(b, h.introduced);
}

static void put_peer(void *user, const char *address, struct link *link)
{
	put_link(user, METAC_LINK_KIND_NODE, address, link);
}

static void admin_list_links(void *self, struct metac_node_admin_list_links_ctx cx)
{
	static const enum metac_link_kind kinds[] = {
		[CLIENT_ADMIN] = METAC_LINK_KIND_ADMINISTRATOR,
		[CLIENT_PUBLIC] = METAC_LINK_KIND_STRANGER,
		[CLIENT_SERVICE] = METAC_LINK_KIND_SERVICE,
	};
	struct node *n = self;
	uint32_t count = 0;
	peers_each(n->peers, count_link, &count);
	for (size_t i = 0; i < ARRAY_SIZE(n->n_clients); i++)
		count += n->n_clients[i];
	struct link_list l = {.list = metac_node_admin_list_links_results_init_links(
				      metac_node_admin_list_links_results(cx), count)};
	list_for_each (it, &n->clients) {
		struct client *c = list_entry(it, struct client, link);
		put_link(&l, kinds[c->kind], c->kind == CLIENT_ADMIN ? "" : c->name, c->connection);
	}
	peers_each(n->peers, put_peer, &l);
	vat_ctx_return(cx.ctx);
}

static const struct metac_node_admin_impl admin_impl = {
	.get_service_admin = admin_get_service_admin,
	.register_named_service = admin_register,
	.get_unprivileged_node = admin_get_unprivileged_node,
	.get_node = admin_get_node,
	.list_services = admin_list_services,
	.list_links = admin_list_links,
};

/* ---- connections --------------------------------------------------------------------------- */

static void client_free(struct client *c)
{
	list_unlink(&c->link);
	c->node->n_clients[c->kind]--;
	broker_forget(&c->node->broker, c->connection);
	link_free(c->connection);
	free(c);
}

static void on_client_closed(void *user, struct link *link, const struct vat_error *err)
{
	struct client *c = user;
	if (err && c->kind != CLIENT_ADMIN)
		log_peer(LOG_INFO, "connection of %s ended: %s", c->name, err->text);
	client_free(c);
}

/* Takes fd, also on failure. */
static int client_new(struct node *n, enum client_kind kind, const char *name, int fd)
{
	AUTO_CLOSE int owned = fd;
	struct client *c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->node = n;
	c->kind = kind;
	(void)snprintf(c->name, sizeof(c->name), "%s", name);
	list_append(&n->clients, &c->link);
	n->n_clients[kind]++;
	static const unsigned kinds[] = {[CLIENT_ADMIN] = BROKER_ADMIN,
		[CLIENT_PUBLIC] = BROKER_NOBODY,
		[CLIENT_SERVICE] = BROKER_SERVICE};
	struct link_config cfg = {
		.kind = kinds[kind],
		.bootstrap = kind == CLIENT_PUBLIC ? n->public_node.cap : n->admin.cap,
		.closed = on_client_closed,
		.user = c,
	};
	if (kind == CLIENT_PUBLIC) /* a stranger gets by with less */
		cfg.limits = (struct vat_limits){
			.answers = 1024,
			.exports = 4096,
			.imports = 4096,
			.message_words = 128 * 1024,
			.call_words = 256 * 1024,
			.result_words = 512 * 1024,
			.output_bytes = 8 << 20,
		};
	int r = link_new(n->loop, TAKE_FD(owned), &cfg, &c->connection);
	if (r < 0)
		client_free(c);
	return r;
}

static unsigned count_from(struct node *n, const char *address)
{
	unsigned count = 0;
	list_for_each (it, &n->clients) {
		struct client *c = list_entry(it, struct client, link);
		count += c->kind == CLIENT_PUBLIC && !strcmp(c->name, address);
	}
	return count;
}

static bool peer_may_administer(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return false;
	return cred.uid == 0 || cred.uid == geteuid();
}

static int on_admin_connection(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct node *n = user;
	AUTO_CLOSE int conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (conn < 0)
		return 0;
	if (!peer_may_administer(conn) || n->n_clients[CLIENT_ADMIN] >= NODE_ADMIN_LINKS_MAX) {
		log_peer(LOG_WARNING, "refused a connection to the admin socket");
		return 0;
	}
	int r = client_new(n, CLIENT_ADMIN, "an administrator", TAKE_FD(conn));
	if (r < 0)
		log_peer(LOG_WARNING, "admin connection: %s", strerror(-r));
	return 0;
}

static int on_public_connection(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct node *n = user;
	struct sockaddr_storage sa = {};
	socklen_t len = sizeof(sa);
	char from[64];
	AUTO_CLOSE int conn =
		accept4(fd, (struct sockaddr *)&sa, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (conn < 0)
		return 0;
	if (addr_format(&sa, from, sizeof(from), NULL) < 0)
		return 0;
	if (n->n_clients[CLIENT_PUBLIC] >= NODE_LINKS_MAX ||
		count_from(n, from) >= NODE_LINKS_PER_ADDRESS_MAX) {
		log_peer(LOG_WARNING, "too many connections; refused one from %s", from);
		return 0;
	}
	int r = client_new(n, CLIENT_PUBLIC, from, TAKE_FD(conn));
	if (r < 0)
		log_peer(LOG_WARNING, "connection from %s: %s", from, strerror(-r));
	return 0;
}

int node_listen_admin(struct node *n, int fd)
{
	return sd_event_add_io(
		n->loop->event, &n->admin_listen, fd, EPOLLIN, on_admin_connection, n);
}

int node_listen(struct node *n, int fd)
{
	return sd_event_add_io(
		n->loop->event, &n->public_listen, fd, EPOLLIN, on_public_connection, n);
}

int node_add_service_link(struct node *n, const char *name, int fd)
{
	return client_new(n, CLIENT_SERVICE, name, fd);
}

struct metac_node_admin_c node_admin(struct node *n)
{
	return n->admin;
}

struct metac_node_c node_public(struct node *n)
{
	return n->public_node;
}

/* ---- life ---------------------------------------------------------------------------------- */

int node_new(struct loop *l, const char *address, struct node **ret)
{
	struct node *n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	n->loop = l;
	n->address = address;
	list_init(&n->clients);
	registry_init(&n->registry, l->vat);
	if (broker_init(&n->broker, l) < 0) {
		free(n);
		return -ENOMEM;
	}
	n->peers = peers_new(l, address, &n->broker);
	n->admin = metac_node_admin_serve(l->vat, &admin_impl, n, NULL);
	n->public_node = metac_node_serve(l->vat, &node_impl, n, NULL);
	if (!n->peers || !n->admin.cap || !n->public_node.cap) {
		node_free(n);
		return -ENOMEM;
	}
	*ret = n;
	return 0;
}

void node_free(struct node *n)
{
	if (!n)
		return;
	sd_event_source_disable_unref(n->admin_listen);
	sd_event_source_disable_unref(n->public_listen);
	registry_done(&n->registry);
	list_for_each_safe (it, &n->clients)
		client_free(list_entry(it, struct client, link));
	peers_free(n->peers);
	broker_done(&n->broker);
	metac_node_admin_unref(n->admin);
	metac_node_unref(n->public_node);
	free(n);
}
