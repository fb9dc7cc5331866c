#!/bin/sh
# Installs the packages that are missing: deps.sh build|run|deb|test|browser. With nothing missing it does
# nothing and takes some milliseconds.
set -eu

# A package by its name for apt (Debian, Ubuntu) and for dnf (Fedora), - where there is none; and for which of
# apt's releases alone, or not. Proven by runs on Debian 12 (bookworm) and 13; unproven on Ubuntu and Fedora.
table='
build    gcc                     gcc
build    libc6-dev               glibc-devel
build    libfcgi-dev             fcgi-devel
build    libhiredis-dev          hiredis-devel
build    libjson-c-dev           json-c-devel
build    libsodium-dev           libsodium-devel
build    libinih-dev             inih-devel
run      nginx                   nginx
run      redis-server            redis
run      curl                    curl
run      procps                  procps-ng
deb      debhelper               -
deb      dpkg-dev                -
deb      lintian                 -
test     git                     git
test     clang                   clang
test     clang-tidy              clang-tools-extra
test     clang-format            clang-tools-extra
test     cppcheck                cppcheck
test     shellcheck              ShellCheck
test     mandoc                  mandoc
test     valgrind                valgrind
test     libcmocka-dev           libcmocka-devel
test     libclang-rt-14-dev      -                        bookworm
test     libclang-rt-dev         compiler-rt              !bookworm
test     python3-pytest          python3-pytest
test     python3-pytest-xdist    python3-pytest-xdist
test     python3-jwt             python3-jwt
test     python3-authlib         python3-authlib
test     python3-hypothesis      python3-hypothesis
test     python3-kubernetes      python3-kubernetes
test     python3-redis           python3-redis
test     python3-requests        python3-requests
test     python3-cryptography    python3-cryptography
browser  chromium                chromium
promtool prometheus              -                        bookworm
promtool promtool                golang-github-prometheus !bookworm
'

case ${1-} in
build) groups=build ;;
run) groups="build run" ;;
deb) groups="build deb" ;;
test) groups="build run deb test" ;;
browser) groups="build run deb test browser" ;;
*)
	echo "usage: deps.sh build|run|deb|test|browser" >&2
	exit 64
	;;
esac

# Another system: the compiler's or shell's own message must do.
if command -v dpkg-query >/dev/null; then
	manager=apt
elif command -v rpm >/dev/null && command -v dnf >/dev/null; then
	manager=dnf
else
	exit 0
fi
release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release 2>/dev/null) || :

names() { # groups: their packages, as this system calls them
	printf '%s\n' "$table" | while read -r group apt dnf only; do
		case " $* " in *" $group "*) ;; *) continue ;; esac
		case $manager:$only in dnf:* | apt: | "apt:$release") ;; "apt:!$release") continue ;; apt:!*) ;; *) continue ;; esac
		case $manager in apt) name=$apt ;; *) name=$dnf ;; esac
		[ "$name" = - ] || printf '%s ' "$name"
	done
}

# shellcheck disable=SC2086 # a list
want=$(names $groups)
# shellcheck disable=SC2086 # a list
case $manager in
apt) have=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' $want 2>/dev/null | sed -n 's/^installed //p') || : ;;
dnf) have=$(rpm -q --qf '%{NAME}\n' $want 2>/dev/null) || : ;;
esac
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
	redis-server | redis) command -v redis-server >/dev/null && continue ;;
	curl | git) command -v "$p" >/dev/null && continue ;;
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
	echo "  $manager install$missing" >&2
	exit 1
fi

[ -z "$missing" ] || echo "installing:$missing"
if [ -n "$missing" ] && [ $manager = dnf ]; then
	# shellcheck disable=SC2086 # lists
	$root dnf -q -y --setopt=install_weak_deps=False install $missing
elif [ -n "$missing" ]; then
	# The services of nginx and redis-server must not start. invoke-rc.d asks /usr/sbin/policy-rc.d;
	# one that is there already is the machine owner's and stays.
	# shellcheck disable=SC2086,SC2016 # words to split; $ is for the inner shell
	$root sh -euc '
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
fi

fetch() { # promtool, from what the package manager knows
	package=$(names promtool)
	package=${package% }
	case $manager in
	apt)
		apt-get -qq -o APT::Sandbox::User=root download "$package" 2>/dev/null || return
		dpkg-deb --fsys-tarfile ./*.deb | tar -x ./usr/bin/promtool
		;;
	dnf)
		dnf -q download "$package" || return
		rpm2cpio ./*.rpm | cpio -id --quiet ./usr/bin/promtool
		;;
	esac
}

[ -n "$promtool" ] || exit 0
aside=$(mktemp -d)
trap 'rm -rf "$aside"' EXIT
if (cd "$aside" && { fetch || { [ $manager = apt ] && $root apt-get -qq update && fetch; }; }); then
	mkdir -p build
	mv "$aside/usr/bin/promtool" $promtool
else
	echo "promtool is not to be had, so the tests that need it will fail" >&2
fi
