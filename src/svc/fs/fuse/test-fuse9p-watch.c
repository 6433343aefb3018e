/* SPDX-License-Identifier: MIT */
/*
 * The server's events against what the kernel is told.  The test plays both: the server by hand
 * (client-fixture.h), and a kernel that just collects what it is to invalidate.
 */
#include "svc/fs/fuse/fuse9p-inval.h"
#include "svc/fs/fuse/fuse9p-watch.h"
#include "wire/9p/client-fixture.h"

#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <pthread.h>
#include <sys/uio.h>

enum { ROOT = 1, MAX_NOTICES = 20000 };

struct notice {
	int code; /* FUSE_NOTIFY_... */
	uint64_t ino;
	int64_t off;
	char name[32];
};

static struct f9 fs;
static int inval_fd;
static uint16_t tags[8]; /* Tevents that wait */
static unsigned n_tags;
static int listened;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t came = PTHREAD_COND_INITIALIZER;
static struct notice notices[MAX_NOTICES];
static size_t n_notices;
static bool held_up; /* the kernel takes no invalidation */

static void note(struct iovec *iov, int count)
{
	uint8_t bytes[512];
	size_t n = 0;
	const struct fuse_out_header *h = (const void *)bytes;
	for (int i = 0; i < count; i++) {
		memcpy(bytes + n, iov[i].iov_base, iov[i].iov_len);
		n += iov[i].iov_len;
	}
	pthread_mutex_lock(&lock);
	while (held_up)
		pthread_cond_wait(&came, &lock);
	CHECK(n_notices < MAX_NOTICES);
	struct notice *out = &notices[n_notices++];
	*out = (struct notice){.code = h->error};
	if (h->error == FUSE_NOTIFY_INVAL_INODE) {
		const struct fuse_notify_inval_inode_out *o = (const void *)(h + 1);
		out->ino = o->ino;
		out->off = o->off;
	} else {
		const struct fuse_notify_inval_entry_out *o = (const void *)(h + 1);
		out->ino = o->parent;
		CHECK(o->namelen < sizeof(out->name));
		memcpy(out->name, o + 1, o->namelen);
	}
	pthread_cond_broadcast(&came);
	pthread_mutex_unlock(&lock);
}

static ssize_t on_writev(int fd, struct iovec *iov, int count, void *user)
{
	const struct fuse_out_header *h = iov[0].iov_base;
	if (!h->unique)
		note(iov, count);
	(void)fd, (void)user;
	return h->len;
}

static ssize_t on_read(int fd, void *buf, size_t size, void *user)
{
	(void)fd, (void)buf, (void)size, (void)user;
	return -1;
}

static void listener(struct f9 *f, struct f9_node *n)
{
	(void)f, (void)n;
	listened++;
}

/* Takes the Tevents that the client sends. */
static void collect(void)
{
	struct p9_msg m;
	while (take(fs.client, &m)) {
		CHECK_INT(m.type, P9_Tevents);
		tags[n_tags++] = m.tag;
	}
}

static void kernel_begin(void)
{
	static const struct fuse_custom_io io = {.writev = on_writev, .read = on_read};
	static uint64_t mem[32];
	char *args[] = {(char[]){"test"}, NULL};
	struct fuse_args fuse_args = FUSE_ARGS_INIT(1, args);
	struct fuse_in_header h = {.opcode = FUSE_INIT, .unique = 1};
	struct fuse_init_in in = {.major = 7, .minor = 38};
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC); /* the session closes it */
	fs.session = fuse_session_new(&fuse_args, &f9_fuse_ops, sizeof(f9_fuse_ops), &fs);
	fuse_opt_free_args(&fuse_args);
	CHECK(fs.session && !fuse_session_custom_io(fs.session, &io, null_fd));
	h.len = sizeof(h) + sizeof(in);
	memcpy(mem, &h, sizeof(h));
	memcpy((uint8_t *)mem + sizeof(h), &in, sizeof(in));
	fuse_session_process_buf(fs.session, &(struct fuse_buf){.mem = mem, .size = h.len});
	fs.expires = true;
}

static void begin(void)
{
	struct p9_client *c = connected_as(NULL, 65536, P9_VERSION_METAC);
	fs.aname = "";
	CHECK_INT(f9_init(&fs, c), 0);
	CHECK_INT(f9_root_set(&fs, &(struct p9_qid){.type = P9_QTDIR, .path = ROOT}), 0);
	kernel_begin();
	CHECK_INT(f9_inval_new(&fs, &fs.invalidator, &inval_fd), 0);
	f9_up(&fs);
	f9_watch_listen(&fs, listener);
	fs.metac = fs.watches = true;
	f9_watch_begin(&fs);
	collect();
	CHECK_INT(n_tags, F9_EVENTS_WAITING);
}

