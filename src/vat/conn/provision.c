/* SPDX-License-Identifier: MIT */
/*
 * Hand-off as host: see handoff-internal.h.
 *
 * A Provide and the Accepts for it meet in a table by token; either may come first.  A provision is
 * the answer to its Provide and lives until that is finished or its connection ends; an Accept that
 * waits for it, or for its embargo to be lifted, is the producer of its answer's outcome, so that
 * Finish and the end of its connection take it away.
 */
#include "vat/conn/handoff-internal.h"

enum { PROVISIONS_DEFAULT = 4096, ACCEPTS_DEFAULT = 256, INTRODUCTIONS_DEFAULT = 1024 };
enum { LIFTED_MAX = 64, ARRIVALS_MAX = 64 };

struct meeting {
	struct meeting *next; /* in its hash bucket */
	struct vat *vat;
	uint8_t token[VAT_TOKEN_SIZE];
	struct provision *provision; /* or NULL: not yet */
	struct list accepts;
};

/* An embargo lifted before its Accept came. */
struct lifted {
	struct list link;
	uint8_t size;
	uint8_t id[EMBARGO_MAX];
};

struct provision {
	struct vat_conn *conn;
	struct meeting *meeting;
	struct vat_cap *cap;
	struct list lifted;
	unsigned n_lifted;
};

struct accept {
	struct list link; /* in its meeting */
	struct list mine; /* in conn->third->accepts */
	struct vat_conn *conn; /* charged */
	struct meeting *meeting;
	struct outcome *outcome; /* referenced; this produces it */
	uint8_t size;
	uint8_t embargo[EMBARGO_MAX];
};

/* ---- where they meet --------------------------------------------------------------------------
 */

