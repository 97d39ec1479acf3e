#!/usr/bin/env bash
# Slurm for real, on this machine and without systemd: munge, a controller and a node of our own
# start in a temporary directory, as whoever runs this; the script that `ballast sweep --emit slurm`
# prints is submitted; the merge waits for the shards, and its result is, byte for byte, that of one
# process. A shard that is lost and submitted again alone changes nothing.
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
pids=()
clean_up() {
  local pid
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf -- "$work"
}
trap clean_up EXIT
PATH=$PATH:/usr/sbin
need slurmctld slurmd sbatch munged
[[ $EUID -eq 0 ]] || skip 'slurmd wants to be root'

# starts NAME COMMAND...: in the background until the end.
starts() {
  "${@:2}" >"$work/slurm/$1.log" 2>&1 &
  pids+=($!)
}
# wait_for SECONDS COMMAND...: until the command succeeds.
wait_for() {
  local i
  for ((i = 0; i < $1 * 10; i += 1)); do
    if "${@:2}" >/dev/null 2>&1; then return; fi
    sleep 0.1
  done
  printf 'it did not come to pass within %s s: %s\n' "$1" "${*:2}"
  tail -n 20 "$work"/slurm/*.log
  return 1
}

start_slurm() {
  local node host port
  mkdir -m 755 "$work/slurm" "$work/slurm/state" "$work/slurm/spool"
  chmod 711 "$work"
  head -c 1024 /dev/urandom >"$work/slurm/munge.key"
  chmod 600 "$work/slurm/munge.key"
  starts munged munged --foreground --force --key-file="$work/slurm/munge.key" \
    --socket="$work/slurm/munge.socket" --pid-file="$work/slurm/munge.pid" \
    --log-file="$work/slurm/munge.own.log" --seed-file="$work/slurm/munge.seed"
  host=$(hostname -s)
  port=$((20000 + $$ % 10000))
  # What this machine is, without what stands behind it in that line.
  node=$(slurmd -C | sed -n 's/^NodeName=[^ ]* \(.*\)/\1/p')
  export SLURM_CONF=$work/slurm/slurm.conf
  cat >"$SLURM_CONF" <<CONF
ClusterName=ballast
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$work/slurm/munge.socket
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
StateSaveLocation=$work/slurm/state
SlurmdSpoolDir=$work/slurm/spool
SlurmctldPidFile=$work/slurm/slurmctld.pid
SlurmdPidFile=$work/slurm/slurmd.pid
SchedulerParameters=sched_min_interval=0,sched_interval=1,bf_interval=1,batch_sched_delay=0
NodeName=$host NodeAddr=127.0.0.1 $node State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
  wait_for 10 test -S "$work/slurm/munge.socket"
  starts slurmctld slurmctld -D
  starts slurmd slurmd -D
  wait_for 30 sh -c 'sinfo -h -o %T | grep -q idle'
}

no_jobs() { [[ -z $(squeue -h) ]]; }

# submit: the whole script, and waits until its merge is over.
submit() {
  bash job.sh >job.txt
  wait_for 120 no_jobs
  grep -qx 'VIOLATED .*' merged.parts/merge.log || { cat merged.parts/*.log; exit 1; }
  same_as_whole merged merged.parts/merge.log
}

make_whole
start_slurm
export BALLAST_MEM=100M
"$BALLAST" sweep "${sweep[@]}" --emit slurm --shards "$shards" --out merged >job.sh
begin=$SECONDS
submit
printf 'Slurm: %s shards and their merge took %d s\n' "$shards" $((SECONDS - begin))

# One shard is lost. Only that task is submitted again: its array then counts one task, not seven.
rm -r merged merged.parts/4-of-$shards
sed 's/--array=1-7/--array=4/' job.sh >again.sh
mv again.sh job.sh
submit
[[ $(find merged.parts -name part.json | wc -l) -eq $shards ]]
printf 'Slurm: %s shards merge to the bytes of one process\n' "$shards"