static void end(void)
{
	f9_over(&fs, -EIO);
	f9_inval_free(fs.invalidator);
	f9_done(&fs);
	p9_client_free(fs.client);
	fuse_session_destroy(fs.session);
}

static int tell(const void *data, uint32_t n)
{
	CHECK(n_tags > 0);
	uint16_t tag = tags[0];
	memmove(tags, tags + 1, sizeof(tags[0]) * --n_tags);
	return GIVE(fs.client, tag, .type = P9_Revents, .revents = {.data = {data, n}});
}

static void event(uint8_t type, uint64_t path, const char *name)
{
	uint8_t buf[512];
	struct p9_event e = {.type = type, .path = path, .name = p9_str(name)};
	int n = p9_event_encode(&e, buf, sizeof(buf));
	CHECK_INT(tell(buf, (uint32_t)n), 0);
	collect();
}

static bool is(const struct notice *n, int code, const struct f9_node *node, const char *name)
{
	return n->code == code && n->ino == f9_node_ino(&fs, node) && !strcmp(n->name, name);
}

/* Waits for it; the numbers of those that came are not kept. */
static struct notice told(int code, const struct f9_node *node, const char *name)
{
	struct notice found = {};
	pthread_mutex_lock(&lock);
	while (!found.code) {
		for (size_t i = 0; i < n_notices && !found.code; i++) {
			if (is(&notices[i], code, node, name)) {
				found = notices[i];
				notices[i] = notices[--n_notices];
			}
		}
		if (!found.code)
			pthread_cond_wait(&came, &lock);
	}
	pthread_mutex_unlock(&lock);
	return found;
}

static void no_more_about(const struct f9_node *node, const char *name)
{
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < n_notices; i++)
		CHECK(!is(&notices[i], FUSE_NOTIFY_INVAL_ENTRY, node, name));
	pthread_mutex_unlock(&lock);
}

static void forget_notices(void)
{
	pthread_mutex_lock(&lock);
	n_notices = 0;
	pthread_mutex_unlock(&lock);
}

/* The kernel was told long ago: nothing is to be done twice. */
static void grow_old(struct f9_node *n)
{
	n->watch.told_ms = n->watch.names_ms = 0;
}

static struct p9_attr attr(uint64_t path, uint64_t nlink, bool covered)
{
	return (struct p9_attr){.valid = P9_GETATTR_BASIC | (covered ? 0 : P9_GETATTR_ASK),
		.qid = {.path = path},
		.nlink = nlink};
}

struct belief {
	struct f9_node *n;
	double entry, attr;
};

/* What a lookup asked for then brings. path 0: nothing has the name. The node is kept. */
static struct belief lookup(struct f9_node *dir, const char *name, uint64_t path, uint8_t type,
	const struct p9_attr *a, uint64_t asked)
{
	struct belief b = {};
	struct p9_qid qid = {.type = type, .path = path};
	if (path)
		b.n = f9_node_get(&fs, &qid, dir, name);
	asked = f9_watch_answer(&fs, dir, b.n, a, asked, P9_GOT_WATCH);
	b.entry = f9_entry_timeout(&fs, dir, name, b.n, asked);
	if (b.n) {
		b.attr = f9_attr_timeout(&fs, b.n, a, asked);
		grow_old(b.n);
	}
	grow_old(dir);
	return b;
}

static struct belief file(const char *name, uint64_t path)
{
	struct p9_attr a = attr(path, 1, true);
	return lookup(fs.root, name, path, P9_QTFILE, &a, f9_watch_now(&fs));
}

static struct belief dir(const char *name, uint64_t path)
{
	struct p9_attr a = attr(path, 2, true);
	return lookup(fs.root, name, path, P9_QTDIR, &a, f9_watch_now(&fs));
}

TEST(what_is_watched_is_believed_until_an_event)
{
	begin();
	struct belief b = file("f", 2);
	CHECK(b.entry == F9_TIMEOUT_WATCHED && b.attr == F9_TIMEOUT_WATCHED);
	CHECK(f9_watched(&fs, b.n) && f9_unchanged_since(&fs, b.n, f9_watch_now(&fs)));
	uint64_t before = f9_watch_now(&fs);
	event(P9_EVENT_CHANGED, ROOT, "f");
	CHECK_INT(listened, 1);
	CHECK_INT(told(FUSE_NOTIFY_INVAL_INODE, b.n, "").off, 0);
	CHECK(f9_watched(&fs, b.n) && !f9_unchanged_since(&fs, b.n, before));
	CHECK(f9_unchanged_since(&fs, b.n, f9_watch_now(&fs)));
	f9_node_unref(&fs, b.n);
	end();
}

