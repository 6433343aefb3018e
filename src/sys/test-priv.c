/* SPDX-License-Identifier: MIT */
/* Privileges are dropped in processes of their own, whose exit status is what they saw. */
#include "sys/priv.h"
#include "base/test.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/securebits.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static const struct priv_user somebody = {.uid = 65534, .gid = 65533};

static int in_child(int (*fn)(void))
{
	if (geteuid())
		test_skip("needs root");
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (!pid)
		_exit(fn());
	int status;
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status));
	return WEXITSTATUS(status);
}

#define EXPECT(n, cond)           \
	do {                      \
		if (!(cond))      \
			return n; \
	} while (0)

static bool has_nothing(void)
{
	uint64_t p = 1, e = 1;
	return priv_caps_permitted(&p) == 0 && priv_caps_effective(&e) == 0 && !p && !e;
}

static int drop_all(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	gid_t extra[] = {4, 20};
	EXPECT(1, setgroups(2, extra) == 0);
	struct priv_drop d = {.user = &somebody};
	EXPECT(2, priv_drop(&d) == 0);
	EXPECT(3, getuid() == 65534 && geteuid() == 65534 && getgid() == 65533);
	EXPECT(4, getgroups(0, NULL) == 0);
	EXPECT(5, has_nothing());
	EXPECT(6, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	EXPECT(7, setuid(0) < 0);
	int sig = 0;
	prctl(PR_GET_PDEATHSIG, &sig);
	EXPECT(8, sig == SIGKILL);
	EXPECT(9, prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0) == 0);
	EXPECT(10, prctl(PR_GET_DUMPABLE) != 1);
	EXPECT(11, priv_drop(&d) == 0); /* again */
	struct priv_user other = {.uid = 1, .gid = 1};
	EXPECT(12, priv_drop(&(struct priv_drop){.user = &other}) < 0);
	return 0;
}

static int keep_as_root(void)
{
	uint64_t keep = PRIV_CAP(CAP_CHOWN) | PRIV_CAP(CAP_SETUID) | PRIV_CAP(CAP_SYS_RESOURCE);
	uint64_t had = 0, now = 0;
	gid_t extra[] = {0, 4};
	EXPECT(10, setgroups(2, extra) == 0);
	EXPECT(1, priv_caps_permitted(&had) == 0);
	EXPECT(2, priv_drop(&(struct priv_drop){.keep = keep}) == 0);
	EXPECT(11, getgroups(0, NULL) == 0);
	EXPECT(3, priv_caps_effective(&now) == 0 && now == (keep & had));
	EXPECT(4, getuid() == 0);
	EXPECT(5, prctl(PR_CAPBSET_READ, CAP_NET_ADMIN, 0, 0, 0) == 0);
	EXPECT(6, prctl(PR_CAPBSET_READ, CAP_CHOWN, 0, 0, 0) == 1);
	EXPECT(7, priv_caps_set_effective(0) == 0 && priv_caps_effective(&now) == 0 && now == 0);
	EXPECT(8, priv_drop(&(struct priv_drop){.keep = PRIV_CAP(CAP_CHOWN)}) == 0);
	EXPECT(9, priv_caps_effective(&now) == 0 && now == PRIV_CAP(CAP_CHOWN));
	return 0;
}

/* As a service manager may have been told to start it. */
static int take_an_identity(int more_bits)
{
	uint64_t keep = PRIV_CAP(CAP_DAC_OVERRIDE) | PRIV_CAP(CAP_SETUID);
	uint64_t now = 0;
	EXPECT(1, prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP | more_bits) == 0);
	if (priv_drop(&(struct priv_drop){.keep = keep}) < 0)
		return 2;
	setfsuid(65534);
	EXPECT(3, priv_caps_effective(&now) == 0 && !(now & PRIV_CAP(CAP_DAC_OVERRIDE)));
	return 0;
}

static int no_setuid_fixup(void)
{
	return take_an_identity(0);
}

static int no_setuid_fixup_locked(void)
{
	return take_an_identity(SECBIT_NO_SETUID_FIXUP_LOCKED);
}

static int keep_as_somebody(void)
{
	struct priv_drop d = {.user = &somebody, .keep = PRIV_CAP(CAP_NET_BIND_SERVICE)};
	uint64_t now = 0;
	EXPECT(1, priv_drop(&d) == 0);
	EXPECT(2, geteuid() == 65534);
	EXPECT(3, priv_caps_effective(&now) == 0 && now == d.keep);
	EXPECT(4, setuid(0) < 0);
	return 0;
}

/* What an exec'ed program has of CAP_CHOWN, asked from its status file. */
static int exec_and_grep(bool ambient)
{
	struct priv_drop d = {.keep = PRIV_CAP(CAP_CHOWN), .ambient = ambient};
	EXPECT(1, priv_drop(&d) == 0);
	const char *want = "grep -q '^CapEff:.*0000000000000001$' /proc/self/status";
	execl("/bin/sh", "sh", "-c", want, (char *)NULL);
	return 2;
}

static int exec_ambient(void)
{
	return exec_and_grep(true);
}

static int exec_plain(void)
{
	return exec_and_grep(false);
}

TEST(everything_is_dropped)
{
	CHECK_INT(in_child(drop_all), 0);
}

TEST(root_keeps_what_it_is_given)
{
	CHECK_INT(in_child(keep_as_root), 0);
}

TEST(another_user_can_keep_a_capability)
{
	CHECK_INT(in_child(keep_as_somebody), 0);
}

TEST(exec_passes_capabilities_on_only_when_ambient)
{
	CHECK_INT(in_child(exec_ambient), 0);
	CHECK_INT(in_child(exec_plain), 1);
}

TEST(users_by_name_and_number)
{
	struct priv_user u;
	CHECK_INT(priv_user_lookup("root", &u), 0);
	CHECK(u.uid == 0 && u.gid == 0);
	CHECK_INT(priv_user_lookup("12:34", &u), 0);
	CHECK(u.uid == 12 && u.gid == 34);
	CHECK_INT(priv_user_lookup("77", &u), 0);
	CHECK(u.uid == 77 && u.gid == 77);
	CHECK_INT(priv_user_lookup("nobody:root", &u), 0);
	CHECK(u.uid == 65534 && u.gid == 0);
	CHECK_INT(priv_user_lookup("", &u), -EINVAL);
	CHECK_INT(priv_user_lookup("no such user", &u), -ENOENT);
	CHECK_INT(priv_user_lookup("root:no such group", &u), -ENOENT);
	CHECK_INT(priv_user_lookup("4294967295", &u), -ENOENT);
	CHECK_INT(priv_user_lookup("-1", &u), -ENOENT);
}

TEST(an_identity_taken_is_without_roots_power_over_files)
{
	CHECK_INT(in_child(no_setuid_fixup), 0);
	CHECK_INT(in_child(no_setuid_fixup_locked), 2); /* rather not at all */
}
