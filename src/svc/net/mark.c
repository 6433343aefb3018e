/* SPDX-License-Identifier: MIT */
/*
 * Marks: the alias (ip-link(8)) of each link that a node has made says which node, what the link is
 * and whose.  A process that comes after one that was killed knows its links by nothing else, so a
 * link has its mark from birth.  The alias of a link is set by root alone.
 *
 *	metac fd00::1 if 1f0c5e...	an interface that createInterface made
 *	metac fd00::1 tunnel 1f0c5e...	anything else: removed if its node does not know it
 */
#include "svc/net/net-service.h"

#include <stdio.h>

static const char prefix[] = "metac ";

void net_mark(const struct net_service *ns, const char *what, const char *id,
	char ret[static RTNL_ALIAS_MAX + 1])
{
	(void)snprintf(ret, RTNL_ALIAS_MAX + 1, "%s%s %s %s", prefix, ns->address_text, what, id);
}

/* The word that begins at *text, if it fits; *text is then after it and the space that follows. */
static bool next_word(const char **text, char *ret, size_t size)
{
	size_t n = strcspn(*text, " ");
	if (!n || n >= size)
		return false;
	memcpy(ret, *text, n);
	ret[n] = 0;
	*text += n + ((*text)[n] == ' ');
	return true;
}

bool net_mark_is_any(const char *alias)
{
	return !strncmp(alias, prefix, sizeof(prefix) - 1);
}

bool net_mark_is_ours(const struct net_service *ns, const char *alias, char ret_what[static 16],
	char ret_id[static 33])
{
	char address[sizeof(ns->address_text)], what[16], id[33], whole[RTNL_ALIAS_MAX + 1];
	const char *at = alias + sizeof(prefix) - 1;
	if (!net_mark_is_any(alias) || !next_word(&at, address, sizeof(address)) ||
		!next_word(&at, what, sizeof(what)) || !next_word(&at, id, sizeof(id)))
		return false;
	net_mark(ns, what, id, whole);
	if (strcmp(alias, whole) != 0)
		return false;
	memcpy(ret_what, what, sizeof(what));
	memcpy(ret_id, id, sizeof(id));
	return true;
}
