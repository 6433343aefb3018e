/* SPDX-License-Identifier: MIT */
/* Theory of operation: served.h. */
#include "svc/fs/served.h"
#include "base/log.h"
#include "svc/fs/fs-service.h"
#include "svc/fs/server/9p-control.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

enum {
	PRUNE_SECONDS = 3600,
	LISTS_MAX = 16, /* who ask for all servers at the same time */
	LISTED_BYTES_MAX = 4 << 20, /* of names of open files, in one answer */
};

#define LIST_TIMEOUT_US (UINT64_C(1) * 1000000) /* for the servers' answers */

struct served {
	struct fs_service *fs;
	struct workers servers; /* struct server */
	int dir; /* of the journals; -EBADF: there is none, and no session is kept */
	unsigned n_journals; /* about: counted when pruned */
	sd_event_source *prune;
	struct vat_ctx *lists[LISTS_MAX]; /* calls of sessions(), waiting for the servers */
	sd_event_source *list_timer;
};

struct server { /* one that runs */
	struct worker worker;
	struct served *served;
	char tree[512];
	int control;
	sd_event_source *src; /* what it says */
	bool asked; /* and has not answered */
	uint8_t *answer; /* the last one, as it came; NULL: none */
	size_t answer_len;
};

/* ---- journals ------------------------------------------------------------------------------ */

static struct worker *find(struct served *sv, const char *name)
{
	struct session_id id = {};
	if (strlen(name) >= sizeof(id.name))
		return NULL;
	strcpy(id.name, name);
	return worker_find(&sv->servers, &id);
}

