/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: every message type has a row in `layouts`, a list of fields with their kind
 * and their place in struct p9_msg.  Decoding and encoding walk that list with a cursor that goes
 * bad once and stays bad, so that bounds are checked in one place (take, room) and nowhere else.
 */
#include "wire/9p/9p-codec.h"

#include <endian.h>
#include <limits.h>

enum kind { U8, U16, U32, U64, STR, QID, ATTR, NAMES, QIDS, DATA };

struct field {
	uint8_t kind;
	uint16_t at; /* offset in struct p9_msg */
};

struct layout {
	const char *name;
	const struct field *fields;
	size_t n_fields;
};

#define AT(kind, member)                              \
	{                                             \
		kind, offsetof(struct p9_msg, member) \
	}
#define FIELDS(type, ...) static const struct field type##_fields[] = {__VA_ARGS__}

FIELDS(Rlerror, AT(U32, rlerror.ecode));
FIELDS(Rerror, AT(STR, rerror.ename));
FIELDS(Tversion, AT(U32, tversion.msize), AT(STR, tversion.version));
FIELDS(Rversion, AT(U32, rversion.msize), AT(STR, rversion.version));
FIELDS(Tauth, AT(U32, tauth.afid), AT(STR, tauth.uname), AT(STR, tauth.aname),
	AT(U32, tauth.n_uname));
FIELDS(Rauth, AT(QID, rauth.aqid));
FIELDS(Tattach, AT(U32, tattach.fid), AT(U32, tattach.afid), AT(STR, tattach.uname),
	AT(STR, tattach.aname), AT(U32, tattach.n_uname));
FIELDS(Rattach, AT(QID, rattach.qid));
FIELDS(Tflush, AT(U16, tflush.oldtag));
FIELDS(Twalk, AT(U32, twalk.fid), AT(U32, twalk.newfid), AT(NAMES, twalk.nwname));
FIELDS(Rwalk, AT(QIDS, rwalk.nwqid));
FIELDS(Tread, AT(U32, tread.fid), AT(U64, tread.offset), AT(U32, tread.count));
FIELDS(Rread, AT(DATA, rread.data));
FIELDS(Twrite, AT(U32, twrite.fid), AT(U64, twrite.offset), AT(DATA, twrite.data));
FIELDS(Rwrite, AT(U32, rwrite.count));
FIELDS(Tclunk, AT(U32, tclunk.fid));
FIELDS(Tremove, AT(U32, tremove.fid));
FIELDS(Tstatfs, AT(U32, tstatfs.fid));
FIELDS(Rstatfs, AT(U32, rstatfs.type), AT(U32, rstatfs.bsize), AT(U64, rstatfs.blocks),
	AT(U64, rstatfs.bfree), AT(U64, rstatfs.bavail), AT(U64, rstatfs.files),
	AT(U64, rstatfs.ffree), AT(U64, rstatfs.fsid), AT(U32, rstatfs.namelen));
FIELDS(Tlopen, AT(U32, tlopen.fid), AT(U32, tlopen.flags));
FIELDS(Rlopen, AT(QID, rlopen.qid), AT(U32, rlopen.iounit));
FIELDS(Tlcreate, AT(U32, tlcreate.fid), AT(STR, tlcreate.name), AT(U32, tlcreate.flags),
	AT(U32, tlcreate.mode), AT(U32, tlcreate.gid));
FIELDS(Rlcreate, AT(QID, rlcreate.qid), AT(U32, rlcreate.iounit));
FIELDS(Tsymlink, AT(U32, tsymlink.fid), AT(STR, tsymlink.name), AT(STR, tsymlink.symtgt),
	AT(U32, tsymlink.gid));
FIELDS(Rsymlink, AT(QID, rsymlink.qid));
FIELDS(Tmknod, AT(U32, tmknod.dfid), AT(STR, tmknod.name), AT(U32, tmknod.mode),
	AT(U32, tmknod.major), AT(U32, tmknod.minor), AT(U32, tmknod.gid));
