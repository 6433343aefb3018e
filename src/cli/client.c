/* SPDX-License-Identifier: MIT */
/*
 * See client.h.  Commands are written as if calls blocked: client_call() runs the event loop until
 * the answer is there.  SIGINT and SIGTERM end the loop, so that a command gives back what it holds
 * before it ends.
 */
#include "cli/client.h"
#include "cli/kind.h"
#include "cli/outside.h"
#include "base/log.h"
#include "cli/uri.h"
#include "core/stream.h"
#include "core/ways.h"

#include <signal.h>
#include <stdio.h>

/* ---- connection ---------------------------------------------------------------------------- */

static void on_closed(void *user, struct link *link, const struct vat_error *err)
{
	struct client *c = user;
	c->lost = true;
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *si, void *user)
{
	struct client *c = user;
	c->cli->signal = (int)si->ssi_signo;
	return sd_event_exit(sd_event_source_get_event(source), 1);
}

static int client_start_outside(struct client *c)
{
	c->outside = outside_new(&c->loop);
	if (!c->outside)
		return -ENOMEM;
	c->admin = outside_admin(c->outside);
	return c->admin.cap ? 0 : -ENOMEM;
}

/* fd: to the node (taken); negative: outside. */
static int client_start(struct client *c, int fd)
{
	static const int signals[] = {SIGINT, SIGTERM};
	AUTO_CLOSE int owned = fd;
	int r = loop_init(&c->loop);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(signals) && r >= 0; i++)
		r = sd_event_add_signal(c->loop.event, &c->signals[i], signals[i], on_signal, c);
	if (r < 0)
		return r;
	if (fd < 0)
		return client_start_outside(c);
	struct link_config cfg = {.closed = on_closed, .user = c};
	r = link_new(&c->loop, TAKE_FD(owned), &cfg, &c->link);
	if (r < 0)
		return r;
	c->ways = ways_new(&c->loop, c->link);
	if (!c->ways)
		return -ENOMEM;
	c->admin = metac_node_admin_cast(vat_conn_bootstrap(link_conn(c->link)));
	return c->admin.cap ? 0 : -ENOMEM;
}

/* There is no node that this user may use: is it one the command can do without? */
static bool can_do_without(const struct cli *cli, int error)
{
	return cli->may_dial && !cli->opt.node &&
	       (error == -EACCES || error == -EPERM || error == -ENOENT || error == -ECONNREFUSED);
}

bool client_is_outside(struct cli *cli)
{
	struct err e = {};
	char address[NODE_ADDRESS_SIZE];
	AUTO_CLOSE int fd = cli->opt.user ? -EBADF : nodes_connect(cli->opt.node, address, &e);
	return cli->opt.user || (fd < 0 && can_do_without(cli, fd));
}

int client_open(struct cli *cli, struct client **ret)
{
	struct client *c = calloc(1, sizeof(*c));
	if (!c)
		return err_set(&cli->err, -ENOMEM, "out of memory");
	c->cli = cli;
	c->connect_timeout_us = cli->opt.connect_timeout_us ?: CLIENT_CONNECT_SECONDS * 1000000ULL;
	int fd = cli->opt.user ? -EACCES : nodes_connect(cli->opt.node, c->address, &cli->err);
	if (fd < 0 && !cli->opt.user && !can_do_without(cli, fd)) {
		free(c);
		return fd;
	}
	if (fd < 0) {
		cli->err = (struct err){};
		*c->address = 0;
		log_set_level(LOG_ERROR); /* what ends a link is told by what it was used for */
	}
	int r = client_start(c, fd);
	if (r < 0) {
		client_close(c);
		return err_errno(&cli->err, r, "connect to the node");
	}
	*ret = c;
	return 0;
}

void client_close(struct client *c)
{
	if (!c)
		return;
	metac_node_admin_unref(c->admin);
	ways_free(c->ways);
	link_free(c->link);
	outside_free(c->outside);
	for (size_t i = 0; i < ARRAY_SIZE(c->signals); i++)
		sd_event_source_disable_unref(c->signals[i]);
	if (c->loop.event)
		loop_done(&c->loop);
	free(c);
}

