/* SPDX-License-Identifier: MIT */
/* Theory of operation: serve-place.h. */
#include "cli/serve-place.h"
#include "cli/show.h"
#include "cli/uri.h"
#include "io/address.h"

#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

enum { BACKLOG = 128 };

/* Text as it may stand in the query of a URI. */
static int escape(const char *text, char *ret, size_t size)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._~/";
	size_t at = 0;
	for (const char *p = text; *p; p++) {
		if (at + 4 > size)
			return -ENAMETOOLONG;
		if (strchr(plain, *p))
			ret[at++] = *p;
		else
			at += (size_t)sprintf(ret + at, "%%%02X", (unsigned char)*p);
	}
	ret[at] = 0;
	return 0;
}

static int set_unix_uri(struct serve_place *p)
{
	char path[sizeof(p->path) * 3 + 1] = "";
	int r = escape(p->path, path, sizeof(path));
	(void)snprintf(p->uri, sizeof(p->uri), "nbd+unix:///?socket=%s", path);
	return r;
}

/* ---- Unix ----------------------------------------------------------------------------------- */

static int listen_on(struct serve_place *p, struct err *err)
{
	struct stat st;
	p->fd = listen_unix(p->path, 0600);
	if (p->fd == -EADDRINUSE)
		return err_set(err, p->fd, "%s: %s", p->path,
			!lstat(p->path, &st) && !S_ISSOCK(st.st_mode)
				? "is there already, and is no socket"
				: "somebody listens there already");
	if (p->fd < 0)
		return err_errno(err, p->fd, "%s", p->path);
	if (lstat(p->path, &st) < 0)
		return err_errno(err, -errno, "%s", p->path);
	p->dev = st.st_dev;
	p->ino = st.st_ino;
	p->made = true;
	return set_unix_uri(p);
}

static int open_unix(const char *word, struct serve_place *p, struct err *err)
{
	char path[PATH_MAX], shown[160];
	int r = path_absolute(word, path, err);
	if (r < 0)
		return r;
	if (strlen(path) >= sizeof(p->path))
		return err_set(err, -ENAMETOOLONG,
			"%s: the path of a socket has at most %zu characters",
			show_word(path, shown, sizeof(shown)), sizeof(p->path) - 1);
	strcpy(p->path, path);
	return listen_on(p, err);
}

/* As the specification of it wants it.  With sudo it may be that of the one who has called it, who
 * could put a directory of his in the place of ours. */
static bool is_own_directory(const char *path)
{
	struct stat st;
	return *path == '/' && strlen(path) <= 60 && !lstat(path, &st) && S_ISDIR(st.st_mode) &&
	       st.st_uid == geteuid() && !(st.st_mode & 022);
}

/* A place that nobody else can look into. */
static int open_private(struct serve_place *p, struct err *err)
{
	const char *base = getenv("XDG_RUNTIME_DIR");
	if (!base || !is_own_directory(base) || access(base, W_OK) < 0)
		base = "/tmp";
	(void)snprintf(p->dir, sizeof(p->dir), "%s/metac-serve-XXXXXX", base);
	if (!mkdtemp(p->dir)) {
		int r = err_errno(err, -errno, "%s", p->dir);
		*p->dir = 0;
		return r;
	}
	(void)snprintf(p->path, sizeof(p->path), "%.90s/socket", p->dir);
	return listen_on(p, err);
}

/* ---- TCP ------------------------------------------------------------------------------------ */

static bool is_loopback(const struct sockaddr_storage *sa)
{
	if (sa->ss_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)(const void *)sa)->sin_addr.s_addr) >>
			       24 ==
		       127;
	return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr);
}

/* "PORT" and ":PORT" are on the loopback interface. */
static int parse_tcp(const char *word, struct address *ret, struct err *err)
{
	char text[320], shown[80];
	const char *port = *word == ':' ? word + 1 : word;
	bool alone = *port && strspn(port, "0123456789") == strlen(port);
	(void)snprintf(text, sizeof(text), "%s%s", alone ? "127.0.0.1:" : "", alone ? port : word);
	int r = strncmp(text, "unix:", 5) != 0 ? address_parse(text, ret) : -EINVAL;
	if (r < 0)
		return err_set(err, r, "--tcp: `%s' is not HOST:PORT or [ADDRESS]:PORT",
			show_word(word, shown, sizeof(shown)));
	return 0;
}

