/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Capabilities that connect again.
 *
 * What vat_reconnect() makes passes every call on to a capability that a callback provides.  When
 * that is broken by `disconnected` (its connection ended), or a call on it fails so (somebody
 * further away is gone), it is dropped and the callback is asked for another.  Calls under way then
 * fail, as nobody can know whether they were carried out; those made later go to the new one.
 *
 *	static struct vat_cap *dial(void *user)
 *	{
 *		struct app *app = user;
 *		app_connect(app);			   // replaces app->conn
 *		return vat_conn_bootstrap(app->conn);
 *	}
 *	...
 *	struct vat_cap *fs = vat_reconnect(v, &(struct vat_reconnect_config){
 *		.connect = dial, .user = app}, NULL);
 *
 * Only the capability itself comes back: what was obtained through it (results, pipelined parts) is
 * of one connection and stays broken.  It is never settled as something else, and never breaks.
 */
#include "vat/rpc.h"

#ifdef __cplusplus
extern "C" {
#endif

struct vat_reconnect_config {
	/* A new reference to what calls go to from now on, usually a bootstrap (may still be
	 * connecting). NULL: not possible now; the call that asked fails with `disconnected`, and
	 * the next call asks again. Waiting between attempts is up to the callback: until it is
	 * time it returns NULL. From vat_run(). */
	struct vat_cap *(*connect)(void *user);
	void (*free)(void *user); /* when the capability is gone; may be NULL */
	void *user;
	/* Ask only when there is a call to make. Else also at once after a break, unless no call
	 * was made since it was asked last (so a dead peer is not dialled for ever). */
	bool lazy;
};

/* cfg is copied. first (taken): what calls go to at first; NULL = ask at the first call. Returns a
 * new reference, NULL when memory is out (free is then not called, first is dropped). */
VAT_API struct vat_cap *vat_reconnect(
	struct vat *v, const struct vat_reconnect_config *cfg, struct vat_cap *takes_first);

#ifdef __cplusplus
}
#endif
