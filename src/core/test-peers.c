/* SPDX-License-Identifier: MIT */
/* Another node is played by a listener on 127.0.0.2, port 901: that takes root. */
#include "core/peers.h"
#include "core/test-call.h"

#include <fcntl.h>

struct world {
	struct loop loop;
	struct peers *peers;
	struct metac_node_admin_c admin; /* its getNode is peers_get_node */
	struct metac_node_c far; /* what the other node offers */
	int listen_fd;
	sd_event_source *listen;
	struct link *links[8];
	unsigned n_accepted;
	bool mute; /* the next connection is taken and not answered */
	int mute_fd;
};

static void admin_get_node(void *self, struct metac_node_admin_get_node_ctx cx)
{
	struct world *w = self;
	struct metac_node_admin_get_node_params_r p = metac_node_admin_get_node_params(cx);
	struct vat_text ip =
		metac_node_address_get_ip(metac_node_admin_get_node_params_get_address(p));
	peers_get_node(w->peers, ip.s, metac_node_admin_get_node_params_get_verify(p), cx);
}

static const struct metac_node_admin_impl admin_impl = {.get_node = admin_get_node};

static void far_address(void *self, struct metac_node_address_ctx cx)
{
	metac_node_address_set_ip(
		metac_node_address_results_init_address(metac_node_address_results(cx)),
		vat_str("127.0.0.2"));
	vat_ctx_return(cx.ctx);
}

static const struct metac_node_impl far_impl = {.address = far_address};

static int on_connection(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct world *w = user;
	int conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct link_config cfg = {.bootstrap = w->far.cap};
	if (w->mute) {
		w->mute_fd = conn;
		w->mute = false;
		return 0;
	}
	CHECK(conn >= 0 && w->n_accepted < ARRAY_SIZE(w->links));
	CHECK_INT(link_new(&w->loop, conn, &cfg, &w->links[w->n_accepted++]), 0);
	return 0;
}

static void up(struct world *w)
{
	struct sockaddr_storage sa;
	socklen_t len;
	CHECK(!addr_parse("127.0.0.2", NODE_PORT, &sa, &len));
	w->listen_fd = listen_tcp(&sa, len, 8);
	if (w->listen_fd < 0)
		test_skip("cannot listen on 127.0.0.2:901: %s", strerror(-w->listen_fd));
	CHECK_INT(loop_init(&w->loop), 0);
	w->peers = peers_new(&w->loop, "127.0.0.1", NULL);
	CHECK(w->peers);
	w->admin = metac_node_admin_serve(w->loop.vat, &admin_impl, w, NULL);
	w->far = metac_node_serve(w->loop.vat, &far_impl, NULL, NULL);
	CHECK(sd_event_add_io(w->loop.event, &w->listen, w->listen_fd, EPOLLIN, on_connection, w) >=
		0);
}

static void down(struct world *w)
{
	peers_free(w->peers);
	for (unsigned i = 0; i < w->n_accepted; i++)
		link_free(w->links[i]);
	sd_event_source_disable_unref(w->listen);
	fd_close(w->listen_fd);
	metac_node_admin_unref(w->admin);
	metac_node_unref(w->far);
	loop_done(&w->loop);
}

static struct metac_node_admin_get_node_req ask(struct world *w, const char *address)
{
	struct metac_node_admin_get_node_req q = metac_node_admin_get_node(w->loop.vat, w->admin);
	metac_node_address_set_ip(
		metac_node_admin_get_node_params_init_address(q.params), vat_str(address));
	return q;
}

static void check_reaches(struct world *w, struct metac_node_c node)
{
	struct metac_node_address_req q = metac_node_address(w->loop.vat, node);
	struct answer a = CALL(&w->loop, q, metac_node_address_send);
	if (a.failed)
		test_fail(__FILE__, __LINE__, "%s", a.text);
	vat_call_free(q.call);
}

TEST(one_link_serves_all_who_ask)
{
	struct world w = {};
	struct answer a[3] = {};
	struct metac_node_admin_get_node_req q[3];
	up(&w);
	for (int i = 0; i < 3; i++) {
		q[i] = ask(&w, "127.0.0.2");
		metac_node_admin_get_node_send(q[i], on_answer, &a[i]);
	}
	for (int i = 0; i < 3; i++) {
		wait_answer(&w.loop, &a[i]);
		CHECK(!a[i].failed);
		check_reaches(&w, metac_node_admin_get_node_results_get_node(
					  metac_node_admin_get_node_results_from(a[i].results)));
		vat_call_free(q[i].call);
	}
	CHECK_INT(w.n_accepted, 1);
	down(&w);
}

