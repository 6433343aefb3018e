/* SPDX-License-Identifier: MIT */
/*
 * What each option of the negotiation does: a row in a table, and a function that reads the
 * option's data and puts the answer into the output.
 */
#include "wire/nbd/nbd-server-impl.h"

/* --- answers --- */

static uint8_t *put_reply(struct nbd_negotiation *n, uint32_t type, size_t len)
{
	assert(n->out_len + 20 + len <= sizeof(n->out));
	uint8_t *p = nbd_put64(n->out + n->out_len, NBD_OPT_REPLY_MAGIC);
	p = nbd_put32(p, n->option);
	p = nbd_put32(p, type);
	p = nbd_put32(p, (uint32_t)len);
	n->out_len += 20 + len;
	return p;
}

static void ack(struct nbd_server *s)
{
	put_reply(s->n, NBD_REP_ACK, 0);
}

/* text: for people. */
static void refuse(struct nbd_server *s, uint32_t type, const char *text)
{
	nbd_put(put_reply(s->n, type, strlen(text)), text, strlen(text));
}

/* --- what several of them have in common --- */

struct string {
	const uint8_t *p;
	size_t len;
};

/* length:32 bytes */
static struct string take_string(struct nbd_reader *r)
{
	uint32_t len = nbd_take32(r);
	if (len > NBD_STRING_MAX)
		r->bad = true;
	const uint8_t *p = nbd_take(r, len);
	return (struct string){p, p ? len : 0};
}

static bool string_is(struct string s, const void *p, size_t len)
{
	return s.len == len && (!len || !memcmp(s.p, p, len));
}

/* There is one export; "" is what a client says that was told no name. */
static bool is_export(const struct nbd_server *s, struct string name)
{
	return !name.len || string_is(name, s->n->name, s->n->name_len);
}

static bool has_data(struct nbd_server *s, size_t n)
{
	if (n)
		refuse(s, NBD_REP_ERR_INVALID, "this option has no data");
	return n;
}

/* --- options without data --- */

static void opt_abort(struct nbd_server *s, const uint8_t *p, size_t n)
{
	(void)p;
	(void)n; /* to be ignored, says the protocol */
	ack(s);
	s->state = NBD_SERVER_OVER;
}

static void opt_list(struct nbd_server *s, const uint8_t *p, size_t n)
{
	(void)p;
	if (has_data(s, n))
		return;
	struct nbd_negotiation *g = s->n;
	uint8_t *to = put_reply(g, NBD_REP_SERVER, 4 + g->name_len + g->description_len);
	to = nbd_put32(to, (uint32_t)g->name_len);
	to = nbd_put(to, g->name, g->name_len);
	nbd_put(to, g->description, g->description_len);
	ack(s);
}

static void opt_starttls(struct nbd_server *s, const uint8_t *p, size_t n)
{
	(void)p;
	(void)n;
	refuse(s, NBD_REP_ERR_UNSUP, "no TLS here");
}

static void opt_structured_reply(struct nbd_server *s, const uint8_t *p, size_t n)
{
	(void)p;
	if (has_data(s, n))
		return;
	if (s->extended) {
		refuse(s, NBD_REP_ERR_EXT_HEADER_REQD, "extended headers are in use already");
		return;
	}
	s->structured = true;
	ack(s);
}

static void opt_extended_headers(struct nbd_server *s, const uint8_t *p, size_t n)
{
	(void)p;
	if (has_data(s, n))
		return;
	s->structured = s->extended = true;
	ack(s);
}

/* --- EXPORT_NAME, INFO, GO --- */

/* The protocol tells clients that do not ask for block sizes to keep to multiples of 512. So up to
 * that they are let in (and a request that is not aligned is answered EINVAL); with more, nearly
 * everything that they do would fail, and it is better said at once. */
static bool sizes_unusual(const struct nbd_server *s)
{
	return s->block_min > NBD_BLOCK_MIN;
}

