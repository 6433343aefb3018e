/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: service.h.
 *
 * The persistence service may come later than we do, and may be restarted: its handler is asked for
 * again whenever the one we have breaks.  Meanwhile createSturdyRef fails with a clear text.
 */
#include "core/service.h"
#include "base/log.h"
#include "core/ways.h"
#include "core/save.h"
#include "sys/control.h"

#include <poll.h>
#include <signal.h>

enum { PERSISTENCE_RETRY_US = 500 * 1000 };

struct service {
	const struct service_config *cfg;
	struct loop loop;
	struct link *link;
	struct ways *ways; /* to other services */
	struct metac_node_admin_c node;
	struct metac_service_c own_service;
	struct metac_service_admin_c own_admin;
	struct persistence_restorer_c restorer;
	struct vat_cap *registration; /* Holder */
	struct vat_call *registering;
	/* The way to the persistence service, asked for step by step. */
	struct vat_call *asking;
	struct persistence_service_persistence_handler_c handler;
	struct vat_watch *handler_watch;
	struct vat_call *handler_wait; /* tells both sides that the other one lives */
	sd_event_source *control, *sigterm, *sigint, *retry;
};

struct loop *service_loop(struct service *s)
{
	return &s->loop;
}

struct metac_node_admin_c service_node(struct service *s)
{
	return s->node;
}

const char *service_address(struct service *s)
{
	return s->cfg->address;
}

void service_fail(struct vat_ctx *ctx, const struct err *e)
{
	vat_ctx_fail(ctx, (enum vat_error_kind)e->kind, "%s", e->msg);
}

/* ---- persistence --------------------------------------------------------------------------- */

static void ask_persistence(struct service *s);

static int on_retry(sd_event_source *source, uint64_t usec, void *user)
{
	ask_persistence(user);
	return 0;
}

static void retry_later(struct service *s)
{
	s->retry = sd_event_source_disable_unref(s->retry);
	if (sd_event_add_time_relative(s->loop.event, &s->retry, CLOCK_MONOTONIC,
		    PERSISTENCE_RETRY_US, 0, on_retry, s) < 0)
		log_error("no timer for the persistence service");
}

static void drop_handler(struct service *s)
{
	vat_watch_free(TAKE_PTR(s->handler_watch));
	vat_call_free(TAKE_PTR(s->handler_wait));
	persistence_service_persistence_handler_unref(s->handler);
	s->handler.cap = NULL;
}

static void on_handler_broken(void *user, const struct vat_error *err)
{
	struct service *s = user;
	log_info("the persistence service is gone (%s); asking again", err->text);
	drop_handler(s);
	retry_later(s);
}

/* A capability relayed by the node does not break by itself when its owner dies; a call does. */
static void on_handler_gone(void *user, const struct vat_error *err, struct vat_ptr_r r)
{
	struct vat_error ended = {VAT_DISCONNECTED, "ended"};
	if (!err || err->kind != VAT_UNIMPLEMENTED)
		on_handler_broken(user, err ? err : &ended);
}

static void on_restorer_registered(void *user, const struct vat_error *err, struct vat_ptr_r r)
{
	struct service *s = user;
	vat_call_free(TAKE_PTR(s->asking));
	if (!err) {
		s->handler_watch = vat_cap_on_broken(s->handler.cap, on_handler_broken, s);
		struct metac_waitable_wait_req w =
			metac_waitable_wait(s->loop.vat, metac_waitable_cast(s->handler.cap));
		s->handler_wait = w.call;
		metac_waitable_wait_send(w, on_handler_gone, s);
		return;
	}
	log_warning("persistence: %s", err->text);
	drop_handler(s);
	retry_later(s);
}

static void on_handler(void *user, const struct vat_error *err, struct vat_ptr_r r)
{
	struct service *s = user;
	if (err) {
		log_debug("persistence: %s", err->text);
		vat_call_free(TAKE_PTR(s->asking));
		retry_later(s);
		return;
	}
	s->handler = persistence_service_persistence_handler_ref(
		persistence_persistence_service_admin_get_handler_for_results_get_handler(
			persistence_persistence_service_admin_get_handler_for_results_from(r)));
	vat_call_free(TAKE_PTR(s->asking));
	struct persistence_service_persistence_handler_register_restorer_req q =
		persistence_service_persistence_handler_register_restorer(s->loop.vat, s->handler);
	persistence_service_persistence_handler_register_restorer_params_set_restorer(
		q.params, s->restorer);
	s->asking = q.call;
	persistence_service_persistence_handler_register_restorer_send(
		q, on_restorer_registered, s);
}

