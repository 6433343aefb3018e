/* SPDX-License-Identifier: MIT */
/*
 * A hostile 9P server against the mount: this plays the kernel, which keeps to its rules, and a
 *server that does not.  The input is read as a row of steps, each a byte and what it takes:
 *
 *	0..127    a FUSE request of one of the kinds below, on a node and a handle that exist
 *	128..239  an answer to one of the 9P requests under way: of the right type with the
 *		  following bytes as its body, or with one of a few bodies that make sense
 *	240..250  an Rlerror to one of them
 *	251       the connection is lost, there is another; the next byte says whether the server
 *		  has the extensions (bit 0), and whether it answers sensibly what is asked of it
 *		  until open files have been found again (bit 1)
 *	252..254  an interrupt of the last FUSE request
 *	255       the following bytes as they are
 *
 * Checked: every FUSE request gets one reply, all memory comes back (the address sanitizer's part),
 * and nothing is used after it has gone.
 */
#include "svc/fs/fuse/fuse9p-data.h"
#include "svc/fs/fuse/fuse9p-inval.h"
#include "svc/fs/fuse/fuse9p-kept.h"

#include <linux/fuse.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum { MAX_KNOWN = 32, MAX_OPEN = 256, MAX_STEPS = 300, MAX_MESSAGES = 256 };

struct known {
	uint64_t id, nlookup;
};

static struct {
	const uint8_t *data;
	size_t left;
	struct f9 fs;
	struct known nodes[MAX_KNOWN]; /* what the kernel holds; 0 is the root */
	uint64_t handles[MAX_KNOWN], handle_nodes[MAX_KNOWN];
	bool handle_dir[MAX_KNOWN];
	size_t n_nodes, n_handles;
	uint32_t opcodes[MAX_OPEN]; /* of requests by unique, 0: answered */
	uint64_t req_nodes[MAX_OPEN];
	uint64_t unique;
	size_t n_open;
	struct p9_msg messages[MAX_MESSAGES]; /* under way to the server */
	size_t n_messages;
	bool refused, root_asked;
} k;

static uint8_t byte(void)
{
	if (!k.left)
		return 0;
	k.left--;
	return *k.data++;
}

static void take(void *to, size_t n)
{
	size_t have = MIN(n, k.left);
	memset(to, 0, n);
	memcpy(to, k.data, have);
	k.data += have;
	k.left -= have;
}

/* ---- the kernel's side ---- */

static void hold(uint64_t id)
{
	for (size_t i = 0; i < k.n_nodes; i++) {
		if (k.nodes[i].id == id) {
			k.nodes[i].nlookup++;
			return;
		}
	}
	assert(k.n_nodes < MAX_KNOWN);
	k.nodes[k.n_nodes++] = (struct known){id, 1};
}

static void handle_add(uint64_t fh, uint64_t node, bool dir)
{
	assert(k.n_handles < MAX_KNOWN);
	k.handles[k.n_handles] = fh;
	k.handle_nodes[k.n_handles] = node;
	k.handle_dir[k.n_handles++] = dir;
}

static void reply_ok(uint64_t unique, const uint8_t *body, size_t n)
{
	const struct fuse_entry_out *e = (const void *)body;
	const struct fuse_open_out *o = (const void *)body;
	switch (k.opcodes[unique]) {
	case FUSE_LOOKUP:
	case FUSE_MKDIR:
	case FUSE_MKNOD:
	case FUSE_SYMLINK:
	case FUSE_LINK:
		assert(n == sizeof(*e));
		if (e->nodeid && e->nodeid != FUSE_ROOT_ID)
			hold(e->nodeid);
		break;
	case FUSE_CREATE:
		assert(n == sizeof(*e) + sizeof(*o));
		if (e->nodeid && e->nodeid != FUSE_ROOT_ID)
			hold(e->nodeid);
		handle_add(((const struct fuse_open_out *)(const void *)(e + 1))->fh, e->nodeid,
			false);
		break;
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		assert(n == sizeof(*o));
		handle_add(o->fh, k.req_nodes[unique], k.opcodes[unique] == FUSE_OPENDIR);
		break;
	case FUSE_READDIRPLUS:
		while (n >= FUSE_NAME_OFFSET_DIRENTPLUS) {
			const struct fuse_direntplus *d = (const void *)body;
			size_t size = FUSE_DIRENTPLUS_SIZE(d);
			assert(size <= n);
			if (d->entry_out.nodeid && d->entry_out.nodeid != FUSE_ROOT_ID)
				hold(d->entry_out.nodeid);
			body += size;
			n -= size;
		}
		break;
	}
}