static void start(struct nbd_server *s)
{
	s->flags = nbd_server_offered(s);
	s->state = NBD_SERVER_TRANSMISSION;
}

/* This one cannot be refused but by ending the connection. */
static void opt_export_name(struct nbd_server *s, const uint8_t *p, size_t n)
{
	struct nbd_negotiation *g = s->n;
	if (s->extended || sizes_unusual(s) || !is_export(s, (struct string){p, n})) {
		s->state = NBD_SERVER_OVER;
		return;
	}
	start(s);
	uint8_t *to = nbd_put64(g->out, s->size);
	to = nbd_put16(to, s->flags);
	if (!g->no_zeroes)
		to = (uint8_t *)memset(to, 0, 124) + 124;
	g->out_len = (size_t)(to - g->out);
}

/* Which of the NBD_INFO_* are asked for, as a set of bits. Unknown ones are ignored. */
static unsigned take_infos(struct nbd_reader *r)
{
	unsigned asked = 0;
	for (uint16_t left = nbd_take16(r); left && !r->bad; left--) {
		uint16_t info = nbd_take16(r);
		if (info <= NBD_INFO_BLOCK_SIZE)
			asked |= 1U << info;
	}
	return asked;
}

static void put_string_info(struct nbd_negotiation *n, uint16_t info, const char *p, size_t len)
{
	uint8_t *to = put_reply(n, NBD_REP_INFO, 2 + len);
	nbd_put(nbd_put16(to, info), p, len);
}

/* Block sizes are told to everybody, as is allowed: whoever does not know them ignores them. */
static void put_infos(struct nbd_server *s, unsigned asked)
{
	struct nbd_negotiation *g = s->n;
	uint8_t *to = put_reply(g, NBD_REP_INFO, 14);
	to = nbd_put16(to, NBD_INFO_BLOCK_SIZE);
	to = nbd_put32(to, s->block_min);
	to = nbd_put32(to, s->block_preferred);
	nbd_put32(to, s->payload_max);
	to = put_reply(g, NBD_REP_INFO, 12);
	to = nbd_put16(to, NBD_INFO_EXPORT);
	to = nbd_put64(to, s->size);
	nbd_put16(to, nbd_server_offered(s));
	if (asked & 1U << NBD_INFO_NAME)
		put_string_info(g, NBD_INFO_NAME, g->name, g->name_len);
	if (asked & 1U << NBD_INFO_DESCRIPTION)
		put_string_info(g, NBD_INFO_DESCRIPTION, g->description, g->description_len);
}

/* INFO and GO */
static void opt_go(struct nbd_server *s, const uint8_t *p, size_t n)
{
	struct nbd_reader r = {.p = p, .left = n};
	struct string name = take_string(&r);
	unsigned asked = take_infos(&r);
	if (r.bad || r.left) {
		refuse(s, NBD_REP_ERR_INVALID, "malformed option");
		return;
	}
	if (!is_export(s, name)) {
		refuse(s, NBD_REP_ERR_UNKNOWN, "no such export");
		return;
	}
	put_infos(s, asked);
	if (asked & 1U << NBD_INFO_BLOCK_SIZE)
		s->n->sizes_asked = true;
	if (s->n->option != NBD_OPT_GO) {
		ack(s);
	} else if (sizes_unusual(s) && !s->n->sizes_asked) {
		refuse(s, NBD_REP_ERR_BLOCK_SIZE_REQD, "ask for the block size, and heed it");
	} else {
		ack(s);
		start(s);
	}
}

/* --- metadata contexts --- */

enum { QUERY_NOTHING, QUERY_ALLOCATION, QUERY_ALL, QUERY_INVALID };

/* Namespaces and leaves that we don't know are to be ignored. */
static int query_meaning(struct string q)
{
	if (!q.len || !memchr(q.p, ':', q.len))
		return QUERY_INVALID;
	if (string_is(q, NBD_BASE_ALLOCATION, strlen(NBD_BASE_ALLOCATION)))
		return QUERY_ALLOCATION;
	return string_is(q, "base:", strlen("base:")) ? QUERY_ALL : QUERY_NOTHING;
}

