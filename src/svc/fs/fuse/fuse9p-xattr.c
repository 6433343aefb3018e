/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: with 9P2000.L.metac an attribute is read, written or removed by one request.
 * Plain 9P reads one by walking to it (Txattrwalk answers with its size and makes a fid to read
 * from) and writes one by turning a copy of the file's fid into it (Txattrcreate), writing the
 * value and clunking, where Rclunk says whether it worked.  Removing is writing nothing where the
 * protocol has no other way (as v9fs does it).
 *
 * Programs (ls, cp, tar) ask for a few well-known attributes of each file, which hardly any has.
 * Which of these a node has not is remembered as long as its attributes are believed; a server of
 * ours says it along with the attributes.  What these are when they are there is always asked.
 *
 * Access control lists have users in them: these are mapped (fuse9p-idmap.h).
 */
#include "svc/fs/fuse/fuse9p-idmap.h"
#include "svc/fs/fuse/fuse9p-watch.h"

#include <sys/xattr.h>

/* ---- what is not there ---- */

#define NO_LIST (1u << 31) /* the list is empty */
#define NO_USER (1u << 30) /* and so are all of user.* */
#define NOTHING UINT32_MAX

enum { BELIEVED_MS = 1000 };

static const char *const well_known[] = {
	"security.capability",
	"security.selinux",
	"security.ima",
	"security.evm",
	"security.SMACK64",
	"system.posix_acl_access",
	"system.posix_acl_default",
};

static uint32_t bit_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(well_known); i++)
		if (!strcmp(name, well_known[i]))
			return 1u << i;
	return strncmp(name, "user.", 5) ? 0 : NO_USER;
}

static bool is_acl(const char *name)
{
	return name && !strncmp(name, "system.posix_acl_", 17);
}

static bool is_known_absent(const struct f9 *fs, const struct f9_node *n, uint32_t bit)
{
	bool still = f9_watched(fs, n) ? f9_unchanged_since(fs, n, n->no_xattr_asked)
				       : f9_now_ms() - n->no_xattr_ms < BELIEVED_MS;
	return n->no_xattr & bit && still;
}

static void absent(struct f9 *fs, struct f9_node *n, uint32_t bits, uint64_t asked)
{
	/* What was remembered before holds from the earlier time on. */
	if (!is_known_absent(fs, n, NOTHING)) {
		n->no_xattr = 0;
		n->no_xattr_asked = asked;
		n->no_xattr_ms = f9_now_ms();
	}
	n->no_xattr |= bits;
}

void f9_xattr_none(struct f9 *fs, struct f9_node *n, uint64_t asked)
{
	n->no_xattr = 0;
	absent(fs, n, NOTHING, asked);
}

/* ---- reading: one request ---- */

/* The value is in op->data. */
static void get_answer(struct f9_op *op, size_t n)
{
	const struct f9 *fs = op->fs;
	if (is_acl(op->name) && (fs->user_map || fs->group_map) &&
		f9_idmap_acl(fs->user_map, fs->group_map, false, op->data, n) < 0) {
		f9_op_err(op, -EIO);
		return;
	}
	fuse_reply_buf(op->req, op->data, n);
	f9_op_free(op);
}

static void remember(struct f9_op *op, int error, uint64_t size)
{
	bool list = !op->name;
	if (!list && error == -ENODATA)
		absent(op->fs, op->node, bit_of(op->name) & ~NO_USER, op->asked);
	else if (list && !error && !size)
		absent(op->fs, op->node, NOTHING, op->asked);
}

static void get_done(struct f9_op *op, int error, const struct p9_msg *m)
{
	uint32_t size = error ? 0 : m->rgetxattr.size;
	if (error == -EOPNOTSUPP && is_acl(op->name))
		error = -ENODATA;
	remember(op, error, size);
	if (!error && size > F9_MAX_XATTR)
		error = -E2BIG;
	if (!error && op->size && size > op->size)
		error = -ERANGE;
	if (!error && op->size && m->rgetxattr.data.len != size)
		error = -EIO;
	if (error) {
		f9_op_err(op, error);
		return;
	}
	if (!op->size) {
		fuse_reply_xattr(op->req, size);
		f9_op_free(op);
		return;
	}
	free(op->data);
	op->data = malloc(size ? size : 1);
	if (!op->data) {
		f9_op_err(op, -ENOMEM);
		return;
	}
	if (size)
		memcpy(op->data, m->rgetxattr.data.p, size);
	get_answer(op, size);
}

