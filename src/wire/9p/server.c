/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: server-rules.h has one row per T message: which fields name fids and names,
 * where it says how much it wants to hear, and whether it changes the tree or the fid.  begin()
 * does what the row says (looks fids up, checks names, reserves the new fid) before anybody looks
 * at the operation itself; end() undoes or commits it.  A fid lives in the table until it is
 * clunked and in memory until the last request that uses it has ended; then it is on the dead list
 * until the caller releases its data.
 *
 * The tag table has a pointer for each of the 65536 tags, touched only where the client's tags are.
 */
#include "wire/9p/server.h"
#include "wire/9p/server-rules.h"

enum { N_BUCKETS = 1024, DEFAULT_FIDS = 4096, DEFAULT_FLUSHES = 1024 };

#define OF(member) offsetof(struct p9_msg, member)

/* A Tflush that waits for the request (or for another parked Tflush) with the tag it names; or a
 * Tevents that waits for something to happen. */
struct parked {
	uint16_t tag;
	struct list link; /* in request.flushes or parked.flushes; server.events */
	struct list flushes; /* Tflush that wait for this one */
	uint32_t events; /* bytes the Tevents takes; 0: a Tflush */
};

/* What a tag stands for at the moment: a running request or something parked. */
struct tag {
	struct p9_request *request;
	struct parked *parked;
};

struct p9_server {
	struct p9_server_config config;
	uint32_t msize;
	bool negotiated, metac;
	uint32_t n_fids, n_parked, n_events;
	struct list running;
	struct list events; /* parked Tevents, the oldest first */
	struct list dead;
	struct p9_fid *fids[N_BUCKETS];
	struct tag *tags; /* 65536 */
};

/* --- fids --- */

static struct p9_fid **fid_slot(struct p9_server *s, uint32_t id)
{
	struct p9_fid **at = &s->fids[(id * 2654435761u) >> 22];
	while (*at && (*at)->id != id)
		at = &(*at)->hash_next;
	return at;
}

static struct p9_fid *fid_new(uint32_t id)
{
	struct p9_fid *f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	f->id = id;
	f->refs = 1;
	list_init(&f->link);
	return f;
}

static void fid_unref(struct p9_server *s, struct p9_fid *f)
{
	if (--f->refs)
		return;
	assert(!f->in_table && !f->users);
	if (f->data)
		list_append(&s->dead, &f->link);
	else
		free(f);
}

static void fid_insert(struct p9_server *s, struct p9_fid *f)
{
	struct p9_fid **at = fid_slot(s, f->id);
	assert(!*at);
	f->in_table = true;
	f->hash_next = NULL;
	f->refs++;
	*at = f;
	s->n_fids++;
}

static void fid_remove(struct p9_server *s, struct p9_fid *f)
{
	if (!f->in_table)
		return;
	struct p9_fid **at = fid_slot(s, f->id);
	assert(*at == f);
	*at = f->hash_next;
	f->in_table = false;
	s->n_fids--;
	fid_unref(s, f);
}

/* Looks up a fid for use by one request. */
static int fid_use(struct p9_server *s, uint32_t id, bool exclusive, struct p9_fid **ret)
{
	struct p9_fid *f = *fid_slot(s, id);
	if (!f || f->pending)
		return -EBADF;
	/* Only a confused client opens a fid while it still uses it: no waiting for that. */
	if (f->exclusive || (exclusive && f->users))
		return -EBUSY;
	f->refs++;
	f->users++;
	f->exclusive = exclusive;
	*ret = f;
	return 0;
}

static void fid_unuse(struct p9_server *s, struct p9_fid *f)
{
	if (!f)
		return;
	f->users--;
	f->exclusive = false;
	fid_unref(s, f);
}

/* Reserves the fid a request is to make. When it is the one walked from, it stays out of the table
 * and takes the other's place when the request succeeds. */
