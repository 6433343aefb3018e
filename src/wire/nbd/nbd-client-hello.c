/* SPDX-License-Identifier: MIT */
/*
 * Negotiation: one option at a time, from the best to the oldest way,
 *
 *	greeting -> EXTENDED_HEADERS -no-> STRUCTURED_REPLY -> SET_META_CONTEXT -> GO -> ready
 *	   |	     (not when plain)		  `-no------------------------------^   |
 *	   `-- not fixed newstyle ---------------------------> EXPORT_NAME <------unknown-'
 *
 * and never a byte read too many: what follows may be for somebody else (`plain`).  Whatever the
 * server says that it should not, and whatever keeps us from using the export, ends in refused().
 */
#include "wire/nbd/nbd-client-private.h"

#include <stdio.h>

enum { GREETING_SIZE = 18, REPLY_SIZE = 20, EXPORT_SIZE = 10, ZEROES_SIZE = 124 };
enum { BLOCK_MIN_MAX = 64 << 10, PREFERRED_DEFAULT = 4096 };

static void hello_expect(struct client_hello *h, enum hello_stage stage, uint32_t need)
{
	h->stage = stage;
	h->have = 0;
	h->need = need;
}

void client_hello_start(struct nbd_client *c)
{
	memset(&c->hello, 0, offsetof(struct client_hello, buf));
	c->hello.export = (struct nbd_client_export){.block_min = 1,
		.block_preferred = PREFERRED_DEFAULT,
		.payload_max = NBD_PAYLOAD_MAX};
	hello_expect(&c->hello, HELLO_GREETING, GREETING_SIZE);
}

static int hello_refuse(struct nbd_client *c, int error, const char *text)
{
	/* The text may be the server's, and the caller's callback may start anew. */
	char copy[CLIENT_TEXT_MAX];
	size_t n = 0;
	for (; text[n] && n < sizeof(copy) - 1; n++)
		copy[n] = (char)((unsigned char)text[n] < ' ' || text[n] == 127 ? '?' : text[n]);
	copy[n] = 0;
	int r = client_violation(c, "%s", copy);
	if (c->config.refused)
		c->config.refused(c->config.user, error, copy);
	return r;
}

/* The server answers before it has been asked. */
static bool hello_is_early(const struct nbd_client *c)
{
	return c->out_at < c->out_len;
}

static void option_send(struct nbd_client *c, uint32_t option, const uint8_t *data, uint32_t n)
{
	if (c->out_at == c->out_len)
		c->out_at = c->out_len = 0;
	uint8_t *p = c->out + c->out_len;
	assert(c->out_len + 16 + n <= sizeof(c->out));
	p = nbd_put64(p, NBD_OPT_MAGIC);
	p = nbd_put32(p, option);
	p = nbd_put32(p, n);
	p = nbd_put(p, data, n);
	c->out_len = (uint32_t)(p - c->out);
	c->hello.option = option;
	hello_expect(&c->hello, HELLO_REPLY, REPLY_SIZE);
}

static uint8_t *put_string(uint8_t *p, const char *s)
{
	size_t n = strlen(s);
	p = nbd_put32(p, (uint32_t)n);
	return nbd_put(p, s, n);
}

static void option_context(struct nbd_client *c)
{
	uint8_t data[NBD_STRING_MAX + 64];
	uint8_t *p = put_string(data, c->name);
	p = nbd_put32(p, 1);
	p = put_string(p, NBD_BASE_ALLOCATION);
	option_send(c, NBD_OPT_SET_META_CONTEXT, data, (uint32_t)(p - data));
}

static void option_go(struct nbd_client *c)
{
	uint8_t data[NBD_STRING_MAX + 64];
	uint8_t *p = put_string(data, c->name);
	p = nbd_put16(p, 1);
	p = nbd_put16(p, NBD_INFO_BLOCK_SIZE);
	option_send(c, NBD_OPT_GO, data, (uint32_t)(p - data));
}

static void option_export_name(struct nbd_client *c)
{
	option_send(c, NBD_OPT_EXPORT_NAME, (const uint8_t *)c->name, (uint32_t)strlen(c->name));
	hello_expect(&c->hello, HELLO_EXPORT, EXPORT_SIZE);
}

static int greeting(struct nbd_client *c)
{
	struct client_hello *h = &c->hello;
	uint16_t flags = nbd_get16(h->buf + 16);
	if (nbd_get64(h->buf) != NBD_MAGIC)
		return hello_refuse(c, -EPROTO, "it is no NBD server");
	if (nbd_get64(h->buf + 8) != NBD_OPT_MAGIC)
		return hello_refuse(c, -EPROTO, "its NBD is older than we can");
	h->fixed = flags & NBD_FLAG_FIXED_NEWSTYLE;
	h->no_zeroes = flags & NBD_FLAG_NO_ZEROES;
	flags &= NBD_FLAG_FIXED_NEWSTYLE | NBD_FLAG_NO_ZEROES;
	c->out_at = 0;
	c->out_len = (uint32_t)(nbd_put32(c->out, flags) - c->out);
	if (!h->fixed)
		option_export_name(c);
	else if (c->config.plain)
		option_go(c);
	else
		option_send(c, NBD_OPT_EXTENDED_HEADERS, NULL, 0);
	return 0;
}

