/* SPDX-License-Identifier: MIT */
/*
 * Listening and connecting within one loop.
 */
#include "io/test-object.h"

#include <netdb.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

struct net {
	struct vat_loop *loop;
	struct vat_cap *object;
	struct vat_listener *listener;
	char dir[64], address[128];
};

static void listens(struct net *n, const char *address, const struct vat_listen_config *cfg)
{
	struct vat_listen_config c = cfg ? *cfg : (struct vat_listen_config){0};
	CHECK_INT(vat_loop_new(&n->loop), 0);
	n->object = make_object(n->loop);
	c.link.bootstrap = n->object;
	int r = vat_loop_listen(n->loop, address, &c, &n->listener);
	if (r == -EADDRNOTAVAIL || r == -EAFNOSUPPORT)
		test_skip("no such addresses here");
	CHECK_INT(r, 0);
	CHECK_INT(vat_listener_address(n->listener, n->address, sizeof(n->address)), 0);
}

static void on_path(struct net *n, const struct vat_listen_config *cfg)
{
	char address[128];
	snprintf(n->dir, sizeof(n->dir), "/tmp/test-listen.XXXXXX");
	CHECK(mkdtemp(n->dir));
	snprintf(address, sizeof(address), "unix:%s/socket", n->dir);
	listens(n, address, cfg);
}

static void net_close(struct net *n)
{
	vat_cap_unref(n->object);
	vat_loop_free(n->loop);
	CHECK_INT(destroyed, 1);
	if (n->dir[0])
		CHECK_INT(rmdir(n->dir), 0); /* the socket file is gone */
}

static const char *ask(struct net *n, const char *text)
{
	struct vat_link *k;
	CHECK_INT(vat_loop_connect(n->loop, n->address, NULL, &k), 0);
	struct vat_cap *remote = vat_link_bootstrap(k);
	const char *answer = echo(n->loop, remote, text);
	vat_cap_unref(remote);
	vat_link_free(k);
	return answer;
}

TEST(unix_socket_is_served)
{
	struct net n = {0};
	struct stat st;
	on_path(&n, NULL);
	CHECK_INT(stat(n.address + 5, &st), 0);
	CHECK_INT(st.st_mode & 0777, 0600);
	CHECK_STR(ask(&n, "one"), "one");
	CHECK_STR(ask(&n, "two"), "two");
	net_close(&n);
}

TEST(mode_of_the_socket_file_is_as_asked)
{
	struct net n = {0};
	struct stat st;
	on_path(&n, &(struct vat_listen_config){.mode = 0666});
	CHECK_INT(stat(n.address + 5, &st), 0);
	CHECK_INT(st.st_mode & 0777, 0666);
	net_close(&n);
}

TEST(abstract_socket_is_served)
{
	struct net n = {0};
	char address[64];
	snprintf(address, sizeof(address), "unix:@test-listen.%d", (int)getpid());
	listens(&n, address, NULL);
	CHECK_STR(n.address, address);
	CHECK_STR(ask(&n, "hello"), "hello");
	net_close(&n);
}

TEST(tcp_is_served_at_the_port_chosen)
{
	struct net n = {0};
	listens(&n, "127.0.0.1:0", NULL);
	CHECK(strncmp(n.address, "127.0.0.1:", 10) == 0 && strcmp(n.address, "127.0.0.1:0"));
	CHECK_STR(ask(&n, "hello"), "hello");
	net_close(&n);
}

TEST(tcp_over_ipv6_is_served)
{
	struct net n = {0};
	listens(&n, "[::1]:0", NULL);
	CHECK_STR(ask(&n, "hello"), "hello");
	net_close(&n);
}

TEST(name_is_resolved)
{
	struct net n = {0};
	struct addrinfo *found = NULL;
	if (getaddrinfo("localhost", NULL, NULL, &found))
		test_skip("this host knows no \"localhost\"");
	freeaddrinfo(found);
	listens(&n, "localhost:0", NULL);
	char *port = strrchr(n.address, ':');
	char address[64];
	snprintf(address, sizeof(address), "localhost%s", port);
	snprintf(n.address, sizeof(n.address), "%s", address);
	CHECK_STR(ask(&n, "hello"), "hello");
	net_close(&n);
}

TEST(connection_refused_breaks_what_came_of_it)
{
	struct net n = {0};
	listens(&n, "127.0.0.1:0", NULL);
	vat_listener_free(n.listener);
	CHECK(strstr(ask(&n, "hello"), "refused"));
	net_close(&n);
}