static int fid_make(struct p9_server *s, uint32_t id, bool in_place, struct p9_fid **ret)
{
	if (id == P9_NOFID)
		return -EBADF;
	if (!in_place && *fid_slot(s, id))
		return -EBADF;
	if (!in_place && s->n_fids >= s->config.max_fids)
		return -EMFILE;
	struct p9_fid *f = fid_new(id);
	if (!f)
		return -ENOMEM;
	f->pending = true;
	if (!in_place)
		fid_insert(s, f);
	*ret = f;
	return 0;
}

void *p9_server_pop_dead(struct p9_server *s)
{
	struct list *l = list_pop(&s->dead);
	if (!l)
		return NULL;
	struct p9_fid *f = list_entry(l, struct p9_fid, link);
	void *data = f->data;
	free(f);
	return data;
}

uint32_t p9_server_fids(const struct p9_server *s)
{
	return s->n_fids;
}

void p9_server_each_fid(
	const struct p9_server *s, void (*fn)(void *ctx, const void *data), void *ctx)
{
	for (size_t i = 0; i < N_BUCKETS; i++) {
		for (const struct p9_fid *f = s->fids[i]; f; f = f->hash_next) {
			if (!f->pending && !f->exclusive)
				fn(ctx, f->data);
		}
	}
}

/* --- replies and flush --- */

static void send_msg(struct p9_server *s, struct p9_request *q, const struct p9_msg *m)
{
	s->config.send(s->config.ctx, q, m);
}

static void send_error(struct p9_server *s, struct p9_request *q, int error)
{
	struct p9_msg m = {.type = P9_Rlerror, .tag = q->t.tag, .rlerror.ecode = (uint32_t)-error};
	send_msg(s, q, &m);
}

static int park(struct p9_server *s, uint16_t tag, struct parked **ret)
{
	struct parked *p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->tag = tag;
	list_init(&p->flushes);
	s->tags[tag].parked = p;
	*ret = p;
	return 0;
}

/* Answers the Tflush that waited, and those that waited for them, in the order they came. */
static void release_flushes(
	struct p9_server *s, struct p9_request *q, struct list *flushes, bool answer)
{
	struct list *l;
	while ((l = list_pop(flushes))) {
		struct parked *p = list_entry(l, struct parked, link);
		struct p9_msg m = {.type = P9_Rflush, .tag = p->tag};
		if (answer)
			send_msg(s, q, &m);
		list_splice(flushes, &p->flushes);
		s->tags[p->tag].parked = NULL;
		s->n_parked--;
		free(p);
	}
}

static void events_drop(struct p9_server *s, struct parked *p)
{
	list_unlink(&p->link);
	s->tags[p->tag].parked = NULL;
	s->n_events--;
	free(p);
}

/* Too little room for any event would make the Tevents wait for ever. */
static int begin_events(struct p9_server *s, struct p9_request *q)
{
	struct parked *p;
	if (q->count < P9_EVENT_MAX)
		return -EINVAL;
	if (s->n_events == P9_SERVER_MAX_EVENTS)
		return -EAGAIN;
	int r = park(s, q->t.tag, &p);
	if (r)
		return r;
	p->events = q->count;
	list_append(&s->events, &p->link);
	s->n_events++;
	return 0;
}

uint32_t p9_server_events_room(const struct p9_server *s)
{
	if (list_empty(&s->events))
		return 0;
	return list_entry(s->events.next, struct parked, link)->events;
}

void p9_server_events_answer(
	struct p9_server *s, struct p9_request *q, const void *data, uint32_t len)
{
	assert(len && len <= p9_server_events_room(s));
	struct parked *p = list_entry(s->events.next, struct parked, link);
	struct p9_msg m = {.type = P9_Revents, .tag = p->tag, .revents.data = {data, len}};
	events_drop(s, p);
	send_msg(s, q, &m);
}

