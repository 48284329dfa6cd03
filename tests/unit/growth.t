#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
top=$(cd "$(dirname "$0")/../.." && pwd)
exec "$top/scripts/run/unit" growth -fsanitize-coverage=trace-pc "$top"/module/lib/*.c