/* Whoever asks for a lock and gets it while a Tevents of before waits still has heard of all. */
TEST(events_that_were_not_waited_for_may_be_missing)
{
	begin();
	uint64_t asked = f9_watch_sent(&fs);
	CHECK(f9_watch_told_all(&fs, asked));
	event(P9_EVENT_CHANGED, ROOT, "f"); /* and another Tevents is sent */
	CHECK(f9_watch_told_all(&fs, asked));
	event(P9_EVENT_CHANGED, ROOT, "f");
	CHECK_INT(n_tags, F9_EVENTS_WAITING);
	CHECK(!f9_watch_told_all(&fs, asked));
	CHECK(f9_watch_told_all(&fs, f9_watch_sent(&fs)));
	end();
	CHECK(!f9_watch_told_all(&fs, UINT64_MAX));
}

TEST(without_the_flag_nothing_is)
{
	begin();
	struct p9_attr a = attr(2, 1, true);
	struct f9_node *n = f9_node_get(&fs, &a.qid, fs.root, "f");
	(void)f9_watch_answer(&fs, fs.root, n, &a, f9_watch_now(&fs), 0);
	CHECK(f9_entry_timeout(&fs, fs.root, "f", n, f9_watch_now(&fs)) == F9_TIMEOUT);
	CHECK(f9_attr_timeout(&fs, n, &a, f9_watch_now(&fs)) == F9_TIMEOUT);
	CHECK(!f9_watched(&fs, n));
	f9_node_unref(&fs, n);
	end();
}

TEST(an_answer_older_than_the_event_is_not_believed)
{
	begin();
	struct p9_attr a = attr(2, 1, true);
	uint64_t asked = f9_watch_now(&fs);
	struct belief other = file("other", 3);
	event(P9_EVENT_ENTRY, ROOT, "f");
	struct belief b = lookup(fs.root, "f", 2, P9_QTFILE, &a, asked);
	CHECK(b.entry == F9_TIMEOUT && b.attr == F9_TIMEOUT);
	CHECK(!f9_unchanged_since(&fs, b.n, asked));
	f9_node_unref(&fs, b.n);
	b = lookup(fs.root, "f", 2, P9_QTFILE, &a, f9_watch_now(&fs));
	CHECK(b.entry == F9_TIMEOUT_WATCHED && b.attr == F9_TIMEOUT_WATCHED);
	f9_node_unref(&fs, b.n);
	f9_node_unref(&fs, other.n);
	end();
}

TEST(a_change_of_what_no_name_is_known_for_spoils_answers_under_way)
{
	begin();
	struct belief other = file("other", 3);
	struct p9_attr a = attr(2, 1, true);
	uint64_t asked = f9_watch_now(&fs);
	event(P9_EVENT_CHANGED, ROOT, "f");
	struct belief b = lookup(fs.root, "f", 2, P9_QTFILE, &a, asked);
	CHECK(b.attr == F9_TIMEOUT);
	f9_node_unref(&fs, b.n);
	/* the same for a file that is told about by its number */
	struct p9_attr two = attr(4, 2, true);
	asked = f9_watch_now(&fs);
	event(P9_EVENT_SELF, 4, "");
	b = lookup(fs.root, "g", 4, P9_QTFILE, &two, asked);
	CHECK(b.attr == F9_TIMEOUT);
	f9_node_unref(&fs, b.n);
	f9_node_unref(&fs, other.n);
	end();
}

TEST(a_name_that_changes_is_asked_for_again)
{
	begin();
	struct belief b = file("f", 2);
	event(P9_EVENT_ENTRY, ROOT, "f");
	(void)told(FUSE_NOTIFY_INVAL_INODE, fs.root, "");
	(void)told(FUSE_NOTIFY_INVAL_INODE, b.n, "");
	(void)told(FUSE_NOTIFY_INVAL_ENTRY, fs.root, "f");
	/* The file may have another name now, in a directory that nobody watches. */
	CHECK(!f9_watched(&fs, b.n));
	struct belief again = file("f", 2);
	CHECK(again.n == b.n && f9_watched(&fs, b.n));
	f9_node_unref(&fs, b.n);
	f9_node_unref(&fs, b.n);
	end();
}

