# make demo       set up, build, show the main job for real
# make test       set up, build, run the tests
# make help       the rest
.PHONY: help setup build demo test test-all bench install uninstall clean
SHELL := /bin/bash
PREFIX ?= /usr/local
DESTDIR ?=
MANUAL := $(PREFIX)/share/man
COMPLETIONS := $(addprefix $(PREFIX)/share/,bash-completion/completions/hako zsh/site-functions/_hako fish/vendor_completions.d/hako.fish)
PROGRAMS := hako hako-runtime hako-init hako-image

help:
	@sed -n 's/^# //p' $(MAKEFILE_LIST)

# make setup      install the Debian packages that building and the demo need
setup:
	@Scripts/setup build

# make build      the release programs, in bin/
build: setup
	@Scripts/build $(PROGRAMS)

demo: setup
	@Scripts/setup demo
	@Scripts/build $(PROGRAMS)
	@Scripts/demo

test: setup
	@Scripts/setup test
	@Scripts/build $(PROGRAMS) tests
	@Scripts/test

# make test-all   also the peers, cgroup v2, soaks and long random runs
test-all: setup
	@Scripts/setup test
	@Scripts/build $(PROGRAMS) tests
	@HAKO_TEST_ALL=1 Scripts/test; failed=$$?; Scripts/test-long && exit $$failed

# make bench      Hako beside the engines that are installed, as ratios
bench: build
	@Benchmarks/run

# make install    into PREFIX (/usr/local): programs, manual, completions, what starts containers after a reboot
install: build
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/hako
	install -m 755 bin/hako $(DESTDIR)$(PREFIX)/bin/hako
	install -m 755 bin/hako-runtime bin/hako-init bin/hako-image $(DESTDIR)$(PREFIX)/libexec/hako/
	install -d $(DESTDIR)$(MANUAL) $(addprefix $(DESTDIR),$(dir $(COMPLETIONS)))
	bin/hako man $(DESTDIR)$(MANUAL)
	bin/hako completion bash > $(DESTDIR)$(word 1,$(COMPLETIONS))
	bin/hako completion zsh > $(DESTDIR)$(word 2,$(COMPLETIONS))
	bin/hako completion fish > $(DESTDIR)$(word 3,$(COMPLETIONS))
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system $(DESTDIR)$(PREFIX)/share/hako
	sed 's|@PREFIX@|$(PREFIX)|' Support/hako-boot.service > $(DESTDIR)$(PREFIX)/lib/systemd/system/hako-boot.service
	sed 's|@PREFIX@|$(PREFIX)|' Support/hako-boot > $(DESTDIR)$(PREFIX)/share/hako/hako-boot
	chmod 755 $(DESTDIR)$(PREFIX)/share/hako/hako-boot

# make uninstall  remove all of that
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/hako
	rm -rf $(DESTDIR)$(PREFIX)/libexec/hako $(DESTDIR)$(PREFIX)/share/hako
	rm -f $(DESTDIR)$(PREFIX)/lib/systemd/system/hako-boot.service
	rm -f $(addprefix $(DESTDIR)$(MANUAL)/,man1/hako.1 man1/hako-*.1 man5/hako-*.5) $(addprefix $(DESTDIR),$(COMPLETIONS))

# make clean      remove what was built
clean:
	rm -rf .build .build-* bin
