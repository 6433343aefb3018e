/* SPDX-License-Identifier: MIT */
/* The table of roles: see roles.h.  SECURITY.md shows what `metacd --roles` prints. */
#include "role/roles.h"
#include "sys/priv.h"

#include <signal.h>
#include <stdio.h>

/* Doing to files what their owners may: for who acts on behalf of many users. */
#define CAPS_FILES                                                                          \
	(PRIV_CAP(CAP_DAC_OVERRIDE) | PRIV_CAP(CAP_DAC_READ_SEARCH) | PRIV_CAP(CAP_CHOWN) | \
		PRIV_CAP(CAP_FOWNER) | PRIV_CAP(CAP_FSETID) | PRIV_CAP(CAP_MKNOD) |         \
		PRIV_CAP(CAP_SETFCAP) | PRIV_CAP(CAP_SETUID) | PRIV_CAP(CAP_SETGID))

/* The table is compiled into both programs; each has the functions of its own roles only. */
#ifdef METACD_WORKER
#define IN_METACD(function) .in_worker = false, .run = NULL
#define IN_WORKER(function) .in_worker = true, .run = (function)
#else
#define IN_METACD(function) .in_worker = false, .run = (function)
#define IN_WORKER(function) .in_worker = true, .run = NULL
#endif

const struct role role_table[] = {
	{
		.name = "node",
		.title = "metacd: node",
		IN_METACD(role_node),
		.kind = ROLE_NODE,
		.as_user = true,
		.death_signal = SIGKILL,
		.holds = "control, listening unix socket, listening TCP socket; accepted and "
			 "dialled "
			 "connections",
		.why = "parses the RPC of any peer, so it may do nothing but talk",
	},
	{
		.name = "persistence",
		.title = "metacd: persistence",
		IN_METACD(role_persistence),
		.kind = ROLE_SERVICE,
		.as_user = true,
		.has_state = true,
		.death_signal = SIGKILL,
		.holds = "control, link to the node, connections to other services, the database",
		.why = "owns the state directory and needs nothing else; parses RPC and references",
	},
	{
		.name = "fs",
		.title = "metacd: fs",
		IN_METACD(role_fs),
		.kind = ROLE_SERVICE,
		.caps = CAPS_FILES | PRIV_CAP(CAP_SYS_ADMIN) | PRIV_CAP(CAP_SYS_CHROOT) |
			PRIV_CAP(CAP_SETPCAP) | PRIV_CAP(CAP_KILL),
		.passes_caps = true,
		.has_workers = true,
		.has_runtime = true,
		.death_signal = SIGTERM,
		.holds = "control, link to the node, connections to other services, directories "
			 "exported, journals of sessions, control sockets of its workers, "
			 "/dev/fuse while mounting",
		.why = "opens any path and mounts (SYS_ADMIN; SYS_CHROOT to enter a mount "
		       "namespace), "
		       "takes privileges from its workers (SETPCAP, SETUID, SETGID) and ends them "
		       "(KILL); parses RPC, no data of a resource",
	},
	{
		.name = "block",
		.title = "metacd: block",
		IN_METACD(role_block),
		.kind = ROLE_SERVICE,
		.caps = PRIV_CAP(CAP_SYS_ADMIN) | PRIV_CAP(CAP_SYS_PTRACE) |
			PRIV_CAP(CAP_DAC_READ_SEARCH) | PRIV_CAP(CAP_SYS_RESOURCE) |
			PRIV_CAP(CAP_SETPCAP) | PRIV_CAP(CAP_SETUID) | PRIV_CAP(CAP_SETGID) |
			PRIV_CAP(CAP_KILL),
		.passes_caps = true,
		.has_workers = true,
		.has_runtime = true,
		.death_signal = SIGTERM,
		.holds = "control, link to the node, connections to other services, the FUSE files "
			 "and connections of what is attached, control sockets of its workers",
		.why = "sets up block devices (SYS_ADMIN), tells who uses one (SYS_PTRACE and "
		       "DAC_READ_SEARCH, for /proc), has its workers served first when memory is "
		       "short "
		       "(SYS_RESOURCE), takes privileges from its workers (SETPCAP, "
		       "SETUID, SETGID) and ends them (KILL); parses RPC, no data of a resource",
	},
	{
		.name = "net",
		.title = "metacd: net",
		IN_METACD(role_net),
		.kind = ROLE_SERVICE,
		.caps = PRIV_CAP(CAP_NET_ADMIN) | PRIV_CAP(CAP_NET_RAW) | PRIV_CAP(CAP_SYS_ADMIN) |
			PRIV_CAP(CAP_SYS_PTRACE) | PRIV_CAP(CAP_SETPCAP) | PRIV_CAP(CAP_SETUID) |
			PRIV_CAP(CAP_SETGID) | PRIV_CAP(CAP_KILL),
		.passes_caps = true,
		.has_workers = true,
		.has_runtime = true,
		.death_signal = SIGTERM,
		.holds = "control, link to the node, connections to other services, netlink "
			 "sockets and files of the network namespaces in use, control sockets of "
			 "its workers",
		.why = "makes links, addresses, rules and BPF programs (NET_ADMIN), sends "
		       "frames that find loops and opens packet sockets for captures (NET_RAW), "
		       "enters network namespaces (SYS_ADMIN), also by the process that is in one "
		       "(SYS_PTRACE, for /proc/PID/ns/net), takes privileges from its workers "
		       "(SETPCAP, SETUID, SETGID) and ends them (KILL); parses RPC and what the "
		       "kernel says, no frame",
	},
	{
		.name = "9p-server",
		.title = "metacd: 9p server",
		IN_WORKER(role_9p_server),
		.caps = CAPS_FILES,
		.death_signal = SIGKILL,
		.holds = "one connection, one directory, one session's journal, a control socket",
		.why = "does to one exported tree what the user who attached may (SETUID and "
		       "SETGID "
		       "to become that user, the others to act as root where root attached); "
		       "parses 9P",
	},
	{
		.name = "9p-mount",
		.title = "metacd: 9p mount",
		IN_WORKER(role_9p_mount),
		.as_user = true,
		.death_signal = SIGKILL,
		.holds = "one connection, /dev/fuse of one mount, a control socket",
		.why = "translates between two descriptors it is given; parses 9P and FUSE",
	},
	{
		.name = "nbd-server",
		.title = "metacd: nbd server",
		IN_WORKER(role_nbd_server),
		.as_user = true,
		.death_signal = SIGKILL,
		.holds = "one connection, one file or disk, a control socket",
		.why = "reads and writes what it is given open; parses NBD",
	},
	{
		.name = "nbd-client",
		.title = "metacd: nbd client",
		IN_WORKER(role_nbd_client),
		.as_user = true,
		.death_signal = SIGKILL,
		.holds = "one connection, /dev/fuse of one file or a listening socket and who "
			 "connected to it, a control socket",
		.why = "translates between descriptors it is given; parses NBD from both sides, "
		       "FUSE",
	},
	{
		.name = "net-trace",
		.title = "metacd: net trace",
		IN_WORKER(role_net_trace),
		.as_user = true,
		.death_signal = SIGKILL,
		.holds = "one end of a stream, the ring of a packet socket",
		.why = "copies frames from what the kernel writes to whoever captures them; looks "
		       "at none",
	},
	{
		.name = "image",
		.title = "metacd: image server",
		IN_METACD(role_image),
		.as_user = true,
		.death_signal = SIGTERM,
		.holds = "a control socket, a listening socket, one disk image",
		.why = "starts qemu's storage daemon, which parses the image and NBD, with fewer "
		       "rights yet (image-daemon.h), and parses its answers",
	},
	{
		.name = "copy",
		.title = "metacd: copy",
		IN_WORKER(role_copy),
		.as_user = true,
		.death_signal = SIGKILL,
		.holds = "two ends of a stream",
		.why = "moves bytes and looks at none",
	},
	{
		.name = "pump",
		.title = "metacd: pump",
		IN_WORKER(role_pump),
		.as_user = true,
		.death_signal = SIGKILL,
		.holds = "a control socket, both ends of many streams",
		.why = "moves bytes and looks at none; one process for all streams of a service "
		       "that are piped into one another",
	},
};

