# A laptop runs what CI runs: `make check` is all of it, `make help` lists the parts.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Tools are pinned here and nowhere else. They are installed into .bin under names with the version, so that a new version is a
# new file, and nothing on this machine's PATH is used or changed.
BIN := $(CURDIR)/.bin
STATICCHECK := $(BIN)/staticcheck-v0.8.2
GOLANGCI_LINT := $(BIN)/golangci-lint-v2.15.0
GOVULNCHECK := $(BIN)/govulncheck-v1.9.0
CYCLONEDX := $(BIN)/cyclonedx-gomod-v1.10.0

# Serverless Devs comes from npm. The checksum does for it what go.sum does for the other tools.
SERVERLESS_DEVS_VERSION := 3.1.10
SERVERLESS_DEVS_SHA512 := BIKbyOVpu+Xb2MBYWZoOwOSLhlLVUquzWjoIHMg4yPpthTGUFhMAtQnR8iKeI2cYTTz/8dS13TNzO9qwhpqE1A==
SERVERLESS_DEVS := $(BIN)/serverless-devs-v$(SERVERLESS_DEVS_VERSION)

# So do Alibaba Cloud's own clients. package-lock.json has a checksum for each of their packages.
CONFORMANCE := $(BIN)/conformance-$(shell cksum <test/conformance/package-lock.json | cut -d ' ' -f 1)

# The race detector needs a C compiler on Linux. Without one the tests run without it and say so.
RACE := $(shell command -v "$$(go env CC)" >/dev/null && echo -race)

# The policy that `make package` packs as policy.yaml, with every file that it names.
POLICY ?= policy.yaml

# The same name for a commit as deploy/pack gives the package.
VERSION = $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

# How long `make fuzz` spends on each target. Minimising is capped: by default it may use up all of FUZZTIME.
FUZZTIME ?= 30s

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

.PHONY: package
package: ## build dist/, what Function Compute runs, with POLICY (policy.yaml)
	rm -rf dist
	go run ./deploy/pack -policy "$(POLICY)" dist

.PHONY: zip
zip: ## build dist/ and peerguard.zip, the same as an archive, which deploy/terraform uploads
	rm -rf dist
	go run ./deploy/pack -policy "$(POLICY)" -zip peerguard.zip dist

.PHONY: install
install: ## install the operator's command with its version, so that it runs in any folder
	go install -trimpath -ldflags "-X main.version=$(VERSION)" ./cmd/peerguard

# Where operators work.
SYSTEMS := darwin/amd64 darwin/arm64 linux/amd64 linux/arm64 windows/amd64 windows/arm64

.PHONY: release
release: $(CYCLONEDX) ## build dist/release: the operator's command for each system, with licences, SBOMs and checksums
	rm -rf dist/release
	mkdir -p dist/release
	for system in $(SYSTEMS); do \
		CGO_ENABLED=0 GOOS=$${system%/*} GOARCH=$${system#*/} $(CYCLONEDX) app -json -noserial \
			-output "dist/release/peerguard_$(VERSION)_$${system/\//_}.sbom.json" -main cmd/peerguard; \
	done
	go run ./deploy/pack -release dist/release $(SYSTEMS)

.PHONY: sbom
sbom: $(CYCLONEDX) ## write dist/sbom.json, the modules of the binary in CycloneDX
	mkdir -p dist
	CGO_ENABLED=0 GOOS=linux GOARCH=amd64 $(CYCLONEDX) app -json -noserial -output dist/sbom.json -main function

.PHONY: check
check: fmt vet staticcheck golangci-lint test policy conformance bench-once package preview terraform vuln ## everything that CI checks

.PHONY: fmt
fmt: ## gofmt would change nothing
	@files=$$(gofmt -l .); if [[ -n $$files ]]; then printf 'gofmt would change:\n%s\n' "$$files" >&2; exit 1; fi

.PHONY: vet
vet: ## go vet; go.mod is tidy, and the modules are as published
	go mod tidy -diff
	go mod verify
	go vet ./...
	go vet -tags chromium ./cmd/peerguard/page
	go vet -tags npm ./test/conformance

.PHONY: staticcheck
staticcheck: $(STATICCHECK) ## staticcheck
	$(STATICCHECK) ./...

.PHONY: golangci-lint
golangci-lint: $(GOLANGCI_LINT) ## golangci-lint, see .golangci.yml
	$(GOLANGCI_LINT) run ./...

