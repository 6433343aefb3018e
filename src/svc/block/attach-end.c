/* SPDX-License-Identifier: MIT */
/*
 * The end of an attachment, in two tasks, because a device may not answer: first who uses it
 * (unless it is forced) and what was written is flushed, then the device is taken down.  Until the
 * second begins it goes on as it was.
 */
#include "base/log.h"
#include "svc/block/attach.h"
#include "svc/block/users.h"
#include "sys/priv.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum {
	WAITING_SECONDS = 5, /* for a flush while it is not connected */
	STOP_MS = 4000, /* for all that are flushed when the service ends */
	LOOKS_MAX = 4, /* at processes that have it open: udev looks at devices and lets go */
};

struct prepare {
	char device[40];
	bool force, flush;
	pid_t ours[2]; /* who has it open on our behalf */
};

/* ---- in the task --------------------------------------------------------------------------- */

static bool only_processes(const struct users *u)
{
	bool only = true;
	for (uint32_t i = 0; i < u->n; i++)
		only = only && u->list[i].kind == USERS_PROCESS;
	return only;
}

/* 1: there are some, in ret->data. */
static int look_for_users(const struct prepare *p, struct task_result *ret)
{
	static struct users u;
	static_assert(sizeof(u) <= TASK_DATA_MAX, "users must fit into a result");
	int r = priv_caps_set_effective(PRIV_CAPS_ALL);
	for (int i = 0; i < LOOKS_MAX && r >= 0; i++) {
		r = users_find(p->device, p->ours, &u);
		if (r < 0 || !u.n || !only_processes(&u))
			break;
		(void)usleep(100 * 1000);
	}
	if (r < 0)
		return task_failed(ret, r, "look who uses it");
	memcpy(ret->data, &u, sizeof(u));
	ret->len = u.n ? sizeof(u) : 0;
	return u.n > 0;
}

static int flush_device(const char *device, int flags, struct task_result *ret)
{
	AUTO_CLOSE int fd = open(device, O_RDONLY | O_CLOEXEC | flags);
	if (fd < 0)
		return task_failed(ret, -errno, device);
	return fsync(fd) < 0 ? task_failed(ret, -errno, "flush it") : 0;
}

static int prepare(const void *arg, const int *fds, struct task_result *ret)
{
	const struct prepare *p = arg;
	int r = p->force ? 0 : look_for_users(p, ret);
	if (r == 0 && p->flush)
		r = flush_device(p->device, p->force ? 0 : O_EXCL, ret);
	return r;
}

/* ---- it has ended -------------------------------------------------------------------------- */

static void finish(struct attachment *a)
{
	struct vat_ctx *detach = TAKE_PTR(a->detach_ctx), *destroy = TAKE_PTR(a->destroy_ctx);
	bool freed = a->freed;
	attach_let_go(a);
	if (a->begun)
		a->front->drop(a);
	a->begun = false;
	attach_worker_stop(a);
	if (a->state != ATTACH_ENDED)
		log_info("detached %s", attach_title(a));
	attach_set_state(a, ATTACH_ENDED, NULL);
	/* In this order: who waits must not take it for one to be restored. */
	if (a->forget)
		service_forget(a->bs->service, a->id);
	attach_answer_waiters(a, NULL);
	if (freed)
		attach_free(a);
	/* Whoever has called holds it: it was not freed. */
	if (detach)
		vat_ctx_return(detach);
	if (destroy)
		vat_ctx_return(destroy);
}

static void on_cleared(void *user, struct task_result *result)
{
	struct attachment *a = user;
	task_free(TAKE_PTR(a->task));
	if (result->code < 0)
		log_warning("%s: %s", attach_title(a), result->text);
	finish(a);
}

/* The device is taken down: from now on there is no way back. */
static void clear(struct attachment *a)
{
	/* Not connected: nothing can be written, and nothing may wait for that. */
	bool up = a->state == ATTACH_UP;
	attach_set_state(a, ATTACH_ENDING, NULL);
	way_stop(a->way);
	a->timer = sd_event_source_disable_unref(a->timer);
	attach_unlink(a);
	if (!*a->device) {
		finish(a);
		return;
	}
	if (!up)
		attach_worker_stop(a);
	struct front_end end = {.up = up};
	(void)snprintf(end.device, sizeof(end.device), "%s", a->device);
	struct task_config cfg = {
		.event = service_loop(a->bs->service)->event,
		.run = a->front->end_task,
		.arg = &end,
		.takes_fds = true,
		.timeout_us = ATTACH_CLEAR_SECONDS * UINT64_C(1000000),
		.done = on_cleared,
		.user = a,
	};
	cfg.n_fds = a->front->end_fds(a, cfg.fds);
	if (task_new(&cfg, &a->task) < 0)
		finish(a);
}

/* ---- before -------------------------------------------------------------------------------- */