FIELDS(Rmknod, AT(QID, rmknod.qid));
FIELDS(Trename, AT(U32, trename.fid), AT(U32, trename.dfid), AT(STR, trename.name));
FIELDS(Treadlink, AT(U32, treadlink.fid));
FIELDS(Rreadlink, AT(STR, rreadlink.target));
FIELDS(Tgetattr, AT(U32, tgetattr.fid), AT(U64, tgetattr.request_mask));
FIELDS(Rgetattr, AT(ATTR, rgetattr));
FIELDS(Tsetattr, AT(U32, tsetattr.fid), AT(U32, tsetattr.valid), AT(U32, tsetattr.mode),
	AT(U32, tsetattr.uid), AT(U32, tsetattr.gid), AT(U64, tsetattr.size),
	AT(U64, tsetattr.atime_sec), AT(U64, tsetattr.atime_nsec), AT(U64, tsetattr.mtime_sec),
	AT(U64, tsetattr.mtime_nsec));
FIELDS(Txattrwalk, AT(U32, txattrwalk.fid), AT(U32, txattrwalk.newfid), AT(STR, txattrwalk.name));
FIELDS(Rxattrwalk, AT(U64, rxattrwalk.size));
FIELDS(Txattrcreate, AT(U32, txattrcreate.fid), AT(STR, txattrcreate.name),
	AT(U64, txattrcreate.attr_size), AT(U32, txattrcreate.flags));
FIELDS(Treaddir, AT(U32, treaddir.fid), AT(U64, treaddir.offset), AT(U32, treaddir.count));
FIELDS(Rreaddir, AT(DATA, rreaddir.data));
FIELDS(Tfsync, AT(U32, tfsync.fid), AT(U32, tfsync.datasync));
FIELDS(Tlock, AT(U32, tlock.fid), AT(U8, tlock.type), AT(U32, tlock.flags), AT(U64, tlock.start),
	AT(U64, tlock.length), AT(U32, tlock.proc_id), AT(STR, tlock.client_id));
FIELDS(Rlock, AT(U8, rlock.status));
FIELDS(Tgetlock, AT(U32, tgetlock.fid), AT(U8, tgetlock.type), AT(U64, tgetlock.start),
	AT(U64, tgetlock.length), AT(U32, tgetlock.proc_id), AT(STR, tgetlock.client_id));
FIELDS(Rgetlock, AT(U8, rgetlock.type), AT(U64, rgetlock.start), AT(U64, rgetlock.length),
	AT(U32, rgetlock.proc_id), AT(STR, rgetlock.client_id));
FIELDS(Tlink, AT(U32, tlink.dfid), AT(U32, tlink.fid), AT(STR, tlink.name));
FIELDS(Tmkdir, AT(U32, tmkdir.dfid), AT(STR, tmkdir.name), AT(U32, tmkdir.mode),
	AT(U32, tmkdir.gid));
FIELDS(Rmkdir, AT(QID, rmkdir.qid));
FIELDS(Trenameat, AT(U32, trenameat.olddirfid), AT(STR, trenameat.oldname),
	AT(U32, trenameat.newdirfid), AT(STR, trenameat.newname));
FIELDS(Tunlinkat, AT(U32, tunlinkat.dirfid), AT(STR, tunlinkat.name), AT(U32, tunlinkat.flags));

/* 9P2000.L.metac */
FIELDS(Tlookup, AT(U32, tlookup.dfid), AT(U32, tlookup.newfid), AT(STR, tlookup.name),
	AT(U64, tlookup.request_mask), AT(U32, tlookup.flags));
FIELDS(Rlookup, AT(ATTR, rlookup.attr), AT(U32, rlookup.flags));
FIELDS(Topenat, AT(U32, topenat.fid), AT(U32, topenat.newfid), AT(STR, topenat.name),
	AT(U32, topenat.open_flags), AT(U64, topenat.request_mask), AT(U32, topenat.flags),
	AT(U32, topenat.count));
FIELDS(Ropenat, AT(ATTR, ropenat.attr), AT(U32, ropenat.iounit), AT(U32, ropenat.flags),
	AT(DATA, ropenat.data));
