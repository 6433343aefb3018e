/* SPDX-License-Identifier: MIT */
/* The NBD client against a model of a server, in every dialect. */
#include "wire/nbd/nbd-client-tries.h"

/* ---- negotiation ----------------------------------------------------------------------------- */

TEST(every_dialect_is_agreed_on)
{
	for (enum dialect d = 0; d < N_DIALECTS; d++) {
		begin(d, 0);
		const struct nbd_client_export *e = nbd_client_export(c);
		CHECK_INT(n_ready, 1);
		CHECK_INT(e->size, MODEL_SIZE);
		CHECK_INT(e->flags, MODEL_FLAGS);
		CHECK_INT(e->structured, d == DIALECT_STRUCTURED || d == DIALECT_STATUS);
		CHECK_INT(e->extended, d == DIALECT_EXTENDED);
		CHECK_INT(e->status, d >= DIALECT_STATUS);
		CHECK_INT(e->block_min, d >= DIALECT_SIMPLE ? MODEL_BLOCK : 1);
		CHECK_INT(e->payload_max, d >= DIALECT_SIMPLE ? 1024 : NBD_PAYLOAD_MAX);
		nbd_client_free(c);
	}
}

TEST(a_plain_connection_can_be_handed_over_and_no_byte_too_many_is_read)
{
	model_init(&m, DIALECT_EXTENDED);
	client_new(0, true);
	CHECK_INT(nbd_client_start(c, NULL, 0), 0);
	CHECK(!nbd_client_can_hand_over(c));
	for (size_t one = 1; !nbd_client_is_ready(c); one = 1)
		CHECK_INT(model_pump(&m, c, &one), 0);
	CHECK(nbd_client_can_hand_over(c));
	CHECK(!m.structured && !m.extended);
	CHECK_INT(m.n_out, 0);
	nbd_client_free(c);
}

TEST(an_operation_before_the_first_connection_waits_and_is_checked_then)
{
	model_init(&m, DIALECT_EXTENDED);
	client_new(0, false);
	struct try *good = submit(NBD_CMD_READ, 0, 1, 1), *late = submit(NBD_CMD_READ, 31, 2, 0);
	CHECK_INT(nbd_client_start(c, NULL, 0), 0);
	CHECK_INT(pump(), 0);
	CHECK_INT(good->n_done, 1);
	CHECK_INT(good->error, 0);
	CHECK_INT(late->n_done, 1);
	CHECK_INT(late->error, -EINVAL);
	free(good);
	free(late);
	nbd_client_free(c);
}

static void check_refused(int error, const char *text)
{
	CHECK_INT(pump(), -EPROTO);
	CHECK_INT(refused_error, error);
	CHECK_STR(refused_text, text);
	CHECK(!nbd_client_is_ready(c));
}

TEST(an_export_that_is_not_what_it_was_is_refused_and_a_larger_one_is_not)
{
	begin(DIALECT_EXTENDED, 0);
	m.size -= MODEL_BLOCK;
	again(false);
	check_refused(-ESTALE, "it is smaller than it was");
	m.size += MODEL_BLOCK;
	m.flags = MODEL_FLAGS | NBD_FLAG_READ_ONLY;
	again(false);
	check_refused(-EROFS, "it has become read-only");
	m.flags = MODEL_FLAGS & ~NBD_FLAG_SEND_TRIM;
	again(false);
	check_refused(-EOPNOTSUPP, "it does less than it did");
	m.flags = MODEL_FLAGS;
	m.size += MODEL_BLOCK;
	again(false);
	CHECK_INT(pump(), 0);
	CHECK_INT(nbd_client_export(c)->size, MODEL_SIZE + MODEL_BLOCK);
	nbd_client_free(c);
}

TEST(something_else_than_nbd_is_refused)
{
	model_init(&m, DIALECT_EXTENDED);
	client_new(0, false);
	memcpy(m.out, "SSH-2.0-something else", 18);
	CHECK_INT(nbd_client_start(c, NULL, 0), 0);
	check_refused(-EPROTO, "it is no NBD server");
	nbd_client_free(c);
}

