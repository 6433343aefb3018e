/* SPDX-License-Identifier: MIT */
/* Fuzzes the packed form: any input unpacks or is refused; what was unpacked packs and unpacks to
 * itself; any words survive packing. */
#include "vat/cap/test-caps.h"
#include "vat/message/message-internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void round_trip(const void *plain, size_t size)
{
	void *packed, *again;
	size_t n_packed, n_again;
	if (vat_pack(plain, size, &packed, &n_packed) < 0)
		abort();
	if (n_packed > size / 8 * 10)
		abort();
	if (vat_unpack(packed, n_packed, size, &again, &n_again) < 0)
		abort();
	if (n_again != size || (size && memcmp(plain, again, size)))
		abort();
	free(packed);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *plain;
	size_t n;
	int r = vat_unpack(data, size, 1 << 20, &plain, &n);
	if (!r) {
		if (n % 8 || n > 1 << 20)
			abort();
		round_trip(plain, n);
		free(plain);
	} else if (r != -EBADMSG) {
		abort();
	}
	round_trip(data, size / 8 * 8);
	return 0;
}
