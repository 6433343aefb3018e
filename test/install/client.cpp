// SPDX-License-Identifier: MIT
// The client of docs/ten-minutes.md in a few lines of C++: the headers are C++ too.
#include "hello.capnp.h"

#include <cerrno>
#include <cstdio>
#include <vat/handoff.h>
#include <vat/io.h>
#include <vat/keyring.h>
#include <vat/loop.h>
#include <vat/persistent.h>
#include <vat/stream.h>

int main(int argc, char **argv)
{
	vat_loop *loop;
	vat_link *link;
	vat_ptr_r p;
	if (argc != 2 || vat_loop_new(&loop) < 0 || vat_loop_connect(loop, argv[1], nullptr, &link) < 0)
		return 2;
	hello_greeter_c greeter = hello_greeter_cast(vat_link_bootstrap(link));
	hello_greeter_greet_req req = hello_greeter_greet(vat_loop_vat(loop), greeter);
	hello_greeter_greet_params_set_name(req.params, vat_str("C++"));
	int r = vat_loop_call(loop, req.call, 5000000, &p, nullptr);
	if (r == 0)
		std::puts(hello_greeter_greet_results_get_text(hello_greeter_greet_results_from(p)).s);
	vat_call_free(req.call);
	hello_greeter_unref(greeter);
	vat_loop_free(loop);
	return r < 0;
}
