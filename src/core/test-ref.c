/* SPDX-License-Identifier: MIT */
#include "core/ref.h"
#include "base/test.h"

static struct ref *sample(const char *service)
{
	struct ref *f = calloc(1, sizeof(*f));
	CHECK(f);
	strcpy(f->node, "fd00::1");
	strcpy(f->service, service);
	f->info = vat_message_new(0, 0);
	CHECK(f->info);
	uint8_t *secret = vat_init_data(vat_root_b(f->info), 32);
	for (int i = 0; i < 32; i++)
		secret[i] = (uint8_t)(i * 7 + 1);
	return f;
}

static void check_round_trip(const char *service, const char *start)
{
	AUTO(ref_free) struct ref *f = sample(service);
	AUTO_FREE char *text = ref_format(f);
	CHECK(text);
	if (strncmp(text, start, strlen(start)))
		test_fail(__FILE__, __LINE__, "%s does not start with %s", text, start);
	AUTO(ref_free) struct ref *back = NULL;
	struct err e = {};
	CHECK_INT(ref_parse(text, &back, &e), 0);
	CHECK_STR(back->node, f->node);
	CHECK_STR(back->service, service);
	struct vat_data a = vat_ptr_data(vat_root(f->info), NULL);
	struct vat_data b = vat_ptr_data(vat_root(back->info), NULL);
	CHECK_INT(a.len, b.len);
	CHECK(!memcmp(a.p, b.p, a.len));
	AUTO_FREE char *again = ref_format(back);
	CHECK_STR(again, text);
}

TEST(persistence_is_left_out_of_the_text)
{
	check_round_trip("persistence", "ref://[fd00::1]/MQ");
}

TEST(another_service_is_named)
{
	check_round_trip("photo-album", "ref://[fd00::1]/photo-album/MQ");
}

TEST(malformed_references_are_refused_with_a_reason)
{
	static const char *const bad[] = {"", "ref:", "ref://", "ref:///", "http://[::1]/abcd",
		"ref://[fd00::1]", "ref://[fd00::1]/", "ref://[fd00::1/EQEB", "ref://fd00::1]/EQEB",
		"ref://[nonsense]/EQEB", "ref://[fd00::1]/Has Space/EQEB", "ref://[fd00::1]/EQ=B",
		"ref://[fd00::1]/a/b/EQEB", "ref://[fd00::1]/////", "ref://[]/EQEB",
		"ref://[fd00::1]/EQECAQ"};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct ref *f = NULL;
		struct err e = {};
		if (ref_parse(bad[i], &f, &e) != -EINVAL)
			test_fail(__FILE__, __LINE__, "accepted \"%s\"", bad[i]);
		CHECK(!strncmp(e.msg, "malformed reference", 19));
	}
}

TEST(every_truncation_is_refused)
{
	AUTO(ref_free) struct ref *f = sample("persistence");
	AUTO_FREE char *text = ref_format(f);
	for (size_t n = 0; n < strlen(text); n++) {
		AUTO_FREE char *cut = strndup(text, n);
		struct ref *back = NULL;
		if (!ref_parse(cut, &back, NULL)) {
			/* a cut that decodes at all must not name the same object */
			struct vat_data d = vat_ptr_data(vat_root(back->info), NULL);
			CHECK(d.len != 32);
			ref_free(back);
		}
	}
}

TEST(too_long_a_text_is_refused)
{
	AUTO_FREE char *text = malloc(REF_TEXT_MAX + 100);
	memset(text, 'A', REF_TEXT_MAX + 99);
	text[REF_TEXT_MAX + 99] = 0;
	memcpy(text, "ref://[fd00::1]/", 16);
	struct ref *f = NULL;
	CHECK_INT(ref_parse(text, &f, NULL), -EINVAL);
}

TEST(ipv4_nodes_and_messages_work)
{
	AUTO(ref_free) struct ref *f = sample("persistence");
	strcpy(f->node, "10.1.2.3");
	struct vat_message *m = vat_message_new(0, 0);
	ref_to_sturdy(f, metac_metac_sturdy_ref_init_root(m));
	AUTO(ref_free) struct ref *back = NULL;
	CHECK_INT(ref_from_sturdy(metac_metac_sturdy_ref_root(m), &back, NULL), 0);
	AUTO_FREE char *text = ref_format(back);
	CHECK(!strncmp(text, "ref://[10.1.2.3]/", 17));
	vat_message_free(m);
}

