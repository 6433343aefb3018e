/* SPDX-License-Identifier: MIT */
/*
 * metac block cp: copies a block device, or a file as one, to another.  Here the ends are opened
 * for what the arguments name and compared, and in the end it is said how it went; the copying is
 * in block-copy.c, what a destination of this host is while it is not whole in block-part.c, and
 * where an interrupted copy goes on in block-state.c.
 */
#include "cli/block-copy.h"
#include "cli/block-part.h"
#include "cli/show.h"
#include "cli/table.h"
#include "cli/uri.h"

#include <fcntl.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>

enum { REQUESTS_MAX = 2 * BLOCK_COPY_PIECES };

struct block_cp {
	struct cli *cli;
	char *src_uri, *dst_uri; /* owned */
	struct block_end src, dst;
	struct block_part part; /* a destination of this host ... */
	struct block_state state; /* ... and of another one */
	struct meter meter;
	struct block_copy copy;
};

static bool is_remote(const char *uri)
{
	return ref_is(uri) || uri_is_local(uri);
}

/* What is written into local:PATH without options needs no node, and may not be there yet: it is as
 * PATH alone; and so is what is read from a relative one. */
static void own_path(char *uri, bool is_target)
{
	struct uri_local l;
	struct err e = {};
	const size_t skip = strlen("local:");
	if (!uri_is_local(uri) || (uri[skip] == '/' && !is_target) ||
		(uri[skip] != '/' && uri_parse_local(uri, &l, &e) >= 0))
		return;
	memmove(uri, uri + skip, strlen(uri + skip) + 1);
}

/* ---- what is copied -------------------------------------------------------------------------- */

static void hash_word(crypto_generichash_state *h, const void *p, size_t n)
{
	uint64_t len = n;
	crypto_generichash_update(h, (const uint8_t *)&len, sizeof(len));
	crypto_generichash_update(h, p, n);
}

static void hash_string(crypto_generichash_state *h, const char *s)
{
	hash_word(h, s, strlen(s));
}

/* Which copy this is: by what the user calls it, on which node. */
static void hash_names(struct block_cp *c, crypto_generichash_state *h, bool with_dst)
{
	const char *node = c->cli->opt.node ?: getenv("METAC_ADDRESS");
	crypto_generichash_init(h, NULL, 0, BLOCK_STATE_KEY);
	hash_string(h, node ?: "");
	hash_string(h, c->cli->opt.format ?: "");
	hash_string(h, c->src_uri);
	if (with_dst)
		hash_string(h, c->dst_uri);
}

/* The same, and what can be known of the source: a file that was changed is another one. */
static void make_key(struct block_cp *c, uint8_t ret[BLOCK_STATE_KEY])
{
	crypto_generichash_state h;
	struct stat st = {};
	hash_names(c, &h, is_remote(c->dst_uri));
	if (!c->src.link && fstat(c->src.fd, &st) == 0) {
		hash_word(&h, &st.st_dev, sizeof(st.st_dev));
		hash_word(&h, &st.st_ino, sizeof(st.st_ino));
		hash_word(&h, &st.st_rdev, sizeof(st.st_rdev));
		if (S_ISREG(st.st_mode))
			hash_word(&h, &st.st_mtim, sizeof(st.st_mtim));
	}
	crypto_generichash_final(&h, ret, BLOCK_STATE_KEY);
}

/* ---- the ends -------------------------------------------------------------------------------- */

static int open_link(
	struct block_cp *c, const char *uri, const struct options *how, struct block_end *ret)
{
	struct block_link *l = NULL;
	int r = block_link_open(c->cli, uri, how, REQUESTS_MAX, &l);
	if (r >= 0)
		block_end_link(ret, l);
	return r;
}

