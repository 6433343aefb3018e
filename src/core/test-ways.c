/* SPDX-License-Identifier: MIT */
/*
 * A node and those on its links, each with a loop of its own as if they were processes: who calls
 * whom directly, and who does not.
 */
#include "core/ways.h"
#include "core/node.h"
#include "core/test-call.h"

#include <poll.h>

enum { PARTIES = 3 };

struct party {
	struct loop loop;
	struct link *link;
	struct ways *ways;
	struct metac_node_admin_c admin;
	struct vat_call *registering;
};

struct world {
	struct loop loop; /* the node's */
	struct node *node;
	struct party parties[PARTIES];
	int listen_fd;
	char dir[32], path[64];
};

static void wait_for(struct world *w, const bool *done)
{
	for (unsigned i = 0; !*done; i++) {
		CHECK(i < 20000);
		CHECK(sd_event_run(w->loop.event, 0) >= 0);
		for (unsigned k = 0; k < PARTIES; k++)
			if (w->parties[k].loop.event)
				CHECK(sd_event_run(w->parties[k].loop.event, 500) >= 0);
	}
}

static struct answer wait_call(struct world *w, struct vat_call *call)
{
	struct answer a = {};
	vat_call_send(call, on_answer, &a);
	wait_for(w, &a.done);
	return a;
}

static void on_settled(void *user, const struct vat_error *err)
{
	*(bool *)user = true;
}

static void settle(struct world *w, struct vat_cap *cap)
{
	bool done = false;
	struct vat_watch *watch = vat_cap_on_settled(cap, on_settled, &done);
	wait_for(w, &done);
	vat_watch_free(watch);
}

static void world_up(struct world *w)
{
	memset(w, 0, sizeof(*w));
	strcpy(w->dir, "/tmp/test-ways.XXXXXX");
	CHECK(mkdtemp(w->dir));
	(void)snprintf(w->path, sizeof(w->path), "%s/socket", w->dir);
	w->listen_fd = listen_unix(w->path, 0600);
	CHECK(w->listen_fd >= 0);
	CHECK_INT(loop_init(&w->loop), 0);
	CHECK_INT(node_new(&w->loop, "127.0.0.1", &w->node), 0);
	CHECK_INT(node_listen_admin(w->node, w->listen_fd), 0);
}

static void party_end(struct party *p)
{
	if (!p->loop.event)
		return;
	vat_call_free(TAKE_PTR(p->registering));
	metac_node_admin_unref(p->admin);
	ways_free(p->ways);
	link_free(p->link);
	loop_done(&p->loop);
}

static void world_down(struct world *w)
{
	for (unsigned i = 0; i < PARTIES; i++)
		party_end(&w->parties[i]);
	node_free(w->node);
	loop_done(&w->loop);
	close(w->listen_fd);
	unlink(w->path);
	rmdir(w->dir);
}

/* name: of a service; NULL: an administrator. */
static struct party *join(struct world *w, unsigned i, const char *name)
{
	struct party *p = &w->parties[i];
	struct link_config cfg = {};
	int pair[2], fd;
	CHECK_INT(loop_init(&p->loop), 0);
	if (name) {
		CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair));
		CHECK_INT(node_add_service_link(w->node, name, pair[0]), 0);
		fd = pair[1];
	} else {
		fd = connect_unix(w->path);
		CHECK(fd >= 0);
	}
	CHECK_INT(link_new(&p->loop, fd, &cfg, &p->link), 0);
	p->ways = ways_new(&p->loop, p->link);
	CHECK(p->ways);
	p->admin = metac_node_admin_cast(vat_conn_bootstrap(link_conn(p->link)));
	return p;
}

static void restore(void *self, struct metac_service_restore_ctx cx)
{
	vat_ctx_fail(cx.ctx, VAT_FAILED, "restored by %s", (const char *)self);
}

static const struct metac_service_impl service_impl = {.restore = restore};
static const struct metac_service_admin_impl service_admin_impl = {};

static void serve(struct world *w, struct party *p, const char *name)
{
	struct metac_service_c s =
		metac_service_serve(p->loop.vat, &service_impl, (void *)name, NULL);
	struct metac_service_admin_c a =
		metac_service_admin_serve(p->loop.vat, &service_admin_impl, NULL, NULL);
	struct metac_node_admin_register_named_service_req q =
		metac_node_admin_register_named_service(p->loop.vat, p->admin);
	metac_node_admin_register_named_service_params_set_name(q.params, vat_str(name));
	metac_node_admin_register_named_service_params_set_service(q.params, s);
	metac_node_admin_register_named_service_params_set_admin_bootstrap(q.params, a);
	metac_service_unref(s);
	metac_service_admin_unref(a);
	p->registering = q.call;
	CHECK(!wait_call(w, q.call).failed);
}

