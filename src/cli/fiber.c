/* SPDX-License-Identifier: MIT */
/*
 * See fiber.h.  Switching is getcontext(3) and setcontext(3).  Stacks come from mmap with a page
 * below them that nobody may touch, and are kept for the next fiber.  The address sanitizer has to
 * be told when the stack changes.
 */
#include "cli/fiber.h"

#include <sys/mman.h>
#include <ucontext.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIBER_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define FIBER_ASAN 1
#endif
#ifdef FIBER_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

struct fiber {
	struct fibers *all;
	struct list link; /* in ready, or a gate's waiting, or idle */
	ucontext_t context;
	void *stack; /* with its guard page */
	void (*fn)(void *arg);
	void *arg;
	void *fake_stack; /* the sanitizer's */
	bool woken, parked, ended;
};

struct fibers {
	struct list ready, idle;
	struct fiber *running;
	size_t n_alive;
	ucontext_t main;
	void *fake_stack;
	const void *main_stack;
	size_t main_size;
};

enum { GUARD = 4096 };

static void switch_begin(void **save, const void *stack, size_t size)
{
#ifdef FIBER_ASAN
	__sanitizer_start_switch_fiber(save, stack, size);
#endif
}

static void switch_end(void *saved, const void **ret_stack, size_t *ret_size)
{
#ifdef FIBER_ASAN
	__sanitizer_finish_switch_fiber(saved, ret_stack, ret_size);
#endif
}

struct fibers *fibers_new(void)
{
	struct fibers *s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	list_init(&s->ready);
	list_init(&s->idle);
	return s;
}

static void fiber_free(struct fiber *f)
{
	(void)munmap(f->stack, FIBER_STACK + GUARD);
	free(f);
}

void fibers_free(struct fibers *s)
{
	if (!s)
		return;
	assert(!s->n_alive);
	for (struct list *it; (it = list_pop(&s->idle));)
		fiber_free(list_entry(it, struct fiber, link));
	free(s);
}

static struct fiber *fiber_new(struct fibers *s)
{
	struct list *it = list_pop(&s->idle);
	if (it)
		return list_entry(it, struct fiber, link);
	struct fiber *f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	f->all = s;
	list_init(&f->link);
	f->stack = mmap(NULL, FIBER_STACK + GUARD, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
	if (f->stack == MAP_FAILED || mprotect(f->stack, GUARD, PROT_NONE) < 0) {
		if (f->stack != MAP_FAILED)
			(void)munmap(f->stack, FIBER_STACK + GUARD);
		free(f);
		return NULL;
	}
	return f;
}

/* What swapcontext(3) does; that one the address sanitizer complains of in so many words. */
static void change(ucontext_t *save, ucontext_t *to)
{
	volatile bool back = false;
	(void)getcontext(save);
	if (back)
		return;
	back = true;
	(void)setcontext(to);
	abort();
}

/* makecontext() passes ints only. */
static void begin(unsigned high, unsigned low)
{
	struct fiber *f = (struct fiber *)((uintptr_t)high << 32 | (uintptr_t)low);
	struct fibers *s = f->all;
	switch_end(NULL, &s->main_stack, &s->main_size);
	f->fn(f->arg);
	f->ended = true;
	switch_begin(NULL, s->main_stack, s->main_size); /* NULL: this stack is done with */
	(void)setcontext(&s->main);
	abort();
}

static int prepare(struct fiber *f)
{
	if (getcontext(&f->context) < 0)
		return -errno;
	f->context.uc_stack.ss_sp = (char *)f->stack + GUARD;
	f->context.uc_stack.ss_size = FIBER_STACK;
	f->context.uc_link = NULL;
	makecontext(&f->context, (void (*)(void))begin, 2, (unsigned)((uintptr_t)f >> 32),
		(unsigned)(uintptr_t)f);
	return 0;
}

int fiber_spawn(struct fibers *s, void (*fn)(void *arg), void *arg)
{
	if (s->n_alive >= FIBERS_MAX)
		return -EAGAIN;
	struct fiber *f = fiber_new(s);
	if (!f)
		return -ENOMEM;
	f->fn = fn;
	f->arg = arg;
	f->woken = f->parked = f->ended = false;
	f->fake_stack = NULL;
	int r = prepare(f);
	if (r < 0) {
		fiber_free(f);
		return r;
	}
	s->n_alive++;
	list_append(&s->ready, &f->link);
	return 0;
}

static void resume(struct fibers *s, struct fiber *f)
{
	s->running = f;
	switch_begin(&s->fake_stack, (char *)f->stack + GUARD, FIBER_STACK);
	change(&s->main, &f->context);
	switch_end(s->fake_stack, NULL, NULL);
	s->running = NULL;
	if (f->ended) {
		s->n_alive--;
		list_append(&s->idle, &f->link);
	}
}

size_t fibers_run(struct fibers *s)
{
	assert(!s->running);
	for (struct list *it; (it = list_pop(&s->ready));)
		resume(s, list_entry(it, struct fiber, link));
	return s->n_alive;
}

struct fiber *fiber_self(struct fibers *s)
{
	return s->running;
}

void fiber_park(struct fibers *s)
{
	struct fiber *f = s->running;
	assert(f);
	if (!f->woken) {
		f->parked = true;
		switch_begin(&f->fake_stack, s->main_stack, s->main_size);
		change(&f->context, &s->main);
		switch_end(f->fake_stack, &s->main_stack, &s->main_size);
		f->parked = false;
	}
	f->woken = false;
}

void fiber_wake(struct fiber *f)
{
	if (f->woken)
		return;
	f->woken = true;
	if (f->parked) {
		list_unlink(&f->link);
		list_append(&f->all->ready, &f->link);
	}
}

void fiber_gate_init(struct fiber_gate *g)
{
	list_init(&g->waiting);
}

void fiber_gate_wait(struct fibers *s, struct fiber_gate *g)
{
	assert(s->running);
	list_append(&g->waiting, &s->running->link);
	fiber_park(s);
	list_unlink(&s->running->link);
}

void fiber_gate_open_one(struct fiber_gate *g)
{
	if (!list_empty(&g->waiting))
		fiber_wake(list_entry(g->waiting.next, struct fiber, link));
}

void fiber_gate_open(struct fiber_gate *g)
{
	while (!list_empty(&g->waiting))
		fiber_wake(list_entry(g->waiting.next, struct fiber, link));
}
