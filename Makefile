# Two commands: `make` runs the embedded experiment, `make test` checks everything.
# All paths are relative, so that a folder's name may hold spaces.

PYTHON ?= python3
# Either says the other: CONFIGFILE=configs/smoke.yaml or EXPERIMENT=smoke. Further files
# with changes may follow the first: CONFIGFILE="configs/vtab1k.yaml mine.yaml".
ifdef EXPERIMENT
CONFIGFILE ?= $(if $(filter-out mini,$(EXPERIMENT)),configs/$(EXPERIMENT).yaml)
else
CONFIGFILE ?=
EXPERIMENT = $(or $(basename $(notdir $(firstword $(CONFIGFILE)))),mini)
endif
CORES ?= all
# A lock that a killed run left is cleared at the next start: workflow/rules/startup.smk.
SNAKEMAKE = .venv/bin/python -m snakemake --cores $(CORES) $(if $(CONFIGFILE),--configfile $(CONFIGFILE))

export UV_COMPILE_BYTECODE = 1

.PHONY: main status test test-slurm test-container test-vtab lint bench bench-gpu clean report

main: .venv/ready
	$(SNAKEMAKE)
	@$(SNAKEMAKE) --quiet all --report results/$(EXPERIMENT)/report.html
	@echo
	@cat results/$(EXPERIMENT)/tables/tau.md
	@echo
	@echo "The answer on one page: results/$(EXPERIMENT)/summary.html"
	@echo "Report: results/$(EXPERIMENT)/report.html   Tables and figures: results/$(EXPERIMENT)/"

# Where the experiment was run here, its page and its report, brought up to date;
# else those of all cached experiments, for which nothing is trained.
report: .venv/ready
	@if test -e results/$(EXPERIMENT)/tables/provenance.json; then \
	    $(SNAKEMAKE) && \
	    $(SNAKEMAKE) --quiet all --report results/$(EXPERIMENT)/report.html && \
	    echo "results/$(EXPERIMENT)/summary.html and results/$(EXPERIMENT)/report.html"; \
	else \
	    echo "$(EXPERIMENT) was not run here ('make' runs it): from the cache." && \
	    $(SNAKEMAKE) cached_pages && \
	    $(SNAKEMAKE) --quiet all --report results/cached/report.html -- cached_pages && \
	    echo "results/cached/*/summary.html and results/cached/report.html"; \
	fi

# What is done and what is left; also before anything has run, and while something runs.
status: .venv/ready
	@$(SNAKEMAKE) --nolock --quiet all -- report_status || \
	    { $(SNAKEMAKE) --nolock --dry-run --quiet rules; exit 1; }  # says what is wrong
	@cat results/$(EXPERIMENT)/logs/report_status/all.log
	@echo
	@echo "Jobs that are left, those under way counted in:"
	@$(SNAKEMAKE) --nolock --dry-run 2>&1 | \
	    awk '/^job  / {tables++} tables == 1; /^total/ {tables++} /Nothing to be done|[Ee]rror/'

test: .venv/ready lint
	.venv/bin/python -m pytest -n 2 --dist worksteal

# A small VTAB-1k of all 19 tasks, served on this machine, to the table of weighted taus.
test-vtab: .venv/ready
	.venv/bin/python -m pytest tests/e2e/check_vtab.py

# The smallest whole run through a SLURM of this machine's own (as root, on Debian).
test-slurm: .venv/ready
	.venv/bin/python -m pytest tests/slurm/check_slurm.py

# The container's image built by Apptainer, and the smallest run in it (as root, on Debian).
test-container: .venv/ready
	.venv/bin/python -m pytest tests/container/check_container.py

lint: .venv/ready
	.venv/bin/python -m ruff check
	.venv/bin/python -m ruff format --check
	.venv/bin/python -m mypy
	.venv/bin/python -m snakefmt --check Snakefile workflow
	.venv/bin/python -m snakemake --lint

# Times beside other ways to compute the scores; SIZES=small takes a minute and a half.
bench: .venv/ready
	PYTHONPATH=workflow .venv/bin/python -m benchmarks $(if $(filter small,$(SIZES)),--quick)

# Embedding, fine-tuning and the search of neighbors on a GPU, beside plain ways.
bench-gpu: .venv/ready
	PYTHONPATH=workflow .venv/bin/python -m benchmarks.models
	PYTHONPATH=workflow .venv/bin/python -m benchmarks --gpu

# The environment: uv takes the ordinary build of torch, which torchvision can load.
# Where uv is absent, pip puts it into an environment of its own, because the Python of
# a distribution may refuse to be installed into (or lack ensurepip).
.venv/ready: envs/requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Python >= 3.11 is needed; try: make PYTHON=python3.12"; exit 1; }
	@command -v uv >/dev/null || test -x .uv/bin/uv || { \
	    $(PYTHON) -m venv --without-pip .uv && \
	    $(PYTHON) -m pip --python .uv/bin/python install --quiet uv; }
	@PATH="$$PATH:$$PWD/.uv/bin"; \
	    test -x .venv/bin/python || uv venv --quiet --python $(PYTHON) .venv; \
	    uv pip sync --quiet --python .venv/bin/python envs/requirements.lock
	@touch $@

clean:
	rm -rf .venv .uv .snakemake
