/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: what is kept of open files beyond the descriptor: the first bytes that came
 * with an opening (a "head"), until they are read, and files that nobody has open any more but that
 * are likely to be opened again (idle handles), in the order in which they were closed.  Both are
 * bounded, the oldest go first; both go when the server tells of a change, and with the connection.
 */
#include "svc/fs/fuse/fuse9p-kept.h"
#include "svc/fs/fuse/fuse9p-watch.h"

#include <fcntl.h>

struct f9_kept {
	struct list idle; /* struct f9_handle, the longest closed first */
	unsigned n_idle;
	struct list heads; /* struct f9_head, the oldest first */
	size_t head_bytes;
};

struct f9_head {
	struct list link;
	struct f9_handle *h;
	uint64_t at_ms;
	size_t len;
	bool whole; /* the file ends here */
	uint8_t data[];
};

/* ---- heads ---- */

void f9_head_drop(struct f9 *fs, struct f9_handle *h)
{
	struct f9_head *head = TAKE_PTR(h->head);
	if (!head)
		return;
	list_unlink(&head->link);
	fs->kept_open->head_bytes -= head->len;
	free(head);
}

void f9_head_keep(struct f9 *fs, struct f9_handle *h, const struct p9_data *data, uint32_t count)
{
	struct f9_kept *o = fs->kept_open;
	assert(!h->head);
	if (!count)
		return;
	struct f9_head *head = malloc(sizeof(*head) + data->len);
	if (!head)
		return; /* it can be read again */
	*head = (struct f9_head){
		.h = h, .at_ms = f9_now_ms(), .len = data->len, .whole = data->len < count};
	if (data->len)
		memcpy(head->data, data->p, data->len);
	h->head = head;
	list_append(&o->heads, &head->link);
	o->head_bytes += head->len;
	while (o->head_bytes > F9_HEAD_BYTES)
		f9_head_drop(fs, list_entry(o->heads.next, struct f9_head, link)->h);
}

bool f9_head_read(struct f9 *fs, struct f9_handle *h, uint64_t offset, size_t size,
	const void **ret_p, size_t *ret_n)
{
	const struct f9_head *head = h->head;
	if (!head)
		return false;
	bool believed = h->watched ? f9_unchanged_since(fs, h->node, h->since)
				   : f9_now_ms() - head->at_ms < F9_HEAD_MS;
	if (!believed || (!head->whole && (offset > head->len || size > head->len - offset))) {
		f9_head_drop(fs, h);
		return false;
	}
	*ret_n = offset < head->len ? MIN(size, head->len - (size_t)offset) : 0;
	*ret_p = head->data + MIN(offset, (uint64_t)head->len);
	return true;
}

/* ---- handles that nobody has open ---- */

static void idle_drop(struct f9 *fs, struct f9_handle *h)
{
	list_unlink(&h->idle_on_fs);
	list_unlink(&h->on_node);
	fs->kept_open->n_idle--;
	f9_handle_free(fs, h);
}

static void idle_trim(struct f9 *fs, unsigned most)
{
	struct f9_kept *o = fs->kept_open;
	while (o->n_idle > most)
		idle_drop(fs, list_entry(o->idle.next, struct f9_handle, idle_on_fs));
}

static bool believed(const struct f9 *fs, const struct f9_handle *h)
{
	return h->watched && f9_unchanged_since(fs, h->node, h->since);
}

bool f9_idle_keep(struct f9 *fs, struct f9_handle *h)
{
	bool plain = fs->metac && !fs->down && !h->error && !h->n_chunks && h->node->parent &&
		     !(h->node->qid.type & P9_QTDIR);
	if (!plain || (h->flags & (O_ACCMODE | O_TRUNC | O_DIRECT | O_APPEND)) != O_RDONLY ||
		!believed(fs, h))
		return false;
	f9_head_drop(fs, h);
	f9_owners_free(h->node, h);
	list_unlink(&h->on_node);
	list_unlink(&h->on_fs);
	list_append(&h->node->idle, &h->on_node);
	list_append(&fs->kept_open->idle, &h->idle_on_fs);
	h->idle_ms = f9_now_ms();
	fs->kept_open->n_idle++;
	idle_trim(fs, F9_IDLE);
	return true;
}

struct f9_handle *f9_idle_take(struct f9 *fs, struct f9_node *n, uid_t uid, int flags)
{
	list_for_each_safe (it, &n->idle) {
		struct f9_handle *h = list_entry(it, struct f9_handle, on_node);
		if (h->uid != uid || h->flags != flags)
			continue;
		if (!believed(fs, h)) {
			idle_drop(fs, h);
			return NULL; /* n may have gone with it, but for the kernel's hold */
		}
		list_unlink(&h->idle_on_fs);
		list_unlink(&h->on_node);
		fs->kept_open->n_idle--;
		list_append(&n->handles, &h->on_node);
		list_append(&fs->handles, &h->on_fs);
		return h;
	}
	return NULL;
}

void f9_kept_drop(struct f9 *fs, struct f9_node *n)
{
	list_for_each (it, &n->handles)
		f9_head_drop(fs, list_entry(it, struct f9_handle, on_node));
	if (list_empty(&n->idle))
		return;
	f9_node_ref(n);
	while (!list_empty(&n->idle))
		idle_drop(fs, list_entry(n->idle.next, struct f9_handle, on_node));
	f9_node_unref(fs, n);
}

/* The server told of a change. Nodes must stay while it is told: what would let go of one is the
 * next to be closed by f9_kept_run(). */
static void changed(struct f9 *fs, struct f9_node *n)
{
	struct f9_kept *o = fs->kept_open;
	list_for_each (it, n ? &n->idle : &o->idle) {
		struct f9_handle *h = n ? list_entry(it, struct f9_handle, on_node)
					: list_entry(it, struct f9_handle, idle_on_fs);
		h->idle_ms = 0;
		if (!n)
			continue;
		list_unlink(&h->idle_on_fs);
		list_insert_before(o->idle.next, &h->idle_on_fs);
	}
}

/* ---- the whole ---- */

int f9_kept_init(struct f9 *fs)
{
	struct f9_kept *o = calloc(1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	list_init(&o->idle);
	list_init(&o->heads);
	fs->kept_open = o;
	return 0;
}

void f9_kept_start(struct f9 *fs)
{
	f9_watch_listen(fs, changed);
}

void f9_kept_suspend(struct f9 *fs)
{
	struct f9_kept *o = fs->kept_open;
	idle_trim(fs, 0);
	while (!list_empty(&o->heads))
		f9_head_drop(fs, list_entry(o->heads.next, struct f9_head, link)->h);
}

int f9_kept_run(struct f9 *fs)
{
	struct f9_kept *o = fs->kept_open;
	while (!list_empty(&o->idle)) {
		struct f9_handle *h = list_entry(o->idle.next, struct f9_handle, idle_on_fs);
		uint64_t age = f9_now_ms() - h->idle_ms;
		if (age < F9_IDLE_MS)
			return (int)(F9_IDLE_MS - age);
		idle_drop(fs, h);
	}
	return -1;
}

void f9_kept_done(struct f9 *fs)
{
	if (!fs->kept_open)
		return;
	f9_kept_suspend(fs);
	free(TAKE_PTR(fs->kept_open));
}
