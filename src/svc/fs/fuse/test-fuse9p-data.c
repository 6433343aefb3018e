/* SPDX-License-Identifier: MIT */
/*
 * Buffered writes against a server played by hand (client-fixture.h): what is sent when, in which
 * order, who hears of errors, and that after any order of answers and any number of lost
 * connections the file is what was written.
 */
#include "svc/fs/fuse/fuse9p-data.h"
#include "wire/9p/client-fixture.h"

#include <fcntl.h>

enum { FID = 70, SIZE = 64 * 1024, MSIZE = 16 * 1024 };

static struct f9 fs;
static struct f9_node *node;
static int woken; /* how often a waiting operation went on; with what: */
static int woken_error;

static void connection_begins(void)
{
	struct answer a = {};
	struct p9_msg m;
	CHECK(p9_client_start(fs.client, on_reply, &a) >= 0);
	CHECK(take(fs.client, &m));
	CHECK_INT(GIVE(fs.client, P9_NOTAG, .type = P9_Rversion,
			  .rversion = {.msize = MSIZE, .version = p9_str(P9_VERSION_METAC)}),
		0);
	CHECK_INT(a.error, 0);
	fs.metac = true;
	f9_up(&fs);
}

static void begin(void)
{
	struct p9_client_config config = {.msize = MSIZE};
	struct p9_client *c = NULL;
	struct p9_qid qid = {.path = 7};
	CHECK_INT(p9_client_new(&config, &c), 0);
	fs = (struct f9){};
	CHECK_INT(f9_init(&fs, c), 0);
	connection_begins();
	node = f9_node_get(&fs, &qid, fs.root, "f");
	woken = 0;
}

static struct f9_handle *open_file(int flags, uint32_t fid)
{
	struct f9_handle *h = calloc(1, sizeof(*h));
	CHECK(h);
	h->node = f9_node_ref(node);
	h->fid = fid;
	h->flags = flags;
	list_init(&h->idle_on_fs);
	list_append(&node->handles, &h->on_node);
	list_append(&fs.handles, &h->on_fs);
	return h;
}

/* Numbers that the client did not give out are not given back to it. */
static void close_file(struct f9_handle *h)
{
	h->fid = P9_NOFID;
	f9_handle_free(&fs, h);
}

static void end(void)
{
	p9_client_fail(fs.client, -ENOTCONN);
	f9_node_unref(&fs, node);
	f9_done(&fs);
	p9_client_free(fs.client);
}

static int put(struct f9_handle *h, uint64_t offset, const char *text)
{
	return f9_data_write(&fs, h, text, strlen(text), offset);
}

static bool take_write(struct p9_msg *m, uint64_t offset, const char *text)
{
	if (!take(fs.client, m))
		return false;
	CHECK_INT(m->type, P9_Twrite);
	CHECK_INT(m->twrite.offset, offset);
	CHECK_INT(m->twrite.data.len, strlen(text));
	CHECK(!memcmp(m->twrite.data.p, text, strlen(text)));
	return true;
}

static void answer(uint16_t tag, uint32_t count)
{
	CHECK_INT(GIVE(fs.client, tag, .type = P9_Rwrite, .rwrite = {.count = count}), 0);
}

static void refuse(uint16_t tag, uint32_t error)
{
	CHECK_INT(GIVE(fs.client, tag, .type = P9_Rlerror, .rlerror = {.ecode = error}), 0);
}

static bool nothing_sent(void)
{
	struct p9_msg m;
	return !take(fs.client, &m);
}

static void on_woken(struct f9_op *op, int error, const struct p9_msg *m)
{
	woken++;
	woken_error = error;
	(void)op, (void)m;
}

static struct f9_op *operation(void)
{
	struct f9_op *op = calloc(1, sizeof(*op));
	CHECK(op);
	op->fs = &fs;
	op->node = node;
	op->number = ++fs.n_started;
	list_init(&op->wait);
	list_init(&op->park);
	return op;
}

TEST(the_first_write_leaves_at_once_and_small_ones_go_together)
{
	struct p9_msg a, b;
	begin();
	struct f9_handle *h = open_file(O_WRONLY, FID);
	CHECK_INT(put(h, 0, "one"), 0);
	CHECK(take_write(&a, 0, "one"));
	CHECK_INT(put(h, 3, "two"), 0);
	CHECK_INT(put(h, 6, "three"), 0);
	CHECK(nothing_sent());
	CHECK_INT(f9_data_bytes(&fs) >= 11, 1);
	answer(a.tag, 3);
	CHECK(take_write(&b, 3, "twothree"));
	answer(b.tag, 8);
	CHECK(!f9_data_dirty(node));
	CHECK_INT(f9_data_bytes(&fs), 0);
	close_file(h);
	end();
}

