/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * An exported tree reached over 9P, for fibers (fiber.h): a request is a function that returns when
 * the answer is there, and any number of fibers have one under way.
 *
 * When the connection is lost it is made anew, for up to REMOTE_PATIENCE_SECONDS: the reference is
 * restored again, the stream opened again.  Each connection is an epoch, and fids belong to one:
 * a request on a fid of a former epoch fails with -ESHUTDOWN, as do the requests that were under
 * way; whoever made them gets a new fid by walking and tries again.  -ENOTCONN: patience is over.
 */
#include "cli/client.h"
#include "cli/fiber.h"
#include "wire/9p/client.h"

enum {
	REMOTE_PATIENCE_SECONDS = 60,
	REMOTE_SILENCE_SECONDS = 30, /* with requests under way: the connection is taken for lost */
};

struct remote;

/* Connects to what contains the URI (local: or a reference; client_tree()). Blocks, outside fibers.
 * On failure cli->err is set. */
int remote_open(struct cli *cli, const char *uri, struct fibers *s, struct remote **ret);
/* The same over a connection there is (fd is taken): when it is lost there is no other. */
int remote_adopt(
	struct cli *cli, int takes_fd, const char *path, struct fibers *s, struct remote **ret);
/* No fiber may be in a request. NULL is accepted. */
void remote_close(struct remote *r);
DEFINE_AUTO(struct remote *, remote_close);

/* Where in the tree the URI leads: no leading slash; "" = the root. */
const char *remote_path(const struct remote *r);
/* True if the server speaks 9P2000.L.metac. */
bool remote_metac(const struct remote *r);
uint64_t remote_epoch(const struct remote *r);
/* The fid of the root, of the current epoch. */
uint32_t remote_root(const struct remote *r);
/* The most that one read, write or readdir carries. */
uint32_t remote_payload(const struct remote *r);
/* The same for what comes with Topenat. */
uint32_t remote_openat_max(const struct remote *r);

/* Called with the reply while it is valid; what it returns is the request's result. */
typedef int (*remote_take)(void *user, const struct p9_msg *reply);

/* Waits for the answer: 0, what take returned, the server's errno (negative), -ESHUTDOWN,
 * -ENOTCONN, -EINTR (remotes_stop()). take may be NULL. */
int remote_request(
	struct remote *r, uint64_t epoch, const struct p9_msg *m, remote_take take, void *user);

/* A number for a new fid of the current epoch; -EMFILE and the like. */
int remote_fid_new(struct remote *r, uint32_t *ret);
/* Gives back a number that the server has not taken, or has forgotten. */
void remote_fid_drop(struct remote *r, uint64_t epoch, uint32_t fid);
/* Has the server forget it; not waited for. Nothing happens in a later epoch. */
void remote_clunk(struct remote *r, uint64_t epoch, uint32_t fid);

/*
 * Runs fibers and connections until no fiber lives. tick is called at least every 100 ms. Ends the
 * requests with -EINTR when a signal came (cli->signal) or remotes_stop() was called.
 */
void remotes_run(
	struct fibers *s, struct remote **remotes, size_t n, void (*tick)(void *user), void *user);
/* Everything under way and to come on this connection fails with -EINTR. */
void remote_stop(struct remote *r);