TEST(descriptor_travels_over_a_unix_socket)
{
	struct net n = {0};
	struct vat_link *k;
	struct vat_ptr_r results;
	on_path(&n, NULL);
	CHECK_INT(vat_loop_connect(n.loop, n.address, NULL, &k), 0);
	struct vat_cap *remote = vat_link_bootstrap(k);
	struct vat_call *q = new_call(n.loop, remote, METHOD_GIVE_FD, "");
	CHECK_INT(vat_loop_call(n.loop, q, WAIT_US, &results, NULL), 0);
	int fd = vat_cap_fd(vat_ptr_cap(results));
	char line[5] = "";
	CHECK(fd >= 0 && fcntl(fd, F_GETFD) & FD_CLOEXEC);
	CHECK_INT(pread(fd, line, 4, 0), 4);
	CHECK_STR(line, "root");
	vat_call_free(q);
	vat_cap_unref(remote);
	net_close(&n);
}

TEST(address_in_use_is_told_and_a_stale_file_replaced)
{
	struct net n = {0};
	struct vat_listener *again;
	on_path(&n, NULL);
	CHECK_INT(vat_loop_listen(n.loop, n.address, NULL, &again), -EADDRINUSE);
	CHECK_STR(ask(&n, "unhurt"), "unhurt");
	/* As after a crash: the file stays, nobody listens. */
	char other[140];
	snprintf(other, sizeof(other), "%s2", n.address + 5);
	CHECK_INT(rename(n.address + 5, other), 0);
	vat_listener_free(n.listener);
	CHECK_INT(rename(other, n.address + 5), 0);
	CHECK_INT(vat_loop_listen(n.loop, n.address, NULL, &again), 0);
	net_close(&n);
}

/* ---- who gets what -------------------------------------------------------------------------- */

struct door {
	struct net *net;
	unsigned asked, refuse;
};

static struct vat_cap *admit(void *user, int fd)
{
	struct door *d = user;
	struct ucred cred;
	socklen_t len = sizeof(cred);
	CHECK_INT(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len), 0);
	CHECK_INT(cred.pid, getpid());
	return d->asked++ < d->refuse ? NULL : vat_cap_ref(d->net->object);
}

TEST(each_peer_gets_what_the_server_decides)
{
	struct net n = {0};
	struct door d = {.net = &n, .refuse = 1};
	on_path(&n, &(struct vat_listen_config){.bootstrap_for = admit, .user = &d});
	CHECK(strstr(ask(&n, "hello"), "failed: "));
	CHECK_STR(ask(&n, "hello"), "hello");
	CHECK_INT(d.asked, 2);
	net_close(&n);
}

/* ---- limits --------------------------------------------------------------------------------- */

TEST(links_over_the_limit_wait_their_turn)
{
	struct net n = {0};
	struct vat_link *k[3];
	struct vat_cap *remote[3];
	struct burst b[3];
	on_path(&n, &(struct vat_listen_config){.max_links = 2});
	for (int i = 0; i < 3; i++) {
		CHECK_INT(vat_loop_connect(n.loop, n.address, NULL, &k[i]), 0);
		remote[i] = vat_link_bootstrap(k[i]);
		burst(&b[i], n.loop, remote[i], 1);
	}
	CHECK_INT(vat_loop_wait(n.loop, &b[0].done, WAIT_US), 0);
	CHECK_INT(vat_loop_wait(n.loop, &b[1].done, WAIT_US), 0);
	CHECK_INT(vat_loop_wait(n.loop, &b[2].done, 30 * 1000), -ETIMEDOUT);
	vat_link_free(k[0]);
	CHECK_INT(vat_loop_wait(n.loop, &b[2].done, WAIT_US), 0);
	CHECK_INT(b[2].failed, 0);
	for (int i = 0; i < 3; i++)
		vat_cap_unref(remote[i]);
	net_close(&n);
}

TEST(accepting_goes_on_when_descriptors_are_there_again)
{
	struct net n = {0};
	struct vat_link *k;
	struct burst b;
	struct rlimit was, now;
	on_path(&n, NULL);
	CHECK_INT(vat_loop_connect(n.loop, n.address, NULL, &k), 0);
	struct vat_cap *remote = vat_link_bootstrap(k);
	CHECK_INT(getrlimit(RLIMIT_NOFILE, &was), 0);
	now = was;
	now.rlim_cur = (rlim_t)vat_link_fd(k) + 1;
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &now), 0);
	burst(&b, n.loop, remote, 1);
	CHECK_INT(vat_loop_wait(n.loop, &b.done, 150 * 1000), -ETIMEDOUT);
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &was), 0);
	CHECK_INT(vat_loop_wait(n.loop, &b.done, WAIT_US), 0);
	CHECK_INT(b.failed, 0);
	vat_cap_unref(remote);
	net_close(&n);
}

TEST(listener_may_go_before_its_links)
{
	struct net n = {0};
	struct vat_link *k;
	on_path(&n, NULL);
	CHECK_INT(vat_loop_connect(n.loop, n.address, NULL, &k), 0);
	struct vat_cap *remote = vat_link_bootstrap(k);
	CHECK_STR(echo(n.loop, remote, "before"), "before");
	vat_listener_free(n.listener);
	CHECK_STR(echo(n.loop, remote, "after"), "after");
	vat_cap_unref(remote);
	net_close(&n);
	vat_listener_free(NULL);
}
