/* SPDX-License-Identifier: MIT */
/* Network namespaces by their names: real ones, in a mount namespace of the test's own. */
#include "core/test-call.h"
#include "svc/net/net-service.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct loop loop;
static struct net_service ns;
static char top[64];

static void run(const char *format, const char *a, const char *b)
{
	char command[300];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	(void)snprintf(command, sizeof(command), format, a, b);
#pragma GCC diagnostic pop
	if (system(command) != 0)
		test_fail(__FILE__, __LINE__, "%s", command);
}

static void up(void)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNS | CLONE_NEWNET) < 0)
		test_skip("needs root, and network namespaces");
	CHECK_INT(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	CHECK_INT(mount("none", "/run", "tmpfs", 0, NULL), 0);
	strcpy(top, "/run/node");
	CHECK_INT(mkdir(top, 0700), 0);
	CHECK_INT(loop_init(&loop), 0);
	ns = (struct net_service){.runtime = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC)};
	ns.streams.loop = &loop;
	strcpy(ns.address_text, "fd00::1");
	list_init(&ns.places);
}

static void down(void)
{
	if (ns.root)
		place_unref(ns.root);
	place_names_done(&ns);
	CHECK_INT(ns.n_places, 0);
	CHECK(list_empty(&ns.places) && !ns.root);
	CHECK(access("/run/node/net-namespaces", F_OK) < 0); /* nothing to look into */
	fd_close(ns.runtime);
	loop_done(&loop);
}

static struct place *get(const char *name)
{
	struct err e = {};
	struct place *p = NULL;
	if (place_get(&ns, name, &p, &e) < 0)
		test_fail(__FILE__, __LINE__, "\"%s\": %s", name, e.msg);
	return p;
}

static void kept_as(const char *name, const char *kept)
{
	struct err e = {};
	AUTO_FREE char *text = NULL;
	if (place_name(&ns, name, &text, &e) < 0)
		test_fail(__FILE__, __LINE__, "\"%s\": %s", name, e.msg);
	CHECK_STR(text, kept);
}

static void refused(const char *name, int code, const char *words)
{
	struct err e = {};
	struct place *p = NULL;
	int r = place_get(&ns, name, &p, &e);
	if (r != code || !strstr(e.msg, words))
		test_fail(__FILE__, __LINE__, "\"%s\" is %d, \"%s\"", name, r, e.msg);
}

TEST(names_and_paths_of_one_namespace_are_one_place)
{
	up();
	run("ip netns add %s", "blue", "");
	struct place *own = get(""), *blue = get("blue"), *path = get("/run/netns/blue");
	CHECK(blue == path);
	CHECK(blue != own && own == ns.root);
	CHECK(blue->id && own->id && blue->id != own->id);
	CHECK_INT(blue->refs, 2);
	CHECK(access("/run/node/net-namespaces", F_OK) == 0);
	kept_as("", "");
	kept_as("blue", "blue");
	kept_as("/run/netns/blue", "blue");
	place_unref(path);
	place_unref(blue);
	place_unref(own);
	down();
}

TEST(what_names_no_namespace_is_refused)
{
	char text[5000];
	up();
	run("ip netns add %s", "blue", "");
	run("touch /run/netns/%s && ln -s blue /run/netns/%s", "file", "link");
	run("mkfifo /run/%s && ln -s /run/netns/blue /run/%s", "fifo", "way");
	refused("red", -ENOENT, "there is no network namespace red");
	refused("file", -EINVAL, "file is not a network namespace");
	refused("link", -EINVAL, "link is not a network namespace");
	refused("..", -EINVAL, "names no network namespace");
	refused(".", -EINVAL, "names no network namespace");
	refused("a/b", -EINVAL, "a path is absolute");
	refused("../node", -EINVAL, "a path is absolute");
	refused("/run/fifo", -EINVAL, "is not a network namespace");
	refused("/run/none", -ENOENT, "there is no");
	refused("/proc/self/ns/mnt", -EINVAL, "/proc/PID/ns/net");
	refused("/proc/1/ns/mnt", -EINVAL, "/proc/PID/ns/net");
	refused("/proc/1/ns/net@", -EINVAL, "/proc/PID/ns/net");
	refused("/proc/01/ns/net", -EINVAL, "/proc/PID/ns/net");
	refused("/proc/99999999999/ns/net", -EINVAL, "/proc/PID/ns/net");
	(void)snprintf(text, sizeof(text), "/proc/%d/ns/net@1", (int)getpid());
	refused(text, -ESRCH, "that process has ended");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	refused(text, -EINVAL, "names no network namespace");
	text[0] = '/';
	refused(text, -EINVAL, "names no network namespace");
	/* A path may lead through links: that is its owner's business. */
	place_unref(get("/run/way"));
	down();
}

