#!/bin/sh
# Starts nginx in a container, with the engine's name servers: Docker's is 127.0.0.11, podman has one in each
# network. Podman lists the host's behind them, which knows no container, and nginx asks all in turns.
set -eu
awk -v ours="127.0.0.11 $(hostname -I)" '
	BEGIN {
		count = split(ours, address, " ")
		for (i = 1; i <= count; i++) {
			sub(/[0-9]+$/, "", address[i])
			near[address[i]] = 1
		}
	}
	$1 == "nameserver" {
		first = first ? first : $2 ~ /:/ ? "[" $2 "]" : $2
		network = $2
		sub(/[0-9]+$/, "", network)
		if (network in near)
			found = found " " $2
	}
	END { print "resolver " (found ? found : first) " valid=1s ipv6=off;" }
' /etc/resolv.conf >/tmp/resolver.conf
exec nginx -e stderr -g 'daemon off;'
