/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: a connection begins with one thread that takes turns at it; more are started
 * when nobody is left to read the connection, by the thread that relieves: it is still who it was
 * when it started, as one that does requests need not be (9p-cred.h).  Until the new thread has
 * begun nobody has the turn, and nobody waits for it in particular: who is done with his request
 * before takes the turn himself.
 *
 * Buffers are address space only: pages appear as far as they are used.
 */
#include "svc/fs/server/9p-conn.h"

#include "svc/fs/server/9p-confine.h"
#include "svc/fs/server/9p-session.h"

#include "base/log.h"

#include <signal.h>
#include <sys/mman.h>

enum { STACK_SIZE = 256 * 1024, MAX_FIDS = 65536, MAX_FLUSHES = 512 };

static int thread_alloc(struct thread *t, struct conn *c)
{
	t->conn = c;
	p9_turn_init(&t->turn);
	t->job.tree = c->tree;
	uint8_t *p = mmap(NULL, IN_SIZE + OUT_SIZE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	t->in = p;
	t->out = p + IN_SIZE;
	t->rest = (struct p9_pieces){.sock = c->sock, .in = p};
	return 0;
}

static void thread_free(struct thread *t)
{
	if (t->conn)
		p9_turn_done(&t->turn);
	if (t->in)
		munmap(t->in, IN_SIZE + OUT_SIZE);
	*t = (struct thread){};
}

/* One more that takes turns (p9_turns_set_help). */
static int start_thread(struct p9_turns *turns)
{
	struct conn *c = container_of(turns, struct conn, turns);
	unsigned n = atomic_load(&c->n_started);
	if (n == N_THREADS || atomic_load(&c->closed))
		return 0;
	struct thread *t = &c->threads[n];
	int r = thread_alloc(t, c);
	if (!r)
		r = -pthread_create(&t->id, &c->attr, p9_thread_main, t);
	if (!r) {
		atomic_store(&c->n_started, n + 1);
		return 1;
	}
	thread_free(t);
	log_peer(LOG_WARNING, "9p: no thread: %s", strerror(-r));
	return r;
}

/* Those from `first` on; more may come meanwhile. How many there are. */
static unsigned join_threads(struct conn *c, unsigned first)
{
	for (; first < atomic_load(&c->n_started); first++)
		pthread_join(c->threads[first].id, NULL);
	return first;
}

/* The threads that are always there: this one, and those that do no requests. The turn is ours
 * until they are confined. */
static int run_threads(struct conn *c, bool confine)
{
	struct thread *watcher = c->tree->watch ? &c->threads[N_THREADS] : NULL;
	bool watches = false, reports = false;
	int r = thread_alloc(&c->threads[0], c);
	if (r)
		return r;
	p9_turn_take(&c->turns, &c->threads[0].turn);
	atomic_store(&c->n_started, 1);
	if (watcher) {
		r = thread_alloc(watcher, c);
		if (!r)
			r = -pthread_create(&watcher->id, &c->attr, p9_watch_main, watcher);
		watches = !r;
	}
	if (!r)
		r = p9_turns_start(&c->turns, &c->attr);
	if (!r && c->report.fd) {
		r = p9_report_start(&c->report, &c->attr);
		reports = !r;
	}
	if (!r && confine)
		r = p9_confine();
	if (r)
		p9_conn_hang_up(c);
	p9_turn_give(&c->turns);
	if (!r)
		p9_thread_main(&c->threads[0]);
	unsigned n = join_threads(c, 1);
	p9_turns_stop(&c->turns);
	(void)join_threads(c, n);
	if (watches)
		pthread_join(watcher->id, NULL);
	if (reports)
		p9_report_stop(&c->report);
	return r;
}

static int serve_tree(const struct p9_options *o, struct p9_tree *tree, struct p9_session *session,
	int sock, bool confine)
{
	AUTO_FREE struct thread *threads = calloc(N_THREADS + 1, sizeof(*threads));
	AUTO_FREE struct conn *c = calloc(1, sizeof(*c));
	if (!c || !threads)
		return -ENOMEM;
	c->session = session;
	struct p9_server_config config = {.msize = o->msize,
		.max_fids = p9_max_fids(MAX_FIDS),
		.max_flushes = MAX_FLUSHES,
		.read_only = o->read_only,
		.send = p9_conn_send,
		.ctx = c};
	AUTO(p9_server_free) struct p9_server *server = p9_server_new(&config);
	if (!server)
		return -ENOMEM;
	c->sock = sock;
	c->report = (struct p9_report){.fd = o->control_fd, .fill = p9_conn_report, .ctx = c};
	c->tree = tree;
	c->server = server;
	c->threads = threads;
	p9_turns_init(&c->turns, p9_conn_relieved);
	p9_turns_set_help(&c->turns, start_thread);
	p9_pipes_init(&c->pipes);
	pthread_mutex_init(&c->writing, NULL);
	pthread_mutex_init(&c->core, NULL);
	pthread_attr_init(&c->attr);
	pthread_attr_setstacksize(&c->attr, STACK_SIZE);
	int r = run_threads(c, confine);
	pthread_attr_destroy(&c->attr);
	for (size_t i = 0; i <= N_THREADS; i++)
		thread_free(&threads[i]);
	p9_server_reset(server);
	p9_conn_reap(c);
	p9_pipes_done(&c->pipes);
	p9_turns_done(&c->turns);
	pthread_mutex_destroy(&c->writing);
	pthread_mutex_destroy(&c->core);
	return r;
}

static uint64_t path_of(const void *ctx, dev_t dev, ino_t ino)
{
	struct stat st = {.st_dev = dev, .st_ino = ino};
	return p9_qid_of(ctx, &st).path;
}

int p9_serve(const struct p9_options *o, int sock, int tree_fd, bool confine)
{
	struct p9_tree tree;
	signal(SIGPIPE, SIG_IGN); /* the peer may leave while something is spliced to it */
	bool fixed = o->fixed || geteuid() != 0;
	int r = p9_tree_init(&tree, tree_fd, o->read_only, fixed);
	if (r)
		return r;
	struct p9_session *session = NULL;
	r = p9_session_new(&tree, o->session_fd, &session);
	if (!r && confine)
		r = p9_lock_down(o, tree_fd);
	if (!r && p9_watch_new(path_of, &tree, 0, &tree.watch) < 0)
		log_debug("9p: nothing can be watched here");
	if (!r)
		r = serve_tree(o, &tree, session, sock, confine);
	p9_session_free(session);
	p9_watch_free(tree.watch);
	p9_tree_done(&tree);
	return r;
}
