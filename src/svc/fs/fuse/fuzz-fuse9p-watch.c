/* SPDX-License-Identifier: MIT */
/*
 * Is nothing believed that is not so?  The input drives a model of a server (a few directories, a
 * few names, files with several of them, watches that come and go), of other people who change what
 * is there, and of a kernel that believes what it is told for long.  Answers come in any order, and
 * late; events in order, but as late as they like.  Whenever all events have been heard, all that
 * the kernel still believes must be true.
 *
 * The invalidator is replaced by one that makes the kernel of the model forget at once.
 *
 * Not played, since it is a limit that is told (docs/9p2000.L.metac.md): a second name that is
 * made for a file in a directory that nobody watches.
 */
#include "svc/fs/fuse/fuse9p-inval.h"
#include "svc/fs/fuse/fuse9p-watch.h"

enum {
	N_DIRS = 3,
	N_NAMES = 4,
	N_FILES = 6,
	FIRST_FILE = 10,
	MAX_EVENTS = 512,
	MAX_REQUESTS = 16,
	MAX_STEPS = 4000,
};

struct request {
	bool used, done, by_name;
	unsigned dir, name; /* by_name: a lookup; else the attributes of: */
	uint64_t path;
	uint64_t asked;
	uint32_t flags; /* the answer, from here on */
	struct p9_attr attr; /* qid.path 0: no such name; data_version is what counts */
};

static const char *const names[N_NAMES] = {"a", "b", "c", "d"};

static struct {
	const uint8_t *data;
	size_t left;
	struct f9 fs;
	struct f9_node *dirs[N_DIRS];
	struct f9_node *files[N_FILES]; /* as far as they are known */
	/* the server */
	uint64_t entry[N_DIRS][N_NAMES];
	uint64_t version[N_FILES];
	bool marked[N_DIRS], marked_self[N_FILES];
	struct p9_event events[MAX_EVENTS];
	size_t n_events;
	struct request requests[MAX_REQUESTS];
	/* the kernel */
	bool believes_entry[N_DIRS][N_NAMES], believes_attr[N_FILES];
	uint64_t told_entry[N_DIRS][N_NAMES], told_version[N_FILES];
} m;

static unsigned byte(void)
{
	if (!m.left)
		return 0;
	m.left--;
	return *m.data++;
}

/* ---- the invalidator's place ---- */

int f9_inval_new(struct f9 *fs, struct f9_invalidator **ret, int *ret_fd)
{
	(void)fs, (void)ret, (void)ret_fd;
	return -ENOSYS;
}

void f9_inval_free(struct f9_invalidator *v)
{
	(void)v;
}

void f9_inval_node(struct f9_op *op, f9_then then)
{
	then(op, 0, NULL);
}

void f9_inval_open_files(struct f9 *fs)
{
	(void)fs;
}

void f9_inval_inode(struct f9 *fs, const struct f9_node *n, enum f9_inval_what what, bool again)
{
	(void)fs, (void)what, (void)again;
	for (unsigned i = 0; i < N_FILES; i++) {
		if (m.files[i] == n)
			m.believes_attr[i] = false;
	}
}

void f9_inval_name(struct f9 *fs, fuse_ino_t ino, const char *name, bool is_dir, bool again)
{
	(void)is_dir, (void)again;
	for (unsigned d = 0; d < N_DIRS; d++) {
		for (unsigned i = 0; i < N_NAMES && f9_node_ino(fs, m.dirs[d]) == ino; i++) {
			if (!strcmp(names[i], name))
				m.believes_entry[d][i] = false;
		}
	}
}

bool f9_inval_idle(const struct f9 *fs)
{
	(void)fs;
	return true;
}

bool f9_inval_full(const struct f9 *fs)
{
	(void)fs;
	return false;
}

void f9_inval_wake(struct f9 *fs)
{
	(void)fs;
}

void f9_inval_run(struct f9_invalidator *v)
{
	(void)v;
}

/* ---- the server, and other people ---- */

static uint64_t dir_path(unsigned d)
{
	return 1 + d;
}

