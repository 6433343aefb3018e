/* SPDX-License-Identifier: MIT */
/*
 * The way (core/way.h) of an attachment: it leads to an NBD connection of one session.  With the
 * stream comes the epoch, which tells whether the other machine was restarted.  And the size of
 * what is attached, which is followed as long as it is connected.
 */
#include "base/log.h"
#include "svc/block/attach.h"

#include <sodium.h>

static struct vat *vat_of(const struct attachment *a)
{
	return service_loop(a->bs->service)->vat;
}

static struct block_block_device_c device_of(const struct attachment *a)
{
	return block_block_device_cast(way_object(a->way));
}

/* ---- a connection -------------------------------------------------------------------------- */

static void on_setup(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct attachment *a = user;
	if (err) {
		way_fail_vat(a->way, err);
		return;
	}
	struct block_block_device_nbd_setup_results_r r =
		block_block_device_nbd_setup_results_from(results);
	struct vat_data epoch = block_block_device_nbd_setup_results_get_epoch(r);
	struct vat_cap *stream = block_block_device_nbd_setup_results_get_stream(r).cap;
	if (epoch.len > sizeof(a->epoch) || !stream) {
		way_fail_code(a->way, -EPROTO, "what the other side offers");
		return;
	}
	a->epoch_len = epoch.len;
	if (epoch.len)
		memcpy(a->epoch, epoch.p, epoch.len);
	int k = way_stream(a->way, stream);
	if (k < 0)
		way_fail_code(a->way, k, "open the stream");
}

/* A new reference to what is asked, which is the read-only view where that is wanted. */
static struct block_block_device_c view_of(struct attachment *a, struct vat_cap *object)
{
	struct block_block_device_c device = block_block_device_cast(object);
	if (!a->read_only_asked)
		return block_block_device_ref(device);
	struct block_block_device_readonly_req q = block_block_device_readonly(vat_of(a), device);
	if (!q.call)
		return (struct block_block_device_c){};
	block_block_device_readonly_send(q, NULL, NULL);
	device = block_block_device_readonly_pipe_device(q.call);
	vat_call_detach(q.call);
	return device;
}

static int ask(void *user, struct way *way, struct vat_cap *object, bool local)
{
	struct attachment *a = user;
	char host[65] = "";
	struct block_block_device_c device = view_of(a, object);
	if (!device.cap)
		return -ENOMEM;
	struct block_block_device_nbd_setup_req q = block_block_device_nbd_setup(vat_of(a), device);
	block_block_device_unref(device);
	if (!q.call)
		return -ENOMEM;
	struct block_block_session_b s = block_block_device_nbd_setup_params_init_session(q.params);
	(void)gethostname(host, sizeof(host) - 1);
	block_block_session_set_id(s, (struct vat_data){a->session, sizeof(a->session)});
	block_block_session_set_client(s, vat_str(host));
	a->used = true;
	way_call(way, q.call);
	block_block_device_nbd_setup_send(q, on_setup, a);
	return 0;
}

static struct vat_cap *narrow(void *user, struct vat_cap *takes_object)
{
	struct attachment *a = user;
	return attach_file_open(a->file, vat_of(a), takes_object);
}

/* ---- its size ------------------------------------------------------------------------------ */

static int on_size_time(sd_event_source *source, uint64_t usec, void *user)
{
	struct attachment *a = user;
	a->size_timer = sd_event_source_disable_unref(a->size_timer);
	attach_way_watch_size(a);
	return 0;
}

static void on_size(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct attachment *a = user;
	uint64_t size = err ? 0
			    : block_block_device_size_changed_results_get_size(
				      block_block_device_size_changed_results_from(results));
	vat_call_free(TAKE_PTR(a->size_call));
	if (err || a->state != ATTACH_UP)
		return; /* asked again when it is connected again */
	if (size != a->export.size && size <= INT64_MAX) {
		log_peer(LOG_INFO, "%s: %llu bytes now, %llu before", attach_title(a),
			(unsigned long long)size, (unsigned long long)a->export.size);
		a->export.size = size;
		a->front->resize(a);
	}
	/* Whoever answers without end does not keep us busy with that. */
	(void)sd_event_add_time_relative(service_loop(a->bs->service)->event, &a->size_timer,
		CLOCK_MONOTONIC, ATTACH_SIZE_US, 0, on_size_time, a);
}

void attach_way_watch_size(struct attachment *a)
{
	struct block_block_device_c device = device_of(a);
	vat_call_free(TAKE_PTR(a->size_call));
	a->size_timer = sd_event_source_disable_unref(a->size_timer);
	if (!device.cap)
		return;
	struct block_block_device_size_changed_req q =
		block_block_device_size_changed(vat_of(a), device);
	a->size_call = q.call;
	if (!q.call)
		return;
	block_block_device_size_changed_params_set_known(q.params, a->export.size);
	block_block_device_size_changed_send(q, on_size, a);
}

/* ---- life ---------------------------------------------------------------------------------- */

int attach_way_new(struct attachment *a, struct vat_cap *device, struct ref *takes_ref)
{
	randombytes_buf(a->session, sizeof(a->session));
	struct way_config cfg = {
		.loop = service_loop(a->bs->service),
		.service = a->bs->service,
		.object = device,
		.ref = takes_ref,
		.what = "what is attached",
		.narrow = narrow,
		.ask = ask,
		.opened = attach_on_opened,
		.missed = attach_on_missed,
		.user = a,
	};
	a->way = way_new(&cfg);
	return a->way ? 0 : -ENOMEM;
}

void attach_way_end(struct attachment *a)
{
	struct block_block_device_c device = {};
	if (a->way)
		device = device_of(a);
	if (!a->used || !device.cap)
		return;
	a->used = false;
	struct block_block_device_end_session_req q =
		block_block_device_end_session(vat_of(a), device);
	if (!q.call)
		return;
	block_block_device_end_session_params_set_id(
		q.params, (struct vat_data){a->session, sizeof(a->session)});
	block_block_device_end_session_send(q, NULL, NULL);
	vat_call_detach(q.call);
}

void attach_way_new_session(struct attachment *a)
{
	attach_way_end(a);
	randombytes_buf(a->session, sizeof(a->session));
}
