/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: 9p-session.h.  There is a row in `kinds` for each type of request that may
 * come inside Tonce: what has to be known before it begins (note), and how to find out whether an
 * operation that was begun has been done (look), which leaves its answer in job->q.r.  Types
 * without a row can be done again without harm, and are not written down.
 *
 * A name that did not stand for anything before, and does for what was asked for now, has been made
 * by this request; or by somebody else between two system calls of ours, which is the one thing
 * that cannot be told.  A name that stands for another object than before has been removed or
 * renamed.
 *
 * Appending: a file's size before counts only if nobody else in this server appends at the same
 * time, so appends to a file take turns (as they do in the kernel) from before the size is noted
 * until the journal has the result.  Others may have appended in between: so the bytes are looked
 * for from there on, and if the file ends with their first part, because the server was killed
 * while it wrote, the rest follows.
 */
#include "svc/fs/server/9p-session.h"
#include "svc/fs/server/9p-journal.h"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

enum { NOT_DONE = 1, APPEND_SEARCH_MAX = 16 << 20, XATTR_CREATE_FLAG = 1, N_APPENDING = 16 };

struct p9_session {
	struct p9_journal *journal;
	bool kept;
	pthread_mutex_t appending[N_APPENDING]; /* by inode */
};

/* One request, with what is known of it. */
struct attempt {
	struct p9_job *j;
	struct p9_journal_record r;
};

/* --- looking --- */

static int file_at(const struct p9_job *j)
{
	return p9_file_at(p9_job_file(j));
}

/* What `name` below `at` stands for; "": what `at` itself does. */
static struct p9_journal_object find(int at, struct p9_str name)
{
	struct p9_journal_object o = {};
	char text[P9_MAX_NAME + 1];
	struct statx sx;
	if (name.len > P9_MAX_NAME ||
		p9_stat(at, p9_cstr(name, text, sizeof(text)), P9_GETATTR_BTIME, &sx))
		return o;
	o.dev = makedev(sx.stx_dev_major, sx.stx_dev_minor);
	o.ino = sx.stx_ino;
	if (sx.stx_mask & STATX_BTIME)
		o.born = (uint64_t)sx.stx_btime.tv_sec * 1000000000 + sx.stx_btime.tv_nsec;
	o.mode = sx.stx_mode;
	o.there = 1;
	return o;
}

static bool same(const struct p9_journal_object *a, const struct p9_journal_object *b)
{
	return a->there && b->there && a->dev == b->dev && a->ino == b->ino && a->born == b->born &&
	       ((a->mode ^ b->mode) & S_IFMT) == 0;
}

/* --- removing --- */

static void unlink_note(struct attempt *a)
{
	a->r.name = find(file_at(a->j), a->j->q.t.tunlinkat.name);
}

static int unlink_look(struct attempt *a)
{
	struct p9_journal_object now = find(file_at(a->j), a->j->q.t.tunlinkat.name);
	return a->r.name.there && !same(&now, &a->r.name) ? 0 : NOT_DONE;
}

/* --- renaming: Trenameat2 has the fields of Trenameat first --- */

static void rename_note(struct attempt *a)
{
	const struct p9_msg *t = &a->j->q.t;
	a->r.name = find(file_at(a->j), t->trenameat.oldname);
	a->r.name2 = find(p9_file_at(p9_job_file2(a->j)), t->trenameat.newname);
}

static int rename_look(struct attempt *a)
{
	const struct p9_msg *t = &a->j->q.t;
	struct p9_journal_object old = find(file_at(a->j), t->trenameat.oldname);
	struct p9_journal_object new = find(p9_file_at(p9_job_file2(a->j)), t->trenameat.newname);
	if (!a->r.name.there || same(&old, &a->r.name))
		return NOT_DONE;
	/* Neither name leads to the file: both have been used for something else since. Doing it
	 * again would move what is not meant. */
	return same(&new, &a->r.name) ? 0 : -EIO;
}

/* --- linking: Tlinkat has the fields of Tlink first --- */

static void link_note(struct attempt *a)
{
	a->r.name = find(file_at(a->j), a->j->q.t.tlink.name);
}