TEST(files_with_several_names_are_believed_if_watched_themselves)
{
	begin();
	struct p9_attr covered = attr(2, 2, true), not = attr(3, 2, false),
		       alone = attr(4, 1, false);
	uint64_t now = f9_watch_now(&fs);
	struct belief a = lookup(fs.root, "a", 2, P9_QTFILE, &covered, now);
	struct belief b = lookup(fs.root, "b", 3, P9_QTFILE, &not, now);
	struct belief c = lookup(fs.root, "c", 4, P9_QTFILE, &alone, now);
	CHECK(a.attr == F9_TIMEOUT_WATCHED && b.attr == F9_TIMEOUT && c.attr == F9_TIMEOUT);
	CHECK(a.entry == F9_TIMEOUT_WATCHED && b.entry == F9_TIMEOUT_WATCHED);
	event(P9_EVENT_SELF, 2, "");
	CHECK_INT(told(FUSE_NOTIFY_INVAL_INODE, a.n, "").off, 0);
	/* Without a flag the second name of a file that had one is not covered by its directory. */
	struct belief f = file("f", 5);
	struct p9_attr linked = attr(5, 2, true);
	CHECK(f9_attr_timeout(&fs, f.n, &linked, f9_watch_now(&fs)) == F9_TIMEOUT);
	f9_node_unref(&fs, f.n);
	f9_node_unref(&fs, a.n);
	f9_node_unref(&fs, b.n);
	f9_node_unref(&fs, c.n);
	end();
}

TEST(our_own_renaming_changes_no_belief)
{
	begin();
	struct belief f = file("f", 2), d = dir("d", 3);
	event(P9_EVENT_CHANGED, ROOT, "f");
	uint64_t asked = f9_watch_now(&fs);
	f9_name_moved(&fs, fs.root, "f", d.n, "g");
	f9_watch_moved(&fs, d.n, "g", asked);
	CHECK(f9_watched(&fs, f.n));
	event(P9_EVENT_CHANGED, 3, "g");
	(void)told(FUSE_NOTIFY_INVAL_INODE, f.n, "");
	f9_node_unref(&fs, f.n);
	f9_node_unref(&fs, d.n);
	end();
}

TEST(a_move_to_where_nobody_watches_is_taken_back)
{
	begin();
	struct belief f = file("f", 2);
	struct p9_attr a = attr(3, 2, false);
	struct belief d = lookup(fs.root, "d", 3, P9_QTDIR, &a, f9_watch_now(&fs));
	CHECK(!f9_watched(&fs, d.n));
	f9_name_moved(&fs, fs.root, "f", d.n, "g");
	f9_watch_moved(&fs, d.n, "g", f9_watch_now(&fs));
	(void)told(FUSE_NOTIFY_INVAL_INODE, f.n, "");
	(void)told(FUSE_NOTIFY_INVAL_ENTRY, d.n, "g");
	CHECK(!f9_watched(&fs, f.n));
	f9_node_unref(&fs, f.n);
	f9_node_unref(&fs, d.n);
	end();
}

TEST(an_unwatched_directory_is_taken_back_with_its_names)
{
	begin();
	struct belief d = dir("d", 3), f = file("f", 4);
	struct p9_attr a = attr(5, 1, true);
	struct belief inside = lookup(d.n, "x", 5, P9_QTFILE, &a, f9_watch_now(&fs));
	CHECK(lookup(d.n, "nothing", 0, 0, NULL, f9_watch_now(&fs)).entry == F9_TIMEOUT_WATCHED);
	CHECK(lookup(fs.root, "nothing", 0, 0, NULL, f9_watch_now(&fs)).entry ==
		F9_TIMEOUT_WATCHED);
	event(P9_EVENT_UNWATCHED, 3, "");
	(void)told(FUSE_NOTIFY_INVAL_INODE, inside.n, "");
	(void)told(FUSE_NOTIFY_INVAL_ENTRY, d.n, "x");
	(void)told(FUSE_NOTIFY_INVAL_ENTRY, d.n, "nothing");
	CHECK(!f9_watched(&fs, inside.n) && !f9_watched(&fs, d.n) && f9_watched(&fs, f.n));
	no_more_about(fs.root, "nothing");
	f9_node_unref(&fs, inside.n);
	f9_node_unref(&fs, d.n);
	f9_node_unref(&fs, f.n);
	end();
}