static void answer_users(struct attachment *a, const struct task_result *result)
{
	static struct users u;
	memcpy(&u, result->data, MIN(result->len, sizeof(u)));
	uint32_t n = result->len == sizeof(u) ? MIN(u.n, (uint32_t)USERS_MAX) : 0;
	struct block_attachment_detach_ctx cx = {TAKE_PTR(a->detach_ctx)};
	struct block_device_user_list_b l =
		block_attachment_detach_results_init_users(block_attachment_detach_results(cx), n);
	for (uint32_t i = 0; i < n; i++) {
		struct block_device_user_b b = block_device_user_at_b(l, i);
		u.list[i].name[USERS_NAME_MAX] = 0;
		block_device_user_set_pid(b, u.list[i].pid);
		block_device_user_set_name(b, vat_str(u.list[i].name));
		block_device_user_set_kind(b, (uint16_t)u.list[i].kind);
	}
	vat_ctx_return(cx.ctx);
}

static void refuse(struct attachment *a, const struct task_result *result)
{
	struct vat_ctx *ctx = TAKE_PTR(a->detach_ctx);
	if (result->code == -EBUSY)
		vat_ctx_fail(ctx, VAT_FAILED, "%s is in use", a->device);
	else if (a->state == ATTACH_UP)
		vat_ctx_fail(ctx, VAT_FAILED, "%s is still attached: %s", a->device, result->text);
	else
		vat_ctx_fail(ctx, VAT_FAILED,
			"%s is not connected, so what was written cannot be flushed (force it to "
			"lose that)",
			a->device);
}

static void on_prepared(void *user, struct task_result *result)
{
	struct attachment *a = user;
	task_free(TAKE_PTR(a->task));
	if (a->forced || result->code == 0) {
		if (result->code < 0)
			log_warning("%s: not flushed: %s", attach_title(a), result->text);
		clear(a);
		return;
	}
	a->forget = false;
	if (!a->detach_ctx)
		return;
	if (result->code > 0)
		answer_users(a, result);
	else
		refuse(a, result);
}

/* Somebody was told that it would be detached if it is not used, and somebody else forces it. */
static void give_up_detach(struct attachment *a)
{
	task_free(TAKE_PTR(a->task));
	struct vat_ctx *ctx = TAKE_PTR(a->detach_ctx);
	if (ctx)
		vat_ctx_fail(ctx, VAT_FAILED, "it was destroyed meanwhile");
}

void attach_end(struct attachment *a, bool force)
{
	if (a->state == ATTACH_ENDED) {
		finish(a);
		return;
	}
	if (a->state == ATTACH_ENDING || (a->task && a->forced))
		return; /* under way: that answers all */
	if (a->task)
		give_up_detach(a);
	a->forced = force;
	bool up = a->state == ATTACH_UP;
	if (!*a->device || (force && !up)) {
		clear(a);
		return;
	}
	struct prepare p = {
		.force = force, .flush = a->state != ATTACH_GONE, .ours = {getpid(), a->holder}};
	(void)snprintf(p.device, sizeof(p.device), "%s", a->device);
	struct task_config cfg = {
		.event = service_loop(a->bs->service)->event,
		.run = prepare,
		.arg = &p,
		.timeout_us = (up ? ATTACH_FLUSH_SECONDS : WAITING_SECONDS) * UINT64_C(1000000),
		.done = on_prepared,
		.user = a,
	};
	if (task_new(&cfg, &a->task) < 0)
		clear(a);
}

/* ---- the service ends ---------------------------------------------------------------------- */

static pid_t flush_begin(const struct attachment *a)
{
	static struct task_result result;
	if (a->state != ATTACH_UP)
		return -1;
	pid_t pid = fork();
	if (pid == 0) {
		/* Whoever waits for a device must not keep that from being ended. */
		(void)syscall(SYS_close_range, 3, ~0U, 0);
		_exit(flush_device(a->device, 0, &result) < 0);
	}
	return pid;
}

void block_service_detach_all(struct block_service *bs)
{
	pid_t pids[BLOCK_ATTACHMENTS_MAX];
	size_t n = 0, left = 0;
	list_for_each (it, &bs->attachments) {
		pid_t pid = flush_begin(list_entry(it, struct attachment, link));
		if (pid > 0 && n < BLOCK_ATTACHMENTS_MAX)
			pids[n++] = pid;
	}
	left = n;
	for (int ms = 0; left && ms < STOP_MS; ms += 5) {
		for (size_t i = 0; i < n; i++) {
			if (pids[i] > 0 && waitpid(pids[i], NULL, WNOHANG)) {
				pids[i] = 0;
				left--;
			}
		}
		if (left)
			(void)usleep(5 * 1000);
	}
	if (left)
		log_warning("%zu devices could not be flushed in time", left);
	for (size_t i = 0; i < n; i++)
		if (pids[i] > 0)
			(void)kill(pids[i], SIGKILL);
	list_for_each_safe (it, &bs->attachments)
		attach_shut(list_entry(it, struct attachment, link));
}