static ssize_t on_writev(int fd, struct iovec *iov, int count, void *user)
{
	static uint8_t all[2 * 1024 * 1024];
	size_t n = 0;
	/* A notification, from the other thread: nothing to answer. */
	if (((const struct fuse_out_header *)iov[0].iov_base)->unique == 0)
		return 0;
	for (int i = 0; i < count; i++) {
		assert(n + iov[i].iov_len <= sizeof(all));
		memcpy(all + n, iov[i].iov_base, iov[i].iov_len);
		n += iov[i].iov_len;
	}
	const struct fuse_out_header *h = (const void *)all;
	assert(n >= sizeof(*h) && h->len == n && h->error <= 0 && h->error > -512);
	assert(h->unique <= k.unique && k.opcodes[h->unique]);
	if (!h->error)
		reply_ok(h->unique, all + sizeof(*h), n - sizeof(*h));
	k.opcodes[h->unique] = 0;
	k.n_open--;
	return (ssize_t)n;
}

static ssize_t on_read(int fd, void *buf, size_t size, void *user)
{
	return -1;
}

static void request(
	uint32_t opcode, uint64_t node, const void *a, size_t na, const void *b, size_t nb)
{
	/* Whole words, as the kernel's come. */
	static uint64_t mem[16384];
	struct fuse_in_header h = {.len = (uint32_t)(sizeof(h) + na + nb),
		.opcode = opcode,
		.unique = ++k.unique,
		.nodeid = node,
		.uid = k.unique % 3 == 0 ? 1000 : 0};
	uint8_t *p = (uint8_t *)mem;
	memcpy(p, &h, sizeof(h));
	if (na)
		memcpy(p + sizeof(h), a, na);
	if (nb)
		memcpy(p + sizeof(h) + na, b, nb);
	if (opcode != FUSE_INTERRUPT && opcode != FUSE_FORGET) {
		k.opcodes[k.unique] = opcode;
		k.req_nodes[k.unique] = node;
		k.n_open++;
	}
	struct fuse_buf buf = {.mem = mem, .size = h.len};
	fuse_session_process_buf(k.fs.session, &buf);
}

#define REQUEST(opcode, node, in, extra, n_extra) \
	request(opcode, node, &(in), sizeof(in), extra, n_extra)

static bool room(void)
{
	return k.n_nodes + k.n_open < MAX_KNOWN / 2 && k.n_handles + k.n_open < MAX_KNOWN / 2 &&
	       k.unique + 8 + k.n_nodes + k.n_handles < MAX_OPEN;
}

static void ask_by_name(unsigned kind, uint64_t node)
{
	static const char *const names[] = {"a", "b", "a\0b", "b\0a"};
	const char *name = names[byte() % 4];
	size_t n = strlen(name) + 1;
	struct fuse_mkdir_in mk = {.mode = 0755};
	struct fuse_mknod_in nod = {.mode = 0100644};
	struct fuse_create_in cr = {.flags = 02, .mode = 0100644};
	struct fuse_link_in ln = {.oldnodeid = k.nodes[byte() % k.n_nodes].id};
	struct fuse_rename_in rn = {.newdir = k.nodes[byte() % k.n_nodes].id};
	struct fuse_rename2_in r2 = {.newdir = rn.newdir, .flags = byte() % 4};
	switch (kind % 11) {
	case 10:
		REQUEST(FUSE_RENAME2, node, r2, "a\0b", 4);
		break;
	case 0:
		REQUEST(FUSE_MKDIR, node, mk, name, n);
		break;
	case 1:
		REQUEST(FUSE_MKNOD, node, nod, name, n);
		break;
	case 2:
		REQUEST(FUSE_CREATE, node, cr, name, n);
		break;
	case 3:
		REQUEST(FUSE_LINK, node, ln, name, n);
		break;
	case 4:
		REQUEST(FUSE_RENAME, node, rn, "a\0b", 4);
		break;
	case 5:
		request(FUSE_UNLINK, node, name, n, NULL, 0);
		break;
	case 6:
		request(FUSE_RMDIR, node, name, n, NULL, 0);
		break;
	case 7:
		request(FUSE_SYMLINK, node, "a\0target", 9, NULL, 0);
		break;
	default:
		request(FUSE_LOOKUP, node, name, n, NULL, 0);
	}
}