static int begin_flush(struct p9_server *s, struct p9_request *q)
{
	uint16_t old = q->t.tflush.oldtag;
	struct tag *target = &s->tags[old];
	if (old == q->t.tag || (!target->request && !target->parked)) {
		send_msg(s, q, &q->r);
		return 0;
	}
	if (target->parked && target->parked->events) {
		events_drop(s, target->parked);
		send_msg(s, q, &q->r);
		return 0;
	}
	if (s->n_parked >= s->config.max_flushes)
		return -ENOBUFS;
	struct parked *p;
	int r = park(s, q->t.tag, &p);
	if (r)
		return r;
	s->n_parked++;
	if (target->request) {
		atomic_store(&target->request->flushed, true);
		list_append(&target->request->flushes, &p->link);
	} else {
		list_append(&target->parked->flushes, &p->link);
	}
	return 0;
}

/* --- the connection --- */

struct p9_server *p9_server_new(const struct p9_server_config *config)
{
	struct p9_server *s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->config = *config;
	if (!s->config.msize)
		s->config.msize = P9_MAX_MSIZE;
	if (!s->config.max_fids)
		s->config.max_fids = DEFAULT_FIDS;
	if (!s->config.max_flushes)
		s->config.max_flushes = DEFAULT_FLUSHES;
	assert(s->config.msize >= P9_MIN_MSIZE);
	s->msize = s->config.msize;
	list_init(&s->running);
	list_init(&s->events);
	list_init(&s->dead);
	s->tags = calloc(65536, sizeof(*s->tags));
	if (!s->tags) {
		free(s);
		return NULL;
	}
	return s;
}

void p9_server_free(struct p9_server *s)
{
	if (!s)
		return;
	assert(list_empty(&s->running) && list_empty(&s->dead) && !s->n_fids);
	assert(list_empty(&s->events)); /* p9_server_reset does away with those */
	free(s->tags);
	free(s);
}

uint32_t p9_server_msize(const struct p9_server *s)
{
	return s->msize;
}

bool p9_server_is_metac(const struct p9_server *s)
{
	return s->metac;
}

void p9_server_reset(struct p9_server *s)
{
	list_for_each (l, &s->running) {
		struct p9_request *q = list_entry(l, struct p9_request, link);
		q->aborted = true;
		atomic_store(&q->flushed, true);
		release_flushes(s, q, &q->flushes, false);
		if (q->has_tag)
			s->tags[q->t.tag].request = NULL;
		q->has_tag = false;
	}
	while (!list_empty(&s->events))
		events_drop(s, list_entry(s->events.next, struct parked, link));
	for (size_t i = 0; i < N_BUCKETS; i++) {
		while (s->fids[i])
			fid_remove(s, s->fids[i]);
	}
	s->negotiated = s->metac = false;
	s->msize = s->config.msize;
}

/* A new session begins: what the client had before is gone (version(5)). */
static int begin_version(struct p9_server *s, struct p9_request *q)
{
	p9_server_reset(s);
	uint32_t msize = MIN(q->t.tversion.msize, s->config.msize);
	if (msize < P9_MIN_MSIZE) {
		send_error(s, q, -EMSGSIZE);
		return 0;
	}
	s->metac = !s->config.plain && p9_str_eq(q->t.tversion.version, P9_VERSION_METAC);
	s->negotiated = s->metac || p9_str_eq(q->t.tversion.version, P9_VERSION);
	if (s->negotiated)
		s->msize = msize;
	q->r.rversion.msize = msize;
	q->r.rversion.version = s->negotiated ? q->t.tversion.version : p9_str("unknown");
	send_msg(s, q, &q->r);
	return 0;
}

/* --- requests --- */

static uint32_t u32_field(const struct p9_msg *m, uint16_t at)
{
	return *(const uint32_t *)(const void *)((const char *)m + at);
}

