/* SPDX-License-Identifier: MIT */
/* The NBD client, its connection cut off after every byte, of every dialect. */
#include "wire/nbd/nbd-client-tries.h"

static const struct step {
	enum nbd_command type;
	uint16_t flags;
	unsigned block, n;
	int fill;
	bool together; /* with the next one */
} script[] = {
	{NBD_CMD_WRITE, 0, 0, 4, 0x21, true},
	{NBD_CMD_WRITE, 0, 6, 12, 0x22, true},
	{NBD_CMD_READ, 0, 20, 2, 0, false},
	{NBD_CMD_WRITE, NBD_CMD_FLAG_FUA, 2, 3, 0x23, true},
	{NBD_CMD_FLUSH, 0, 0, 0, 0, false},
	{NBD_CMD_WRITE_ZEROES, 0, 3, 5, 0, true},
	{NBD_CMD_READ, 0, 8, 10, 0x22, false},
	{NBD_CMD_WRITE, 0, 4, 1, 0x24, false},
	{NBD_CMD_TRIM, 0, 9, 2, 0, true},
	{NBD_CMD_WRITE, NBD_CMD_FLAG_FUA, 5, 1, 0x25, true},
	{NBD_CMD_BLOCK_STATUS, 0, 0, 8, 0, false},
	{NBD_CMD_WRITE, 0, 9, 1, 0x26, false},
	{NBD_CMD_READ, 0, 9, 1, 0x26, true},
	{NBD_CMD_READ, 0, 4, 1, 0x24, false},
};

static const struct after {
	unsigned block, n;
	int fill;
} afterwards[] = {{0, 2, 0x21}, {2, 1, 0x23}, {3, 1, 0}, {4, 1, 0x24}, {5, 1, 0x25}, {6, 2, 0},
	{8, 1, 0x22}, {9, 1, 0x26}, {10, 1, 0}, {11, 7, 0x22}, {18, 14, 0}};

/* The whole script; the connection is cut when `cut` bytes have moved, either way. Returns how many
 * were. */
static size_t script_run(size_t cut, bool crash)
{
	size_t moved = 0;
	struct try *t[ARRAY_SIZE(script)];
	for (size_t i = 0, first = 0; i < ARRAY_SIZE(script); i++) {
		const struct step *s = &script[i];
		t[i] = try_new(s->type, s->block, s->n, s->fill);
		t[i]->op.flags = s->flags;
		CHECK_INT(nbd_client_submit(c, &t[i]->op), 0);
		if (s->together)
			continue;
		size_t budget = cut > moved ? cut - moved : SIZE_MAX, had = budget;
		CHECK_INT(model_pump(&m, c, &budget), 0);
		moved += had - budget;
		if (moved == cut && budget == 0) {
			again(crash);
			CHECK_INT(pump(), 0);
		}
		for (; first <= i; first++) {
			CHECK_INT(t[first]->n_done, 1);
			CHECK_INT(t[first]->error, 0);
			if (script[first].type == NBD_CMD_READ)
				check_blocks(t[first]->data, script[first].n, script[first].fill);
		}
	}
	CHECK_INT(perform(NBD_CMD_FLUSH, 0, 0, 0), 0);
	CHECK_INT(nbd_client_retained(c), 0);
	for (size_t i = 0; i < ARRAY_SIZE(script); i++) {
		CHECK_INT(t[i]->n_released, t[i]->op.type == NBD_CMD_WRITE);
		free(t[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(afterwards); i++)
		check_disk(afterwards[i].block, afterwards[i].n, afterwards[i].fill);
	CHECK(memcmp(m.disk, m.safe, sizeof(m.disk)) == 0);
	return moved;
}

static void cut_everywhere(bool crash, size_t retain)
{
	for (enum dialect d = 0; d < N_DIALECTS; d++) {
		size_t all = SIZE_MAX;
		for (size_t cut = 0; cut <= all; cut++) {
			model_init(&m, d);
			client_new(retain, false);
			CHECK_INT(nbd_client_start(c, "one", 3), 0);
			size_t moved = script_run(cut ? cut : SIZE_MAX, crash);
			if (cut == 0)
				all = moved;
			nbd_client_free(c);
		}
		CHECK(all > 3000 && all < 20000);
	}
}

TEST(a_connection_cut_after_any_byte_loses_nothing)
{
	cut_everywhere(false, 0);
}

TEST(a_machine_restarted_after_any_byte_loses_nothing)
{
	cut_everywhere(true, 1 << 20);
}

TEST(a_machine_restarted_after_any_byte_loses_nothing_when_little_is_kept)
{
	cut_everywhere(true, 6 * MODEL_BLOCK);
}

/* The machine is restarted again and again while the client is writing again what was lost. */
TEST(writing_again_may_be_interrupted_as_well)
{
	for (size_t step = 40; step < 1200; step++) {
		model_init(&m, DIALECT_EXTENDED);
		client_new(1 << 20, false);
		CHECK_INT(nbd_client_start(c, "one", 3), 0);
		for (unsigned i = 0; i < 6; i++)
			perform(NBD_CMD_WRITE, i, 3, (int)i + 1);
		static const char *const epochs[] = {"two", "six", "ten"};
		for (unsigned i = 0; i < 3; i++) {
			nbd_client_lost(c);
			model_connect(&m, i != 1);
			CHECK_INT(nbd_client_start(c, epochs[i], 3), 0);
			size_t budget = i == 2 ? SIZE_MAX : step;
			CHECK_INT(model_pump(&m, c, &budget), 0);
		}
		for (unsigned i = 0; i < 6; i++)
			check_disk(i, i == 5 ? 3 : 1, (int)i + 1);
		nbd_client_free(c);
	}
}