static void ask_by_node(unsigned kind, uint64_t node)
{
	struct fuse_getattr_in ga = {};
	struct fuse_setattr_in sa = {.valid = byte(), .size = 10};
	struct fuse_open_in op = {.flags = byte() & 02002};
	struct fuse_getxattr_in gx = {.size = byte() * 20u};
	struct fuse_setxattr_in sx = {.size = 3};
	sa.valid &= ~(uint32_t)FATTR_FH;
	switch (kind % 10) {
	case 0:
		REQUEST(FUSE_GETATTR, node, ga, NULL, 0);
		break;
	case 1:
		REQUEST(FUSE_SETATTR, node, sa, NULL, 0);
		break;
	case 2:
	case 3:
		REQUEST(FUSE_OPEN, node, op, NULL, 0);
		break;
	case 4:
		REQUEST(FUSE_OPENDIR, node, op, NULL, 0);
		break;
	case 5:
		REQUEST(FUSE_GETXATTR, node, gx, "user.x", 7);
		break;
	case 6:
		request(FUSE_SETXATTR, node, &sx, FUSE_COMPAT_SETXATTR_IN_SIZE, "user.x\0abc", 10);
		break;
	case 7:
		request(FUSE_READLINK, node, NULL, 0, NULL, 0);
		break;
	case 8:
		request(FUSE_STATFS, node, NULL, 0, NULL, 0);
		break;
	case 9:
		request(FUSE_REMOVEXATTR, node, "user.x", 7, NULL, 0);
		break;
	}
}

static void release(size_t i)
{
	struct fuse_release_in in = {.fh = k.handles[i], .lock_owner = 7, .release_flags = 2};
	uint64_t node = k.handle_nodes[i];
	bool dir = k.handle_dir[i];
	k.n_handles--;
	k.handles[i] = k.handles[k.n_handles];
	k.handle_nodes[i] = k.handle_nodes[k.n_handles];
	k.handle_dir[i] = k.handle_dir[k.n_handles];
	REQUEST(dir ? FUSE_RELEASEDIR : FUSE_RELEASE, node, in, NULL, 0);
}

/* A handle is busy while a request names it: the kernel does not release it then. */
static void ask_by_handle(unsigned kind)
{
	size_t i = byte() % k.n_handles;
	uint64_t fh = k.handles[i], node = k.handle_nodes[i];
	struct fuse_read_in rd = {.fh = fh, .size = byte() * 64u + 1};
	struct fuse_write_in wr = {.fh = fh, .size = 5};
	struct fuse_fsync_in fs = {.fh = fh};
	struct fuse_flush_in fl = {.fh = fh, .lock_owner = byte() % 2};
	struct fuse_lk_in lk = {.fh = fh, .owner = byte() % 2, .lk = {.end = INT64_MAX}};
	lk.lk.type = byte() % 3;
	lk.lk_flags = byte() % 2;
	if (k.handle_dir[i]) {
		rd.size += 300;
		REQUEST(kind % 2 ? FUSE_READDIR : FUSE_READDIRPLUS, node, rd, NULL, 0);
		return;
	}
	size_t j = byte() % k.n_handles;
	struct fuse_fallocate_in fa = {.fh = fh, .length = 100, .mode = byte()};
	struct fuse_lseek_in sk = {.fh = fh, .offset = byte(), .whence = 3 + byte() % 2};
	struct fuse_copy_file_range_in cp = {
		.fh_in = fh, .nodeid_out = k.handle_nodes[j], .fh_out = k.handles[j], .len = 100};
	switch (kind % 11) {
	case 8:
		REQUEST(FUSE_FALLOCATE, node, fa, NULL, 0);
		break;
	case 9:
		REQUEST(FUSE_LSEEK, node, sk, NULL, 0);
		break;
	case 10:
		if (!k.handle_dir[j])
			REQUEST(FUSE_COPY_FILE_RANGE, node, cp, NULL, 0);
		break;
	case 0:
	case 1:
		REQUEST(FUSE_READ, node, rd, NULL, 0);
		break;
	case 2:
		REQUEST(FUSE_WRITE, node, wr, "hello", 5);
		break;
	case 3:
		REQUEST(FUSE_FSYNC, node, fs, NULL, 0);
		break;
	case 4:
		REQUEST(FUSE_FLUSH, node, fl, NULL, 0);
		break;
	case 5:
		REQUEST(FUSE_SETLK, node, lk, NULL, 0);
		break;
	case 6:
		REQUEST(FUSE_SETLKW, node, lk, NULL, 0);
		break;
	case 7:
		REQUEST(FUSE_GETLK, node, lk, NULL, 0);
		break;
	}
}

