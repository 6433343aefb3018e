/* SPDX-License-Identifier: MIT */
/*
 * See side-remote.h: content and extended attributes.  Reads and writes of any size are cut into
 * messages, one after the other: who wants several under way has several fibers.
 */
#include "cli/side-remote.h"

struct taking {
	void *buf;
	size_t cap, n;
};

static int take(struct taking *t, const struct p9_data *d)
{
	if (d->len > t->cap)
		return -EBADMSG;
	t->n = d->len;
	if (d->len)
		memcpy(t->buf, d->p, d->len);
	return 0;
}

static int take_read(void *user, const struct p9_msg *m)
{
	return take(user, &m->rread.data);
}

ssize_t side_remote_read(struct node *n, uint64_t at, void *buf, size_t size)
{
	size_t got = 0;
	while (got < size) {
		struct taking t = {.buf = (char *)buf + got,
			.cap = MIN(size - got, (size_t)remote_payload(remote_of(n)))};
		struct p9_msg m = {
			.type = P9_Tread, .tread = {.offset = at + got, .count = (uint32_t)t.cap}};
		int e = remote_node_ask(rnode(n), &m, &m.tread.fid, take_read, &t, NULL);
		if (e < 0)
			return e;
		if (!t.n)
			break;
		got += t.n;
	}
	return (ssize_t)got;
}

static int take_count(void *user, const struct p9_msg *m)
{
	*(uint32_t *)user = m->rwrite.count;
	return 0;
}

int side_remote_write(struct node *n, uint64_t at, const void *buf, size_t size)
{
	for (size_t done = 0; done < size;) {
		uint32_t want = (uint32_t)MIN(size - done, (size_t)remote_payload(remote_of(n)));
		uint32_t count = 0;
		struct p9_msg m = {.type = P9_Twrite,
			.twrite = {.offset = at + done, .data = {(const char *)buf + done, want}}};
		int e = remote_node_ask(rnode(n), &m, &m.twrite.fid, take_count, &count, NULL);
		if (e < 0)
			return e;
		if (!count || count > want)
			return -EBADMSG;
		done += count;
	}
	return 0;
}

static int take_seek(void *user, const struct p9_msg *m)
{
	*(uint64_t *)user = m->rseek.offset;
	return 0;
}

static int seek(struct node *n, uint32_t whence, uint64_t at, uint64_t *ret)
{
	struct p9_msg m = {.type = P9_Tseek, .tseek = {.whence = whence, .offset = at}};
	return remote_node_ask(rnode(n), &m, &m.tseek.fid, take_seek, ret, NULL);
}

int side_remote_extent(struct node *n, uint64_t at, uint64_t size, uint64_t *start, uint64_t *end)
{
	*start = at;
	*end = size;
	if (!remote_metac(remote_of(n)))
		return 0;
	int e = seek(n, P9_SEEK_DATA, at, start);
	if (e == -ENXIO) {
		*start = size;
		return 0;
	}
	if (e >= 0)
		e = seek(n, P9_SEEK_HOLE, *start, end);
	if (e == -EOPNOTSUPP || e == -EINVAL) {
		*start = at;
		*end = size;
		return 0;
	}
	if (e >= 0 && (*start < at || *end <= *start))
		return -EBADMSG;
	*start = MIN(*start, size);
	*end = MIN(*end, size);
	return e;
}

int side_remote_truncate(struct node *n, uint64_t size)
{
	struct p9_msg m = {
		.type = P9_Tsetattr, .tsetattr = {.valid = P9_SETATTR_SIZE, .size = size}};
	return remote_node_ask(rnode(n), &m, &m.tsetattr.fid, NULL, NULL, NULL);
}

static int take_copied(void *user, const struct p9_msg *m)
{
	*(uint64_t *)user = m->rcopyrange.count;
	return 0;
}

ssize_t side_remote_clone(struct node *from, struct node *to, uint64_t at, uint64_t size)
{
	struct remote_node *x = rnode(from), *y = rnode(to);
	struct p9_msg m = {.type = P9_Tcopyrange,
		.tcopyrange = {.srcoffset = at, .dstoffset = at, .count = size}};
	uint64_t count = 0;
	int e;
	if (remote_of(from) != remote_of(to) || !remote_metac(remote_of(from)))
		return -EOPNOTSUPP;
	do {
		e = remote_node_fid(x);
		if (e >= 0)
			e = remote_node_fid(y);
		m.tcopyrange.srcfid = x->fid;
		m.tcopyrange.dstfid = y->fid;
		if (e >= 0)
			e = x->epoch == y->epoch ? remote_request(remote_of(from), x->epoch, &m,
							   take_copied, &count)
						 : -ESHUTDOWN;
	} while (e == -ESHUTDOWN);
	if (e >= 0 && count > size)
		e = -EBADMSG;
	return e < 0 ? e : (ssize_t)count;
}

/* ---- extended attributes -------------------------------------------------------------------- */

static int take_getxattr(void *user, const struct p9_msg *m)
{
	return take(user, &m->rgetxattr.data);
}

static int take_listxattr(void *user, const struct p9_msg *m)
{
	return take(user, &m->rlistxattr.data);
}