static void happen(uint8_t type, uint64_t path, const char *name)
{
	if (m.n_events < MAX_EVENTS - 1) {
		m.events[m.n_events++] =
			(struct p9_event){.type = type, .path = path, .name = p9_str(name)};
		return;
	}
	m.n_events = 1;
	m.events[0] = (struct p9_event){.type = P9_EVENT_ALL};
}

static uint64_t links(uint64_t path)
{
	uint64_t n = 0;
	for (unsigned d = 0; d < N_DIRS; d++) {
		for (unsigned i = 0; i < N_NAMES; i++)
			n += m.entry[d][i] == path;
	}
	return n;
}

static void entry_changes(unsigned d, unsigned name, bool own)
{
	if (m.marked[d] && !own)
		happen(P9_EVENT_ENTRY, dir_path(d), names[name]);
}

static void object_changes(uint64_t path, bool own)
{
	unsigned f = (unsigned)(path - FIRST_FILE);
	m.version[f]++;
	if (m.marked_self[f] && !own)
		happen(P9_EVENT_SELF, path, "");
}

static void set_entry(unsigned d, unsigned name, uint64_t path, bool own)
{
	uint64_t before = m.entry[d][name];
	m.entry[d][name] = path;
	if (before && before != path)
		object_changes(before, own);
	entry_changes(d, name, own);
}

static void others_link(unsigned d, unsigned name, uint64_t path)
{
	if (m.entry[d][name] || (links(path) && !m.marked[d]))
		return;
	set_entry(d, name, path, false);
	object_changes(path, false);
	if (m.marked[d])
		happen(P9_EVENT_SELF, path, "");
}

static void do_rename(unsigned d, unsigned name, unsigned d2, unsigned name2, bool own)
{
	uint64_t path = m.entry[d][name];
	if (!path || m.entry[d2][name2] == path)
		return;
	set_entry(d, name, 0, own);
	set_entry(d2, name2, path, own);
	object_changes(path, own);
}

static void others_write(unsigned d, unsigned name)
{
	uint64_t path = m.entry[d][name];
	if (!path)
		return;
	if (m.marked[d])
		happen(P9_EVENT_CHANGED, dir_path(d), names[name]);
	object_changes(path, false);
}

static void unwatch(unsigned d)
{
	if (m.marked[d])
		happen(P9_EVENT_UNWATCHED, dir_path(d), "");
	m.marked[d] = false;
}

static void lose_all(void)
{
	memset(m.marked, 0, sizeof(m.marked));
	memset(m.marked_self, 0, sizeof(m.marked_self));
	m.n_events = 0;
	happen(P9_EVENT_ALL, 0, "");
}

static void look(struct request *r)
{
	uint64_t path = r->by_name ? m.entry[r->dir][r->name] : r->path;
	bool can = byte() % 8 != 0;
	r->done = true;
	r->flags = 0;
	if (r->by_name) {
		m.marked[r->dir] |= can;
		r->flags = m.marked[r->dir] ? P9_GOT_WATCH : 0;
	}
	r->attr = (struct p9_attr){.valid = P9_GETATTR_BASIC, .qid.path = path};
	if (!path)
		return;
	unsigned f = (unsigned)(path - FIRST_FILE);
	r->attr.nlink = links(path);
	r->attr.data_version = m.version[f];
	if (r->flags && r->attr.nlink > 1) {
		m.marked_self[f] |= can;
		if (!m.marked_self[f])
			r->attr.valid |= P9_GETATTR_ASK;
	}
}

/* ---- the client, and what its kernel makes of the answers ---- */

static void ask(bool by_name, unsigned d, unsigned name, unsigned f)
{
	if (!by_name && !m.files[f])
		return;
	for (unsigned i = 0; i < MAX_REQUESTS; i++) {
		if (!m.requests[i].used) {
			m.requests[i] = (struct request){.used = true,
				.by_name = by_name,
				.dir = d,
				.name = name,
				.path = FIRST_FILE + f,
				.asked = f9_watch_now(&m.fs)};
			return;
		}
	}
}

static void take_attr(const struct request *r, unsigned f)
{
	m.believes_attr[f] = f9_attr_timeout(&m.fs, m.files[f], &r->attr, r->asked) > F9_TIMEOUT;
	m.told_version[f] = r->attr.data_version;
}

