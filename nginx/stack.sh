#!/bin/bash
# The local stack: private Redis, refreshd, nginx. All state is in DIR, and only what this script
# started is ever stopped.
#
#   stack.sh up | run | down      up: in the background; run: until Ctrl-C
#
# Environment: PORT 8080, INTERNAL_PORT one more, DIR .run, WORKERS 2, ACCESS_LOG on|off.
# REFRESHD_REDIS: use that Redis, start none. REFRESHD_BIN: another binary. Every other REFRESHD_*
# variable reaches the workers, where it beats the config file.
set -u
umask 077

verb=${1:-}
repo=$(cd "$(dirname "$0")/.." && pwd)
port=${PORT:-8080}
internal_port=${INTERNAL_PORT:-$((port + 1))}
dir=$(realpath -m -- "${DIR:-.run}")
workers=${WORKERS:-2}
access_log=${ACCESS_LOG:-on}
bin=$(realpath -m -- "${REFRESHD_BIN:-$repo/build/refreshd}")
own_redis=${REFRESHD_REDIS:+no}
url=http://127.0.0.1:$port
declare -A started # name: pid
unset REFRESHD_BIN # not an option of refreshd, which would warn of it

wait_up_s=15   # for each program to answer
wait_down_s=10 # for each program to end by itself before it is killed

fail() {
	echo "stack: $*" >&2
	exit 1
}

# A program is known by DIR/NAME.pid. It leads a session of its own, so the terminal's Ctrl-C passes it
# by, and its workers are found even when it has died. All have DIR on their command line.

pids() { # name: the living pids of it and its workers; none when the pid is another program's by now
	local pid comm=.
	pid=$(cat "$dir/$1.pid" 2>/dev/null) && [ -n "$pid" ] || return 0
	case $({ tr '\0' ' ' <"/proc/$pid/cmdline"; } 2>/dev/null) in
	*"$dir/"*) ;;
	'') comm="^$1" ;; # dead; workers may be left
	*) return 0 ;;
	esac
	ps -s "$pid" --ppid "$pid" -o pid=,stat=,comm= | awk -v comm="$comm" '$2 !~ /^Z/ && $3 ~ comm { print $1 }'
}

alive() { # name: does the program itself run?
	pids "$1" | grep -qx "$(cat "$dir/$1.pid" 2>/dev/null)"
}

close_rest() { # all descriptors above 2: those of the caller too, as the lock of `flock LOCK make up`
	local fd
	for fd in "/proc/$BASHPID/fd"/*; do
		fd=${fd##*/}
		[ "$fd" -le 2 ] || eval "exec $fd>&-"
	done
}

start() { # name command...
	local name=$1 pid held=
	shift
	trap 'held=yes' INT TERM HUP PIPE # or a signal now would leave a program that nobody knows
	# bash lets background programs ignore INT and QUIT, which theirs mean something to
	(close_rest && exec setsid env --default-signal=INT,QUIT "$@") </dev/null >"$dir/$name.log" 2>&1 &
	pid=$!
	echo "$pid" >"$dir/$name.pid"
	started[$name]=$pid
	disown "$pid" # or bash would tell of its end in its own words
	while ! alive "$name" && kill -0 "$pid" 2>/dev/null; do :; done
	trap 'exit 130' INT TERM HUP PIPE
	[ -z "$held" ] || exit 130
}

await() { # name command...: until the command succeeds
	local name=$1 end=$((SECONDS + wait_up_s))
	shift
	until "$@" >/dev/null 2>&1; do
		alive "$name" || broken "$name" "$name ended while starting"
		[ "$SECONDS" -lt "$end" ] || broken "$name" "$name does not answer after $wait_up_s s"
		sleep 0.05
	done
}

broken() { # name message: says so with the end of the log
	if [ -s "$dir/$1.log" ]; then
		echo "--- the end of $dir/$1.log" >&2
		tail -n 20 "$dir/$1.log" >&2
	fi
	fail "$2"
}

