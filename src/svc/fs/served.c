/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: served.h.
 *
 * A server belongs to the stream that it serves (core/stream.c kills and reaps it); here is only
 * known that it runs: the other end of its control socket ends with it.
 */
#include "svc/fs/served.h"
#include "base/list.h"
#include "base/log.h"
#include "svc/fs/fs-service.h"
#include "svc/fs/server/9p-control.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
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
	struct list servers; /* struct server */
	int dir; /* of the journals; -EBADF: there is none, and no session is kept */
	unsigned n_journals; /* about: counted when pruned */
	sd_event_source *prune;
	struct vat_ctx *lists[LISTS_MAX]; /* calls of sessions(), waiting for the servers */
	sd_event_source *list_timer;
};

struct server { /* one that runs */
	struct served *served;
	struct list link;
	struct served_session session;
	char tree[512], address[64];
	int64_t since;
	int pidfd, control;
	sd_event_source *src;
	bool asked; /* and has not answered */
	uint8_t *answer; /* the last one, as it came; NULL: none */
	size_t answer_len;
};

/* ---- sessions ------------------------------------------------------------------------------ */

int served_session_id(struct served_session *s, const struct view *v, struct vat_data id)
{
	unsigned char hash[(SERVED_NAME_SIZE - 1) / 2];
	char view[VIEW_ID_SIZE];
	*s = (struct served_session){};
	if (!id.len)
		return 0;
	if (id.len < SERVED_SESSION_MIN || id.len > SERVED_SESSION_MAX)
		return -EINVAL;
	view_id(v, "session", view);
	crypto_generichash_state st;
	crypto_generichash_init(&st, NULL, 0, sizeof(hash));
	crypto_generichash_update(&st, (const unsigned char *)view, sizeof(view));
	crypto_generichash_update(&st, id.p, id.len);
	crypto_generichash_final(&st, hash, sizeof(hash));
	sodium_bin2hex(s->name, sizeof(s->name), hash, sizeof(hash));
	return 0;
}

int served_session_set(struct served_session *s, const struct view *v, struct fs_session_r from)
{
	int r = served_session_id(s, v, fs_session_get_id(from));
	if (r < 0)
		return r;
	/* A stranger's words, shown to administrators. */
	struct vat_text client = fs_session_get_client(from);
	size_t n = MIN(client.len, (uint32_t)SERVED_CLIENT_MAX);
	for (size_t i = 0; i < n; i++)
		s->client[i] = client.s[i] > ' ' && client.s[i] < 0x7f ? client.s[i] : '?';
	return 0;
}

/* ---- journals ------------------------------------------------------------------------------ */

