/* SPDX-License-Identifier: MIT */
/* Secrets and what they stand for, against a plain list of the same. */
#include "vat/keyring.h"
#include "vat/persistent.h"
#include "vat/conn/test-net.h"

enum { MANY = 300 };

/* Not so random that a test could not be repeated. */
static void draw(unsigned i, uint8_t secret[VAT_SECRET_SIZE])
{
	memset(secret, 0, VAT_SECRET_SIZE);
	memcpy(secret, &i, sizeof(i));
}

static int add(struct vat_keyring *k, unsigned i, struct vat_cap *cap)
{
	uint8_t secret[VAT_SECRET_SIZE], hash[VAT_SECRET_HASH_SIZE];
	draw(i, secret);
	vat_secret_hash(secret, hash);
	return vat_keyring_add(k, hash, cap);
}

static int drop(struct vat_keyring *k, unsigned i)
{
	uint8_t secret[VAT_SECRET_SIZE], hash[VAT_SECRET_HASH_SIZE];
	draw(i, secret);
	vat_secret_hash(secret, hash);
	return vat_keyring_remove(k, hash);
}

static void check_has(struct vat_keyring *k, unsigned i, struct vat_cap *want)
{
	uint8_t secret[VAT_SECRET_SIZE];
	draw(i, secret);
	struct vat_cap *c = vat_keyring_get(k, secret, sizeof(secret));
	CHECK(c == want);
	vat_cap_unref(c);
}

TEST(a_secret_leads_to_its_capability_and_nothing_else_does)
{
	struct net n;
	struct thing t[2] = {0};
	uint8_t secret[VAT_SECRET_SIZE], hash[VAT_SECRET_HASH_SIZE];
	net_init(&n, 1);
	struct vat_keyring *k = vat_keyring_new(2);
	struct vat_cap *a = thing_serve(n.vat[0], &t[0]), *b = thing_serve(n.vat[0], &t[1]);
	check_has(k, 1, NULL);
	CHECK_INT(drop(k, 1), -ENOENT);
	CHECK_INT(add(k, 1, a), 0);
	CHECK_INT(add(k, 1, b), -EEXIST);
	CHECK_INT(add(k, 2, NULL), -EINVAL);
	CHECK_INT(add(k, 2, b), 0);
	CHECK_INT(add(k, 3, b), -ENOSPC);
	CHECK_INT(vat_keyring_count(k), 2);
	check_has(k, 1, a);
	check_has(k, 2, b);
	check_has(k, 3, NULL);
	draw(1, secret);
	CHECK(!vat_keyring_get(k, secret, VAT_SECRET_SIZE - 1));
	/* What is kept is no secret. */
	vat_secret_hash(secret, hash);
	CHECK(!vat_keyring_get(k, hash, sizeof(hash)));
	CHECK_INT(drop(k, 1), 0);
	check_has(k, 1, NULL);
	check_has(k, 2, b);
	vat_cap_unref(a);
	vat_cap_unref(b);
	vat_keyring_free(k);
	net_run(&n);
	net_done(&n);
}

TEST(many_come_and_go)
{
	struct net n;
	struct thing t[2] = {0};
	bool in[MANY] = {0};
	uint64_t state = 7;
	net_init(&n, 1);
	struct vat_keyring *k = vat_keyring_new(MANY);
	struct vat_cap *c[2] = {thing_serve(n.vat[0], &t[0]), thing_serve(n.vat[0], &t[1])};
	for (unsigned step = 0; step < 20000; step++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		unsigned i = (unsigned)(state >> 33) % MANY;
		CHECK_INT(in[i] ? drop(k, i) : add(k, i, c[i & 1]), 0);
		in[i] = !in[i];
		if (step % 500)
			continue;
		unsigned count = 0;
		for (unsigned j = 0; j < MANY; j++) {
			check_has(k, j, in[j] ? c[j & 1] : NULL);
			count += in[j];
		}
		CHECK_INT(vat_keyring_count(k), count);
	}
	vat_keyring_free(k);
	vat_cap_unref(c[0]);
	vat_cap_unref(c[1]);
	net_run(&n);
	net_done(&n);
}

/* A vat whose objects can all be saved: under secrets 1, 2 and so on. */
static bool on_save(void *user, struct vat_cap *object, uint64_t interface_id, uint16_t method,
	struct vat_ctx *ctx)
{
	struct vat_keyring *k = user;
	uint8_t secret[VAT_SECRET_SIZE];
	unsigned i = vat_keyring_count(k) + 1;
	if (!vat_is_save(interface_id, method))
		return false;
	draw(i, secret);
	CHECK_INT(add(k, i, object), 0);
	vat_set_data(vat_save_sturdy_ref(ctx), (struct vat_data){secret, sizeof(secret)});
	vat_ctx_return(ctx);
	return true;
}

static void on_saved(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct vat_data d = vat_ptr_data(vat_saved(results), NULL);
	CHECK(!err);
	CHECK_INT(d.len, VAT_SECRET_SIZE);
	memcpy(user, d.p, d.len);
}

TEST(what_was_saved_over_a_connection_is_restored_after_it)
{
	struct net n;
	struct thing t = {0};
	struct reply r;
	uint8_t secret[VAT_SECRET_SIZE];
	net_init(&n, 2);
	struct vat_keyring *k = vat_keyring_new(10);
	vat_on_unknown(n.vat[1], on_save, k);
	struct net_link *l = net_serve(&n, 0, 1, thing_serve(n.vat[1], &t));
	struct vat_cap *c = vat_conn_bootstrap(l->conn[0]);
	struct vat_call *save = vat_save(n.vat[0], c, NULL);
	vat_call_send(save, on_saved, secret);
	net_run(&n);
	vat_call_free(save);
	vat_cap_unref(c);
	net_cut(&n, l, 0);

	c = vat_keyring_get(k, secret, sizeof(secret));
	CHECK(c);
	thing_call(n.vat[1], c, THING_ECHO, 5, NULL, &r);
	net_run(&n);
	CHECK_REPLY(r, 5);
	vat_cap_unref(c);
	vat_keyring_free(k);
	net_run(&n);
	net_done(&n);
}