/* The service as p gets it from the node, settled. */
static struct metac_service_c look_up(struct world *w, struct party *p, const char *name)
{
	struct metac_node_admin_get_unprivileged_node_req n =
		metac_node_admin_get_unprivileged_node(p->loop.vat, p->admin);
	struct metac_node_c node = metac_node_admin_get_unprivileged_node_pipe_node(n.call);
	vat_call_send(n.call, NULL, NULL);
	struct metac_node_get_service_req q = metac_node_get_service(p->loop.vat, node);
	metac_node_get_service_params_set_name(q.params, vat_str(name));
	struct answer a = wait_call(w, q.call);
	CHECK(!a.failed);
	struct metac_service_c s = metac_service_ref(metac_node_get_service_results_get_service(
		metac_node_get_service_results_from(a.results)));
	vat_call_free(q.call);
	vat_call_free(n.call);
	metac_node_unref(node);
	settle(w, s.cap);
	return s;
}

/* Calls that the node has made of the service so far. */
static uint64_t relayed(struct world *w, struct party *p, const char *name)
{
	struct vat_call *q = metac_node_admin_list_links(p->loop.vat, p->admin).call;
	struct answer a = wait_call(w, q);
	CHECK(!a.failed);
	struct metac_link_list_r l = metac_node_admin_list_links_results_get_links(
		metac_node_admin_list_links_results_from(a.results));
	uint64_t n = 0;
	for (uint32_t i = 0; i < l.l.count; i++)
		if (vat_text_is(metac_link_get_name(metac_link_at(l, i)), name))
			n += metac_link_get_calls_out(metac_link_at(l, i));
	vat_call_free(q);
	return n;
}

static void use(struct world *w, struct party *p, struct metac_service_c s, const char *text)
{
	struct vat_call *q = metac_service_restore(p->loop.vat, s).call;
	struct answer a = wait_call(w, q);
	CHECK(a.failed);
	CHECK_STR(a.text, text);
	vat_call_free(q);
}

TEST(services_call_each_other_without_the_node)
{
	struct world w;
	world_up(&w);
	struct party *one = join(&w, 0, "one"), *two = join(&w, 1, "two");
	serve(&w, one, "one");
	serve(&w, two, "two");
	struct metac_service_c s = look_up(&w, two, "one");
	use(&w, two, s, "restored by one");
	/* The other way round they have the way already. */
	struct metac_service_c t = look_up(&w, one, "two");
	use(&w, one, t, "restored by two");
	CHECK_INT(relayed(&w, two, "one"), 0);
	CHECK_INT(relayed(&w, two, "two"), 0);
	metac_service_unref(s);
	metac_service_unref(t);
	world_down(&w);
}

TEST(administrators_reach_services_through_the_node)
{
	struct world w;
	world_up(&w);
	struct party *one = join(&w, 0, "one"), *admin = join(&w, 1, NULL);
	serve(&w, one, "one");
	struct metac_service_c s = look_up(&w, admin, "one");
	use(&w, admin, s, "restored by one");
	CHECK_INT(relayed(&w, admin, "one"), 1);
	metac_service_unref(s);
	world_down(&w);
}

/* What one service got from another and passes on is the node's to call, not the first one's. */
TEST(what_came_over_a_way_is_handed_on_to_the_node)
{
	struct world w;
	world_up(&w);
	struct party *one = join(&w, 0, "one"), *two = join(&w, 1, "two");
	struct party *admin = join(&w, 2, NULL);
	serve(&w, one, "one");
	struct metac_service_c s = look_up(&w, two, "one");
	/* It registers the other's service under a name of its own, and ends. */
	struct metac_node_admin_register_named_service_req q =
		metac_node_admin_register_named_service(two->loop.vat, two->admin);
	metac_node_admin_register_named_service_params_set_name(q.params, vat_str("alias"));
	metac_node_admin_register_named_service_params_set_service(q.params, s);
	CHECK(!wait_call(&w, q.call).failed);
	struct metac_service_c seen = look_up(&w, admin, "alias");
	metac_service_unref(s);
	vat_call_free(q.call);
	party_end(two);
	use(&w, admin, seen, "restored by one");
	metac_service_unref(seen);
	world_down(&w);
}

TEST(a_service_that_ends_breaks_what_others_have_of_it)
{
	struct world w;
	world_up(&w);
	struct party *one = join(&w, 0, "one"), *two = join(&w, 1, "two");
	serve(&w, one, "one");
	struct metac_service_c s = look_up(&w, two, "one");
	bool broken = false;
	struct vat_watch *watch = vat_cap_on_broken(s.cap, on_settled, &broken);
	party_end(one);
	wait_for(&w, &broken);
	vat_watch_free(watch);
	metac_service_unref(s);
	/* Its successor is introduced anew. */
	one = join(&w, 0, "one");
	serve(&w, one, "one");
	s = look_up(&w, two, "one");
	use(&w, two, s, "restored by one");
	CHECK_INT(relayed(&w, two, "one"), 0);
	metac_service_unref(s);
	world_down(&w);
}