static void answer(struct request *r)
{
	struct f9_node *dir = m.dirs[r->dir], *n = NULL;
	uint64_t path = r->attr.qid.path;
	unsigned f = (unsigned)(path - FIRST_FILE);
	r->used = false;
	if (!r->by_name) {
		take_attr(r, f);
		return;
	}
	if (path) {
		n = f9_node_get(&m.fs, &r->attr.qid, dir, names[r->name]);
		assert(n && (!m.files[f] || m.files[f] == n));
		if (m.files[f])
			f9_node_unref(&m.fs, n);
		m.files[f] = n;
		n->nlookup = 1;
	}
	r->asked = f9_watch_answer(&m.fs, dir, n, n ? &r->attr : NULL, r->asked, r->flags);
	if (!n)
		f9_name_gone(&m.fs, dir, names[r->name]);
	m.believes_entry[r->dir][r->name] =
		f9_entry_timeout(&m.fs, dir, names[r->name], n, r->asked) > F9_TIMEOUT;
	m.told_entry[r->dir][r->name] = path;
	if (n)
		take_attr(r, f);
}

/* What is done here: the kernel keeps it apart from other requests for these names. */
static void own_rename(unsigned d, unsigned name, unsigned d2, unsigned name2)
{
	uint64_t path = m.entry[d][name], asked = f9_watch_now(&m.fs);
	for (unsigned i = 0; i < MAX_REQUESTS; i++) {
		if (m.requests[i].used)
			return;
	}
	if (!path || m.entry[d2][name2] == path || !m.files[path - FIRST_FILE])
		return;
	struct f9_node *n = m.files[path - FIRST_FILE];
	struct f9_node *victim =
		m.entry[d2][name2] ? m.files[m.entry[d2][name2] - FIRST_FILE] : NULL;
	/* It looks before: what the kernel has of the old name is true, and of this node. */
	if (n->parent != m.dirs[d] || strcmp(n->name, names[name]))
		return;
	if (victim)
		f9_inval_inode(&m.fs, victim, F9_INVAL_ATTR, false);
	do_rename(d, name, d2, name2, true);
	f9_inval_inode(&m.fs, n, F9_INVAL_ATTR, false);
	m.believes_entry[d2][name2] = m.believes_entry[d][name];
	m.told_entry[d2][name2] = m.told_entry[d][name];
	m.believes_entry[d][name] = false;
	f9_name_moved(&m.fs, m.dirs[d], names[name], m.dirs[d2], names[name2]);
	f9_watch_moved(&m.fs, m.dirs[d2], names[name2], asked);
}

static void reply(uint16_t tag, const struct p9_data *data)
{
	static uint8_t buf[4096];
	struct p9_msg r = {.type = P9_Revents, .tag = tag, .revents.data = *data};
	void *p;
	size_t room;
	int n = p9_encode(&r, buf, sizeof(buf));
	p9_client_input_buffer(m.fs.client, &p, &room);
	assert(n > 0 && (size_t)n <= room);
	memcpy(p, buf, (size_t)n);
	n = p9_client_input(m.fs.client, (size_t)n);
	assert(!n);
}

/* The first n events reach the client, in one Revents each. */
static void hear(size_t n)
{
	uint8_t bytes[P9_EVENT_MAX];
	n = MIN(n, m.n_events);
	for (size_t i = 0; i < n; i++) {
		const void *p;
		size_t size;
		struct p9_msg t;
		struct p9_event e = m.events[i];
		int len = p9_event_encode(&e, bytes, sizeof(bytes));
		p9_client_output(m.fs.client, &p, &size);
		assert(size && !p9_decode(p, (size_t)p9_frame_size(p, size, 4096), &t));
		assert(t.type == P9_Tevents);
		p9_client_output_done(m.fs.client, (size_t)p9_frame_size(p, size, 4096));
		reply(t.tag, &(struct p9_data){bytes, (uint32_t)len});
	}
	m.n_events -= n;
	memmove(m.events, m.events + n, m.n_events * sizeof(m.events[0]));
}

/* ---- the rule ---- */

