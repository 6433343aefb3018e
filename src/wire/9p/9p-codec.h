/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * 9P2000.L messages: bytes to struct p9_msg and back, for both directions.
 *
 * A frame is size[4] type[1] tag[2] and the fields of the type, all little-endian; `size` counts
 * itself.  Decoding borrows: strings and payload point into the frame.  Nothing is allocated and
 * nothing is trusted: a frame must be used up to its last byte by its fields, every string must lie
 * inside it, and a walk has at most P9_MAX_WALK names.  What the fields mean (is a name allowed, is
 * a count sane) is the caller's business; p9_name_valid() helps.
 *
 * A payload (struct p9_data) is always the last field, so that a caller who wants to write it from
 * where it lies encodes the head alone (p9_encode_head) and sends both with writev.
 */
#include "base/macro.h"

#define P9_VERSION "9P2000.L"
#define P9_VERSION_METAC "9P2000.L.metac" /* with the messages from Tlookup on */
#define P9_NOTAG 0xffffu
#define P9_NOFID 0xffffffffu
#define P9_NONUNAME 0xffffffffu
#define P9_APPEND UINT64_MAX /* metac, offset of a Twrite: wherever the file ends then */
#define P9_MAX_WALK 16
#define P9_MAX_NAME 255
#define P9_HEADER 7 /* size type tag */
#define P9_IO_HEADER 24 /* room v9fs leaves around a payload: iounit = msize - 24 */
#define P9_WRITE_HEADER (P9_HEADER + 4 + 8 + 4) /* Twrite up to its payload (23) */
#define P9_READ_HEADER (P9_HEADER + 4) /* Rread, Rreaddir up to their payload (11) */
#define P9_PLUS_HEADER (P9_HEADER + 4 + 4) /* Rreaddirplus, Rgetxattr, Rlistxattr (15) */
#define P9_OPENAT_HEADER (P9_HEADER + P9_ATTR_SIZE + 4 + 4 + 4) /* Ropenat (172) */
#define P9_ONCE_HEADER (2 + 4 + 1) /* what Tonce puts before the fields */
#define P9_MIN_MSIZE 4096
#define P9_MAX_MSIZE (1024 * 1024)

/* One row per message: X(name, number of the T message).  The R message is the number + 1. */
#define P9_MESSAGES(X)                                                      \
	X(lerror, 6) /* Rlerror only */                                     \
	X(statfs, 8)                                                        \
	X(lopen, 12)                                                        \
	X(lcreate, 14)                                                      \
	X(symlink, 16)                                                      \
	X(mknod, 18)                                                        \
	X(rename, 20)                                                       \
	X(readlink, 22)                                                     \
	X(getattr, 24)                                                      \
	X(setattr, 26)                                                      \
	X(xattrwalk, 30)                                                    \
	X(xattrcreate, 32)                                                  \
	X(readdir, 40)                                                      \
	X(fsync, 50)                                                        \
	X(lock, 52)                                                         \
	X(getlock, 54)                                                      \
	X(link, 70)                                                         \
	X(mkdir, 72)                                                        \
	X(renameat, 74)                                                     \
	X(unlinkat, 76)                                                     \
	X(version, 100)                                                     \
	X(auth, 102)                                                        \
	X(attach, 104)                                                      \
	X(error, 106) /* Rerror only, what a plain 9P2000 server answers */ \
	X(flush, 108)                                                       \
	X(walk, 110)                                                        \
	X(read, 116)                                                        \
	X(write, 118)                                                       \
	X(clunk, 120)                                                       \
	X(remove, 122)                                                      \
	X(lookup, 128) /* from here on: 9P2000.L.metac */                   \
	X(openat, 130)                                                      \
	X(createat, 132)                                                    \
	X(makeat, 134)                                                      \
	X(linkat, 136)                                                      \
	X(readdirplus, 138)                                                 \
	X(renameat2, 140)                                                   \
	X(fallocate, 142)                                                   \
	X(seek, 144)                                                        \
	X(copyrange, 146)                                                   \
	X(tmpfile, 148)                                                     \
	X(getxattr, 150)                                                    \
	X(listxattr, 152)                                                   \
	X(setxattr, 154)                                                    \
	X(removexattr, 156)                                                 \
	X(setattrx, 158)                                                    \
	X(events, 160)                                                      \
	X(attachx, 162)                                                     \
	X(session, 164)                                                     \
	X(once, 166) /* Tonce only: a prefix, see struct p9_once */         \
	X(unlinkatx, 168)

