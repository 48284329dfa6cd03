// SPDX-License-Identifier: GPL-2.0-only
/* Time limits, for a kernel that checks itself. */
#include <stdlib.h>

#include "lib.h"

/* Return how many times slower than other guests this guest may be. */
unsigned int slowness(void)
{
	const char *text = getenv("PCIBUF_SLOW");

	return text ? atoi(text) : 1;
}

/* The linker replaces the alarm() of the harness by this function. */
unsigned int __wrap_alarm(unsigned int seconds)
{
	return __real_alarm(seconds * slowness());
}
