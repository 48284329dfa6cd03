# SPDX-License-Identifier: GPL-2.0-only
#
# make              the module, for the running kernel
# make module KDIR=DIR [TEST=1]     the module, for the headers in DIR
# make deb          the packages, in build/deb
# make demo         all of it in a virtual machine, from apt install to DMA
# make test         what a change may break; make test TESTS="off-64 vm/memory" for some
# make test-all     every test there is, with every kernel of scripts/run/suites; writes
#                   the table of supported kernels into README.md
# make check        what a change breaks most: lint, unit, one guest; two minutes
# make lint         what reads the source and says what it does not like
# make support      that table, of what was run last
# make fuzz SECONDS=3600 [SEED=N] [SUITE=debug]    anything by anybody, for so long
# make events       what happens to a card in which state; writes tests/vm/README.md
# make coverage     what of the module the tests run, in a kernel that checks it (an hour)
# make bench        what mapping costs, beside others; SUITES=bookworm for one kernel
# make bench-contiguous    how often there is contiguous memory, and how fast
# make tags         build/tags, for editors (vim: set tags=build/tags)
# make compile_commands    build/compile_commands.json, for clangd
# make help         these lines
# make clean        remove what was built; make distclean also what is cached

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/pcibuf

module:
	$(MAKE) -C module $(if $(KDIR),KDIR=$(abspath $(KDIR))) $(if $(TEST),TEST=$(TEST))

setup:
	@scripts/setup

deb: setup
	@scripts/build/deb
	@ls build/deb/*.deb

demo: deb
	@scripts/demo/demo

# What it needs is installed by it, in the order in which it needs it.
test:
	@JOBS=$(JOBS) scripts/run/run-tests $(TESTS)

check:
	@JOBS=$(JOBS) scripts/run/run-tests off-64 lint unit

lint:
	@JOBS=$(JOBS) scripts/run/run-tests lint

# The other compiler, and what reads the source, are wanted for this only.
test-all:
	@scripts/setup clang lld llvm coccinelle ocaml-nox
	@JOBS=$(JOBS) scripts/run/run-tests --all $(TESTS)

support:
	@scripts/run/support

fuzz: setup
	@scripts/vm/vm fast --suite $(or $(SUITE),bookworm) --cards "edu:64 edu" \
		--append "slab_nomerge STRESS_SECONDS=$(or $(SECONDS),600) \
			$(if $(SEED),STRESS_SEED=$(SEED))" \
		--timeout $$(($(or $(SECONDS),600) * 2 + 600)) -- stress

events: setup
	@scripts/run/events

# lcov is wanted for this only.
coverage:
	@scripts/setup lcov
	@scripts/run/coverage

bench: setup
	@scripts/run/bench $(if $(SUITES),--suite "$(SUITES)")

bench-contiguous: setup
	@scripts/run/bench-contiguous

tags:
	@scripts/setup universal-ctags
	@mkdir -p build
	ctags -R -f build/tags --tag-relative=yes --languages=C,Sh module tests scripts

compile_commands: setup
	@scripts/build/compile-commands

help:
	@sed -n '/^# make/,/^$$/s/^# \{0,1\}//p' Makefile

clean:
	rm -rf build
	find module -name '*.o' -delete -o -name '*.ko' -delete \
		-o -name '*.mod' -delete -o -name '*.mod.c' -delete \
		-o -name '.*.cmd' -delete -o -name modules.order -delete \
		-o -name Module.symvers -delete

distclean: clean
	rm -rf "$(CACHE)"

.PHONY: module setup deb demo test test-all check lint support fuzz events coverage \
	bench bench-contiguous tags compile_commands help clean distclean
.DEFAULT_GOAL := module