enum p9_type {
#define P9_X(name, number) P9_T##name = (number), P9_R##name = (number) + 1,
	P9_MESSAGES(P9_X)
#undef P9_X
};

/* Bytes, not NUL-terminated, maybe with NUL inside; borrowed. */
struct p9_str {
	const char *s;
	uint16_t len;
};

enum p9_qid_type { P9_QTDIR = 0x80, P9_QTSYMLINK = 0x02, P9_QTFILE = 0x00 };

struct p9_qid {
	uint8_t type;
	uint32_t version;
	uint64_t path;
};

/* Rgetattr.valid, Tgetattr.request_mask */
enum p9_getattr {
	P9_GETATTR_MODE = 0x1,
	P9_GETATTR_NLINK = 0x2,
	P9_GETATTR_UID = 0x4,
	P9_GETATTR_GID = 0x8,
	P9_GETATTR_RDEV = 0x10,
	P9_GETATTR_ATIME = 0x20,
	P9_GETATTR_MTIME = 0x40,
	P9_GETATTR_CTIME = 0x80,
	P9_GETATTR_INO = 0x100,
	P9_GETATTR_SIZE = 0x200,
	P9_GETATTR_BLOCKS = 0x400,
	P9_GETATTR_BASIC = 0x7ff,
	P9_GETATTR_BTIME = 0x800,
	P9_GETATTR_GEN = 0x1000,
	P9_GETATTR_DATA_VERSION = 0x2000,
	P9_GETATTR_ALL = 0x3fff,
	/* metac, asked for and in answers: the object has no extended attributes (nor access
	 * control lists); not set: it may have */
	P9_GETATTR_NOXATTR = 0x20000,
	/* metac, in answers with P9_GOT_WATCH: no event tells when these attributes change */
	P9_GETATTR_ASK = 0x10000,
};

/* Tsetattr.valid; a time without its _SET bit means "now" */
enum p9_setattr {
	P9_SETATTR_MODE = 0x1,
	P9_SETATTR_UID = 0x2,
	P9_SETATTR_GID = 0x4,
	P9_SETATTR_SIZE = 0x8,
	P9_SETATTR_ATIME = 0x10,
	P9_SETATTR_MTIME = 0x20,
	P9_SETATTR_CTIME = 0x40,
	P9_SETATTR_ATIME_SET = 0x80,
	P9_SETATTR_MTIME_SET = 0x100,
};

/* Open flags are fixed by the protocol: the numbers of Linux on x86. */
enum p9_open {
	P9_O_RDONLY = 0,
	P9_O_WRONLY = 1,
	P9_O_RDWR = 2,
	P9_O_ACCMODE = 3,
	P9_O_CREAT = 0100,
	P9_O_EXCL = 0200,
	P9_O_NOCTTY = 0400,
	P9_O_TRUNC = 01000,
	P9_O_APPEND = 02000,
	P9_O_NONBLOCK = 04000,
	P9_O_DSYNC = 010000,
	P9_O_FASYNC = 020000,
	P9_O_DIRECT = 040000,
	P9_O_LARGEFILE = 0100000,
	P9_O_DIRECTORY = 0200000,
	P9_O_NOFOLLOW = 0400000,
	P9_O_NOATIME = 01000000,
	P9_O_CLOEXEC = 02000000,
	P9_O_SYNC = 04000000,
	P9_O_PLACED = 1 << 29, /* metac, with P9_O_APPEND: appends only where it says so */
	P9_O_AGAIN = 1 << 30, /* metac: it was open before the connection was lost */
};

