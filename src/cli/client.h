/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A command's connection to its node, and the blocking form of the calls it makes.
 *
 * Every function that waits gives up after a time and after a signal, and says in words a person
 * can act on what did not happen.  All capabilities returned are new references, to be dropped
 * before client_close().
 */
#include "cli/nodes.h"
#include "cli/verb.h"
#include "core/ref.h"
#include "loop/link.h"
#include "schema/fs.capnp.h"
#include "schema/metac.capnp.h"
#include "schema/persistence.capnp.h"
#include "schema/stream.capnp.h"

enum { CLIENT_CALL_SECONDS = 60, CLIENT_CONNECT_SECONDS = 10, CLIENT_PATH_MAX = 4096 };

struct client {
	struct cli *cli;
	struct loop loop;
	struct link *link;
	struct ways *ways; /* to what other nodes host */
	struct outside *outside; /* instead of link and ways: without a node of this host */
	struct metac_node_admin_c admin;
	char address[NODE_ADDRESS_SIZE]; /* of the node, canonical; outside: of this host */
	uint64_t connect_timeout_us;
	bool lost; /* the node has ended the connection */
	struct sd_event_source *signals[2];
};

/* Connects to the node that the options name. On failure cli->err is set. With cli->may_dial, or
 * --user, and where there is no node that may be used, the client is outside: what is restored from
 * references is reached directly, and nothing else. */
int client_open(struct cli *cli, struct client **ret);
/* True if it would be outside; does not connect. */
bool client_is_outside(struct cli *cli);
void client_close(struct client *c);
DEFINE_AUTO(struct client *, client_close);

/* A call and its answer; results are valid until reply_done. */
struct reply {
	struct client *client;
	struct vat_call *call;
	bool done;
	struct err err; /* code 0 = answered well */
	struct vat_ptr_r results;
};
void auto_reply_done(struct reply *r);
#define AUTO_REPLY __attribute__((cleanup(auto_reply_done))) struct reply

/* Sends the call (taken; NULL = memory was out when it was made) and waits for the answer. */
int client_call(struct client *c, struct vat_call *call, struct reply *ret);
/* The same, waiting for as long as it takes; a signal ends the wait with -EINTR. */
int client_call_for_ever(struct client *c, struct vat_call *call, struct reply *ret);
/* Waits until the capability has become one, or why it could not. */
int client_settle(struct client *c, struct vat_cap *cap);
/* Waits for *done; for what calls do not cover. timeout_us 0 = for ever. */
int client_wait(struct client *c, const bool *done, uint64_t timeout_us);

/* Sends without waiting for the answer: what follows uses the pipelined result. Takes the call. */
void client_pipeline(struct vat_call *call);

/* What a reference stands for, restored on its node. */
int client_restore(struct client *c, const char *text, struct vat_cap **ret);
/* The same where a path inside the object may follow: ret_path gets it as path_normalize() makes
 * it. */
int client_restore_within(
	struct client *c, const char *text, struct vat_cap **ret, char *ret_path, size_t path_size);

/* What a URI (also "-") names. */
int client_filesystem(struct client *c, const char *uri, struct fs_filesystem_c *ret);
int client_file(struct client *c, const char *uri, struct fs_file_c *ret);
/* A directory in which the URI (not "-") leads to something, file or directory, and the path to it
 * from there, "" for the directory itself: for who walks by 9P. ret_path has CLIENT_PATH_MAX bytes.
 */
int client_tree(struct client *c, const char *uri, struct fs_filesystem_c *ret, char *ret_path);

/* Who may not use a node of this host mounts without one: user-mount.h. */
bool client_is_ordinary(struct cli *cli);

/* The mount namespace this command runs in, where its user looks for a mount; not waited for. */
int client_namespace(struct client *c, struct fs_filesystem_namespace_c *ret);

/* Admin interface of a service of the node; not waited for. */
struct metac_service_admin_c client_service(struct client *c, const char *name);

/* Makes a sturdy reference as the options say, and prints it as one line. */
int client_export(struct client *c, struct vat_cap *cap);
/* Makes one as the options say, as malloc'ed text. */
int client_reference(struct client *c, struct vat_cap *cap, char **ret);
/* Makes one that nobody is told: the object lives on when the command has ended. */
int client_keep(struct client *c, struct vat_cap *cap);
int client_print_ref(struct client *c, struct metac_metac_sturdy_ref_r sturdy);

/* Opens a stream as a connected socket; *ret_end is its Connection. */
int client_open_stream(
	struct client *c, struct vat_cap *stream, int *ret_fd, struct stream_connection_c *ret_end);

/* How the other side fared after a stream's socket was used up: it knows of a full disk, or of
 * having been revoked. 0 also where nobody can tell. */
int client_outcome(struct client *c, struct stream_connection_c end);

/* From now on SIGINT and SIGTERM end the process at once, as if nothing had been said about them.
 */
void client_default_signals(void);