/* ---- operations ------------------------------------------------------------------------------ */

static void check_status(const struct try *t)
{
	if (!nbd_client_export(c)->status) {
		CHECK_INT(t->n_extents, 1);
		CHECK_INT(t->extents[0].length, t->op.length);
		CHECK_INT(t->extents[0].state, 0);
		return;
	}
	CHECK_INT(t->n_extents, 2);
	CHECK_INT(t->extents[0].offset, t->op.offset);
	CHECK_INT(t->extents[1].offset, t->op.offset + t->op.length / 2);
	CHECK_INT(t->extents[1].length, t->op.length / 2);
	CHECK_INT(t->extents[1].state, NBD_STATE_HOLE);
}

TEST(every_operation_works_in_every_dialect)
{
	for (enum dialect d = 0; d < N_DIALECTS; d++) {
		begin(d, 0);
		CHECK_INT(perform(NBD_CMD_WRITE, 1, 20, 0x11), 0);
		CHECK_INT(perform(NBD_CMD_WRITE_ZEROES, 3, 1, 0), 0);
		CHECK_INT(perform(NBD_CMD_TRIM, 5, 1, 0), 0);
		CHECK_INT(perform(NBD_CMD_CACHE, 5, 1, 0), 0);
		CHECK_INT(perform(NBD_CMD_FLUSH, 0, 0, 0), 0);
		CHECK(memcmp(m.disk, m.safe, sizeof(m.disk)) == 0);
		check_disk(4, 1, 0x11);
		CHECK_INT(m.longest, 512);
		for (int way = 0; way < 2; way++) {
			struct try *t = try_new(NBD_CMD_READ, 0, 24, 0xaa);
			if (way == 1)
				t->op.into = NULL;
			CHECK_INT(nbd_client_submit(c, &t->op), 0);
			CHECK_INT(pump(), 0);
			CHECK_INT(t->n_done, 1);
			CHECK_INT(t->error, 0);
			CHECK_INT(t->got, way ? t->op.length : 0);
			CHECK(memcmp(t->data, m.disk, t->op.length) == 0);
			free(t);
		}
		struct try *t = submit(NBD_CMD_BLOCK_STATUS, 2, 8, 0);
		CHECK_INT(pump(), 0);
		CHECK_INT(t->n_done, 1);
		check_status(t);
		free(t);
		CHECK_INT(nbd_client_pending(c), 0);
		nbd_client_disconnect(c);
		CHECK_INT(pump(), 0);
		CHECK_INT(m.n_disconnects, 1);
		nbd_client_free(c);
	}
}

TEST(an_error_ends_its_operation_only)
{
	for (enum dialect d = 0; d < N_DIALECTS; d++) {
		begin(d, 1 << 20);
		m.fail_type = NBD_CMD_WRITE + 1;
		m.fail_error = NBD_ENOSPC;
		CHECK_INT(perform(NBD_CMD_WRITE, 0, 20, 1), -ENOSPC);
		CHECK_INT(nbd_client_retained(c), 0);
		m.fail_type = NBD_CMD_READ + 1;
		m.fail_error = 12345;
		CHECK_INT(perform(NBD_CMD_READ, 0, 20, 1), -EIO);
		m.fail_type = 0;
		CHECK_INT(perform(NBD_CMD_READ, 0, 20, 1), 0);
		nbd_client_free(c);
	}
}

