#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs in the guest. Adds our packages in the payload as an archive of apt. The guest has
# no network, so apt reads no other archive.
set -eu
list=/etc/apt/sources.list.d/pcibuf.list
echo "deb [trusted=yes] file:/payload/deb ./" >$list
apt-get -q -o Dir::Etc::sourcelist=$list -o Dir::Etc::sourceparts=- update