FIELDS(Tcreateat, AT(U32, tcreateat.dfid), AT(U32, tcreateat.newfid), AT(STR, tcreateat.name),
	AT(U32, tcreateat.open_flags), AT(U32, tcreateat.mode), AT(U32, tcreateat.gid),
	AT(U64, tcreateat.request_mask));
FIELDS(Rcreateat, AT(ATTR, rcreateat.attr), AT(U32, rcreateat.iounit));
FIELDS(Tmakeat, AT(U32, tmakeat.dfid), AT(U32, tmakeat.newfid), AT(STR, tmakeat.name),
	AT(U32, tmakeat.mode), AT(U32, tmakeat.major), AT(U32, tmakeat.minor), AT(U32, tmakeat.gid),
	AT(STR, tmakeat.target), AT(U64, tmakeat.request_mask));
FIELDS(Rmakeat, AT(ATTR, rmakeat.attr));
FIELDS(Tlinkat, AT(U32, tlinkat.dfid), AT(U32, tlinkat.fid), AT(STR, tlinkat.name),
	AT(U64, tlinkat.request_mask));
FIELDS(Rlinkat, AT(ATTR, rlinkat.attr));
FIELDS(Treaddirplus, AT(U32, treaddirplus.fid), AT(U64, treaddirplus.offset),
	AT(U32, treaddirplus.count), AT(U64, treaddirplus.request_mask),
	AT(U32, treaddirplus.flags));
FIELDS(Rreaddirplus, AT(U32, rreaddirplus.flags), AT(DATA, rreaddirplus.data));
FIELDS(Trenameat2, AT(U32, trenameat2.olddirfid), AT(STR, trenameat2.oldname),
	AT(U32, trenameat2.newdirfid), AT(STR, trenameat2.newname), AT(U32, trenameat2.flags));
FIELDS(Tfallocate, AT(U32, tfallocate.fid), AT(U32, tfallocate.mode), AT(U64, tfallocate.offset),
	AT(U64, tfallocate.length));
FIELDS(Tseek, AT(U32, tseek.fid), AT(U32, tseek.whence), AT(U64, tseek.offset));
FIELDS(Rseek, AT(U64, rseek.offset));
FIELDS(Tcopyrange, AT(U32, tcopyrange.srcfid), AT(U64, tcopyrange.srcoffset),
	AT(U32, tcopyrange.dstfid), AT(U64, tcopyrange.dstoffset), AT(U64, tcopyrange.count));
FIELDS(Rcopyrange, AT(U64, rcopyrange.count));
FIELDS(Ttmpfile, AT(U32, ttmpfile.dfid), AT(U32, ttmpfile.newfid), AT(U32, ttmpfile.open_flags),
	AT(U32, ttmpfile.mode), AT(U32, ttmpfile.gid), AT(U64, ttmpfile.request_mask));
FIELDS(Rtmpfile, AT(ATTR, rtmpfile.attr), AT(U32, rtmpfile.iounit));
FIELDS(Tgetxattr, AT(U32, tgetxattr.fid), AT(STR, tgetxattr.name), AT(U32, tgetxattr.count));
FIELDS(Rgetxattr, AT(U32, rgetxattr.size), AT(DATA, rgetxattr.data));
FIELDS(Tlistxattr, AT(U32, tlistxattr.fid), AT(U32, tlistxattr.count));
FIELDS(Rlistxattr, AT(U32, rlistxattr.size), AT(DATA, rlistxattr.data));
FIELDS(Tsetxattr, AT(U32, tsetxattr.fid), AT(STR, tsetxattr.name), AT(U32, tsetxattr.flags),
	AT(DATA, tsetxattr.data));
FIELDS(Tremovexattr, AT(U32, tremovexattr.fid), AT(STR, tremovexattr.name));
FIELDS(Rsetattrx, AT(ATTR, rsetattrx.attr));
FIELDS(Tevents, AT(U32, tevents.count));
FIELDS(Revents, AT(DATA, revents.data));
FIELDS(Tattachx, AT(U32, tattachx.fid), AT(STR, tattachx.aname), AT(U32, tattachx.n_uname),
	AT(U32, tattachx.gid), AT(DATA, tattachx.groups));
