/* SPDX-License-Identifier: MIT */
/*
 * Streams, the caller's side: see vat/stream.h.
 *
 * Calls under way are detached: they live on and free themselves whatever becomes of the stream,
 * which only has them in a list to count their bytes.  All application callbacks run from
 * vat_run(): within the completion of a call, or in a task of the stream if nothing is under way.
 *
 * full is set when the stream would refuse the next call, and cleared when it tells that it would
 * not any more (writable): so that is told once for each time.
 */
#include "vat/stream.h"
#include "vat/cap/call.h"

struct vat_stream {
	struct vat *vat; /* referenced */
	struct vat_cap *cap;
	void (*writable)(void *user);
	void *user;
	struct vat_stream_window policy;
	size_t window, max_window; /* without a policy */
	size_t answered; /* bytes since the window grew last */
	bool was_full; /* since then */

	struct list calls; /* struct vat_call, by stream_link */
	uint32_t n_calls;
	size_t in_flight, largest;
	bool full;
	struct failure *failure; /* the first */

	bool finishing;
	void (*finished)(void *user, const struct vat_error *err);
	void *finished_user;
	struct task task;
	bool busy; /* a callback is being run: free it only afterwards, when */
	bool freed; /* is set */
};

/* ---- the window ----------------------------------------------------------------------------- */

static size_t window(const struct vat_stream *s)
{
	return s->policy.size ? s->policy.size(s->policy.user) : s->window;
}

static bool ready(const struct vat_stream *s)
{
	if (s->finishing)
		return false;
	if (s->failure || s->in_flight <= s->largest)
		return true;
	return s->in_flight - s->largest < window(s);
}

static void look(struct vat_stream *s)
{
	if (!ready(s))
		s->full = s->was_full = true;
}

static void note_answer(struct vat_stream *s, size_t bytes)
{
	if (s->policy.size) {
		if (s->policy.answered)
			s->policy.answered(s->policy.user, bytes, s->was_full);
		s->was_full = s->full;
		return;
	}
	s->answered += bytes;
	if (s->answered < s->window)
		return;
	if (s->was_full && s->window < s->max_window)
		s->window = s->window > s->max_window / 2 ? s->max_window : s->window * 2;
	s->answered = 0;
	s->was_full = s->full;
}

/* ---- what the application is told ------------------------------------------------------------ */

/* From vat_run(). May free s. */
static void notify(struct vat_stream *s)
{
	s->busy = true;
	if (s->finishing && !s->n_calls) {
		/* Kept for the callback, which may free the stream. */
		struct failure *f = s->failure ? failure_ref(s->failure) : NULL;
		struct vat_error e;
		if (f)
			e = failure_error(f);
		s->finishing = false;
		s->finished(s->finished_user, f ? &e : NULL);
		failure_unref(f);
	}
	if (!s->freed && s->full && ready(s)) {
		s->full = false;
		if (s->writable)
			s->writable(s->user);
	}
	s->busy = false;
	if (s->freed)
		free(s);
}

static void run_notify(struct task *t)
{
	struct vat_stream *s = container_of(t, struct vat_stream, task);
	if (!s->vat->freed)
		notify(s);
}

static void on_answer(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct vat_call *call = user;
	struct vat_stream *s = TAKE_PTR(call->stream);
	if (!s)
		return;
	list_unlink(&call->stream_link);
	s->n_calls--;
	s->in_flight -= call->stream_bytes;
	if (err && !s->failure)
		s->failure = failure_ref(call->outcome->failure);
	note_answer(s, call->stream_bytes);
	notify(s);
}

/* ---- for the application --------------------------------------------------------------------- */

struct vat_stream *vat_stream_new(
	struct vat *v, struct vat_cap *cap, const struct vat_stream_config *cfg)
{
	static const struct vat_stream_config defaults;
	struct vat_stream *s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	if (!cfg)
		cfg = &defaults;
	s->vat = vat_ref(v);
	s->cap = vat_cap_ref(cap);
	s->writable = cfg->writable;
	s->user = cfg->user;
	s->window = cfg->window ? cfg->window : (size_t)VAT_STREAM_WINDOW;
	s->max_window = cfg->max_window;
	if (cfg->policy)
		s->policy = *cfg->policy;
	list_init(&s->calls);
	task_init(&s->task, run_notify);
	return s;
}

void vat_stream_free(struct vat_stream *s)
{
	struct list *l;
	if (!s)
		return;
	struct vat *v = s->vat;
	while ((l = list_pop(&s->calls)))
		list_entry(l, struct vat_call, stream_link)->stream = NULL;
	task_cancel(&s->task);
	if (s->policy.free)
		s->policy.free(s->policy.user);
	failure_unref(s->failure);
	vat_cap_unref(s->cap);
	if (s->busy)
		s->freed = true;
	else
		free(s);
	vat_unref(v);
}

struct vat_cap *vat_stream_cap(const struct vat_stream *s)
{
	return s->cap;
}

int vat_stream_send(struct vat_stream *s, struct vat_call *takes)
{
	struct vat_call *call = takes;
	if (!call)
		return -ENOMEM;
	assert(!call->sent);
	if (s->failure && !s->finishing) {
		vat_call_free(call);
		return -EPIPE;
	}
	if (!ready(s)) {
		s->full = s->was_full = true;
		return -EAGAIN;
	}
	call->stream = s;
	call->stream_bytes = vat_message_words(call->request->params->msg) * 8;
	list_append(&s->calls, &call->stream_link);
	s->n_calls++;
	s->in_flight += call->stream_bytes;
	s->largest = MAX(s->largest, call->stream_bytes);
	if (s->policy.size && s->policy.sent)
		s->policy.sent(s->policy.user, call->stream_bytes);
	vat_call_send(call, on_answer, call);
	vat_call_detach(call);
	look(s);
	return 0;
}

bool vat_stream_ready(const struct vat_stream *s)
{
	return ready(s);
}

bool vat_stream_failed(const struct vat_stream *s, struct vat_error *ret)
{
	if (s->failure && ret)
		*ret = failure_error(s->failure);
	return s->failure;
}

int vat_stream_finish(
	struct vat_stream *s, void (*done)(void *user, const struct vat_error *err), void *user)
{
	if (s->finishing)
		return -EBUSY;
	s->finishing = s->full = true;
	s->finished = done;
	s->finished_user = user;
	if (!s->n_calls)
		task_queue(s->vat, &s->task);
	return 0;
}

void vat_stream_counts(const struct vat_stream *s, struct vat_stream_counts *ret)
{
	*ret = (struct vat_stream_counts){
		.window = window(s), .in_flight = s->in_flight, .calls = s->n_calls};
}
