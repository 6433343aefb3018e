/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: making entries.  With 9P2000.L.metac that is one request, whose answer is
 * the new entry; with plain 9P2000.L the entry is made and then looked up.
 *
 * None of it may be done twice.  A server that keeps a journal sees to that (f9_send_once).  When
 * it has lost it, or never had one, "it is there already" may be our own doing on a connection that
 * broke: then the entry is looked at, and counts as made by us if it is what we would have made,
 * and was not there before we began ("Not twice" in docs/9p2000.L.metac.md).
 */
#include "svc/fs/fuse/fuse9p-idmap.h"
#include "svc/fs/fuse/fuse9p-names.h"
#include "svc/fs/fuse/fuse9p-watch.h"

#include <fcntl.h>
#include <sys/sysmacros.h>

enum { DOUBT_SLACK_S = 2 }; /* how far the two clocks may differ */

/* As on a local file system: a directory with the set-group-id bit gives its group to what is made
 * in it. */
gid_t f9_create_gid(const struct f9_op *op)
{
	gid_t gid = op->node->mode & S_ISGID ? op->node->gid : op->gid;
	return f9_idmap_remote(op->fs->group_map, gid);
}

void f9_create_rights(struct f9_op *op)
{
	if (op->node->mode & S_ISGID)
		(void)f9_op_own_groups(op);
}

static void mask_mode(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (!error && !op->default_acl)
		op->mode &= ~(fuse_req_ctx(op->req)->umask & 0777u);
	op->main_then(op, error, NULL);
}

static void create_have_dir(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (error || !op->fs->masks || S_ISLNK(op->mode))
		op->main_then(op, error, NULL);
	else
		f9_xattr_default_acl(op, mask_mode);
}

void f9_create_dir(struct f9_op *op, f9_then then)
{
	op->main_then = then;
	f9_create_rights(op);
	f9_fid_own(op, op->node, &op->fid, create_have_dir);
}

/* ---- what is there already ---- */

static bool is_what_we_make(const struct f9_op *op, const struct p9_attr *a)
{
	if (op->node2)
		return f9_node_is(op->node2, a);
	uint64_t born = a->valid & P9_GETATTR_BTIME ? a->btime_sec : a->ctime_sec;
	return (a->mode & S_IFMT) == (op->mode & S_IFMT) &&
	       f9_idmap_local(op->fs->user_map, a->uid) == op->uid &&
	       born + DOUBT_SLACK_S >= op->first_sent_ns / 1000000000;
}

static void doubt_reply(struct f9_op *op, int error, const struct p9_msg *m)
{
	const struct p9_attr *a = error                   ? NULL
				  : m->type == P9_Rlookup ? &m->rlookup.attr
							  : &m->rgetattr;
	if (a && is_what_we_make(op, a))
		f9_entry_answer(op, a, 0);
	else
		f9_op_err(op, error ? error : -EEXIST);
}

static void doubt_walked(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (error) {
		f9_fid_unused(op);
		f9_op_err(op, error);
		return;
	}
	struct p9_msg m = {.type = P9_Tgetattr,
		.tgetattr = {.fid = op->newfid, .request_mask = P9_GETATTR_BASIC}};
	f9_send(op, &m, doubt_reply);
}

static void doubt(struct f9_op *op)
{
	if (!op->fs->metac) {
		f9_child_walk(op, doubt_walked);
		return;
	}
	struct p9_msg m = {.type = P9_Tlookup,
		.tlookup = {.dfid = op->fid->fid,
			.newfid = P9_NOFID,
			.name = f9_str(op->name),
			.request_mask = F9_ATTR_MASK | P9_GETATTR_BTIME}};
	f9_send(op, &m, doubt_reply);
}

/* ---- sending, and the answer ---- */

/* A directory made here is going to be filled from here. */
static void read_new_directory(const struct f9_op *op, const struct p9_attr *a)
{
	struct f9_node *n;
	if (op->newfid == P9_NOFID || f9_node_of_attr(op->fs, a, op->node, op->name, &n) < 0)
		return;
	f9_names_read(op->fs, n, op->newfid);
	f9_node_unref(op->fs, n);
}

static void made(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (error && op->newfid != P9_NOFID)
		f9_fid_unused(op);
	if (error == -EEXIST && op->doubted) {
		doubt(op);
		return;
	}
	if (error) {
		f9_op_err(op, error);
		return;
	}
	switch (m->type) {
	case P9_Rmakeat:
		f9_changed_to(op, op->node, &m->rmakeat.dir);
		read_new_directory(op, &m->rmakeat.attr);
		f9_entry_answer(op, &m->rmakeat.attr, 0);
		break;
	case P9_Rlinkat:
		f9_changed_to(op, op->node, &m->rlinkat.dir);
		f9_entry_answer(op, &m->rlinkat.attr, 0);
		break;
	default:
		op->must_exist = true;
		f9_entry_look(op);
	}
}

static void send_make(struct f9_op *op, const struct p9_msg *m)
{
	op->doubted |= op->in_doubt;
	f9_names_add(op->fs, op->node, op->name);
	f9_changes(op, op->node);
	f9_send_once(op, m, made);
}

