/* SPDX-License-Identifier: MIT */
#include "svc/fs/block/target.h"
#include "base/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

/* A directory with files of several sizes, removed by the test's end. */
struct place {
	char top[64], path[100];
};

static void sh(const char *line, const char *dir)
{
	CHECK(!setenv("D", dir, 1));
	CHECK_INT(system(line), 0);
}

static void up(struct place *p)
{
	strcpy(p->top, "/tmp/metac-target.XXXXXX");
	CHECK(mkdtemp(p->top));
	sh("cd $D && truncate -s 8192 disk && touch empty && truncate -s 1000 odd && mkdir sub && "
	   "mkfifo fifo && ln -s disk link && ln disk same",
		p->top);
}

static void down(struct place *p)
{
	sh("rm -rf $D", p->top);
}

static struct block_target target(struct place *p, const char *name)
{
	(void)snprintf(p->path, sizeof(p->path), "%s/%s", p->top, name);
	return (struct block_target){.view.path = p->path, .format = "raw"};
}

TEST(a_file_is_opened_as_a_device)
{
	struct place p;
	struct err e = {};
	struct block_file f, same;
	up(&p);
	struct block_target t = target(&p, "disk");
	CHECK_INT(block_target_open(&t, &f, &e), 0);
	CHECK_INT(f.size, 8192);
	CHECK(!f.device && f.block_min && f.block_preferred >= f.block_min);
	CHECK_INT(fcntl(f.fd, F_GETFL) & O_ACCMODE, O_RDWR);
	close(f.fd);
	t = target(&p, "same");
	t.view.read_only = true;
	CHECK_INT(block_target_open(&t, &same, &e), 0);
	CHECK_INT(fcntl(same.fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	CHECK(same.id.dev == f.id.dev && same.id.ino == f.id.ino);
	close(same.fd);
	down(&p);
}

TEST(what_is_no_device_is_said_in_a_line)
{
	static const struct {
		const char *name;
		int result;
		const char *text;
	} bad[] = {{"empty", -EINVAL, "is empty"}, {"odd", -EINVAL, "1000 bytes"},
		{"sub", -EISDIR, "Is a directory"}, {"fifo", -EINVAL, "not a regular file"},
		{"link", -ELOOP, "symbolic link"}, {"none", -ENOENT, "No such file"}};
	struct place p;
	struct block_file f;
	up(&p);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err e = {};
		struct block_target t = target(&p, bad[i].name);
		CHECK_INT(block_target_open(&t, &f, &e), bad[i].result);
		CHECK(strstr(e.msg, bad[i].text) && strstr(e.msg, p.path));
	}
	down(&p);
}

TEST(the_present_size_is_that_of_whole_sectors)
{
	struct place p;
	struct block_identity id;
	uint64_t size = 0;
	up(&p);
	struct block_target t = target(&p, "odd");
	CHECK_INT(block_target_size(&t, &id, &size), 0);
	CHECK_INT(size, 512);
	t = target(&p, "empty");
	CHECK_INT(block_target_size(&t, &id, &size), 0);
	CHECK_INT(size, 0);
	t = target(&p, "none");
	CHECK_INT(block_target_size(&t, &id, &size), -ENOENT);
	down(&p);
}

static int set(const struct view *v, const char *format, bool read_only, struct block_target *ret)
{
	struct vat_message *m = vat_message_new(0, 0);
	struct block_block_options_b b = block_block_options_init_root(m);
	block_block_options_set_format(b, vat_str(format));
	block_block_options_set_read_only(b, read_only);
	block_block_options_set_direct(b, true);
	int r = block_target_set(ret, v, block_block_options_root(m));
	vat_message_free(m);
	return r;
}

TEST(options_take_away_and_never_give)
{
	struct block_target t;
	struct view v = {.path = (char *)"/srv/disk", .read_only = true};
	CHECK_INT(set(&v, "", false, &t), 0);
	CHECK(t.view.read_only && t.direct && block_target_is_raw(&t));
	block_target_done(&t);
	v.read_only = false;
	CHECK_INT(set(&v, "qcow2", true, &t), 0);
	CHECK(t.view.read_only && !block_target_is_raw(&t));
	block_target_done(&t);
	static const char *const bad[] = {"qed", "RAW", "raw ", "file", "qcow2,file.filename=/x"};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_INT(set(&v, bad[i], false, &t), -EINVAL);
}

TEST(a_description_gives_the_target_back)
{
	struct block_target back, t = {.view = {.path = (char *)"/srv/x",
					       .read_only = true,
					       .limited = true,
					       .uid = 5,
					       .gid = 6},
					  .format = "qcow2",
					  .direct = true};
	char text[200], a[VIEW_ID_SIZE], b[VIEW_ID_SIZE];
	struct vat_message *m = vat_message_new(0, 0);
	block_target_describe(&t, block_block_description_init_root(m));
	CHECK_INT(block_target_from_description(block_block_description_root(m), &back), 0);
	block_target_summary(&back, "block device", text, sizeof(text));
	CHECK_STR(text, "block device /srv/x, read-only, as 5:6, qcow2, direct");
	block_target_id(&t, "blockdevice", a);
	block_target_id(&back, "blockdevice", b);
	CHECK_STR(a, b);
	back.direct = false;
	block_target_id(&back, "blockdevice", b);
	CHECK(strcmp(a, b) != 0);
	block_target_done(&back);

	block_block_description_set_format(
		block_block_description_init_root(m), vat_str("nonsense"));
	CHECK_INT(block_target_from_description(block_block_description_root(m), &back), -EINVAL);
	struct block_block_description_b d = block_block_description_init_root(m);
	block_block_description_set_path(d, vat_str("/a/../b"));
	CHECK_INT(block_target_from_description(block_block_description_root(m), &back), -EINVAL);
	vat_message_free(m);
}
