/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: a node keeps the fids that requests walked to, one for each user (and group
 * set, see f9_cred) who came by, for the next request; the oldest that nobody is using are clunked
 * when there are too many (the server holds a descriptor for each).  A node without a fid is walked
 * to again, by names, from the nearest directory above it that has one, in the end from the root,
 * where a user's first fid comes from an attach.  The qid found there must be the node's, else the
 * answer is ESTALE, on which the kernel looks the path up anew.
 *
 * A node whose name is gone (removed, but still open or in use) can only be reached by the fids it
 * has, whoever's they are; those are not clunked.
 */
#include "svc/fs/fuse/fuse9p.h"

/* ---- cached fids ---- */

static void fid_free(struct f9 *fs, struct f9_fid *f)
{
	list_unlink(&f->lru);
	list_unlink(&f->on_node);
	p9_client_clunk(fs->client, f->fid);
	f9_cred_unref(fs, f->cred);
	fs->n_fids--;
	free(f);
}

void f9_fid_drop_all(struct f9 *fs, struct f9_node *n)
{
	list_for_each_safe (it, &n->fids)
		fid_free(fs, list_entry(it, struct f9_fid, on_node));
}

/* Those that an operation has pinned go when it lets them go. */
void f9_fid_lost(struct f9 *fs)
{
	while (!list_empty(&fs->lru))
		fid_free(fs, list_entry(fs->lru.next, struct f9_fid, lru));
	list_for_each (it, &fs->pinned)
		list_unlink(&list_entry(it, struct f9_fid, lru)->on_node);
}

void f9_fids_trim(struct f9 *fs, unsigned most)
{
	list_for_each_safe (it, &fs->lru) {
		if (fs->n_fids <= most)
			return;
		struct f9_fid *f = list_entry(it, struct f9_fid, lru);
		if (f->node->parent)
			fid_free(fs, f);
	}
}

static struct f9_fid *fid_find(struct f9_node *n, const struct f9_cred *cred, bool any)
{
	struct f9_fid *found = NULL;
	list_for_each (it, &n->fids) {
		struct f9_fid *f = list_entry(it, struct f9_fid, on_node);
		if (f->cred == cred)
			return f;
		if (any)
			found = f;
	}
	return found;
}

static struct f9_fid *fid_pin(struct f9 *fs, struct f9_fid *f)
{
	if (f->pins++ == 0) {
		list_unlink(&f->lru);
		list_append(&fs->pinned, &f->lru);
	}
	return f;
}

void f9_fid_unpin(struct f9 *fs, struct f9_fid *f)
{
	if (!f)
		return;
	assert(f->pins > 0);
	if (--f->pins > 0)
		return;
	list_unlink(&f->lru);
	if (list_empty(&f->on_node)) /* of a connection that was lost meanwhile */
		fid_free(fs, f);
	else
		list_append(&fs->lru, &f->lru);
}

static struct f9_fid *fid_add(struct f9 *fs, struct f9_node *n, struct f9_cred *cred, uint32_t fid)
{
	struct f9_fid *f = cred ? calloc(1, sizeof(*f)) : NULL;
	if (!f)
		return NULL;
	*f = (struct f9_fid){.node = n, .cred = f9_cred_ref(cred), .fid = fid};
	list_append(&n->fids, &f->on_node);
	list_init(&f->lru);
	list_append(&fs->lru, &f->lru);
	fs->n_fids++;
	return f;
}

void f9_fid_adopt_cred(struct f9 *fs, struct f9_node *n, struct f9_cred *cred, uint32_t fid)
{
	if (fid_find(n, cred, false) || !fid_add(fs, n, cred, fid))
		p9_client_clunk(fs->client, fid);
	f9_fids_trim(fs, F9_MAX_FIDS);
}

void f9_fid_adopt(struct f9 *fs, struct f9_node *n, uid_t uid, uint32_t fid)
{
	struct f9_cred *cred = f9_cred_of(fs, uid, uid);
	f9_fid_adopt_cred(fs, n, cred, fid);
	f9_cred_unref(fs, cred);
}

int f9_fid_new(struct f9_op *op)
{
	assert(op->newfid == P9_NOFID);
	return p9_client_fid_new(op->fs->client, &op->newfid);
}

void f9_fid_unused(struct f9_op *op)
{
	if (op->newfid != P9_NOFID)
		p9_client_fid_drop(op->fs->client, op->newfid);
	op->newfid = P9_NOFID;
}