.PHONY: test
test: ## all tests, with the race detector
	@[[ -n "$(RACE)" ]] || echo 'test: no C compiler, so no race detector' >&2
	go test $(RACE) -timeout 30m ./...

# No test reads these files: they are the user's.
.PHONY: policy
policy: ## check POLICY (policy.yaml), and run the cases of policy_test.yaml
	go tool peerguard check "$(POLICY)"
	go tool peerguard test

# A package that differs from its checksum, or a lock file that does not fit package.json, is a failure. Anything else that
# keeps npm from installing is a registry that is out of reach.
.PHONY: conformance
conformance: ## Alibaba Cloud's own clients against the simulator, if npm and its registry can be reached
	@command -v npm >/dev/null || { echo 'conformance: NOT RUN, npm is not installed' >&2; exit 0; }; \
	if [[ ! -d $(CONFORMANCE) ]]; then \
		rm -rf $(CONFORMANCE).tmp; mkdir -p $(CONFORMANCE).tmp; \
		cp test/conformance/package.json test/conformance/package-lock.json $(CONFORMANCE).tmp; \
		out=$$(npm ci --prefix $(CONFORMANCE).tmp --ignore-scripts --no-audit --no-fund --loglevel error \
			--fetch-retries 1 --fetch-timeout 60000 2>&1) || { \
			rm -rf $(CONFORMANCE).tmp; printf '%s\n' "$$out" >&2; \
			if [[ $$out == *EINTEGRITY* || $$out == *EUSAGE* ]]; then \
				echo 'conformance: the packages that npm has are not those that are pinned' >&2; exit 1; \
			fi; \
			echo 'conformance: NOT RUN, the npm registry is out of reach' >&2; exit 0; \
		}; \
		mv $(CONFORMANCE).tmp $(CONFORMANCE); \
	fi; \
	PEERGUARD_NODE_MODULES=$(CONFORMANCE)/node_modules go test -tags npm -count=1 -v -timeout 10m ./test/conformance

# Not a part of `test` or `check`, because it needs a browser and fails without one.
.PHONY: browser
browser: ## the page that sweep --html writes, in a real headless Chromium
	go test -tags chromium -count=1 -timeout 10m ./cmd/peerguard/page

.PHONY: picture
picture: ## docs/sweep.png, the picture of that page in README, with the simulator's own connections
	PEERGUARD_PICTURE="$(CURDIR)/docs/sweep.png" go test -tags chromium -count=1 -run '^TestBrowserReadme$$' ./cmd/peerguard/page

.PHONY: bench
bench: ## everything beside its floor, in one table; fails on a regression (seven minutes, on a quiet machine)
	go run ./test/bench

.PHONY: bench-once
bench-once: ## every benchmark once, to see that it still runs
	go test -run '^$$' -bench . -benchtime 1x ./...

# NODE_ENV=test keeps the tool from starting background processes that look for a newer version and report its use.
.PHONY: preview
preview: ## render s.yaml with the real Serverless Devs, if npm and its registry can be reached
	@command -v npm >/dev/null || { echo 'preview: NOT RUN, npm is not installed' >&2; exit 0; }; \
	if [[ ! -d $(SERVERLESS_DEVS) ]]; then \
		rm -rf $(SERVERLESS_DEVS).tmp; \
		npm install --prefix $(SERVERLESS_DEVS).tmp --no-save --ignore-scripts --no-audit --no-fund --loglevel error \
			--fetch-retries 1 --fetch-timeout 60000 @serverless-devs/s@$(SERVERLESS_DEVS_VERSION) || \
			{ rm -rf $(SERVERLESS_DEVS).tmp; echo 'preview: NOT RUN, the npm registry is out of reach' >&2; exit 0; }; \
		grep -qF '"sha512-$(SERVERLESS_DEVS_SHA512)"' $(SERVERLESS_DEVS).tmp/node_modules/.package-lock.json || \
			{ echo 'preview: the package that npm has under this version is not the one that is pinned' >&2; exit 1; }; \
		mv $(SERVERLESS_DEVS).tmp $(SERVERLESS_DEVS); \
	fi; \
	home=$$(mktemp -d); trap 'rm -rf "$$home"' EXIT; \
	out=$$(NODE_ENV=test serverless_devs_config_home="$$home" \
		DEPLOY_ROLE=acs:ram::1111111111111111:role/peerguard DEPLOY_LOG_PROJECT=peerguard-logs \
		DEPLOY_FAILURE_DESTINATION=acs:mns:cn-shanghai::/topics/peerguard-failed/messages \
		DEPLOY_DEAD_LETTER_QUEUE=acs:mns:cn-shanghai:1111111111111111:/queues/peerguard-dead-letters \
		$(SERVERLESS_DEVS)/node_modules/.bin/s preview --template s.yaml --output-format json 2>&1) || \
		{ printf '%s\npreview: Serverless Devs cannot read s.yaml\n' "$$out" >&2; exit 1; }; \
	if [[ $$out != *'"functionName": "peerguard"'* || $$out == *'$${'* ]]; then \
		printf '%s\npreview: Serverless Devs renders s.yaml differently than expected\n' "$$out" >&2; exit 1; \
	fi; \
	echo 'preview: Serverless Devs $(SERVERLESS_DEVS_VERSION) renders s.yaml'