static void forget(size_t i)
{
	struct fuse_forget_in in = {.nlookup = k.nodes[i].nlookup};
	uint64_t node = k.nodes[i].id;
	k.nodes[i] = k.nodes[--k.n_nodes];
	REQUEST(FUSE_FORGET, node, in, NULL, 0);
}

static void kernel_step(unsigned kind)
{
	uint64_t node = k.nodes[byte() % k.n_nodes].id;
	if (k.n_open == 0 && kind >= 120) { /* only then is it sure that nobody uses them */
		if (kind < 124 && k.n_handles)
			release(byte() % k.n_handles);
		else if (k.n_nodes > 1 && !k.n_handles)
			forget(1 + byte() % (k.n_nodes - 1));
	} else if (!room()) {
		return;
	} else if (kind < 50) {
		ask_by_name(kind, node);
	} else if (kind < 90 || !k.n_handles) {
		ask_by_node(kind, node);
	} else {
		ask_by_handle(kind);
	}
}

/* ---- the server's side ---- */

static void collect_messages(void)
{
	const void *p;
	size_t n;
	for (;;) {
		p9_client_output(k.fs.client, &p, &n);
		if (n == 0)
			return;
		struct p9_msg m;
		int size = p9_frame_size(p, n, P9_MAX_MSIZE);
		assert(size > 0 && p9_decode(p, (size_t)size, &m) == 0);
		if (k.n_messages < MAX_MESSAGES)
			k.messages[k.n_messages++] = m;
		p9_client_output_done(k.fs.client, (size_t)size);
	}
}

static void give(const void *data, size_t n)
{
	void *p;
	size_t room_;
	p9_client_input_buffer(k.fs.client, &p, &room_);
	n = MIN(n, room_);
	memcpy(p, data, n);
	(void)p9_client_input(k.fs.client, n);
}

static void give_message(struct p9_msg *m)
{
	static uint8_t buf[65536];
	int n = p9_encode(m, buf, sizeof(buf));
	if (n > 0)
		give(buf, (size_t)n);
}

/* The types of 9P2000.L.metac. */
static void sensible_metac(const struct p9_msg *t, struct p9_msg *r, const struct p9_attr *attr)
{
	static uint8_t data[1024];
	static const char *const names[] = {"a", "..", "x/y", "", "b"};
	uint32_t n;
	struct p9_direntplus d = {.offset = byte(), .attr = *attr};
	struct p9_event e = {.type = 1 + byte() % 5, .path = attr->qid.path};
	switch (t->type) {
	case P9_Tlookup:
		r->rlookup.attr = *attr;
		r->rlookup.flags = byte() & 1;
		break;
	case P9_Topenat:
		r->ropenat.attr = *attr;
		r->ropenat.flags = byte() & 1;
		r->ropenat.data = (struct p9_data){data, MIN(t->topenat.count, (uint32_t)byte())};
		break;
	case P9_Tcreateat:
	case P9_Ttmpfile:
		r->rcreateat.attr = *attr;
		r->rcreateat.dir = *attr;
		break;
	case P9_Tmakeat:
	case P9_Tlinkat:
	case P9_Tsetattrx:
		r->rmakeat.attr = *attr;
		r->rmakeat.dir = *attr;
		break;
	case P9_Tunlinkatx:
		r->runlinkatx.dir = *attr;
		break;
	case P9_Treaddirplus:
		n = 0;
		for (unsigned i = 0; i < ARRAY_SIZE(names); i++, d.offset++, d.attr.qid.path++) {
			d.name = p9_str(names[i]);
			n += (uint32_t)p9_direntplus_encode(&d, data + n, sizeof(data) - n);
		}
		if (t->treaddirplus.offset > 2 || n > t->treaddirplus.count)
			n = 0;
		r->rreaddirplus.data = (struct p9_data){data, n};
		r->rreaddirplus.flags = byte() & 3;
		break;
	case P9_Tgetxattr:
	case P9_Tlistxattr:
		n = byte();
		if (t->type == P9_Tlistxattr ? t->tlistxattr.count : t->tgetxattr.count)
			r->rgetxattr.data = (struct p9_data){data, n};
		r->rgetxattr.size = n;
		break;
	case P9_Tevents:
		e.name = e.type <= 2 ? p9_str("a") : p9_str("");
		n = (uint32_t)p9_event_encode(&e, data, sizeof(data));
		r->revents.data = (struct p9_data){data, n};
		break;
	case P9_Tseek:
		r->rseek.offset = byte();
		break;
	case P9_Tcopyrange:
		r->rcopyrange.count = byte() % 100;
		break;
	case P9_Tattachx:
		r->rattachx.qid = (struct p9_qid){.type = P9_QTDIR};
		break;
	case P9_Tsession:
		r->rsession.flags = byte() & 3;
		break;
	}
}

