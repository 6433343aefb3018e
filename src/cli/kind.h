/* SPDX-License-Identifier: MIT */
#pragma once
/* Says in words what kind of thing a reference stands for, where another kind was wanted. */
#include "base/err.h"

/* What libvat says of a capability that is asked for what it is not, in this command's words:
 * "fs.capnp:File does not implement interface 0x8b..." becomes "this is a file, not a directory".
 * Any other error stays what it is. */
void kind_explain(struct err *e);
