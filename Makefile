# SPDX-License-Identifier: GPL-2.0-only
#
# make              build the module for the running kernel
# make module KDIR=DIR [TEST=1]     build the module for the headers in DIR; TEST=1: test build
# make deb          build the packages in build/deb
# make demo         show pcibuf in a virtual machine, from apt install to DMA
# make test         run the tests that a change is likely to break;
#                   make test TESTS="off-64 vm/memory" runs only these
# make test-all     run all tests with all kernels of scripts/run/suites; write the table
#                   of supported kernels into README.md
# make check        run the tests that a change breaks most often: lint, unit tests and
#                   one guest; two minutes
# make lint         run the tools that check the source
# make support      write the table of supported kernels from the last results
# make fuzz SECONDS=3600 [SEED=N] [SUITE=debug]    run random operations of several users
#                   for so many seconds
# make events       test each event of a card in each state; write tests/vm/README.md
# make coverage     show which lines of the module the tests run, in a kernel that counts
#                   them: half an hour
# make bench        measure what a mapping costs, with pcibuf and with other ways;
#                   SUITES=bookworm for one kernel
# make bench-contiguous    measure how often and how fast contiguous memory is found;
#                   MEM="2G 8G 20G" in guests of these sizes
# make tags         write build/tags, for editors (vim: set tags=build/tags)
# make compile_commands    write build/compile_commands.json, for clangd
# make help         print these lines
# make clean        remove what was built; make distclean removes the cache too

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

# run-tests calls scripts/setup itself, in the order in which it needs the packages.
test:
	@JOBS=$(JOBS) scripts/run/run-tests $(TESTS)

check:
	@JOBS=$(JOBS) scripts/run/run-tests off-64 lint unit

lint:
	@JOBS=$(JOBS) scripts/run/run-tests lint

# Only test-all needs clang and coccinelle.
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

# Only coverage needs lcov.
coverage:
	@scripts/setup lcov
	@scripts/run/coverage

bench: setup
	@scripts/run/bench $(if $(SUITES),--suite "$(SUITES)")

bench-contiguous: setup
	@scripts/run/bench-contiguous $(MEM)

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