static int link_look(struct attempt *a)
{
	const struct p9_msg *t = &a->j->q.t;
	int target = p9_file_at(p9_job_file2(a->j));
	struct p9_journal_object now = find(file_at(a->j), t->tlink.name), meant;
	meant = find(target, (struct p9_str){});
	if (a->r.name.there || !same(&now, &meant))
		return NOT_DONE;
	if (t->type != P9_Tlinkat)
		return 0;
	return p9_attr_get(a->j->tree, target, t->tlinkat.request_mask, &a->j->q.r.rlinkat.attr);
}

/* --- making --- */

/* What the messages that make something have in common. */
struct made {
	struct p9_str name, target;
	uint32_t mode;
	dev_t dev;
};

static struct made made_by(const struct p9_msg *t)
{
	switch (t->type) {
	case P9_Tmkdir:
		return (struct made){.name = t->tmkdir.name, .mode = S_IFDIR};
	case P9_Tsymlink:
		return (struct made){
			.name = t->tsymlink.name, .mode = S_IFLNK, .target = t->tsymlink.symtgt};
	case P9_Tmknod:
		return (struct made){.name = t->tmknod.name,
			.mode = t->tmknod.mode,
			.dev = makedev(t->tmknod.major, t->tmknod.minor)};
	case P9_Tcreateat:
		return (struct made){.name = t->tcreateat.name, .mode = S_IFREG};
	default:
		assert(t->type == P9_Tmakeat);
		return (struct made){.name = t->tmakeat.name,
			.mode = t->tmakeat.mode,
			.target = t->tmakeat.target,
			.dev = makedev(t->tmakeat.major, t->tmakeat.minor)};
	}
}

static void make_note(struct attempt *a)
{
	a->r.name = find(file_at(a->j), made_by(&a->j->q.t).name);
}

static bool leads_to(const struct p9_job *j, const char *name, struct p9_str target)
{
	char text[4097];
	ssize_t n = readlinkat(file_at(j), name, text, sizeof(text));
	return n == target.len && !memcmp(text, target.s, (size_t)n);
}

/* Whether the name stands for the very thing that was asked for. */
static bool is_made(struct attempt *a, const struct made *m, struct statx *ret)
{
	const struct p9_job *j = a->j;
	const struct p9_cred *cred = p9_job_file(j)->cred;
	char name[P9_MAX_NAME + 1];
	uid_t uid = j->tree->creds.fixed ? geteuid() : cred->uid;
	if (a->r.name.there || m->name.len > P9_MAX_NAME ||
		p9_stat(file_at(j), p9_cstr(m->name, name, sizeof(name)), 0, ret))
		return false;
	if ((ret->stx_mode ^ m->mode) & S_IFMT || ret->stx_uid != uid)
		return false;
	if (S_ISCHR(ret->stx_mode) || S_ISBLK(ret->stx_mode))
		return makedev(ret->stx_rdev_major, ret->stx_rdev_minor) == m->dev;
	return !S_ISLNK(ret->stx_mode) || leads_to(a->j, name, m->target);
}

/* newfid of Tmakeat, with the attributes of today. */
static int give_made(struct p9_job *j)
{
	const struct p9_msg *t = &j->q.t;
	char name[P9_MAX_NAME + 1];
	p9_cstr(t->tmakeat.name, name, sizeof(name));
	return p9_give_name(j, file_at(j), name, t->tmakeat.request_mask, &j->q.r.rmakeat.attr);
}

static int make_look(struct attempt *a)
{
	struct made m = made_by(&a->j->q.t);
	struct statx sx;
	if (!is_made(a, &m, &sx))
		return NOT_DONE;
	if (a->j->q.t.type == P9_Tmakeat)
		return give_made(a->j);
	if (a->j->q.t.type == P9_Tcreateat)
		return p9_createat_again(a->j, p9_qid_of_statx(a->j->tree, &sx).path);
	a->j->q.r.rmkdir.qid = p9_qid_of_statx(a->j->tree, &sx);
	return 0;
}

/* --- appending --- */

static bool is_append(const struct p9_job *j)
{
	const struct p9_file *f = p9_job_file(j);
	int flags = f->state == P9_FILE ? fcntl(f->fd, F_GETFL) : -1;
	return flags >= 0 && ((flags & O_APPEND) || j->q.t.twrite.offset == P9_APPEND);
}