TEST(calls_may_be_sent_before_the_node_is_reached)
{
	struct world w = {};
	up(&w);
	struct metac_node_admin_get_node_req q = ask(&w, "127.0.0.2");
	metac_node_admin_get_node_send(q, NULL, NULL);
	struct metac_node_c node = metac_node_admin_get_node_pipe_node(q.call);
	check_reaches(&w, node);
	metac_node_unref(node);
	vat_call_free(q.call);
	down(&w);
}

TEST(a_link_that_ended_is_dialled_again)
{
	struct world w = {};
	up(&w);
	for (unsigned i = 1; i <= 2; i++) {
		struct metac_node_admin_get_node_req q = ask(&w, "127.0.0.2");
		struct answer a = CALL(&w.loop, q, metac_node_admin_get_node_send);
		CHECK(!a.failed);
		struct metac_node_c node =
			metac_node_ref(metac_node_admin_get_node_results_get_node(
				metac_node_admin_get_node_results_from(a.results)));
		vat_call_free(q.call);
		check_reaches(&w, node);
		CHECK_INT(w.n_accepted, i);
		link_free(TAKE_PTR(w.links[i - 1]));
		struct metac_node_address_req dead = metac_node_address(w.loop.vat, node);
		struct answer gone = CALL(&w.loop, dead, metac_node_address_send);
		CHECK(gone.failed && gone.kind == VAT_DISCONNECTED);
		vat_call_free(dead.call);
		metac_node_unref(node);
	}
	down(&w);
}

static struct answer get_node(
	struct world *w, bool verify, struct metac_node_admin_get_node_req *ret)
{
	*ret = ask(w, "127.0.0.2");
	metac_node_admin_get_node_params_set_verify(ret->params, verify);
	return CALL(&w->loop, *ret, metac_node_admin_get_node_send);
}

TEST(a_link_that_is_silent_is_replaced_when_verified)
{
	struct world w = {.mute = true, .mute_fd = -EBADF};
	struct metac_node_admin_get_node_req q;
	up(&w);
	struct answer a = get_node(&w, false, &q);
	CHECK(!a.failed);
	vat_call_free(q.call);
	/* Whoever does not ask gets the silent one. */
	a = get_node(&w, false, &q);
	CHECK(!a.failed && !w.n_accepted);
	vat_call_free(q.call);
	a = get_node(&w, true, &q);
	CHECK(!a.failed);
	CHECK_INT(w.n_accepted, 1);
	check_reaches(&w, metac_node_admin_get_node_results_get_node(
				  metac_node_admin_get_node_results_from(a.results)));
	vat_call_free(q.call);
	/* One that answers stays. */
	a = get_node(&w, true, &q);
	CHECK(!a.failed);
	CHECK_INT(w.n_accepted, 1);
	vat_call_free(q.call);
	fd_close(w.mute_fd);
	down(&w);
}

TEST(a_silent_link_stays_when_none_other_can_be_had)
{
	struct world w = {.mute = true, .mute_fd = -EBADF};
	struct metac_node_admin_get_node_req q;
	up(&w);
	struct answer a = get_node(&w, false, &q);
	CHECK(!a.failed);
	vat_call_free(q.call);
	w.listen = sd_event_source_disable_unref(w.listen);
	w.listen_fd = fd_close(w.listen_fd);
	a = get_node(&w, true, &q);
	CHECK(a.failed && a.kind == VAT_DISCONNECTED);
	vat_call_free(q.call);
	a = get_node(&w, false, &q);
	CHECK(!a.failed);
	vat_call_free(q.call);
	fd_close(w.mute_fd);
	down(&w);
}

TEST(a_node_of_the_other_address_family_is_told)
{
	struct world w = {};
	up(&w);
	struct metac_node_admin_get_node_req q = ask(&w, "fd00::1");
	struct answer a = CALL(&w.loop, q, metac_node_admin_get_node_send);
	CHECK(a.failed && strstr(a.text, "this node has an IPv4 address, that one IPv6"));
	vat_call_free(q.call);
	down(&w);
}

TEST(ending_fails_those_who_wait)
{
	struct world w = {};
	struct answer a = {};
	up(&w);
	/* the listener is not asked: the dial stays under way until the loop runs */
	struct metac_node_admin_get_node_req q = ask(&w, "127.0.0.2");
	metac_node_admin_get_node_send(q, on_answer, &a);
	vat_run(w.loop.vat, 1);
	peers_free(TAKE_PTR(w.peers));
	wait_answer(&w.loop, &a);
	CHECK(a.failed && strstr(a.text, "the node is ending"));
	vat_call_free(q.call);
	down(&w);
}
