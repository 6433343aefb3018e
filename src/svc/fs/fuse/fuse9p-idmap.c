/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: a short list of pairs, searched from the front.  A POSIX access control list
 * as an extended attribute is a version (2, 4 bytes) and entries of tag[2] permissions[2] id[4],
 * all little-endian (linux/posix_acl_xattr.h); only named users and groups have an id.
 */
#include "svc/fs/fuse/fuse9p-idmap.h"

#include <endian.h>

/* A number up to `end` or the end of the text; what comes after it in *p. */
static bool parse_id(const char **p, char end, uint32_t *ret)
{
	char *e;
	if (**p < '0' || **p > '9')
		return false;
	unsigned long long v = strtoull(*p, &e, 10);
	if (v >= UINT32_MAX || (*e && *e != end))
		return false;
	*ret = (uint32_t)v;
	*p = *e ? e + 1 : e;
	return true;
}

static int add(struct f9_idmap *m, uint32_t local, uint32_t remote, uint32_t count)
{
	count = count ? count : 1;
	if (count > UINT32_MAX - local || count > UINT32_MAX - remote)
		return -EINVAL;
	if (m->n == F9_IDMAP_MAX)
		return -ENOSPC;
	m->pairs[m->n].local = local;
	m->pairs[m->n].remote = remote;
	m->pairs[m->n++].count = count;
	return 0;
}

int f9_idmap_parse(struct f9_idmap *m, const char *text)
{
	uint32_t local, remote, count = 1;
	const char *p = text, *end = text + strlen(text);
	if (end == text || end[-1] == ':')
		return -EINVAL;
	if (text[0] == '*' && text[1] == ':') {
		p += 2;
		if (!parse_id(&p, '\0', &remote))
			return -EINVAL;
		if (!m->squash)
			m->rest = remote;
		m->squash = true;
		return 0;
	}
	if (!parse_id(&p, ':', &local) || !parse_id(&p, ':', &remote))
		return -EINVAL;
	if (*p && (!parse_id(&p, '\0', &count) || *p))
		return -EINVAL;
	return add(m, local, remote, count);
}

bool f9_idmap_owner(const struct f9_idmap *m, uint32_t local, uint32_t *ret)
{
	for (unsigned i = 0; m && i < m->n; i++) {
		if (local - m->pairs[i].local < m->pairs[i].count) {
			*ret = local - m->pairs[i].local + m->pairs[i].remote;
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
		if (remote - m->pairs[i].remote < m->pairs[i].count)
			return remote - m->pairs[i].remote + m->pairs[i].local;
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
