/* SPDX-License-Identifier: MIT */
/*
 * Role `persistence`: keeps sturdy references.  It opens its database first and says clearly what
 * is wrong with it, because nothing works without: then it ends, and the supervisor tries again,
 * ever more slowly.  After that it may touch nothing but its state directory.
 */
#include "svc/persistence/persistence.h"
#include "base/log.h"
#include "core/ref.h"
#include "core/service.h"
#include "role/roles.h"
#include "sys/control.h"
#include "sys/landlock.h"
#include "sys/seccomp.h"

#include <getopt.h>

struct persistence_role {
	const char *state_dir;
	struct store *store;
	struct persistence *persistence;
};

static int lock_down(const char *state_dir)
{
	static const char *const calls[] = {
		"@base", "@loop", "@socket", "@fs-read", "@fs-write", NULL};
	struct landlock l;
	int r = landlock_init(&l);
	if (r >= 0)
		r = landlock_allow_path(&l, state_dir,
			LANDLOCK_MAY_READ | LANDLOCK_MAY_WRITE | LANDLOCK_MAY_CHANGE);
	if (r >= 0)
		r = landlock_restrict(&l);
	return r < 0 ? r : seccomp_confine(calls, SECCOMP_ELSE_KILL);
}

static int start(void *self, struct service *s, struct metac_service_c *ret_service,
	struct metac_service_admin_c *ret_admin, struct persistence_restorer_c *ret_restorer)
{
	struct persistence_role *me = self;
	struct persistence_config cfg = {
		.loop = service_loop(s),
		.store = me->store,
		.address = service_address(s),
		.node = service_node(s),
	};
	struct err e = {};
	int r = lock_down(me->state_dir);
	if (r < 0)
		return r;
	r = persistence_new(&cfg, &e, &me->persistence);
	if (r < 0) {
		log_error("%s", e.msg);
		return r;
	}
	*ret_service = persistence_service(me->persistence);
	*ret_admin = persistence_admin(me->persistence);
	return ret_service->cap && ret_admin->cap ? 0 : -ENOMEM;
}

static void stop(void *self)
{
	struct persistence_role *me = self;
	persistence_free(TAKE_PTR(me->persistence));
}

static int serve(const char *address, const char *state_dir)
{
	struct persistence_role me = {.state_dir = state_dir};
	struct service_config cfg = {
		.name = "persistence",
		.address = address,
		.start = start,
		.stop = stop,
		.self = &me,
	};
	struct err e = {};
	log_set_role(cfg.name);
	if (store_open(state_dir, &e, &me.store) < 0) {
		log_error("%s", e.msg);
		(void)control_send(CONTROL_FD, CONTROL_STATUS,
			"cannot open the database: see the log", -EBADF);
		return 1;
	}
	int r = service_run(&cfg);
	store_free(me.store);
	return r;
}

int role_persistence(int argc, char **argv)
{
	static const struct option options[] = {
		{"address", required_argument, NULL, 'a'},
		{"state-dir", required_argument, NULL, 's'},
		{},
	};
	char address[REF_NODE_MAX + 1] = "";
	const char *state_dir = NULL;
	optind = 1;
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == 's')
			state_dir = optarg;
		else if (c != 'a' || address_canonical(optarg, address, sizeof(address)) < 0)
			return 2;
	}
	return *address && state_dir ? serve(address, state_dir) : 2;
}
