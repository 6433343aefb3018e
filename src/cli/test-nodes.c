/* SPDX-License-Identifier: MIT */
#include "cli/nodes.h"
#include "base/test.h"
#include "loop/link.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

static char dir[] = "/tmp/metac-nodes-XXXXXX";

static void path_of(const char *address, const char *file, char *ret)
{
	snprintf(ret, PATH_MAX, "%s/%s/%s", dir, address, file);
}

/* A node's directory; alive: somebody listens. Returns the listening socket or -1. */
static int node(const char *address, bool alive)
{
	char path[PATH_MAX];
	path_of(address, "", path);
	CHECK(!mkdir(path, 0755));
	path_of(address, "socket", path);
	int fd = listen_unix(path, 0600);
	CHECK(fd >= 0);
	return alive ? fd : fd_close(fd);
}

static void begin(void)
{
	CHECK(mkdtemp(dir));
	setenv("METAC_RUNTIME_DIR", dir, 1);
	unsetenv("METAC_ADDRESS");
}

static void end(void)
{
	char command[PATH_MAX];
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	CHECK(!system(command));
}

static void check_fails(const char *wanted, const char *text)
{
	char address[NODE_ADDRESS_SIZE];
	struct err e = {};
	CHECK(nodes_connect(wanted, address, &e) < 0);
	if (!strstr(e.msg, text))
		test_fail(__FILE__, __LINE__, "\"%s\" does not say \"%s\"", e.msg, text);
}

static void check_connects(const char *wanted, const char *address)
{
	char got[NODE_ADDRESS_SIZE];
	struct err e = {};
	int fd = nodes_connect(wanted, got, &e);
	if (fd < 0)
		test_fail(__FILE__, __LINE__, "%s", e.msg);
	CHECK_STR(got, address);
	close(fd);
}

TEST(the_only_node_is_found)
{
	begin();
	check_fails(NULL, "no node runs on this host");
	int fd = node("fd00::1", true);
	check_connects(NULL, "fd00::1");
	check_connects("", "fd00::1");
	close(fd);
	end();
}

TEST(a_dead_node_does_not_count)
{
	begin();
	node("fd00::1", false);
	check_fails(NULL, "node fd00::1 does not run");
	int fd = node("fd00::2", true);
	check_connects(NULL, "fd00::2");
	struct node_entry list[4];
	CHECK_INT(nodes_list(list, ARRAY_SIZE(list), NULL), 2);
	CHECK_STR(list[0].address, "fd00::1");
	CHECK_INT(list[0].error, -ECONNREFUSED);
	CHECK_INT(list[1].pid, getpid());
	close(fd);
	end();
}

TEST(several_nodes_need_a_choice)
{
	begin();
	int a = node("fd00::1", true), b = node("10.0.0.1", true);
	check_fails(NULL, "choose one with --node (10.0.0.1, fd00::1)");
	check_connects("fd00:0::1", "fd00::1");
	setenv("METAC_ADDRESS", "10.0.0.1", 1);
	check_connects(NULL, "10.0.0.1");
	check_connects("fd00::1", "fd00::1");
	setenv("METAC_ADDRESS", "home", 1);
	check_fails(NULL, "METAC_ADDRESS: `home' is not an IP address");
	close(a);
	close(b);
	end();
}

TEST(what_is_no_address_is_no_node)
{
	begin();
	char path[PATH_MAX];
	path_of("lost+found", "", path);
	CHECK(!mkdir(path, 0755));
	check_fails(NULL, "no node runs on this host");
	check_fails("fd00::9", "no node fd00::9 on this host");
	check_fails("x", "--node: `x' is not an IP address");
	end();
}

TEST(no_runtime_directory_means_no_node)
{
	setenv("METAC_RUNTIME_DIR", "/nonexistent", 1);
	check_fails(NULL, "start metacd");
	CHECK_INT(nodes_list(NULL, 0, NULL), 0);
}
