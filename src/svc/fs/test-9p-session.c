/* SPDX-License-Identifier: MIT */
/* The blocking session against the real server, in a child process over a socketpair. */
#include "svc/fs/9p-session.h"
#include "base/test.h"
#include "svc/fs/9p-server.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

static char dir[] = "/tmp/metac-test-session-XXXXXX";
static pid_t server;

static struct p9_session *begin(bool read_only)
{
	int pair[2];
	struct p9_session *s = NULL;
	if (!mkdtemp(dir))
		CHECK(!errno);
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	server = fork();
	CHECK(server >= 0);
	if (server == 0) {
		close(pair[0]);
		int tree = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
		struct p9_options o = {.read_only = read_only, .fixed = true};
		_exit(p9_serve(&o, pair[1], tree, false) < 0);
	}
	close(pair[1]);
	CHECK_INT(p9_session_new(pair[0], "", 10000, &s), 0);
	return s;
}

static void end(struct p9_session *s)
{
	int status;
	p9_session_free(s);
	CHECK_INT(waitpid(server, &status, 0), server);
	CHECK_INT(status, 0);
	char command[128];
	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	CHECK_INT(system(command), 0);
}

static int make(struct p9_session *s, const char *name)
{
	uint32_t fid;
	CHECK_INT(p9_session_walk(s, "", &fid), 0);
	int r = p9_session_create(s, fid, name, P9_O_RDWR | P9_O_EXCL, 0640);
	if (r == 0)
		CHECK_INT(p9_session_write(s, fid, 0, "hello", 5), 5);
	p9_session_clunk(s, fid);
	return r;
}

TEST(what_is_written_is_read)
{
	struct p9_session *s = begin(false);
	CHECK_INT(make(s, "f"), 0);
	CHECK_INT(make(s, "f"), -EEXIST);
	uint32_t fid;
	char buf[100];
	struct stat st;
	CHECK_INT(p9_session_walk(s, "./f", &fid), 0);
	CHECK_INT(p9_session_getattr(s, fid, &st), 0);
	CHECK_INT(st.st_size, 5);
	CHECK_INT(st.st_mode, S_IFREG | 0640);
	CHECK_INT(p9_session_open(s, fid, P9_O_RDONLY), 0);
	CHECK_INT(p9_session_read(s, fid, 1, buf, sizeof(buf)), 4);
	CHECK(!memcmp(buf, "ello", 4));
	CHECK_INT(p9_session_read(s, fid, 5, buf, sizeof(buf)), 0);
	p9_session_clunk(s, fid);
	end(s);
}

TEST(large_content_goes_in_parts)
{
	struct p9_session *s = begin(false);
	size_t n = 9 * 1024 * 1024 + 17;
	uint8_t *a = malloc(n), *b = malloc(n);
	CHECK(a && b);
	for (size_t i = 0; i < n; i++)
		a[i] = (uint8_t)(i * 31 + i / 5000);
	uint32_t fid;
	CHECK_INT(p9_session_walk(s, "", &fid), 0);
	CHECK_INT(p9_session_create(s, fid, "big", P9_O_RDWR, 0600), 0);
	CHECK_INT(p9_session_write(s, fid, 0, a, n), n);
	CHECK_INT(p9_session_read(s, fid, 0, b, n), n);
	CHECK(!memcmp(a, b, n));
	p9_session_clunk(s, fid);
	free(a);
	free(b);
	end(s);
}

static int count(void *user, const char *name, const struct p9_dirent *d)
{
	CHECK_INT(d->name.len, strlen(name));
	++*(int *)user;
	return 0;
}

static int stop(void *user, const char *name, const struct p9_dirent *d)
{
	return ++*(int *)user == 3 ? 77 : 0;
}

TEST(a_large_directory_is_listed_whole_and_can_be_stopped)
{
	struct p9_session *s = begin(false);
	for (int i = 0; i < 3000; i++) {
		char path[128];
		(void)snprintf(path, sizeof(path), "%s/a-rather-long-name-of-a-file-%d", dir, i);
		int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
		CHECK(fd >= 0);
		close(fd);
	}
	uint32_t fid;
	int n = 0;
	CHECK_INT(p9_session_walk(s, ".", &fid), 0);
	CHECK_INT(p9_session_open(s, fid, P9_O_RDONLY | P9_O_DIRECTORY), 0);
	CHECK_INT(p9_session_readdir(s, fid, count, &n), 0);
	CHECK_INT(n, 3000);
	n = 0;
	CHECK_INT(p9_session_readdir(s, fid, stop, &n), 77);
	p9_session_clunk(s, fid);
	end(s);
}

TEST(errors_are_the_servers)
{
	struct p9_session *s = begin(true);
	char long_name[300], target[10];
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = 0;
	uint32_t fid;
	CHECK_INT(p9_session_walk(s, "none", &fid), -ENOENT);
	CHECK_INT(p9_session_walk(s, "none/of/these", &fid), -ENOENT);
	CHECK_INT(p9_session_walk(s, long_name, &fid), -ENAMETOOLONG);
	CHECK_INT(make(s, "f"), -EROFS);
	char path[64];
	(void)snprintf(path, sizeof(path), "%s/link", dir);
	CHECK_INT(symlink("somewhere far", path), 0);
	CHECK_INT(p9_session_walk(s, "link", &fid), 0);
	CHECK_INT(p9_session_readlink(s, fid, target, sizeof(target)), 13);
	CHECK_STR(target, "somewhere");
	p9_session_clunk(s, fid);
	end(s);
}

TEST(a_deep_path_takes_several_walks)
{
	struct p9_session *s = begin(false);
	char path[512];
	int n = snprintf(path, sizeof(path), "%s", dir);
	for (int i = 0; i < 40; i++) {
		n += snprintf(path + n, sizeof(path) - (size_t)n, "/d%d", i);
		CHECK_INT(mkdir(path, 0700), 0);
	}
	uint32_t fid;
	CHECK_INT(p9_session_walk(s, path + sizeof(dir), &fid), 0);
	p9_session_clunk(s, fid);
	path[n - 1] = 'x';
	CHECK_INT(p9_session_walk(s, path + sizeof(dir), &fid), -ENOENT);
	end(s);
}

TEST(a_server_that_is_silent_or_gone_is_given_up)
{
	int pair[2];
	struct p9_session *s = NULL;
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	CHECK_INT(p9_session_new(pair[0], "", 50, &s), -ETIMEDOUT);
	close(pair[1]);
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	close(pair[1]);
	CHECK_INT(p9_session_new(pair[0], "", 5000, &s), -EIO);

	s = begin(false);
	uint32_t fid;
	CHECK_INT(p9_session_walk(s, "", &fid), 0);
	kill(server, SIGKILL);
	struct stat st;
	CHECK_INT(p9_session_getattr(s, fid, &st), -EIO);
	CHECK_INT(p9_session_getattr(s, fid, &st), -EIO);
	p9_session_free(s);
	CHECK_INT(waitpid(server, NULL, 0), server);
	CHECK_INT(rmdir(dir), 0);
}
