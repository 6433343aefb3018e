/* SPDX-License-Identifier: MIT */
/*
 * Requests to attach: what they ask for, whether that is possible, and what is there already.  See
 * attach.h.
 */
#include "base/log.h"
#include "svc/block/attach.h"
#include "svc/block/links.h"

#include <sodium.h>
#include <stdio.h>

enum { SOURCE_MAX = 500 };

struct attachment *attach_find_name(
	struct block_service *bs, const char *name, const struct attachment *but)
{
	list_for_each (it, &bs->attachments) {
		struct attachment *a = list_entry(it, struct attachment, link);
		if (a != but && a->state != ATTACH_ENDED && *a->name && !strcmp(a->name, name))
			return a;
	}
	return NULL;
}

static bool has_ref(struct block_attach_options_r o)
{
	struct metac_metac_sturdy_ref_r r = block_attach_options_get_reference(o);
	return metac_node_address_get_ip(metac_metac_sturdy_ref_get_node(r)).len > 0;
}

static int check_options(
	struct block_service *bs, const struct block_attach_request *q, struct err *e)
{
	struct vat_text name = block_attach_options_get_name(q->options);
	if (!q->device.cap && !has_ref(q->options))
		return err_set(e, -EINVAL, "nothing to attach");
	if (!name.len)
		return 0;
	if (!links_name_is_valid(name.s))
		return err_set(e, -EINVAL,
			"\"%s\" cannot be a name: 1 to %d letters, digits, \".\", \"_\" and \"-\"",
			name.s, ATTACH_NAME_MAX);
	if (attach_find_name(bs, name.s, NULL))
		return err_set(e, -EEXIST, "something is attached under that name already");
	return 0;
}

static void set_id(struct attachment *a, struct vat_text wanted)
{
	unsigned char id[(ATTACH_ID_SIZE - 1) / 2];
	randombytes_buf(id, sizeof(id));
	sodium_bin2hex(a->id, sizeof(a->id), id, sizeof(id));
	if (wanted.len == sizeof(a->id) - 1)
		memcpy(a->id, wanted.s, sizeof(a->id));
}

static int set_up(struct attachment *a, const struct block_attach_request *q, struct err *e)
{
	struct block_attach_options_r o = q->options;
	struct vat_text source = block_attach_options_get_source(o);
	AUTO(ref_free) struct ref *ref = NULL;
	int r = has_ref(o) ? ref_from_sturdy(block_attach_options_get_reference(o), &ref, e) : 0;
	if (r < 0)
		return r;
	a->front = front_choose(block_attach_options_get_transport(o).s, e);
	if (!a->front)
		return e->code;
	(void)snprintf(
		a->transport, sizeof(a->transport), "%s", block_attach_options_get_transport(o).s);
	(void)snprintf(a->name, sizeof(a->name), "%s", block_attach_options_get_name(o).s);
	a->read_only = a->read_only_asked = block_attach_options_get_read_only(o);
	a->timeout_s = block_attach_options_get_timeout(o);
	a->persistent = q->persistent;
	set_id(a, q->id);
	a->source = source.len ? strndup(source.s, SOURCE_MAX) : strdup("a remote block device");
	r = attach_file_new(o, &a->file);
	if (r >= 0)
		r = a->source ? attach_way_new(a, q->device.cap, TAKE_PTR(ref)) : -ENOMEM;
	return r < 0 ? err_errno(e, r, "new attachment") : 0;
}

static int attachment_new(struct block_service *bs, const struct block_attach_request *q,
	struct attachment **ret, struct err *e)
{
	if (bs->n_attachments >= BLOCK_ATTACHMENTS_MAX)
		return err_set(
			e, -EDQUOT, "too many attachments (limit %d)", BLOCK_ATTACHMENTS_MAX);
	struct attachment *a = calloc(1, sizeof(*a));
	if (!a)
		return err_errno(e, -ENOMEM, "new attachment");
	a->bs = bs;
	a->control = -EBADF;
	list_append(&bs->attachments, &a->link);
	bs->n_attachments++;
	int r = set_up(a, q, e);
	if (r < 0)
		attach_free(a);
	else
		*ret = a;
	return r;
}