static void size_note(struct attempt *a)
{
	struct stat st;
	a->r.size = !fstat(p9_job_file(a->j)->fd, &st) ? (uint64_t)st.st_size : 0;
}

/* All bytes of the file from `at` on; the file may only be open for writing. */
static ssize_t read_tail(const struct p9_job *j, uint64_t at, void *buf, size_t n)
{
	char path[P9_PROC_PATH];
	AUTO_CLOSE int fd = open(p9_proc_path(p9_job_file(j)->fd, path), O_RDONLY | O_CLOEXEC);
	size_t got = 0;
	if (fd < 0)
		return -errno;
	while (got < n) {
		ssize_t r = pread(fd, (char *)buf + got, n - got, (off_t)(at + got));
		if (r < 0)
			return -errno;
		if (!r)
			break;
		got += (size_t)r;
	}
	return (ssize_t)got;
}

/* How many of the first bytes of `data` are the last of `tail`, at most; or -ENOMEM.  The client
 * has chosen both, so it takes a time that grows with their length alone: fail[i] is how many of
 * the first bytes of data are the last of data[0..i]. */
static ssize_t overlap(const uint8_t *tail, size_t n, struct p9_data data)
{
	const uint8_t *d = data.p;
	size_t most = MIN(n, (size_t)data.len), k = 0;
	AUTO_FREE uint32_t *fail = calloc(most + 1, sizeof(*fail));
	if (!fail)
		return -ENOMEM;
	for (size_t i = 1; i < most; i++) {
		while (k && d[i] != d[k])
			k = fail[k - 1];
		k += d[i] == d[k];
		fail[i] = (uint32_t)k;
	}
	k = 0;
	for (const uint8_t *p = tail + n - most; p < tail + n; p++) {
		while (k && (k == most || *p != d[k]))
			k = fail[k - 1];
		k += *p == d[k];
	}
	return (ssize_t)k;
}

/* Writes what is missing. */
static int append_rest(struct p9_job *j, size_t there)
{
	struct p9_data d = j->q.t.twrite.data;
	ssize_t n = p9_append_fd(p9_job_file(j)->fd, (const uint8_t *)d.p + there, d.len - there);
	if (n < 0 && !there)
		return -errno;
	j->q.r.rwrite.count = (uint32_t)(there + (n < 0 ? 0 : (size_t)n));
	return 0;
}

static int append_look(struct attempt *a)
{
	struct p9_job *j = a->j;
	struct p9_data d = j->q.t.twrite.data;
	struct stat st;
	if (fstat(p9_job_file(j)->fd, &st) < 0)
		return -errno;
	uint64_t size = (uint64_t)st.st_size;
	if (size == a->r.size || !d.len)
		return NOT_DONE;
	if (size < a->r.size || size - a->r.size > APPEND_SEARCH_MAX)
		return -EIO; /* cut off meanwhile, or too much to search */
	size_t n = (size_t)(size - a->r.size);
	AUTO_FREE uint8_t *tail = malloc(n);
	if (!tail)
		return -ENOMEM;
	ssize_t got = read_tail(j, a->r.size, tail, n);
	if (got < 0)
		return -EIO;
	j->q.r.rwrite.count = d.len;
	if (memmem(tail, (size_t)got, d.p, d.len))
		return 0;
	ssize_t there = overlap(tail, (size_t)got, d);
	return there < 0 ? (int)there : append_rest(j, (size_t)there);
}

/* --- moving what comes after a range: fallocate --- */

static bool is_shift(const struct p9_job *j)
{
	return (j->q.t.tfallocate.mode & (P9_FALLOC_COLLAPSE_RANGE | P9_FALLOC_INSERT_RANGE)) &&
	       p9_job_file(j)->state == P9_FILE;
}

static int shift_look(struct attempt *a)
{
	struct stat st;
	if (fstat(p9_job_file(a->j)->fd, &st) < 0)
		return -errno;
	return (uint64_t)st.st_size == a->r.size ? NOT_DONE : 0;
}

/* --- extended attributes --- */

