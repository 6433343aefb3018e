/* SPDX-License-Identifier: MIT */
#include "cli/serve-place.h"
#include "base/test.h"
#include "io/sockets.h"

#include <fcntl.h>
#include <sys/stat.h>

static char dir[] = "/tmp/metac-place-XXXXXX";
static char path[64];

static void make_dir(void)
{
	CHECK(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/a b+%%", dir);
}

static void check_refused(struct options o, int code, const char *text)
{
	struct serve_place p;
	struct err e = {};
	CHECK_INT(serve_place_open(&o, false, &p, &e), code);
	if (!strstr(e.msg, text))
		test_fail(__FILE__, __LINE__, "no \"%s\" in: %s", text, e.msg);
}

TEST(a_unix_socket_is_private_and_goes_with_its_server)
{
	struct serve_place p;
	struct err e = {};
	struct stat st;
	make_dir();
	CHECK_INT(serve_place_open(&(struct options){.unix_ = path}, false, &p, &e), 0);
	CHECK_STR(p.path, path);
	CHECK(!strncmp(p.uri, "nbd+unix:///?socket=/tmp/metac-place-", 37));
	CHECK(strstr(p.uri, "/a%20b%2B%25"));
	CHECK(!stat(path, &st) && S_ISSOCK(st.st_mode));
	CHECK_INT(st.st_mode & 0777, 0600);
	check_refused((struct options){.unix_ = path}, -EADDRINUSE, "somebody listens there");
	serve_place_close(&p);
	CHECK(lstat(path, &st) < 0);
	CHECK_INT(rmdir(dir), 0);
}

TEST(a_stale_socket_is_replaced_and_a_file_is_not)
{
	struct serve_place p;
	struct err e = {};
	struct stat st;
	make_dir();
	int fd = listen_unix(path, 0600);
	CHECK(fd >= 0);
	close(fd);
	CHECK_INT(serve_place_open(&(struct options){.unix_ = path}, false, &p, &e), 0);
	/* Somebody else's, meanwhile. */
	CHECK_INT(unlink(path), 0);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	CHECK(fd >= 0);
	close(fd);
	serve_place_close(&p);
	CHECK(!lstat(path, &st) && S_ISREG(st.st_mode));
	check_refused((struct options){.unix_ = path}, -EADDRINUSE, "is no socket");
	CHECK(!lstat(path, &st) && S_ISREG(st.st_mode));
	CHECK_INT(unlink(path), 0);
	CHECK_INT(rmdir(dir), 0);
}

TEST(the_one_for_a_command_is_nobodys_to_find)
{
	struct serve_place p;
	struct err e = {};
	struct stat st;
	char where[100];
	CHECK_INT(serve_place_open(&(struct options){}, true, &p, &e), 0);
	strcpy(where, p.dir);
	CHECK(!stat(where, &st));
	CHECK_INT(st.st_mode & 07777, 0700);
	serve_place_close(&p);
	CHECK(stat(where, &st) < 0);
}

TEST(the_one_for_a_command_is_in_nobody_elses_directory)
{
	static const struct {
		mode_t mode;
		uid_t user;
		bool good;
	} cases[] = {{0700, 0, true}, {0755, 0, true}, {0770, 0, false}, {0707, 0, false},
		{0700, 65534, false}};
	if (geteuid() != 0)
		test_skip("needs root");
	make_dir();
	CHECK_INT(setenv("XDG_RUNTIME_DIR", dir, 1), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct serve_place p;
		struct err e = {};
		CHECK_INT(chmod(dir, cases[i].mode), 0);
		CHECK_INT(chown(dir, cases[i].user, cases[i].user), 0);
		CHECK_INT(serve_place_open(&(struct options){}, true, &p, &e), 0);
		CHECK_INT(!strncmp(p.dir, dir, strlen(dir)), cases[i].good);
		serve_place_close(&p);
	}
	CHECK_INT(unsetenv("XDG_RUNTIME_DIR"), 0);
	CHECK_INT(rmdir(dir), 0);
}

TEST(tcp_is_for_this_host)
{
	static const char *const mine[] = {"127.0.0.1:0", "0", ":0", "[::1]:0"};
	struct serve_place p;
	for (size_t i = 0; i < ARRAY_SIZE(mine); i++) {
		struct err e = {};
		int r = serve_place_open(&(struct options){.tcp = mine[i]}, false, &p, &e);
		if (r == -EADDRNOTAVAIL || r == -EAFNOSUPPORT)
			continue; /* no IPv6 here */
		CHECK_INT(r, 0);
		CHECK(!strncmp(p.uri, *mine[i] == '[' ? "nbd://[::1]:" : "nbd://127.0.0.1:", 12));
		CHECK_STR(p.path, "");
		serve_place_close(&p);
	}
	check_refused((struct options){.tcp = "0.0.0.0:0"}, -EPERM, "--expose");
	check_refused((struct options){.tcp = "*:0"}, -EPERM, "--expose");
	check_refused((struct options){.tcp = "[::]:0"}, -EPERM, "--expose");
	check_refused((struct options){.tcp = "unix:/x"}, -EINVAL, "is not HOST:PORT");
	check_refused((struct options){.tcp = "nowhere"}, -EINVAL, "is not HOST:PORT");
	struct err e = {};
	struct options all = {.tcp = "0.0.0.0:0", .expose = true};
	CHECK_INT(serve_place_open(&all, false, &p, &e), 0);
	serve_place_close(&p);
}

TEST(it_has_to_be_said_where)
{
	char deep[200];
	memset(deep, 'x', sizeof(deep) - 1);
	deep[0] = '/';
	deep[sizeof(deep) - 1] = 0;
	check_refused((struct options){}, -EINVAL, "where?");
	check_refused((struct options){.unix_ = "/x", .tcp = "0"}, -EINVAL, "either");
	check_refused((struct options){.unix_ = deep}, -ENAMETOOLONG, "at most 107");
	check_refused((struct options){.unix_ = "/nowhere/x"}, -ENOENT, "/nowhere/x");
}