/* ---- one that is there --------------------------------------------------------------------- */

/* What has come with the request is as good as what was lost, or better. */
static void revive(struct attachment *a, const struct block_attach_request *q)
{
	if (!q->device.cap || way_ref(a->way))
		return;
	way_set_object(a->way, q->device.cap);
	if (a->state == ATTACH_WAITING)
		way_open(a->way, false);
}

/* The persistence service wants back what it has lost, or brings what we have lost: answers ctx,
 * true if that is still there. */
static bool reclaim(
	struct block_service *bs, const struct block_attach_request *q, struct vat_ctx *ctx)
{
	list_for_each (it, &bs->attachments) {
		struct attachment *a = list_entry(it, struct attachment, link);
		bool there = a->state == ATTACH_UP || a->state == ATTACH_WAITING ||
			     a->state == ATTACH_GONE;
		if (!vat_text_is(q->id, a->id) || !there || a->ctx || a->freed)
			continue;
		struct block_attachment_c c = {vat_cap_ref(a->cap)};
		if (!a->cap) {
			c = block_attachment_serve(
				service_loop(bs->service)->vat, &attach_impl, a, attach_released);
			a->linger = c.cap ? sd_event_source_disable_unref(a->linger) : a->linger;
			a->orphan = false;
			a->cap = c.cap;
		}
		if (!c.cap)
			return false;
		struct block_block_service_admin_attach_ctx cx = {ctx};
		block_block_service_admin_attach_results_set_attachment(
			block_block_service_admin_attach_results(cx), c);
		revive(a, q);
		block_attachment_unref(c);
		vat_ctx_return(ctx);
		return true;
	}
	return false;
}

/* ---- requests ------------------------------------------------------------------------------ */

void block_service_attach(
	struct block_service *bs, const struct block_attach_request *q, struct vat_ctx *ctx)
{
	struct err e = {};
	struct attachment *a = NULL;
	if (q->id.len && reclaim(bs, q, ctx))
		return;
	int r = check_options(bs, q, &e);
	if (r >= 0)
		r = attachment_new(bs, q, &a, &e);
	if (r < 0) {
		struct vat_text name = block_attach_options_get_name(q->options);
		err_wrap(&e, r, "attach%s%s", name.len ? " " : "", name.s);
		service_fail(ctx, &e);
		return;
	}
	a->ctx = ctx;
	if (q->id.len && a->front->adopt)
		a->front->adopt(a);
	if (q->device.cap && !a->begun) {
		way_open(a->way, false);
		return;
	}
	/* Nothing in hand but a reference to another host, which may not be there now; or there is
	 * the device itself. */
	attach_set_state(a, ATTACH_WAITING, "not connected yet");
	if (a->begun && attach_link(a, &e) < 0)
		log_warning("%s: %s", attach_title(a), e.msg);
	if (attach_answer(a))
		way_open(a->way, false);
}

static bool is_listed(const struct attachment *a)
{
	return a->cap && a->state != ATTACH_ENDED;
}

void block_service_list(
	struct block_service *bs, struct block_block_service_admin_list_attachments_ctx cx)
{
	uint32_t n = 0, i = 0;
	list_for_each (it, &bs->attachments)
		n += is_listed(list_entry(it, struct attachment, link));
	struct vat_list_b l = block_block_service_admin_list_attachments_results_init_attachments(
		block_block_service_admin_list_attachments_results(cx), n);
	list_for_each (it, &bs->attachments) {
		struct attachment *a = list_entry(it, struct attachment, link);
		if (is_listed(a))
			vat_set_cap(vat_list_ptr_b(l, i++), a->cap);
	}
	vat_ctx_return(cx.ctx);
}