static void get_ask(struct f9_op *op)
{
	uint32_t room = p9_client_msize(op->fs->client) - P9_PLUS_HEADER;
	uint32_t count = (uint32_t)MIN(MIN(op->size, (size_t)F9_MAX_XATTR), (size_t)room);
	struct p9_msg m = {
		.type = P9_Tlistxattr, .tlistxattr = {.fid = op->fid->fid, .count = count}};
	if (op->name)
		m = (struct p9_msg){.type = P9_Tgetxattr,
			.tgetxattr = {
				.fid = op->fid->fid, .name = f9_str(op->name), .count = count}};
	f9_send(op, &m, get_done);
}

/* ---- reading: plain ---- */

static void get_read(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (!error) {
		size_t n = MIN((size_t)m->rread.data.len, op->n_data - op->offset);
		memcpy((uint8_t *)op->data + op->offset, m->rread.data.p, n);
		op->offset += n;
		if (n == 0)
			op->n_data = op->offset;
	}
	if (error) {
		f9_op_err(op, error);
		return;
	}
	if (op->offset == op->n_data) {
		get_answer(op, op->n_data);
		return;
	}
	size_t most = p9_client_payload_max(op->fs->client);
	struct p9_msg next = {.type = P9_Tread,
		.tread = {.fid = op->newfid,
			.offset = op->offset,
			.count = (uint32_t)MIN(op->n_data - op->offset, most)}};
	f9_send(op, &next, get_read);
}

static void get_walked(struct f9_op *op, int error, const struct p9_msg *m)
{
	uint64_t n = error ? 0 : m->rxattrwalk.size;
	if (error)
		f9_fid_unused(op);
	if (error == -EOPNOTSUPP && is_acl(op->name))
		error = -ENODATA;
	remember(op, error, n);
	if (!error && n > F9_MAX_XATTR)
		error = -E2BIG;
	if (!error && op->size && n > op->size)
		error = -ERANGE;
	if (error) {
		f9_op_err(op, error);
		return;
	}
	if (op->size == 0) {
		fuse_reply_xattr(op->req, (size_t)n);
		f9_op_free(op);
		return;
	}
	op->n_data = (size_t)n;
	op->offset = 0;
	free(op->data);
	op->data = calloc(1, n ? n : 1);
	if (!op->data) {
		f9_op_err(op, -ENOMEM);
		return;
	}
	if (n == 0) {
		fuse_reply_buf(op->req, op->data, 0);
		f9_op_free(op);
		return;
	}
	struct p9_msg first = {.type = P9_Tread,
		.tread = {.fid = op->newfid,
			.count = (uint32_t)MIN(
				op->n_data, (size_t)p9_client_payload_max(op->fs->client))}};
	f9_send(op, &first, get_read);
}

static void get_have_fid(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (!error && op->fs->metac) {
		get_ask(op);
		return;
	}
	if (!error)
		error = f9_fid_new(op);
	if (error) {
		f9_op_err(op, error);
		return;
	}
	struct p9_msg m = {.type = P9_Txattrwalk,
		.txattrwalk = {
			.fid = op->fid->fid, .newfid = op->newfid, .name = f9_str(op->name)}};
	f9_send(op, &m, get_walked);
}

/* Access control lists are what the kernel here decides with, whoever asks. (Where there are none
 * that is no error: the kernel would refuse.) */
static void get_start(struct f9_op *op)
{
	if (is_acl(op->name))
		f9_fid_any(op, op->node, &op->fid, get_have_fid);
	else
		f9_fid_own(op, op->node, &op->fid, get_have_fid);
}

/* ---- a directory's default access control list ---- */

static const char default_acl[] = "system.posix_acl_default";

static void default_acl_done(struct f9_op *op, int error, const struct p9_msg *m)
{
	struct f9_node *n = op->node;
	uint64_t size = error                     ? 0
			: m->type == P9_Rgetxattr ? m->rgetxattr.size
						  : m->rxattrwalk.size;
	if (error && op->newfid != P9_NOFID)
		f9_fid_unused(op);
	if (op->newfid != P9_NOFID)
		p9_client_clunk(op->fs->client, op->newfid);
	op->newfid = P9_NOFID;
	op->default_acl = size > 0;
	if (!size)
		absent(op->fs, n, bit_of(default_acl), op->asked);
	op->got(op, 0, NULL);
}

void f9_xattr_default_acl(struct f9_op *op, f9_then then)
{
	struct f9 *fs = op->fs;
	op->got = then;
	op->default_acl = false;
	if (is_known_absent(fs, op->node, bit_of(default_acl))) {
		then(op, 0, NULL);
		return;
	}
	struct p9_msg m = {.type = P9_Tgetxattr,
		.tgetxattr = {.fid = op->fid->fid, .name = f9_str(default_acl)}};
	if (!fs->metac) {
		int r = f9_fid_new(op);
		if (r < 0) {
			then(op, r, NULL);
			return;
		}
		m = (struct p9_msg){.type = P9_Txattrwalk,
			.txattrwalk = {.fid = op->fid->fid,
				.newfid = op->newfid,
				.name = f9_str(default_acl)}};
	}
	f9_send(op, &m, default_acl_done);
}

