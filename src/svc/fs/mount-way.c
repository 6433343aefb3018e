/* SPDX-License-Identifier: MIT */
/* Theory of operation: mount-way.h. */
#include "svc/fs/mount-way.h"
#include "base/log.h"
#include "svc/fs/fs-service.h"

#include <fcntl.h>
#include <sodium.h>

struct way {
	struct way_config cfg;
	struct fs_filesystem_c tree;
	struct ref *ref;
	char *subtree;
	uint8_t session[WAY_SESSION_SIZE];
	bool used; /* a session of that id was begun */
	bool was_open; /* ever */
	uint64_t backoff_us;

	/* one try */
	bool directory, fetched;
	struct vat_call *call;
	struct stream_opening *opening;
	struct vat_cap *carrier, *offer; /* of a directory */
	struct vat_watch *watch;
	struct fetch *fetch;
	sd_event_source *timer; /* of the stage, or of the back-off */
};

static struct loop *loop_of(const struct way *w)
{
	return w->cfg.fs->streams.loop;
}

void way_stop(struct way *w)
{
	vat_call_free(TAKE_PTR(w->call));
	stream_opening_free(TAKE_PTR(w->opening));
	vat_watch_free(TAKE_PTR(w->watch));
	w->carrier = vat_cap_unref(w->carrier);
	w->offer = vat_cap_unref(w->offer);
	fetch_free(TAKE_PTR(w->fetch));
	w->timer = sd_event_source_disable_unref(w->timer);
}

bool way_is_idle(const struct way *w)
{
	return !w->call && !w->opening && !w->watch && !w->fetch && !w->timer;
}

/* ---- outcomes; both may free w ------------------------------------------------------------- */

static void succeed(struct way *w, int fd, struct vat_cap *end)
{
	w->was_open = true;
	way_stop(w);
	w->cfg.opened(w->cfg.user, fd, end);
}

static void give_up(struct way *w, enum way_miss miss, const struct err *e)
{
	struct err copy = *e;
	way_stop(w);
	w->cfg.missed(w->cfg.user, miss, &copy);
}

static void fetch_tree(struct way *w);

/* The stage "in hand" has failed. */
static void fail(struct way *w, const struct err *e)
{
	struct err copy = *e;
	bool none = copy.kind == ERR_UNIMPLEMENTED || copy.code == -EOPNOTSUPP;
	/* Strangers may have asked for all there are. */
	if (w->directory && (none || (copy.kind == ERR_OVERLOADED && !w->was_open))) {
		give_up(w, WAY_MISS_NO_DIRECTORY, &copy);
		return;
	}
	way_stop(w);
	if (!w->fetched && w->ref) {
		fetch_tree(w);
	} else if (!w->ref && copy.kind == ERR_DISCONNECTED) {
		give_up(w, WAY_MISS_LOST, &copy);
	} else {
		give_up(w, WAY_MISS_TRY_AGAIN, &copy);
	}
}

static void fail_vat(struct way *w, const struct vat_error *err)
{
	struct err e = {};
	err_set(&e, -EREMOTEIO, "%s", err->text);
	e.kind = (enum err_kind)err->kind;
	fail(w, &e);
}

static void fail_code(struct way *w, int code, const char *what)
{
	struct err e = {};
	err_errno(&e, code, "%s", what);
	fail(w, &e);
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *user)
{
	struct err e = {};
	err_set(&e, -ETIMEDOUT, "no answer in time");
	fail(user, &e);
	return 0;
}

static int set_timer(struct way *w, uint64_t us, sd_event_time_handler_t handler)
{
	w->timer = sd_event_source_disable_unref(w->timer);
	return sd_event_add_time_relative(
		loop_of(w)->event, &w->timer, CLOCK_MONOTONIC, us, 0, handler, w);
}

/* ---- a 9P connection ----------------------------------------------------------------------- */

static void on_stream_open(void *user, int fd, struct vat_cap *end, const struct err *e)
{
	struct way *w = user;
	if (fd < 0)
		fail(w, e);
	else
		succeed(w, fd, end);
}