static void on_persistence_there(void *user, const struct vat_error *err, struct vat_ptr_r r)
{
	struct service *s = user;
	vat_call_free(TAKE_PTR(s->asking));
	if (err) {
		log_debug("persistence: %s", err->text);
		retry_later(s);
		return;
	}
	struct metac_node_admin_get_service_admin_req q =
		metac_node_admin_get_service_admin(s->loop.vat, s->node);
	metac_node_admin_get_service_admin_params_set_name(q.params, vat_str("persistence"));
	metac_node_admin_get_service_admin_send(q, NULL, NULL);
	struct metac_service_admin_c admin =
		metac_node_admin_get_service_admin_pipe_service(q.call);
	struct persistence_persistence_service_admin_get_handler_for_req h =
		persistence_persistence_service_admin_get_handler_for(
			s->loop.vat, persistence_persistence_service_admin_cast(admin.cap));
	persistence_persistence_service_admin_get_handler_for_params_set_service_name(
		h.params, vat_str(s->cfg->name));
	s->asking = h.call;
	persistence_persistence_service_admin_get_handler_for_send(h, on_handler, s);
	metac_service_admin_unref(admin);
	vat_call_detach(q.call);
}

static void ask_persistence(struct service *s)
{
	if (s->asking || s->handler.cap || !s->restorer.cap)
		return;
	struct metac_node_admin_get_unprivileged_node_req n =
		metac_node_admin_get_unprivileged_node(s->loop.vat, s->node);
	metac_node_admin_get_unprivileged_node_send(n, NULL, NULL);
	struct metac_node_c node = metac_node_admin_get_unprivileged_node_pipe_node(n.call);
	struct metac_node_wait_for_service_req q = metac_node_wait_for_service(s->loop.vat, node);
	metac_node_wait_for_service_params_set_name(q.params, vat_str("persistence"));
	s->asking = q.call;
	metac_node_wait_for_service_send(q, on_persistence_there, s);
	metac_node_unref(node);
	vat_call_detach(n.call);
}

void service_create_sturdy_ref(struct service *s,
	struct persistence_persistable_create_sturdy_ref_ctx cx, const struct service_object *o)
{
	if (!s->handler.cap) {
		vat_ctx_fail(cx.ctx, VAT_OVERLOADED,
			"the persistence service is not running (yet); try again");
		return;
	}
	struct persistence_persistable_create_sturdy_ref_params_r p =
		persistence_persistable_create_sturdy_ref_params(cx);
	struct persistence_service_persistence_handler_create_sturdy_ref_req q =
		persistence_service_persistence_handler_create_sturdy_ref(s->loop.vat, s->handler);
	struct persistence_cap_description_b d =
		persistence_service_persistence_handler_create_sturdy_ref_params_init_description(
			q.params);
	persistence_cap_description_set_runtime_id(d, vat_str(o->runtime_id));
	persistence_cap_description_set_category(d, vat_str(o->category));
	persistence_cap_description_set_summary(d, vat_str(o->summary));
	o->describe(o->self, persistence_cap_description_get_description_b(d));
	persistence_service_persistence_handler_create_sturdy_ref_params_set_group(
		q.params, persistence_persistable_create_sturdy_ref_params_get_rgroup(p));
	persistence_service_persistence_handler_create_sturdy_ref_params_set_persistent(
		q.params, persistence_persistable_create_sturdy_ref_params_get_persistent(p));
	persistence_service_persistence_handler_create_sturdy_ref_params_set_timeout(
		q.params, persistence_persistable_create_sturdy_ref_params_get_timeout(p));
	vat_set_cap(persistence_service_persistence_handler_create_sturdy_ref_params_get_cap_b(
			    q.params),
		o->cap);
	/* Both methods return one struct whose only field is the reference: the answer passes
	 * through. */
	vat_ctx_tail_call(cx.ctx, q.call);
}

static void on_described(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	if (err)
		log_warning("what has changed of an object is not stored: %s", err->text);
}

void service_describe_again(struct service *s, const struct service_object *o)
{
	if (!s->handler.cap)
		return;
	struct persistence_service_persistence_handler_describe_again_req q =
		persistence_service_persistence_handler_describe_again(s->loop.vat, s->handler);
	struct persistence_cap_description_b d =
		persistence_service_persistence_handler_describe_again_params_init_description(
			q.params);
	persistence_cap_description_set_runtime_id(d, vat_str(o->runtime_id));
	persistence_cap_description_set_summary(d, vat_str(o->summary));
	o->describe(o->self, persistence_cap_description_get_description_b(d));
	persistence_service_persistence_handler_describe_again_send(q, on_described, NULL);
	vat_call_detach(q.call);
}

bool service_is_persistable(struct service *s)
{
	return s->handler.cap && s->handler_watch;
}

