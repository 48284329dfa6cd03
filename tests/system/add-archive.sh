#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# In the guest: make apt know our packages, which are on its disk. It has no
# network, hence no other archive to ask.
set -eu
list=/etc/apt/sources.list.d/pcibuf.list
echo "deb [trusted=yes] file:/payload/deb ./" >$list
apt-get -q -o Dir::Etc::sourcelist=$list -o Dir::Etc::sourceparts=- update
