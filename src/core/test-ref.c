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