static int check_name(const struct p9_msg *m, uint16_t at, bool may_be_empty)
{
	if (!at)
		return 0;
	const struct p9_str *n = (const void *)((const char *)m + at);
	if (n->len > P9_MAX_NAME)
		return -ENAMETOOLONG;
	if (!n->len)
		return may_be_empty ? 0 : -ENOENT;
	return p9_name_valid(*n) ? 0 : -EINVAL;
}

static int check_walk(const struct p9_msg *m)
{
	for (uint16_t i = 0; i < m->twalk.nwname; i++) {
		int r = check_name(
			m, (uint16_t)(OF(twalk.wname) + i * sizeof(struct p9_str)), false);
		if (r && !p9_str_eq(m->twalk.wname[i], ".."))
			return r;
	}
	return 0;
}

static int check_open_flags(const struct p9_server *s, uint32_t flags)
{
	return s->config.read_only && (flags & (P9_O_ACCMODE | P9_O_TRUNC)) ? -EROFS : 0;
}

/* What the payload of the answer may be at most. */
static int check_count(struct p9_server *s, struct p9_request *q, const struct p9_rule *rule)
{
	uint32_t wanted = u32_field(&q->t, rule->count), most = s->msize - rule->head;
	/* Data that is shorter than asked for would say that the file ends there. */
	if (q->t.type == P9_Topenat && wanted > most)
		return -EMSGSIZE;
	q->count = MIN(wanted, most);
	return 0;
}

/* What the fields say, apart from fids. */
static int check_fields(struct p9_server *s, struct p9_request *q, const struct p9_rule *rule)
{
	const struct p9_msg *t = &q->t;
	int r = check_name(t, rule->name, rule->flags & MAY_BE_EMPTY);
	if (!r)
		r = check_name(t, rule->name2, false);
	if (!r && rule->count)
		r = check_count(s, q, rule);
	if (r)
		return r;
	switch (t->type) {
	case P9_Twalk:
		return check_walk(t);
	case P9_Tattach:
		return t->tattach.afid == P9_NOFID ? 0 : -EBADF;
	case P9_Tattachx:
		return t->tattachx.groups.len % 4 || t->tattachx.groups.len / 4 > P9_MAX_GROUPS
			       ? -EINVAL
			       : 0;
	case P9_Tlcreate:
		if (!s->metac)
			q->t.tlcreate.flags &= ~(uint32_t)P9_O_PLACED;
		return 0;
	case P9_Tlopen:
		if (!s->metac)
			q->t.tlopen.flags &= ~(uint32_t)(P9_O_AGAIN | P9_O_PLACED);
		return check_open_flags(s, t->tlopen.flags);
	case P9_Topenat:
		return check_open_flags(s, t->topenat.open_flags);
	case P9_Tlock:
		return (t->tlock.flags & P9_LOCK_FLOCK) && !s->metac ? -EINVAL : 0;
	}
	return 0;
}

static int take_fids(struct p9_server *s, struct p9_request *q, const struct p9_rule *rule)
{
	const struct p9_msg *t = &q->t;
	int r = 0;
	bool in_place =
		(rule->flags & IN_PLACE) && u32_field(t, rule->use) == u32_field(t, rule->make);
	bool make =
		rule->make && !((rule->flags & MAY_MAKE) && u32_field(t, rule->make) == P9_NOFID);
	if (rule->use)
		r = fid_use(s, u32_field(t, rule->use), in_place || (rule->flags & CHANGES_FID),
			&q->fid);
	if (!r && rule->use2)
		r = fid_use(s, u32_field(t, rule->use2), false, &q->fid2);
	if (!r && make)
		r = fid_make(s, u32_field(t, rule->make), in_place, &q->newfid);
	return r;
}

static void drop_fids(struct p9_server *s, struct p9_request *q)
{
	if (q->newfid) {
		fid_remove(s, q->newfid);
		fid_unref(s, q->newfid);
	}
	fid_unuse(s, q->fid);
	fid_unuse(s, q->fid2);
	q->fid = q->fid2 = q->newfid = NULL;
}

