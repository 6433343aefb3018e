/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: negotiation takes in bytes by phases, each of which needs a known number of
 * them (the client's flags, the header of an option, its data).  What has come of a phase is
 * collected in one buffer; when it is complete it is acted upon, and the answer waits in another,
 * which is empty again before the next option is looked at.  So each side's memory is bounded, and
 * it does not matter how the bytes were cut into pieces.
 *
 * An option that is unknown or too long is counted down and answered, never stored.  All of this
 * memory is given back as soon as the last answer has been taken.
 */
#include "wire/nbd/nbd-server-impl.h"

static bool is_power(uint32_t v)
{
	return v && !(v & (v - 1));
}

/* The rules of "Size constraints". */
static bool sizes_valid(const struct nbd_server *s)
{
	return is_power(s->block_min) && s->block_min <= 1 << 16 && is_power(s->block_preferred) &&
	       s->block_preferred >= 512 && s->block_preferred >= s->block_min &&
	       is_power(s->payload_max) && s->payload_max >= s->block_preferred &&
	       s->payload_max <= NBD_PAYLOAD_MAX;
}

static bool flags_valid(uint16_t flags)
{
	return !(flags & ~(NBD_FLAG_HAS_FLAGS | NBD_FLAG_READ_ONLY | NBD_FLAG_SEND_FLUSH |
				 NBD_FLAG_SEND_FUA | NBD_FLAG_ROTATIONAL | NBD_FLAG_SEND_TRIM |
				 NBD_FLAG_SEND_WRITE_ZEROES | NBD_FLAG_SEND_DF |
				 NBD_FLAG_CAN_MULTI_CONN | NBD_FLAG_SEND_CACHE |
				 NBD_FLAG_SEND_FAST_ZERO | NBD_FLAG_BLOCK_STATUS_PAYLOAD));
}

uint16_t nbd_server_offered(const struct nbd_server *s)
{
	uint16_t flags = s->flags | NBD_FLAG_HAS_FLAGS;
	if (flags & NBD_FLAG_READ_ONLY)
		flags &= (uint16_t) ~(NBD_FLAG_SEND_TRIM | NBD_FLAG_SEND_WRITE_ZEROES);
	if (!(flags & NBD_FLAG_SEND_WRITE_ZEROES))
		flags &= (uint16_t)~NBD_FLAG_SEND_FAST_ZERO;
	if (!s->structured)
		flags &= (uint16_t)~NBD_FLAG_SEND_DF;
	if (!s->extended || !s->status)
		flags &= (uint16_t)~NBD_FLAG_BLOCK_STATUS_PAYLOAD;
	return flags;
}

static void expect(struct nbd_negotiation *n, enum nbd_negotiation_phase phase, uint32_t need)
{
	n->phase = phase;
	n->need = need;
	n->in_len = 0;
}

static bool copy_string(char *to, size_t *ret_len, const char *from)
{
	size_t len = from ? strlen(from) : 0;
	if (len > NBD_STRING_MAX)
		return false;
	memcpy(to, from ? from : "", len);
	*ret_len = len;
	return true;
}

static bool configure(struct nbd_server *s, const struct nbd_server_config *c)
{
	s->size = c->size;
	s->flags = c->flags;
	s->block_min = c->block_min ? c->block_min : NBD_BLOCK_MIN;
	s->block_preferred = c->block_preferred ? c->block_preferred
						: MAX(s->block_min, (uint32_t)NBD_BLOCK_PREFERRED);
	s->payload_max = c->payload_max ? c->payload_max : NBD_PAYLOAD_MAX;
	return sizes_valid(s) && flags_valid(s->flags) && s->size <= INT64_MAX &&
	       copy_string(s->n->name, &s->n->name_len, c->name) &&
	       copy_string(s->n->description, &s->n->description_len, c->description);
}

int nbd_server_new(const struct nbd_server_config *config, struct nbd_server **ret)
{
	AUTO(nbd_server_free) struct nbd_server *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->n = calloc(1, sizeof(*s->n));
	if (!s->n)
		return -ENOMEM;
	if (!configure(s, config))
		return -EINVAL;
	uint8_t *p = nbd_put64(s->n->out, NBD_MAGIC);
	p = nbd_put64(p, NBD_OPT_MAGIC);
	p = nbd_put16(p, NBD_FLAG_FIXED_NEWSTYLE | NBD_FLAG_NO_ZEROES);
	s->n->out_len = (size_t)(p - s->n->out);
	expect(s->n, NBD_PHASE_FLAGS, 4);
	*ret = TAKE_PTR(s);
	return 0;
}

void nbd_server_free(struct nbd_server *s)
{
	if (!s)
		return;
	free(s->n);
	free(s);
}

/* --- what comes in --- */

static void take_flags(struct nbd_server *s)
{
	uint32_t flags = nbd_get32(s->n->in);
	if (flags & ~(uint32_t)(NBD_FLAG_FIXED_NEWSTYLE | NBD_FLAG_NO_ZEROES)) {
		s->state = NBD_SERVER_OVER;
		return;
	}
	s->n->fixed = flags & NBD_FLAG_FIXED_NEWSTYLE;
	s->n->no_zeroes = flags & NBD_FLAG_NO_ZEROES;
	expect(s->n, NBD_PHASE_OPTION, NBD_OPTION_HEADER_SIZE);
}

static void take_option(struct nbd_server *s)
{
	struct nbd_negotiation *n = s->n;
	if (nbd_get64(n->in) != NBD_OPT_MAGIC || ++n->options > NBD_SERVER_OPTIONS_MAX) {
		s->state = NBD_SERVER_OVER;
		return;
	}
	n->option = nbd_get32(n->in + 8);
	n->length = nbd_get32(n->in + 12);
	/* Without fixed newstyle there is no other option, and no way to say so. */
	if (n->option != NBD_OPT_EXPORT_NAME && !n->fixed)
		s->state = NBD_SERVER_OVER;
	else if (nbd_option_wanted(n->option, n->length))
		expect(n, NBD_PHASE_DATA, n->length);
	else
		expect(n, NBD_PHASE_SKIP, n->length);
}

/* All of the phase has come. */
static void phase_complete(struct nbd_server *s)
{
	struct nbd_negotiation *n = s->n;
	switch (n->phase) {
	case NBD_PHASE_FLAGS:
		take_flags(s);
		return;
	case NBD_PHASE_OPTION:
		take_option(s);
		return;
	case NBD_PHASE_DATA:
		nbd_option_run(s, n->in, n->in_len);
		break;
	case NBD_PHASE_SKIP:
		nbd_option_skipped(s);
		break;
	}
	expect(n, NBD_PHASE_OPTION, NBD_OPTION_HEADER_SIZE);
}

/* Gives the memory back once nothing more comes in or goes out. */
static void finish(struct nbd_server *s)
{
	if (s->state == NBD_SERVER_NEGOTIATING || s->n->out_done < s->n->out_len)
		return;
	free(s->n);
	s->n = NULL;
}

size_t nbd_server_negotiate(struct nbd_server *s, const void *p, size_t n)
{
	size_t used = 0;
	while (s->state == NBD_SERVER_NEGOTIATING) {
		struct nbd_negotiation *g = s->n;
		/* An answer waits. (The greeting does not count: nobody has to wait for it.) */
		if (g->phase != NBD_PHASE_FLAGS && g->out_len)
			break;
		size_t part = MIN(n - used, (size_t)g->need);
		if (g->phase != NBD_PHASE_SKIP) {
			nbd_put(g->in + g->in_len, (const uint8_t *)p + used, part);
			g->in_len += part;
		}
		used += part;
		g->need -= (uint32_t)part;
		if (g->need)
			break;
		phase_complete(s);
	}
	if (s->n)
		finish(s);
	return used;
}

/* --- what goes out --- */

void nbd_server_output(const struct nbd_server *s, const void **ret_p, size_t *ret_n)
{
	*ret_p = s->n ? s->n->out + s->n->out_done : NULL;
	*ret_n = s->n ? s->n->out_len - s->n->out_done : 0;
}

void nbd_server_output_done(struct nbd_server *s, size_t n)
{
	if (!n)
		return;
	assert(s->n && n <= s->n->out_len - s->n->out_done);
	s->n->out_done += n;
	if (s->n->out_done == s->n->out_len)
		s->n->out_len = s->n->out_done = 0;
	finish(s);
}

/* --- what is known --- */

enum nbd_server_state nbd_server_state(const struct nbd_server *s)
{
	return s->state;
}

bool nbd_server_is_structured(const struct nbd_server *s)
{
	return s->structured;
}

bool nbd_server_is_extended(const struct nbd_server *s)
{
	return s->extended;
}

bool nbd_server_has_status(const struct nbd_server *s)
{
	return s->status;
}

void nbd_server_set_size(struct nbd_server *s, uint64_t size)
{
	assert(size <= INT64_MAX);
	s->size = size;
}

uint64_t nbd_server_size(const struct nbd_server *s)
{
	return s->size;
}
