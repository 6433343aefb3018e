/* SPDX-License-Identifier: MIT */
/* Nodes on loopback addresses, with directories of their own. */
#include "role/place.h"
#include "loop/link.h"
#include "base/test.h"

#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char top[] = "/tmp/metac-place-XXXXXX";
static char runtime_dir[64], state_dir[64];

static struct place_options setup(const char *address)
{
	if (geteuid())
		test_skip("needs root");
	if (!runtime_dir[0]) {
		CHECK(mkdtemp(top));
		snprintf(runtime_dir, sizeof(runtime_dir), "%s/run/metac", top);
		snprintf(state_dir, sizeof(state_dir), "%s/lib", top);
	}
	return (struct place_options){.address = address,
		.runtime_dir = runtime_dir,
		.state_dir = state_dir,
		.user = "65534:65534"};
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void cleanup(void)
{
	nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void expect(const struct place_options *o, int code, const char *text)
{
	struct place p;
	struct err e = {0};
	int r = place_open(o, &p, &e);
	CHECK_INT(r, code);
	if (!strstr(e.msg, text))
		test_fail(__FILE__, __LINE__, "\"%s\" does not say \"%s\"", e.msg, text);
}

static mode_t mode_of(const char *base, const char *name, uid_t owner)
{
	char path[PATH_MAX + 16];
	struct stat st;
	snprintf(path, sizeof(path), "%s%s", base, name);
	if (stat(path, &st) < 0)
		return 0;
	CHECK_INT(st.st_uid, owner);
	return st.st_mode & 07777;
}

TEST(place_is_made_and_cleared)
{
	struct place_options o = setup("127.0.0.31");
	struct place p;
	struct err e = {0};
	int r = place_open(&o, &p, &e);
	if (r < 0)
		test_fail(__FILE__, __LINE__, "%s", e.msg);
	CHECK_INT(mode_of(p.runtime, "", 0), 0755);
	CHECK_INT(mode_of(p.runtime, "/socket", 0), 0600);
	CHECK_INT(mode_of(p.runtime, "/lock", 0), 0600);
	CHECK_INT(mode_of(p.state, "", 65534), 0700);
	expect(&o, -EBUSY, "another metacd (process ");
	place_close(&p);
	CHECK_INT(mode_of(p.runtime, "", 0), 0);
	CHECK_INT(mode_of(p.state, "", 65534), 0700);
	cleanup();
}

TEST(killed_predecessor_is_replaced)
{
	struct place_options o = setup("127.0.0.32");
	struct place p;
	struct err e = {0};
	pid_t pid = fork();
	if (!pid)
		_exit(place_open(&o, &p, &e) < 0);
	int status;
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
	CHECK_INT(place_open(&o, &p, &e), 0);
	place_close(&p);
	cleanup();
}

TEST(bad_starts_have_clear_errors_and_leave_nothing)
{
	struct place_options o = setup("photos");
	expect(&o, -EINVAL, "not an IP address: photos");
	o.address = "0.0.0.0";
	expect(&o, -EINVAL, "not one address");
	o.address = "224.0.0.1";
	expect(&o, -EINVAL, "address of a group");
	o.address = "ff02::1";
	expect(&o, -EINVAL, "address of a group");
	o.address = "192.0.2.7";
	expect(&o, -EADDRNOTAVAIL, "192.0.2.7 is not an address of this host");
	o.address = "127.0.0.33";
	o.user = "no-such-user";
	expect(&o, -ENOENT, "no such user: no-such-user");
	o.user = "root";
	expect(&o, -EINVAL, "must not be root");
	CHECK(access(runtime_dir, F_OK) < 0);
	cleanup();
}

TEST(taken_port_is_told)
{
	struct place_options o = setup("127.0.0.34");
	struct sockaddr_storage sa;
	socklen_t len;
	CHECK_INT(addr_parse(o.address, PLACE_PORT, &sa, &len), 0);
	int fd = listen_tcp(&sa, len, 1);
	CHECK(fd >= 0);
	expect(&o, -EADDRINUSE, "TCP port 901 of 127.0.0.34 is taken");
	close(fd);
	char path[128];
	snprintf(path, sizeof(path), "%s/127.0.0.34", runtime_dir);
	CHECK(access(path, F_OK) < 0);
	cleanup();
}

/* A node whose supervisor was killed holds the port a little longer. */
TEST(port_that_is_about_to_be_free_is_waited_for)
{
	struct place_options o = setup("127.0.0.35");
	struct sockaddr_storage sa;
	socklen_t len;
	CHECK_INT(addr_parse(o.address, PLACE_PORT, &sa, &len), 0);
	int fd = listen_tcp(&sa, len, 1);
	CHECK(fd >= 0);
	pid_t dying = fork();
	CHECK(dying >= 0);
	if (!dying) {
		usleep(300000);
		_exit(0);
	}
	close(fd);
	struct place p;
	struct err e = {0};
	CHECK_INT(place_open(&o, &p, &e), 0);
	CHECK(waitpid(dying, NULL, 0) == dying);
	place_close(&p);
	cleanup();
}

static int as_nobody(const struct place_options *o)
{
	struct place p;
	struct err e = {0};
	if (setuid(65534) < 0)
		return 9;
	return place_open(o, &p, &e) == -EPERM && strstr(e.msg, "root") ? 0 : 1;
}

TEST(root_is_needed)
{
	struct place_options o = setup("127.0.0.35");
	pid_t pid = fork();
	if (!pid)
		_exit(as_nobody(&o));
	int status;
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
	cleanup();
}

TEST(directory_that_others_can_write_is_refused)
{
	struct place_options o = setup("127.0.0.36");
	CHECK_INT(mkdir(state_dir, 0777), 0);
	CHECK_INT(chmod(state_dir, 0777), 0);
	expect(&o, -EPERM, "must belong to root");
	CHECK_INT(chmod(state_dir, 0755), 0);
	CHECK_INT(chown(state_dir, 65534, 65534), 0);
	expect(&o, -EPERM, "must belong to root");
	cleanup();
}

TEST(symbolic_link_in_place_of_the_state_is_not_followed)
{
	struct place_options o = setup("127.0.0.37");
	char path[128];
	CHECK_INT(mkdir(state_dir, 0755), 0);
	snprintf(path, sizeof(path), "%s/127.0.0.37", state_dir);
	CHECK_INT(symlink("/etc", path), 0);
	expect(&o, -ENOTDIR, "cannot open directory");
	cleanup();
}

TEST(files_follow_a_change_of_user)
{
	struct place_options o = setup("127.0.0.38");
	struct place p;
	struct err e = {0};
	char path[PATH_MAX + 16];
	o.user = "1234:1234";
	CHECK_INT(place_open(&o, &p, &e), 0);
	place_close(&p);
	snprintf(path, sizeof(path), "%s/db", p.state);
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	CHECK_INT(fchown(fd, 1234, 1234), 0);
	close(fd);
	snprintf(path, sizeof(path), "%s/foreign", p.state);
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	o.user = "65534:65534";
	CHECK_INT(place_open(&o, &p, &e), 0);
	place_close(&p);
	CHECK_INT(mode_of(p.state, "", 65534), 0700);
	CHECK_INT(mode_of(p.state, "/db", 65534), 0600);
	CHECK_INT(mode_of(p.state, "/foreign", 0), 0600);
	cleanup();
}
