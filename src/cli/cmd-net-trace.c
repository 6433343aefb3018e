/* SPDX-License-Identifier: MIT */
/*
 * metac net trace: a capture of an interface, as a stream of pcap format, to whatever reads
 * standard output, or to a file.  A filter comes as tcpdump(8) compiles it, or in its language,
 * which libpcap knows, if that is there (pcap-filter.h).
 */
#include "cli/copy.h"
#include "cli/net.h"
#include "cli/pcap-filter.h"
#include "cli/show.h"
#include "cli/uri.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <stdio.h>

enum { FILTER_TEXT_MAX = 4000 };

/* The next number of a program: digits, after spaces and commas. */
static bool next_number(const char **p, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;
	*p += strspn(*p, " \t\r\n,");
	const char *from = *p;
	for (; **p >= '0' && **p <= '9'; ++*p) {
		v = v * 10 + (uint64_t)(**p - '0');
		if (v > max)
			return false;
	}
	*ret = v;
	return *p > from;
}

int net_filter_parse(const char *text, uint64_t *ret, uint32_t *ret_n)
{
	uint64_t count, code, jt, jf, k;
	const char *p = text;
	if (!next_number(&p, BPF_MAXINSNS, &count) || !count)
		return -EINVAL;
	for (uint64_t i = 0; i < count; i++) {
		if (!next_number(&p, UINT16_MAX, &code) || !next_number(&p, UINT8_MAX, &jt) ||
			!next_number(&p, UINT8_MAX, &jf) || !next_number(&p, UINT32_MAX, &k))
			return -EINVAL;
		ret[i] = code | jt << 16 | jf << 24 | k << 32;
	}
	if (p[strspn(p, " \t\r\n,")])
		return -EINVAL;
	*ret_n = (uint32_t)count;
	return 0;
}

/* From --filter, or the words after the URI; without either, none. */
static int read_filter(struct cli *cli, uint64_t *ret, uint32_t *ret_n)
{
	char text[FILTER_TEXT_MAX];
	size_t at = 0;
	if (cli->opt.filter && cli->n_args > 1)
		return cli_wrong_use(cli, "either FILTER or --filter");
	if (cli->opt.filter && net_filter_parse(cli->opt.filter, ret, ret_n) < 0)
		return err_set(&cli->err, -EINVAL,
			"--filter: this is no program as `tcpdump -ddd' prints it");
	for (int i = 1; i < cli->n_args; i++) {
		at += (size_t)snprintf(
			text + at, sizeof(text) - at, "%s%s", at ? " " : "", cli->args[i]);
		if (at >= sizeof(text))
			return err_set(&cli->err, -E2BIG, "the filter is too long");
	}
	return at ? pcap_filter_compile(text, cli->opt.snap_length, ret, ret_n, &cli->err) : 0;
}

static int fill(struct client *c, struct net_trace_options_b b)
{
	const struct options *o = &c->cli->opt;
	uint64_t program[BPF_MAXINSNS];
	uint32_t n = 0;
	int r = read_filter(c->cli, program, &n);
	if (r < 0)
		return r;
	net_trace_options_set_count(b, o->count);
	net_trace_options_set_snap_length(b, o->snap_length);
	struct vat_list_b list = net_trace_options_init_filter(b, n);
	for (uint32_t i = 0; i < n; i++)
		vat_list_set_u64(list, i, program[i]);
	return 0;
}

/* The Stream; not waited for. */
static int start(struct client *c, const struct net_target *t, struct stream_stream_c *ret)
{
	/* Here the interface itself: of a routed network nobody else may see all. */
	struct net_l2_interface_c iface =
		t->kernel.cap ? net_l2_interface_cast(t->kernel.cap) : t->iface;
	struct net_l2_interface_trace_req q = net_l2_interface_trace(c->loop.vat, iface);
	int r = fill(c, net_l2_interface_trace_params_init_options(q.params));
	if (r < 0) {
		vat_call_free(q.call);
		return r;
	}
	*ret = net_l2_interface_trace_pipe_stream(q.call);
	client_pipeline(q.call);
	return 0;
}

/* Frames are what people say to each other: not for everybody who may look at the disk. */
static int open_output(struct cli *cli)
{
	if (!cli->opt.write_to)
		return STDOUT_FILENO;
	int fd = open(cli->opt.write_to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	return fd < 0 ? err_errno(&cli->err, -errno, "%s", cli->opt.write_to) : fd;
}

static int copy_out(struct client *c, struct stream_stream_c s)
{
	AUTO_CLOSE int fd = -EBADF;
	struct stream_connection_c end = {};
	int r = client_open_stream(c, s.cap, &fd, &end);
	if (r < 0)
		return r;
	int out = open_output(c->cli);
	if (out < 0) {
		stream_connection_unref(end);
		return out;
	}
	struct copy copy = {.in = -1, .out = out, .stream = fd, .end_with_stream = true};
	client_default_signals();
	r = copy_run_command(&copy);
	fd = fd_close(fd);
	if (out != STDOUT_FILENO)
		fd_close(out);
	if (r < 0)
		err_errno(&c->cli->err, r, "%s",
			c->cli->opt.write_to && strcmp(copy.who, "the stream") != 0
				? c->cli->opt.write_to
				: copy.who);
	else
		r = client_outcome(c, end);
	stream_connection_unref(end);
	return r;
}

static int trace(struct cli *cli, const struct net_uri *uri)
{
	AUTO(client_close) struct client *c = NULL;
	struct net_target t = {};
	struct stream_stream_c s = {};
	int r = client_open(cli, &c);
	if (r >= 0)
		r = net_target_find_there(c, uri, &t);
	if (r >= 0)
		r = start(c, &t, &s);
	if (r >= 0)
		r = copy_out(c, s);
	if (r < 0 && t.iface.cap)
		err_wrap(&cli->err, r, "%s", t.shown);
	stream_stream_unref(s);
	net_target_done(&t);
	return r;
}

int cmd_net_trace(struct cli *cli)
{
	AUTO_FREE struct net_uri *uri = calloc(1, sizeof(*uri));
	AUTO_FREE char *text = uri_read(cli->args[0], STDIN_FILENO, &cli->err);
	if (!text || !uri)
		return text ? err_set(&cli->err, -ENOMEM, "out of memory") : cli->err.code;
	int r = net_uri_parse(text, uri, &cli->err);
	if (r >= 0 && (uri->kind == NET_URI_NEW || net_uri_is_restricted(uri)))
		r = cli_wrong_use(cli, "URI is one that is there, and all of it: local:DEV, "
				       "netns:NS:DEV or ref://...");
	if (r >= 0 && !cli->opt.write_to && isatty(STDOUT_FILENO))
		r = cli_wrong_use(cli, "a capture is nothing for a terminal: -o FILE.pcap, or "
				       "| tshark -i -");
	return r < 0 ? r : trace(cli, uri);
}
