/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: a short list of pairs, searched from the front.  A POSIX access control list
 * as an extended attribute is a version (2, 4 bytes) and entries of tag[2] permissions[2] id[4],
 * all little-endian (linux/posix_acl_xattr.h); only named users and groups have an id.
 */
#include "svc/fs/fuse/fuse9p-idmap.h"

#include <endian.h>

static bool parse_id(const char *s, char end, const char **ret_rest, uint32_t *ret)
{
	char *e;
	if (*s < '0' || *s > '9')
		return false;
	unsigned long long v = strtoull(s, &e, 10);
	if (v >= UINT32_MAX || *e != end)
		return false;
	*ret = (uint32_t)v;
	*ret_rest = e + 1;
	return true;
}

int f9_idmap_parse(struct f9_idmap *m, const char *text)
{
	uint32_t local = 0, remote;
	bool rest = text[0] == '*' && text[1] == ':';
	const char *p = text + 2;
	if (!rest && !parse_id(text, ':', &p, &local))
		return -EINVAL;
	if (!parse_id(p, '\0', &p, &remote))
		return -EINVAL;
	if (rest) {
		if (!m->squash)
			m->rest = remote;
		m->squash = true;
		return 0;
	}
	if (m->n == F9_IDMAP_MAX)
		return -ENOSPC;
	m->pairs[m->n].local = local;
	m->pairs[m->n++].remote = remote;
	return 0;
}

bool f9_idmap_owner(const struct f9_idmap *m, uint32_t local, uint32_t *ret)
{
	for (unsigned i = 0; m && i < m->n; i++) {
		if (m->pairs[i].local == local) {
			*ret = m->pairs[i].remote;
			return true;
		}
	}
	*ret = local;
	return !m || !m->squash;
}

uint32_t f9_idmap_remote(const struct f9_idmap *m, uint32_t local)
{
	uint32_t id;
	return f9_idmap_owner(m, local, &id) ? id : m->rest;
}

uint32_t f9_idmap_local(const struct f9_idmap *m, uint32_t remote)
{
	for (unsigned i = 0; m && i < m->n; i++)
		if (m->pairs[i].remote == remote)
			return m->pairs[i].local;
	return m && m->squash ? F9_NOBODY : remote;
}

enum { ACL_VERSION = 2, TAG_USER = 0x02, TAG_GROUP = 0x08 };

struct acl_entry {
	uint16_t tag, perm;
	uint32_t id;
};

int f9_idmap_acl(const struct f9_idmap *users, const struct f9_idmap *groups, bool to_remote,
	void *value, size_t len)
{
	uint32_t version;
	struct acl_entry e;
	if (len < sizeof(version) || (len - sizeof(version)) % sizeof(e))
		return -EINVAL;
	memcpy(&version, value, sizeof(version));
	if (le32toh(version) != ACL_VERSION)
		return -EINVAL;
	for (uint8_t *p = (uint8_t *)value + 4, *end = (uint8_t *)value + len; p < end;
		p += sizeof(e)) {
		memcpy(&e, p, sizeof(e));
		uint16_t tag = le16toh(e.tag);
		if (tag != TAG_USER && tag != TAG_GROUP)
			continue;
		const struct f9_idmap *m = tag == TAG_USER ? users : groups;
		uint32_t id = le32toh(e.id);
		if (!to_remote)
			id = f9_idmap_local(m, id);
		else if (!f9_idmap_owner(m, id, &id))
			return -EINVAL;
		e.id = htole32(id);
		memcpy(p, &e, sizeof(e));
	}
	return 0;
}
