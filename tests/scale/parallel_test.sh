#!/usr/bin/env bash
# GNU parallel for real: the script that `ballast sweep --emit parallel` prints makes all shards; so
# it does again after one was lost and one was killed; and the merged result is, byte for byte, that
# of one process.
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
trap 'rm -rf -- "$work"' EXIT
need parallel
make_whole

"$BALLAST" sweep "${sweep[@]}" --emit parallel --shards "$shards" --out merged >job.sh
run() {
  code=0
  bash job.sh "$@" >out.txt 2>log.txt || code=$?
  [[ $code -eq 1 ]] || { cat out.txt log.txt; exit 1; }
  same_as_whole merged out.txt
}
run -j 2

# A job that parallel believes in, and whose part is gone; and one that it saw fail.
rm -r merged merged.parts/3-of-$shards merged.parts/5-of-$shards
code=0
bash job.sh -j 2 >out.txt 2>log.txt || code=$?
[[ $code -eq 2 ]] && grep -q 'missing of 7 shards: 3, 5' log.txt
sed -i -E 's/^([35]\t.*\t)0(\t[0-9]+\t[^\t]*)$/\11\2/' merged.parts/joblog
run -j 2
printf 'GNU parallel: %s shards merge to the bytes of one process\n' "$shards"