TEST(a_mask_shows_no_more_than_four_characters)
{
	char shown[64];
	ref_mask("ref://[fd00::1]/MQEaAftmSECRET", shown, sizeof(shown));
	CHECK_STR(shown, "ref://[fd00::1]/MQEa...");
	ref_mask("ref://[fd00::1]/MQEaAftmSECRET/sub", shown, sizeof(shown));
	CHECK_STR(shown, "ref://[fd00::1]/MQEa..."); /* damaged: what is secret cannot be told */
	ref_mask("ref://[fd00::1]/album/MQEaAftmSECRET", shown, sizeof(shown));
	CHECK_STR(shown, "ref://[fd00::1]/album/MQEa...");
	ref_mask("ref:", shown, sizeof(shown));
	CHECK_STR(shown, "ref:...");
}

static void check_path(const char *service, const char *path, const char *expect)
{
	AUTO(ref_free) struct ref *f = sample(service);
	AUTO(ref_free) struct ref *back = NULL;
	AUTO(ref_free) struct ref *strict = NULL;
	AUTO_FREE char *text = ref_format(f);
	AUTO_FREE char *whole = NULL;
	char shown[96];
	const char *rest = NULL;
	CHECK(asprintf(&whole, "%s%s", text, path) > 0);
	CHECK_INT(ref_parse_within(whole, &back, &rest, NULL), 0);
	CHECK_STR(rest, expect);
	CHECK_STR(back->service, service);
	AUTO_FREE char *again = ref_format(back);
	CHECK_STR(again, text);
	CHECK_INT(ref_parse(whole, &strict, NULL), *path ? -EINVAL : 0);
	ref_mask(whole, shown, sizeof(shown));
	CHECK(!strstr(shown, strrchr(text, '/') + 6));
	CHECK(!*expect || strstr(shown, expect));
}

TEST(a_path_may_follow_the_object)
{
	check_path("persistence", "", "");
	check_path("persistence", "/", "");
	check_path("persistence", "/sub", "sub");
	check_path("persistence", "/sub/dir with space/\xff", "sub/dir with space/\xff");
	check_path("photo-album", "/2024", "2024");
	/* names that look like an object, or like a service */
	check_path("persistence", "/EQEB", "EQEB");
	check_path("persistence", "/fs/EQEB", "fs/EQEB");
}

/* The smallest and the largest of each kind that an objectInfo may be. */
TEST(no_object_looks_like_a_service_name)
{
	static const uint16_t sizes[] = {1, 2, 3, 31, 32, 33, 100, 255};
	for (size_t i = 0; i < 4 * ARRAY_SIZE(sizes); i++) {
		AUTO(ref_free) struct ref *f = sample("persistence");
		uint16_t n = sizes[i / 4];
		vat_message_free(f->info);
		f->info = vat_message_new(0, 0);
		struct vat_ptr_b root = vat_root_b(f->info);
		if (i % 4 == 0)
			memset(vat_init_data(root, n), 'a', n);
		else if (i % 4 == 1)
			(void)vat_init_struct(root, n, 0);
		else if (i % 4 == 2)
			(void)vat_init_struct(root, 0, n);
		else
			(void)vat_init_struct(root, n / 2, n / 2 + 1);
		AUTO_FREE char *text = ref_format(f);
		const char *object = strrchr(text, '/') + 1;
		CHECK(*object >= 'A' && *object <= 'Z');
		CHECK(!service_name_valid(vat_str(object)));
	}
}

TEST(service_names_are_checked)
{
	CHECK(service_name_valid(vat_str("fs")));
	CHECK(!service_name_valid(vat_str("")));
	CHECK(!service_name_valid(vat_str("Fs")));
	CHECK(!service_name_valid(vat_str("a/b")));
	CHECK(!service_name_valid(
		vat_str("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")));
}
