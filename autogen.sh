#!/bin/sh
# SPDX-License-Identifier: ISC
# Makes ./configure.  Needs the packages autoconf, automake and pkg-config.
set -e
cd "$(dirname "$0")"
exec autoreconf -fi "$@"