FIELDS(Rattachx, AT(QID, rattachx.qid));
FIELDS(Rsession, AT(U32, rsession.flags));

#define ROW(type) [P9_##type] = {#type, type##_fields, ARRAY_SIZE(type##_fields)}
#define EMPTY(type) [P9_##type] = {#type, NULL, 0}

static const struct layout layouts[256] = {
	ROW(Rlerror),
	ROW(Rerror),
	ROW(Tversion),
	ROW(Rversion),
	ROW(Tauth),
	ROW(Rauth),
	ROW(Tattach),
	ROW(Rattach),
	ROW(Tflush),
	EMPTY(Rflush),
	ROW(Twalk),
	ROW(Rwalk),
	ROW(Tread),
	ROW(Rread),
	ROW(Twrite),
	ROW(Rwrite),
	ROW(Tclunk),
	EMPTY(Rclunk),
	ROW(Tremove),
	EMPTY(Rremove),
	ROW(Tstatfs),
	ROW(Rstatfs),
	ROW(Tlopen),
	ROW(Rlopen),
	ROW(Tlcreate),
	ROW(Rlcreate),
	ROW(Tsymlink),
	ROW(Rsymlink),
	ROW(Tmknod),
	ROW(Rmknod),
	ROW(Trename),
	EMPTY(Rrename),
	ROW(Treadlink),
	ROW(Rreadlink),
	ROW(Tgetattr),
	ROW(Rgetattr),
	ROW(Tsetattr),
	EMPTY(Rsetattr),
	ROW(Txattrwalk),
	ROW(Rxattrwalk),
	ROW(Txattrcreate),
	EMPTY(Rxattrcreate),
	ROW(Treaddir),
	ROW(Rreaddir),
	ROW(Tfsync),
	EMPTY(Rfsync),
	ROW(Tlock),
	ROW(Rlock),
	ROW(Tgetlock),
	ROW(Rgetlock),
	ROW(Tlink),
	EMPTY(Rlink),
	ROW(Tmkdir),
	ROW(Rmkdir),
	ROW(Trenameat),
	EMPTY(Rrenameat),
	ROW(Tunlinkat),
	EMPTY(Runlinkat),
	ROW(Tlookup),
	ROW(Rlookup),
	ROW(Topenat),
	ROW(Ropenat),
	ROW(Tcreateat),
	ROW(Rcreateat),
	ROW(Tmakeat),
	ROW(Rmakeat),
	ROW(Tlinkat),
	ROW(Rlinkat),
	ROW(Treaddirplus),
	ROW(Rreaddirplus),
	ROW(Trenameat2),
	EMPTY(Rrenameat2),
	ROW(Tfallocate),
	EMPTY(Rfallocate),
	ROW(Tseek),
	ROW(Rseek),
	ROW(Tcopyrange),
	ROW(Rcopyrange),
	ROW(Ttmpfile),
	ROW(Rtmpfile),
	ROW(Tgetxattr),
	ROW(Rgetxattr),
	ROW(Tlistxattr),
	ROW(Rlistxattr),
	ROW(Tsetxattr),
	EMPTY(Rsetxattr),
	ROW(Tremovexattr),
	EMPTY(Rremovexattr),
	[P9_Tsetattrx] = {"Tsetattrx", Tsetattr_fields, ARRAY_SIZE(Tsetattr_fields)},
	ROW(Rsetattrx),
	ROW(Tevents),
	ROW(Revents),
	ROW(Tattachx),
	ROW(Rattachx),
	EMPTY(Tsession),
	ROW(Rsession),
};

const char *p9_type_name(uint8_t type)
{
	return layouts[type].name ? layouts[type].name : "?";
}

/* --- little-endian loads and stores --- */

static uint64_t load(const uint8_t *p, size_t n)
{
	uint64_t v = 0;
	memcpy(&v, p, n);
	return le64toh(v);
}

static void store(uint8_t *p, size_t n, uint64_t v)
{
	v = htole64(v);
	memcpy(p, &v, n);
}

/* --- decoding --- */

