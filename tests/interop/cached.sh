# Sourced by the build.sh of each contender, in its folder:
#
#     name=...          the folder under target/interop
#     product=...       the file in it that shows that the build is whole
#     sources=...       what the build depends on
#     tools=...         the programs that it needs
#     versions() {...}  prints what else it depends on
#     build() {...}     builds into $dir; its output goes to stderr
#     . ../cached.sh
#
# Builds unless it has been built from these sources before. Afterwards $dir is the folder.
set -eu

fail() {
	echo "tests/interop/$name/build.sh: $*" >&2
	exit 1
}

for tool in $tools flock sha256sum; do
	command -v "$tool" >/dev/null || fail "$tool is not on the PATH (needed: $tools flock sha256sum)"
done

repo=$(cd ../../.. && pwd)
case $repo in
*[[:space:]]*) fail "the command line is split at blanks, and $repo has one: move the repository" ;;
esac

hash=$({
	sha256sum build.sh ../cached.sh $sources
	versions
} 2>&1 | sha256sum | cut -c 1-16)
dir=$repo/target/interop/$name/$hash

if [ ! -e "$dir/$product" ]; then
	mkdir -p "$dir"
	exec 9>"$repo/target/interop/$name/lock"
	flock 9
	if [ ! -e "$dir/$product" ]; then # still, after whoever had the lock
		echo "building tests/interop/$name (a minute or two on a machine that never did)" >&2
		build >&2 || fail "the build failed"
	fi
	exec 9>&-
fi
