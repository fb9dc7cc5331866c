#!/bin/sh
# deb-version.sh VERSION EPOCH: what git describe says, so that Debian sorts it: 1.2~rc1 < 1.2 < 1.2+5.gabc. A
# commit below no tag sorts by its time, and before all that have one.
case ${1#v} in
[0-9]*.*) echo "${1#v}" | sed 's/-\(alpha\|beta\|rc\)/~\1/; s/-/+/; s/-/./g' ;;
*) echo "0~git$(date -u -d "@$2" +%Y%m%d%H%M%S).$1" | tr - . ;;
esac
