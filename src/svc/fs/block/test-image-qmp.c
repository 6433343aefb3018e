/* SPDX-License-Identifier: MIT */
#include "svc/fs/block/image-qmp.h"
#include "base/test.h"

#include <sys/socket.h>
#include <sys/wait.h>

/* ---- answers ------------------------------------------------------------------------------- */

static int answer(const char *line, json_t **ret, char text[IMAGE_TEXT_MAX])
{
	*ret = NULL;
	*text = 0;
	return image_qmp_answer(line, strlen(line), ret, text);
}

TEST(an_answer_is_a_value_or_an_error)
{
	char text[IMAGE_TEXT_MAX];
	json_t *value;
	CHECK_INT(answer("{\"return\": {\"a\": 5}}\r", &value, text), 1);
	CHECK_INT(json_integer_value(json_object_get(value, "a")), 5);
	json_decref(value);
	CHECK_INT(answer("{\"error\": {\"class\": \"X\", \"desc\": \"no\\nsuch\"}}", &value, text),
		1);
	CHECK(!value);
	CHECK_STR(text, "no?such");
	CHECK_INT(answer("{\"error\": 7}", &value, text), 1);
	CHECK_STR(text, "unknown error");
	CHECK_INT(answer("{\"event\": \"X\"}", &value, text), 0);
	CHECK_INT(answer("{\"QMP\": {}}", &value, text), 0);
	static const char *const bad[] = {"", "[", "7", "[]", "{\"return\": 1", "{} {}"};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_INT(answer(bad[i], &value, text), -EBADMSG);
}

static int node(const char *nodes, uint64_t *ret_size, char text[IMAGE_TEXT_MAX])
{
	json_t *o = json_loads(nodes, 0, NULL);
	CHECK(o);
	int r = image_qmp_node(o, "image", ret_size, text);
	json_decref(o);
	return r;
}

#define IMAGE(rest) "{\"node-name\": \"image\", \"image\": {" rest "}}"
#define FILE_NODE "{\"node-name\": \"#block1\", \"image\": {\"virtual-size\": 77}}"

TEST(an_image_that_is_all_there_has_a_size)
{
	char text[IMAGE_TEXT_MAX];
	uint64_t size = 0;
	CHECK_INT(node("[" FILE_NODE "," IMAGE("\"virtual-size\": 1048576") "]", &size, text), 0);
	CHECK_INT(size, 1048576);
}

TEST(an_image_that_needs_other_files_is_refused)
{
	static const struct {
		const char *nodes, *text;
	} bad[] = {
		{"[" FILE_NODE "," IMAGE("\"virtual-size\": 512, \"backing-filename\": \"a\"") "]",
			"backing file"},
		{"[" FILE_NODE "," IMAGE("\"virtual-size\": 512, \"format-specific\": "
					 "{\"data\": {\"data-file\": \"a\"}}") "]",
			"other files"},
		{"[" FILE_NODE "," FILE_NODE "," IMAGE("\"virtual-size\": 512") "]", "other files"},
		{"[" IMAGE("\"virtual-size\": 512") "]", "other files"},
		{"[" FILE_NODE "," IMAGE("\"virtual-size\": 0") "]", "empty"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char text[IMAGE_TEXT_MAX] = "";
		uint64_t size = 0;
		CHECK_INT(node(bad[i].nodes, &size, text), -EINVAL);
		CHECK(strstr(text, bad[i].text));
	}
}

TEST(nothing_is_believed_to_be_there)
{
	static const char *const bad[] = {"[]", "{}", "[7]", "[{}]", "[{\"node-name\": 7}]",
		"[{\"node-name\": \"image\"}]", "[{\"node-name\": \"image\", \"image\": []}]",
		"[" FILE_NODE "," IMAGE("\"virtual-size\": \"5\"") "]",
		"[" FILE_NODE "," IMAGE("\"virtual-size\": -5") "]",
		"[" FILE_NODE "," IMAGE("\"virtual-size\": 1e9") "]"};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char text[IMAGE_TEXT_MAX];
		uint64_t size = 0;
		CHECK_INT(node(bad[i], &size, text), -EBADMSG);
	}
}

/* ---- the conversation ---------------------------------------------------------------------- */

struct talk {
	struct image_qmp qmp;
	int fd;
	pid_t pid;
};

/* Somebody who says all that at once, and hears until nobody speaks. */
static void talk_begin(struct talk *t, const char *words, size_t n)
{
	int pair[2];
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	t->pid = fork();
	if (!t->pid) {
		char buf[4096];
		close(pair[0]);
		while (n) {
			ssize_t k = write(pair[1], words, n);
			if (k < 0)
				_exit(1);
			words += k;
			n -= (size_t)k;
		}
		shutdown(pair[1], SHUT_WR);
		while (read(pair[1], buf, sizeof(buf)) > 0)
			;
		_exit(0);
	}
	close(pair[1]);
	t->fd = pair[0];
}

static void talk_end(struct talk *t)
{
	image_qmp_done(&t->qmp);
	close(t->fd);
	CHECK_INT(waitpid(t->pid, NULL, 0), t->pid);
}

TEST(greeting_and_events_are_passed_over)
{
	struct talk t = {};
	json_t *value = NULL;
	static const char words[] =
		"{\"QMP\": {}}\r\n{\"return\": {}}\r\n{\"event\": \"E\"}\r\n\r\n"
		"{\"return\": [5]}\r\n{\"error\": {\"desc\": \"not today\"}}\r\n";
	talk_begin(&t, words, strlen(words));
	CHECK_INT(image_qmp_begin(&t.qmp, t.fd), 0);
	CHECK_INT(image_qmp_call(&t.qmp, "look", NULL, &value), 0);
	CHECK_INT(json_integer_value(json_array_get(value, 0)), 5);
	json_decref(value);
	CHECK_INT(image_qmp_call(&t.qmp, "go", json_object(), NULL), -EREMOTEIO);
	CHECK_STR(t.qmp.text, "not today");
	CHECK_INT(image_qmp_call(&t.qmp, "more", NULL, NULL), -EPIPE);
	talk_end(&t);
}

TEST(an_answer_without_end_is_cut_off)
{
	struct talk t = {};
	size_t n = IMAGE_QMP_LINE_MAX + 10;
	AUTO_FREE char *words = malloc(n);
	memset(words, ' ', n);
	talk_begin(&t, words, n);
	CHECK_INT(image_qmp_begin(&t.qmp, t.fd), -EMSGSIZE);
	shutdown(t.fd, SHUT_RDWR);
	talk_end(&t);
}

TEST(one_that_ends_is_noticed)
{
	struct talk t = {};
	talk_begin(&t, "{\"QMP\"", 6);
	CHECK_INT(image_qmp_begin(&t.qmp, t.fd), -EPIPE);
	CHECK_STR(t.qmp.text, "the image server ended");
	talk_end(&t);
}
