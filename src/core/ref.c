/* SPDX-License-Identifier: MIT */
/* Theory of operation: ref.h.  Text is checked strictly: one reference has exactly one spelling. */
#include "core/ref.h"
#include "loop/link.h"

#include <sodium.h>
#include <stdio.h>

#define REF_PREFIX "ref://"
#define REF_DEFAULT_SERVICE "persistence"

bool ref_is(const char *text)
{
	return !strncmp(text, "ref:", 4);
}

bool service_name_valid(struct vat_text name)
{
	if (!name.len || name.len > REF_SERVICE_MAX)
		return false;
	for (uint32_t i = 0; i < name.len; i++) {
		char c = name.s[i];
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
			return false;
	}
	return true;
}

int address_canonical(const char *text, char *ret, size_t size)
{
	struct sockaddr_storage sa;
	socklen_t len;
	int r = addr_parse(text, 0, &sa, &len);
	return r < 0 ? r : addr_format(&sa, ret, size, NULL);
}

/* "[fd00::1]" or "10.0.0.1" up to the slash. Returns what follows the slash, NULL if malformed. */
static const char *parse_node(const char *at, char *ret_node)
{
	char text[REF_NODE_MAX + 1];
	const char *slash = strchr(at, '/');
	if (!slash || slash == at)
		return NULL;
	const char *end = slash;
	if (*at == '[') {
		if (end[-1] != ']')
			return NULL;
		at++;
		end--;
	}
	size_t n = (size_t)(end - at);
	if (!n || n > REF_NODE_MAX)
		return NULL;
	memcpy(text, at, n);
	text[n] = 0;
	return address_canonical(text, ret_node, REF_NODE_MAX + 1) < 0 ? NULL : slash + 1;
}

/* Wraps the words of a one-segment message; copies them. */
static int message_from_words(const void *words, size_t size, struct vat_message **ret)
{
	const void *base = words;
	uint32_t n_words = (uint32_t)(size / 8);
	struct vat_message *view = NULL;
	int r = vat_message_view(&base, &n_words, 1, NULL, &view);
	if (r < 0)
		return r;
	struct vat_message *copy = vat_message_new(n_words + 1, REF_OBJECT_MAX / 8 + 8);
	if (copy)
		vat_set_ptr(vat_root_b(copy), vat_root(view));
	r = !copy ? -ENOMEM : vat_message_error(view) || vat_message_error(copy) ? -EINVAL : 0;
	vat_message_free(view);
	if (r < 0)
		vat_message_free(copy);
	else
		*ret = copy;
	return r;
}

static int parse_object(const char *text, size_t len, struct vat_message **ret)
{
	uint8_t packed[REF_OBJECT_MAX];
	size_t n_packed;
	void *words = NULL;
	size_t size = 0;
	if (sodium_base642bin(packed, sizeof(packed), text, len, NULL, &n_packed, NULL,
		    sodium_base64_VARIANT_URLSAFE_NO_PADDING))
		return -EINVAL;
	int r = n_packed ? vat_unpack(packed, n_packed, REF_OBJECT_MAX, &words, &size) : -EINVAL;
	if (!r)
		r = size >= 8 ? message_from_words(words, size, ret) : -EINVAL;
	free(words);
	sodium_memzero(packed, sizeof(packed));
	return r == -ENOMEM ? r : r < 0 ? -EINVAL : 0;
}

/*
 * The object, with its service in front unless that is "persistence"; *ret_end is what follows.
 * Where something follows, a first component that may be a service's name is one.  No object looks
 * like that: its first two characters are the tag of a packed pointer to a small struct or list
 * (0x10, 0x40, 0x50, 0x11 ... 0x31), which begins with a capital letter, and the only exceptions
 * are lists of 8192 elements.
 */
static int parse_target(struct ref *f, const char *rest, const char **ret_end, struct err *e)
{
	size_t n = strcspn(rest, "/");
	struct vat_text service = {rest, (uint32_t)n};
	if (rest[n] && service_name_valid(service)) {
		rest += n + 1;
		n = strcspn(rest, "/");
	} else {
		service = vat_str(REF_DEFAULT_SERVICE);
	}
	int r = parse_object(rest, n, &f->info);
	if (r == -EINVAL)
		return err_set(e, r,
			"malformed reference: the part after the address is damaged "
			"(was it copied whole?)");
	if (r < 0)
		return err_errno(e, r, "reference");
	memcpy(f->service, service.s, service.len);
	*ret_end = rest + n;
	return 0;
}

static int parse_into(struct ref *f, const char *text, const char **ret_end, struct err *e)
{
	if (strncmp(text, REF_PREFIX, strlen(REF_PREFIX)))
		return err_set(e, -EINVAL, "malformed reference: it must start with " REF_PREFIX);
	const char *rest = parse_node(text + strlen(REF_PREFIX), f->node);
	if (!rest)
		return err_set(
			e, -EINVAL, "malformed reference: no node address (ref://[ADDRESS]/...)");
	int r = parse_target(f, rest, ret_end, e);
	if (r >= 0 && *ret_end - text > REF_TEXT_MAX)
		return err_set(
			e, -EINVAL, "malformed reference: longer than %d characters", REF_TEXT_MAX);
	return r;
}