stop() { # name
	local left signal=TERM end=$((SECONDS + wait_down_s))
	[ "$1" != nginx ] || signal=QUIT # finishes what is in flight
	mapfile -t left < <(pids "$1")
	if [ ${#left[@]} -gt 0 ]; then
		kill -s "$signal" "$(cat "$dir/$1.pid")" 2>/dev/null || kill "${left[@]}" 2>/dev/null
	fi
	while mapfile -t left < <(pids "$1") && [ ${#left[@]} -gt 0 ]; do
		if [ "$SECONDS" -ge "$end" ]; then
			echo "stack: $1 did not end in $wait_down_s s, killing it" >&2
			kill -s KILL "${left[@]}" 2>/dev/null
		fi
		sleep 0.05
	done
	rm -f "$dir/$1.pid" "$dir/$1.sock"
	[ "$1" != refreshd ] || rm -f "$dir/login.sock"
}

down() { # for up and run: only what they started, for by now it may be another's stack
	local p
	trap '' INT TERM HUP PIPE
	lock $((3 * wait_down_s))
	for p in nginx refreshd redis; do
		if [ "$verb" = down ] || [ "$(cat "$dir/$p.pid" 2>/dev/null)" = "${started[$p]-}" ]; then stop "$p"; fi
	done
	[ -e "$dir/nginx.pid" ] || rm -f "$dir/stack.json"
}

lock() { # seconds to wait for it
	exec 9>"$dir/lock"
	flock -w "$1" 9 || fail "another make is starting or stopping the stack in $dir"
}

# What must be right before anything starts.

check_settings() {
	local p
	for p in "$port" "$internal_port"; do
		[[ $p =~ ^[1-9][0-9]{0,4}$ && $p -le 65535 ]] || fail "'$p' is not a port"
	done
	[[ $workers =~ ^[1-9][0-9]*$ ]] || fail "WORKERS='$workers' is not a number from 1"
	[[ $access_log =~ ^(on|off)$ ]] || fail "ACCESS_LOG='$access_log' is neither on nor off"
	for p in "$dir" "$repo"; do
		[[ $p =~ ^[[:alnum:]\ _./+@,:~=-]+$ ]] || fail "nginx.conf cannot hold all characters of '$p'"
	done
	[ "$(printf %s "$dir/refreshd.sock" | wc -c)" -le 107 ] ||
		fail "DIR is too long: a unix socket's path has at most 107 bytes, and '$dir/refreshd.sock' has more"
	[ -x "$bin" ] || fail "there is no $bin; run make first"
}

check_free() {
	local p
	for p in redis refreshd nginx; do
		[ -z "$(pids "$p")" ] || fail "a stack is running in $dir already; make down DIR=$dir stops it"
	done
	for p in "$port" "$internal_port"; do
		if (: <"/dev/tcp/127.0.0.1/$p") 2>/dev/null; then
			fail "port $p is taken; choose others, as in: make $verb PORT=$((port + 1000))"
		fi
	done
}

# The parts.

kept_secret() { # file: prints its secret, which is made when there is none; 192 bits
	[ -s "$1" ] || head -c 24 /dev/urandom | base64 | tr '+/' '-_' >"$1"
	cat "$1"
}

start_redis() {
	mkdir -p "$dir/redis"
	start redis redis-server --port 0 --unixsocket "$dir/redis.sock" --unixsocketperm 700 \
		--dir "$dir/redis" --appendonly yes --appendfsync everysec --save "" \
		--maxmemory-policy noeviction
	await redis redis_answers
}

redis_answers() { [ "$(redis-cli -s "$dir/redis.sock" ping)" = PONG ]; }

write_config() {
	cat <<-END
		# Written by nginx/stack.sh at every start.
		listen = unix:$dir/refreshd.sock
		login_listen = unix:$dir/login.sock
		redis = ${REFRESHD_REDIS:-unix:$dir/redis.sock}
		key_file = $dir/keys
		issuer = $url
		workers = $workers

		[client web]
		kind = public

		[client backend]
		kind = confidential
		secret_sha256 = $(printf %s "$secret" | sha256sum | cut -d' ' -f1)
		issue = on

		[client api]
		kind = confidential
		secret_sha256 = $(printf %s "$secret" | sha256sum | cut -d' ' -f1)
		introspect = on

		[client fixed]
		kind = public
		rotation = off
	END
}

start_refreshd() {
	local conf=$dir/refreshd.conf log=$dir/refreshd.log
	write_config >"$conf"
	"$bin" key new --config "$conf" >"$log" 2>&1 </dev/null 9>&- || broken refreshd "key new failed"
	echo "$password" | "$bin" user add --if-missing demo --config "$conf" >"$log" 2>&1 9>&- ||
		broken refreshd "user add failed"
	start refreshd "$bin" serve --config "$conf"
	await refreshd test -S "$dir/refreshd.sock"
}

write_nginx_conf() {
	local f name cpus user="" log="\"$dir/access.log\" refreshd buffer=32k flush=1s"
	cpus=$(nproc)
	[ "$(id -u)" != 0 ] || user="user root; # its workers must get into DIR, which is root's alone"
	[ "$access_log" = on ] || log=off
	rm -rf "$dir/nginx"
	mkdir -p "$dir/nginx/tmp"
	for f in "$repo"/nginx/nginx.conf.in "$repo"/nginx/include/*.conf; do
		name=$(basename "$f" .in)
		sed -e "s|@USER@|$user|; s|@NGINX_WORKERS@|$((cpus < 2 ? cpus : 2))|; s|@DIR@|$dir|" \
			-e "s|@PORT@|$port|; s|@INTERNAL_PORT@|$internal_port|; s|@ACCESS_LOG@|$log|" \
			-e "s|@HTML@|$repo/nginx/html|; s|unix:/run/refreshd/\([a-z]*\.sock\)|\"unix:$dir/\1\"|" \
			"$f" >"$dir/nginx/$name"
	done
}

start_nginx() {
	write_nginx_conf
	# Debian has it in /usr/sbin, which users may not have in PATH
	start nginx env PATH="$PATH:/usr/sbin" nginx -e stderr -p "$dir" \
		-c "$dir/nginx/nginx.conf" -g 'daemon off;'
	await nginx curl -fsS -m 2 "$url/healthz"
}

write_stack_json() {
	local redis=${REFRESHD_REDIS:-$dir/redis.sock} redis_pid=null
	redis=${redis//\\/\\\\} # the only value from outside that check_settings has not seen
	redis=${redis//\"/\\\"}
	[ "$own_redis" = no ] || redis_pid=$(cat "$dir/redis.pid")
	cat >"$dir/stack.json.new" <<-END
		{
		  "url": "$url",
		  "internal_url": "http://127.0.0.1:$internal_port",
		  "user": "demo",
		  "password": "$password",
		  "client_id": "backend",
		  "client_secret": "$secret",
		  "public_client": "web",
		  "redis": "$redis",
		  "fcgi": "$dir/refreshd.sock",
		  "pids": {"nginx": $(cat "$dir/nginx.pid"), "refreshd": $(cat "$dir/refreshd.pid"), "redis": $redis_pid}
		}
	END
	mv "$dir/stack.json.new" "$dir/stack.json" # for tools that wait for it: whole or not there
}

up() {
	check_settings
	mkdir -p "$dir" || exit 1
	lock 0
	check_free
	trap down EXIT
	trap 'exit 130' INT TERM HUP PIPE
	password=$(kept_secret "$dir/demo.password")
	secret=$(kept_secret "$dir/backend.secret")
	rm -f "$dir"/{redis,refreshd,nginx}.{pid,sock} "$dir/login.sock" # what a crash left
	[ "$own_redis" = no ] || start_redis
	start_refreshd
	start_nginx
	write_stack_json
	exec 9>&-
}

run() { # after up: until a signal or until a program ends
	local p ended=
	trap 'ended=yes' INT TERM HUP PIPE # bash 5.2 crashes when a trap exits while it reads
	cat <<-END

		  refreshd runs on $url/ (demo page). State and logs: $dir. Ctrl-C stops it.

		  Log in, then trade the refresh token for new tokens:

		  TOKEN=\$(curl -s $url/login -H 'Content-Type: application/json' \\
		    -d '{"name":"demo","password":"$password"}' | sed 's/.*"refreshToken":"\([^"]*\)".*/\1/')
		  curl -i -X POST $url/refresh_token -H "Authorization: Bearer \$TOKEN"

	END
	exec 8<> <(:) # nothing ever comes: a sleep that a signal ends, and that leaves no process
	while [ -z "$ended" ]; do
		for p in "${!started[@]}"; do
			kill -0 "${started[$p]}" 2>/dev/null || broken "$p" "$p has ended; stopping the rest"
		done
		read -r -t 0.5 -u 8 p
	done
	return 0
}

case $verb in
up)
	up
	trap - EXIT
	echo "refreshd is up on $url, see $dir/stack.json"
	;;
run)
	up
	run
	;;
down)
	[ ! -d "$dir" ] || down
	;;
*)
	echo "usage: stack.sh up | run | down" >&2
	exit 64
	;;
esac
