#!/usr/bin/env bash
# The crates as crates.io would get them, without building them: `make crates` does that too.
set -euo pipefail
repo=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$repo/Cargo.toml" | head -n 1)
readonly published='cluster-leader cluster-leader-cli cluster-leader-election'

fail() {
  echo "tests/packaging/crates.sh: $*" >&2
  exit 1
}

cd "$repo"
# Dirty, as it is a test of what is being changed.
${CARGO:-cargo} publish --workspace --dry-run --no-verify --allow-dirty --target-dir "$work" 2>"$work/log" || fail "$(cat "$work/log")"
crates=$(find "$work" -name '*.crate' -printf '%f\n' | sed "s/-$version\.crate\$//" | sort -u | paste -sd ' ')
[ "$crates" = "$published" ] ||
  fail "cargo would publish '$crates', not '$published': give the new one publish = false, or its name to this test"

for crate in $crates; do
  package=$crate-$version
  tar -xzf "$(find "$work" -name "$package.crate" | head -n 1)" -C "$work"
  for field in description license repository readme keywords categories rust-version; do
    grep -q "^$field = " "$work/$package/Cargo.toml" || fail "$crate: no $field in its Cargo.toml"
  done
  [ -s "$work/$package/README.md" ] || fail "$crate: no README.md in the package"
  for licence in LICENSE-APACHE LICENSE-MIT; do
    cmp "$licence" "$work/$package/$licence" || fail "$crate: $licence is not in the package: link it to ../../$licence"
  done
  echo "$package: $(find "$work/$package" -type f | wc -l) files, complete for crates.io"
done