void service_forget(struct service *s, const char *runtime_id)
{
	if (!s->handler.cap)
		return;
	struct persistence_service_persistence_handler_forget_object_req q =
		persistence_service_persistence_handler_forget_object(s->loop.vat, s->handler);
	persistence_service_persistence_handler_forget_object_params_set_runtime_id(
		q.params, vat_str(runtime_id));
	persistence_service_persistence_handler_forget_object_send(q, NULL, NULL);
	vat_call_detach(q.call);
}

/* ---- life ---------------------------------------------------------------------------------- */

static void on_registered(void *user, const struct vat_error *err, struct vat_ptr_r r)
{
	struct service *s = user;
	if (err) {
		log_error("cannot register as \"%s\": %s", s->cfg->name, err->text);
		sd_event_exit(s->loop.event, 1);
		return;
	}
	s->registration = vat_cap_ref(metac_node_admin_register_named_service_results_get_holder(
		metac_node_admin_register_named_service_results_from(r))
					      .cap);
	vat_call_free(TAKE_PTR(s->registering));
	(void)control_send(CONTROL_FD, CONTROL_READY, s->cfg->name, -EBADF);
	ask_persistence(s);
}

static void register_service(struct service *s)
{
	struct metac_node_admin_register_named_service_req q =
		metac_node_admin_register_named_service(s->loop.vat, s->node);
	metac_node_admin_register_named_service_params_set_name(q.params, vat_str(s->cfg->name));
	metac_node_admin_register_named_service_params_set_service(q.params, s->own_service);
	metac_node_admin_register_named_service_params_set_admin_bootstrap(q.params, s->own_admin);
	s->registering = q.call;
	metac_node_admin_register_named_service_send(q, on_registered, s);
}

static void on_link_closed(void *user, struct link *link, const struct vat_error *err)
{
	struct service *s = user;
	log_info("the node is gone%s%s; ending", err ? ": " : "", err ? err->text : "");
	sd_event_exit(s->loop.event, 0);
}

static int on_control(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct service *s = user;
	struct control_message m;
	AUTO_CLOSE int attached = -EBADF;
	int r = control_serve(fd, &m, &attached);
	if (r <= 0 && r != -EAGAIN)
		return sd_event_exit(s->loop.event, 0); /* the supervisor is gone */
	return 0;
}

static bool has_ended(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLRDHUP};
	return fd < 0 || poll(&p, 1, 0) < 0 ||
	       (p.revents & (POLLHUP | POLLRDHUP | POLLERR | POLLNVAL));
}

/* SIGTERM does not tell: the supervisor sends it when the node has died, and so does the kernel
 * when the supervisor has. */
bool service_was_lost(struct service *s)
{
	return has_ended(CONTROL_FD) || has_ended(link_fd(s->link));
}

static int start(struct service *s)
{
	int r = loop_init(&s->loop);
	if (r < 0)
		return r;
	save_for_all(s->loop.vat);
	struct link_config cfg = {.closed = on_link_closed, .user = s};
	r = link_new(&s->loop, CONTROL_FD_LINK, &cfg, &s->link);
	if (r < 0)
		return r;
	s->ways = ways_new(&s->loop, s->link);
	if (!s->ways)
		return -ENOMEM;
	s->node = metac_node_admin_cast(vat_conn_bootstrap(link_conn(s->link)));
	r = s->cfg->start(s->cfg->self, s, &s->own_service, &s->own_admin, &s->restorer);
	if (r < 0)
		return r;
	r = sd_event_add_io(s->loop.event, &s->control, CONTROL_FD, EPOLLIN, on_control, s);
	if (r >= 0)
		r = sd_event_add_signal(s->loop.event, &s->sigterm, SIGTERM, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(s->loop.event, &s->sigint, SIGINT, NULL, NULL);
	if (r >= 0)
		register_service(s);
	return r;
}

static void stop(struct service *s)
{
	if (s->cfg->stop)
		s->cfg->stop(s->cfg->self);
	s->retry = sd_event_source_disable_unref(s->retry);
	s->control = sd_event_source_disable_unref(s->control);
	s->sigterm = sd_event_source_disable_unref(s->sigterm);
	s->sigint = sd_event_source_disable_unref(s->sigint);
	vat_call_free(s->asking);
	vat_call_free(s->registering);
	drop_handler(s);
	vat_cap_unref(s->registration);
	metac_service_unref(s->own_service);
	metac_service_admin_unref(s->own_admin);
	persistence_restorer_unref(s->restorer);
	metac_node_admin_unref(s->node);
	ways_free(s->ways);
	link_free(s->link);
	loop_done(&s->loop);
}

int service_run(const struct service_config *cfg)
{
	struct service s = {.cfg = cfg};
	log_set_role(cfg->name);
	int r = start(&s);
	if (r < 0)
		log_error("cannot start: %s", strerror(-r));
	else
		r = sd_event_loop(s.loop.event);
	stop(&s);
	return r < 0 ? 1 : r;
}
