/* SPDX-License-Identifier: MIT */
/* Theory of operation: image-qmp.h. */
#include "svc/fs/block/image-qmp.h"

#include <poll.h>
#include <sys/socket.h>
#include <time.h>

/* ---- answers ------------------------------------------------------------------------------- */

int image_qmp_answer(const char *line, size_t n, json_t **ret_value, char text[IMAGE_TEXT_MAX])
{
	json_t *o = json_loadb(line, n, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(o)) {
		json_decref(o);
		return -EBADMSG;
	}
	json_t *value = json_object_get(o, "return"), *error = json_object_get(o, "error");
	int r = value || error;
	if (error)
		image_text_set(
			text, json_string_value(json_object_get(error, "desc")) ?: "unknown error");
	if (r)
		*ret_value = error ? NULL : json_incref(value);
	json_decref(o);
	return r;
}

/* Where there may be more of it; NULL: nowhere. */
static const char *elsewhere(const json_t *nodes, const json_t *image)
{
	const json_t *data = json_object_get(json_object_get(image, "format-specific"), "data");
	if (json_object_get(image, "backing-filename") ||
		json_object_get(image, "full-backing-filename") ||
		json_object_get(image, "backing-image"))
		return "it has a backing file, which would be read with nobody's rights";
	/* One node for the image, and one for its file. */
	if (json_object_get(data, "data-file") || json_array_size(nodes) != 2)
		return "its data is in other files, which would be opened with nobody's rights";
	return NULL;
}

static const json_t *find_node(const json_t *nodes, const char *node)
{
	size_t i;
	const json_t *n;
	json_array_foreach(nodes, i, n)
	{
		const char *name = json_string_value(json_object_get(n, "node-name"));
		if (name && !strcmp(name, node))
			return n;
	}
	return NULL;
}

int image_qmp_node(
	const json_t *nodes, const char *node, uint64_t *ret_size, char text[IMAGE_TEXT_MAX])
{
	const json_t *image = json_object_get(find_node(nodes, node), "image");
	const json_t *size = json_object_get(image, "virtual-size");
	if (!json_is_integer(size) || json_integer_value(size) < 0) {
		image_text_set(text, "it is not clear what is in it");
		return -EBADMSG;
	}
	const char *why = elsewhere(nodes, image);
	if (!why && !json_integer_value(size))
		why = "the disk in it is empty";
	if (why) {
		image_text_set(text, why);
		return -EINVAL;
	}
	*ret_size = (uint64_t)json_integer_value(size);
	return 0;
}

/* ---- the conversation ---------------------------------------------------------------------- */

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

static int fail(struct image_qmp *q, int r)
{
	image_text_set(q->text, r == -EPIPE ? "the image server ended"
				: r == -ETIMEDOUT
					? "the image server does not answer"
					: "the image server's answer is not to be understood");
	return r;
}

/* More of it into the buffer. */
static int receive(struct image_qmp *q, int64_t deadline)
{
	struct pollfd p = {.fd = q->fd, .events = POLLIN};
	int64_t left = deadline - now_ms();
	if (q->have == IMAGE_QMP_LINE_MAX)
		return -EMSGSIZE;
	int r = left > 0 ? poll(&p, 1, (int)left) : 0;
	if (r <= 0)
		return r < 0 && errno == EINTR ? 0 : -ETIMEDOUT;
	ssize_t n = recv(q->fd, q->buf + q->have, IMAGE_QMP_LINE_MAX - q->have, MSG_DONTWAIT);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -EPIPE;
	q->have += (size_t)n;
	return n ? 0 : -EPIPE;
}

/* The next line that is something: see image_qmp_answer(). */
static int next(struct image_qmp *q, int64_t deadline, json_t **ret)
{
	for (;;) {
		char *end = memchr(q->buf, '\n', q->have);
		if (!end) {
			int r = receive(q, deadline);
			if (r < 0)
				return r;
			continue;
		}
		size_t n = (size_t)(end - q->buf);
		/* An empty line follows the carriage return of the one before. */
		int r = n > 1 ? image_qmp_answer(q->buf, n, ret, q->text) : -EAGAIN;
		q->have -= n + 1;
		memmove(q->buf, end + 1, q->have);
		if (r != -EAGAIN)
			return r;
	}
}

static int send_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t k = send(fd, p, n, MSG_NOSIGNAL);
		if (k < 0 && errno != EINTR)
			return -EPIPE;
		p += MAX(k, 0);
		n -= (size_t)MAX(k, 0);
	}
	return 0;
}

static char *command_text(const char *command, json_t *takes_args)
{
	json_t *o = takes_args
			    ? json_pack("{s:s, s:o}", "execute", command, "arguments", takes_args)
			    : json_pack("{s:s}", "execute", command);
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	json_decref(o);
	return text;
}

int image_qmp_call(struct image_qmp *q, const char *command, json_t *takes_args, json_t **ret_value)
{
	json_t *value = NULL;
	int64_t deadline = now_ms() + IMAGE_QMP_SECONDS * 1000;
	AUTO_FREE char *text = command_text(command, takes_args);
	int r = text ? send_all(q->fd, text, strlen(text)) : -ENOMEM;
	while (r == 0)
		r = next(q, deadline, &value);
	if (r < 0)
		return fail(q, r);
	if (!value)
		return -EREMOTEIO;
	if (ret_value)
		*ret_value = value;
	else
		json_decref(value);
	return 0;
}

int image_qmp_begin(struct image_qmp *q, int fd)
{
	*q = (struct image_qmp){.fd = fd, .buf = malloc(IMAGE_QMP_LINE_MAX)};
	if (!q->buf)
		return fail(q, -ENOMEM);
	return image_qmp_call(q, "qmp_capabilities", NULL, NULL); /* the greeting is passed over */
}

void image_qmp_done(struct image_qmp *q)
{
	free(TAKE_PTR(q->buf));
}