enum p9_lock_type { P9_LOCK_RDLCK = 0, P9_LOCK_WRLCK = 1, P9_LOCK_UNLCK = 2 };
enum p9_lock_flags { P9_LOCK_BLOCK = 1, P9_LOCK_RECLAIM = 2 };
enum p9_lock_status { P9_LOCK_SUCCESS, P9_LOCK_BLOCKED, P9_LOCK_ERROR, P9_LOCK_GRACE };
enum p9_unlinkat_flags { P9_AT_REMOVEDIR = 0x200 };

/* --- 9P2000.L.metac: docs/9p2000.L.metac.md says what each message means --- */

/* Tlock.flags and Tgetlock, metac only: a lock of flock(2), not of fcntl(2). */
enum { P9_LOCK_FLOCK = 4 };

/* Tlookup, Topenat, Treaddirplus .flags */
enum p9_want { P9_WANT_WATCH = 1 }; /* have the directory watched from before looking on */
/* Rlookup, Ropenat, Rreaddirplus .flags */
enum p9_got {
	P9_GOT_WATCH = 1, /* it is: an Revents will tell when the answer is no longer true */
	P9_GOT_END = 2, /* Rreaddirplus: nothing comes after these entries */
};

/* Trenameat2.flags: the numbers of renameat2(2) */
enum p9_rename { P9_RENAME_NOREPLACE = 1, P9_RENAME_EXCHANGE = 2 };
/* Tseek.whence: the numbers of lseek(2) */
enum p9_whence { P9_SEEK_DATA = 3, P9_SEEK_HOLE = 4 };
/* Tfallocate.mode: the numbers of fallocate(2) */
enum p9_fallocate {
	P9_FALLOC_KEEP_SIZE = 0x01,
	P9_FALLOC_PUNCH_HOLE = 0x02,
	P9_FALLOC_COLLAPSE_RANGE = 0x08,
	P9_FALLOC_ZERO_RANGE = 0x10,
	P9_FALLOC_INSERT_RANGE = 0x20,
	P9_FALLOC_UNSHARE_RANGE = 0x40,
};
/* Rsession.flags */
enum p9_session_flags {
	P9_SESSION_KEPT = 1, /* the answers to Tonce of the connection before are known here */
	P9_SESSION_WATCHES = 2, /* directories can be watched */
};

enum { P9_ONCE_SLOTS = 64, P9_MAX_GROUPS = 1024 };

struct p9_data {
	const void *p;
	uint32_t len;
};

/* What Rgetattr says; `valid` tells which fields count. */
struct p9_attr {
	uint64_t valid; /* enum p9_getattr */
	struct p9_qid qid;
	uint32_t mode, uid, gid;
	uint64_t nlink, rdev, size, blksize, blocks;
	uint64_t atime_sec, atime_nsec, mtime_sec, mtime_nsec;
	uint64_t ctime_sec, ctime_nsec, btime_sec, btime_nsec;
	uint64_t gen; /* metac: tells apart files that had the same qid.path one after the other */
	uint64_t data_version;
};

/* A request that must not be done twice although it may be sent twice: encoded as a Tonce whose
 * body is slot[2] seq[4] type[1] and the fields of that type. seq 0: not wrapped.  Only of T
 * messages: decoding refuses anything else, encoding passes over it. */
struct p9_once {
	uint16_t slot;
	uint32_t seq;
};

/* A message of either direction: type tells which member of the union counts.  Messages without
 * fields (Rclunk, Rremove, Rrename, Rsetattr, Rxattrcreate, Rfsync, Rlink, Rrenameat, Runlinkat,
 * Rflush) have no member. */
