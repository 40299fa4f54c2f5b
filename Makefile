# Everything a newcomer needs. `make test` and `make demo` set up by themselves what they need.
#
#   make setup   a virtual environment in .venv from requirements.lock, the Debian packages that Qt needs, and the bundled
#                networks and the renderer as this machine runs them
#   make test    setup, then the tests (no screen needed)
#   make check   setup, then format, lint, types, import contracts and architecture
#   make demo    setup, then the main job on the bundled recordings, or:  make demo FOOTAGE=folder DETECTOR=file EMBEDDER=file
#   make weights setup, then every bundled network from MATERIAL=folder, on a machine with a GPU
#   make bench   setup, then timings beside peers and limits, with the same three words; the models, figures, re-ranking,
#                loading and steps of the trainer (on its own: .venv/bin/python -m tests.bench.training, .evaluation, ..)
#   make pictures  the pictures of README and guide again: the walk through the real window under Xvfb
#   make soak    an hour of scripted use of the window: its memory must stay flat
#   make lock    write requirements.lock again (needs uv)

SHELL := /bin/bash
PYTHON ?= python3
RUN := .venv/bin/python
STAMP := .venv/.set-up
PREPARED := .venv/.prepared

# library that must be found : Debian package that brings it (first line: any window; second: a real screen)
QT_LIBRARIES := libEGL.so.1:libegl1 libGL.so.1:libgl1 libglib-2.0.so.0:libglib2.0-0 libxkbcommon.so.0:libxkbcommon0 \
  libfontconfig.so.1:libfontconfig1 libdbus-1.so.3:libdbus-1-3 \
  libxcb-cursor.so.0:libxcb-cursor0 libxcb-icccm.so.4:libxcb-icccm4 libxcb-image.so.0:libxcb-image0 \
  libxcb-keysyms.so.1:libxcb-keysyms1 libxcb-randr.so.0:libxcb-randr0 libxcb-render-util.so.0:libxcb-render-util0 \
  libxcb-shape.so.0:libxcb-shape0 libxcb-sync.so.1:libxcb-sync1 libxcb-xfixes.so.0:libxcb-xfixes0 \
  libxcb-xkb.so.1:libxcb-xkb1 libxkbcommon-x11.so.0:libxkbcommon-x11-0 libX11-xcb.so.1:libx11-xcb1

export QT_LIBRARIES

.PHONY: setup libraries test check demo bench soak pictures lock clean weights

setup: $(STAMP) libraries
	@[ -e $(PREPARED) ] || { echo "Exporting the bundled networks and compiling the renderer for this processor ..."; \
	  $(RUN) -m trainer.world prepare >/dev/null & renderer=$$!; \
	  $(RUN) -m app prepare && wait $$renderer && touch $(PREPARED) || \
	  { wait; echo "That failed; it is done at the first use instead."; }; }

libraries:
	@missing=; for pair in $$QT_LIBRARIES; do \
	  /sbin/ldconfig -p | grep -q "$${pair%%:*}" || missing="$$missing $${pair##*:}"; done; \
	if [ -n "$$missing" ]; then \
	  if apt-cache show libglib2.0-0t64 >/dev/null 2>&1; then missing="$${missing/libglib2.0-0/libglib2.0-0t64}"; fi; \
	  command="apt-get install -y --no-install-recommends$$missing"; \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Qt needs system libraries; installing:$$missing"; \
	    apt-get -qq update && DEBIAN_FRONTEND=noninteractive $$command >/dev/null; \
	  elif command -v apt-get >/dev/null && sudo -n true 2>/dev/null; then \
	    echo "Qt needs system libraries; installing:$$missing"; \
	    sudo apt-get -qq update && sudo DEBIAN_FRONTEND=noninteractive $$command >/dev/null; \
	  else \
	    echo "Qt needs system libraries that are not here. Please run this once, then the same make again:"; \
	    echo "  sudo $$command"; exit 1; \
	  fi; \
	fi

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else "Python 3.11, 3.12 or 3.13 is needed, this is " + sys.version.split()[0] + "; name another one: make PYTHON=python3.11 ...")'
	@echo "Setting up .venv (about 3.6 GB to download where nothing is cached) ..."
	@$(PYTHON) -m venv .venv >/dev/null 2>&1 || $(PYTHON) -m venv --clear --without-pip .venv
	@if [ -x .venv/bin/pip ]; then pip="$(RUN) -m pip"; else pip="$(PYTHON) -m pip --python $(RUN)"; fi; \
	  $$pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock && \
	  $$pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# A file of tests stays in one process; small networks are quickest on one thread each. The suite starts some hundred
# processes: byte code is kept whatever the environment says, so that not each of them compiles the program anew.
test: setup
	env -u PYTHONDONTWRITEBYTECODE OMP_NUM_THREADS=1 QT_QPA_PLATFORM=offscreen $(RUN) -m pytest -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

check: setup
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .
	$(RUN) -m mypy
	.venv/bin/lint-imports --no-cache
	$(RUN) -m pytest tests/test_architecture.py

demo: setup
	$(RUN) -m app demo --footage "$(FOOTAGE)" --detector "$(DETECTOR)" --embedder "$(EMBEDDER)"

bench: setup
	$(RUN) -m tests.bench --footage "$(FOOTAGE)" --detector "$(DETECTOR)" --embedder "$(EMBEDDER)"
	$(RUN) -m tests.bench.models
	$(RUN) -m tests.bench.evaluation
	$(RUN) -m tests.bench.training

soak: setup
	$(RUN) -m tests.bench --only soak --soak-s 3600

# with a window manager where one is installed, so that dialogs have frames
pictures: setup
	QT_QPA_PLATFORM=xcb xvfb-run -a -s "-screen 0 1440x900x24 -dpi 96" sh -c \
	  'openbox 2>/dev/null & wm=$$!; $(RUN) -m tests.walks.pictures; status=$$?; kill $$wm 2>/dev/null; exit $$status'

weights: setup
	PYTHON=$(CURDIR)/$(RUN) MATERIAL="$(MATERIAL)" PYTHONPATH=$(CURDIR) trainer/weights/everything.sh

lock:
	uv pip compile --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
	  --no-emit-index-url --no-annotate --no-header requirements.in -o requirements.lock

clean:
	rm -rf .venv build dist *.egg-info
