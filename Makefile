# The two main commands: `make demo` (set up and run the demo) and `make test` (set up and run all tests).
# They need Rust, Node, Python and a C compiler. They install the rest: npm packages into web/, tools into
# .tools/, and, as root, Debian's Chromium if it is missing.

REPORTS ?= 200000
LISTEN  ?= 127.0.0.1:8080
SHARED  ?= ../shared

.PHONY: demo dist test attack check bench bless audit areas web conformance

web: web/dist/index.html
web/dist/index.html: $(wildcard web/src/* web/look/* web/package.json web/package-lock.json web/build.mjs)
	cd web && npm ci --no-audit --no-fund --loglevel=error && node build.mjs

demo: web
	cargo build --profile demo
	./target/demo/diaban demo --reports $(REPORTS) --listen $(LISTEN)

# The executable to install: target/dist/diaban.
dist: web
	cargo build --profile dist --config tools/dist.toml

test: web
	tools/test

check: web
	cargo fmt --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items
	tools/cargo-deny check bans licenses sources

# The long attacks (tests/attack/README.md): kills, failing disks, load, memory, streams. Takes more than an hour.
attack: web
	cargo build --profile demo
	tests/attack/run

bench:
	cargo bench

# Accept the present output as the expected output of the snapshot tests.
bless: web
	INSTA_UPDATE=always INSTA_FORCE_PASS=1 cargo test --workspace

# Check for known vulnerabilities; downloads the advisory database.
audit:
	tools/cargo-deny check advisories

# Rebuild the facts and approximate boundaries of data/areas from their source package.
areas:
	python3 data/areas/make_areas.py

# Run the conformance tests of the public standards against a demo of 5,000 reports.
conformance: web
	tools/conformance $(SHARED)