uint32_t f9_fid_at_hand(struct f9_op *op, const struct fuse_file_info *fi)
{
	const struct f9_handle *h = fi ? (const struct f9_handle *)(uintptr_t)fi->fh : NULL;
	if (h && !h->error && h->fid != P9_NOFID)
		return h->fid;
	const struct f9_fid *f = fid_find(op->node, f9_op_cred(op), !op->strict);
	op->borrowed = f && f->cred != op->cred;
	if (f)
		return f->fid;
	list_for_each (it, &op->node->handles) {
		h = list_entry(it, struct f9_handle, on_node);
		op->borrowed = h->cred != op->cred;
		if (!h->error && h->fid != P9_NOFID && (!op->borrowed || !op->strict))
			return h->fid;
	}
	return P9_NOFID;
}

/* ---- walking ---- */

static void walk_step(struct f9_op *op);

/* The walk is over; op->newfid is there if error is 0. */
static void walk_end(struct f9_op *op, int error)
{
	for (unsigned i = 0; i < op->n_chain; i++)
		f9_node_unref(op->fs, op->chain[i]);
	free(TAKE_PTR(op->chain));
	op->n_chain = op->chain_at = 0;
	f9_fid_unpin(op->fs, TAKE_PTR(op->walk_from));
	f9_then then = op->walk_then;
	op->walk_then = NULL;
	/* The server has too many open: next time there will be room. */
	if (error == -EMFILE || error == -ENFILE)
		f9_fids_trim(op->fs, op->fs->n_fids / 2);
	then(op, error, NULL);
}

static void walk_replied(struct f9_op *op, int error, const struct p9_msg *m)
{
	bool first = op->chain_at == 0;
	unsigned n = MIN(op->n_chain - op->chain_at, (unsigned)P9_MAX_WALK);
	if (!error && m->rwalk.nwqid < n)
		error = -ESTALE;
	if (!error && n > 0 && op->chain_at + n == op->n_chain &&
		m->rwalk.wqid[n - 1].path != op->chain[op->n_chain - 1]->qid.path)
		error = -ESTALE;
	bool exists = m && m->type == P9_Rwalk && m->rwalk.nwqid == n;
	if (error) {
		if (first && !exists)
			f9_fid_unused(op);
		else
			p9_client_clunk(op->fs->client, op->newfid);
		op->newfid = P9_NOFID;
		walk_end(op, error == -ENOENT ? -ESTALE : error);
		return;
	}
	op->chain_at += n;
	if (op->chain_at == op->n_chain)
		walk_end(op, 0);
	else
		walk_step(op);
}

/* The next 16 names at most. */
static void walk_step(struct f9_op *op)
{
	struct p9_msg m = {.type = P9_Twalk};
	m.twalk.fid = op->chain_at ? op->newfid : op->walk_from->fid;
	m.twalk.newfid = op->newfid;
	unsigned n = MIN(op->n_chain - op->chain_at, (unsigned)P9_MAX_WALK);
	for (unsigned i = 0; i < n; i++)
		m.twalk.wname[i] = f9_str(op->chain[op->chain_at + i]->name);
	m.twalk.nwname = (uint16_t)n;
	f9_send(op, &m, walk_replied);
}

static void walk_begin(struct f9_op *op)
{
	int r = f9_fid_new(op);
	if (r < 0)
		walk_end(op, r);
	else
		walk_step(op);
}

static void walk_attached(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (error) {
		f9_fid_unused(op);
		walk_end(op, error);
		return;
	}
	uint32_t fid = op->newfid;
	op->newfid = P9_NOFID;
	struct f9_fid *f = fid_find(op->fs->root, op->cred, false);
	if (f) {
		p9_client_clunk(op->fs->client, fid);
	} else {
		f = fid_add(op->fs, op->fs->root, op->cred, fid);
		if (!f) {
			p9_client_clunk(op->fs->client, fid);
			walk_end(op, -ENOMEM);
			return;
		}
	}
	op->walk_from = fid_pin(op->fs, f);
	walk_begin(op);
}

/* The user has been nowhere in this tree yet. */
static void walk_attach(struct f9_op *op)
{
	struct p9_msg m;
	int r = f9_fid_new(op);
	if (r < 0) {
		walk_end(op, r);
		return;
	}
	f9_cred_attach(op->fs, op->cred, op->newfid, &m);
	f9_send(op, &m, walk_attached);
}

/*
 * Finds from where to walk to n: the nearest of it (or, by_name, only of the directories above)
 * that has a fid of op's user.  Returns 0 with *ret set (NULL: attach first) and the depth, or
 * -ESTALE when a name is missing.
 */
static int walk_origin(
	struct f9_op *op, struct f9_node *n, bool by_name, struct f9_fid **ret, unsigned *ret_depth)
{
	unsigned depth = 0;
	for (; depth < F9_MAX_DEPTH; n = n->parent, depth++) {
		bool passed_over = by_name && depth == 0 && n->parent;
		struct f9_fid *f = passed_over ? NULL : fid_find(n, op->cred, false);
		if (f || n == op->fs->root) {
			*ret = f;
			*ret_depth = depth;
			return 0;
		}
		if (!n->parent)
			break;
	}
	return -ESTALE;
}