struct p9_msg {
	uint8_t type; /* enum p9_type; never P9_Tonce: that is in `once` */
	uint16_t tag;
	struct p9_once once; /* T messages */
	union {
		struct {
			uint32_t ecode;
		} rlerror;
		struct {
			struct p9_str ename;
		} rerror;
		struct {
			uint32_t msize;
			struct p9_str version;
		} tversion, rversion;
		struct {
			uint32_t afid;
			struct p9_str uname, aname;
			uint32_t n_uname;
		} tauth;
		struct {
			struct p9_qid aqid;
		} rauth;
		struct {
			uint32_t fid, afid;
			struct p9_str uname, aname;
			uint32_t n_uname;
		} tattach;
		struct {
			struct p9_qid qid;
		} rattach, rsymlink, rmknod, rmkdir;
		struct {
			uint16_t oldtag;
		} tflush;
		struct {
			uint32_t fid, newfid;
			uint16_t nwname;
			struct p9_str wname[P9_MAX_WALK];
		} twalk;
		struct {
			uint16_t nwqid;
			struct p9_qid wqid[P9_MAX_WALK];
		} rwalk;
		struct {
			uint32_t fid;
			uint64_t offset;
			uint32_t count;
		} tread, treaddir;
		struct {
			struct p9_data data;
		} rread, rreaddir;
		struct {
			uint32_t fid;
			uint64_t offset;
			struct p9_data data;
		} twrite;
		struct {
			uint32_t count;
		} rwrite;
		struct {
			uint32_t fid;
		} tclunk, tremove, tstatfs, treadlink;
		struct {
			uint32_t type, bsize;
			uint64_t blocks, bfree, bavail, files, ffree, fsid;
			uint32_t namelen;
		} rstatfs;
		struct {
			uint32_t fid, flags;
		} tlopen;
		struct {
			struct p9_qid qid;
			uint32_t iounit;
		} rlopen, rlcreate;
		struct {
			uint32_t fid;
			struct p9_str name;
			uint32_t flags, mode, gid;
		} tlcreate;
		struct {
			uint32_t fid;
			struct p9_str name, symtgt;
			uint32_t gid;
		} tsymlink;
		struct {
			uint32_t dfid;
			struct p9_str name;
			uint32_t mode, major, minor, gid;
		} tmknod;
		struct {
			uint32_t fid, dfid;
			struct p9_str name;
		} trename;
		struct {
			struct p9_str target;
		} rreadlink;
		struct {
			uint32_t fid;
			uint64_t request_mask;
		} tgetattr;
		struct p9_attr rgetattr;
		struct {
			uint32_t fid, valid, mode, uid, gid;
			uint64_t size, atime_sec, atime_nsec, mtime_sec, mtime_nsec;
		} tsetattr, tsetattrx;
		struct {
			uint32_t fid, newfid;
			struct p9_str name;
		} txattrwalk;
		struct {
			uint64_t size;
		} rxattrwalk;
		struct {
			uint32_t fid;
			struct p9_str name;
			uint64_t attr_size;
			uint32_t flags;
		} txattrcreate;
		struct {
			uint32_t fid, datasync;
		} tfsync;
		struct {
			uint32_t fid;
			uint8_t type;
			uint32_t flags;
			uint64_t start, length;
			uint32_t proc_id;
			struct p9_str client_id;
		} tlock;
		struct {
			uint8_t status;
		} rlock;
		struct {
			uint32_t fid;
			uint8_t type;
			uint64_t start, length;
			uint32_t proc_id;
			struct p9_str client_id;
		} tgetlock;
		struct {
			uint8_t type;
			uint64_t start, length;
			uint32_t proc_id;
			struct p9_str client_id;
		} rgetlock;
		struct {
			uint32_t dfid, fid;
			struct p9_str name;
		} tlink;
		struct {
			uint32_t dfid;
			struct p9_str name;
			uint32_t mode, gid;
		} tmkdir;
		struct {
			uint32_t olddirfid;
			struct p9_str oldname;
			uint32_t newdirfid;
			struct p9_str newname;
		} trenameat;
		struct {
			uint32_t dirfid;
			struct p9_str name;
			uint32_t flags;
		} tunlinkat, tunlinkatx;
		/* 9P2000.L.metac */
		struct {
			uint32_t dfid, newfid;
			struct p9_str name;
			uint64_t request_mask;
			uint32_t flags;
		} tlookup;
		struct {
			struct p9_attr attr;
			uint32_t flags;
		} rlookup;
		struct {
			uint32_t fid, newfid;
			struct p9_str name;
			uint32_t open_flags;
			uint64_t request_mask;
			uint32_t flags, count;
		} topenat;
		struct {
			struct p9_attr attr;
			uint32_t iounit, flags;
			struct p9_data data;
		} ropenat;
		struct {
			uint32_t dfid, newfid;
			struct p9_str name;
			uint32_t open_flags, mode, gid;
			uint64_t request_mask;
		} tcreateat;
		struct {
			struct p9_attr attr;
			uint32_t iounit;
			struct p9_attr dir; /* rcreateat: not when valid is 0 */
		} rcreateat, rtmpfile;
		struct {
			uint32_t dfid, newfid;
			struct p9_str name;
			uint32_t mode, major, minor, gid;
			struct p9_str target;
			uint64_t request_mask;
		} tmakeat;
		struct {
			uint32_t dfid, fid;
			struct p9_str name;
			uint64_t request_mask;
		} tlinkat;
		struct {
			struct p9_attr attr;
			struct p9_attr dir; /* rmakeat, rlinkat: not when valid is 0 */
		} rmakeat, rlinkat, rsetattrx;
		struct {
			struct p9_attr dir;
		} runlinkatx;
		struct {
			uint32_t fid;
			uint64_t offset;
			uint32_t count;
			uint64_t request_mask;
			uint32_t flags;
		} treaddirplus;
		struct {
			uint32_t flags;
			struct p9_data data;
		} rreaddirplus;
		struct {
			uint32_t olddirfid;
			struct p9_str oldname;
			uint32_t newdirfid;
			struct p9_str newname;
			uint32_t flags;
		} trenameat2;
		struct {
			uint32_t fid, mode;
			uint64_t offset, length;
		} tfallocate;
		struct {
			uint32_t fid, whence;
			uint64_t offset;
		} tseek;
		struct {
			uint64_t offset;
		} rseek;
		struct {
			uint32_t srcfid;
			uint64_t srcoffset;
			uint32_t dstfid;
			uint64_t dstoffset, count;
		} tcopyrange;
		struct {
			uint64_t count;
		} rcopyrange;
		struct {
			uint32_t dfid, newfid, open_flags, mode, gid;
			uint64_t request_mask;
		} ttmpfile;
		struct {
			uint32_t fid;
			struct p9_str name;
			uint32_t count;
		} tgetxattr;
		struct {
			uint32_t fid, count;
		} tlistxattr;
		struct {
			uint32_t size;
			struct p9_data data;
		} rgetxattr, rlistxattr;
		struct {
			uint32_t fid;
			struct p9_str name;
			uint32_t flags;
			struct p9_data data;
		} tsetxattr;
		struct {
			uint32_t fid;
			struct p9_str name;
		} tremovexattr;
		struct {
			uint32_t count;
		} tevents;
		struct {
			struct p9_data data;
		} revents;
		struct {
			uint32_t fid;
			struct p9_str aname;
			uint32_t n_uname, gid;
			struct p9_data groups; /* 4 bytes each */
		} tattachx;
		struct {
			struct p9_qid qid;
		} rattachx;
		struct {
			uint32_t flags;
		} rsession;
	};
};