/* Whether base:allocation is meant by the queries. No query at all means everything to LIST, and
 * nothing to SET; so does "base:". */
static bool take_queries(struct nbd_reader *r, bool list)
{
	uint32_t left = nbd_take32(r);
	bool meant = list && !left;
	for (; left && !r->bad; left--) {
		struct string q = take_string(r);
		if (r->bad)
			break;
		int meaning = query_meaning(q);
		if (meaning == QUERY_INVALID)
			r->bad = true;
		else if (meaning == QUERY_ALLOCATION || (meaning == QUERY_ALL && list))
			meant = true;
	}
	return meant;
}

/* LIST_ and SET_META_CONTEXT */
static void opt_meta_context(struct nbd_server *s, const uint8_t *p, size_t n)
{
	bool list = s->n->option == NBD_OPT_LIST_META_CONTEXT;
	if (!list)
		s->status = false; /* also when this one fails */
	if (!s->structured) {
		refuse(s, NBD_REP_ERR_INVALID, "structured replies have to be agreed on first");
		return;
	}
	struct nbd_reader r = {.p = p, .left = n};
	struct string name = take_string(&r);
	bool meant = take_queries(&r, list);
	if (r.bad || r.left) {
		refuse(s, NBD_REP_ERR_INVALID, "malformed option");
		return;
	}
	if (!is_export(s, name)) {
		refuse(s, NBD_REP_ERR_UNKNOWN, "no such export");
		return;
	}
	if (meant) {
		size_t len = strlen(NBD_BASE_ALLOCATION);
		uint8_t *to = put_reply(s->n, NBD_REP_META_CONTEXT, 4 + len);
		to = nbd_put32(to, list ? 0 : NBD_CONTEXT_ALLOCATION);
		nbd_put(to, NBD_BASE_ALLOCATION, len);
	}
	if (!list)
		s->status = meant;
	ack(s);
}

/* --- the table --- */

static const struct {
	void (*run)(struct nbd_server *s, const uint8_t *p, size_t n);
	bool data; /* or it does not matter what there is of it */
} options[] = {
	[NBD_OPT_EXPORT_NAME] = {opt_export_name, true},
	[NBD_OPT_ABORT] = {opt_abort, false},
	[NBD_OPT_LIST] = {opt_list, true},
	[NBD_OPT_STARTTLS] = {opt_starttls, false},
	[NBD_OPT_INFO] = {opt_go, true},
	[NBD_OPT_GO] = {opt_go, true},
	[NBD_OPT_STRUCTURED_REPLY] = {opt_structured_reply, true},
	[NBD_OPT_LIST_META_CONTEXT] = {opt_meta_context, true},
	[NBD_OPT_SET_META_CONTEXT] = {opt_meta_context, true},
	[NBD_OPT_EXTENDED_HEADERS] = {opt_extended_headers, true},
};

bool nbd_option_wanted(uint32_t option, uint32_t length)
{
	return option < ARRAY_SIZE(options) && options[option].data &&
	       length <= NBD_SERVER_OPTION_MAX;
}

void nbd_option_run(struct nbd_server *s, const uint8_t *p, size_t n)
{
	options[s->n->option].run(s, p, n);
}

void nbd_option_skipped(struct nbd_server *s)
{
	uint32_t option = s->n->option;
	if (option >= ARRAY_SIZE(options) || !options[option].run) {
		refuse(s, NBD_REP_ERR_UNSUP, "unknown option");
	} else if (!options[option].data) {
		options[option].run(s, NULL, 0);
	} else if (option == NBD_OPT_EXPORT_NAME) {
		s->state = NBD_SERVER_OVER; /* no export has such a name, and this has no answer */
	} else {
		if (option == NBD_OPT_SET_META_CONTEXT)
			s->status = false;
		refuse(s, NBD_REP_ERR_TOO_BIG, "too long");
	}
}
