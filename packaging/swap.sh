#!/bin/sh
# Swaps a running nutcracker for ringway, or back: same configuration file, flags and pid file.
#   swap.sh PID_FILE FLAGS ...      FLAGS are those that nutcracker was started with, without -d and -p
# FROM and TO name the programs (default: nutcracker and ringway). Clients are cut off for the moment between
# the two, as by any restart. If the new one does not stay up, the old one is started again.
set -eu

if [ $# -lt 1 ]; then
  sed -n '2,5s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
pid_file=$1
shift
from=${FROM:-nutcracker}
to=${TO:-ringway}

is_up() { kill -0 "$1" 2>/dev/null; }

pid=$(cat "$pid_file")
is_up "$pid" || { echo "swap: no process $pid, which $pid_file names" >&2; exit 1; }
$to -t "$@" || { echo "swap: $to refuses the configuration; nothing was changed" >&2; exit 1; }

kill -TERM "$pid"
tries=0
while is_up "$pid"; do
  tries=$((tries + 1))
  [ "$tries" -le 200 ] || { echo "swap: process $pid does not end" >&2; exit 1; }
  sleep 0.05
done
rm -f "$pid_file"

# Whether it runs is looked at below, however this ends. On a busy machine its file may be late.
tries=100
$to -d -p "$pid_file" "$@" || tries=0
while [ ! -s "$pid_file" ] && [ "$tries" -gt 0 ]; do
  tries=$((tries - 1))
  sleep 0.1
done
sleep 1
if [ -s "$pid_file" ] && is_up "$(cat "$pid_file")"; then
  echo "swap: $to runs as process $(cat "$pid_file")"
  exit 0
fi
echo "swap: $to did not stay up, see its log; $from is started again" >&2
$from -d -p "$pid_file" "$@"
exit 1
