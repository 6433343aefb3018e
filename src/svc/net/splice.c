/* SPDX-License-Identifier: MIT */
/*
 * The filters of a splice: one at each hook of the interface, one at the leg's ingress; all of the
 * same priority, which nobody else had at either hook of the interface. The filters' name tells a
 * later process whose they are, and what is to be undone with them: "+up", the interface was down;
 * "+clsact", the qdisc was not there.
 */
#include "svc/net/splice-code.h"

#include <stdio.h>
#include <sys/random.h>

enum { PRIORITY_FIRST = 100, PRIORITY_LAST = 400, FILTERS_MAX = 64, N_PROGRAMS = 3 };

#define BROUGHT_UP "+up"
#define MADE_QDISC "+clsact"

struct splice {
	struct rtnl *rtnl; /* borrowed */
	struct splice_config cfg; /* owner is below */
	int map, program[N_PROGRAMS]; /* -EBADF: not attached */
	uint32_t mark;
	uint16_t priority;
	bool made_qdisc;
	char name[RTNL_FILTER_NAME_MAX + 1];
};

struct hook {
	int index;
	bool ingress;
};

static struct hook hook_of(const struct splice_config *cfg, unsigned i)
{
	static const bool ingress[N_PROGRAMS] = {true, true, false};
	/* The leg's comes first: what gets there must not be taken for the host's. */
	return (struct hook){i == 0 ? cfg->leg : cfg->iface, ingress[i]};
}

static int load(const struct splice_programs *p, unsigned i, int *ret, struct err *e)
{
	return i == 0   ? splice_load_leg(p, ret, e)
	       : i == 1 ? splice_load_ingress(p, ret, e)
			: splice_load_egress(p, ret, e);
}

static void close_programs(int program[static N_PROGRAMS])
{
	for (unsigned i = 0; i < N_PROGRAMS; i++)
		program[i] = fd_close(program[i]);
}

static int attach(const struct splice *s, const struct splice_config *cfg, unsigned i, int program,
	struct err *e)
{
	struct hook k = hook_of(cfg, i);
	return rtnl_bpf_attach(s->rtnl, k.index, k.ingress, s->priority, program, s->name, e);
}

static void detach(const struct splice *s, const struct splice_config *cfg, unsigned i)
{
	struct hook k = hook_of(cfg, i);
	(void)rtnl_bpf_detach(s->rtnl, k.index, k.ingress, s->priority, NULL);
}

/* The first so many programs are for cfg: those for s->cfg take their places again. */
static void put_back(struct splice *s, const struct splice_config *cfg, unsigned done)
{
	for (unsigned i = 0; i < done; i++) {
		if (s->program[i] < 0 || (i == 0 && cfg->leg != s->cfg.leg))
			detach(s, cfg, i);
		else
			(void)attach(s, &s->cfg, i, s->program[i], NULL);
	}
}

/* Programs for cfg take the place of those that are there. */
static int put_programs(struct splice *s, const struct splice_config *cfg, struct err *e)
{
	struct splice_programs p = {.cfg = cfg, .map = s->map, .mark = s->mark};
	int now[N_PROGRAMS] = {-EBADF, -EBADF, -EBADF};
	unsigned done = 0;
	int r = 0;
	for (unsigned i = 0; i < N_PROGRAMS && r >= 0; i++)
		r = load(&p, i, &now[i], e);
	while (done < N_PROGRAMS && r >= 0) {
		r = attach(s, cfg, done, now[done], e);
		done += r >= 0;
	}
	if (r < 0) {
		put_back(s, cfg, done);
		close_programs(now);
		return r;
	}
	close_programs(s->program);
	memcpy(s->program, now, sizeof(now));
	return 0;
}

static bool is_taken(const struct rtnl_filter *list, int count, unsigned priority)
{
	for (int i = 0; i < count; i++)
		if (list[i].priority == priority)
			return true;
	return false;
}

/* Another node of this host may be there as well, in its own priority. */
static int choose_priority(struct splice *s, struct err *e)
{
	struct rtnl_filter in[FILTERS_MAX], out[FILTERS_MAX];
	int n_in = rtnl_filter_list(s->rtnl, s->cfg.iface, true, in, FILTERS_MAX, e);
	int n_out = n_in < 0 ? n_in
			     : rtnl_filter_list(s->rtnl, s->cfg.iface, false, out, FILTERS_MAX, e);
	if (n_out < 0)
		return n_out;
	unsigned p = PRIORITY_FIRST;
	while (p < PRIORITY_LAST && (is_taken(in, n_in, p) || is_taken(out, n_out, p)))
		p++;
	if (p >= PRIORITY_LAST || n_in >= FILTERS_MAX || n_out >= FILTERS_MAX)
		return err_set(e, -EBUSY, "there are too many filters at the interface");
	s->priority = (uint16_t)p;
	return 0;
}

static int set_up(struct splice *s, const char *owner, struct err *e)
{
	bool leg_made;
	int r = rtnl_clsact_add(s->rtnl, s->cfg.iface, &s->made_qdisc, e);
	if (r >= 0)
		r = rtnl_clsact_add(s->rtnl, s->cfg.leg, &leg_made, e);
	if (r >= 0)
		r = choose_priority(s, e);
	if (r >= 0)
		r = bpf_map_lru("metac_stations", SPLICE_KEY_SIZE, SPLICE_VALUE_SIZE, SPLICE_MACS,
			&s->map, e);
	if (r < 0)
		return r;
	(void)snprintf(s->name, sizeof(s->name), "%s splice%s%s", owner,
		s->cfg.brought_up ? BROUGHT_UP : "", s->made_qdisc ? MADE_QDISC : "");
	return put_programs(s, &s->cfg, e);
}

