#!/bin/bash
# First boot of an instance (cloud-init, as root) on Debian 12: what the worker needs, the worker, and what ships its
# journal. A template for Fn::Sub: what stands in dollar and braces is filled in by fleet.yaml; a shell's own
# variables have no braces here, so that the two cannot be taken for each other.
set -euo pipefail
shopt -s inherit_errexit
umask 022

region='${AWS::Region}'
package='${PackageUrl}' # s3://bucket/prefix of one wheel and run.lock
image='${ImageUri}'     # or NAME@sha256:DIGEST of the image; empty runs the wheel
host=/opt/cis-worker-host
bucket_domain="s3.$region.${AWS::URLSuffix}"
architecture=$(dpkg --print-architecture)
export DEBIAN_FRONTEND=noninteractive AWS_DEFAULT_REGION="$region" PIP_DISABLE_PIP_VERSION_CHECK=1

say() { echo "cis-worker-boot: $*"; }

# again COMMAND...: with growing pauses, because a network that comes up late is no reason to lose a machine.
again() {
  local pause
  for pause in 2 5 15 45 90; do
    if "$@"; then return; fi
    say "failed, again in $pause s: $*"
    sleep "$pause"
  done
  "$@"
}

# A machine that cannot work must not stand in the group as one that does.
give_up() {
  say "failed: $1; this instance shuts down in a minute, and the group replaces it"
  sleep 60 # for the agent, where it runs already, and for whoever looks
  shutdown -h now
}
trap 'status=$?; [[ $status -eq 0 ]] || give_up "$BASH_COMMAND"' EXIT

apt() { again apt-get -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=5 "$@"; }

# download URL FILE
download() { again curl --fail --silent --show-error --location --retry 3 --output "$2" "$1"; }

install_packages() {
  set -- ca-certificates curl awscli logrotate
  if [[ -n $image ]]; then
    set -- "$@" docker.io
  else
    set -- "$@" python3-venv tesseract-ocr tesseract-ocr-jpn tesseract-ocr-jpn-vert tesseract-ocr-eng \
      tesseract-ocr-osd poppler-utils poppler-data libmagic1 libarchive-tools fonts-ipafont fontconfig \
      libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui
  fi
  apt update
  apt install -y --no-install-recommends "$@"
}

# Shells come through Session Manager, which needs no open port. Without it the worker still works.
install_session_manager() {
  local file=/root/amazon-ssm-agent.deb
  download "https://amazon-ssm-$region.$bucket_domain/latest/debian_$architecture/amazon-ssm-agent.deb" "$file"
  dpkg -i "$file"
}

# From the wheel: an environment of its own, with what the lock names, each file by its hash.
install_wheel() {
  again aws s3 cp --recursive --quiet "$package" /root/cis-worker
  python3 -m venv /opt/cis-worker
  again /opt/cis-worker/bin/pip install --quiet --require-hashes --requirement /root/cis-worker/run.lock
  /opt/cis-worker/bin/pip install --quiet --no-deps --no-index /root/cis-worker/*.whl
  cp -r /opt/cis-worker/share/cis-worker/host "$host"
}

# From the image: the unit and its companions are in there, too.
install_image() {
  local container
  case $image in
    *.dkr.ecr.*) aws ecr get-login-password | docker login --username AWS --password-stdin "$(dirname "$image")" ;;
  esac
  again docker pull --quiet "$image"
  container=$(docker create "$image")
  docker cp "$container:/opt/cis-worker/share/cis-worker/host" "$host"
  docker rm "$container" >/dev/null
  echo "WORKER_IMAGE=$image" >/etc/cis-worker/image.env
  install -D -m 644 "$host/cis-worker-image.conf" /etc/systemd/system/cis-worker.service.d/image.conf
  install -m 644 "$host/cis-worker-image.service" /etc/systemd/system/
}

# What `cis-worker run` reads; docs/configuration.md explains each. An empty value counts as not set.
write_settings() {
  install -d -m 755 /etc/cis-worker
  (
    umask 077
    cat >/etc/cis-worker/worker.env <<'END'
AWS_REGION=${AWS::Region}
CIS_BEDROCK_REGION=${BedrockRegion}
CIS_QUEUE_URL=${QueueUrl}
CIS_DLQ_URL=${DeadLetterQueueUrl}
CIS_RESULTS_BUCKET=${ResultsBucketName}
CIS_FILE_TABLE=${TableName}
CIS_SOURCE_BUCKETS=${SourceBucketName}
CIS_INDEX=opensearch
OPENSEARCH_ENDPOINT=${SearchEndpoint}
CIS_OPENSEARCH_AUTH=sigv4
${WorkerSettings}
END
  )
}

install_units() {
  id cis-worker >/dev/null 2>&1 ||
    useradd --system --home-dir /var/lib/cis-worker --shell /usr/sbin/nologin cis-worker
  install -m 644 "$host/cis-worker.service" "$host/cis-worker-journal.service" /etc/systemd/system/
  install -m 644 "$host/logrotate.conf" /etc/logrotate.d/cis-worker
  chmod 755 "$host/unpack-image"
}

# The agent ships the worker's lines as they are, so that CloudWatch makes metrics of those that carry some.
install_agent() {
  local file=/root/amazon-cloudwatch-agent.deb settings=/etc/cis-worker/cloudwatch-agent.json
  download \
    "https://amazoncloudwatch-agent-$region.$bucket_domain/debian/$architecture/latest/amazon-cloudwatch-agent.deb" \
    "$file"
  dpkg -i "$file"
  sed 's|LOG_GROUP|${LogGroupName}|' "$host/cloudwatch-agent.json" >"$settings"
  /opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s -c "file:$settings"
}

say "installing packages"
install_packages
install_session_manager || say "no Session Manager on this machine"
write_settings
say "installing the worker"
if [[ -n $image ]]; then install_image; else install_wheel; fi
install_units
install_agent
systemctl daemon-reload
systemctl enable --now cis-worker-journal.service
# Not waited for: in Standby or in a warm pool it starts to work when the group says so.
systemctl enable --now --no-block cis-worker.service
say "done"
