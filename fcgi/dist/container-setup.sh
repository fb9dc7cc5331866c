#!/bin/sh
# What docker-compose.yml's one-shot services run. Secrets are files that only refreshd's user can read;
# nothing is in the environment or in a process's arguments.
#
#   setup secrets   keys, Redis' password, the backend's secret and refreshd.conf, those that are missing
#   setup demo      the demo user, when there is none
set -eu
umask 077
state=/var/lib/refreshd
redis=/etc/refreshd-redis

random() { head -c 24 /dev/urandom | base64 | tr '+/' '-_'; } # 192 bits

kept() { # file
	[ -s "$1" ] || random >"$1"
}

hash() { tr -d '\n' <"$1" | sha256sum | cut -d' ' -f1; }

redis_conf() { # holds a hash of 192 random bits, so that it need not be secret
	cat <<-END
		bind 0.0.0.0
		dir /data
		save ""
		appendonly yes
		appendfsync everysec
		maxmemory-policy noeviction
		# Nobody can be the default user, who yet has all rights: Redis reads its AOF as him, and
		# silently drops every transaction in it that he has no right to.
		user default off resetpass ~* &* +@all
		# Who has no password may ask whether Redis is there.
		user health on nopass resetkeys resetchannels -@all +ping
		user refreshd on #$(hash $state/redis.password) resetkeys ~rd:* resetchannels +@all -@dangerous +info +role +config|get +acl|dryrun
		protected-mode no
	END
}

refreshd_conf() {
	cat <<-END
		listen = tcp:0.0.0.0:9000
		login_listen = tcp:0.0.0.0:9001
		# The network is nginx' and refreshd's alone.
		listen_insecure_tcp = on
		redis = redis://redis:6379/0
		redis_user = refreshd
		redis_password_file = $state/redis.password
		key_file = $state/keys
		issuer = $ISSUER

		[client web]
		kind = public

		[client backend]
		kind = confidential
		secret_sha256 = $(hash $state/backend.secret)
		issue = on

		[client api]
		kind = confidential
		secret_sha256 = $(hash $state/backend.secret)
		introspect = on

		[client fixed]
		kind = public
		rotation = off
	END
}

secrets() {
	kept $state/redis.password
	kept $state/backend.secret
	refreshd_conf >$state/refreshd.conf
	redis_conf >$redis/redis.conf
	chmod 644 $redis/redis.conf
	refreshd key new
}

demo() {
	password=$(random)
	status=0
	echo "$password" | refreshd user add demo 2>/tmp/why || status=$?
	if [ $status = 1 ]; then
		echo "The demo user is there already; its password was printed when it was made."
		exit 0
	elif [ $status != 0 ]; then
		cat /tmp/why >&2
		exit $status
	fi
	url=http://127.0.0.1:$PORT
	cat <<-END

		  refreshd runs on $url/ (demo page). Log in, then trade the refresh token for new tokens:

		  TOKEN=\$(curl -s $url/login -H 'Content-Type: application/json' \\
		    -d '{"name":"demo","password":"$password"}' | sed 's/.*"refreshToken":"\([^"]*\)".*/\1/')
		  curl -i -X POST $url/refresh_token -H "Authorization: Bearer \$TOKEN"

		  Tokens for a user of your own app, as its backend:

		  curl -u backend:$(cat $state/backend.secret) http://127.0.0.1:$INTERNAL_PORT/internal/issue \\
		    -H 'Content-Type: application/json' -d '{"sub":"anna"}'

	END
}

case ${1-} in
secrets | demo) "$1" ;;
*)
	echo "usage: setup secrets | demo" >&2
	exit 64
	;;
esac