static ssize_t fetch_metac(struct node *n, const char *name, struct taking *t)
{
	struct p9_msg m = {.type = P9_Tgetxattr,
		.tgetxattr = {.name = p9_str(name), .count = (uint32_t)t->cap}};
	struct p9_msg l = {.type = P9_Tlistxattr, .tlistxattr = {.count = (uint32_t)t->cap}};
	int e = *name ? remote_node_ask(rnode(n), &m, &m.tgetxattr.fid, take_getxattr, t, NULL)
		      : remote_node_ask(rnode(n), &l, &l.tlistxattr.fid, take_listxattr, t, NULL);
	return e < 0 ? e : (ssize_t)t->n;
}

static int take_size(void *user, const struct p9_msg *m)
{
	*(uint64_t *)user = m->rxattrwalk.size;
	return 0;
}

/* Once: a fid of the value, read to its end. */
static ssize_t fetch_plain(struct node *n, const char *name, struct taking *t)
{
	struct remote *r = remote_of(n);
	struct remote_node *x = rnode(n);
	struct p9_msg m = {.type = P9_Txattrwalk, .txattrwalk = {.name = p9_str(name)}};
	uint64_t size = 0;
	int e = remote_node_fid(x);
	if (e >= 0)
		e = remote_fid_new(r, &m.txattrwalk.newfid);
	if (e < 0)
		return e;
	uint64_t epoch = x->epoch;
	uint32_t fid = m.txattrwalk.newfid;
	m.txattrwalk.fid = x->fid;
	e = remote_request(r, epoch, &m, take_size, &size);
	if (e < 0) {
		remote_fid_drop(r, epoch, fid);
		return e;
	}
	if (size > t->cap)
		e = -ERANGE;
	for (size_t got = 0; e >= 0 && got < size; got += t->n) {
		struct taking part = {.buf = (char *)t->buf + got,
			.cap = MIN(size - got, (size_t)remote_payload(r))};
		m = (struct p9_msg){.type = P9_Tread,
			.tread = {.fid = fid, .offset = got, .count = (uint32_t)part.cap}};
		e = remote_request(r, epoch, &m, take_read, &part);
		t->n = part.n;
		if (e >= 0 && !part.n)
			e = -EBADMSG;
	}
	remote_clunk(r, epoch, fid);
	return e < 0 ? e : (ssize_t)size;
}

static ssize_t fetch(struct node *n, const char *name, void *buf, size_t size)
{
	struct taking t = {.buf = buf, .cap = MIN(size, (size_t)remote_payload(remote_of(n)) / 2)};
	ssize_t e;
	if (remote_metac(remote_of(n)))
		return fetch_metac(n, name, &t);
	do
		e = fetch_plain(n, name, &t);
	while (e == -ESHUTDOWN);
	return e;
}

ssize_t side_remote_xattr_list(struct node *n, char *buf, size_t size)
{
	ssize_t k = fetch(n, "", buf, size);
	return k > 0 && buf[k - 1] ? -EBADMSG : k;
}

ssize_t side_remote_xattr_get(struct node *n, const char *name, void *buf, size_t size)
{
	return fetch(n, name, buf, size);
}

/* Once: a fid that becomes the value's, is written, and clunked. */
static int set_plain(struct node *n, const char *name, const void *value, size_t size)
{
	struct remote *r = remote_of(n);
	struct remote_node *x = rnode(n);
	struct remote_node *from = x->parent ? rnode(x->parent) : x;
	struct p9_msg m = {.type = P9_Twalk, .twalk = {.nwname = x->parent != NULL}};
	m.twalk.wname[0] = p9_str(x->name);
	int e = remote_node_fid(from);
	if (e >= 0)
		e = remote_fid_new(r, &m.twalk.newfid);
	if (e < 0)
		return e;
	uint64_t epoch = from->epoch;
	uint32_t fid = m.twalk.newfid;
	m.twalk.fid = from->fid;
	e = remote_request(r, epoch, &m, NULL, NULL);
	if (e < 0) {
		remote_fid_drop(r, epoch, fid);
		return e;
	}
	m = (struct p9_msg){.type = P9_Txattrcreate,
		.txattrcreate = {.fid = fid, .name = p9_str(name), .attr_size = size}};
	e = remote_request(r, epoch, &m, NULL, NULL);
	if (e >= 0 && size) {
		m = (struct p9_msg){
			.type = P9_Twrite, .twrite = {.fid = fid, .data = {value, (uint32_t)size}}};
		e = remote_request(r, epoch, &m, NULL, NULL);
	}
	if (e < 0) {
		remote_clunk(r, epoch, fid);
		return e;
	}
	/* Only this tells whether it was taken. */
	m = (struct p9_msg){.type = P9_Tclunk, .tclunk = {.fid = fid}};
	e = remote_request(r, epoch, &m, NULL, NULL);
	remote_fid_drop(r, epoch, fid);
	return e;
}

int side_remote_xattr_set(struct node *n, const char *name, const void *value, size_t size)
{
	int e;
	if (remote_metac(remote_of(n))) {
		struct p9_msg m = {.type = P9_Tsetxattr,
			.tsetxattr = {.name = p9_str(name), .data = {value, (uint32_t)size}}};
		return remote_node_ask(rnode(n), &m, &m.tsetxattr.fid, NULL, NULL, NULL);
	}
	do
		e = set_plain(n, name, value, size);
	while (e == -ESHUTDOWN);
	return e;
}
