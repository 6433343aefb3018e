/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: loop.h.
 *
 * One packet socket for each namespace gets the frames that bridges pass up (a frame to a group is
 * for the host, too), so its index is that of the bridge; the kernel drops all but ours there. What
 * a bridge with a splice gets is taken by that one's programs, and seen at its interface. A
 * frame counts once: who plays one back again and again is not heard.
 *
 * Ports are in the list by age, the newest last.
 */
#include "svc/net/loop.h"
#include "base/log.h"
#include "svc/net/loop-frame.h"
#include "svc/net/net-service.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <sodium.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include <time.h>

enum {
	FIRST_MS = 20, /* between frames of a new port; twice that after each */
	SLOW_MS = 1000, /* at last */
	BLOCKED_MS = 250, /* of one that is blocked */
	SUSPECT_MS = 10, /* of a port whose frame has come back */
	SENT_PER_S = 32, /* by all ports together that are not new: more ports, longer intervals */
	NUDGED_MAX = 16, /* newer ports that send at once when one's frame came back */
	NUDGED_MS = 5, /* and again after that, as a storm swallows frames */
	FRESH_MS = 2000, /* older frames are not heard */

	/* From a frame that came back to the decision. */
	DELAY_MS = 20,
	DELAY_AGE_MS = 200, /* more, for ports that have been there for a while */
	DELAY_PASSIVE_MS = 250,
	DELAY_RANDOM_MS = 40,
	BACK_MIN = 3, /* so many came back: those of newer ports had the time to do so as well */
	SLACK_MS = 60, /* a frame came back "just now" */

	OPEN_MS = 2000, /* a blocked port, when no frame came back for so long */
	OPEN_RANDOM_MS = 2000,
	OPEN_MAX_MS = 60 * 1000,
	AGAIN_MS = 60 * 1000, /* blocked so soon after it was opened: tried later the next time */
	REFUSED_MS = 5000, /* the bridge would not block it */

	FRAMES_PER_TURN = 256,
};

struct loop_watch {
	struct place *place;
	struct loop_secret secret;
	struct list ports;
	unsigned n_ports;
	uint64_t last_id;
	int socket;
	sd_event_source *readable, *timer;
	bool in_turn; /* not freed meanwhile, though the last port goes */
};

static uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void watch_free(struct loop_watch *w)
{
	sd_event_source_disable_unref(w->readable);
	sd_event_source_disable_unref(w->timer);
	fd_close(w->socket);
	sodium_memzero(&w->secret, sizeof(w->secret));
	free(w);
}

/* ---- sending ------------------------------------------------------------------------------- */

static void send_frame(struct loop_watch *w, struct loop_port *p, uint64_t now)
{
	uint8_t frame[LOOP_FRAME_SIZE];
	struct sockaddr_ll to = {.sll_family = AF_PACKET,
		.sll_protocol = htons(LOOP_ETHERTYPE),
		.sll_ifindex = p->index};
	loop_frame_write(&w->secret, &(struct loop_frame){.port = p->id, .sent_ms = now}, frame);
	/* A frame that was not sent is one of those that get lost. */
	(void)sendto(
		w->socket, frame, sizeof(frame), MSG_DONTWAIT, (struct sockaddr *)&to, sizeof(to));
}

static int master_of(struct loop_watch *w, const struct loop_port *p)
{
	struct rtnl_link l;
	return rtnl_link_by_index(w->place->rtnl, p->index, &l, NULL) < 0 ? 0 : l.master;
}

static uint64_t interval(struct loop_watch *w, struct loop_port *p)
{
	uint64_t slow = MAX((uint64_t)SLOW_MS, (uint64_t)w->n_ports * 1000 / SENT_PER_S);
	if (p->state == LOOP_SUSPECT)
		return SUSPECT_MS;
	if (p->state == LOOP_BLOCKED)
		return BLOCKED_MS;
	p->step_ms = MIN(2 * p->step_ms, slow);
	return p->step_ms;
}

/* ---- time ---------------------------------------------------------------------------------- */

static int on_timer(sd_event_source *source, uint64_t usec, void *user);