static bool has_xattr(const struct p9_job *j, struct p9_str name)
{
	char path[P9_PROC_PATH], text[P9_MAX_NAME + 1];
	if (!name.len || name.len > P9_MAX_NAME)
		return false;
	return getxattr(p9_proc_path(file_at(j), path), p9_cstr(name, text, sizeof(text)), NULL,
		       0) >= 0;
}

static bool is_xattr_create(const struct p9_job *j)
{
	return j->q.t.tsetxattr.flags & XATTR_CREATE_FLAG;
}

static void xattr_note(struct attempt *a)
{
	a->r.name.there = has_xattr(a->j, a->j->q.t.tsetxattr.name);
}

/* It was not there, so it is what we have set: again then, in case it was not whole. */
static int setxattr_look(struct attempt *a)
{
	if (!a->r.name.there)
		a->j->q.t.tsetxattr.flags &= ~(uint32_t)XATTR_CREATE_FLAG;
	return NOT_DONE;
}

static int removexattr_look(struct attempt *a)
{
	return a->r.name.there && !has_xattr(a->j, a->j->q.t.tremovexattr.name) ? 0 : NOT_DONE;
}

/* --- the table --- */

struct kind {
	void (*note)(struct attempt *a);
	/* 0: done, and the answer is in job->q.r; NOT_DONE; negative errno: the answer. */
	int (*look)(struct attempt *a);
	bool (*matters)(const struct p9_job *j); /* NULL: always */
	bool takes_turns;
};

static const struct kind kinds[256] = {
	[P9_Tunlinkat] = {unlink_note, unlink_look},
	[P9_Tunlinkatx] = {unlink_note, unlink_look},
	[P9_Trenameat] = {rename_note, rename_look},
	[P9_Trenameat2] = {rename_note, rename_look},
	[P9_Tlink] = {link_note, link_look},
	[P9_Tlinkat] = {link_note, link_look},
	[P9_Tmkdir] = {make_note, make_look},
	[P9_Tmknod] = {make_note, make_look},
	[P9_Tsymlink] = {make_note, make_look},
	[P9_Tmakeat] = {make_note, make_look},
	[P9_Tcreateat] = {make_note, make_look},
	[P9_Twrite] = {size_note, append_look, is_append, true},
	[P9_Tfallocate] = {size_note, shift_look, is_shift},
	[P9_Tsetxattr] = {xattr_note, setxattr_look, is_xattr_create},
	[P9_Tremovexattr] = {xattr_note, removexattr_look},
};

/* --- what a request is --- */

static uint64_t hash(uint64_t h, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * UINT64_C(0x100000001b3);
	return h;
}

static uint64_t hash_str(uint64_t h, struct p9_str s)
{
	return hash(hash(h, &s.len, sizeof(s.len)), s.s, s.len);
}

/* Of what does not change when it is sent again: fids do. Enough to tell a client that has lost
 * count from one that asks again. */
static uint64_t digest(const struct p9_msg *t)
{
	uint64_t h = hash(UINT64_C(0xcbf29ce484222325), &t->type, 1);
	switch (t->type) {
	case P9_Tunlinkat:
	case P9_Tunlinkatx:
		return hash_str(h, t->tunlinkat.name);
	case P9_Trenameat:
	case P9_Trenameat2:
		return hash_str(hash_str(h, t->trenameat.oldname), t->trenameat.newname);
	case P9_Tlink:
	case P9_Tlinkat:
		return hash_str(h, t->tlink.name);
	case P9_Twrite:
		return hash(h, &t->twrite.data.len, sizeof(t->twrite.data.len));
	case P9_Tfallocate:
		return hash(h, &t->tfallocate.offset, sizeof(t->tfallocate.offset));
	case P9_Tsetxattr:
		return hash_str(h, t->tsetxattr.name);
	case P9_Tremovexattr:
		return hash_str(h, t->tremovexattr.name);
	default:
		return hash_str(h, made_by(t).name);
	}
}

/* --- answers --- */

static void keep_answer(struct attempt *a, int error)
{
	const struct p9_msg *m = &a->j->q.r;
	a->r.error = error;
	if (error)
		return;
	switch (m->type) {
	case P9_Rwrite:
		a->r.count = m->rwrite.count;
		break;
	case P9_Rcreateat:
		a->r.attr = m->rcreateat.attr;
		break;
	case P9_Rmakeat:
	case P9_Rlinkat:
		a->r.attr = m->rmakeat.attr;
		break;
	case P9_Rmkdir:
	case P9_Rmknod:
	case P9_Rsymlink:
		a->r.qid = m->rmkdir.qid;
		break;
	}
}