int splice_new(struct rtnl *n, const struct splice_config *cfg, struct splice **ret, struct err *e)
{
	if (strlen(cfg->owner) > SPLICE_OWNER_MAX)
		return err_set(e, -EINVAL, "the owner's name is too long");
	struct splice *s = calloc(1, sizeof(*s));
	if (!s)
		return err_errno(e, -ENOMEM, "splice");
	s->rtnl = n;
	s->cfg = *cfg;
	s->cfg.owner = NULL;
	s->map = -EBADF;
	for (unsigned i = 0; i < N_PROGRAMS; i++)
		s->program[i] = -EBADF;
	int r = 0;
	if (getrandom(&s->mark, sizeof(s->mark), 0) != sizeof(s->mark))
		r = err_errno(e, -errno, "random number");
	s->mark |= 1;
	if (r >= 0)
		r = set_up(s, cfg->owner, e);
	if (r < 0) {
		splice_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

int splice_change(
	struct splice *s, const uint8_t mac[static RTNL_MAC_SIZE], uint32_t mtu, struct err *e)
{
	struct splice_config cfg = s->cfg;
	memcpy(cfg.mac, mac, RTNL_MAC_SIZE);
	cfg.mtu = mtu;
	if (!memcmp(cfg.mac, s->cfg.mac, RTNL_MAC_SIZE) && mtu == s->cfg.mtu)
		return 0;
	int r = put_programs(s, &cfg, e);
	if (r >= 0)
		s->cfg = cfg;
	return r;
}

int splice_move(struct splice *s, int leg, struct err *e)
{
	struct splice_config cfg = s->cfg;
	bool made;
	cfg.leg = leg;
	int r = rtnl_clsact_add(s->rtnl, leg, &made, e);
	if (r >= 0)
		r = put_programs(s, &cfg, e);
	if (r < 0)
		return r;
	detach(s, &s->cfg, 0);
	s->cfg = cfg;
	return 0;
}

bool splice_is_whole(struct splice *s)
{
	struct rtnl_filter list[FILTERS_MAX];
	for (unsigned i = 0; i < N_PROGRAMS; i++) {
		struct hook k = hook_of(&s->cfg, i);
		int n = rtnl_filter_list(s->rtnl, k.index, k.ingress, list, FILTERS_MAX, NULL);
		bool found = false;
		for (int at = 0; at < n && !found; at++)
			found = list[at].priority == s->priority &&
				strcmp(list[at].name, s->name) == 0;
		if (!found)
			return false;
	}
	return true;
}

void splice_free(struct splice *s)
{
	if (!s)
		return;
	/* The interface's first, so that nothing gets to the leg that cannot come back. */
	for (unsigned i = N_PROGRAMS; i-- > 0;)
		if (s->program[i] >= 0)
			detach(s, &s->cfg, i);
	if (s->made_qdisc)
		(void)rtnl_clsact_delete(s->rtnl, s->cfg.iface, NULL);
	close_programs(s->program);
	fd_close(s->map);
	free(s);
}

struct left { /* what the filters' names tell */
	bool up, qdisc;
};

/* True if that is what follows the owner's name in ours. */
static bool read_rest(const char *rest, struct left *ret)
{
	struct left l = *ret;
	if (!strncmp(rest, BROUGHT_UP, strlen(BROUGHT_UP))) {
		l.up = true;
		rest += strlen(BROUGHT_UP);
	}
	if (!strcmp(rest, MADE_QDISC))
		l.qdisc = true;
	else if (*rest)
		return false;
	*ret = l;
	return true;
}

static int clean_hook(
	struct rtnl *n, int index, bool ingress, const char *name, struct left *ret, struct err *e)
{
	struct rtnl_filter list[FILTERS_MAX];
	size_t length = strlen(name);
	int count = rtnl_filter_list(n, index, ingress, list, FILTERS_MAX, e), r = 0;
	for (int i = 0; i < count && r >= 0; i++)
		if (!strncmp(list[i].name, name, length) && read_rest(list[i].name + length, ret))
			r = rtnl_bpf_detach(n, index, ingress, list[i].priority, e);
	return MIN(count, r);
}

int splice_clean(struct rtnl *n, int index, const char *owner, struct err *e)
{
	char name[RTNL_FILTER_NAME_MAX + 1];
	struct rtnl_change down = {.what = RTNL_SET_UP};
	struct left left = {};
	if (strlen(owner) > SPLICE_OWNER_MAX)
		return err_set(e, -EINVAL, "the owner's name is too long");
	(void)snprintf(name, sizeof(name), "%s splice", owner);
	int r = clean_hook(n, index, true, name, &left, e);
	if (r >= 0)
		r = clean_hook(n, index, false, name, &left, e);
	if (r >= 0 && left.qdisc)
		r = rtnl_clsact_delete(n, index, e);
	if (r >= 0 && left.up)
		r = rtnl_link_set(n, index, &down, e);
	return MIN(r, 0);
}