static void sensible(const struct p9_msg *t, struct p9_msg *r)
{
	static uint8_t entries[512];
	struct p9_qid qid = {.type = byte() & P9_QTDIR, .path = byte() % 8};
	struct p9_attr attr = {.qid = qid,
		.valid = P9_GETATTR_BASIC | P9_GETATTR_GEN,
		.mode = qid.type ? 040755 : 0100644,
		.nlink = 1,
		.gen = 1,
		.size = byte()};
	sensible_metac(t, r, &attr);
	switch (t->type) {
	case P9_Twalk:
		r->rwalk.nwqid = t->twalk.nwname;
		for (unsigned i = 0; i < r->rwalk.nwqid; i++)
			r->rwalk.wqid[i] = qid;
		break;
	case P9_Tgetattr:
		r->rgetattr = attr;
		break;
	case P9_Tread:
		r->rread.data = (struct p9_data){entries, MIN(t->tread.count, (uint32_t)byte())};
		break;
	case P9_Treaddir: {
		struct p9_dirent d = {.qid = qid, .offset = byte(), .name = p9_str("a")};
		int n = p9_dirent_encode(&d, entries, sizeof(entries));
		d.name = p9_str("b");
		n += p9_dirent_encode(&d, entries + n, sizeof(entries) - (size_t)n);
		if (t->treaddir.offset || (uint32_t)n > t->treaddir.count)
			n = 0;
		r->rreaddir.data = (struct p9_data){entries, (uint32_t)n};
		break;
	}
	case P9_Twrite:
		r->rwrite.count = MIN(t->twrite.data.len, (uint32_t)byte());
		break;
	case P9_Txattrwalk:
		r->rxattrwalk.size = byte();
		break;
	case P9_Tlock:
		r->rlock.status = byte() % 4;
		break;
	case P9_Tattach:
		r->rattach.qid = qid;
		break;
	}
}

static void server_step(unsigned kind)
{
	if (kind == 255 || !k.n_messages) {
		uint8_t raw[64];
		size_t n = MIN((size_t)byte() % sizeof(raw), k.left);
		take(raw, n);
		give(raw, n);
		return;
	}
	size_t i = byte() % k.n_messages;
	struct p9_msg t = k.messages[i], r = {.type = (uint8_t)(t.type + 1), .tag = t.tag};
	k.messages[i] = k.messages[--k.n_messages];
	if (kind >= 240) {
		r.type = P9_Rlerror;
		r.rlerror.ecode = kind == 240 ? EOPNOTSUPP : byte();
		give_message(&r);
	} else if (kind >= 232) {
		uint8_t body[96];
		size_t n = P9_HEADER + (size_t)byte() % (sizeof(body) - P9_HEADER);
		take(body, n);
		body[0] = (uint8_t)n;
		body[1] = body[2] = body[3] = 0;
		body[4] = r.type;
		body[5] = (uint8_t)t.tag;
		body[6] = (uint8_t)(t.tag >> 8);
		give(body, n);
	} else {
		sensible(&t, &r);
		give_message(&r);
	}
}

/* ---- losing the connection ---- */

static void on_recovered(void *user, int error, const char *text)
{
	k.refused = error != 0;
}

/* Answers one request of finding again as a server does that has the same tree. */
static void find_again_step(bool metac)
{
	struct p9_msg t = k.messages[0], r = {.type = (uint8_t)(t.type + 1), .tag = t.tag};
	k.n_messages--;
	memmove(k.messages, k.messages + 1, k.n_messages * sizeof(k.messages[0]));
	if (t.type == P9_Tversion) {
		r.tag = P9_NOTAG;
		r.rversion.msize = 8192;
		r.rversion.version = p9_str(metac ? P9_VERSION_METAC : P9_VERSION);
	} else {
		sensible(&t, &r);
		if (t.type == P9_Tattach || (t.type == P9_Tgetattr && !k.root_asked))
			r.rattach.qid = (struct p9_qid){.type = P9_QTDIR};
		if (t.type == P9_Tgetattr && !k.root_asked) {
			r.rgetattr = (struct p9_attr){.qid = {.type = P9_QTDIR}, .mode = 040755};
			k.root_asked = true;
		}
	}
	give_message(&r);
}

