# refreshd. `make help` is the menu.
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := all
.SECONDARY:
.DELETE_ON_ERROR:

# The local stack: make up PORT=9000 DIR=/tmp/two WORKERS=1 ACCESS_LOG=off
export PORT       ?= 8080
export DIR        ?= .run
export WORKERS    ?= 2
export ACCESS_LOG ?= on
# make fuzz SECONDS=30, make test T=name, make install DESTDIR=/tmp/root PREFIX=/usr
SECONDS    ?= 30
T          ?=
PREFIX     ?= /usr/local

# Each variant builds in its own directory: VARIANT=asan, VARIANT=fuzz, CC=clang.
ifeq ($(origin CC),default)
CC := gcc
endif
BUILD  := build
OPT    := -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
VARIANT ?= $(if $(findstring clang,$(CC)),clang)
CHECKS_asan := address,undefined
CHECKS_tsan := thread
CHECKS_fuzz := fuzzer-no-link,address,undefined
ifneq ($(VARIANT),)
BUILD  := build/$(VARIANT)
CC     := $(if $(filter asan,$(VARIANT)),gcc,clang)
endif
ifdef CHECKS_$(VARIANT)
OPT    := -O1 -fno-omit-frame-pointer -fsanitize=$(CHECKS_$(VARIANT)) -fno-sanitize-recover=all
endif
DRIVER := $(if $(filter fuzz,$(VARIANT)),-fsanitize=fuzzer)

