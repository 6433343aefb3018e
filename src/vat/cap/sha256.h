/* SPDX-License-Identifier: MIT */
#pragma once
/* SHA-256 (FIPS 180-4), for what fits into memory. */
#include <stddef.h>
#include <stdint.h>

enum { SHA256_SIZE = 32 };

void sha256(const void *data, size_t size, uint8_t ret[SHA256_SIZE]);
