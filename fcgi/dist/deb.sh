#!/bin/sh
# make deb: deb.sh VERSION FOLDER makes a Debian package of this tree, as it stands, and lets lintian judge it.
set -eu
umask 022
cd "$(dirname "$0")/../.."
mkdir -p "$2"
out=$(cd "$2" && pwd)
# Whoever calls may have been told to build something else; Debian has flags of its own.
unset MAKEFLAGS MFLAGS MAKELEVEL CC CFLAGS CPPFLAGS LDFLAGS VARIANT

epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
version=$(fcgi/dist/deb-version.sh "$1" "$epoch")

# A copy, as debhelper needs debian/ on top and writes there.
rm -rf "$out"/refreshd[_-]*
tree=$out/refreshd-$version
mkdir "$tree" "$tree/tests"
cp -a Makefile README.md LICENSE fcgi lib nginx "$tree"
cp -a tests/deps.sh "$tree/tests"
cp -a fcgi/dist/debian "$tree/debian"
# An override of what this release's lintian does not know is a fault for it.
lintian-explain-tags "$(sed -n 's/^refreshd: \([^ ]*\).*/\1/p' "$tree/debian/refreshd.lintian-overrides")" >/dev/null 2>&1 ||
	rm "$tree/debian/refreshd.lintian-overrides"
sed '1,/^Copyright/d; s/^$/./; s/^/ /' LICENSE | tail -n +2 >>"$tree/debian/copyright"
cat >"$tree/debian/changelog" <<END
refreshd ($version) unstable; urgency=medium

  * $1, as built from its sources.

 -- $(sed -n 's/^Maintainer: //p' fcgi/dist/debian/control)  $(date -u -R -d "@$epoch")
END

# -d: tests/deps.sh has seen to it; what dpkg would ask for beyond that is a compiler of C++.
(cd "$tree" && dpkg-buildpackage -b -d -us -uc) >"$out/build.log" 2>&1 || { cat "$out/build.log"; exit 1; }
rm -r "$tree"
# An override may be for the lintian of another release, which alone knows its tag.
lintian --allow-root --suppress-tags alien-tag --display-info --pedantic --fail-on error,warning,info,pedantic "$out"/refreshd_*.changes
echo "$out/refreshd_${version}_$(dpkg --print-architecture).deb"
