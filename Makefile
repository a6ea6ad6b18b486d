# grucli: `make demo` and `make test` do all the set-up; `make help` lists the rest.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
GRUCLI := $(BIN)/grucli
RECIPE ?= recipes/co2.yaml
CKPT ?= runs/co2/best.pt
DATA ?=
OUT ?= -

.DELETE_ON_ERROR:
.SECONDEXPANSION:
.PHONY: help demo test test-all test-browser test-cuda check-native lint types bench docs layer-norm train eval predict \
  inspect schema clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z%\/.-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- environment -----------------------------------------------------------------------------
PIP = --quiet --constraint constraints.txt
$(BIN)/.installed: pyproject.toml constraints.txt CMakeLists.txt $(wildcard native/*)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install $(PIP) "torch==$$(sed -n 's/^torch==//p' constraints.txt)"
	$(BIN)/python -m pip install $(PIP) --editable ".[dev]"
	@touch $@

# --- the main job ----------------------------------------------------------------------------
demo: $(BIN)/.installed ## Train on weekly CO2, score, forecast and look at the weights
	$(GRUCLI) train recipes/co2.yaml --overwrite
	$(GRUCLI) eval runs/co2/best.pt
	$(GRUCLI) predict runs/co2/best.pt data/co2_weekly.csv -o runs/co2/forecast.csv
	head -5 runs/co2/forecast.csv
	$(GRUCLI) inspect-weights runs/co2/best.pt

train: $(BIN)/.installed ## Train RECIPE=recipes/co2.yaml
	$(GRUCLI) train $(RECIPE) --overwrite

eval: $(BIN)/.installed ## Score CKPT=runs/co2/best.pt, on DATA= if given
	$(GRUCLI) eval $(CKPT) $(DATA)

predict: $(BIN)/.installed ## Forecast with CKPT= beyond DATA= into OUT=
	$(GRUCLI) predict $(CKPT) $(DATA) --output $(OUT)

inspect: $(BIN)/.installed ## Show the weights of CKPT=
	$(GRUCLI) inspect-weights $(CKPT)

# runs/NAME/best.pt is made again only when its recipe, or the table that names, has changed: RECIPE=
# if that is given, else NAME.yaml here, in recipes/ or in a folder of it. Tables of a block list
# (- a.csv) are not seen.
recipe_of = $(firstword $(if $(filter command environment,$(origin RECIPE)),$(RECIPE)) \
  $(wildcard recipes/$(1).yaml recipes/*/$(1).yaml $(1).yaml) RECIPE-of-$(1)-is-not-given)
paths_of = $(shell sed -n '/^ *\#/d; /[ {]path: /{s/.*[ {]path: *//; s/^\([^[",}\#]*\)[,}\#].*/\1/; s/\].*//; s/[]["'\'',}]/ /g; p; q;}' $(1) 2> /dev/null)
tables_of = $(wildcard $(foreach path,$(call paths_of,$(1)),$(if $(filter /%,$(path)),,$(dir $(1)))$(path)))
runs/%/best.pt: $$(call recipe_of,$$*) $$(call tables_of,$$(call recipe_of,$$*)) | $(BIN)/.installed
	$(GRUCLI) train $< --run-dir $(@D) --overwrite

RECIPE-of-%-is-not-given:
	@echo "no $*.yaml here, in recipes/ or in a folder of it; say which: make runs/$*/best.pt RECIPE=FILE" >&2
	@false

# --- checks ----------------------------------------------------------------------------------
# A process for each core and whole files to each, since a file shares what it trained.
PYTEST := $(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --dist loadfile
test: $(BIN)/.installed ## Run the tests
	$(PYTEST)

test-all: $(BIN)/.installed ## Run the tests and the slow sweeps
	$(PYTEST) -m "not browser and not cuda"

test-browser: $(BIN)/.installed ## Open a report in Chromium (Debian: chromium and chromium-driver)
	$(BIN)/python -m pytest -m browser

test-cuda: $(BIN)/.installed ## Compute on a CUDA device (with a torch that knows it: pip install torch)
	$(BIN)/python -m pytest -m cuda

# The kernel without Python (tests/native), once for each way to look at it, in build/native-*.
SANITISED = -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_FLAGS="-O1 -g1 -fno-sanitize-recover=all $(SANITISERS)"
CROSS := $(and $(shell command -v aarch64-linux-gnu-g++),$(shell command -v qemu-aarch64-static))
check-native: native-address native-undefined native-thread $(if $(CROSS),native-aarch64) ## Check the kernel under sanitisers, and as aarch64 (g++-aarch64-linux-gnu, qemu-user-static)
	@$(if $(CROSS),,echo "aarch64 was left out: no aarch64-linux-gnu-g++ and qemu-aarch64-static here")

# Apart, since both together take GCC twice as long.
native-address: SANITISERS = -fsanitize=address
native-address: OPTIONS = $(SANITISED)
native-undefined: SANITISERS = -fsanitize=undefined,float-cast-overflow
native-undefined: OPTIONS = $(SANITISED)
# What threads share is the same for every instruction set: for a processor unknown the portable one alone is built.
native-thread: SANITISERS = -fsanitize=thread
native-thread: OPTIONS = $(SANITISED) -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=unknown
native-thread: CASES = portable.hard
native-aarch64: OPTIONS = -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 \
  -DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++
native-aarch64: CASES = neon portable.hard
native-aarch64: EMULATOR = qemu-aarch64-static -L /usr/aarch64-linux-gnu

NATIVE_CHECKS := native-address native-undefined native-thread native-aarch64
.PHONY: $(NATIVE_CHECKS)
$(NATIVE_CHECKS):
	cmake -G "Unix Makefiles" -S . -B build/$@ -DGRUCLI_CHECK=ON $(OPTIONS) > /dev/null
	@$(MAKE) --no-print-directory -C build/$@ > /dev/null
	set -e; $(foreach cases,$(or $(CASES),.),$(EMULATOR) build/$@/check_native $(subst ., ,$(cases));)

lint: $(BIN)/.installed ## Check style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(BIN)/.installed ## Check types
	$(BIN)/mypy

bench: $(BIN)/.installed ## Measure the kernel, training, neighbours, long sequences, tables, starting
	$(BIN)/python benchmarks/kernel.py
	$(BIN)/python benchmarks/bfloat16.py
	$(BIN)/python benchmarks/inference.py
	$(BIN)/python benchmarks/training.py
	$(BIN)/python benchmarks/busy.py --rounds 1
	$(BIN)/python benchmarks/streaming.py
	$(BIN)/python benchmarks/length.py
	$(BIN)/python benchmarks/ragged.py
	$(BIN)/python benchmarks/csv_load.py
	$(BIN)/python benchmarks/dataset.py
	$(BIN)/python benchmarks/predictor.py
	$(BIN)/python benchmarks/scaling.py
	$(BIN)/python benchmarks/startup.py

reproduce: $(BIN)/.installed ## Train the recipes that stand for published figures, and print ours beside them
	$(BIN)/python benchmarks/accuracy.py

docs: $(BIN)/.installed ## Write docs/ from docstrings and the real output of commands
	$(BIN)/python -m tools.make_docs all

layer-norm: $(BIN)/.installed ## Measure what layer normalisation does, 25 minutes, and write its page
	$(BIN)/python -m experiments.layer_norm all

schema: $(BIN)/.installed ## Write the JSON Schema that editors check recipes with
	$(BIN)/python -m grucli.recipe.json_schema > recipes/recipe.schema.json

clean: ## Remove the environment and caches; runs/ stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build