/*
 * Looks at the first bytes of a stream.  Returns 0 when fewer than 4 bytes are there yet, the
 * frame's size (>= P9_HEADER) when it is known, -EBADMSG when it is below P9_HEADER, -EMSGSIZE
 * when it is above max.
 */
int p9_frame_size(const void *buf, size_t len, uint32_t max);

/* Type and tag of a frame of at least P9_HEADER bytes. */
uint8_t p9_frame_type(const void *frame);
uint16_t p9_frame_tag(const void *frame);

/* Decodes one whole frame; len must be its size.  0, -EBADMSG (malformed) or -EOPNOTSUPP (a type
 * that is none of ours).  In both cases of failure ret->type and ret->tag are set if len >=
 * P9_HEADER. */
int p9_decode(const void *frame, size_t len, struct p9_msg *ret);

/* Like p9_decode for a frame whose payload lies elsewhere: `frame` holds the first `len` bytes, the
 * size field says how much there is in all.  Only of types that have a payload; data.p is left
 * NULL, data.len set and checked against the size. */
int p9_decode_head(const void *frame, size_t len, struct p9_msg *ret);

/* Encodes m into buf.  Returns the frame's size, -EMSGSIZE when it does not fit into cap,
 * -EINVAL for a type that is none of ours or too many walk names. */
