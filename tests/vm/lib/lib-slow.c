// SPDX-License-Identifier: GPL-2.0-only
/* Time limits, in a kernel that checks all that it does. */
#include <stdlib.h>

#include "lib.h"

/* How many times slower than others this guest may be. */
unsigned int slowness(void)
{
	const char *text = getenv("PCIBUF_SLOW");

	return text ? atoi(text) : 1;
}

/* The linker gives the harness this one. */
unsigned int __wrap_alarm(unsigned int seconds)
{
	return __real_alarm(seconds * slowness());
}