TEST(what_makes_no_sense_is_not_taken)
{
	begin(DIALECT_EXTENDED, 0);
	struct try *t = try_new(NBD_CMD_READ, 31, 2, 0);
	CHECK_INT(nbd_client_submit(c, &t->op), -EINVAL);
	t->op.offset = 1;
	CHECK_INT(nbd_client_submit(c, &t->op), -EINVAL);
	t->op.offset = UINT64_MAX - MODEL_BLOCK + 1;
	CHECK_INT(nbd_client_submit(c, &t->op), -EINVAL);
	t->op.offset = t->op.length = 0;
	CHECK_INT(nbd_client_submit(c, &t->op), -EINVAL);
	t->op.length = MODEL_BLOCK;
	t->op.flags = NBD_CMD_FLAG_FUA;
	CHECK_INT(nbd_client_submit(c, &t->op), -EINVAL);
	t->op.type = NBD_CMD_DISC;
	t->op.flags = 0;
	CHECK_INT(nbd_client_submit(c, &t->op), -EINVAL);
	nbd_client_free(c);

	model_init(&m, DIALECT_EXTENDED);
	m.flags = NBD_FLAG_HAS_FLAGS | NBD_FLAG_READ_ONLY;
	client_new(0, false);
	CHECK_INT(nbd_client_start(c, NULL, 0), 0);
	CHECK_INT(pump(), 0);
	t->op.type = NBD_CMD_WRITE;
	CHECK_INT(nbd_client_submit(c, &t->op), -EROFS);
	t->op.type = NBD_CMD_FLUSH;
	t->op.length = 0;
	CHECK_INT(nbd_client_submit(c, &t->op), -EOPNOTSUPP);
	nbd_client_free(c);
	free(t);
}

TEST(too_many_operations_are_not_taken_and_failing_ends_them_all)
{
	begin(DIALECT_STATUS, 0);
	static struct try *t[33];
	for (int i = 0; i < 32; i++)
		t[i] = submit(NBD_CMD_READ, 0, 1, 0);
	t[32] = try_new(NBD_CMD_READ, 0, 1, 0);
	CHECK_INT(nbd_client_submit(c, &t[32]->op), -EAGAIN);
	struct iovec iov[4];
	CHECK_INT(nbd_client_output(c, iov, 4), 1); /* small ones are one piece */
	CHECK_INT(iov[0].iov_len, 8 * NBD_REQUEST_SIZE);
	nbd_client_fail(c, -EIO);
	CHECK_INT(nbd_client_submit(c, &t[32]->op), -EIO);
	CHECK_INT(nbd_client_start(c, NULL, 0), -EIO);
	for (int i = 0; i < 33; i++) {
		CHECK_INT(t[i]->n_done, i < 32);
		CHECK_INT(t[i]->error, i < 32 ? -EIO : 0);
		free(t[i]);
	}
	nbd_client_free(c);
}

TEST(what_waits_too_long_can_be_given_up)
{
	begin(DIALECT_EXTENDED, 1 << 20);
	CHECK_INT(perform(NBD_CMD_WRITE, 0, 1, 0x77), 0);
	nbd_client_lost(c);
	struct try *t = submit(NBD_CMD_WRITE, 1, 1, 0x78);
	nbd_client_expire(c, -EIO);
	CHECK_INT(t->n_done, 1);
	CHECK_INT(t->n_released, 1);
	CHECK_INT(t->error, -EIO);
	free(t);
	again(true);
	CHECK_INT(pump(), 0);
	check_disk(0, 1, 0x77); /* kept all the same */
	check_disk(1, 1, 0);
	CHECK_INT(perform(NBD_CMD_READ, 0, 2, 0), 0);
	nbd_client_free(c);
}

/* ---- what is not flushed --------------------------------------------------------------------- */

TEST(what_was_not_flushed_is_kept_until_it_is)
{
	begin(DIALECT_STATUS, 1 << 20);
	struct try *t = submit(NBD_CMD_WRITE, 0, 2, 1);
	CHECK_INT(pump(), 0);
	CHECK_INT(t->n_done, 1);
	CHECK_INT(t->n_released, 0);
	CHECK_INT(nbd_client_retained(c), 2 * MODEL_BLOCK);
	CHECK_INT(perform(NBD_CMD_FLUSH, 0, 0, 0), 0);
	CHECK_INT(t->n_released, 1);
	CHECK_INT(nbd_client_retained(c), 0);
	free(t);
	t = try_new(NBD_CMD_WRITE, 0, 2, 1);
	t->op.flags = NBD_CMD_FLAG_FUA;
	CHECK_INT(nbd_client_submit(c, &t->op), 0);
	CHECK_INT(pump(), 0);
	CHECK_INT(t->n_released, 1);
	free(t);
	nbd_client_free(c);
}