static uint64_t mix(uint64_t h, uint64_t x)
{
	h = (h ^ x) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

static struct meeting **bucket_of(const struct handoffs *all, const uint8_t *token)
{
	uint64_t w[2];
	memcpy(w, token, sizeof(w));
	return &all->buckets[mix(mix(mix(all->seed, w[0]), w[1]), all->seed) &
			     (all->n_buckets - 1)];
}

/* Without telling by the time it takes how much of it is right. */
static bool same_token(const uint8_t *a, const uint8_t *b)
{
	uint8_t difference = 0;
	for (unsigned i = 0; i < VAT_TOKEN_SIZE; i++)
		difference |= a[i] ^ b[i];
	return !difference;
}

static struct meeting *find(const struct handoffs *all, const uint8_t *token)
{
	struct meeting *m = *bucket_of(all, token);
	while (m && !same_token(m->token, token))
		m = m->next;
	return m;
}

static void grow(struct handoffs *all)
{
	uint32_t n = all->n_buckets * 2;
	struct meeting **buckets = calloc(n, sizeof(struct meeting *));
	if (!buckets)
		return; /* it only gets slower */
	struct meeting **old = all->buckets;
	uint32_t n_old = all->n_buckets;
	all->buckets = buckets;
	all->n_buckets = n;
	for (uint32_t i = 0; i < n_old; i++) {
		for (struct meeting *m = old[i], *next; m; m = next) {
			next = m->next;
			struct meeting **b = bucket_of(all, m->token);
			m->next = *b;
			*b = m;
		}
	}
	free(old);
}

/* The meeting under this token; NULL when memory is out. */
static struct meeting *meeting_get(struct vat *v, const uint8_t *token)
{
	struct handoffs *all = v->handoffs;
	struct meeting *m = find(all, token);
	if (m)
		return m;
	m = calloc(1, sizeof(*m));
	if (!m)
		return NULL;
	if (all->n_meetings >= all->n_buckets)
		grow(all);
	struct meeting **b = bucket_of(all, token);
	m->vat = v;
	memcpy(m->token, token, sizeof(m->token));
	list_init(&m->accepts);
	m->next = *b;
	*b = m;
	all->n_meetings++;
	return m;
}

/* Nobody may be waiting there any more. */
static void meeting_check(struct meeting *m)
{
	if (m->provision || !list_empty(&m->accepts))
		return;
	struct handoffs *all = m->vat->handoffs;
	struct meeting **at = bucket_of(all, m->token);
	while (*at != m)
		at = &(*at)->next;
	*at = m->next;
	all->n_meetings--;
	free(m);
}

/* ---- accepting --------------------------------------------------------------------------------
 */

/* The outcome, for the caller to complete. */
static struct outcome *accept_end(struct accept *a)
{
	struct outcome *o = a->outcome;
	outcome_clear_producer(o);
	list_unlink(&a->link);
	list_unlink(&a->mine);
	a->conn->third->counts.accepts--;
	free(a);
	return o;
}

/* Nobody gets what this Accept asks for any more. */
static void accept_fail(struct accept *a, struct failure *takes)
{
	struct meeting *m = a->meeting;
	struct outcome *o = accept_end(a);
	meeting_check(m);
	outcome_fail(o, takes);
	outcome_unref(o);
}

static void on_cancel(struct outcome *o, void *data)
{
	accept_fail(data, failure_canceled());
}

void accepts_end(struct third *t)
{
	while (!list_empty(&t->accepts))
		accept_fail(list_entry(t->accepts.next, struct accept, mine),
			failure_new(VAT_DISCONNECTED, "connection closed"));
}

static void return_cap(struct outcome *o, struct vat_cap *cap)
{
	struct parcel *p = parcel_new(o->vat, PARCEL_RETURN, 1, 0);
	if (p) {
		vat_set_cap(parcel_content_b(p), cap);
		outcome_return(o, p);
	} else {
		outcome_fail(o, failure_oom());
	}
}

/* Whether the embargo is lifted; if so that is used up. */
static bool is_lifted(struct provision *p, const uint8_t *id, size_t size)
{
	list_for_each (l, &p->lifted) {
		struct lifted *x = list_entry(l, struct lifted, link);
		if (x->size != size || memcmp(x->id, id, size))
			continue;
		list_unlink(&x->link);
		p->n_lifted--;
		free(x);
		return true;
	}
	return false;
}

static void try_accept(struct accept *a)
{
	struct provision *p = a->meeting->provision;
	if (!p || (a->size && !is_lifted(p, a->embargo, a->size)))
		return;
	struct outcome *o = accept_end(a);
	return_cap(o, p->cap);
	outcome_unref(o);
}

static void accept_start(struct vat_conn *c, struct meeting *m, struct accept *a, struct outcome *o,
	struct vat_data embargo)
{
	static const struct producer producer = {.cancel = on_cancel};
	a->conn = c;
	a->meeting = m;
	a->outcome = outcome_ref(o);
	a->size = (uint8_t)embargo.len;
	if (embargo.len)
		memcpy(a->embargo, embargo.p, embargo.len);
	list_append(&m->accepts, &a->link);
	list_append(&c->third->accepts, &a->mine);
	c->third->counts.accepts++;
	outcome_set_producer(o, &producer, a);
	try_accept(a);
}

int in_accept(struct in *in)
{
	struct vat_conn *c = in->c;
	const struct handoffs *all = c->vat->handoffs;
	uint32_t id = vat_r_u32(in->body, 0, 0);
	struct contact contact;
	bool known = read_contact(vat_ptr_at(in->body, 0), &contact);
	struct vat_data embargo = vat_ptr_data(vat_ptr_at(in->body, 1), NULL);
	if (!all)
		return in_echo(in);
	if (vat_message_error(in->p->msg))
		return in_malformed(in);
	if (idmap_get(&c->answers, id))
		return conn_abort(c, "Accept: question id %u is in use", id);
	struct third *t = third_get(c);
	if (!t)
		return conn_oom(c);
	introduce_understood(c);
	if (!known || embargo.len > EMBARGO_MAX)
		return in_refuse(c, id, "unknown kind of provision", 0);
	if (c->answers.n + c->n_orphans >= c->limits.answers ||
		t->counts.accepts >= all->network.max_accepts)
		return in_refuse(c, id, "too many Accepts outstanding", 0);
	struct accept *accept = calloc(1, sizeof(*accept));
	struct meeting *m = accept ? meeting_get(c->vat, contact.token) : NULL;
	struct answer *a = m ? in_answer_new(c, id) : NULL;
	if (!a) {
		if (m)
			meeting_check(m);
		free(accept);
		return conn_oom(c);
	}
	in_answer_consume(a);
	/* What the embargo is for are calls that go ahead, by way of the introducer. */
	a->called = embargo.len;
	accept_start(c, m, accept, a->outcome, embargo);
	return 0;
}

/* ---- providing --------------------------------------------------------------------------------
 */

/* A descriptor that came with a Provide, for the embedder. */
struct arrival {
	struct task task;
	struct list link; /* in third->arrivals */
	struct vat_conn *conn;
	int fd;
	uint8_t token[VAT_TOKEN_SIZE];
	size_t address_size;
	uint8_t address[];
};

static void arrival_free(struct arrival *a)
{
	task_cancel(&a->task);
	list_unlink(&a->link);
	a->conn->third->n_arrivals--;
	fd_close(a->fd);
	free(a);
}

void arrivals_end(struct third *t)
{
	struct list *l;
	while (!list_empty(&t->arrivals)) {
		l = t->arrivals.next;
		arrival_free(list_entry(l, struct arrival, link));
	}
}

static void run_arrival(struct task *task)
{
	struct arrival *a = container_of(task, struct arrival, task);
	const struct vat_network *n = &a->conn->vat->handoffs->network;
	struct vat_conn *introducer = a->conn;
	struct vat_contact contact = {
		.token = a->token, .address = a->address, .address_size = a->address_size};
	int fd = TAKE_FD(a->fd);
	/* The embedder may end the connection, and all its arrivals with it. */
	list_unlink(&a->link);
	introducer->third->n_arrivals--;
	if (n->await && !introducer->vat->freed)
		n->await(n->user, introducer, &contact, fd);
	else
		fd_close(fd);
	free(a);
}

static void arrived(struct in *in, const struct contact *contact)
{
	struct vat_conn *c = in->c;
	int fd = in_take_fd(c, contact->way);
	struct arrival *a = NULL;
	if (fd >= 0 && c->third->n_arrivals < ARRIVALS_MAX)
		a = calloc(1, sizeof(*a) + contact->address_size);
	if (!a) {
		fd_close(fd);
		return;
	}
	a->conn = c;
	a->fd = fd;
	memcpy(a->token, contact->token, sizeof(a->token));
	a->address_size = contact->address_size;
	if (contact->address_size)
		memcpy(a->address, contact->address, contact->address_size);
	list_init(&a->link);
	list_append(&c->third->arrivals, &a->link);
	c->third->n_arrivals++;
	task_init(&a->task, run_arrival);
	task_queue(c->vat, &a->task);
}

void provision_free(struct provision *p)
{
	struct list *l;
	if (!p)
		return;
	struct meeting *m = p->meeting;
	p->conn->third->counts.provisions--;
	while ((l = list_pop(&p->lifted)))
		free(list_entry(l, struct lifted, link));
	vat_cap_unref(p->cap);
	free(p);
	if (!m)
		return;
	m->provision = NULL;
	while (!list_empty(&m->accepts)) {
		struct outcome *o = accept_end(list_entry(m->accepts.next, struct accept, link));
		outcome_fail(o, failure_new(VAT_DISCONNECTED, "the provision was withdrawn"));
		outcome_unref(o);
	}
	meeting_check(m);
}

static int provide(struct in *in, uint32_t id, const struct contact *contact, struct vat_cap *cap)
{
	struct vat_conn *c = in->c;
	struct meeting *m = meeting_get(c->vat, contact->token);
	struct provision *p = m ? calloc(1, sizeof(*p)) : NULL;
	struct answer *a = p ? in_answer_new(c, id) : NULL;
	if (!a) {
		if (m)
			meeting_check(m);
		free(p);
		return conn_oom(c);
	}
	list_init(&p->lifted);
	p->conn = c;
	p->cap = vat_cap_ref(cap);
	a->provision = p;
	/* The recipient, who knows the token, may use it for a Provide of its own, which must not
	 * hurt the introducer. Nobody finds the later one. */
	if (!m->provision) {
		p->meeting = m;
		m->provision = p;
	}
	c->third->counts.provisions++;
	arrived(in, contact);
	list_for_each_safe (l, &m->accepts)
		try_accept(list_entry(l, struct accept, link));
	return 0;
}

int in_provide(struct in *in)
{
	struct vat_conn *c = in->c;
	const struct handoffs *all = c->vat->handoffs;
	uint32_t id = vat_r_u32(in->body, 0, 0);
	struct contact contact;
	struct target t;
	bool known = read_contact(vat_ptr_at(in->body, 1), &contact);
	struct vat_struct_r at = vat_ptr_struct(vat_ptr_at(in->body, 0), NULL);
	if (vat_message_error(in->p->msg))
		return in_malformed(in);
	if (!all || !known || !read_target(at, &t, in->path))
		return in_echo(in);
	if (idmap_get(&c->answers, id))
		return conn_abort(c, "Provide: question id %u is in use", id);
	if (!third_get(c))
		return conn_oom(c);
	introduce_understood(c);
	/* A Provide cannot be refused, and who sends one on behalf of others does not know how many
	 * of their calls are still under way here: it has a limit of its own. */
	if (c->third->counts.provisions >= MIN(all->network.max_provisions, c->limits.answers))
		return conn_abort(c, "Provide: too many of them");
	AUTO(vat_cap_unref) struct vat_cap *cap = NULL;
	int r = in_target(in, &t, &cap);
	return r < 0 ? r : provide(in, id, &contact, cap);
}

/* Remembers that an embargo is lifted whose Accept has not come yet. */
static int remember(struct vat_conn *c, struct provision *p, struct vat_data id)
{
	if (p->n_lifted >= LIFTED_MAX)
		return conn_abort(c, "Disembargo: too many of them");
	struct lifted *x = calloc(1, sizeof(*x));
	if (!x)
		return conn_oom(c);
	x->size = (uint8_t)id.len;
	memcpy(x->id, id.p, id.len);
	list_append(&p->lifted, &x->link);
	p->n_lifted++;
	return 0;
}

int provision_disembargo(struct vat_conn *c, uint32_t question, struct vat_data id)
{
	struct answer *a = idmap_get(&c->answers, question);
	struct provision *p = a ? a->provision : NULL;
	if (!p)
		return conn_abort(c, "Disembargo: question %u is no Provide", question);
	if (id.len == 0 || id.len > EMBARGO_MAX)
		return conn_abort(c, "Disembargo: no embargo, or too long a one");
	int r = remember(c, p, id);
	if (r < 0)
		return r;
	if (!p->meeting)
		return 0;
	list_for_each_safe (l, &p->meeting->accepts)
		try_accept(list_entry(l, struct accept, link));
	return 0;
}

/* ---- the network ------------------------------------------------------------------------------
 */

void handoffs_free(struct handoffs *h)
{
	if (!h)
		return;
	assert(!h->n_meetings);
	free(h->buckets);
	free(h);
}

int vat_set_network(struct vat *v, const struct vat_network *n)
{
	struct handoffs *h = v->handoffs;
	if (!n) {
		if (h)
			h->network = (struct vat_network){0};
		return 0;
	}
	if (!h) {
		h = calloc(1, sizeof(*h));
		if (h)
			h->buckets = calloc(64, sizeof(*h->buckets));
		if (!h || !h->buckets) {
			free(h);
			return -ENOMEM;
		}
		h->n_buckets = 64;
		h->seed = (uint64_t)(uintptr_t)h->buckets * UINT64_C(0xd1b54a32d192ed03);
		v->handoffs = h;
	}
	h->network = *n;
	if (!h->network.max_provisions)
		h->network.max_provisions = PROVISIONS_DEFAULT;
	if (!h->network.max_accepts)
		h->network.max_accepts = ACCEPTS_DEFAULT;
	if (!h->network.max_introductions)
		h->network.max_introductions = INTRODUCTIONS_DEFAULT;
	return 0;
}

void vat_handoff_counts(const struct vat_conn *c, struct vat_handoff_counts *ret)
{
	*ret = (struct vat_handoff_counts){0};
	if (c->third)
		*ret = c->third->counts;
	ret->calls_in = c->calls_in;
	ret->calls_out = c->calls_out;
}