static struct server *find(struct served *sv, const char *name)
{
	list_for_each (it, &sv->servers) {
		struct server *s = list_entry(it, struct server, link);
		if (!strcmp(s->session.name, name))
			return s;
	}
	return NULL;
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
	char oldest[SERVED_NAME_SIZE] = "";
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

static void server_free(struct server *s)
{
	if (*s->session.name && s->served->dir >= 0) /* its day begins now */
		(void)utimensat(s->served->dir, s->session.name, NULL, AT_SYMLINK_NOFOLLOW);
	list_unlink(&s->link);
	sd_event_source_disable_unref(s->src);
	fd_close(s->pidfd);
	fd_close(s->control);
	free(s->answer);
	free(s);
}

/* Kills the server that the session has, and waits until it has gone. */
static int take_over(struct served *sv, const struct served_session *session, struct err *e)
{
	struct server *s = *session->name ? find(sv, session->name) : NULL;
	if (!s)
		return 0;
	struct pollfd p = {.fd = s->pidfd, .events = POLLIN};
	int r = spawn_kill(&(struct spawn_child){.pidfd = s->pidfd}, SIGKILL);
	if (r >= 0 && poll(&p, 1, SERVED_KILL_MS) != 1)
		r = -EAGAIN;
	if (r < 0)
		return err_errno(e, r, "the session's last 9P server does not end");
	server_free(s);
	return 0;
}

static void lists_go_on(struct served *sv);

static int on_control(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	static uint8_t packet[P9_CONTROL_PACKET_MAX];
	struct server *s = user;
	struct served *sv = s->served;
	ssize_t n = recv(fd, packet, sizeof(packet), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		server_free(s);
	} else if (s->asked) {
		s->asked = false;
		s->answer = malloc((size_t)n);
		s->answer_len = s->answer ? (size_t)n : 0;
		if (s->answer)
			memcpy(s->answer, packet, (size_t)n);
	}
	lists_go_on(sv);
	return 0;
}

static void peer_of(int conn, char *ret, size_t size)
{
	struct sockaddr_storage sa = {};
	socklen_t len = sizeof(sa);
	if (getpeername(conn, (struct sockaddr *)&sa, &len) < 0 ||
		addr_format(&sa, ret, size, NULL) < 0)
		*ret = 0;
}

/* Notes that the child runs; takes control. */
static int server_add(struct served *sv, const struct view *v, const struct served_session *session,
	int conn, const struct spawn_child *child, int control)
{
	AUTO_CLOSE int owned = control;
	struct server *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	*s = (struct server){.served = sv, .session = *session, .since = time(NULL)};
	list_append(&sv->servers, &s->link);
	s->control = TAKE_FD(owned);
	s->pidfd = fcntl(child->pidfd, F_DUPFD_CLOEXEC, 3);
	view_summary(v, "directory", s->tree, sizeof(s->tree));
	peer_of(conn, s->address, sizeof(s->address));
	int r = s->pidfd < 0 ? -errno
			     : sd_event_add_io(sv->fs->streams.loop->event, &s->src, s->control,
				       EPOLLIN, on_control, s);
	if (r < 0)
		server_free(s);
	return r;
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

int served_start(struct served *sv, const struct view *v, const struct served_session *s, int conn,
	struct spawn_child *ret, struct err *e)
{
	int control[2];
	struct spawn_child child = {.pidfd = -EBADF};
	AUTO_CLOSE int tree = view_open(v, O_PATH | O_DIRECTORY, e);
	if (tree < 0)
		return tree;
	int r = take_over(sv, s, e);
	if (r < 0)
		return r;
	AUTO_CLOSE int journal = open_journal(sv, s->name);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) < 0)
		return err_errno(e, -errno, "start the 9P server");
	AUTO_CLOSE int ours = control[0];
	const int fds[4] = {conn, tree, control[1], journal};
	r = spawn(v, fds, &child);
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

void served_end_session(struct served *sv, const struct served_session *s)
{
	if (!*s->name || sv->dir < 0)
		return;
	struct server *running = find(sv, s->name);
	if (running) {
		running->session.name[0] = 0;
		spawn_kill(&(struct spawn_child){.pidfd = running->pidfd}, SIGKILL);
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
	uint32_t n = 0, i = 0;
	size_t bytes = 0;
	list_for_each (it, &sv->servers)
		n++;
	struct fs_session_info_list_b l =
		fs_filesystem_service_admin_sessions_results_init_sessions(
			fs_filesystem_service_admin_sessions_results(cx), n);
	list_for_each (it, &sv->servers) {
		struct server *s = list_entry(it, struct server, link);
		struct fs_session_info_b b = fs_session_info_at_b(l, i++);
		fs_session_info_set_tree(b, vat_str(s->tree));
		fs_session_info_set_client(b, vat_str(s->session.client));
		fs_session_info_set_address(b, vat_str(s->address));
		fs_session_info_set_since(b, s->since);
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
	list_for_each (it, &sv->servers) {
		struct server *s = list_entry(it, struct server, link);
		s->asked = false;
		free(TAKE_PTR(s->answer));
	}
}

static void lists_go_on(struct served *sv)
{
	if (!sv->list_timer)
		return;
	list_for_each (it, &sv->servers)
		if (list_entry(it, struct server, link)->asked)
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
	list_for_each (it, &sv->servers) {
		struct server *s = list_entry(it, struct server, link);
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
	list_init(&sv->servers);
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
	while (!list_empty(&sv->servers))
		server_free(list_entry(sv->servers.next, struct server, link));
	sd_event_source_disable_unref(sv->prune);
	fd_close(sv->dir);
	/* Goes if nobody may come back. */
	(void)unlinkat(sv->fs->runtime, "sessions", AT_REMOVEDIR);
	free(sv);
}