static int open_stream(struct way *w)
{
	char host[65] = "";
	struct loop *l = loop_of(w);
	struct fs_filesystem_v9fs_stream_req q = fs_filesystem_v9fs_stream(l->vat, w->tree);
	if (!q.call)
		return -ENOMEM;
	struct fs_session_b s = fs_filesystem_v9fs_stream_params_init_session(q.params);
	(void)gethostname(host, sizeof(host) - 1);
	fs_session_set_id(s, (struct vat_data){w->session, sizeof(w->session)});
	fs_session_set_client(s, vat_str(host));
	w->used = true;
	fs_filesystem_v9fs_stream_send(q, NULL, NULL);
	struct stream_stream_c stream = fs_filesystem_v9fs_stream_pipe_stream(q.call);
	vat_call_detach(q.call);
	int r = stream_open(
		l, stream.cap, service_address(w->cfg.fs->service), on_stream_open, w, &w->opening);
	stream_stream_unref(stream);
	return r;
}

/* ---- the directory itself ------------------------------------------------------------------ */

static void on_carrier_settled(void *user, const struct vat_error *err)
{
	struct way *w = user;
	if (err) {
		fail_vat(w, err);
		return;
	}
	int fd = vat_cap_fd(w->carrier);
	fd = fd < 0 ? -EOPNOTSUPP : fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		fail_code(w, fd == -EOPNOTSUPP ? fd : -errno, "the directory is not on this host");
	else
		succeed(w, fd, TAKE_PTR(w->offer));
}

static void on_directory(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct way *w = user;
	if (err) {
		fail_vat(w, err);
		return;
	}
	struct fs_filesystem_directory_results_r r = fs_filesystem_directory_results_from(results);
	w->carrier = vat_cap_ref(fs_filesystem_directory_results_get_directory(r).cap);
	w->offer = vat_cap_ref(fs_filesystem_directory_results_get_offer(r).cap);
	vat_call_free(TAKE_PTR(w->call));
	w->watch = w->offer ? vat_cap_on_settled(w->carrier, on_carrier_settled, w) : NULL;
	if (!w->watch)
		fail_code(w, -EOPNOTSUPP, "the directory is not on this host");
}

static int open_directory(struct way *w)
{
	struct fs_filesystem_directory_req q = fs_filesystem_directory(loop_of(w)->vat, w->tree);
	if (!q.call)
		return -ENOMEM;
	w->call = q.call;
	fs_filesystem_directory_send(q, on_directory, w);
	return 0;
}

/* ---- stages -------------------------------------------------------------------------------- */

static void open_tree(struct way *w)
{
	uint64_t us = WAY_FETCH_US;
	if (!w->fetched)
		us = w->ref && w->was_open ? WAY_HAND_US : WAY_FIRST_US;
	int r = set_timer(w, us, on_timeout);
	if (r >= 0)
		r = w->directory ? open_directory(w) : open_stream(w);
	if (r < 0)
		fail_code(w, r, "open what is mounted");
}

/* The same part and view of it that was mounted; new references. */
static struct fs_filesystem_c narrow(struct way *w, struct vat_cap *takes_object)
{
	struct vat *v = loop_of(w)->vat;
	struct fs_filesystem_c fs = fs_filesystem_cast(takes_object);
	if (w->subtree && *w->subtree) {
		struct fs_filesystem_get_subtree_req q = fs_filesystem_get_subtree(v, fs);
		fs_filesystem_get_subtree_params_set_name(q.params, vat_str(w->subtree));
		fs_filesystem_get_subtree_send(q, NULL, NULL);
		fs_filesystem_unref(fs);
		fs = fs_filesystem_get_subtree_pipe_fs(q.call);
		vat_call_detach(q.call);
	}
	if (w->cfg.read_only) {
		struct fs_filesystem_readonly_fs_req q = fs_filesystem_readonly_fs(v, fs);
		fs_filesystem_readonly_fs_send(q, NULL, NULL);
		fs_filesystem_unref(fs);
		fs = fs_filesystem_readonly_fs_pipe_fs(q.call);
		vat_call_detach(q.call);
	}
	return fs;
}