TEST(a_flush_does_not_cover_what_is_acknowledged_after_it_was_sent)
{
	begin(DIALECT_STATUS, 1 << 20);
	struct try *f = submit(NBD_CMD_FLUSH, 0, 0, 0), *w = submit(NBD_CMD_WRITE, 0, 1, 1);
	CHECK_INT(pump(), 0); /* both sent at once */
	CHECK(f->n_done && w->n_done);
	CHECK_INT(w->n_released, 0);
	free(f);
	nbd_client_free(c);
	CHECK_INT(w->n_released, 1);
	free(w);
}

TEST(another_epoch_has_everything_written_again_in_order)
{
	begin(DIALECT_EXTENDED, 1 << 20);
	CHECK_INT(perform(NBD_CMD_WRITE, 0, 4, 1), 0);
	CHECK_INT(perform(NBD_CMD_FLUSH, 0, 0, 0), 0);
	CHECK_INT(perform(NBD_CMD_WRITE, 2, 16, 2), 0);
	CHECK_INT(perform(NBD_CMD_WRITE, 3, 1, 3), 0);
	CHECK_INT(perform(NBD_CMD_WRITE_ZEROES, 4, 2, 0), 0);
	CHECK_INT(perform(NBD_CMD_WRITE, 5, 1, 4), 0);
	struct try *t = try_new(NBD_CMD_WRITE, 6, 1, 5);
	t->op.flags = NBD_CMD_FLAG_FUA; /* overlaps what is kept */
	CHECK_INT(nbd_client_submit(c, &t->op), 0);
	t->forgotten = true;
	CHECK_INT(pump(), 0);
	uint8_t before[MODEL_SIZE];
	memcpy(before, m.disk, sizeof(before));
	again(true);
	check_disk(2, 1, 1);
	CHECK_INT(pump(), 0);
	CHECK(memcmp(before, m.disk, sizeof(before)) == 0);
	unsigned n = m.n_writes;
	again(false); /* "one" after "two": another again */
	CHECK_INT(pump(), 0);
	CHECK_INT(m.n_writes, n + 5);
	again(false);
	CHECK_INT(pump(), 0);
	CHECK_INT(m.n_writes, n + 5);
	nbd_client_free(c);
}

TEST(another_epoch_without_anything_kept_fails_if_something_was_not_flushed)
{
	begin(DIALECT_EXTENDED, 0);
	CHECK_INT(perform(NBD_CMD_WRITE, 0, 1, 1), 0);
	CHECK_INT(perform(NBD_CMD_FLUSH, 0, 0, 0), 0);
	nbd_client_lost(c);
	model_connect(&m, true);
	CHECK_INT(nbd_client_start(c, "two", 3), 0);
	CHECK_INT(pump(), 0);
	CHECK_INT(perform(NBD_CMD_WRITE, 0, 1, 1), 0);
	struct try *t = submit(NBD_CMD_READ, 0, 1, 0);
	nbd_client_lost(c);
	CHECK_INT(nbd_client_start(c, "three", 5), -EIO);
	CHECK_INT(t->error, -EIO);
	free(t);
	nbd_client_free(c);
}

TEST(what_cannot_be_written_again_fails_the_client)
{
	begin(DIALECT_EXTENDED, 1 << 20);
	CHECK_INT(perform(NBD_CMD_WRITE, 0, 1, 1), 0);
	again(true);
	m.fail_type = NBD_CMD_WRITE + 1;
	m.fail_error = NBD_ENOSPC;
	CHECK_INT(pump(), -EPROTO);
	struct try *t = try_new(NBD_CMD_READ, 0, 1, 0);
	CHECK_INT(nbd_client_submit(c, &t->op), -ENOSPC);
	free(t);
	nbd_client_free(c);
}