static void check(void)
{
	if (m.n_events)
		return;
	for (unsigned d = 0; d < N_DIRS; d++) {
		for (unsigned i = 0; i < N_NAMES; i++)
			assert(!m.believes_entry[d][i] || m.told_entry[d][i] == m.entry[d][i]);
	}
	for (unsigned f = 0; f < N_FILES; f++)
		assert(!m.believes_attr[f] || m.told_version[f] == m.version[f]);
}

static void step(void)
{
	unsigned what = byte(), x = byte(), y = byte();
	unsigned d = x % N_DIRS, name = x / N_DIRS % N_NAMES;
	unsigned d2 = y % N_DIRS, name2 = y / N_DIRS % N_NAMES;
	struct request *r = &m.requests[x % MAX_REQUESTS];
	switch (what % 16) {
	case 0:
		others_link(d, name, FIRST_FILE + y % N_FILES);
		break;
	case 1:
		if (m.entry[d][name])
			set_entry(d, name, 0, false);
		break;
	case 2:
		do_rename(d, name, d2, name2, false);
		break;
	case 3:
	case 4:
		others_write(d, name);
		break;
	case 5:
		if (y < 32)
			unwatch(d);
		else if (y < 40)
			lose_all();
		break;
	case 6:
		own_rename(d, name, d2, name2);
		break;
	case 7:
		if (y < 8)
			f9_watch_distrust(&m.fs);
		break;
	case 8:
	case 9:
		ask(true, d, name, 0);
		break;
	case 10:
		ask(false, 0, 0, x % N_FILES);
		break;
	case 11:
	case 12:
		if (r->used && !r->done)
			look(r);
		break;
	case 13:
	case 14:
		if (r->used && r->done)
			answer(r);
		break;
	default:
		hear(y % 8);
	}
	check();
}

/* ---- begin and end ---- */

static void on_version(void *user, int error, const struct p9_msg *r)
{
	assert(!error);
	(void)user, (void)r;
}

static void begin(void)
{
	static const char *const dir_names[N_DIRS] = {NULL, "two", "three"};
	struct p9_client_config config = {.msize = 8192};
	struct p9_msg version = {.type = P9_Rversion,
		.tag = P9_NOTAG,
		.rversion = {.msize = 4096, .version = p9_str(P9_VERSION_METAC)}};
	uint8_t buf[64];
	void *to;
	const void *p;
	size_t n;
	struct p9_client *c;
	int r = p9_client_new(&config, &c);
	assert(!r && p9_client_start(c, on_version, NULL) >= 0);
	m.fs.aname = "";
	r = f9_init(&m.fs, c);
	assert(!r);
	p9_client_output(c, &p, &n);
	p9_client_output_done(c, n);
	int len = p9_encode(&version, buf, sizeof(buf));
	p9_client_input_buffer(c, &to, &n);
	memcpy(to, buf, (size_t)len);
	r = p9_client_input(c, (size_t)len);
	assert(!r && p9_client_is_metac(c));
	r = f9_root_set(&m.fs, &(struct p9_qid){.type = P9_QTDIR, .path = dir_path(0)});
	assert(!r);
	f9_up(&m.fs);
	m.fs.metac = m.fs.watches = m.fs.expires = true;
	f9_watch_begin(&m.fs);
	m.dirs[0] = f9_node_ref(m.fs.root);
	for (unsigned d = 1; d < N_DIRS; d++)
		m.dirs[d] =
			f9_node_get(&m.fs, &(struct p9_qid){.type = P9_QTDIR, .path = dir_path(d)},
				m.fs.root, dir_names[d]);
}

static void end(void)
{
	hear(m.n_events);
	check();
	for (unsigned f = 0; f < N_FILES; f++) {
		if (m.files[f])
			m.files[f]->nlookup = 0;
		f9_node_unref(&m.fs, m.files[f]);
	}
	for (unsigned d = N_DIRS; d-- > 0;)
		f9_node_unref(&m.fs, m.dirs[d]);
	f9_over(&m.fs, -EIO);
	f9_done(&m.fs);
	p9_client_free(m.fs.client);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	memset(&m, 0, sizeof(m));
	m.data = data;
	m.left = size;
	begin();
	for (int i = 0; i < MAX_STEPS && m.left; i++)
		step();
	end();
	return 0;
}