/* The answer of old. What a request makes besides is made again: the fid. */
static int answer_again(struct attempt *a)
{
	struct p9_job *j = a->j;
	struct p9_msg *m = &j->q.r;
	if (a->r.error)
		return a->r.error;
	switch (m->type) {
	case P9_Rwrite:
		m->rwrite.count = a->r.count;
		return 0;
	case P9_Rcreateat:
		return p9_createat_again(j, a->r.attr.qid.path);
	case P9_Rmakeat:
	case P9_Rlinkat:
		if (j->q.newfid)
			return give_made(j);
		m->rmakeat.attr = a->r.attr;
		return 0;
	case P9_Rmkdir:
	case P9_Rmknod:
	case P9_Rsymlink:
		m->rmkdir.qid = a->r.qid;
		return 0;
	}
	return 0;
}

/* --- running --- */

static int enter(const struct p9_job *j)
{
	return p9_cred_enter(&j->tree->creds, p9_job_file(j)->cred, (gid_t)-1);
}

static int finish(struct attempt *a, struct p9_journal_record *r, int result)
{
	keep_answer(a, result);
	p9_journal_done(r, &a->r);
	return result;
}

static int run_new(struct attempt *a, struct p9_journal_record *r, const struct kind *k)
{
	k->note(a);
	p9_journal_begin(r, &a->r);
	return finish(a, r, p9_tree_run(a->j));
}

static int run_claimed(struct attempt *a, struct p9_journal_record *r, const struct kind *k)
{
	if (a->r.seq < r->seq)
		return -EINVAL;
	if (a->r.seq > r->seq || r->state == P9_JOURNAL_NOTHING)
		return run_new(a, r, k);
	if (r->type != a->r.type || r->digest != a->r.digest)
		return -EINVAL;
	a->r = *r;
	bool done = r->state == P9_JOURNAL_DONE;
	int result = done ? answer_again(a) : k->look(a);
	if (!result)
		p9_tell_dir(a->j);
	if (done)
		return result;
	return result == NOT_DONE ? run_new(a, r, k) : finish(a, r, result);
}

int p9_session_run(struct p9_session *s, struct p9_job *j)
{
	const struct p9_msg *t = &j->q.t;
	const struct kind *k = &kinds[t->type];
	int r = enter(j);
	if (r)
		return r;
	if (!k->note || (k->matters && !k->matters(j)))
		return p9_tree_run(j);
	struct p9_journal_record *record = p9_journal_claim(s->journal, t->once.slot);
	if (!record)
		return -EBUSY;
	struct attempt a = {.j = j};
	a.r.seq = t->once.seq;
	a.r.type = t->type;
	a.r.digest = digest(t);
	pthread_mutex_t *turn = &s->appending[p9_job_file(j)->ino % N_APPENDING];
	if (k->takes_turns)
		pthread_mutex_lock(turn);
	r = run_claimed(&a, record, k);
	if (k->takes_turns)
		pthread_mutex_unlock(turn);
	p9_journal_release(record);
	return r;
}

/* --- life --- */

int p9_session_new(const struct p9_tree *tree, int journal_fd, struct p9_session **ret)
{
	AUTO_FREE struct p9_session *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	int r = p9_journal_open(journal_fd > 0 ? journal_fd : -EBADF, tree->root->dev,
		tree->root->ino, &s->journal, &s->kept);
	if (r)
		return r;
	for (size_t i = 0; i < N_APPENDING; i++)
		pthread_mutex_init(&s->appending[i], NULL);
	*ret = TAKE_PTR(s);
	return 0;
}

void p9_session_free(struct p9_session *s)
{
	if (!s)
		return;
	p9_journal_close(s->journal);
	for (size_t i = 0; i < N_APPENDING; i++)
		pthread_mutex_destroy(&s->appending[i]);
	free(s);
}

uint32_t p9_session_flags(const struct p9_session *s)
{
	return s->kept ? P9_SESSION_KEPT : 0;
}
