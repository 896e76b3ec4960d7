#!/bin/bash
# user_manager.sh FOLDER PYTHON PACKAGES SOURCE: a systemd --user with all mounts, processes and users of its own,
# in the namespaces this script was started in (unshare --mount --pid --fork --cgroup). Nothing outside is changed.
# FOLDER has units/ and worker.env; PYTHON is the home of the interpreter, PACKAGES and SOURCE what it imports.
set -euo pipefail
folder=$1 python=$2 packages=$3 source=$4

mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /run
mount -t proc proc /proc
umount --recursive /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 cgroup2 /sys/fs/cgroup

# The user of the service, and its settings.
mkdir /run/etc
cp --archive /etc/. /run/etc
echo 'cis-worker:x:64321:64321::/var/lib/cis-worker:/usr/sbin/nologin' >>/run/etc/passwd
echo 'cis-worker:x:64321:' >>/run/etc/group
install -D --mode 600 "$folder/worker.env" /run/etc/cis-worker/worker.env

# The worker in an environment of its own, as its wheel makes one; what its user may not reach is mounted.
mkdir -p /run/opt/python /run/opt/cis-worker/{bin,packages,source/worker}
mount --bind "$python" /run/opt/python
mount --bind "$packages" /run/opt/cis-worker/packages
mount --bind "$source/worker" /run/opt/cis-worker/source/worker
interpreter=$(cd "$python/bin" && echo python3.[0-9] python3.[0-9][0-9] | tr ' ' '\n' | grep -v '\[' | tail -1)
version=$("$python/bin/$interpreter" -c 'import sys; print(f"python3.{sys.version_info.minor}")')
ln -s "/opt/python/bin/$version" /run/opt/cis-worker/bin/python
printf 'home = /opt/python/bin\ninclude-system-site-packages = false\n' >/run/opt/cis-worker/pyvenv.cfg
mkdir -p "/run/opt/cis-worker/lib/$version/site-packages"
printf '%s\n' /opt/cis-worker/source /opt/cis-worker/packages \
  >"/run/opt/cis-worker/lib/$version/site-packages/cis-worker.pth"
printf '#!/opt/cis-worker/bin/python\nfrom worker.cli.main import main\nmain()\n' >/run/opt/cis-worker/bin/cis-worker
chmod 755 /run/opt/cis-worker/bin/cis-worker

mount --rbind /run/opt /opt
mount --bind /run/etc /etc
mount -t tmpfs -o mode=755 tmpfs /var/lib

# What a service must not see is covered by these, which a manager that is no process 1 does not make itself.
mkdir -p /run/systemd/inaccessible/dir /run/systemd/system
: >/run/systemd/inaccessible/reg
mkfifo /run/systemd/inaccessible/fifo
mknod /run/systemd/inaccessible/chr c 0 0
mknod /run/systemd/inaccessible/blk b 0 0
"$python/bin/$version" -c 'import socket; socket.socket(socket.AF_UNIX).bind("/run/systemd/inaccessible/sock")'
chmod 000 /run/systemd/inaccessible/*

# With these a user's manager has its folders where that of the system has them.
cd /
env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/run \
  XDG_RUNTIME_DIR=/run XDG_CONFIG_HOME=/var/lib XDG_STATE_HOME=/var/lib \
  SYSTEMD_UNIT_PATH="$folder/units:/usr/lib/systemd/user" \
  /lib/systemd/systemd --user --log-target=console