static void set_timer(struct loop_watch *w, uint64_t now)
{
	uint64_t next = UINT64_MAX;
	sd_event *event = w->place->ns->streams.loop->event;
	list_for_each (it, &w->ports) {
		const struct loop_port *p = list_entry(it, struct loop_port, link);
		next = MIN(next, p->next_ms);
		if (p->state == LOOP_SUSPECT)
			next = MIN(next, p->deadline_ms);
	}
	uint64_t wait = next > now ? (next - now) * 1000 : 0;
	if (!w->timer)
		(void)sd_event_add_time_relative(
			event, &w->timer, CLOCK_MONOTONIC, wait, 1000, on_timer, w);
	else if (sd_event_source_set_time_relative(w->timer, wait) >= 0)
		(void)sd_event_source_set_enabled(w->timer, SD_EVENT_ONESHOT);
}

/* ---- states -------------------------------------------------------------------------------- */

static uint64_t deadline(const struct loop_port *p, uint64_t now)
{
	uint64_t delay = DELAY_MS + MIN((now - p->since_ms) / 2, (uint64_t)DELAY_AGE_MS);
	delay += randombytes_uniform(DELAY_RANDOM_MS + 4 * (uint32_t)MIN(p->rtt_ms, FRESH_MS));
	if (p->passive)
		delay += DELAY_PASSIVE_MS + 2 * p->rtt_ms;
	return now + delay;
}

static void port_is_new(struct loop_port *p, uint64_t now)
{
	p->state = LOOP_QUIET;
	p->since_ms = now;
	p->next_ms = now;
	p->step_ms = FIRST_MS / 2;
}

static void on_came_back(
	struct loop_watch *w, struct loop_port *p, const struct loop_frame *f, uint64_t now)
{
	unsigned nudged = 0;
	p->back_ms = now;
	p->back_sent_ms = f->sent_ms;
	p->rtt_ms = now - f->sent_ms;
	p->n_back++;
	if (p->state != LOOP_QUIET)
		return;
	p->state = LOOP_SUSPECT;
	p->deadline_ms = deadline(p, now);
	p->n_back = 1;
	p->next_ms = now;
	/* Is a newer one in the same loop? */
	for (struct list *it = w->ports.prev; it != &p->link && nudged < NUDGED_MAX;
		it = it->prev, nudged++) {
		struct loop_port *q = list_entry(it, struct loop_port, link);
		if (q->state == LOOP_QUIET) {
			q->next_ms = now;
			q->step_ms = NUDGED_MS / 2;
		}
	}
}

static bool came_back_just_now(const struct loop_port *p, uint64_t now)
{
	uint64_t slack = p->rtt_ms + SLACK_MS;
	return p->back_ms && now - p->back_ms <= slack && now - p->back_sent_ms <= slack;
}

/* The watch that comes after one (NULL: the first) of all namespaces. */
static struct loop_watch *watch_next(struct net_service *ns, const struct loop_watch *w)
{
	for (struct list *it = w ? w->place->link.next : ns->places.next; it != &ns->places;
		it = it->next) {
		struct place *p = list_entry(it, struct place, link);
		if (p->loops)
			return p->loops;
	}
	return NULL;
}

/* Of all that are in some loop: a loop may well lead through several bridges of this host. */
static struct loop_port *newest_in_loop(struct net_service *ns)
{
	struct loop_port *newest = NULL;
	for (struct loop_watch *w = watch_next(ns, NULL); w; w = watch_next(ns, w)) {
		list_for_each (it, &w->ports) {
			struct loop_port *p = list_entry(it, struct loop_port, link);
			if (p->state == LOOP_SUSPECT && p->n_back &&
				(!newest || p->since_ms >= newest->since_ms))
				newest = p;
		}
	}
	return newest;
}

static int set_blocked(struct loop_watch *w, struct loop_port *p, bool blocked, struct err *e)
{
	struct rtnl_change c = {.what = RTNL_SET_BLOCKED, .blocked = blocked};
	return rtnl_link_set(w->place->rtnl, p->index, &c, e);
}

static void tell(struct loop_port *p, bool blocked)
{
	if (p->on_block)
		p->on_block(p->user, blocked);
}