WARN     := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes
CPPFLAGS += -Ilib -I. -I$(BUILD)/gen -D_GNU_SOURCE -MMD -MP
CFLAGS   += -std=gnu2x -g $(OPT) $(WARN) -fstack-protector-strong -fPIE
LDFLAGS  += -pie -Wl,-z,relro,-z,now
LDLIBS   += -lfcgi -lhiredis -ljson-c -lsodium -linih
LINK      = @echo "LD $@" && $(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# Everything but main is in the archive, so tests link what they need of it.
BIN  := $(BUILD)/refreshd
LIB  := $(BUILD)/librefreshd.a
SRC  := $(wildcard lib/*/*.c lib/*/*/*.c) $(filter-out fcgi/main.c,$(wildcard fcgi/*.c fcgi/*/*.c))
OBJ  := $(SRC:%.c=$(BUILD)/%.o)
LUA  := $(patsubst lib/store/%,$(BUILD)/gen/%.h,$(wildcard lib/store/*.lua lib/store/redis/*.lua))
UNIT := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/*_test.c))
FUZZ := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/*_fuzz.c))
BENCH := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/bench/*_bench.c))
TEST_OBJ := $(UNIT:=.o) $(FUZZ:=.o) $(BUILD)/tests/fuzz/replay.o

all: $(BIN) ## the binary, build/refreshd (default); CC=clang: build/clang/refreshd
asan: ## the same with the address and undefined behaviour sanitizers: build/asan/refreshd
	@$(MAKE) VARIANT=asan all

run: all deps-run ## everything in the foreground on http://127.0.0.1:PORT, Ctrl-C stops it all
	@nginx/stack.sh run
up: all deps-run ## the same in the background (PORT= DIR= WORKERS= ACCESS_LOG=off)
	@nginx/stack.sh up
down: ## stops what `make up` with the same DIR started
	@nginx/stack.sh down

test: deps-test ## all tests; T=name: those whose name matches
	@/usr/bin/python3 tests/run.py $(if $(T),'$(T)')
test-unit: deps-test unit ## unit tests alone (also with VARIANT=asan)
	@fail=; for t in $(UNIT); do $$t || fail="$$fail $$t"; done; test -z "$$fail" || { echo "failed:$$fail"; exit 1; }
test-integration: deps-test all ## integration tests alone
	@/usr/bin/python3 tests/run.py integration
compose-test: ## docker-compose.yml for real, with containers killed under load; skipped without an engine
	@/usr/bin/python3 tests/compose/run
test-debian13: ## build, unit and integration tests in a bare Debian 13; skipped without podman, or root and debootstrap
	@tests/debian13/run
test-browser: deps-browser all ## the demo page and refreshd.js in headless Chromium
	@/usr/bin/python3 tests/run.py browser
lint: deps-test $(LUA) ## floors, lengths, format, clang-tidy, cppcheck, shellcheck
	@/usr/bin/python3 tests/run.py lint
format: deps-test ## clang-format over all C
	@find lib fcgi tests -name '*.[ch]' | xargs clang-format -i
bench: $(BENCH) ## CPU time of a refresh and a verify in a worker, without network and Redis
	@for b in $^; do $$b || exit; done
model: ## every rejected design of the rotation with its counterexample, and ours without
	@/usr/bin/python3 tests/model/rotation_model.py
fuzz: deps-test ## each fuzz target for SECONDS=30
	@$(MAKE) VARIANT=fuzz replays fuzz-all
clean: ## removes build/
	rm -rf build
install: all ## DESTDIR= PREFIX=/usr/local: binary, nginx includes, systemd units, man pages
	@fcgi/dist/install.sh $(BIN) '$(DESTDIR)' '$(PREFIX)'
deb: deps-deb ## a Debian package in build/deb, of which lintian says nothing
	@fcgi/dist/deb.sh '$(VERSION)' build/deb
help: ## this menu
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## /\1|/p' Makefile | while IFS='|' read -r name text; do printf '  make %-17s %s\n' "$$name" "$$text"; done

# Below: how it is built. Packages come first; with all there, the check takes some milliseconds.
deps-build deps-run deps-deb deps-test deps-browser: deps-%:
	@tests/deps.sh $*

$(BIN): $(BUILD)/fcgi/main.o $(LIB)
	$(LINK)

$(LIB): $(OBJ)
	@echo "AR $@"
	@rm -f $@
	@$(AR) rcs $@ $^

$(BUILD)/%.o: %.c Makefile | $(LUA) deps-build
	@echo "CC $<"
	@mkdir -p $(@D)
	@$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# A Lua script is expanded and becomes one C string literal and nothing else, for #include.
$(BUILD)/gen/%.lua: lib/store/%.lua lib/store/expand.awk lib/store/record.h $(wildcard lib/store/prelude/*.lua)
	@mkdir -p $(@D)
	@awk -f lib/store/expand.awk lib/store/record.h $< > $@
$(BUILD)/gen/%.lua.h: $(BUILD)/gen/%.lua Makefile
	@sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' $< > $@

# Only the files that name RD_VERSION are rebuilt when it changes.
VERSION  := $(shell git describe --always --dirty 2>/dev/null || echo 0.1.0)
USES_VER := $(patsubst %.c,$(BUILD)/%.o,$(shell grep -ls RD_VERSION $(SRC) fcgi/main.c))
$(USES_VER): CPPFLAGS += -DRD_VERSION='"$(VERSION)"'
$(USES_VER): $(BUILD)/version
$(BUILD)/version: FORCE
	@mkdir -p $(@D)
	@echo '$(VERSION)' | cmp -s - $@ || echo '$(VERSION)' > $@
FORCE:

unit: $(UNIT)
replays: $(FUZZ)
$(UNIT): %: %.o $(LIB)
	$(LINK) -lcmocka
$(BENCH): %: %.o $(LIB)
	$(LINK)
$(FUZZ): %: %.o $(if $(DRIVER),,$(BUILD)/tests/fuzz/replay.o) $(LIB)
	$(LINK) $(DRIVER)
$(TEST_OBJ): | deps-test

# New inputs stay in build/fuzz; a crash is kept there too.
fuzz-all: $(FUZZ:=.fuzz)
%.fuzz: %
	@echo "FUZZ $(*F) $(SECONDS) s"
	@mkdir -p $(BUILD)/corpus/$(*F) tests/fuzz/corpus/$(patsubst %_fuzz,%,$(*F))
	@$< -max_total_time=$(SECONDS) -print_final_stats=1 -artifact_prefix=$(BUILD)/$(*F)- \
		$(BUILD)/corpus/$(*F) tests/fuzz/corpus/$(patsubst %_fuzz,%,$(*F))

.PHONY: all asan run up down test test-unit test-integration test-browser test-debian13 compose-test lint format model bench fuzz clean install help \
	deb deps-build deps-run deps-deb deps-test deps-browser unit replays fuzz-all FORCE
-include $(foreach room,lib fcgi tests,$(wildcard $(addprefix $(BUILD)/$(room)/,*.d */*.d */*/*.d)))