/* ---- what the export is ---------------------------------------------------------------------- */

/* Why this is not the device that it was, or NULL. */
static const char *export_changed(
	const struct nbd_client *c, const struct nbd_client_export *e, int *ret_error)
{
	const struct nbd_client_export *was = &c->export;
	const uint16_t commands = NBD_FLAG_SEND_FLUSH | NBD_FLAG_SEND_FUA | NBD_FLAG_SEND_TRIM |
				  NBD_FLAG_SEND_WRITE_ZEROES | NBD_FLAG_SEND_CACHE |
				  NBD_FLAG_SEND_FAST_ZERO | NBD_FLAG_SEND_DF;
	*ret_error = -ESTALE;
	if (!c->known)
		return NULL;
	if (e->size < was->size)
		return "it is smaller than it was";
	if (e->block_min > was->block_min)
		return "its blocks are larger than they were";
	*ret_error = -EROFS;
	if ((e->flags & ~was->flags) & NBD_FLAG_READ_ONLY)
		return "it has become read-only";
	*ret_error = -EOPNOTSUPP;
	return (was->flags & ~e->flags) & commands ? "it does less than it did" : NULL;
}

static int hello_over(struct nbd_client *c)
{
	struct nbd_client_export *e = &c->hello.export;
	if (hello_is_early(c))
		return hello_refuse(c, -EPROTO, "it answers what it was not asked");
	if (!(e->flags & NBD_FLAG_HAS_FLAGS))
		e->flags = NBD_FLAG_HAS_FLAGS;
	if (e->size > INT64_MAX)
		return hello_refuse(c, -EFBIG, "its size is beyond any limit");
	int error;
	const char *why = export_changed(c, e, &error);
	if (why)
		return hello_refuse(c, error, why);
	c->export = *e;
	c->context = c->hello.context;
	uint64_t max = MIN(c->config.payload_max, MIN(e->payload_max, (uint32_t)NBD_PAYLOAD_MAX));
	c->payload_max = MAX(max & ~(uint64_t)(e->block_min - 1), e->block_min);
	client_ready(c);
	return c->state == CLIENT_READY ? 0 : -EPROTO;
}

static bool is_power(uint32_t n)
{
	return n > 0 && (n & (n - 1)) == 0;
}

static int info_block_size(struct nbd_client *c, const uint8_t *p)
{
	struct nbd_client_export *e = &c->hello.export;
	e->block_min = nbd_get32(p);
	e->block_preferred = nbd_get32(p + 4);
	e->payload_max = nbd_get32(p + 8);
	if (!is_power(e->block_min) || e->block_min > BLOCK_MIN_MAX ||
		!is_power(e->block_preferred) || e->block_preferred < e->block_min ||
		e->payload_max < e->block_min)
		return hello_refuse(c, -EPROTO, "its block sizes make no sense");
	return 0;
}

static int info(struct nbd_client *c)
{
	struct client_hello *h = &c->hello;
	if (h->option != NBD_OPT_GO || h->length < 2)
		return hello_refuse(c, -EPROTO, "it tells what nobody asked for");
	uint16_t type = nbd_get16(h->buf);
	if (type == NBD_INFO_EXPORT) {
		if (h->length != 12)
			return hello_refuse(
				c, -EPROTO, "it says too much or too little of the export");
		h->export.size = nbd_get64(h->buf + 2);
		h->export.flags = nbd_get16(h->buf + 10);
		h->export_seen = true;
	}
	if (type == NBD_INFO_BLOCK_SIZE) {
		if (h->length != 14)
			return hello_refuse(c, -EPROTO, "its block sizes make no sense");
		int r = info_block_size(c, h->buf + 2);
		if (r < 0)
			return r;
	}
	hello_expect(h, HELLO_REPLY, REPLY_SIZE);
	return 0;
}

static int context(struct nbd_client *c)
{
	struct client_hello *h = &c->hello;
	size_t n = strlen(NBD_BASE_ALLOCATION);
	if (h->option != NBD_OPT_SET_META_CONTEXT || h->length != 4 + n ||
		memcmp(h->buf + 4, NBD_BASE_ALLOCATION, n) != 0 || h->export.status)
		return hello_refuse(c, -EPROTO, "it selects what nobody asked for");
	h->context = nbd_get32(h->buf);
	h->export.status = true;
	hello_expect(h, HELLO_REPLY, REPLY_SIZE);
	return 0;
}

/* ---- answers to options ---------------------------------------------------------------------- */

