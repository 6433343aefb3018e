/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Making things fit to be seen: references without their secret, names that are not text.
 */
#include "base/macro.h"

#include <jansson.h>

/* A word of the command line for a message, into buf (which is returned): a reference loses its
 * secret (ref://[fd00::1]/...), control characters become `?', what is too long is cut. */
const char *show_word(const char *word, char *buf, size_t size);

/* True if the n bytes are UTF-8 without control characters. */
bool show_is_plain(const char *s, size_t n);

/* Control characters, but newlines, and what is no UTF-8 become `?': for what a peer has said. */
void show_make_plain(char *s);

/* A name as a shell would take it: as it is when plain, else $'...' with escapes. Returns malloc'ed
 * text, NULL when memory is out. */
char *show_quoted(const char *s, size_t n);

/* A name as a JSON string. Bytes that are no UTF-8 become U+FFFD. */
json_t *show_json(const char *s, size_t n);
/* Sets obj[key] so; if bytes had to be replaced also obj[key + "Hex"] to all bytes in hexadecimal.
 */
int show_json_set(json_t *obj, const char *key, const char *s, size_t n);

/* "4.0K", "17M"; bytes below 1024 as they are. */
void show_size(uint64_t n, char *buf, size_t size);
/* Seconds since 1970 as "2026-11-21 17:03:20" in local time; "never" for 0. */
void show_time(int64_t t, char *buf, size_t size);
/* ls-like "drwxr-xr-x". */
void show_mode(unsigned mode, char ret[static 11]);