const size_t role_count = ARRAY_SIZE(role_table);

const struct role *role_find(const char *name)
{
	for (size_t i = 0; i < role_count; i++)
		if (!strcmp(role_table[i].name, name))
			return &role_table[i];
	return NULL;
}

static const struct {
	unsigned cap;
	const char *name;
} cap_names[] = {
	{CAP_CHOWN, "CHOWN"},
	{CAP_DAC_OVERRIDE, "DAC_OVERRIDE"},
	{CAP_DAC_READ_SEARCH, "DAC_READ_SEARCH"},
	{CAP_FOWNER, "FOWNER"},
	{CAP_FSETID, "FSETID"},
	{CAP_KILL, "KILL"},
	{CAP_NET_ADMIN, "NET_ADMIN"},
	{CAP_NET_RAW, "NET_RAW"},
	{CAP_SETGID, "SETGID"},
	{CAP_SETUID, "SETUID"},
	{CAP_SETPCAP, "SETPCAP"},
	{CAP_SYS_CHROOT, "SYS_CHROOT"},
	{CAP_SYS_PTRACE, "SYS_PTRACE"},
	{CAP_SYS_RESOURCE, "SYS_RESOURCE"},
	{CAP_SYS_ADMIN, "SYS_ADMIN"},
	{CAP_MKNOD, "MKNOD"},
	{CAP_SETFCAP, "SETFCAP"},
};

static void print_caps(uint64_t caps)
{
	const char *separator = "";
	for (size_t i = 0; i < ARRAY_SIZE(cap_names); i++) {
		if (!(caps & PRIV_CAP(cap_names[i].cap)))
			continue;
		printf("%s%s", separator, cap_names[i].name);
		separator = " ";
		caps &= ~PRIV_CAP(cap_names[i].cap);
	}
	assert(!caps); /* each capability given has its name here */
}

void role_print_table(void)
{
	printf("| role | user | capabilities | descriptors | why |\n| --- | --- | --- | --- | --- "
	       "|\n");
	for (size_t i = 0; i < role_count; i++) {
		const struct role *r = &role_table[i];
		printf("| %s | %s | ", r->name, r->as_user ? "--user" : "root");
		if (r->caps)
			print_caps(r->caps);
		else
			printf("none");
		printf(" | %s | %s |\n", r->holds, r->why);
	}
}