static bool is_over(struct served *sv, const char *name)
{
	struct stat st;
	struct timespec now;
	if (find(sv, name) || fstatat(sv->dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	clock_gettime(CLOCK_REALTIME, &now);
	return st.st_mtim.tv_sec < now.tv_sec - SERVED_JOURNAL_SECONDS;
}

/* Removes what nobody came back for, and counts the rest. */
static void prune(struct served *sv)
{
	int fd = openat(sv->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		fd_close(fd);
		return;
	}
	sv->n_journals = 0;
	for (const struct dirent *e; (e = readdir(d));)
		if (e->d_name[0] != '.' &&
			(!is_over(sv, e->d_name) || unlinkat(sv->dir, e->d_name, 0) < 0))
			sv->n_journals++;
	closedir(d);
}

/* Whoever was away longest loses his. */
static void make_room(struct served *sv)
{
	char oldest[SESSION_NAME_SIZE] = "";
	struct timespec at = {.tv_sec = time(NULL) - SERVED_AWAY_SECONDS};
	prune(sv);
	int fd = openat(sv->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = sv->n_journals < SERVED_JOURNALS_MAX || fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		fd_close(fd);
		return;
	}
	for (const struct dirent *e; (e = readdir(d));) {
		struct stat st;
		if (strlen(e->d_name) >= sizeof(oldest) || e->d_name[0] == '.' ||
			find(sv, e->d_name) ||
			fstatat(sv->dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
			st.st_mtim.tv_sec >= at.tv_sec)
			continue;
		at = st.st_mtim;
		strcpy(oldest, e->d_name);
	}
	closedir(d);
	if (*oldest && unlinkat(sv->dir, oldest, 0) == 0)
		sv->n_journals--;
}

static int on_prune(sd_event_source *source, uint64_t usec, void *user)
{
	prune(user);
	int r = sd_event_source_set_time_relative(source, PRUNE_SECONDS * UINT64_C(1000000));
	return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* A descriptor, or -EBADF: the server does without, and says so to its client. */
static int open_journal(struct served *sv, const char *name)
{
	if (!*name || sv->dir < 0)
		return -EBADF;
	int fd = openat(sv->dir, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		if (sv->n_journals >= SERVED_JOURNALS_MAX)
			make_room(sv);
		if (sv->n_journals >= SERVED_JOURNALS_MAX) {
			log_peer(LOG_WARNING, "too many 9P sessions are kept (limit %d)",
				SERVED_JOURNALS_MAX);
			return -EBADF;
		}
		fd = openat(
			sv->dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		sv->n_journals += fd >= 0;
	}
	if (fd < 0) {
		log_peer(LOG_WARNING, "journal of a 9P session: %s", strerror(errno));
		return -EBADF;
	}
	(void)futimens(fd, NULL);
	return fd;
}

static int open_directory(int runtime)
{
	if (mkdirat(runtime, "sessions", 0700) < 0 && errno != EEXIST)
		return -errno;
	int fd = openat(runtime, "sessions", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* ---- servers ------------------------------------------------------------------------------- */

static struct server *of_worker(struct worker *w)
{
	return container_of(w, struct server, worker);
}

static void lists_go_on(struct served *sv);

static void on_ended(struct worker *w)
{
	struct server *s = of_worker(w);
	struct served *sv = s->served;
	if (*w->session.name && sv->dir >= 0) /* its day begins now */
		(void)utimensat(sv->dir, w->session.name, NULL, AT_SYMLINK_NOFOLLOW);
	sd_event_source_disable_unref(s->src);
	fd_close(s->control);
	free(s->answer);
	free(s);
	lists_go_on(sv);
}

static int on_control(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	static uint8_t packet[P9_CONTROL_PACKET_MAX];
	struct server *s = user;
	struct served *sv = s->served;
	ssize_t n = recv(fd, packet, sizeof(packet), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) /* its end is told by the process */
		s->src = sd_event_source_disable_unref(s->src);
	if (s->asked) {
		s->asked = false;
		if (n <= 0)
			n = 0;
		s->answer = malloc((size_t)n);
		s->answer_len = s->answer ? (size_t)n : 0;
		if (s->answer)
			memcpy(s->answer, packet, (size_t)n);
	}
	lists_go_on(sv);
	return 0;
}

/* Notes that the child runs; takes control. */
static int server_add(struct served *sv, const struct view *v, const struct session_id *session,
	int conn, const struct spawn_child *child, int control)
{
	AUTO_CLOSE int owned = control;
	struct server *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	*s = (struct server){.worker = {.session = *session, .ended = on_ended}, .served = sv};
	view_summary(v, "directory", s->tree, sizeof(s->tree));
	int r = sd_event_add_io(
		sv->fs->streams.loop->event, &s->src, owned, EPOLLIN, on_control, s);
	if (r >= 0)
		r = worker_add(&sv->servers, &s->worker, child, conn);
	if (r < 0) {
		sd_event_source_disable_unref(s->src);
		free(s);
		return r;
	}
	s->control = TAKE_FD(owned);
	return 0;
}

static int spawn(const struct view *v, const int fds[4], struct spawn_child *ret)
{
	char uid[24], gid[24];
	const char *argv[10] = {"metacd: 9p server", "--role=9p-server"};
	size_t n = 2;
	if (v->read_only)
		argv[n++] = "--read-only";
	if (v->limited) {
		(void)snprintf(uid, sizeof(uid), "--uid=%u", v->uid);
		(void)snprintf(gid, sizeof(gid), "--gid=%u", v->gid);
		argv[n++] = uid;
		argv[n++] = gid;
	}
	argv[n++] = "--control";
	if (fds[3] >= 0)
		argv[n++] = "--session";
	return spawn_worker(argv, fds, 4, ret);
}

int served_start(struct served *sv, const struct view *v, const struct session_id *s, int conn,
	struct spawn_child *ret, struct err *e)
{
	int control[2];
	struct spawn_child child = {.pidfd = -EBADF};
	AUTO_CLOSE int tree = view_open(v, O_PATH | O_DIRECTORY, e);
	if (tree < 0)
		return tree;
	AUTO_CLOSE int journal = open_journal(sv, s->name);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) < 0)
		return err_errno(e, -errno, "start the 9P server");
	AUTO_CLOSE int ours = control[0];
	const int fds[4] = {conn, tree, control[1], journal};
	int r = spawn(v, fds, &child);
	fd_close(control[1]);
	if (r >= 0) {
		r = server_add(sv, v, s, conn, &child, TAKE_FD(ours));
		if (r < 0) {
			spawn_kill(&child, SIGKILL);
			spawn_wait(&child);
		}
	}
	if (r < 0)
		return err_errno(e, r, "start the 9P server");
	*ret = child;
	return 0;
}

int served_before(struct served *sv, const struct session_id *s)
{
	return worker_before(&sv->servers, s);
}

void served_end_session(struct served *sv, const struct session_id *s)
{
	if (!*s->name || sv->dir < 0)
		return;
	struct worker *running = worker_find(&sv->servers, s);
	if (running) {
		running->session.name[0] = 0;
		worker_kill(running);
	}
	if (unlinkat(sv->dir, s->name, 0) == 0 && sv->n_journals)
		sv->n_journals--;
}

/* ---- who is served ------------------------------------------------------------------------- */

static void fill_files(
	struct fs_session_info_b b, const struct p9_control_file *files, uint32_t n, size_t *bytes)
{
	static const char *const modes[] = {"", "r", "w", "rw"};
	uint32_t fits = 0;
	while (fits < n && *bytes + files[fits].path.len <= LISTED_BYTES_MAX)
		*bytes += files[fits++].path.len;
	struct fs_open_file_list_b l = fs_session_info_init_open_files(b, fits);
	for (uint32_t i = 0; i < fits; i++) {
		struct fs_open_file_b f = fs_open_file_at_b(l, i);
		fs_open_file_set_path(f, (struct vat_text){files[i].path.s, files[i].path.len});
		fs_open_file_set_mode(f, vat_str(modes[files[i].mode & 3]));
	}
}

static void fill_stats(struct fs_session_info_b b, const struct server *s, size_t *bytes)
{
	struct p9_control_stats st;
	static struct p9_control_file files[P9_CONTROL_FILES_MAX];
	if (!s->answer || p9_control_decode(s->answer, s->answer_len, &st, files) < 0)
		return;
	fs_session_info_set_users(b, st.users);
	fs_session_info_set_bytes_read(b, st.bytes_read);
	fs_session_info_set_bytes_written(b, st.bytes_written);
	fs_session_info_set_requests(b, st.requests);
	fs_session_info_set_n_open_files(b, st.n_open);
	fill_files(b, files, st.n_listed, bytes);
}

static void answer_list(struct served *sv, struct vat_ctx *ctx)
{
	struct fs_filesystem_service_admin_sessions_ctx cx = {ctx};
	uint32_t i = 0;
	size_t bytes = 0;
	struct fs_session_info_list_b l =
		fs_filesystem_service_admin_sessions_results_init_sessions(
			fs_filesystem_service_admin_sessions_results(cx), sv->servers.n);
	list_for_each (it, &sv->servers.list) {
		struct server *s = of_worker(list_entry(it, struct worker, link));
		struct fs_session_info_b b = fs_session_info_at_b(l, i++);
		fs_session_info_set_tree(b, vat_str(s->tree));
		fs_session_info_set_client(b, vat_str(s->worker.session.client));
		fs_session_info_set_address(b, vat_str(s->worker.address));
		fs_session_info_set_since(b, s->worker.since);
		fill_stats(b, s, &bytes);
	}
	vat_ctx_return(ctx);
}

/* With what the servers have said by now. */
static void answer_lists(struct served *sv)
{
	sv->list_timer = sd_event_source_disable_unref(sv->list_timer);
	for (size_t i = 0; i < LISTS_MAX; i++) {
		struct vat_ctx *ctx = TAKE_PTR(sv->lists[i]);
		if (ctx)
			answer_list(sv, ctx);
	}
	list_for_each (it, &sv->servers.list) {
		struct server *s = of_worker(list_entry(it, struct worker, link));
		s->asked = false;
		free(TAKE_PTR(s->answer));
	}
}

static void lists_go_on(struct served *sv)
{
	if (!sv->list_timer)
		return;
	list_for_each (it, &sv->servers.list)
		if (of_worker(list_entry(it, struct worker, link))->asked)
			return;
	answer_lists(sv);
}

static int on_list_timeout(sd_event_source *source, uint64_t usec, void *user)
{
	answer_lists(user);
	return 0;
}

void served_list(struct served *sv, struct fs_filesystem_service_admin_sessions_ctx cx)
{
	size_t i = 0;
	while (i < LISTS_MAX && sv->lists[i])
		i++;
	if (i == LISTS_MAX) {
		vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "too many ask for the same");
		return;
	}
	sv->lists[i] = cx.ctx;
	if (sv->list_timer)
		return; /* the servers are being asked */
	if (sd_event_add_time_relative(sv->fs->streams.loop->event, &sv->list_timer,
		    CLOCK_MONOTONIC, LIST_TIMEOUT_US, 0, on_list_timeout, sv) < 0) {
		answer_lists(sv);
		return;
	}
	list_for_each (it, &sv->servers.list) {
		struct server *s = of_worker(list_entry(it, struct worker, link));
		s->asked = p9_control_ask(s->control) >= 0;
	}
	lists_go_on(sv);
}

/* ---- life ---------------------------------------------------------------------------------- */

struct served *served_new(struct fs_service *fs)
{
	struct served *sv = calloc(1, sizeof(*sv));
	if (!sv)
		return NULL;
	sv->fs = fs;
	workers_init(&sv->servers, fs->streams.loop->event);
	sv->dir = open_directory(fs->runtime);
	if (sv->dir < 0) {
		log_warning("no 9P session will be kept: sessions: %s", strerror(-sv->dir));
		return sv;
	}
	if (sd_event_add_time_relative(
		    fs->streams.loop->event, &sv->prune, CLOCK_MONOTONIC, 0, 0, on_prune, sv) < 0) {
		served_free(sv);
		return NULL;
	}
	return sv;
}

void served_free(struct served *sv)
{
	if (!sv)
		return;
	answer_lists(sv);
	workers_done(&sv->servers);
	sd_event_source_disable_unref(sv->prune);
	fd_close(sv->dir);
	/* Goes if nobody may come back. */
	(void)unlinkat(sv->fs->runtime, "sessions", AT_REMOVEDIR);
	free(sv);
}
