/* SPDX-License-Identifier: MIT */
/* Theory of operation: guard.h, guard-private.h. */
#include "svc/net/kernel/guard-private.h"
#include "svc/net/kernel/rtnl-priv.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <nftables/libnftables.h>
#include <sodium.h>

int guard_text_new(struct guard_text *t)
{
	*t = (struct guard_text){0};
	t->f = open_memstream(&t->text, &t->size);
	return t->f ? 0 : -errno;
}

void guard_text_free(struct guard_text *t)
{
	if (t->f)
		fclose(t->f);
	t->f = NULL;
	free(TAKE_PTR(t->text));
}

/* nft says what went wrong in words only: "FILE:LINE:COLUMN: Error: Could not process rule: No such
 * file or directory", and then shows where. */
static int explain(struct guard *g, struct err *e)
{
	static const int known[] = {EPERM, ENOENT, EEXIST, EOPNOTSUPP, EBUSY, ENOMEM, EINVAL,
		EMFILE, ENOSPC, ENOBUFS, EAFNOSUPPORT, ENODEV};
	const char *said = nft_ctx_get_error_buffer(g->nft);
	const char *words = said ? strstr(said, "rror: ") : NULL;
	words = words ? words + strlen("rror: ") : said ? said : "";
	int size = (int)strcspn(words, "\n");
	int code = -EIO;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (memmem(words, (size_t)size, strerror(known[i]), strlen(strerror(known[i]))))
			code = -known[i];
	return err_set(e, code, "nftables: %.*s", size, words);
}

int guard_text_run(struct guard *g, struct guard_text *t, struct err *e)
{
	bool bad = ferror(t->f) || fflush(t->f);
	int r = 0;
	if (bad)
		r = err_errno(e, -ENOMEM, "nftables");
	else if (t->size && nft_run_cmd_from_buffer(g->nft, t->text))
		r = explain(g, e);
	guard_text_free(t);
	return r;
}

/* Both sockets belong to the namespace they are made in. */
static int open_sockets(struct guard *g)
{
	g->nft = nft_ctx_new(NFT_CTX_DEFAULT);
	if (!g->nft)
		return -ENOMEM;
	nft_ctx_buffer_error(g->nft);
	nft_ctx_buffer_output(g->nft);
	g->nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!g->nl || mnl_socket_bind(g->nl, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	return guard_watch_open(g);
}

static int open_in(struct guard *g, int netns, struct err *e)
{
	int own;
	int r = rtnl_enter(netns, &own, e);
	if (r < 0)
		return r;
	r = open_sockets(g);
	rtnl_leave(own);
	return r < 0 ? err_errno(e, r, "nftables") : 0;
}

/* The same address is the same node however it is written. */
static int identify(struct guard *g, const char *node)
{
	struct rtnl_ip a = {0};
	if (inet_pton(AF_INET, node, &a.v4) == 1)
		a.family = AF_INET;
	else if (inet_pton(AF_INET6, node, &a.v6) == 1)
		a.family = AF_INET6;
	else
		return -EINVAL;
	g->family = a.family;
	g->f = a.family == AF_INET ? "ip" : "ip6";
	if (!inet_ntop(a.family, &a.v6, g->node, sizeof g->node))
		return -errno;
	unsigned char hash[crypto_generichash_BYTES_MIN];
	crypto_generichash(
		hash, sizeof hash, (const unsigned char *)g->node, strlen(g->node), NULL, 0);
	snprintf(g->table, sizeof g->table, "metac-%02x%02x%02x%02x", hash[0], hash[1], hash[2],
		hash[3]);
	return 0;
}

int guard_new(int netns, const char *node, bool backplane, struct guard **ret, struct err *e)
{
	AUTO(guard_free) struct guard *g = calloc(1, sizeof *g);
	if (!g)
		return err_errno(e, -ENOMEM, "nftables");
	list_init(&g->ports);
	list_init(&g->devices);
	g->backplane = backplane;
	int r = identify(g, node);
	if (r < 0)
		return err_errno(e, r, "the node's address \"%s\"", node);
	r = open_in(g, netns, e);
	if (r >= 0)
		r = rtnl_new(netns, &g->rtnl, e);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(g);
	return 0;
}

static void forget(struct guard *g)
{
	list_for_each_safe (it, &g->ports) {
		list_unlink(it);
		free(list_entry(it, struct guard_port, link));
	}
	list_for_each_safe (it, &g->devices) {
		struct guard_device *d = list_entry(it, struct guard_device, link);
		list_unlink(it);
		free(d->restrictions);
		fd_close(d->rate_map);
		free(d);
	}
	g->n_devices = 0;
	g->ports_ready = g->devices_ready = false;
}

int guard_clear(struct guard *g, struct err *e)
{
	struct guard_text t;
	if (guard_text_new(&t) < 0)
		return err_errno(e, -ENOMEM, "nftables");
	/* Adding first makes deleting succeed. */
	const char *families[] = {g->f, "netdev"};
	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		fprintf(t.f, "add table %s %s\ndelete table %s %s\n", families[i], g->table,
			families[i], g->table);
	int r = guard_text_run(g, &t, e);
	if (r == 0)
		forget(g);
	return r;
}

void guard_free(struct guard *g)
{
	if (!g)
		return;
	forget(g);
	if (g->nft)
		nft_ctx_free(g->nft);
	if (g->nl)
		mnl_socket_close(g->nl);
	if (g->watch)
		mnl_socket_close(g->watch);
	if (g->rtnl)
		rtnl_free(g->rtnl);
	free(g);
}
