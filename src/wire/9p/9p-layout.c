/* SPDX-License-Identifier: MIT */
/* Theory of operation: 9p-layout.h. */
#include "wire/9p/9p-layout.h"

#define AT(kind, member)                              \
	{                                             \
		kind, offsetof(struct p9_msg, member) \
	}
#define FIELDS(type, ...) static const struct p9_field type##_fields[] = {__VA_ARGS__}

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
FIELDS(Rcreateat, AT(ATTR, rcreateat.attr), AT(U32, rcreateat.iounit), AT(ATTR, rcreateat.dir));
FIELDS(Tmakeat, AT(U32, tmakeat.dfid), AT(U32, tmakeat.newfid), AT(STR, tmakeat.name),
	AT(U32, tmakeat.mode), AT(U32, tmakeat.major), AT(U32, tmakeat.minor), AT(U32, tmakeat.gid),
	AT(STR, tmakeat.target), AT(U64, tmakeat.request_mask));
FIELDS(Rmakeat, AT(ATTR, rmakeat.attr), AT(ATTR, rmakeat.dir));
FIELDS(Tlinkat, AT(U32, tlinkat.dfid), AT(U32, tlinkat.fid), AT(STR, tlinkat.name),
	AT(U64, tlinkat.request_mask));
FIELDS(Rlinkat, AT(ATTR, rlinkat.attr), AT(ATTR, rlinkat.dir));
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
FIELDS(Runlinkatx, AT(ATTR, runlinkatx.dir));

#define ROW(type) [P9_##type] = {#type, type##_fields, ARRAY_SIZE(type##_fields)}
#define EMPTY(type) [P9_##type] = {#type, NULL, 0}

const struct p9_layout p9_layouts[256] = {
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
	[P9_Tunlinkatx] = {"Tunlinkatx", Tunlinkat_fields, ARRAY_SIZE(Tunlinkat_fields)},
	ROW(Runlinkatx),
};

/* The numbers that follow the identity, in the order of struct p9_attr. */
const struct p9_field p9_attr_fields[P9_N_ATTR_FIELDS] = {
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

const char *p9_type_name(uint8_t type)
{
	return p9_layouts[type].name ? p9_layouts[type].name : "?";
}

/* --- payloads --- */

static size_t fixed_size(uint8_t kind)
{
	switch ((enum p9_kind)kind) {
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
	const struct p9_layout *l = &p9_layouts[type];
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
	const struct p9_layout *l = &p9_layouts[m->type];
	if (!l->n_fields || l->fields[l->n_fields - 1].kind != DATA)
		return NULL;
	return (const void *)((const char *)m + l->fields[l->n_fields - 1].at);
}
