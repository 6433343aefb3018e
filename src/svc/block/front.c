/* SPDX-License-Identifier: MIT */
/* The table of what a block device can be made from: front.h. */
#include "svc/block/front.h"

#include <stdio.h>

static const struct front *const fronts[] = {&front_nbd, &front_loop}; /* the best first */

static int unknown(const char *name, struct err *e)
{
	char list[64] = "";
	for (size_t i = 0; i < ARRAY_SIZE(fronts); i++) {
		size_t at = strlen(list);
		(void)snprintf(
			list + at, sizeof(list) - at, "%s%s", i ? " or " : "", fronts[i]->name);
	}
	return err_set(e, -EINVAL, "unknown transport \"%s\" (%s)", name, list);
}

const struct front *front_choose(const char *name, struct err *e)
{
	struct err last = {};
	bool known = !*name;
	for (size_t i = 0; i < ARRAY_SIZE(fronts); i++) {
		if (*name && strcmp(name, fronts[i]->name))
			continue;
		known = true;
		if (fronts[i]->available(&last) >= 0)
			return fronts[i];
	}
	if (known)
		*e = last;
	else
		(void)unknown(name, e);
	return NULL;
}