struct reader {
	const uint8_t *p;
	size_t left;
	size_t outside; /* bytes of the frame that follow elsewhere (p9_decode_head) */
	bool bad;
};

/* The next n bytes, or NULL once and for ever when there are not so many. */
static const uint8_t *take(struct reader *r, size_t n)
{
	if (r->bad || r->left < n) {
		r->bad = true;
		return NULL;
	}
	const uint8_t *p = r->p;
	r->p += n;
	r->left -= n;
	return p;
}

static uint64_t take_int(struct reader *r, size_t n)
{
	const uint8_t *p = take(r, n);
	return p ? load(p, n) : 0;
}

static struct p9_str take_str(struct reader *r)
{
	uint16_t len = (uint16_t)take_int(r, 2);
	const uint8_t *p = take(r, len);
	return (struct p9_str){.s = (const char *)p, .len = p ? len : 0};
}

static struct p9_qid take_qid(struct reader *r)
{
	struct p9_qid q;
	q.type = (uint8_t)take_int(r, 1);
	q.version = (uint32_t)take_int(r, 4);
	q.path = take_int(r, 8);
	return q;
}

static struct p9_data take_data(struct reader *r)
{
	uint32_t len = (uint32_t)take_int(r, 4);
	if (!r->bad && r->outside && !r->left) {
		r->bad = len != r->outside;
		r->outside = 0;
		return (struct p9_data){.len = len};
	}
	const uint8_t *p = take(r, len);
	return (struct p9_data){.p = p, .len = p ? len : 0};
}

static void take_names(struct reader *r, struct p9_msg *m)
{
	uint16_t n = (uint16_t)take_int(r, 2);
	if (n > P9_MAX_WALK)
		r->bad = true;
	for (uint16_t i = 0; i < n && !r->bad; i++)
		m->twalk.wname[i] = take_str(r);
	m->twalk.nwname = r->bad ? 0 : n;
}

static void take_qids(struct reader *r, struct p9_msg *m)
{
	uint16_t n = (uint16_t)take_int(r, 2);
	if (n > P9_MAX_WALK)
		r->bad = true;
	for (uint16_t i = 0; i < n && !r->bad; i++)
		m->rwalk.wqid[i] = take_qid(r);
	m->rwalk.nwqid = r->bad ? 0 : n;
}

/* The numbers that follow the identity, in the order of struct p9_attr. */
static const struct field attr_fields[] = {
#define ATTR_AT(kind, member)                          \
	{                                              \
		kind, offsetof(struct p9_attr, member) \
	}
	ATTR_AT(U64, valid),
	ATTR_AT(QID, qid),
	ATTR_AT(U32, mode),
	ATTR_AT(U32, uid),
	ATTR_AT(U32, gid),
	ATTR_AT(U64, nlink),
	ATTR_AT(U64, rdev),
	ATTR_AT(U64, size),
	ATTR_AT(U64, blksize),
	ATTR_AT(U64, blocks),
	ATTR_AT(U64, atime_sec),
	ATTR_AT(U64, atime_nsec),
	ATTR_AT(U64, mtime_sec),
	ATTR_AT(U64, mtime_nsec),
	ATTR_AT(U64, ctime_sec),
	ATTR_AT(U64, ctime_nsec),
	ATTR_AT(U64, btime_sec),
	ATTR_AT(U64, btime_nsec),
	ATTR_AT(U64, gen),
	ATTR_AT(U64, data_version),
#undef ATTR_AT
};

static void take_attr(struct reader *r, struct p9_attr *a)
{
	struct reader at = {.p = take(r, P9_ATTR_SIZE), .left = P9_ATTR_SIZE};
	if (!at.p)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(attr_fields); i++) {
		void *to = (char *)a + attr_fields[i].at;
		if (attr_fields[i].kind == QID)
			*(struct p9_qid *)to = take_qid(&at);
		else if (attr_fields[i].kind == U32)
			*(uint32_t *)to = (uint32_t)take_int(&at, 4);
		else
			*(uint64_t *)to = take_int(&at, 8);
	}
}

