/* SPDX-License-Identifier: MIT */
/* See nodes.h.  A node that was killed leaves its directory behind: only one that answers counts.
 */
#include "cli/nodes.h"
#include "cli/show.h"
#include "core/ref.h"
#include "loop/link.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

const char *nodes_runtime_dir(void)
{
	const char *dir = getenv("METAC_RUNTIME_DIR");
	return dir && *dir ? dir : "/run/metac";
}

static int connect_to(const char *address)
{
	char path[PATH_MAX];
	if ((size_t)snprintf(path, sizeof(path), "%s/%s/socket", nodes_runtime_dir(), address) >=
		sizeof(path))
		return -ENAMETOOLONG;
	return connect_unix(path);
}

static pid_t peer_pid(int fd)
{
	struct ucred c = {};
	socklen_t len = sizeof(c);
	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &len) < 0 ? 0 : c.pid;
}

/* False if the entry is no node's. */
static bool look_at(const char *name, struct node_entry *ret)
{
	char canonical[NODE_ADDRESS_SIZE];
	if (strlen(name) >= sizeof(ret->address) ||
		address_canonical(name, canonical, sizeof(canonical)) < 0)
		return false;
	*ret = (struct node_entry){};
	strcpy(ret->address, name);
	AUTO_CLOSE int fd = connect_to(name);
	ret->error = MIN(fd, 0);
	if (fd >= 0)
		ret->pid = peer_pid(fd);
	return true;
}

static int compare(const void *a, const void *b)
{
	return strcmp(
		((const struct node_entry *)a)->address, ((const struct node_entry *)b)->address);
}

int nodes_list(struct node_entry *ret, size_t size, struct err *err)
{
	size_t n = 0;
	DIR *d = opendir(nodes_runtime_dir());
	if (!d && errno == ENOENT)
		return 0;
	if (!d)
		return err_errno(err, -errno, "%s", nodes_runtime_dir());
	for (struct dirent *e; n < size && (e = readdir(d));)
		if (look_at(e->d_name, &ret[n]))
			n++;
	closedir(d);
	qsort(ret, n, sizeof(*ret), compare);
	return (int)n;
}

static int connect_failed(int r, const char *address, struct err *err)
{
	switch (-r) {
	case ENOENT:
		return err_set(err, r,
			"no node %s on this host (nothing in %s): is metacd running?", address,
			nodes_runtime_dir());
	case ECONNREFUSED:
		return err_set(err, r, "node %s does not run (any more): start metacd --address %s",
			address, address);
	case EACCES:
	case EPERM:
		return err_set(err, r, "node %s may be used by root only", address);
	default:
		return err_errno(err, r, "connect to node %s", address);
	}
}

static int connect_named(const char *wanted, const char *from, char *ret_address, struct err *err)
{
	char shown[80];
	if (address_canonical(wanted, ret_address, NODE_ADDRESS_SIZE) < 0)
		return err_set(err, -EINVAL, "%s: `%s' is not an IP address", from,
			show_word(wanted, shown, sizeof(shown)));
	int fd = connect_to(ret_address);
	return fd < 0 ? connect_failed(fd, ret_address, err) : fd;
}

static int several(const struct node_entry *nodes, int n, struct err *err)
{
	char list[160] = "";
	for (int i = 0; i < n; i++) {
		size_t at = strlen(list);
		if (nodes[i].error)
			continue;
		if (at + strlen(nodes[i].address) + 8 > sizeof(list)) {
			strcpy(list + at, ", ...");
			break;
		}
		(void)snprintf(
			list + at, sizeof(list) - at, "%s%s", at ? ", " : "", nodes[i].address);
	}
	return err_set(err, -EINVAL, "several nodes run here: choose one with --node (%s)", list);
}

static int connect_only(char *ret_address, struct err *err)
{
	struct node_entry nodes[NODES_MAX];
	int n = nodes_list(nodes, ARRAY_SIZE(nodes), err), alive = -1, refused = -1;
	if (n < 0)
		return n;
	for (int i = 0; i < n; i++) {
		if (!nodes[i].error && alive >= 0)
			return several(nodes, n, err);
		if (!nodes[i].error)
			alive = i;
		else
			refused = i;
	}
	if (alive < 0 && refused < 0)
		return err_set(err, -ENOENT,
			"no node runs on this host (%s is empty): start metacd --address ADDRESS",
			nodes_runtime_dir());
	strcpy(ret_address, nodes[alive < 0 ? refused : alive].address);
	int fd = connect_to(ret_address);
	return fd < 0 ? connect_failed(fd, ret_address, err) : fd;
}

int nodes_connect(const char *wanted, char *ret_address, struct err *err)
{
	const char *env = getenv("METAC_ADDRESS");
	if (wanted && *wanted)
		return connect_named(wanted, "--node", ret_address, err);
	if (env && *env)
		return connect_named(env, "METAC_ADDRESS", ret_address, err);
	return connect_only(ret_address, err);
}