# Terraform works in a copy, because it writes beside the modules that it reads. TF_CLI_CONFIG_FILE may name a mirror of providers.
# The module files has no provider, so its tests need nothing but Terraform.
.PHONY: terraform
terraform: ## the modules of deploy with Terraform itself, if it is installed and the provider can be reached
	@command -v terraform >/dev/null || { echo 'terraform: NOT RUN, Terraform is not installed' >&2; exit 0; }; \
	export CHECKPOINT_DISABLE=1 TF_IN_AUTOMATION=1; \
	terraform fmt -check -diff -recursive deploy; \
	copy=$$(mktemp -d); trap 'rm -rf "$$copy"' EXIT; \
	cp -R deploy s.yaml "$$copy"; : >"$$copy/peerguard.zip"; \
	run() { terraform -chdir="$$copy/deploy/$$1" "$${@:2}" -no-color; }; \
	run terraform/files init -backend=false >/dev/null; \
	run terraform/files test; \
	for module in terraform terraform/examples/everything terraform/examples/trigger members/terraform; do \
		out=$$(run $$module init -backend=false -input=false 2>&1) || { \
			if [[ $$out == *'Failed to query available provider packages'* || $$out == *'Failed to install provider'* ]]; then \
				echo "terraform: NOT RUN for $$module, its provider is out of reach" >&2; continue; \
			fi; \
			printf '%s\n' "$$out" >&2; exit 1; \
		}; \
		run $$module validate; \
		if [[ -d deploy/$$module/tests ]]; then run $$module test; fi; \
	done

.PHONY: vuln
vuln: $(GOVULNCHECK) ## known vulnerabilities in the code that is called, if the database can be reached
	@out=$$($(GOVULNCHECK) ./... 2>&1) && status=0 || status=$$?; \
	printf '%s\n' "$$out"; \
	if [[ $$status == 1 && $$out == *"fetching vulnerabilities"* ]]; then \
		echo 'vuln: NOT CHECKED, the vulnerability database is out of reach' >&2; \
	else \
		exit $$status; \
	fi

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (30s)
	@for package in $$(go list ./...); do \
		list=$$(go test -list '^Fuzz' "$$package"); \
		for target in $$(grep '^Fuzz' <<<"$$list" || true); do \
			echo "$$package $$target"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 100x "$$package"; \
		done; \
	done

# SEED determines the plan of a chaos run and is printed; 0 chooses one. MINUTES is how long the run lasts.
SEED ?= 0
MINUTES ?= 10

.PHONY: chaos
chaos: ## the binary under faults, kills and edits for MINUTES (10), by SEED (a new one)
	go test ./test/e2e -run '^TestChaos$$' -v -count=1 -timeout 0 -args -chaos.seed=$(SEED) -chaos.minutes=$(MINUTES)

.PHONY: clean
clean: ## remove what was built
	rm -rf dist .bin

$(STATICCHECK):
	$(call install,honnef.co/go/tools/cmd/staticcheck@v0.8.2)

$(GOLANGCI_LINT):
	$(call install,github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0)

$(GOVULNCHECK):
	$(call install,golang.org/x/vuln/cmd/govulncheck@v1.9.0)

$(CYCLONEDX):
	$(call install,github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0)

# install builds a tool in a temporary folder and then moves it, so that an interrupted build leaves no broken tool.
define install
	mkdir -p $(BIN)
	GOBIN=$@.tmp go install $(1)
	mv $@.tmp/* $@
	rmdir $@.tmp
endef
