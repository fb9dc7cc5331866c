#!/bin/sh
# make install: install.sh BINARY DESTDIR PREFIX. Nothing is started, enabled or written over in /etc.
set -eu
bin=$1
prefix=$3
root=$2$prefix
here=$(dirname "$0")

fill() { # stdin: text that says /usr, with the prefix in its place
	sed -e "s|/usr/bin/refreshd|$prefix/bin/refreshd|g" -e "s|/usr/share/refreshd|$prefix/share/refreshd|g" \
		-e "s|/usr/share/doc/refreshd|$prefix/share/doc/refreshd|g"
}

file() { # source target: text, with our own places filled in
	install -d "$(dirname "$2")"
	fill <"$1" >"$2"
	chmod 644 "$2"
}

page() { # man page: @OPTIONS@, @CLIENTS@ and @VERBS@ are what the binary says of itself
	name=$(basename "$1" .in)
	install -d "$root/share/man/man${name##*.}"
	while IFS= read -r line; do
		case $line in
		@*@) "$bin" help --mdoc "$(echo "$line" | tr -d @ | tr '[:upper:]' '[:lower:]')" ;;
		*) printf '%s\n' "$line" ;;
		esac
	done <"$1" | fill >"$root/share/man/man${name##*.}/$name"
	chmod 644 "$root/share/man/man${name##*.}/$name"
}

install -D -m 755 "$bin" "$root/bin/refreshd"
for unit in "$here"/systemd/*.service "$here"/systemd/*.socket; do
	file "$unit" "$root/lib/systemd/system/$(basename "$unit")"
done
file "$here/systemd/refreshd.sysusers" "$root/lib/sysusers.d/refreshd.conf"
file "$here/systemd/refreshd.tmpfiles" "$root/lib/tmpfiles.d/refreshd.conf"
for conf in "$here"/../../nginx/include/*.conf; do
	file "$conf" "$root/share/refreshd/nginx/$(basename "$conf")"
done
file "$here/../../nginx/html/refreshd.js" "$root/share/refreshd/refreshd.js"
for extra in redis-acl.conf grafana-dashboard.json prometheus-rules.yml; do
	file "$here/$extra" "$root/share/refreshd/$extra"
done
for page in "$here"/man/*.in; do
	page "$page"
done
for shell in bash:bash-completion/completions/refreshd zsh:zsh/site-functions/_refreshd \
	fish:fish/vendor_completions.d/refreshd.fish; do
	install -d "$(dirname "$root/share/${shell#*:}")"
	"$bin" completion "${shell%%:*}" >"$root/share/${shell#*:}"
	chmod 644 "$root/share/${shell#*:}"
done
for doc in README.md LICENSE; do
	file "$here/../../$doc" "$root/share/doc/refreshd/$doc"
done

# A configuration of defaults, all of them comments: what the binary says of itself where nothing is configured.
example="$root/share/doc/refreshd/examples/refreshd.conf"
install -d "${example%/*}"
{
	echo "# refreshd.conf(5) says what each line means; refreshd -t, whether all is right."
	echo "# Every line here is a default. The two that are seldom right: issuer and redis."
	echo
	env -i REFRESHD_CONFIG= "$bin" -T | sed '/^; refreshd /d; /^; configuration file: /d; s/ *; default.*//; s/^; *//; s/  *=/ =/; s/ *$//; s/^./# &/'
} >"$example"
chmod 644 "$example"
