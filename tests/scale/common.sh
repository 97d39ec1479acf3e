# For the tests of engines: a sweep made whole by one process, and a comparison with it. To be
# sourced with the program as $1; what happens stays within $work.
set -euo pipefail
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
BALLAST=$(readlink -f -- "$1")
export BALLAST
unset BALLAST_SHARD GITHUB_STEP_SUMMARY GITHUB_ACTIONS
work=$(mktemp -d)

skip() {
  printf 'skipped: %s (scripts/setup --scale installs it)\n' "$*"
  exit 77
}
need() {
  local each
  for each in "$@"; do command -v "$each" >/dev/null || skip "$each is not here"; done
}

# Two files, a grid, failures, and a corpus.
sweep=(scenarios/bugs/raft_vote_not_persisted.json scenarios/quick/paxos_duel.json
  --seeds 1..60 --grid network.loss=0%:4%:2%)
shards=7

make_whole() {
  cd "$work"
  ln -s "$root/scenarios" "$root/tests" .
  code=0
  "$BALLAST" sweep "${sweep[@]}" --out whole >whole.txt || code=$?
  [[ $code -eq 1 ]] || { cat whole.txt; exit 1; }
}

# same_as_whole DIR TEXT: the result and what was printed, byte for byte, manifests apart.
same_as_whole() {
  diff -r --exclude=manifest.json whole "$1"
  sed "s|$1|whole|g" "$2" | diff whole.txt -
}