/* Another node, at 127.0.0.2, that takes one connection and no more. */
struct far {
	struct party *party;
	struct metac_node_c node;
	int listen_fd, crowd[64];
	unsigned n_crowd;
	sd_event_source *listen;
};

static void far_address(void *self, struct metac_node_address_ctx cx)
{
	metac_node_address_set_ip(
		metac_node_address_results_init_address(metac_node_address_results(cx)),
		vat_str("127.0.0.2"));
	vat_ctx_return(cx.ctx);
}

static const struct metac_node_impl far_impl = {.address = far_address};

/* Those who wait to be accepted become so many that the kernel does not answer further ones. */
static void crowd(struct far *f)
{
	struct sockaddr_storage sa;
	socklen_t len;
	struct pollfd p = {.events = POLLOUT};
	CHECK(!addr_parse("127.0.0.2", 901, &sa, &len));
	do {
		CHECK(f->n_crowd < ARRAY_SIZE(f->crowd));
		CHECK_INT(dial_start(NULL, &sa, len, &p.fd), -EINPROGRESS);
		f->crowd[f->n_crowd++] = p.fd;
	} while (poll(&p, 1, 100) == 1);
}

static int on_connection(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct far *f = user;
	int conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct link_config cfg = {.bootstrap = f->node.cap};
	CHECK(conn >= 0);
	CHECK_INT(link_new(&f->party->loop, conn, &cfg, &f->party->link), 0);
	f->listen = sd_event_source_disable_unref(f->listen);
	crowd(f);
	return 0;
}

static int far_listen(void)
{
	struct sockaddr_storage sa;
	socklen_t len;
	CHECK(!addr_parse("127.0.0.2", 901, &sa, &len));
	int fd = listen_tcp(&sa, len, 0);
	if (fd < 0)
		test_skip("cannot listen on 127.0.0.2:901: %s", strerror(-fd));
	return fd;
}

static void far_up(struct far *f, struct party *p, int fd)
{
	*f = (struct far){.party = p, .listen_fd = fd};
	struct loop *l = &p->loop;
	CHECK_INT(loop_init(l), 0);
	f->node = metac_node_serve(l->vat, &far_impl, NULL, NULL);
	CHECK(sd_event_add_io(l->event, &f->listen, fd, EPOLLIN, on_connection, f) >= 0);
}

static void far_down(struct far *f)
{
	while (f->n_crowd)
		close(f->crowd[--f->n_crowd]);
	close(f->listen_fd);
	metac_node_unref(f->node);
}

TEST(a_host_that_takes_no_more_connections_is_called_through_the_node)
{
	struct world w;
	struct far f;
	int fd = far_listen();
	world_up(&w);
	far_up(&f, &w.parties[1], fd);
	struct party *admin = join(&w, 0, NULL);
	struct metac_node_admin_get_node_req q =
		metac_node_admin_get_node(admin->loop.vat, admin->admin);
	metac_node_address_set_ip(
		metac_node_admin_get_node_params_init_address(q.params), vat_str("127.0.0.2"));
	struct answer a = wait_call(&w, q.call);
	CHECK(!a.failed);
	struct metac_node_c node = metac_node_ref(metac_node_admin_get_node_results_get_node(
		metac_node_admin_get_node_results_from(a.results)));
	vat_call_free(q.call);
	settle(&w, node.cap);
	struct metac_node_address_req r = metac_node_address(admin->loop.vat, node);
	a = wait_call(&w, r.call);
	CHECK(!a.failed);
	vat_call_free(r.call);
	CHECK_INT(relayed(&w, admin, "127.0.0.2"), 1);
	metac_node_unref(node);
	far_down(&f);
	world_down(&w);
}

TEST(hand_off_can_be_turned_off)
{
	struct world w;
	CHECK(!setenv("METAC_HANDOFF", "no", 1));
	world_up(&w);
	struct party *one = join(&w, 0, "one"), *two = join(&w, 1, "two");
	serve(&w, one, "one");
	struct metac_service_c s = look_up(&w, two, "one");
	use(&w, two, s, "restored by one");
	CHECK_INT(relayed(&w, two, "one"), 1);
	metac_service_unref(s);
	world_down(&w);
}

/* A service that does not take part, at a node that does. */
TEST(a_service_that_takes_no_part_is_served)
{
	struct world w;
	world_up(&w);
	CHECK(!setenv("METAC_HANDOFF", "no", 1));
	struct party *one = join(&w, 0, "one");
	CHECK(!unsetenv("METAC_HANDOFF"));
	struct party *two = join(&w, 1, "two");
	serve(&w, one, "one");
	struct metac_service_c s = look_up(&w, two, "one");
	use(&w, two, s, "restored by one");
	CHECK_INT(relayed(&w, two, "one"), 1);
	metac_service_unref(s);
	world_down(&w);
}