static int open_source(struct block_cp *c)
{
	struct err *err = &c->cli->err;
	char shown[512];
	if (is_remote(c->src_uri)) {
		const struct options how = {.read_only = true, .format = c->cli->opt.format};
		int r = open_link(c, c->src_uri, &how, &c->src);
		if (r >= 0 && c->src.size % c->src.block_min != 0)
			r = err_set(err, -EINVAL,
				"%s: its size, %llu bytes, is no multiple of its block size, %u",
				c->src.name, (unsigned long long)c->src.size, c->src.block_min);
		return r;
	}
	if (c->cli->opt.format)
		return err_set(err, -EINVAL, "--format goes with a reference or local:");
	show_word(c->src_uri, shown, sizeof(shown));
	AUTO_CLOSE int fd = open(c->src_uri, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	uint64_t size = 0;
	int r = fd < 0 ? -errno : block_end_size(fd, &size);
	if (r < 0)
		return err_errno(err, r, "%s", shown);
	block_end_file(&c->src, TAKE_FD(fd), shown, size);
	return 0;
}

/* Only what is known to be too small, or not to be written to, is refused: before it is touched. */
static int check_target(struct block_cp *c)
{
	const struct nbd_client_export *x = block_link_export(c->dst.link);
	if (x->flags & NBD_FLAG_READ_ONLY)
		return err_set(&c->cli->err, -EROFS, "%s is read-only", c->dst.name);
	if (c->dst.size < c->src.size)
		return err_set(&c->cli->err, -ENOSPC,
			"%s is smaller than the source: %llu bytes, not %llu", c->dst.name,
			(unsigned long long)c->dst.size, (unsigned long long)c->src.size);
	return 0;
}

/* How far an earlier copy to another host came. Without a place for that there is no going on, but
 * a copy all the same. */
static int open_state(struct block_cp *c, bool *ret_other)
{
	uint8_t id[BLOCK_STATE_KEY];
	crypto_generichash_state h;
	struct block_state *s = &c->state;
	s->size = c->src.size;
	make_key(c, s->key);
	hash_names(c, &h, true);
	crypto_generichash_final(&h, id, sizeof(id));
	int r = block_state_place(id, s->path);
	if (r >= 0)
		r = block_state_open(s, &c->copy.from);
	if (r == -EBUSY)
		return err_set(&c->cli->err, r, "another copy from and to these is under way");
	*ret_other = c->cli->opt.resume && r == BLOCK_STATE_OTHER;
	if (!c->cli->opt.resume)
		c->copy.from = 0;
	if (r < 0 || block_state_write(s, c->copy.from) < 0)
		block_state_remove(s);
	return 0;
}

static int open_target(struct block_cp *c)
{
	uint8_t key[BLOCK_STATE_KEY];
	bool other = false;
	int r;
	if (is_remote(c->dst_uri)) {
		const struct options how = {};
		r = open_link(c, c->dst_uri, &how, &c->dst);
		if (r >= 0)
			r = check_target(c);
		if (r >= 0)
			r = open_state(c, &other);
	} else {
		make_key(c, key);
		r = block_part_open(&c->part, c->dst_uri, c->src.size, key, c->cli->opt.resume,
			&c->dst, &c->copy.from, &other);
	}
	if (r >= 0 && other)
		fprintf(stderr, "metac: block cp: the source is not what it was: all of it is "
				"copied\n");
	return r;
}

static int open_ends(struct block_cp *c)
{
	if (!is_remote(c->src_uri) && !is_remote(c->dst_uri))
		return cli_wrong_use(c->cli,
			"neither the source nor the destination is a reference or local: (use cp)");
	if (!strcmp(c->src_uri, c->dst_uri))
		return cli_wrong_use(c->cli, "source and destination are the same");
	int r = open_source(c);
	return r < 0 ? r : open_target(c);
}

/* ---- how it goes ----------------------------------------------------------------------------- */

static void on_checkpoint(void *user, uint64_t mark)
{
	struct block_cp *c = user;
	/* What cannot be remembered is copied again: no reason to end. */
	(void)block_state_write(c->dst.link ? &c->state : &c->part.state, mark);
}

static int print_summary(struct block_cp *c)
{
	return json_print(
		json_pack("{sI sI sI sI sf}", "size", (json_int_t)c->src.size, "data",
			(json_int_t)c->copy.data, "zeroes", (json_int_t)c->copy.zeroes, "resumedAt",
			(json_int_t)c->copy.from, "seconds", meter_seconds(&c->meter)),
		&c->cli->err);
}

static int copy(struct block_cp *c)
{
	c->copy.cli = c->cli;
	c->copy.src = &c->src;
	c->copy.dst = &c->dst;
	c->copy.meter = &c->meter;
	c->copy.checkpoint = on_checkpoint;
	c->copy.user = c;
	int r = block_copy_run(&c->copy);
	if (!c->dst.link) {
		if (r >= 0)
			r = block_part_commit(&c->part, &c->dst);
		if (r < 0)
			block_part_abandon(&c->part, c->copy.safe);
	} else if (r >= 0 || c->copy.safe == 0) {
		block_state_remove(&c->state);
	}
	if (r < 0 && c->copy.safe > 0)
		fprintf(stderr,
			"metac: block cp: %llu of %llu bytes are copied: --resume goes on "
			"there\n",
			(unsigned long long)c->copy.safe, (unsigned long long)c->src.size);
	return r;
}

int cmd_block_cp(struct cli *cli)
{
	struct block_cp c = {.cli = cli,
		.src.fd = -EBADF,
		.dst.fd = -EBADF,
		.state.fd = -EBADF,
		.part = {.err = &cli->err, .dir = -EBADF, .state.fd = -EBADF}};
	meter_begin(&c.meter, cli->opt.progress);
	c.src_uri = uri_read(cli->args[0], STDIN_FILENO, &cli->err);
	c.dst_uri = c.src_uri ? uri_read(cli->args[1], STDIN_FILENO, &cli->err) : NULL;
	int r = c.dst_uri ? 0 : cli->err.code;
	if (r >= 0) {
		own_path(c.src_uri, false);
		own_path(c.dst_uri, true);
		r = open_ends(&c);
	}
	if (r >= 0)
		r = copy(&c);
	if (r >= 0 && cli->opt.json)
		r = print_summary(&c);
	struct err why = cli->err;
	block_end_close(&c.src);
	block_end_close(&c.dst);
	cli->err = why;
	block_part_close(&c.part);
	block_state_close(&c.state);
	free(c.src_uri);
	free(c.dst_uri);
	return r;
}