static void lose_connection(void)
{
	unsigned how = byte();
	f9_park_all(&k.fs);
	k.n_messages = 0;
	k.root_asked = false;
	int r = f9_recover(&k.fs, on_recovered, NULL);
	assert(r == 0);
	for (int i = 0; i < 200 && k.fs.recovery; i++) {
		collect_messages();
		if (!k.n_messages || p9_client_failed(k.fs.client) || (!(how & 2) && k.root_asked))
			break;
		find_again_step(how & 1);
	}
}

/* ---- from beginning to end ---- */

static void on_version(void *user, int error, const struct p9_msg *m)
{
}

static void begin(void)
{
	char *args[] = {(char[]){"fuzz"}, NULL};
	struct fuse_args fuse_args = FUSE_ARGS_INIT(1, args);
	static const struct fuse_custom_io io = {.writev = on_writev, .read = on_read};
	struct p9_client_config config = {.msize = 8192, .max_requests = 64, .max_fids = 64};
	struct p9_msg version = {.type = P9_Rversion,
		.tag = P9_NOTAG,
		.rversion = {.msize = 8192, .version = p9_str(P9_VERSION)}};
	struct p9_client *c;
	int fd = -EBADF, r = p9_client_new(&config, &c);
	assert(r == 0 && p9_client_start(c, on_version, NULL) >= 0);
	k.fs.aname = "";
	r = f9_init(&k.fs, c);
	assert(r == 0);
	const void *p;
	size_t n;
	p9_client_output(c, &p, &n);
	p9_client_output_done(c, n);
	give_message(&version);
	f9_up(&k.fs);
	k.fs.root = f9_node_get(&k.fs, &(struct p9_qid){.type = P9_QTDIR}, NULL, NULL);
	uint32_t fid;
	r = p9_client_fid_new(c, &fid);
	assert(k.fs.root && r == 0);
	f9_fid_adopt(&k.fs, k.fs.root, 0, fid);
	k.fs.session = fuse_session_new(&fuse_args, &f9_fuse_ops, sizeof(f9_fuse_ops), &k.fs);
	assert(k.fs.session);
	fuse_opt_free_args(&fuse_args);
	r = fuse_session_custom_io(k.fs.session, &io, 0);
	assert(r == 0);
	r = f9_inval_new(&k.fs, &k.fs.invalidator, &fd);
	assert(r == 0);
	k.nodes[k.n_nodes++] = (struct known){.id = FUSE_ROOT_ID};
	struct fuse_init_in in = {.major = 7,
		.minor = 36,
		.flags = FUSE_DO_READDIRPLUS | FUSE_POSIX_LOCKS | FUSE_FLOCK_LOCKS |
			 FUSE_PARALLEL_DIROPS};
	REQUEST(FUSE_INIT, 0, in, NULL, 0);
}

static void end(void)
{
	f9_over(&k.fs, -EIO);
	f9_inval_open_files(&k.fs);
	(void)f9_sleepers_run(&k.fs);
	f9_inval_free(k.fs.invalidator);
	assert(k.n_open == 0 && k.fs.n_ops == 0);
	while (k.n_handles)
		release(0);
	while (k.n_nodes > 1)
		forget(1);
	assert(k.fs.by_qid.n == 1);
	f9_done(&k.fs);
	p9_client_free(k.fs.client);
	fuse_session_destroy(k.fs.session);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	memset(&k, 0, sizeof(k));
	k.data = data;
	k.left = size;
	begin();
	for (int i = 0; i < MAX_STEPS && k.left; i++) {
		unsigned kind = byte();
		collect_messages();
		if (k.refused || p9_client_failed(k.fs.client)) {
			k.refused = false;
			lose_connection();
		} else if (kind < 128) {
			kernel_step(kind);
		} else if (kind == 251) {
			lose_connection();
		} else if (kind >= 252 && kind < 255 && k.unique && k.opcodes[k.unique]) {
			struct fuse_interrupt_in in = {.unique = k.unique};
			REQUEST(FUSE_INTERRUPT, 0, in, NULL, 0);
		} else {
			server_step(kind);
		}
		(void)f9_sleepers_run(&k.fs);
		(void)f9_data_run(&k.fs);
		(void)f9_kept_run(&k.fs);
		(void)f9_parked_run(&k.fs);
		f9_inval_run(k.fs.invalidator);
	}
	end();
	return 0;
}