TEST(when_events_were_lost_everything_is_taken_back)
{
	struct f9_node *nodes[1000];
	char name[16];
	begin();
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		nodes[i] = file(name, 100 + (uint64_t)i).n;
	}
	(void)lookup(fs.root, "nothing", 0, 0, NULL, f9_watch_now(&fs));
	event(P9_EVENT_ALL, 0, "");
	CHECK_INT(listened, 1);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		CHECK(!f9_watched(&fs, nodes[i]));
		(void)told(FUSE_NOTIFY_INVAL_ENTRY, fs.root, name);
		(void)told(FUSE_NOTIFY_INVAL_INODE, nodes[i], "");
		f9_node_unref(&fs, nodes[i]);
	}
	(void)told(FUSE_NOTIFY_INVAL_ENTRY, fs.root, "nothing");
	end();
}

TEST(another_connection_believes_nothing_of_the_one_before)
{
	begin();
	struct belief b = file("f", 2);
	f9_watch_begin(&fs);
	CHECK(!f9_watched(&fs, b.n));
	(void)told(FUSE_NOTIFY_INVAL_ENTRY, fs.root, "f");
	b = file("f", 2);
	CHECK(b.entry == F9_TIMEOUT_WATCHED && f9_watched(&fs, b.n));
	fs.watches = false;
	f9_watch_begin(&fs);
	struct belief plain = file("f", 2);
	CHECK(plain.entry == F9_TIMEOUT && plain.attr == F9_TIMEOUT);
	for (int i = 0; i < 3; i++)
		f9_node_unref(&fs, b.n);
	end();
}

TEST(what_the_kernel_was_told_just_now_is_taken_back_twice)
{
	begin();
	struct belief b = file("f", 2);
	b.n->watch.told_ms = fs.root->watch.names_ms = (uint32_t)f9_now_ms();
	event(P9_EVENT_ENTRY, ROOT, "f");
	for (int i = 0; i < 2; i++) {
		(void)told(FUSE_NOTIFY_INVAL_INODE, b.n, "");
		(void)told(FUSE_NOTIFY_INVAL_ENTRY, fs.root, "f");
	}
	f9_node_unref(&fs, b.n);
	end();
}

TEST(a_server_that_talks_nonsense_is_not_listened_to)
{
	static const uint8_t nonsense[] = {9, 1, 2, 3};
	begin();
	struct belief b = file("f", 2);
	CHECK_INT(tell(nonsense, sizeof(nonsense)), 0);
	collect();
	CHECK_INT(n_tags, F9_EVENTS_WAITING - 1);
	CHECK(!f9_watched(&fs, b.n));
	(void)told(FUSE_NOTIFY_INVAL_ENTRY, fs.root, "f");
	struct belief again = file("f", 2);
	CHECK(again.entry == F9_TIMEOUT);
	f9_node_unref(&fs, b.n);
	f9_node_unref(&fs, b.n);
	end();
}

/* Names that are none, objects nobody knows. */
TEST(events_about_nothing_do_nothing)
{
	begin();
	struct belief b = file("f", 2);
	event(P9_EVENT_ENTRY, 77, "f");
	event(P9_EVENT_ENTRY, 2, "f");
	event(P9_EVENT_CHANGED, ROOT, "..");
	event(P9_EVENT_CHANGED, ROOT, "a/b");
	event(P9_EVENT_ENTRY, ROOT, "");
	event(P9_EVENT_UNWATCHED, 88, "");
	event(P9_EVENT_SELF, 99, "");
	CHECK_INT(n_tags, F9_EVENTS_WAITING);
	f9_node_unref(&fs, b.n);
	end();
}

TEST(no_more_events_are_asked_for_than_the_kernel_takes_in)
{
	char name[16];
	begin();
	struct belief b = file("f", 2);
	pthread_mutex_lock(&lock);
	held_up = true;
	pthread_mutex_unlock(&lock);
	int i = 0;
	for (; n_tags && i < 2 * F9_INVAL_BUSY; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		event(P9_EVENT_ENTRY, ROOT, name);
	}
	CHECK(i < 2 * F9_INVAL_BUSY);
	pthread_mutex_lock(&lock);
	held_up = false;
	pthread_cond_broadcast(&came);
	pthread_mutex_unlock(&lock);
	while (!n_tags) {
		struct pollfd p = {.fd = inval_fd, .events = POLLIN};
		CHECK_INT(poll(&p, 1, -1), 1);
		f9_inval_run(fs.invalidator);
		collect();
	}
	CHECK_INT(n_tags, F9_EVENTS_WAITING);
	forget_notices();
	f9_node_unref(&fs, b.n);
	end();
}