TEST(what_overlaps_waits_and_what_does_not_overtakes)
{
	struct p9_msg a, b, c;
	begin();
	struct f9_handle *h = open_file(O_WRONLY, FID);
	CHECK_INT(put(h, 0, "aaaa"), 0);
	CHECK(take_write(&a, 0, "aaaa"));
	CHECK_INT(put(h, 2, "bbbb"), 0); /* behind the first */
	CHECK_INT(put(h, 100, "cc"), 0);
	CHECK_INT(put(h, 200, "d"), 0); /* lets the one before it go */
	CHECK(take_write(&c, 100, "cc"));
	CHECK(nothing_sent());
	answer(a.tag, 4);
	CHECK(take_write(&b, 2, "bbbb"));
	close_file(h); /* goes on by itself */
	CHECK_INT(list_empty(&fs.handles), 0);
	answer(b.tag, 4);
	answer(c.tag, 2);
	CHECK(take_write(&a, 200, "d"));
	answer(a.tag, 1);
	CHECK(list_empty(&fs.handles));
	end();
}

TEST(a_write_into_what_is_not_sent_yet_replaces_it)
{
	struct p9_msg a;
	begin();
	struct f9_handle *h = open_file(O_WRONLY, FID);
	CHECK_INT(put(h, 0, "x"), 0);
	CHECK(take_write(&a, 0, "x"));
	CHECK_INT(put(h, 10, "0123456789"), 0);
	CHECK_INT(put(h, 12, "AB"), 0);
	CHECK_INT(put(h, 18, "CDEF"), 0);
	answer(a.tag, 1);
	CHECK(take_write(&a, 10, "01AB4567CDEF"));
	answer(a.tag, 12);
	close_file(h);
	end();
}

TEST(the_rest_of_a_short_write_is_sent_again_and_none_at_all_is_an_error)
{
	struct p9_msg a;
	begin();
	struct f9_handle *h = open_file(O_WRONLY, FID);
	CHECK_INT(put(h, 0, "abcdef"), 0);
	CHECK(take_write(&a, 0, "abcdef"));
	answer(a.tag, 2);
	CHECK(take_write(&a, 2, "cdef"));
	answer(a.tag, 0);
	CHECK(!f9_data_dirty(node));
	CHECK_INT(f9_data_error(h), -EIO);
	CHECK_INT(f9_data_error(h), 0);
	close_file(h);
	end();
}

TEST(an_error_is_told_once_to_each_who_writes)
{
	struct p9_msg a;
	begin();
	struct f9_handle *one = open_file(O_WRONLY, FID), *two = open_file(O_RDWR, FID + 1),
			 *reader = open_file(O_RDONLY, FID + 2);
	CHECK_INT(put(one, 0, "abc"), 0);
	CHECK(take_write(&a, 0, "abc"));
	refuse(a.tag, ENOSPC);
	CHECK_INT(f9_data_error(two), -ENOSPC);
	CHECK_INT(f9_data_error(two), 0);
	CHECK_INT(f9_data_error(one), -ENOSPC);
	CHECK_INT(f9_data_error(reader), 0);
	close_file(one);
	close_file(two);
	close_file(reader);
	end();
}

TEST(who_waits_goes_on_after_what_was_written_before)
{
	struct p9_msg a, b;
	begin();
	struct f9_handle *h = open_file(O_WRONLY, FID);
	struct f9_op *op = operation(), *range = operation();
	f9_data_settle(op, node, on_woken);
	CHECK_INT(woken, 1); /* nothing was written */
	CHECK_INT(put(h, 0, "a"), 0);
	CHECK(take_write(&a, 0, "a"));
	CHECK_INT(put(h, 1, "b"), 0);
	f9_data_settle(op, node, on_woken); /* and nothing is held back any more */
	CHECK(take_write(&b, 1, "b"));
	f9_data_settle_range(range, node, 0, 1, on_woken);
	f9_data_settle_range(range, node, 500, 10, on_woken);
	CHECK_INT(woken, 2);
	CHECK_INT(put(h, 1000, "later"), 0);
	answer(b.tag, 1);
	CHECK_INT(woken, 2);
	answer(a.tag, 1);
	CHECK_INT(woken, 4);
	CHECK(take_write(&a, 1000, "later"));
	answer(a.tag, 5);
	close_file(h);
	f9_data_forget(op);
	free(op);
	free(range);
	end();
}

