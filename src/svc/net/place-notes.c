/* SPDX-License-Identifier: MIT */
/*
 * Which namespaces a process that comes after a killed one has to look into (leftovers.c): links in
 * the runtime directory, each named after a hash of the namespace's name, which it leads to. A note
 * is there before anything is made in the namespace.
 */
#include "base/log.h"
#include "svc/net/net-service.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>

static const char notes[] = "net-namespaces";

enum { NOTE_SIZE = sizeof(notes) + 1 + 32 + 1 };

static void note_of(const char *name, char ret[static NOTE_SIZE])
{
	unsigned char hash[16];
	char hex[33];
	(void)crypto_generichash(
		hash, sizeof(hash), (const unsigned char *)name, strlen(name), NULL, 0);
	(void)snprintf(ret, NOTE_SIZE, "%s/%s", notes,
		sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash)));
}

void leftovers_remember(struct net_service *ns, const char *name)
{
	char note[NOTE_SIZE];
	if (!*name)
		return;
	note_of(name, note);
	(void)mkdirat(ns->runtime, notes, 0700);
	if (symlinkat(name, ns->runtime, note) < 0 && errno != EEXIST)
		log_warning("%s: %s: what is made in the network namespace %s would be left if "
			    "this process were killed",
			note, strerror(errno), name);
}

void leftovers_forget(struct net_service *ns, const char *name)
{
	char note[NOTE_SIZE];
	if (!*name)
		return;
	note_of(name, note);
	(void)unlinkat(ns->runtime, note, 0);
	(void)unlinkat(ns->runtime, notes, AT_REMOVEDIR); /* if it was the last one */
}

size_t leftovers_notes(struct net_service *ns, char *ret[static NET_PLACES_MAX])
{
	int fd = openat(ns->runtime, notes, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	size_t n = 0;
	if (!d) {
		fd_close(fd);
		return 0;
	}
	for (const struct dirent *e; n < NET_PLACES_MAX && (e = readdir(d));) {
		char name[PATH_MAX];
		ssize_t len = readlinkat(dirfd(d), e->d_name, name, sizeof(name) - 1);
		if (len > 0 && (ret[n] = strndup(name, (size_t)len)))
			n++;
	}
	closedir(d);
	return n;
}
