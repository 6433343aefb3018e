/* SPDX-License-Identifier: MIT */
#include "base/test.h"
#include "cli/side.h"

#include <fcntl.h>
#include <sys/stat.h>

static int reopen(struct side *s, const char *name)
{
	struct node *n = NULL;
	struct attr a;
	int r = s->ops->reopen(s->root, name, &n, &a);
	node_unref(n);
	return r;
}

TEST(only_a_file_of_our_own_is_continued)
{
	char dir[] = "/tmp/test-side-local.XXXXXX";
	struct side *s = NULL;
	struct node *n = NULL;
	CHECK(mkdtemp(dir) && !chdir(dir));
	CHECK_INT(side_local_open("./", &s), 0);
	CHECK_INT(s->ops->create(s->root, "part", &n), 0);
	node_unref(n);
	CHECK_INT(reopen(s, "part"), 0);
	CHECK(!symlink("part", "symbolic"));
	CHECK_INT(reopen(s, "symbolic"), -ELOOP);
	CHECK(!link("part", "hard"));
	CHECK_INT(reopen(s, "part"), -EPERM);
	CHECK(!unlink("hard"));
	CHECK(!mkfifo("fifo", 0600));
	CHECK_INT(reopen(s, "fifo"), -EINVAL);
	if (!geteuid()) {
		CHECK(!chown("part", 65534, 65534));
		CHECK_INT(reopen(s, "part"), -EPERM);
	}
	side_free(s);
	CHECK(!unlink("part") && !unlink("symbolic") && !unlink("fifo"));
	CHECK(!chdir("/") && !rmdir(dir));
}