static void makeat(struct f9_op *op)
{
	/* A server that answers from memory makes no fid. */
	if (S_ISDIR(op->mode) && !op->once_sent)
		(void)f9_fid_new(op);
	struct p9_msg m = {.type = P9_Tmakeat,
		.tmakeat = {.dfid = op->fid->fid,
			.newfid = op->newfid,
			.name = f9_str(op->name),
			.mode = op->mode,
			.major = major(op->rdev),
			.minor = minor(op->rdev),
			.gid = f9_create_gid(op),
			.target = f9_str(op->data),
			.request_mask = F9_ATTR_MASK | P9_GETATTR_NOXATTR}};
	send_make(op, &m);
}

static void make_plain(struct f9_op *op)
{
	uint32_t dfid = op->fid->fid, gid = f9_create_gid(op);
	struct p9_str name = f9_str(op->name);
	struct p9_msg m;
	if (S_ISDIR(op->mode))
		m = (struct p9_msg){.type = P9_Tmkdir,
			.tmkdir = {
				.dfid = dfid, .name = name, .mode = op->mode & 07777, .gid = gid}};
	else if (S_ISLNK(op->mode))
		m = (struct p9_msg){.type = P9_Tsymlink,
			.tsymlink = {
				.fid = dfid, .name = name, .symtgt = f9_str(op->data), .gid = gid}};
	else
		m = (struct p9_msg){.type = P9_Tmknod,
			.tmknod = {.dfid = dfid,
				.name = name,
				.mode = op->mode,
				.major = major(op->rdev),
				.minor = minor(op->rdev),
				.gid = gid}};
	send_make(op, &m);
}

static void make_have_fid(struct f9_op *op, int error, const struct p9_msg *reply)
{
	op->must_exist = false;
	if (error)
		f9_op_err(op, error);
	else if (op->fs->metac)
		makeat(op);
	else
		make_plain(op);
}

static void make_start(struct f9_op *op)
{
	f9_create_dir(op, make_have_fid);
}

/* ---- the requests ---- */

void f9_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
	struct f9_op *op = f9_op_new_change(req, parent);
	if (!op || !f9_op_name(op, name))
		return;
	op->mode = mode & S_IFMT ? mode : mode | S_IFREG;
	op->rdev = rdev;
	f9_op_begin(op, make_start);
}

void f9_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	struct f9_op *op = f9_op_new_change(req, parent);
	if (!op || !f9_op_name(op, name))
		return;
	op->mode = S_IFDIR | (mode & 07777);
	f9_op_begin(op, make_start);
}

void f9_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	struct f9_op *op = f9_op_new_change(req, parent);
	if (!op || !f9_op_name(op, name))
		return;
	op->mode = S_IFLNK | 0777;
	op->data = strdup(target);
	if (!op->data)
		f9_op_err(op, -ENOMEM);
	else
		f9_op_begin(op, make_start);
}

/* op->node is the directory, op->node2 what gets another name. */
static void link_send(struct f9_op *op, uint32_t fid)
{
	struct p9_msg m = {.type = op->fs->metac ? P9_Tlinkat : P9_Tlink};
	if (op->fs->metac) {
		m.tlinkat.dfid = op->fid->fid;
		m.tlinkat.fid = fid;
		m.tlinkat.name = f9_str(op->name);
		m.tlinkat.request_mask = F9_ATTR_MASK;
	} else {
		m.tlink.dfid = op->fid->fid;
		m.tlink.fid = fid;
		m.tlink.name = f9_str(op->name);
	}
	send_make(op, &m);
}

static void link_have_both(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (error)
		f9_op_err(op, error);
	else
		link_send(op, op->fid2->fid);
}

/* A file without a name (O_TMPFILE) is reached through its descriptor alone. */
static const struct f9_handle *nameless(const struct f9_op *op)
{
	const struct f9_node *n = op->node2;
	if (!op->fs->metac || n->parent || !list_empty(&n->fids))
		return NULL;
	list_for_each (it, &n->handles) {
		const struct f9_handle *h = list_entry(it, struct f9_handle, on_node);
		if (!h->error && h->fid != P9_NOFID)
			return h;
	}
	return NULL;
}

static void link_have_dir(struct f9_op *op, int error, const struct p9_msg *reply)
{
	op->must_exist = false;
	const struct f9_handle *h = error ? NULL : nameless(op);
	if (error)
		f9_op_err(op, error);
	else if (h)
		link_send(op, h->fid);
	else
		f9_fid_own(op, op->node2, &op->fid2, link_have_both);
}

static void link_start(struct f9_op *op)
{
	f9_fid_own(op, op->node, &op->fid, link_have_dir);
}

void f9_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t newparent, const char *newname)
{
	struct f9_op *op = f9_op_new_change(req, newparent);
	if (!op || !f9_op_name(op, newname))
		return;
	op->node2 = f9_node_ref(f9_node_of(op->fs, ino));
	f9_op_begin(op, link_start);
}