TEST(writes_beyond_the_limit_wait_for_room)
{
	static char block[MSIZE / 2];
	begin();
	struct f9_handle *h = open_file(O_WRONLY, FID);
	struct f9_op *op = operation();
	op->size = sizeof(block);
	uint64_t at = 0;
	int r;
	while (!(r = f9_data_write(&fs, h, block, sizeof(block), 2 * at)))
		at += sizeof(block);
	CHECK_INT(r, -EAGAIN);
	CHECK(at >= F9_DATA_FILE_CHUNKS / 2 * sizeof(block));
	CHECK(f9_data_bytes(&fs) <= F9_DATA_FILE_BYTES);
	f9_data_room(op, on_woken);
	struct p9_msg m;
	unsigned sent = 0;
	uint16_t tags[F9_DATA_FLIGHT + 1];
	while (take(fs.client, &m))
		tags[sent++] = m.tag;
	CHECK_INT(sent, F9_DATA_FLIGHT);
	CHECK_INT(woken, 0);
	answer(tags[0], sizeof(block));
	CHECK_INT(woken, 1);
	p9_client_fail(fs.client, -ENOTCONN);
	fs.down = true;
	f9_data_abandon(&fs, -EIO);
	CHECK_INT(f9_data_bytes(&fs), 0);
	CHECK_INT(f9_data_error(h), -EIO);
	close_file(h);
	free(op);
	end();
}

TEST(a_write_through_hears_of_its_own_error_alone)
{
	struct p9_msg a, b;
	begin();
	struct f9_handle *h = open_file(O_WRONLY, FID);
	struct f9_op *op = operation();
	static char large[MSIZE];
	CHECK_INT(f9_data_write_through(op, h, large, sizeof(large), 0, on_woken), 0);
	CHECK(take(fs.client, &a));
	CHECK(take(fs.client, &b));
	refuse(b.tag, EDQUOT);
	CHECK_INT(woken, 0);
	answer(a.tag, a.twrite.data.len);
	CHECK_INT(woken, 1);
	CHECK_INT(woken_error, -EDQUOT);
	CHECK_INT(f9_data_error(h), 0);
	CHECK_INT(f9_data_write_through(op, h, "x", 1, 0, on_woken), 0);
	CHECK(take(fs.client, &a));
	f9_data_forget(op); /* interrupted */
	free(op);
	answer(a.tag, 1);
	CHECK_INT(woken, 1);
	close_file(h);
	end();
}

TEST(a_size_that_is_older_than_the_write_is_not_told)
{
	struct p9_msg a;
	struct stat st = {.st_mode = S_IFREG, .st_size = 1};
	begin();
	struct f9_handle *h = open_file(O_WRONLY, FID);
	struct f9_op *before = operation();
	CHECK(!f9_data_attr(before, node, &st));
	CHECK_INT(put(h, 10, "abc"), 0);
	CHECK(f9_data_attr(before, node, &st));
	CHECK_INT(st.st_size, 13);
	CHECK(take_write(&a, 10, "abc"));
	answer(a.tag, 3);
	st.st_size = 1; /* the answer to it may have overtaken the write */
	CHECK(f9_data_attr(before, node, &st));
	CHECK_INT(st.st_size, 13);
	struct f9_op *after = operation();
	st.st_size = 1; /* somebody truncated it there */
	CHECK(!f9_data_attr(after, node, &st));
	CHECK_INT(st.st_size, 1);
	free(before);
	free(after);
	close_file(h);
	end();
}

TEST(a_file_not_found_again_tells_so_and_others_are_sent_again)
{
	struct p9_msg m;
	begin();
	struct f9_handle *gone = open_file(O_WRONLY, FID), *found = open_file(O_WRONLY, FID + 1);
	CHECK_INT(put(gone, 0, "gone"), 0);
	CHECK_INT(put(found, 100, "found"), 0);
	CHECK_INT(put(found, 200, "unsent"), 0);
	while (take(fs.client, &m))
		;
	f9_park_all(&fs);
	CHECK_INT(put(found, 300, "while it was down"), 0);
	p9_client_reset(fs.client);
	connection_begins();
	gone->error = -ESTALE;
	found->fid = FID + 2;
	f9_data_resume(&fs);
	CHECK_INT(f9_data_error(gone), -ESTALE);
	CHECK(take_write(&m, 100, "found"));
	CHECK_INT(m.twrite.fid, FID + 2);
	uint16_t tag = m.tag;
	CHECK(take_write(&m, 200, "unsent"));
	answer(m.tag, 6);
	answer(tag, 5);
	CHECK(take_write(&m, 300, "while it was down"));
	answer(m.tag, 17);
	CHECK(!f9_data_dirty(node));
	close_file(gone);
	close_file(found);
	end();
}

/* ---- any order of answers, any number of losses ---- */

enum { MAX_OUT = 128 };

static uint8_t wanted[SIZE], there[SIZE];
static struct {
	uint16_t tag;
	uint64_t offset;
	uint32_t len;
	uint8_t *data;
} out[MAX_OUT];
static unsigned n_out;
static uint64_t state;

