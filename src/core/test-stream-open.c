/* SPDX-License-Identifier: MIT */
/* Opening streams that answer with nonsense, or not as they should. */
#include "core/stream.h"
#include "core/test-call.h"

#include <ifaddrs.h>
#include <netinet/in.h>

/* A Stream that answers as it is told. */
struct liar {
	const char *ip; /* of tcpListen's answer; NULL: tcpListen fails */
	int32_t port;
	bool empty_end; /* openLocal answers with a null capability */
	const char *own; /* who opens the stream; NULL: 127.0.0.1 */
};

static void open_local(void *self, struct stream_stream_open_local_ctx cx)
{
	struct liar *l = self;
	if (l->empty_end)
		vat_ctx_return(cx.ctx);
	else
		vat_ctx_fail(cx.ctx, VAT_UNIMPLEMENTED, "no");
}

static void tcp_listen(void *self, struct stream_stream_tcp_listen_ctx cx)
{
	struct liar *l = self;
	if (!l->ip) {
		vat_ctx_fail(cx.ctx, VAT_DISCONNECTED, "revoked");
		return;
	}
	struct stream_stream_tcp_listen_results_b b = stream_stream_tcp_listen_results(cx);
	metac_node_address_set_ip(stream_stream_tcp_listen_results_init_local(b), vat_str(l->ip));
	stream_stream_tcp_listen_results_set_port(b, l->port);
	vat_ctx_return(cx.ctx);
}

static const struct stream_stream_impl liar_impl = {
	.tcp_listen = tcp_listen,
	.open_local = open_local,
};

struct outcome {
	bool done;
	int fd;
	struct err err;
};

static void on_opened(void *user, int fd, struct vat_cap *end, const struct err *e)
{
	struct outcome *o = user;
	o->done = true;
	o->fd = fd;
	o->err = *e;
	vat_cap_unref(end);
}

static struct outcome open_liar(struct liar *l)
{
	struct loop loop;
	struct outcome o = {};
	struct stream_opening *opening = NULL;
	CHECK_INT(loop_init(&loop), 0);
	struct stream_stream_c s = stream_stream_serve(loop.vat, &liar_impl, l, NULL);
	const char *own = l->own ? l->own : "127.0.0.1";
	CHECK_INT(stream_open(&loop, s.cap, own, on_opened, &o, &opening), 0);
	CHECK_INT(loop_wait(&loop, &o.done, 20000000), 0);
	stream_opening_free(opening);
	stream_stream_unref(s);
	loop_done(&loop);
	return o;
}

TEST(a_refusal_is_passed_on)
{
	struct liar l = {.ip = NULL};
	struct outcome o = open_liar(&l);
	CHECK_INT(o.fd, -ENOTCONN);
	CHECK_STR(o.err.msg, "tcpListen: revoked");
}

TEST(a_null_end_falls_back_to_tcp)
{
	struct liar l = {.ip = NULL, .empty_end = true};
	struct outcome o = open_liar(&l);
	CHECK_STR(o.err.msg, "tcpListen: revoked");
}

TEST(an_exporter_cannot_aim_us_at_a_well_known_port)
{
	static const int32_t ports[] = {-1, 0, 22, 80, 901, 1023, 65536};
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		struct liar l = {.ip = "127.0.0.1", .port = ports[i]};
		CHECK_INT(open_liar(&l).fd, -EINVAL);
	}
}

TEST(a_malformed_address_is_refused)
{
	static const char *const bad[] = {"", "nowhere", "127.0.0.1:80", "[::1]"};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct liar l = {.ip = bad[i], .port = 5000};
		CHECK(open_liar(&l).fd < 0);
	}
}

TEST(nobody_listening_is_told)
{
	struct liar l = {.ip = "127.0.0.1", .port = 64999};
	struct outcome o = open_liar(&l);
	CHECK_INT(o.fd, -ECONNREFUSED);
	CHECK_STR(o.err.msg, "connect to the stream: Connection refused");
}

TEST(giving_up_while_it_opens_leaves_nothing)
{
	struct liar l = {.ip = "127.0.0.1", .port = 5000};
	struct loop loop;
	struct outcome o = {};
	struct stream_opening *opening = NULL;
	CHECK_INT(loop_init(&loop), 0);
	struct stream_stream_c s = stream_stream_serve(loop.vat, &liar_impl, &l, NULL);
	CHECK_INT(stream_open(&loop, s.cap, "127.0.0.1", on_opened, &o, &opening), 0);
	vat_run(loop.vat, 1);
	stream_opening_free(opening);
	stream_stream_unref(s);
	loop_done(&loop);
	CHECK(!o.done);
}

/* Some address of this host that others may know it by. */
static bool find_address(char *ret, size_t size)
{
	struct ifaddrs *all, *i;
	bool found = false;
	CHECK_INT(getifaddrs(&all), 0);
	for (i = all; i && !found; i = i->ifa_next) {
		struct sockaddr_storage sa = {};
		if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET)
			continue;
		memcpy(&sa, i->ifa_addr, sizeof(struct sockaddr_in));
		found = !addr_is_own_host(&sa) && addr_format(&sa, ret, size, NULL) >= 0;
	}
	freeifaddrs(all);
	return found;
}

TEST(an_exporter_cannot_aim_us_at_our_loopback)
{
	char own[64];
	struct sockaddr_storage sa;
	socklen_t len;
	uint16_t port = 0;
	if (!find_address(own, sizeof(own)))
		test_skip("this host has loopback only");
	CHECK_INT(addr_parse("127.0.0.1", 0, &sa, &len), 0);
	AUTO_CLOSE int victim = listen_tcp(&sa, len, 1);
	CHECK(victim >= 0);
	CHECK_INT(getsockname(victim, (struct sockaddr *)&sa, &len), 0);
	char text[64];
	CHECK_INT(addr_format(&sa, text, sizeof(text), &port), 0);
	static const char *const names[] = {"127.0.0.1", "0.0.0.0", "::ffff:127.0.0.1"};
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct liar l = {.ip = names[i], .port = port, .own = own};
		CHECK_INT(open_liar(&l).fd, -EINVAL);
	}
}
