/* SPDX-License-Identifier: MIT */
/* See pool.h. */
#include "vat/cap/pool.h"

void pool_done(struct pool *p)
{
	p->keep = 0;
	for (size_t k = 0; k < POOL_CLASSES; k++) {
		struct pool_free *f;
		while ((f = p->free[k])) {
			ASAN_UNPOISON_MEMORY_REGION(f, k * POOL_STEP);
			p->free[k] = f->next;
			free(f);
		}
		p->n[k] = 0;
	}
}