struct heard {
	struct place_watcher w;
	unsigned gone, other;
	bool done;
	struct heard *remove; /* when it hears of something */
};

static void on_event(void *user, const struct rtnl_event *event)
{
	struct heard *h = user;
	if (event->kind == RTNL_LINK_GONE)
		h->gone++;
	else
		h->other++;
	if (h->remove)
		place_unwatch(&h->remove->w);
	h->done = true;
}

static void listen_to(struct place *p, struct heard *h)
{
	*h = (struct heard){.w = {.on_event = on_event, .user = h}};
	place_watch(p, &h->w);
}

static void wait_for(struct heard *h)
{
	CHECK_INT(loop_wait(&loop, &h->done, 20 * 1000000ULL), 0);
	h->done = false;
}

TEST(watchers_hear_what_happens_and_may_remove_each_other)
{
	struct heard a, b, c;
	up();
	run("ip netns add %s", "blue", "");
	struct place *blue = get("blue");
	listen_to(blue, &a);
	listen_to(blue, &b);
	listen_to(blue, &c);
	a.remove = &b;
	run("ip -n %s link add name %s type bridge", "blue", "br0");
	wait_for(&c);
	CHECK(a.other > 0 && !a.gone);
	CHECK_INT(b.other, 0);
	a.remove = NULL;
	run("ip -n %s link del %s", "blue", "br0");
	while (!c.gone)
		wait_for(&c);
	CHECK_INT(a.gone, 1);
	CHECK_INT(b.gone, 0);
	place_unwatch(&a.w);
	place_unwatch(&c.w);
	place_unref(blue);
	down();
}

TEST(a_namespace_is_let_go_when_its_name_goes)
{
	struct heard h;
	up();
	run("ip netns add %s && ip netns add %s", "blue", "red");
	run("ip -n %s link add name %s type bridge", "blue", "br0");
	struct place *blue = get("blue"), *red = get("red");
	listen_to(blue, &h);
	run("ip netns del %s", "blue", "");
	while (h.gone < 2) /* lo and br0 */
		wait_for(&h);
	CHECK(blue->lost && !red->lost);
	refused("blue", -ENOENT, "there is no network namespace blue");
	/* Another one of that name is another one. */
	run("ip netns add %s", "blue", "");
	struct place *other = get("blue");
	CHECK(other != blue && other->id != blue->id);
	place_unwatch(&h.w);
	place_unref(blue);
	place_unref(other);
	place_unref(red);
	down();
}

TEST(a_processs_namespace_is_let_go_when_it_ends)
{
	struct heard h;
	char name[64], kept[100];
	int p[2];
	struct err e = {};
	AUTO_FREE char *text = NULL;
	up();
	CHECK_INT(pipe2(p, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (!pid) {
		if (unshare(CLONE_NEWNET) < 0 || write(p[1], "", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	CHECK_INT(read(p[0], kept, 1), 1);
	(void)snprintf(name, sizeof(name), "/proc/%d/ns/net", pid);
	CHECK_INT(place_name(&ns, name, &text, &e), 0);
	CHECK(!strncmp(text, name, strlen(name)) && text[strlen(name)] == '@');
	CHECK(!place_name_is_lasting(text) && place_name_is_lasting("blue"));
	CHECK_STR(place_name_text(text, kept, sizeof(kept)), name);
	struct place *there = get(text);
	listen_to(there, &h);
	CHECK_INT(kill(pid, SIGKILL), 0);
	CHECK(waitpid(pid, NULL, 0) == pid);
	wait_for(&h);
	CHECK(there->lost && h.gone > 0);
	CHECK(place_get(&ns, text, &there, &e) < 0);
	place_unwatch(&h.w);
	place_unref(there);
	fd_close(p[0]);
	fd_close(p[1]);
	down();
}