/* Others that were in the loop have a moment to see that it has gone, or is there again. */
static void look_again(struct net_service *ns, uint64_t now)
{
	for (struct loop_watch *w = watch_next(ns, NULL); w; w = watch_next(ns, w)) {
		list_for_each (it, &w->ports) {
			struct loop_port *p = list_entry(it, struct loop_port, link);
			if (p->state == LOOP_QUIET)
				continue;
			p->back_ms = 0;
			p->back_sent_ms = now;
			p->n_back = 0;
			p->deadline_ms = MAX(p->deadline_ms, now + DELAY_AGE_MS + p->rtt_ms);
			p->blocked_ms = now;
			p->next_ms = MIN(p->next_ms, now + SUSPECT_MS);
		}
		set_timer(w, now);
	}
}

static void block(struct loop_watch *w, struct loop_port *p, uint64_t now)
{
	struct err e = {};
	if (set_blocked(w, p, true, &e) < 0) {
		log_peer(LOG_ERROR, "a loop cannot be cut off: %s", e.msg);
		p->state = LOOP_QUIET;
		p->next_ms = now + REFUSED_MS;
		look_again(w->place->ns, now);
		return;
	}
	bool again = p->quiet_ms && now - p->since_ms < AGAIN_MS;
	p->quiet_ms = again ? MIN(2 * p->quiet_ms, (uint64_t)OPEN_MAX_MS)
			    : OPEN_MS + randombytes_uniform(OPEN_RANDOM_MS);
	p->state = LOOP_BLOCKED;
	look_again(w->place->ns, now);
	tell(p, true);
}

static void open_again(struct loop_watch *w, struct loop_port *p, uint64_t now)
{
	struct err e = {};
	if (p->master && set_blocked(w, p, false, &e) < 0)
		log_peer(LOG_ERROR, "a port stays cut off: %s", e.msg);
	port_is_new(p, now);
	list_unlink(&p->link);
	list_append(&w->ports, &p->link);
	look_again(w->place->ns, now);
	tell(p, false);
}

/* True: something was done, and the port may be gone. */
static bool decide(struct loop_watch *w, struct loop_port *p, uint64_t now)
{
	if (!came_back_just_now(p, now)) {
		p->state = LOOP_QUIET; /* somebody else has cut it off */
		return false;
	}
	if (p->n_back < BACK_MIN) {
		p->deadline_ms = now + SUSPECT_MS;
		return false;
	}
	p = newest_in_loop(w->place->ns);
	block(p->watch, p, now);
	return true;
}

/* ---- receiving ----------------------------------------------------------------------------- */

static struct loop_port *find(struct loop_watch *w, uint64_t id)
{
	list_for_each (it, &w->ports) {
		struct loop_port *p = list_entry(it, struct loop_port, link);
		if (p->id == id)
			return p;
	}
	return NULL;
}

/* Has the frame come to where the port is? Two bridges of this host may well be the same Ethernet,
 * by another host. */
static bool is_home(const struct loop_port *p, int index)
{
	return p->master &&
	       (p->master == index || (p->segment && segment_how(p->segment) == SEGMENT_SPLICE &&
					      segment_index(p->segment) == index));
}

static void on_frame(struct loop_watch *w, int index, const uint8_t *bytes, size_t size)
{
	struct loop_frame f;
	uint64_t now = now_ms();
	if (!loop_frame_read(bytes, size, &f))
		return;
	struct loop_port *p = find(w, f.port);
	if (!p || f.sent_ms > now || now - f.sent_ms > FRESH_MS || f.sent_ms <= p->back_sent_ms)
		return; /* most of them, in a loop: they run round until it is cut */
	if (!loop_frame_is_ours(&w->secret, bytes))
		return;
	p->master = master_of(w, p);
	if (is_home(p, index))
		on_came_back(w, p, &f, now);
}

static void read_frames(struct loop_watch *w)
{
	for (int i = 0; i < FRAMES_PER_TURN; i++) {
		uint8_t bytes[LOOP_FRAME_SIZE];
		struct sockaddr_ll from = {};
		socklen_t size = sizeof(from);
		ssize_t got = recvfrom(w->socket, bytes, sizeof(bytes), MSG_DONTWAIT,
			(struct sockaddr *)&from, &size);
		if (got < 0)
			break; /* nothing is there, or a link went down */
		on_frame(w, from.sll_ifindex, bytes, (size_t)got);
	}
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct loop_watch *w = user;
	read_frames(w);
	set_timer(w, now_ms());
	return 0;
}

