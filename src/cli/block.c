/* SPDX-License-Identifier: MIT */
/*
 * See block.h.  What an object is, only the attempt to use it tells: it is opened as a file, and if
 * it answers that it is none, it is the device.
 */
#include "cli/block.h"
#include "cli/uri.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

enum { END_SECONDS = 2 };

void block_options_fill(const struct options *o, struct block_block_options_b b)
{
	block_block_options_set_format(b, vat_str(o->format ?: ""));
	block_block_options_set_read_only(b, o->read_only);
	block_block_options_set_direct(b, o->direct);
}

/* -ENOSYS: this is no file, as far as can be told. */
static int open_file(struct client *c, struct fs_file_c file, struct block_block_device_c *ret)
{
	struct fs_file_open_as_block_req q = fs_file_open_as_block(c->loop.vat, file);
	block_options_fill(&c->cli->opt, fs_file_open_as_block_params_init_options(q.params));
	AUTO_REPLY reply = {};
	int r = client_call(c, q.call, &reply);
	if (r >= 0)
		*ret = block_block_device_ref(fs_file_open_as_block_results_get_device(
			fs_file_open_as_block_results_from(reply.results)));
	return r;
}

static struct block_block_device_c read_only(
	struct client *c, struct block_block_device_c takes_device)
{
	struct block_block_device_readonly_req q =
		block_block_device_readonly(c->loop.vat, takes_device);
	struct block_block_device_c d = block_block_device_readonly_pipe_device(q.call);
	client_pipeline(q.call);
	block_block_device_unref(takes_device);
	return d;
}

/* Whoever made the reference to the device has said how the file is read. */
static int use_device(struct client *c, struct vat_cap *object, struct block_target *t)
{
	const struct options *o = &c->cli->opt;
	if (o->format || o->direct)
		return err_set(&c->cli->err, -EINVAL,
			"%s: --%s goes with `metac block export' here: this is a block device "
			"already",
			t->source, o->format ? "format" : "direct");
	t->device = block_block_device_cast(vat_cap_ref(object));
	if (o->read_only)
		t->device = read_only(c, t->device);
	return client_settle(c, t->device.cap);
}

static bool is_no_file(struct client *c, int r)
{
	/* "this is a directory, not a file" is the answer; of what knows no better, the next
	 * attempt tells. */
	return r == -ENOSYS && (!strstr(c->cli->err.msg, ", not a file") ||
				       strstr(c->cli->err.msg, "this is a block device, "));
}

/* The reference stands for a file or a device. */
static int find_object(struct client *c, struct vat_cap *object, struct block_target *t)
{
	int r = open_file(c, fs_file_cast(object), &t->device);
	t->file = r >= 0;
	if (!is_no_file(c, r))
		return r;
	c->cli->err = (struct err){};
	return use_device(c, object, t);
}

static int find_within(struct client *c, const char *uri, struct block_target *t)
{
	struct fs_file_c file = {};
	int r = client_file(c, uri, &file);
	if (r >= 0)
		r = open_file(c, file, &t->device);
	t->file = true;
	fs_file_unref(file);
	return r;
}

static int find_reference(struct client *c, const char *uri, struct block_target *t)
{
	const char *within = NULL;
	int r = ref_parse_within(uri, &t->ref, &within, &c->cli->err);
	if (r >= 0)
		r = path_normalize(within, t->path, sizeof(t->path), &c->cli->err);
	if (r < 0)
		return r;
	if (*t->path)
		return find_within(c, uri, t);
	struct vat_cap *object = NULL;
	r = client_restore(c, uri, &object);
	if (r < 0)
		return r;
	r = find_object(c, object, t);
	vat_cap_unref(object);
	return r;
}

int block_target_find(struct client *c, const char *uri, struct block_target *ret)
{
	struct block_target t = {};
	if (ref_is(uri))
		ref_mask(uri, t.source, sizeof(t.source));
	else
		(void)snprintf(t.source, sizeof(t.source), "%s", uri);
	int r = ref_is(uri) ? find_reference(c, uri, &t) : find_within(c, uri, &t);
	if (r < 0)
		block_target_done(&t);
	else
		*ret = t;
	return r;
}

void block_target_done(struct block_target *t)
{
	block_block_device_unref(t->device);
	ref_free(t->ref);
	*t = (struct block_target){};
}

/* ---- connecting ----------------------------------------------------------------------------- */

static void fill_session(struct block_block_session_b b, const void *id, size_t n)
{
	char host[HOST_NAME_MAX + 1] = "";
	if (gethostname(host, sizeof(host) - 1) < 0)
		*host = 0;
	block_block_session_set_id(b, (struct vat_data){id, (uint32_t)n});
	block_block_session_set_client(b, vat_str(host));
}

int block_connect(struct client *c, struct block_block_device_c device, const void *session,
	size_t n, struct block_connection *ret)
{
	struct block_connection b = {.fd = -EBADF};
	struct block_block_device_nbd_setup_req q =
		block_block_device_nbd_setup(c->loop.vat, device);
	fill_session(block_block_device_nbd_setup_params_init_session(q.params), session, n);
	AUTO_REPLY reply = {};
	int r = client_call(c, q.call, &reply);
	if (r < 0)
		return r;
	struct block_block_device_nbd_setup_results_r p =
		block_block_device_nbd_setup_results_from(reply.results);
	struct vat_data epoch = block_block_device_nbd_setup_results_get_epoch(p);
	b.epoch_len = MIN((size_t)epoch.len, sizeof(b.epoch));
	if (b.epoch_len)
		memcpy(b.epoch, epoch.p, b.epoch_len);
	r = client_open_stream(
		c, block_block_device_nbd_setup_results_get_stream(p).cap, &b.fd, &b.end);
	if (r >= 0)
		*ret = b;
	return r;
}

static void on_session_ended(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	*(bool *)user = true;
}

void block_end_session(
	struct client *c, struct block_block_device_c device, const void *session, size_t n)
{
	bool done = false;
	struct block_block_device_end_session_req q =
		block_block_device_end_session(c->loop.vat, device);
	block_block_device_end_session_params_set_id(
		q.params, (struct vat_data){session, (uint32_t)n});
	vat_call_send(q.call, on_session_ended, &done);
	(void)client_wait(c, &done, END_SECONDS * UINT64_C(1000000));
	vat_call_free(q.call);
}

/* What every service answers to a reference that is void: see metac.capnp. */
bool block_is_revoked(const struct err *e)
{
	return strstr(e->msg, "no such reference") != NULL;
}

void block_connection_close(struct block_connection *b)
{
	stream_connection_unref(b->end);
	if (b->end.cap || b->fd > 0)
		fd_close(b->fd);
	*b = (struct block_connection){.fd = -EBADF};
}
