#!/bin/sh
# Installs the Debian packages that are missing: deps.sh build|run|deb|test|browser. With nothing missing it
# does nothing and takes some milliseconds.
set -eu

# What has another name in another release.
release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release 2>/dev/null) || :
case $release in
bookworm) clang_rt=libclang-rt-14-dev promtool_in=prometheus ;;
*) clang_rt=libclang-rt-dev promtool_in=promtool ;;
esac

build="gcc libc6-dev libfcgi-dev libhiredis-dev libjson-c-dev libsodium-dev libinih-dev"
run="$build nginx redis-server curl procps"
deb="$build debhelper dpkg-dev lintian"
test="$run $deb git clang clang-tidy clang-format cppcheck shellcheck mandoc valgrind libcmocka-dev
	$clang_rt python3-pytest python3-pytest-xdist python3-jwt python3-authlib
	python3-hypothesis python3-kubernetes python3-redis python3-requests python3-cryptography"
browser="$test chromium"

case ${1-} in
build) want=$build ;;
run) want=$run ;;
deb) want=$deb ;;
test) want=$test ;;
browser) want=$browser ;;
*)
	echo "usage: deps.sh build|run|deb|test|browser" >&2
	exit 64
	;;
esac

# Another system: its packages have other names, so the compiler's or shell's own message must do.
command -v dpkg-query >/dev/null || exit 0

# shellcheck disable=SC2086 # $want is a list
have=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' $want 2>/dev/null | sed -n 's/^installed //p') || :
missing=
for p in $want; do
	case "
$have
" in
	*"
$p
"*) continue ;;
	esac
	case $p in # whatever flavour of these is there, it stays
	nginx) [ -x /usr/sbin/nginx ] && continue ;;
	chromium) command -v chromium-browser >/dev/null && continue ;;
	redis-server | curl | git) command -v "$p" >/dev/null && continue ;;
	esac
	missing="$missing $p"
done

# The tests want promtool, of a package that may bring a daemon and much else; so only the file, into build/.
promtool=
case $1 in
test | browser) [ -x build/promtool ] || command -v "${PROMTOOL:-promtool}" >/dev/null || promtool=build/promtool ;;
esac
[ -n "$missing$promtool" ] || exit 0

if [ "$(id -u)" = 0 ]; then
	root=
elif command -v sudo >/dev/null; then
	root=sudo
elif [ -z "$missing" ]; then
	root=false # what apt knows must do
else
	echo "These packages are missing, and there is neither root nor sudo to install them:" >&2
	echo "  apt-get install$missing" >&2
	exit 1
fi

fetch() { # promtool, from what apt has listed
	apt-get -qq -o APT::Sandbox::User=root download $promtool_in 2>/dev/null || return
	dpkg-deb --fsys-tarfile ${promtool_in}_*.deb | tar -x ./usr/bin/promtool
}

# The services of nginx and redis-server must not start. invoke-rc.d asks /usr/sbin/policy-rc.d;
# one that is there already is the machine owner's and stays.
[ -z "$missing" ] || echo "installing:$missing"
# shellcheck disable=SC2086,SC2016 # words to split; $ is for the inner shell
[ -z "$missing" ] || $root sh -euc '
	export DEBIAN_FRONTEND=noninteractive
	policy=/usr/sbin/policy-rc.d
	if [ ! -e $policy ]; then
		trap "rm -f $policy" EXIT
		trap "exit 1" HUP INT TERM
		printf "#!/bin/sh\nexit 101\n" >$policy
		chmod 755 $policy
	fi
	apt-get -qq update
	apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@" >/dev/null
' sh $missing

[ -n "$promtool" ] || exit 0
aside=$(mktemp -d)
trap 'rm -rf "$aside"' EXIT
if (cd "$aside" && { fetch || { $root apt-get -qq update && fetch; }; }); then
	mkdir -p build
	mv "$aside/usr/bin/promtool" $promtool
else
	echo "promtool is not to be had, so the tests that need it will fail" >&2
fi