static int option_agreed(struct nbd_client *c)
{
	struct client_hello *h = &c->hello;
	switch (h->option) {
	case NBD_OPT_EXTENDED_HEADERS:
		h->export.extended = true;
		option_context(c);
		return 0;
	case NBD_OPT_STRUCTURED_REPLY:
		h->export.structured = true;
		option_context(c);
		return 0;
	case NBD_OPT_SET_META_CONTEXT:
		option_go(c);
		return 0;
	default:
		if (!h->export_seen)
			return hello_refuse(c, -EPROTO, "it does not say how large the export is");
		return hello_over(c);
	}
}

static int go_refused(struct nbd_client *c)
{
	struct client_hello *h = &c->hello;
	static const struct {
		uint32_t reply;
		int error;
		const char *text;
	} reasons[] = {
		{NBD_REP_ERR_POLICY, -EACCES, "it does not allow that"},
		{NBD_REP_ERR_PLATFORM, -EOPNOTSUPP, "it cannot do that where it runs"},
		{NBD_REP_ERR_TLS_REQD, -EACCES, "it wants TLS"},
		{NBD_REP_ERR_UNKNOWN, -ENOENT, "there is no such export"},
		{NBD_REP_ERR_SHUTDOWN, -ESHUTDOWN, "it is being shut down"},
		{NBD_REP_ERR_EXT_HEADER_REQD, -EOPNOTSUPP, "it wants extended headers"},
	};
	int error = -EPROTO;
	const char *text = "it refuses the export";
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		if (reasons[i].reply == h->reply) {
			error = reasons[i].error;
			text = reasons[i].text;
		}
	}
	h->buf[h->length] = 0;
	return hello_refuse(c, error, h->length ? (const char *)h->buf : text);
}

/* The server does not know it, or does not want it. */
static int option_denied(struct nbd_client *c)
{
	struct client_hello *h = &c->hello;
	switch (h->option) {
	case NBD_OPT_EXTENDED_HEADERS:
		option_send(c, NBD_OPT_STRUCTURED_REPLY, NULL, 0);
		return 0;
	case NBD_OPT_STRUCTURED_REPLY:
		option_go(c);
		return 0;
	case NBD_OPT_SET_META_CONTEXT:
		h->export.status = false;
		option_go(c);
		return 0;
	default:
		if (h->reply != NBD_REP_ERR_UNSUP || h->export.extended)
			return go_refused(c);
		h->export_seen = false;
		option_export_name(c);
		return 0;
	}
}

static int reply_payload(struct nbd_client *c)
{
	struct client_hello *h = &c->hello;
	if (h->reply & NBD_REP_ERROR(0))
		return option_denied(c);
	switch (h->reply) {
	case NBD_REP_ACK:
		return option_agreed(c);
	case NBD_REP_INFO:
		return info(c);
	case NBD_REP_META_CONTEXT:
		return h->length < 4 ? hello_refuse(c, -EPROTO, "it selects nothing") : context(c);
	default:
		return hello_refuse(c, -EPROTO, "it answers in an unknown way");
	}
}

static int reply_header(struct nbd_client *c)
{
	struct client_hello *h = &c->hello;
	if (nbd_get64(h->buf) != NBD_OPT_REPLY_MAGIC || nbd_get32(h->buf + 8) != h->option)
		return hello_refuse(c, -EPROTO, "it answers what it was not asked");
	h->reply = nbd_get32(h->buf + 12);
	h->length = nbd_get32(h->buf + 16);
	/* One byte less than there is room: see go_refused(). */
	if (h->length >= sizeof(h->buf) || ++h->replies > CLIENT_REPLIES_MAX)
		return hello_refuse(c, -EPROTO, "it says more than we listen to");
	hello_expect(h, HELLO_PAYLOAD, h->length);
	return 0;
}

static int export_name(struct nbd_client *c)
{
	struct client_hello *h = &c->hello;
	h->export.size = nbd_get64(h->buf);
	h->export.flags = nbd_get16(h->buf + 8);
	if (h->no_zeroes)
		return hello_over(c);
	hello_expect(h, HELLO_ZEROES, ZEROES_SIZE);
	return 0;
}

int client_hello_input(struct nbd_client *c, size_t n)
{
	struct client_hello *h = &c->hello;
	assert(n <= h->need - h->have);
	h->have += (uint32_t)n;
	int r = 0;
	while (r == 0 && c->state == CLIENT_HELLO && h->have == h->need) {
		if (hello_is_early(c))
			return hello_refuse(c, -EPROTO, "it answers what it was not asked");
		switch (h->stage) {
		case HELLO_GREETING:
			r = greeting(c);
			break;
		case HELLO_REPLY:
			r = reply_header(c);
			break;
		case HELLO_PAYLOAD:
			r = reply_payload(c);
			break;
		case HELLO_EXPORT:
			r = export_name(c);
			break;
		case HELLO_ZEROES:
			r = hello_over(c);
			break;
		}
	}
	return r;
}