static void on_fetched(void *user, struct vat_cap *object, const struct err *e)
{
	struct way *w = user;
	if (!object) {
		give_up(w, e->code == FETCH_REVOKED ? WAY_MISS_REVOKED : WAY_MISS_TRY_AGAIN, e);
		return;
	}
	fetch_free(TAKE_PTR(w->fetch));
	fs_filesystem_unref(w->tree);
	w->tree = narrow(w, object);
	open_tree(w);
}

static void fetch_tree(struct way *w)
{
	struct service *s = w->cfg.fs->service;
	w->fetched = true;
	int r = fetch_new(
		loop_of(w), service_node(s), w->ref, WAY_FETCH_US, on_fetched, w, &w->fetch);
	if (r < 0)
		fail_code(w, r, "the reference");
}

void way_open(struct way *w, bool directory)
{
	way_stop(w);
	w->directory = directory;
	w->fetched = false;
	if (w->tree.cap && !vat_cap_is_broken(w->tree.cap, NULL))
		open_tree(w);
	else if (w->ref)
		fetch_tree(w);
	else
		give_up(w, WAY_MISS_LOST,
			&(struct err){.code = -ENOTCONN, .msg = "what is mounted is gone"});
}

static int on_backoff(sd_event_source *source, uint64_t usec, void *user)
{
	struct way *w = user;
	way_open(w, w->directory);
	return 0;
}

void way_open_later(struct way *w, bool directory)
{
	way_stop(w);
	w->directory = directory;
	/* Many mounts that lost the same host do not come back all at once. */
	uint64_t us = w->backoff_us - randombytes_uniform((uint32_t)w->backoff_us / 4);
	w->backoff_us = MIN(w->backoff_us * 2, WAY_BACKOFF_MAX_US);
	if (set_timer(w, us, on_backoff) < 0)
		log_error("no timer to connect a mount again");
}

void way_proven(struct way *w)
{
	w->backoff_us = WAY_BACKOFF_FIRST_US;
}

/* ---- what it is made of -------------------------------------------------------------------- */

void way_set_tree(struct way *w, struct fs_filesystem_c tree)
{
	struct fs_filesystem_c old = w->tree;
	w->tree = fs_filesystem_ref(tree);
	fs_filesystem_unref(old);
}

struct fs_filesystem_c way_tree(const struct way *w)
{
	return w->tree;
}

const struct ref *way_ref(const struct way *w)
{
	return w->ref;
}

void way_set_ref(struct way *w, struct ref *takes)
{
	ref_free(w->ref);
	w->ref = takes;
	w->subtree[0] = 0; /* it stands for the very directory */
}

const char *way_subtree(const struct way *w)
{
	return w->subtree;
}

static void end_session(struct way *w)
{
	if (!w->used || !w->tree.cap)
		return;
	w->used = false;
	struct fs_filesystem_end_session_req q =
		fs_filesystem_end_session(loop_of(w)->vat, w->tree);
	fs_filesystem_end_session_params_set_id(
		q.params, (struct vat_data){w->session, sizeof(w->session)});
	fs_filesystem_end_session_send(q, NULL, NULL);
	vat_call_detach(q.call);
}

void way_new_session(struct way *w)
{
	end_session(w);
	randombytes_buf(w->session, sizeof(w->session));
}

struct way *way_new(const struct way_config *cfg)
{
	AUTO(ref_free) struct ref *ref = cfg->ref;
	struct way *w = calloc(1, sizeof(*w));
	char *subtree = strdup(cfg->subtree ?: "");
	if (!w || !subtree) {
		free(w);
		free(subtree);
		return NULL;
	}
	w->cfg = *cfg;
	w->ref = TAKE_PTR(ref);
	w->subtree = subtree;
	w->tree = fs_filesystem_ref(cfg->tree);
	w->backoff_us = WAY_BACKOFF_FIRST_US;
	randombytes_buf(w->session, sizeof(w->session));
	return w;
}

void way_free(struct way *w)
{
	if (!w)
		return;
	way_stop(w);
	end_session(w);
	fs_filesystem_unref(w->tree);
	ref_free(w->ref);
	free(w->subtree);
	sodium_memzero(w->session, sizeof(w->session));
	free(w);
}