static int set_tcp_uri(struct serve_place *p, struct sockaddr_storage *sa, struct err *err)
{
	char text[300] = "";
	socklen_t len = sizeof(*sa);
	int r = getsockname(p->fd, (struct sockaddr *)sa, &len) < 0 ? -errno : 0;
	if (r >= 0 && sa->ss_family == AF_UNIX) {
		const struct sockaddr_un *sun = (const struct sockaddr_un *)(const void *)sa;
		(void)snprintf(
			p->path, sizeof(p->path), "%.*s", (int)sizeof(p->path) - 1, sun->sun_path);
		return set_unix_uri(p);
	}
	if (r >= 0)
		r = address_format(sa, len, text, sizeof(text));
	(void)snprintf(p->uri, sizeof(p->uri), "nbd://%s", text);
	return r < 0 ? err_errno(err, r, "the listening socket") : 0;
}

static int open_tcp(const char *word, bool expose, struct serve_place *p, struct err *err)
{
	struct address a;
	struct sockaddr_storage sa;
	static const char refusal[] =
		"%s can be reached from elsewhere, and whoever reaches it has the disk; --expose "
		"if that is meant";
	char shown[80];
	int r = parse_tcp(word, &a, err);
	if (r < 0)
		return r;
	show_word(word, shown, sizeof(shown));
	if (!expose && a.kind == ADDRESS_NUMERIC && !is_loopback(&a.sa))
		return err_set(err, -EPERM, refusal, shown);
	p->fd = address_listen(&a, 0, BACKLOG);
	if (p->fd < 0)
		return err_errno(err, p->fd, "listen on %s", shown);
	r = set_tcp_uri(p, &sa, err);
	if (r >= 0 && !expose && !is_loopback(&sa)) /* of a name it shows only now */
		return err_set(err, -EPERM, refusal, shown);
	return r;
}

/* ---- all of them ---------------------------------------------------------------------------- */

/* From a socket unit: whoever wrote that has said who may reach it. */
static int open_activated(struct serve_place *p, struct err *err)
{
	struct sockaddr_storage sa;
	if (sd_listen_fds(0) > 1 ||
		sd_is_socket(SD_LISTEN_FDS_START, AF_UNSPEC, SOCK_STREAM, 1) <= 0)
		return err_set(err, -EINVAL, "of systemd one listening stream socket is wanted");
	p->fd = SD_LISTEN_FDS_START;
	return set_tcp_uri(p, &sa, err);
}

const char *serve_place_wrong(const struct options *o, bool for_command)
{
	if (o->unix_ && o->tcp)
		return "either --unix or --tcp";
	if (!o->unix_ && !o->tcp && !for_command && sd_listen_fds(0) <= 0)
		return "where? --unix PATH or --tcp HOST:PORT, or a command after --";
	return NULL;
}

int serve_place_open(
	const struct options *o, bool for_command, struct serve_place *ret, struct err *err)
{
	struct serve_place p = {.fd = -EBADF};
	const char *wrong = serve_place_wrong(o, for_command);
	int r;
	if (wrong)
		r = err_set(err, -EINVAL, "%s", wrong);
	else if (o->unix_)
		r = open_unix(o->unix_, &p, err);
	else if (o->tcp)
		r = open_tcp(o->tcp, o->expose, &p, err);
	else if (for_command)
		r = open_private(&p, err);
	else
		r = open_activated(&p, err);
	if (r < 0)
		serve_place_close(&p);
	else
		*ret = p;
	return r;
}

void serve_place_close(struct serve_place *p)
{
	struct stat st;
	if (p->made && !lstat(p->path, &st) && st.st_dev == p->dev && st.st_ino == p->ino)
		(void)unlink(p->path);
	if (*p->dir)
		(void)rmdir(p->dir);
	fd_close(p->fd);
	*p = (struct serve_place){.fd = -EBADF};
}
