/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Three-party hand-off: RPC level 3 (rpc.capnp of Cap'n Proto, as revised in 2024).
 *
 * Without it, a capability of peer H that is passed on to peer R is served by us: every call of R
 * goes through here for ever.  With it we introduce R to H.  H is told to expect somebody who knows
 * a token (Provide), R is told the token and how to reach H, and from then on R's calls go straight
 * there.
 *
 *	introducer --- Provide(object, token) ---------------> host
 *	     |                                                  ^
 *	     '---- the object is at host: token, way, vine --> recipient --- Accept(token)
 *
 * The vine is an ordinary capability of ours for the same object.  A peer that knows nothing of
 * hand-off uses it, and R does too when H cannot be reached or does not know the token: no call is
 * lost, it only goes the long way.  R keeps the vine of who told it first while it keeps the
 * object, and names it when the object comes back to us.  E-order holds across the hand-off.
 *
 * How vats find each other is the embedder's affair: struct vat_network.  A vat with one takes part
 * in every role that has a callback (and is a host in any case); a vat without one answers
 * `unimplemented`.  Only what is settled is handed off, and nothing that is seen through a
 * membrane.
 *
 * On the wire, what rpc.capnp leaves to the network (ThirdPartyToAwait, ThirdPartyToContact,
 * ThirdPartyCompletion) is in all three cases
 *
 *	struct Introduction {
 *		token @0 :Group { high @0 :UInt64; low @1 :UInt64; }  # 16 bytes as they are
 *		way @2 :UInt8 = 255;   # descriptor of the message that leads to the other
 *				       # (255 = none)
 *		address @3 :Data;      # for the embedder at the other end
 *	}
 */
#include "vat/rpc.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { VAT_TOKEN_SIZE = 16, VAT_ADDRESS_MAX = 255 };

/* What an introducer decides about one introduction. */
struct vat_introduction {
	/* Whoever shows it gets the capability: from the kernel's random generator, new each time.
	 */
	uint8_t token[VAT_TOKEN_SIZE];
	/* Ways to each other, for example the two ends of a socket pair; -1 (as it is preset):
	 * none. Taken by the library, also when the message that carries them cannot be sent. */
	int recipient_fd, host_fd;
	/* Comes out at the recipient's connect() and the host's await(). */
	uint8_t address[VAT_ADDRESS_MAX];
	uint8_t address_size;
};

/* What reached the other two; borrowed for the duration of the callback. */
struct vat_contact {
	const uint8_t *token;
	const uint8_t *address;
	size_t address_size;
};

struct vat_network {
	/* Introducer: may the recipient be introduced to the host, and how? *ret is zeroed and
	 * without descriptors. 0, or -EOPNOTSUPP (or any other negative errno): no, serve the
	 * capability as usual. This is asked while a message is being written, from any function of
	 * the library: it must not call any of them but vat_conn_user. NULL: never. */
	int (*introduce)(void *user, struct vat_conn *host, struct vat_conn *recipient,
		struct vat_introduction *ret);
	/* Recipient: the connection to the host (of the same vat; may still be connecting, bytes
	 * wait; borrowed by the library until it is freed). NULL: cannot be had, the vine is used.
	 * Takes fd (-1 = none came). From vat_run(). NULL: never. */
	struct vat_conn *(*connect)(
		void *user, struct vat_conn *introducer, const struct vat_contact *contact, int fd);
	/* Host: fd (taken) came with a Provide; a recipient is or will be at its other end. From
	 * vat_run(). NULL: it is closed. */
	void (*await)(
		void *user, struct vat_conn *introducer, const struct vat_contact *contact, int fd);
	void *user;
	/* Of one peer: capabilities provided at a time (never more than its limit of answers; more
	 * abort its connection), Accepts that wait for their Provide or for earlier calls (more
	 * fail `overloaded`). 0 = 4096, 256. */
	uint32_t max_provisions, max_accepts;
	/* Of ours at one host: above, capabilities are served as usual. 0 = 1024. */
	uint32_t max_introductions;
};

/* n is copied; NULL: none (what has been handed off stays so). Set it before there are connections.
 * -ENOMEM or 0. */
VAT_API int vat_set_network(struct vat *v, const struct vat_network *n);

struct vat_handoff_counts {
	uint32_t introductions; /* capabilities at this peer we introduced others to, now */
	uint32_t provisions; /* capabilities this peer has provided for others here, now */
	uint32_t accepts; /* this peer's Accepts that wait, now */
	uint64_t introduced; /* so far: as introducer, */
	uint64_t accepted; /* as recipient from this introducer, */
	uint64_t fell_back; /* the same, but the vine had to be used */
	uint64_t calls_in, calls_out; /* Call messages */
};
VAT_API void vat_handoff_counts(const struct vat_conn *c, struct vat_handoff_counts *ret);

#ifdef __cplusplus
}
#endif
