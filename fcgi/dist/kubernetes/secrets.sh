#!/bin/sh
# secrets.sh FOLDER: makes what the Secrets are made of, as files of a folder that is yours alone: keys and
# redis.password for refreshd, users.acl for the Redis of the overlay `try`. What is there stays. REFRESHD
# names the binary, when it is not `refreshd`.
set -eu
umask 077
[ $# = 1 ] || {
	echo "usage: secrets.sh FOLDER" >&2
	exit 64
}
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
cd "$1"
[ -s redis.password ] || head -c 24 /dev/urandom | base64 | tr '+/' '-_' | tr -d '\n' >redis.password
hash=$(sha256sum <redis.password | cut -d' ' -f1)
{
	# The default user keeps all rights and has no way in: Redis reads its AOF as him.
	echo "user default off resetpass ~* &* +@all"
	echo "user health on nopass resetkeys resetchannels -@all +ping"
	sed -n "s/^\(user refreshd .*\)PASSWORD_SHA256/\1$hash/p" "$here/../redis-acl.conf"
} >users.acl
"${REFRESHD:-refreshd}" key new --key-file "$PWD/keys"
cat <<END
kubectl create secret generic refreshd --from-file='$PWD/keys' --from-file='$PWD/redis.password'
kubectl create secret generic refreshd-redis --from-file='$PWD/users.acl'
END