static uint32_t random_below(uint32_t n)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33) % n;
}

static void server_takes(void)
{
	struct p9_msg m;
	while (take(fs.client, &m)) {
		CHECK(n_out < MAX_OUT && m.type == P9_Twrite);
		out[n_out].tag = m.tag;
		out[n_out].offset = m.twrite.offset;
		out[n_out].len = m.twrite.data.len;
		out[n_out].data = malloc(m.twrite.data.len);
		CHECK(out[n_out].data);
		memcpy(out[n_out++].data, m.twrite.data.p, m.twrite.data.len);
	}
}

/* Does one of the requests that it has, perhaps not all of it. */
static void server_does(bool answers)
{
	unsigned i = random_below(n_out);
	uint32_t n = random_below(8) ? out[i].len : 1 + random_below(out[i].len);
	uint16_t tag = out[i].tag;
	CHECK(out[i].offset + out[i].len <= SIZE);
	memcpy(there + out[i].offset, out[i].data, n);
	free(out[i].data);
	out[i] = out[--n_out];
	if (answers)
		answer(tag, n);
}

static void connection_breaks(void)
{
	f9_park_all(&fs);
	while (n_out && random_below(2))
		server_does(false);
	while (n_out)
		free(out[--n_out].data);
	p9_client_reset(fs.client);
	connection_begins();
	f9_data_resume(&fs);
}

static void write_somewhere(struct f9_handle *const handles[], size_t n_handles, uint64_t *at)
{
	static uint8_t data[SIZE];
	uint32_t size = 1 + random_below(random_below(6) ? 300 : 3 * MSIZE);
	if (random_below(3) || *at + size > SIZE)
		*at = random_below(SIZE - size);
	for (uint32_t i = 0; i < size; i++)
		data[i] = (uint8_t)random_below(256);
	struct f9_handle *h = handles[random_below((uint32_t)n_handles)];
	if (f9_data_write(&fs, h, data, size, *at) == 0)
		memcpy(wanted + *at, data, size);
	*at += size;
}

TEST(after_any_order_of_answers_and_losses_the_file_is_what_was_written)
{
	for (unsigned seed = 1; seed <= 60; seed++) {
		state = seed;
		memset(wanted, 0, SIZE);
		memset(there, 0, SIZE);
		begin();
		struct f9_handle *handles[] = {
			open_file(O_WRONLY, FID), open_file(O_RDWR, FID + 1)};
		uint64_t at = 0;
		for (int step = 0; step < 400; step++) {
			server_takes();
			if (random_below(100) == 0)
				connection_breaks();
			else if (n_out && random_below(2))
				server_does(true);
			else
				write_somewhere(handles, ARRAY_SIZE(handles), &at);
		}
		for (server_takes(); n_out; server_takes())
			server_does(true);
		CHECK(!f9_data_dirty(node));
		CHECK_INT(f9_data_bytes(&fs), 0);
		CHECK(!memcmp(wanted, there, SIZE));
		close_file(handles[0]);
		close_file(handles[1]);
		end();
	}
}

TEST(a_server_that_wants_a_byte_at_a_time_does_not_get_a_chunk_for_each)
{
	struct p9_msg m;
	static char text[3001];
	begin();
	struct f9_handle *h = open_file(O_WRONLY, FID);
	h->iounit = 1;
	memset(text, 'x', sizeof(text) - 1);
	CHECK_INT(put(h, 0, text), 0);
	CHECK_INT(h->n_chunks, 1);
	for (unsigned i = 0; i < sizeof(text) - 1; i++) {
		CHECK(take_write(&m, i, "x"));
		answer(m.tag, 1);
	}
	CHECK(nothing_sent());
	CHECK(!f9_data_dirty(node));
	close_file(h);
	end();
}

TEST(a_hole_is_read_when_what_makes_it_one_is_there)
{
	struct p9_msg m;
	begin();
	struct f9_handle *h = open_file(O_RDWR, FID);
	struct f9_op *op = operation();
	node->size = 10;
	CHECK_INT(put(h, 100, "far"), 0);
	CHECK(take_write(&m, 100, "far"));
	f9_data_settle_range(op, node, 50, 20, on_woken);
	CHECK_INT(woken, 0);
	answer(m.tag, 3);
	CHECK_INT(woken, 1);
	/* Within the file nobody waits for what is elsewhere. */
	node->size = 200;
	CHECK_INT(put(h, 100, "far"), 0);
	CHECK(take_write(&m, 100, "far"));
	f9_data_settle_range(op, node, 50, 20, on_woken);
	CHECK_INT(woken, 2);
	answer(m.tag, 3);
	free(op);
	close_file(h);
	end();
}
