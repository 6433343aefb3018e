/* SPDX-License-Identifier: MIT */
/* Theory of operation: mount-way.h. */
#include "svc/fs/mount-way.h"
#include "svc/fs/fs-service.h"

#include <sodium.h>

enum { SESSION_SIZE = 32 };

struct mount_way {
	struct mount_way_config cfg;
	struct way *way;
	char *subtree;
	uint8_t session[SESSION_SIZE];
	bool used; /* a session of that id was begun */
};

static struct vat *vat_of(const struct mount_way *w)
{
	return w->cfg.fs->streams.loop->vat;
}

/* ---- a 9P connection ----------------------------------------------------------------------- */

static int ask_stream(struct mount_way *w, struct way *way, struct fs_filesystem_c tree)
{
	char host[65] = "";
	struct fs_filesystem_v9fs_stream_req q = fs_filesystem_v9fs_stream(vat_of(w), tree);
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
	int r = way_stream(way, stream.cap);
	stream_stream_unref(stream);
	return r;
}

/* ---- the directory itself ------------------------------------------------------------------ */

static void on_directory(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct mount_way *w = user;
	if (err) {
		way_fail_vat(w->way, err);
		return;
	}
	struct fs_filesystem_directory_results_r r = fs_filesystem_directory_results_from(results);
	way_carrier(w->way, fs_filesystem_directory_results_get_directory(r).cap,
		fs_filesystem_directory_results_get_offer(r).cap);
}

static int ask_directory(struct mount_way *w, struct way *way, struct fs_filesystem_c tree)
{
	struct fs_filesystem_directory_req q = fs_filesystem_directory(vat_of(w), tree);
	if (!q.call)
		return -ENOMEM;
	way_call(way, q.call);
	fs_filesystem_directory_send(q, on_directory, w);
	return 0;
}

static int ask(void *user, struct way *way, struct vat_cap *object, bool local)
{
	struct mount_way *w = user;
	struct fs_filesystem_c tree = fs_filesystem_cast(object);
	return local ? ask_directory(w, way, tree) : ask_stream(w, way, tree);
}

/* The same part and view of it that was mounted; new references. */
static struct vat_cap *narrow(void *user, struct vat_cap *takes_object)
{
	struct mount_way *w = user;
	struct vat *v = vat_of(w);
	struct fs_filesystem_c fs = fs_filesystem_cast(takes_object);
	if (*w->subtree) {
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
	return fs.cap;
}

/* ---- life ---------------------------------------------------------------------------------- */

static void on_opened(void *user, int takes_fd, struct vat_cap *takes_end)
{
	struct mount_way *w = user;
	w->cfg.opened(w->cfg.user, takes_fd, takes_end);
}

static void on_missed(void *user, enum way_miss miss, const struct err *e)
{
	struct mount_way *w = user;
	w->cfg.missed(w->cfg.user, miss, e);
}

struct way *mount_way(const struct mount_way *w)
{
	return w->way;
}

struct fs_filesystem_c mount_way_tree(const struct mount_way *w)
{
	return fs_filesystem_cast(way_object(w->way));
}

void mount_way_set_ref(struct mount_way *w, struct ref *takes)
{
	way_set_ref(w->way, takes);
	w->subtree[0] = 0; /* it stands for the very directory */
}

const char *mount_way_subtree(const struct mount_way *w)
{
	return w->subtree;
}

static void end_session(struct mount_way *w)
{
	struct fs_filesystem_c tree = mount_way_tree(w);
	if (!w->used || !tree.cap)
		return;
	w->used = false;
	struct fs_filesystem_end_session_req q = fs_filesystem_end_session(vat_of(w), tree);
	fs_filesystem_end_session_params_set_id(
		q.params, (struct vat_data){w->session, sizeof(w->session)});
	fs_filesystem_end_session_send(q, NULL, NULL);
	vat_call_detach(q.call);
}

void mount_way_new_session(struct mount_way *w)
{
	end_session(w);
	randombytes_buf(w->session, sizeof(w->session));
}

struct mount_way *mount_way_new(const struct mount_way_config *cfg)
{
	AUTO(ref_free) struct ref *ref = cfg->ref;
	struct mount_way *w = calloc(1, sizeof(*w));
	char *subtree = strdup(cfg->subtree ?: "");
	if (!w || !subtree) {
		free(w);
		free(subtree);
		return NULL;
	}
	w->cfg = *cfg;
	w->subtree = subtree;
	randombytes_buf(w->session, sizeof(w->session));
	struct way_config way = {
		.loop = cfg->fs->streams.loop,
		.service = cfg->fs->service,
		.object = cfg->tree.cap,
		.ref = TAKE_PTR(ref),
		.what = "what is mounted",
		.ask = ask,
		.narrow = narrow,
		.opened = on_opened,
		.missed = on_missed,
		.user = w,
	};
	w->way = way_new(&way);
	if (!w->way) {
		mount_way_free(w);
		return NULL;
	}
	return w;
}

void mount_way_free(struct mount_way *w)
{
	if (!w)
		return;
	if (w->way) {
		way_stop(w->way);
		end_session(w);
	}
	way_free(w->way);
	free(w->subtree);
	sodium_memzero(w->session, sizeof(w->session));
	free(w);
}