static void take_field(struct reader *r, const struct field *f, struct p9_msg *m)
{
	void *at = (char *)m + f->at;
	switch ((enum kind)f->kind) {
	case U8:
		*(uint8_t *)at = (uint8_t)take_int(r, 1);
		break;
	case U16:
		*(uint16_t *)at = (uint16_t)take_int(r, 2);
		break;
	case U32:
		*(uint32_t *)at = (uint32_t)take_int(r, 4);
		break;
	case U64:
		*(uint64_t *)at = take_int(r, 8);
		break;
	case STR:
		*(struct p9_str *)at = take_str(r);
		break;
	case QID:
		*(struct p9_qid *)at = take_qid(r);
		break;
	case ATTR:
		take_attr(r, at);
		break;
	case NAMES:
		take_names(r, m);
		break;
	case QIDS:
		take_qids(r, m);
		break;
	case DATA:
		*(struct p9_data *)at = take_data(r);
		break;
	}
}

int p9_frame_size(const void *buf, size_t len, uint32_t max)
{
	if (len < 4)
		return 0;
	uint64_t size = load(buf, 4);
	if (size < P9_HEADER)
		return -EBADMSG;
	if (size > max || size > INT_MAX)
		return -EMSGSIZE;
	return (int)size;
}

uint8_t p9_frame_type(const void *frame)
{
	return ((const uint8_t *)frame)[4];
}

uint16_t p9_frame_tag(const void *frame)
{
	return (uint16_t)load((const uint8_t *)frame + 5, 2);
}

/* A request wrapped in Tonce. Replies are not, nor is Tonce itself. */
static void take_once(struct reader *r, struct p9_msg *m)
{
	m->once.slot = (uint16_t)take_int(r, 2);
	m->once.seq = (uint32_t)take_int(r, 4);
	m->type = (uint8_t)take_int(r, 1);
	if (m->once.slot >= P9_ONCE_SLOTS || !m->once.seq || m->type & 1)
		r->bad = true;
}

static int decode(struct reader *r, struct p9_msg *m)
{
	m->once = (struct p9_once){};
	if (m->type == P9_Tonce)
		take_once(r, m);
	if (r->bad)
		return -EBADMSG;
	const struct layout *l = &layouts[m->type];
	if (!l->name)
		return -EOPNOTSUPP;
	for (size_t i = 0; i < l->n_fields; i++)
		take_field(r, &l->fields[i], m);
	return r->bad || r->left || r->outside ? -EBADMSG : 0;
}

static void decode_header(const void *frame, struct p9_msg *ret)
{
	ret->type = p9_frame_type(frame);
	ret->tag = p9_frame_tag(frame);
}

int p9_decode(const void *frame, size_t len, struct p9_msg *ret)
{
	if (len < P9_HEADER)
		return -EBADMSG;
	decode_header(frame, ret);
	if (load(frame, 4) != len)
		return -EBADMSG;
	struct reader r = {.p = (const uint8_t *)frame + P9_HEADER, .left = len - P9_HEADER};
	return decode(&r, ret);
}

int p9_decode_head(const void *frame, size_t len, struct p9_msg *ret)
{
	if (len < P9_HEADER)
		return -EBADMSG;
	decode_header(frame, ret);
	uint64_t size = load(frame, 4);
	if (size < len)
		return -EBADMSG;
	struct reader r = {.p = (const uint8_t *)frame + P9_HEADER,
		.left = len - P9_HEADER,
		.outside = size - len};
	return decode(&r, ret);
}

/* --- encoding --- */

struct writer {
	uint8_t *p;
	size_t left;
	size_t outside; /* payload bytes that are counted but not written */
	bool head_only;
	int error;
};

static uint8_t *room(struct writer *w, size_t n)
{
	if (w->error || w->left < n) {
		if (!w->error)
			w->error = -EMSGSIZE;
		return NULL;
	}
	uint8_t *p = w->p;
	w->p += n;
	w->left -= n;
	return p;
}

static void put_int(struct writer *w, size_t n, uint64_t v)
{
	uint8_t *p = room(w, n);
	if (p)
		store(p, n, v);
}