static int walk_chain(struct f9_op *op, struct f9_node *n, unsigned depth)
{
	if (!depth)
		return 0;
	op->chain = calloc(depth, sizeof(struct f9_node *));
	if (!op->chain)
		return -ENOMEM;
	op->n_chain = depth;
	for (unsigned i = depth; i-- > 0; n = n->parent)
		op->chain[i] = f9_node_ref(n);
	return 0;
}

static void walk(struct f9_op *op, struct f9_node *n, bool by_name, f9_then then)
{
	struct f9_fid *from = NULL;
	unsigned depth = 0;
	int r = f9_op_cred(op) ? walk_origin(op, n, by_name, &from, &depth) : -ENOMEM;
	if (r == -ESTALE && (from = fid_find(n, op->cred, true)))
		r = 0; /* no way by names: as whoever has been there */
	if (r >= 0)
		r = walk_chain(op, n, depth);
	op->walk_then = then;
	if (r < 0) {
		walk_end(op, r);
	} else if (from) {
		op->walk_from = fid_pin(op->fs, from);
		walk_begin(op);
	} else {
		walk_attach(op);
	}
}

void f9_fid_walk(struct f9_op *op, struct f9_node *n, f9_then then)
{
	walk(op, n, false, then);
}

void f9_fid_walk_name(struct f9_op *op, struct f9_node *n, f9_then then)
{
	walk(op, n, true, then);
}

/* ---- walking ahead ---- */

struct fetch {
	struct f9 *fs;
	struct f9_node *node;
	struct f9_cred *cred;
	uint32_t fid;
};

static void fetched(void *user, int error, const struct p9_msg *m)
{
	struct fetch *t = user;
	struct f9 *fs = t->fs;
	if (error)
		p9_client_fid_drop(fs->client, t->fid);
	else if (m->rwalk.nwqid == 1 && m->rwalk.wqid[0].path == t->node->qid.path)
		f9_fid_adopt_cred(fs, t->node, t->cred, t->fid);
	else
		p9_client_clunk(fs->client, t->fid);
	f9_node_unref(fs, t->node);
	f9_cred_unref(fs, t->cred);
	free(t);
}

void f9_fid_fetch(struct f9 *fs, struct f9_node *n, struct f9_cred *cred, uint32_t fid)
{
	struct fetch *t = n->name && !fid_find(n, cred, false) ? calloc(1, sizeof(*t)) : NULL;
	if (!t || p9_client_fid_new(fs->client, &t->fid) < 0) {
		free(t);
		return;
	}
	t->fs = fs;
	t->node = f9_node_ref(n);
	t->cred = f9_cred_ref(cred);
	struct p9_msg m = {.type = P9_Twalk,
		.twalk = {.fid = fid, .newfid = t->fid, .nwname = 1, .wname = {f9_str(n->name)}}};
	int r = p9_client_request(fs->client, &m, fetched, t);
	if (r < 0)
		fetched(t, r, NULL);
}

/* ---- shared fids ---- */

static void fid_walked(struct f9_op *op, int error, const struct p9_msg *m)
{
	struct f9_node *n = TAKE_PTR(op->walk_node);
	f9_then then = op->got;
	if (!error) {
		uint32_t fid = op->newfid;
		op->newfid = P9_NOFID;
		struct f9_fid *f = fid_find(n, op->cred, false);
		if (f)
			p9_client_clunk(op->fs->client, fid);
		else
			f = fid_add(op->fs, n, op->cred, fid);
		if (f) {
			*op->walk_slot = fid_pin(op->fs, f);
			f9_fids_trim(op->fs, F9_MAX_FIDS);
		} else {
			p9_client_clunk(op->fs->client, fid);
			error = -ENOMEM;
		}
	}
	f9_node_unref(op->fs, n);
	then(op, error, NULL);
}

static void fid_get(
	struct f9_op *op, struct f9_node *n, bool any, struct f9_fid **slot, f9_then then)
{
	struct f9_fid *f = fid_find(n, f9_op_cred(op), any && !op->strict);
	if (!f && n != op->fs->root && !n->parent)
		f = fid_find(n, op->cred, true);
	if (f) {
		*slot = fid_pin(op->fs, f);
		then(op, 0, NULL);
		return;
	}
	op->walk_node = f9_node_ref(n);
	op->walk_slot = slot;
	op->got = then;
	f9_fid_walk(op, n, fid_walked);
}

void f9_fid_own(struct f9_op *op, struct f9_node *n, struct f9_fid **slot, f9_then then)
{
	fid_get(op, n, false, slot, then);
}

void f9_fid_any(struct f9_op *op, struct f9_node *n, struct f9_fid **slot, f9_then then)
{
	fid_get(op, n, true, slot, then);
}