static int prepare(struct p9_server *s, struct p9_request *q)
{
	const struct p9_rule *rule = &p9_rules[q->t.type];
	bool once = q->t.once.seq;
	if (!s->negotiated)
		return -EPROTO;
	if (!rule->known || ((once || (rule->flags & METAC)) && !s->metac))
		return -EOPNOTSUPP;
	if (once && !(rule->flags & ONCE))
		return -EINVAL;
	/* Fids first: "no such fid" is told even where the tree may not be changed. */
	int r = take_fids(s, q, rule);
	if (!r)
		r = check_fields(s, q, rule);
	if (!r && s->config.read_only && (rule->flags & CHANGES_TREE))
		r = -EROFS;
	/* Clunk and remove end the fid whatever becomes of them (clunk(5), remove(5)). */
	if (q->fid && (rule->flags & ENDS_FID))
		fid_remove(s, q->fid);
	if (r)
		drop_fids(s, q);
	return r;
}

int p9_server_begin(struct p9_server *s, const void *frame, size_t len, struct p9_request *q)
{
	if (len < P9_HEADER || len > s->msize)
		return -EBADMSG;
	*q = (struct p9_request){.user = q->user};
	list_init(&q->link);
	list_init(&q->flushes);
	int r = p9_decode(frame, len, &q->t);
	q->msize = s->msize;
	q->count = s->msize - P9_READ_HEADER;
	q->r.type = (uint8_t)(q->t.type + 1);
	q->r.tag = q->t.tag;
	bool bare = !r && !q->t.once.seq;
	if (q->t.type == P9_Tversion && bare)
		return begin_version(s, q);
	/* With the same tag twice on the wire no answer could be told from another. */
	if (s->tags[q->t.tag].request || s->tags[q->t.tag].parked)
		return -EPROTO;
	if (q->t.type == P9_Tflush && bare)
		return begin_flush(s, q);
	/* There is nothing to authenticate: who holds the connection holds the tree. */
	if (q->t.type == P9_Tauth && bare)
		r = -ENOENT;
	if (!r)
		r = prepare(s, q);
	bool waits = !r && q->t.type == P9_Tevents;
	if (waits)
		r = begin_events(s, q);
	if (r)
		send_error(s, q, r);
	if (r || waits)
		return 0;
	s->tags[q->t.tag].request = q;
	q->has_tag = true;
	list_append(&s->running, &q->link);
	return P9_RUN;
}

/* A walk that stopped half-way is answered but makes no fid (walk(5)). */
static bool made_fid(const struct p9_request *q, int result)
{
	if (result || q->aborted || q->unmade)
		return false;
	return q->t.type != P9_Twalk || q->r.rwalk.nwqid == q->t.twalk.nwname;
}

static void commit_fids(struct p9_server *s, struct p9_request *q, int result)
{
	struct p9_fid *n = q->newfid;
	if (n && made_fid(q, result)) {
		assert(n->data);
		n->pending = false;
		if (n->in_table) {
			fid_unref(s, n);
			q->newfid = NULL;
		} else if (q->fid->in_table) {
			/* Walked in place: the old data dies with the reserved fid. */
			void *old = q->fid->data;
			q->fid->data = n->data;
			n->data = old;
		}
	}
	drop_fids(s, q);
}

void p9_server_end(struct p9_server *s, struct p9_request *q, int result)
{
	assert(result <= 0);
	commit_fids(s, q, result);
	list_unlink(&q->link);
	if (q->has_tag)
		s->tags[q->t.tag].request = NULL;
	if (q->aborted)
		return;
	if (result < 0 && !(result == -EINTR && atomic_load(&q->flushed)))
		send_error(s, q, result);
	else if (!result)
		send_msg(s, q, &q->r);
	release_flushes(s, q, &q->flushes, true);
}
