# cluster-leader: `make help` lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

CARGO ?= cargo
MVN ?= mvn --batch-mode --no-transfer-progress --quiet -Dstyle.color=never
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
EXAMPLE_JAR := examples/spring-monolith/target/spring-monolith-$(VERSION).jar
CARGO_DENY_VERSION := 0.20.2
CARGO_MUTANTS_VERSION := 27.1.0

# What has Maven put the libraries of all platforms into the jar, where make natives has made them.
NATIVES_FOR_MAVEN := crates/ffi/natives/build.sh --for-maven

# Where cargo leaves what is shipped, and what it is told: nothing of it names the machine it was built on.
BUILT := $(or $(CARGO_TARGET_DIR),target)/release
RELEASE := RUSTFLAGS="--remap-path-prefix=$(or $(CARGO_HOME),$(HOME)/.cargo)/registry/src=registry $(RUSTFLAGS)"

.PHONY: help
help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r target text; do printf '  make %-16s %s\n' "$$target" "$$text"; done

.PHONY: demo
demo: example ## Three JVMs on files: one leader, a kill -9, a SIGTERM, the hand-overs on screen (half a minute)
	@java examples/spring-monolith/demo/Demo.java $(EXAMPLE_JAR)

.PHONY: test
test: test-rust test-crates test-c test-packaging test-java test-maven test-jar test-kubernetes test-interop test-chaos test-ticks ## All tests

.PHONY: test-long
test-long: sim-long explore-long breakages mutants files-long chaos-long ## The same for hours: a billion steps, 200 episodes, every breakage

.PHONY: test-rust
test-rust: tools-rust ## The Rust crates
	$(CARGO) test --workspace $(addprefix --exclude cluster-leader-tests-,kubernetes interop chaos ticks)

.PHONY: test-c
test-c: native ## The C ABI, from C and C++
	tests/c/run.sh $(BUILT)/libcluster_leader.so

.PHONY: test-packaging
test-packaging: $(BUILT)/static/libcluster_leader.a cli ## What is installed: C and C++ programs built with pkg-config and CMake; the command
	tests/packaging/c.sh $(BUILT)
	tests/packaging/cli.sh $(BUILT)

.PHONY: test-java
test-java: example ## The Maven artifacts and the example, on JDK 17 and 25 and each line of Spring Boot
	$(MVN) -f java/pom.xml verify $$($(NATIVES_FOR_MAVEN))
	$(MVN) -f java/spring-lines/pom.xml verify
	$(MVN) -f examples/spring-monolith/pom.xml verify

.PHONY: test-maven
test-maven: maven ## What Maven Central would get: complete, and the same bytes when built elsewhere
	MVN="$(MVN)" tests/packaging/maven.sh target/maven

.PHONY: test-jar
test-jar: maven ## The jar as its users get it: resolved from what is deployed by a program and by the example, run
	MVN="$(MVN)" tests/packaging/jar.sh target/maven

.PHONY: test-crates
test-crates: tools-rust ## What crates.io would get: complete (make crates also builds it)
	CARGO="$(CARGO)" tests/packaging/crates.sh

.PHONY: test-natives
test-natives: native ## What make natives and make image make: looked into, run where this machine can, made once more elsewhere
	tests/packaging/natives.sh
	tests/packaging/image.sh

.PHONY: test-kubernetes
test-kubernetes: example apiserver ## Three JVMs of the example on a real kube-apiserver
	$(CARGO) build -p cluster-leader-cli
	$(CARGO) test -p cluster-leader-tests-kubernetes

.PHONY: test-interop
test-interop: apiserver tools-java tools-go ## Mixed fleets: with client-go and fabric8 on one Lease
	$(CARGO) test -p cluster-leader-tests-interop

.PHONY: test-chaos
test-chaos: native jar apiserver ## C programs and JVMs killed, frozen and cut off, on a real kube-apiserver
	$(CARGO) test -p cluster-leader-tests-chaos

.PHONY: test-ticks
test-ticks: ticks-app ## Each tick once: JVMs with scheduled jobs, updated and killed
	$(CARGO) test -p cluster-leader-tests-ticks

.PHONY: ticks-app
ticks-app: jar ## Twenty scheduled jobs, by ours and by what one would use instead
	$(MVN) -f tests/ticks/app/pom.xml package

.PHONY: native
native: tools-rust ## target/release/libcluster_leader.so
	$(RELEASE) $(CARGO) build --release -p cluster-leader-ffi
	@ln -sf libcluster_leader.so $(BUILT)/libcluster_leader.so.1  # the name that programs ask for

.PHONY: cli
cli: tools-rust ## target/release/cluster-leader, the command
	$(RELEASE) $(CARGO) build --release -p cluster-leader-cli

.PHONY: image
image: tools-rust ## What the container image of the command is made of, in target/image: static, for amd64 and arm64
	@mkdir -p target/image/amd64 target/image/arm64
	@cp "$$(crates/ffi/natives/build.sh --command linux-x86_64-musl)" target/image/amd64/
	@cp "$$(crates/ffi/natives/build.sh --command linux-aarch64-musl)" target/image/arm64/
	@echo "docker build -f crates/cli/Dockerfile -t cluster-leader:$(VERSION) target/image"

.PHONY: natives
natives: tools-rust ## The library for every platform that the jar carries (ten minutes once, then cached)
	@crates/ffi/natives/build.sh

$(BUILT)/static/libcluster_leader.a: native crates/ffi/install/static.sh include/cluster_leader.h
	$(RELEASE) $(CARGO) rustc --release -p cluster-leader-ffi --crate-type staticlib
	crates/ffi/install/static.sh $(BUILT)/libcluster_leader.a $@