/* The filter is there before the first frame is. */
static int open_socket(struct loop_watch *w, struct err *e)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, LOOP_TAG_AT),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, w->secret.tag, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, LOOP_FRAME_SIZE),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog filter = {.len = ARRAY_SIZE(code), .filter = code};
	struct sockaddr_ll all = {.sll_family = AF_PACKET, .sll_protocol = htons(LOOP_ETHERTYPE)};
	int own, r = rtnl_enter(w->place->netns, &own, e);
	if (r < 0)
		return r;
	w->socket = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	r = w->socket < 0 ? -errno : 0;
	rtnl_leave(own);
	if (r < 0 ||
		setsockopt(w->socket, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) < 0 ||
		bind(w->socket, (struct sockaddr *)&all, sizeof(all)) < 0)
		return err_errno(e, r < 0 ? r : -errno, "look for loops");
	r = sd_event_add_io(w->place->ns->streams.loop->event, &w->readable, w->socket, EPOLLIN,
		on_readable, w);
	return r < 0 ? err_errno(e, r, "look for loops") : 0;
}

/* ---- turns --------------------------------------------------------------------------------- */

/* Whatever is due for a port. True: it may be gone, look at all again. */
static bool port_turn(struct loop_watch *w, struct loop_port *p, uint64_t now)
{
	if (p->state == LOOP_SUSPECT && now >= p->deadline_ms && decide(w, p, now))
		return true;
	if (now < p->next_ms)
		return false;
	int master = master_of(w, p);
	bool moved = master != p->master;
	p->master = master;
	p->next_ms = now + interval(w, p);
	/* In another bridge it is open. */
	bool opened = p->state == LOOP_BLOCKED &&
		      (moved || now - MAX(p->back_ms, p->blocked_ms) >= p->quiet_ms);
	if (opened)
		open_again(w, p, now);
	else if (master)
		send_frame(w, p, now);
	return opened;
}

static bool turn(struct loop_watch *w, uint64_t now)
{
	list_for_each (it, &w->ports)
		if (port_turn(w, list_entry(it, struct loop_port, link), now))
			return true;
	return false;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *user)
{
	struct loop_watch *w = user;
	read_frames(w);
	uint64_t now = now_ms();
	w->in_turn = true;
	while (turn(w, now))
		continue;
	w->in_turn = false;
	if (w->n_ports)
		set_timer(w, now);
	else
		watch_free(w);
	return 0;
}

/* ---- life ---------------------------------------------------------------------------------- */

static int watch_new(struct place *p, struct loop_watch **ret, struct err *e)
{
	struct loop_watch *w = calloc(1, sizeof(*w));
	if (!w)
		return err_errno(e, -ENOMEM, "look for loops");
	w->place = p;
	w->socket = -EBADF;
	list_init(&w->ports);
	loop_secret_init(&w->secret);
	int r = open_socket(w, e);
	if (r < 0)
		watch_free(w);
	else
		*ret = w;
	return r;
}

int loop_add(struct place *p, struct loop_port *port, struct err *e)
{
	int r = p->loops ? 0 : watch_new(p, &p->loops, e);
	if (r < 0)
		return r;
	struct loop_watch *w = port->watch = p->loops;
	uint64_t now = now_ms();
	port->id = ++w->last_id;
	port->master = master_of(w, port);
	/* It may have been blocked by a process that was killed. */
	if (port->master)
		(void)set_blocked(w, port, false, NULL);
	port_is_new(port, now);
	list_append(&w->ports, &port->link);
	w->n_ports++;
	set_timer(w, now);
	return 0;
}

void loop_remove(struct loop_port *port)
{
	struct loop_watch *w = TAKE_PTR(port->watch);
	if (!w)
		return;
	if (port->state == LOOP_BLOCKED)
		(void)set_blocked(w, port, false, NULL);
	port->state = LOOP_QUIET;
	list_unlink(&port->link);
	if (--w->n_ports == 0) {
		w->place->loops = NULL;
		if (!w->in_turn)
			watch_free(w);
	}
}

bool loop_is_blocked(const struct loop_port *port)
{
	return port->watch && port->state == LOOP_BLOCKED;
}