void f9_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
	struct f9 *fs = f9_of(req);
	if (is_known_absent(fs, f9_node_of(fs, ino), bit_of(name))) {
		fuse_reply_err(req, ENODATA);
		return;
	}
	struct f9_op *op = f9_op_new(req, ino);
	if (!op || !f9_op_name(op, name))
		return;
	op->size = size;
	f9_op_begin(op, get_start);
}

void f9_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
	struct f9 *fs = f9_of(req);
	if (is_known_absent(fs, f9_node_of(fs, ino), NO_LIST)) {
		if (size)
			fuse_reply_buf(req, NULL, 0);
		else
			fuse_reply_xattr(req, 0);
		return;
	}
	struct f9_op *op = f9_op_new(req, ino);
	if (!op)
		return;
	op->size = size;
	f9_op_begin(op, get_start);
}

/* ---- writing ---- */

static void change_done(struct f9_op *op, int error, const struct p9_msg *m)
{
	/* The first try was done, and the server has forgotten. */
	if (op->doubted && ((error == -EEXIST && op->flags == XATTR_CREATE) ||
				   (error == -ENODATA && op->removes)))
		error = 0;
	op->node->no_xattr = 0;
	f9_op_err(op, error);
}

static void change_have_fid(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (error) {
		f9_op_err(op, error);
		return;
	}
	struct p9_msg m = {.type = P9_Tremovexattr,
		.tremovexattr = {.fid = op->fid->fid, .name = f9_str(op->name)}};
	if (!op->removes)
		m = (struct p9_msg){.type = P9_Tsetxattr,
			.tsetxattr = {.fid = op->fid->fid,
				.name = f9_str(op->name),
				.flags = (uint32_t)op->flags,
				.data = {op->data, (uint32_t)op->n_data}}};
	op->node->no_xattr = 0;
	op->doubted |= op->in_doubt;
	f9_send_once(op, &m, change_done);
}

/* ---- writing: plain ---- */

static void set_clunked(struct f9_op *op, int error, const struct p9_msg *m)
{
	f9_fid_unused(op); /* gone at the server, whatever the answer */
	change_done(op, error, m);
}

static void set_written(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (!error && reply && reply->type == P9_Rwrite) {
		op->offset += reply->rwrite.count;
		if (reply->rwrite.count == 0)
			error = -EIO;
	}
	if (error) {
		f9_op_err(op, error);
		return;
	}
	struct p9_msg m = {.type = P9_Tclunk, .tclunk = {.fid = op->newfid}};
	size_t left = op->n_data - op->offset;
	if (left == 0) {
		op->doubted |= op->in_doubt;
		f9_send_once(op, &m, set_clunked);
		return;
	}
	left = MIN(left, (size_t)p9_client_payload_max(op->fs->client));
	m = (struct p9_msg){.type = P9_Twrite,
		.twrite = {.fid = op->newfid,
			.offset = op->offset,
			.data = {(const uint8_t *)op->data + op->offset, (uint32_t)left}}};
	f9_send(op, &m, set_written);
}

static void set_walked(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (error) {
		f9_op_err(op, error);
		return;
	}
	struct p9_msg m = {.type = P9_Txattrcreate,
		.txattrcreate = {.fid = op->newfid,
			.name = f9_str(op->name),
			.attr_size = op->n_data,
			.flags = (uint32_t)op->flags}};
	f9_send(op, &m, set_written);
}

static void change_start(struct f9_op *op)
{
	f9_changes(op, op->node);
	op->offset = 0;
	if (op->fs->metac)
		f9_fid_own(op, op->node, &op->fid, change_have_fid);
	else
		f9_fid_walk(op, op->node, set_walked);
}

void f9_setxattr(
	fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size, int flags)
{
	struct f9_op *op = f9_op_new_change(req, ino);
	if (!op || !f9_op_name(op, name))
		return;
	int error = 0;
	op->flags = flags;
	op->n_data = size;
	op->data = size <= F9_MAX_XATTR ? malloc(size ? size : 1) : NULL;
	if (!op->data)
		error = size <= F9_MAX_XATTR ? -ENOMEM : -E2BIG;
	else
		memcpy(op->data, value, size);
	const struct f9 *fs = op->fs;
	if (!error && is_acl(name) && (fs->user_map || fs->group_map))
		error = f9_idmap_acl(fs->user_map, fs->group_map, true, op->data, size);
	if (error)
		f9_op_err(op, error);
	else
		f9_op_begin(op, change_start);
}

void f9_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
	struct f9_op *op = f9_op_new_change(req, ino);
	if (!op || !f9_op_name(op, name))
		return;
	op->removes = true;
	op->flags = XATTR_REPLACE;
	f9_op_begin(op, change_start);
}