.PHONY: install uninstall
install: $(BUILT)/static/libcluster_leader.a cli ## The C package and the command below PREFIX=/usr/local (also: DESTDIR, LIBDIR, INCLUDEDIR)
	@$(INSTALL) install $(BUILT)
	@$(INSTALL_CLI) install $(BUILT)
uninstall: ## Take it away again
	@$(INSTALL) uninstall $(BUILT)
	@$(INSTALL_CLI) uninstall $(BUILT)
INSTALL_CLI = PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" crates/cli/install.sh
INSTALL = PREFIX="$(PREFIX)" LIBDIR="$(LIBDIR)" INCLUDEDIR="$(INCLUDEDIR)" DOCDIR="$(DOCDIR)" DESTDIR="$(DESTDIR)" crates/ffi/install/install.sh

.PHONY: jar
jar: native tools-java ## The Maven artifact in the local repository; with this platform's library, or all that make natives made
	$(MVN) -f java/pom.xml install -DskipTests $$($(NATIVES_FOR_MAVEN))

# ---- what a release publishes ---------------------------------------------------------------

.PHONY: maven
maven: native tools-java ## What Maven Central gets, in target/maven; SIGN=1: signed with MAVEN_GPG_KEY; CENTRAL=1: there
	rm -rf target/maven
	$(MVN) -f java/pom.xml clean deploy -DskipTests -Prelease $(if $(SIGN),-Psign) $(if $(CENTRAL),-Pcentral,-DaltDeploymentRepository=central::file:$(CURDIR)/target/maven) $$($(NATIVES_FOR_MAVEN))

.PHONY: crates
crates: tools-rust ## What crates.io gets: packaged, and built from the packages (some minutes)
	$(CARGO) publish --workspace --dry-run

.PHONY: c-package
c-package: $(BUILT)/static/libcluster_leader.a ## The C package as an archive, in target/dist
	crates/ffi/install/archive.sh $(BUILT) target/dist

# ---------------------------------------------------------------------------------------------

.PHONY: example
example: jar ## The Spring Boot example
	$(MVN) -f examples/spring-monolith/pom.xml package -DskipTests

.PHONY: apiserver
apiserver: tools-go ## The real kube-apiserver that the tests use (6 to 12 minutes once, then cached)
	@tests/apiserver/build.sh

.PHONY: lint
lint: tools-rust ## Format, clippy, rustdoc, licences (Javadoc: make maven)
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps
	$(MAKE) --no-print-directory target/tools/bin/cargo-deny
	target/tools/bin/cargo-deny --log-level error check --hide-inclusion-graph licenses bans sources

target/tools/bin/cargo-deny: # It has little to do: what takes time is to build it.
	$(CARGO) install --debug --quiet --locked --root target/tools cargo-deny@$(CARGO_DENY_VERSION)

.PHONY: bench
bench: jar apiserver ## Measured beside client-go, fabric8 and Curator (twenty minutes; QUICK=1: three minutes)
	$(MVN) -f bench/java/pom.xml package
	$(CARGO) run --quiet -p cluster-leader-bench -- $(if $(QUICK),--quick)

.PHONY: bench-ticks
bench-ticks: ticks-app apiserver tools-go ## Each tick once, beside @Scheduled, a sidecar, ShedLock, Quartz, db-scheduler (45 minutes; QUICK=1: ten)
	$(CARGO) run --quiet -p cluster-leader-bench -- ticks $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY))

# ---- for hours ------------------------------------------------------------------------------

SIM := $(CARGO) run --quiet --profile sim -p cluster-leader-sim --bin

.PHONY: sim-long
sim-long: tools-rust ## The simulation: a billion steps
	$(SIM) sim -- --steps 1000000000 --threads 2

.PHONY: explore-long
explore-long: tools-rust ## Every state of the larger small worlds
	$(SIM) explore -- --long

.PHONY: breakages
breakages: tools-rust ## Break the shipped code on purpose, one way at a time; the worlds must notice
	$(SIM) mutants

.PHONY: mutants
mutants: tools-rust target/tools/bin/cargo-mutants ## Break every line of the election in turn; a test must notice
	PATH="$(CURDIR)/target/tools/bin:$$PATH" $(CARGO) mutants -p cluster-leader-election -j1 --output target

target/tools/bin/cargo-mutants:
	$(CARGO) install --quiet --locked --root target/tools cargo-mutants@$(CARGO_MUTANTS_VERSION)

.PHONY: files-long
files-long: tools-rust ## Faults of the file store, every one of them
	CLUSTER_LEADER_TEST_LONG=1 $(CARGO) test -p cluster-leader-tests-files

.PHONY: chaos-long
chaos-long: native jar apiserver ## 200 episodes at default timings, beside client-go, fabric8 and Curator
	$(CARGO) run -p cluster-leader-tests-chaos --bin chaos -- --episodes 200 --timings default --contenders ours,client-go,fabric8,curator

.PHONY: clean
clean: ## Remove what was built
	rm -rf target java/*/target java/target examples/*/target tests/ticks/app/target

# ---- what must be there ---------------------------------------------------------------------

define need
	@command -v $(1) >/dev/null || { echo "make: $(1) is missing: $(2)" >&2; exit 1; }
endef

.PHONY: tools-rust tools-java tools-go
tools-rust:
	$(call need,$(CARGO),install Rust 1.89 or newer with rustup)
	$(call need,cc,install a C compiler (Debian: apt-get install gcc libc6-dev))

tools-java:
	$(call need,javac,install a JDK 17 or newer (Debian: apt-get install openjdk-17-jdk-headless))
	$(call need,mvn,install Maven 3.8 or newer (Debian: apt-get install maven))

tools-go:
	$(call need,go,install Go 1.26 or newer)
