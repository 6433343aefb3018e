/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target over files and folders given as arguments: the corpus as an ordinary test.
 * Under libFuzzer (meson option fuzz) this file is not linked.
 */
#include "base/macro.h"

#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
static unsigned n_files;

static int run_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	if (type != FTW_F)
		return 0;
	FILE *f = fopen(path, "re");
	if (!f)
		return 0;
	/* A heap block of the exact size, so that reading past it is seen. */
	uint8_t *data = malloc(st->st_size ? (size_t)st->st_size : 1);
	size_t n = data ? fread(data, 1, (size_t)st->st_size, f) : 0;
	fclose(f);
	LLVMFuzzerTestOneInput(data, n);
	free(data);
	n_files++;
	return 0;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		nftw(argv[i], run_file, 8, FTW_PHYS);
	printf("1..1\n%s 1 - corpus of %u files\n", n_files ? "ok" : "not ok", n_files);
	return n_files ? 0 : 1;
}