TEST(when_much_is_kept_it_is_flushed_and_writes_wait_for_room)
{
	begin(DIALECT_STATUS, 10 * MODEL_BLOCK);
	struct try *t[12];
	for (unsigned i = 0; i < 12; i++)
		t[i] = submit(NBD_CMD_WRITE, i, 2 + (i == 11) * 18, (int)i);
	for (size_t budget = 1; nbd_client_pending(c) > 0; budget = 1) {
		CHECK_INT(model_pump(&m, c, &budget), 0);
		CHECK(nbd_client_retained(c) <= 20 * MODEL_BLOCK);
	}
	CHECK(m.n_flushes >= 2 && m.n_flushes <= 12);
	check_disk(11, 20, 11);
	nbd_client_free(c);
	for (unsigned i = 0; i < 12; i++) {
		CHECK_INT(t[i]->n_released, 1);
		free(t[i]);
	}
}

TEST(an_error_of_the_clients_own_flush_is_that_of_the_callers_next)
{
	begin(DIALECT_STATUS, 4 * MODEL_BLOCK);
	m.fail_type = NBD_CMD_FLUSH + 1;
	m.fail_error = NBD_EIO;
	CHECK_INT(perform(NBD_CMD_WRITE, 0, 3, 1), 0);
	CHECK_INT(perform(NBD_CMD_WRITE, 4, 3, 1), 0);
	m.fail_type = 0;
	CHECK_INT(perform(NBD_CMD_FLUSH, 0, 0, 0), -EIO);
	CHECK_INT(perform(NBD_CMD_FLUSH, 0, 0, 0), 0);
	CHECK_INT(nbd_client_retained(c), 0);
	nbd_client_free(c);
}

TEST(what_overlaps_is_sent_again_one_after_the_other)
{
	begin(DIALECT_STATUS, 0);
	struct try *t[4];
	for (unsigned i = 0; i < 4; i++)
		t[i] = submit(i == 2 ? NBD_CMD_READ : NBD_CMD_WRITE, i, 3, (int)i + 1);
	struct iovec iov[8];
	CHECK_INT(nbd_client_output(c, iov, 8), 6);
	again(false);
	CHECK_INT(pump(), 0);
	CHECK_INT(m.n_overlaps, 0);
	for (unsigned i = 0; i < 4; i++) {
		CHECK_INT(t[i]->n_done, 1);
		check_disk(i, 1, (int[]){1, 2, 2, 4}[i]);
	}
	CHECK_INT(t[2]->data[0], 2); /* in the order in which they were submitted */
	CHECK_INT(t[2]->data[MODEL_BLOCK], 2);
	CHECK_INT(t[2]->data[2 * MODEL_BLOCK], 0);
	for (unsigned i = 0; i < 4; i++)
		free(t[i]);
	nbd_client_free(c);
}

TEST(nothing_is_asked_for_after_an_error)
{
	begin(DIALECT_SIMPLE, 0);
	struct try *t[7];
	for (unsigned i = 0; i < 6; i++)
		t[i] = submit(NBD_CMD_READ, i, 1, 0);
	t[6] = submit(NBD_CMD_READ, 0, 32, 0); /* four requests, two of which have room */
	m.fail_type = NBD_CMD_READ + 1;
	m.fail_error = NBD_EIO;
	size_t budget = 8 * NBD_REQUEST_SIZE + NBD_SIMPLE_REPLY_SIZE; /* and the first answer */
	CHECK_INT(model_pump(&m, c, &budget), 0);
	CHECK_INT(pump(), 0);
	CHECK_INT(m.n_requests, 8);
	for (unsigned i = 0; i < 7; i++) {
		CHECK_INT(t[i]->n_done, 1);
		CHECK_INT(t[i]->error, -EIO);
		free(t[i]);
	}
	nbd_client_free(c);
}