static void put_bytes(struct writer *w, const void *bytes, size_t n)
{
	uint8_t *p = room(w, n);
	if (p && n)
		memcpy(p, bytes, n);
}

static void put_str(struct writer *w, const struct p9_str *s)
{
	put_int(w, 2, s->len);
	put_bytes(w, s->s, s->len);
}

static void put_qid(struct writer *w, const struct p9_qid *q)
{
	put_int(w, 1, q->type);
	put_int(w, 4, q->version);
	put_int(w, 8, q->path);
}

static void put_data(struct writer *w, const struct p9_data *d)
{
	put_int(w, 4, d->len);
	if (w->head_only)
		w->outside = d->len;
	else
		put_bytes(w, d->p, d->len);
}

static void put_names(struct writer *w, const struct p9_msg *m)
{
	uint16_t n = m->twalk.nwname;
	if (n > P9_MAX_WALK)
		w->error = -EINVAL;
	put_int(w, 2, n);
	for (uint16_t i = 0; i < n && !w->error; i++)
		put_str(w, &m->twalk.wname[i]);
}

static void put_qids(struct writer *w, const struct p9_msg *m)
{
	uint16_t n = m->rwalk.nwqid;
	if (n > P9_MAX_WALK)
		w->error = -EINVAL;
	put_int(w, 2, n);
	for (uint16_t i = 0; i < n && !w->error; i++)
		put_qid(w, &m->rwalk.wqid[i]);
}

static void put_attr(struct writer *w, const struct p9_attr *a)
{
	for (size_t i = 0; i < ARRAY_SIZE(attr_fields); i++) {
		const void *from = (const char *)a + attr_fields[i].at;
		if (attr_fields[i].kind == QID)
			put_qid(w, from);
		else if (attr_fields[i].kind == U32)
			put_int(w, 4, *(const uint32_t *)from);
		else
			put_int(w, 8, *(const uint64_t *)from);
	}
}

static void put_field(struct writer *w, const struct field *f, const struct p9_msg *m)
{
	const void *at = (const char *)m + f->at;
	switch ((enum kind)f->kind) {
	case U8:
		put_int(w, 1, *(const uint8_t *)at);
		break;
	case U16:
		put_int(w, 2, *(const uint16_t *)at);
		break;
	case U32:
		put_int(w, 4, *(const uint32_t *)at);
		break;
	case U64:
		put_int(w, 8, *(const uint64_t *)at);
		break;
	case STR:
		put_str(w, at);
		break;
	case QID:
		put_qid(w, at);
		break;
	case ATTR:
		put_attr(w, at);
		break;
	case NAMES:
		put_names(w, m);
		break;
	case QIDS:
		put_qids(w, m);
		break;
	case DATA:
		put_data(w, at);
		break;
	}
}

/* Returns the bytes written, the size field holds those and the ones left outside. */
static int encode(const struct p9_msg *m, void *buf, size_t cap, bool head_only)
{
	const struct layout *l = &layouts[m->type];
	struct writer w = {.p = buf, .left = cap, .head_only = head_only};
	if (!l->name)
		return -EINVAL;
	bool once = m->once.seq && !(m->type & 1);
	put_int(&w, 4, 0);
	put_int(&w, 1, once ? P9_Tonce : m->type);
	put_int(&w, 2, m->tag);
	if (once) {
		if (m->once.slot >= P9_ONCE_SLOTS)
			w.error = -EINVAL;
		put_int(&w, 2, m->once.slot);
		put_int(&w, 4, m->once.seq);
		put_int(&w, 1, m->type);
	}
	for (size_t i = 0; i < l->n_fields; i++)
		put_field(&w, &l->fields[i], m);
	if (w.error)
		return w.error;
	size_t written = cap - w.left;
	if (written + w.outside > INT_MAX)
		return -EMSGSIZE;
	store(buf, 4, written + w.outside);
	return (int)written;
}

int p9_encode(const struct p9_msg *m, void *buf, size_t cap)
{
	return encode(m, buf, cap, false);
}

int p9_encode_head(const struct p9_msg *m, void *buf, size_t cap)
{
	return encode(m, buf, cap, true);
}

/* --- payloads --- */