void client_default_signals(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* ---- waiting ------------------------------------------------------------------------------- */

int client_wait(struct client *c, const bool *done, uint64_t timeout_us)
{
	struct err *err = &c->cli->err;
	int r = loop_wait(&c->loop, done, timeout_us);
	if (r == -ETIMEDOUT)
		return err_set(err, r, "no answer within %g seconds", (double)timeout_us / 1e6);
	if (r < 0 && c->cli->signal)
		return err_set(err, -EINTR, "interrupted");
	return r < 0 ? err_errno(err, r, "event loop") : 0;
}

/* A peer's words may hold anything: one line without control characters of it. */
static void take_error(struct client *c, const struct vat_error *e, struct err *ret)
{
	static const int codes[] = {[VAT_FAILED] = -EREMOTEIO,
		[VAT_OVERLOADED] = -EAGAIN,
		[VAT_DISCONNECTED] = -ENOTCONN,
		[VAT_UNIMPLEMENTED] = -ENOSYS};
	int code = e->kind < ARRAY_SIZE(codes) ? codes[e->kind] : -EREMOTEIO;
	if (c->lost)
		err_set(ret, -ENOTCONN, "node %s has ended the connection (is it restarting?)",
			c->address);
	else
		err_set(ret, code, "%s",
			*e->text ? e->text : "failed, the other side does not say why");
	kind_explain(ret);
	for (char *p = ret->msg; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
}

static void on_answer(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct reply *r = user;
	r->done = true;
	r->results = results;
	if (err)
		take_error(r->client, err, &r->err);
}

void auto_reply_done(struct reply *r)
{
	vat_call_free(TAKE_PTR(r->call));
}

static int call(struct client *c, struct vat_call *takes, uint64_t timeout_us, struct reply *ret)
{
	*ret = (struct reply){.client = c, .call = takes};
	if (!takes)
		return err_set(&c->cli->err, -ENOMEM, "out of memory");
	vat_call_send(takes, on_answer, ret);
	int r = client_wait(c, &ret->done, timeout_us);
	if (r < 0)
		return r;
	if (ret->err.code)
		c->cli->err = ret->err;
	return ret->err.code;
}

int client_call(struct client *c, struct vat_call *takes, struct reply *ret)
{
	return call(c, takes, CLIENT_CALL_SECONDS * 1000000ULL, ret);
}

int client_call_for_ever(struct client *c, struct vat_call *takes, struct reply *ret)
{
	return call(c, takes, 0, ret);
}

static void on_settled(void *user, const struct vat_error *err)
{
	on_answer(user, err, (struct vat_ptr_r){});
}

int client_settle(struct client *c, struct vat_cap *cap)
{
	struct reply reply = {.client = c};
	if (!cap)
		return err_set(&c->cli->err, -ENOENT, "got nothing");
	struct vat_watch *w = vat_cap_on_settled(cap, on_settled, &reply);
	if (!w)
		return err_set(&c->cli->err, -ENOMEM, "out of memory");
	int r = client_wait(
		c, &reply.done, c->connect_timeout_us + CLIENT_CALL_SECONDS * 1000000ULL);
	vat_watch_free(w);
	if (!r && reply.err.code)
		c->cli->err = reply.err;
	return r < 0 ? r : reply.err.code;
}

void client_pipeline(struct vat_call *takes)
{
	if (!takes)
		return;
	vat_call_send(takes, NULL, NULL);
	vat_call_detach(takes);
}

/* ---- references ---------------------------------------------------------------------------- */

struct metac_service_admin_c client_service(struct client *c, const char *name)
{
	struct metac_node_admin_get_service_admin_req q =
		metac_node_admin_get_service_admin(c->loop.vat, c->admin);
	metac_node_admin_get_service_admin_params_set_name(q.params, vat_str(name));
	struct metac_service_admin_c s = metac_node_admin_get_service_admin_pipe_service(q.call);
	client_pipeline(q.call);
	return s;
}

/* The Node that the reference is on. Another one is waited for, so that the failure can be told
 * from a reference that is not known there. */
static int find_node(struct client *c, const char *address, struct metac_node_c *ret)
{
	if (!c->outside && !strcmp(address, c->address)) {
		struct metac_node_admin_get_unprivileged_node_req q =
			metac_node_admin_get_unprivileged_node(c->loop.vat, c->admin);
		*ret = metac_node_admin_get_unprivileged_node_pipe_node(q.call);
		client_pipeline(q.call);
		return 0;
	}
	struct metac_node_admin_get_node_req q = metac_node_admin_get_node(c->loop.vat, c->admin);
	metac_node_address_set_ip(
		metac_node_admin_get_node_params_init_address(q.params), vat_str(address));
	AUTO_REPLY reply = {};
	int r = call(c, q.call, c->connect_timeout_us, &reply);
	if (r == -ETIMEDOUT)
		return err_set(&c->cli->err, r, "node %s does not answer (gave up after %g s)",
			address, (double)c->connect_timeout_us / 1e6);
	if (r < 0)
		return r;
	*ret = metac_node_ref(metac_node_admin_get_node_results_get_node(
		metac_node_admin_get_node_results_from(reply.results)));
	if (c->outside)
		(void)snprintf(c->address, sizeof(c->address), "%s", outside_address(c->outside));
	/* Then we are introduced to it: calls made before would go by way of our node. */
	r = client_settle(c, ret->cap);
	if (r < 0)
		metac_node_unref(*ret);
	return r;
}

static int restore(struct client *c, const struct ref *ref, struct vat_cap **ret)
{
	struct metac_node_c node = {};
	int r = find_node(c, ref->node, &node);
	if (r < 0)
		return r;
	struct metac_node_get_service_req q = metac_node_get_service(c->loop.vat, node);
	metac_node_get_service_params_set_name(q.params, vat_str(ref->service));
	struct metac_service_c service = metac_node_get_service_pipe_service(q.call);
	client_pipeline(q.call);
	struct metac_service_restore_req s = metac_service_restore(c->loop.vat, service);
	vat_set_ptr(metac_service_restore_params_get_object_info_b(s.params), vat_root(ref->info));
	struct vat_cap *obj = metac_service_restore_pipe_obj(s.call);
	client_pipeline(s.call);
	metac_service_unref(service);
	metac_node_unref(node);
	r = client_settle(c, obj);
	if (r < 0)
		vat_cap_unref(obj);
	else
		*ret = obj;
	return r;
}

int client_restore(struct client *c, const char *text, struct vat_cap **ret)
{
	AUTO(ref_free) struct ref *ref = NULL;
	char masked[128];
	int r = ref_parse(text, &ref, &c->cli->err);
	if (r < 0)
		return r;
	r = restore(c, ref, ret);
	ref_mask(text, masked, sizeof(masked));
	return r < 0 ? err_wrap(&c->cli->err, r, "%s", masked) : 0;
}

int client_restore_within(
	struct client *c, const char *text, struct vat_cap **ret, char *ret_path, size_t path_size)
{
	AUTO(ref_free) struct ref *ref = NULL;
	const char *path = NULL;
	char masked[128];
	int r = ref_parse_within(text, &ref, &path, &c->cli->err);
	if (r >= 0)
		r = path_normalize(path, ret_path, path_size, &c->cli->err);
	if (r < 0)
		return r;
	r = restore(c, ref, ret);
	ref_mask(text, masked, sizeof(masked));
	return r < 0 ? err_wrap(&c->cli->err, r, "%s", masked) : 0;
}

/* The text of a sturdy reference just received, malloc'ed. */
static int sturdy_text(struct client *c, struct metac_metac_sturdy_ref_r sturdy, char **ret)
{
	AUTO(ref_free) struct ref *ref = NULL;
	int r = ref_from_sturdy(sturdy, &ref, &c->cli->err);
	if (r < 0)
		return r;
	*ret = ref_format(ref);
	return *ret ? 0 : err_set(&c->cli->err, -ENOMEM, "out of memory");
}

static int create_sturdy_ref(struct client *c, struct vat_cap *cap, struct reply *reply)
{
	const struct options *o = &c->cli->opt;
	struct persistence_persistable_create_sturdy_ref_req q =
		persistence_persistable_create_sturdy_ref(
			c->loop.vat, persistence_persistable_cast(cap));
	persistence_persistable_create_sturdy_ref_params_set_persistent(q.params, o->persistent);
	persistence_persistable_create_sturdy_ref_params_set_timeout(q.params, o->timeout_s);
	return client_call(c, q.call, reply);
}

int client_reference(struct client *c, struct vat_cap *cap, char **ret)
{
	AUTO_REPLY reply = {};
	int r = create_sturdy_ref(c, cap, &reply);
	return r < 0 ? r
		     : sturdy_text(c,
			       persistence_persistable_create_sturdy_ref_results_get_id(
				       persistence_persistable_create_sturdy_ref_results_from(
					       reply.results)),
			       ret);
}

int client_keep(struct client *c, struct vat_cap *cap)
{
	AUTO_REPLY reply = {};
	return create_sturdy_ref(c, cap, &reply);
}

int client_print_ref(struct client *c, struct metac_metac_sturdy_ref_r sturdy)
{
	AUTO_FREE char *text = NULL;
	int r = sturdy_text(c, sturdy, &text);
	if (r < 0)
		return r;
	if (puts(text) < 0 || fflush(stdout))
		return err_errno(&c->cli->err, -errno, "standard output");
	return 0;
}

/* Nobody got to see it, so nobody could ever remove it. */
static void take_back(struct client *c, struct metac_metac_sturdy_ref_r sturdy)
{
	const struct err why = c->cli->err;
	struct metac_service_admin_c service = client_service(c, "persistence");
	struct persistence_persistence_service_admin_remove_reference_req q =
		persistence_persistence_service_admin_remove_reference(
			c->loop.vat, persistence_persistence_service_admin_cast(service.cap));
	vat_set_ptr(persistence_persistence_service_admin_remove_reference_params_get_object_info_b(
			    q.params),
		metac_metac_sturdy_ref_get_object_info(sturdy));
	AUTO_REPLY reply = {};
	(void)client_call(c, q.call, &reply);
	metac_service_admin_unref(service);
	c->cli->err = why;
}

int client_export(struct client *c, struct vat_cap *cap)
{
	AUTO_REPLY reply = {};
	int r = create_sturdy_ref(c, cap, &reply);
	if (r < 0)
		return r;
	struct metac_metac_sturdy_ref_r sturdy =
		persistence_persistable_create_sturdy_ref_results_get_id(
			persistence_persistable_create_sturdy_ref_results_from(reply.results));
	r = client_print_ref(c, sturdy);
	if (r < 0)
		take_back(c, sturdy);
	return r;
}

/* ---- streams ------------------------------------------------------------------------------- */

struct opened {
	struct client *client;
	bool done;
	int fd;
	struct vat_cap *end;
};

static void on_opened(void *user, int fd, struct vat_cap *end, const struct err *e)
{
	struct opened *o = user;
	o->done = true;
	o->fd = fd;
	o->end = end;
	if (fd < 0) {
		o->client->cli->err = *e;
		kind_explain(&o->client->cli->err);
	}
}

int client_open_stream(
	struct client *c, struct vat_cap *stream, int *ret_fd, struct stream_connection_c *ret_end)
{
	struct opened o = {.client = c, .fd = -EBADF};
	struct stream_opening *opening = NULL;
	int r = stream_open(&c->loop, stream, c->address, on_opened, &o, &opening);
	if (r < 0)
		return err_errno(&c->cli->err, r, "open the stream");
	r = client_wait(c, &o.done, CLIENT_CALL_SECONDS * 1000000ULL);
	stream_opening_free(opening);
	if (r < 0 || o.fd < 0)
		return r < 0 ? r : o.fd;
	*ret_fd = o.fd;
	*ret_end = stream_connection_cast(o.end);
	return 0;
}

int client_outcome(struct client *c, struct stream_connection_c end)
{
	AUTO_REPLY reply = {};
	int r = client_call(c,
		metac_waitable_wait(c->loop.vat, stream_connection_as_waitable(end)).call, &reply);
	return r == -ENOSYS ? 0 : r;
}