int p9_encode(const struct p9_msg *m, void *buf, size_t cap);

/* Encodes all but the payload's bytes (the size field counts them).  Returns the head's length. */
int p9_encode_head(const struct p9_msg *m, void *buf, size_t cap);

/* How far from its beginning a frame of that type has its payload; 0 for types whose payload is not
 * at a fixed place, or that have none. Not inside Tonce. */
size_t p9_payload_offset(uint8_t type);

/* The payload of a message whose type has one, NULL otherwise. */
const struct p9_data *p9_payload(const struct p9_msg *m);

/* "Twalk", "Rlerror", or "?" */
const char *p9_type_name(uint8_t type);

/* Entries of an Rreaddir payload: qid[13] offset[8] type[1] name[s]. */
struct p9_dirent {
	struct p9_qid qid;
	uint64_t offset; /* where to go on after this entry */
	uint8_t type; /* DT_* */
	struct p9_str name;
};

/* Bytes used, or -EMSGSIZE when the entry does not fit. */
int p9_dirent_encode(const struct p9_dirent *d, void *buf, size_t cap);
/* Bytes used, 0 at the end (len == 0), -EBADMSG. */
int p9_dirent_decode(const void *buf, size_t len, struct p9_dirent *ret);

/* Entries of an Rreaddirplus payload: offset[8] type[1] name[s] attr, the attributes laid out as in
 * Rgetattr. */
struct p9_direntplus {
	uint64_t offset;
	uint8_t type; /* DT_* */
	struct p9_str name;
	struct p9_attr attr; /* attr.valid 0: only attr.qid.path is known */
};

enum { P9_ATTR_SIZE = 8 + 13 + 3 * 4 + 15 * 8, P9_DIRENTPLUS_MIN = 8 + 1 + 2 + P9_ATTR_SIZE };

/* As p9_dirent_encode and p9_dirent_decode. */
int p9_direntplus_encode(const struct p9_direntplus *d, void *buf, size_t cap);
int p9_direntplus_decode(const void *buf, size_t len, struct p9_direntplus *ret);

/* Events of an Revents payload: type[1] path[8] name[s]. */
enum p9_event_type {
	P9_EVENT_ENTRY =
		1, /* in the directory `path`, `name` stands for something else, or nothing */
	P9_EVENT_CHANGED = 2, /* what `name` in the directory `path` stands for has changed */
	P9_EVENT_SELF = 3, /* the object `path` has changed (a directory's own attributes, a file
			      with several names) */
	P9_EVENT_UNWATCHED = 4, /* the directory `path` is not watched any more */
	P9_EVENT_ALL = 5, /* events were lost: nothing that was said is to be believed */
};
struct p9_event {
	uint8_t type;
	uint64_t path; /* qid.path */
	struct p9_str name; /* empty where the type has none */
};
enum { P9_EVENT_MIN = 1 + 8 + 2, P9_EVENT_MAX = P9_EVENT_MIN + P9_MAX_NAME };

int p9_event_encode(const struct p9_event *e, void *buf, size_t cap);
/* Bytes used, 0 at the end, -EBADMSG (an unknown type as well). */
int p9_event_decode(const void *buf, size_t len, struct p9_event *ret);

/* True for a name that may stand for one directory entry: 1..P9_MAX_NAME bytes, no '/', no NUL, not
 * "." and not "..". */
bool p9_name_valid(struct p9_str name);

static inline struct p9_str p9_str(const char *s)
{
	return (struct p9_str){.s = s, .len = (uint16_t)strlen(s)};
}

static inline bool p9_str_eq(struct p9_str a, const char *b)
{
	return a.len == strlen(b) && (!a.len || !memcmp(a.s, b, a.len));
}