int ref_parse_within(const char *text, struct ref **ret, const char **ret_path, struct err *e)
{
	const char *end = NULL;
	struct ref *f = calloc(1, sizeof(*f));
	if (!f)
		return err_errno(e, -ENOMEM, "reference");
	int r = parse_into(f, text, &end, e);
	if (r < 0) {
		ref_free(f);
		return r;
	}
	*ret = f;
	*ret_path = *end ? end + 1 : end;
	return 0;
}

int ref_parse(const char *text, struct ref **ret, struct err *e)
{
	const char *path;
	struct ref *f = NULL;
	int r = ref_parse_within(text, &f, &path, e);
	if (r < 0)
		return r;
	if (path[-1] == '/' || *path) {
		ref_free(f);
		return err_set(e, -EINVAL,
			"malformed reference: a path follows it, where the object itself is meant");
	}
	*ret = f;
	return 0;
}

static int from_sturdy_into(struct ref *f, struct metac_metac_sturdy_ref_r s)
{
	struct vat_text node = metac_node_address_get_ip(metac_metac_sturdy_ref_get_node(s));
	struct vat_text service = metac_metac_sturdy_ref_get_service(s);
	uint32_t n_caps = 0;
	struct vat_ptr_r info = metac_metac_sturdy_ref_get_object_info(s);
	uint64_t words = vat_ptr_total_words(info, &n_caps);
	if (!node.len || node.len > REF_NODE_MAX || !service_name_valid(service) || n_caps ||
		words * 8 > REF_OBJECT_MAX - 8)
		return -EINVAL;
	if (address_canonical(node.s, f->node, sizeof(f->node)) < 0)
		return -EINVAL;
	memcpy(f->service, service.s, service.len);
	f->info = vat_message_new(words + 1, REF_OBJECT_MAX / 8);
	if (!f->info)
		return -ENOMEM;
	vat_set_ptr(vat_root_b(f->info), info);
	return vat_message_error(f->info) ? -EINVAL : 0;
}

int ref_from_sturdy(struct metac_metac_sturdy_ref_r s, struct ref **ret, struct err *e)
{
	struct ref *f = calloc(1, sizeof(*f));
	int r = f ? from_sturdy_into(f, s) : -ENOMEM;
	if (r < 0) {
		ref_free(f);
		return err_set(e, r, r == -ENOMEM ? "out of memory" : "malformed reference");
	}
	*ret = f;
	return 0;
}

void ref_to_sturdy(const struct ref *f, struct metac_metac_sturdy_ref_b b)
{
	metac_node_address_set_ip(metac_metac_sturdy_ref_init_node(b), vat_str(f->node));
	metac_metac_sturdy_ref_set_service(b, vat_str(f->service));
	vat_set_ptr(metac_metac_sturdy_ref_get_object_info_b(b), vat_root(f->info));
}

/* The object as one segment, packed. The copy lands in one segment because it is sized for it. */
static int pack_object(const struct ref *f, void **ret, size_t *ret_size)
{
	uint64_t words = vat_ptr_total_words(vat_root(f->info), NULL) + 1;
	struct vat_message *flat = vat_message_new(words, REF_OBJECT_MAX / 8 + 8);
	if (!flat)
		return -ENOMEM;
	vat_set_ptr(vat_root_b(flat), vat_root(f->info));
	struct iovec iov[2];
	int r = vat_message_iov(flat, iov, ARRAY_SIZE(iov)) == 2
			? vat_pack(iov[1].iov_base, iov[1].iov_len, ret, ret_size)
			: -EINVAL;
	vat_message_free(flat);
	return r;
}

char *ref_format(const struct ref *f)
{
	void *packed = NULL;
	size_t n_packed = 0;
	char *text = NULL;
	if (pack_object(f, &packed, &n_packed) < 0)
		return NULL;
	size_t b64_size =
		sodium_base64_encoded_len(n_packed, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	char *b64 = malloc(b64_size);
	if (b64) {
		sodium_bin2base64(
			b64, b64_size, packed, n_packed, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
		bool plain = !strcmp(f->service, REF_DEFAULT_SERVICE);
		if (asprintf(&text, REF_PREFIX "[%s]/%s%s%s", f->node, plain ? "" : f->service,
			    plain ? "" : "/", b64) < 0)
			text = NULL;
	}
	free(b64);
	free(packed);
	return text;
}

void ref_mask(const char *text, char *ret, size_t size)
{
	AUTO(ref_free) struct ref *f = NULL;
	const char *path = "", *object = NULL;
	size_t prefix = strlen(REF_PREFIX);
	if (!strncmp(text, REF_PREFIX, prefix))
		object = strchr(text + prefix, '/');
	size_t shown = 4;
	if (object) {
		/* A service's name is no secret. */
		size_t n = strcspn(++object, "/");
		if (object[n] && service_name_valid((struct vat_text){object, (uint32_t)n}))
			object += n + 1;
		shown = (size_t)(object - text) + MIN(strcspn(object, "/"), (size_t)4);
	}
	if (ref_parse_within(text, &f, &path, NULL) < 0)
		path = "";
	(void)snprintf(ret, size, "%.*s...%s%s", (int)MIN(shown, strlen(text)), text,
		*path ? "/" : "", path);
}

void ref_free(struct ref *f)
{
	if (!f)
		return;
	vat_message_free(f->info);
	free(f);
}