static size_t fixed_size(uint8_t kind)
{
	switch ((enum kind)kind) {
	case U8:
		return 1;
	case U16:
		return 2;
	case U32:
	case DATA: /* its length */
		return 4;
	case U64:
		return 8;
	case QID:
		return 13;
	case ATTR:
		return P9_ATTR_SIZE;
	case STR:
	case NAMES:
	case QIDS:
		return 0;
	}
	return 0;
}

size_t p9_payload_offset(uint8_t type)
{
	const struct layout *l = &layouts[type];
	size_t at = P9_HEADER;
	if (!l->n_fields || l->fields[l->n_fields - 1].kind != DATA)
		return 0;
	for (size_t i = 0; i < l->n_fields; i++) {
		size_t n = fixed_size(l->fields[i].kind);
		if (!n)
			return 0;
		at += n;
	}
	return at;
}

const struct p9_data *p9_payload(const struct p9_msg *m)
{
	const struct layout *l = &layouts[m->type];
	if (!l->n_fields || l->fields[l->n_fields - 1].kind != DATA)
		return NULL;
	return (const void *)((const char *)m + l->fields[l->n_fields - 1].at);
}

/* --- directory entries and names --- */

int p9_dirent_encode(const struct p9_dirent *d, void *buf, size_t cap)
{
	struct writer w = {.p = buf, .left = cap};
	put_qid(&w, &d->qid);
	put_int(&w, 8, d->offset);
	put_int(&w, 1, d->type);
	put_str(&w, &d->name);
	return w.error ? w.error : (int)(cap - w.left);
}

int p9_dirent_decode(const void *buf, size_t len, struct p9_dirent *ret)
{
	struct reader r = {.p = buf, .left = len};
	struct p9_dirent d;
	if (!len)
		return 0;
	d.qid = take_qid(&r);
	d.offset = take_int(&r, 8);
	d.type = (uint8_t)take_int(&r, 1);
	d.name = take_str(&r);
	if (r.bad)
		return -EBADMSG;
	*ret = d;
	return (int)(len - r.left);
}

int p9_direntplus_encode(const struct p9_direntplus *d, void *buf, size_t cap)
{
	struct writer w = {.p = buf, .left = cap};
	put_int(&w, 8, d->offset);
	put_int(&w, 1, d->type);
	put_str(&w, &d->name);
	put_attr(&w, &d->attr);
	return w.error ? w.error : (int)(cap - w.left);
}

int p9_direntplus_decode(const void *buf, size_t len, struct p9_direntplus *ret)
{
	struct reader r = {.p = buf, .left = len};
	struct p9_direntplus d = {};
	if (!len)
		return 0;
	d.offset = take_int(&r, 8);
	d.type = (uint8_t)take_int(&r, 1);
	d.name = take_str(&r);
	take_attr(&r, &d.attr);
	if (r.bad)
		return -EBADMSG;
	*ret = d;
	return (int)(len - r.left);
}

int p9_event_encode(const struct p9_event *e, void *buf, size_t cap)
{
	struct writer w = {.p = buf, .left = cap};
	put_int(&w, 1, e->type);
	put_int(&w, 8, e->path);
	put_str(&w, &e->name);
	return w.error ? w.error : (int)(cap - w.left);
}

int p9_event_decode(const void *buf, size_t len, struct p9_event *ret)
{
	struct reader r = {.p = buf, .left = len};
	struct p9_event e = {};
	if (!len)
		return 0;
	e.type = (uint8_t)take_int(&r, 1);
	e.path = take_int(&r, 8);
	e.name = take_str(&r);
	if (r.bad || e.type < P9_EVENT_ENTRY || e.type > P9_EVENT_ALL)
		return -EBADMSG;
	*ret = e;
	return (int)(len - r.left);
}

bool p9_name_valid(struct p9_str name)
{
	if (name.len < 1 || name.len > P9_MAX_NAME)
		return false;
	if (memchr(name.s, '/', name.len) || memchr(name.s, 0, name.len))
		return false;
	return !p9_str_eq(name, ".") && !p9_str_eq(name, "..");
}
