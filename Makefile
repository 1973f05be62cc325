# `make` runs an experiment and shows its answer, `make test` checks everything.
#
#   make           run the embedded experiment `mini`, or go on with it; show the answer
#   make status    what is done and what is left, also while something runs
#   make report    the summary page and the report, brought up to date
#   make test      lint and all tests (further: test-vtab, test-slurm, test-container,
#                  test-faults)
#   make lint      style, types and rules alone
#   make bench     times beside other ways to compute the scores (on a GPU: bench-gpu)
#   make clean     remove the environment; results stay
#   make help      this text
#
# Variables of the first three:
#
#   EXPERIMENT=smoke             the experiment of configs/smoke.yaml
#   CONFIGFILE="a.yaml b.yaml"   further files of configuration, each changing the ones before
#   CONFIG="retrain=true"        single keys of the top level
#   CORES=4                      all, unless given
#   ARGS="studies"               targets and further options of Snakemake's
#
# All paths are relative, so that a folder's name may hold spaces.

PYTHON ?= python3
CORES ?= all
FILES = $(patsubst %,configs/%.yaml,$(filter-out mini,$(EXPERIMENT))) $(CONFIGFILE)
# Each job is given threads of its own; what stands here for others may be no number.
RUN = @OMP_NUM_THREADS=1 .venv/bin/python workflow/run.py
GIVEN = --cores $(CORES) $(if $(strip $(FILES)),--configfile $(FILES)) \
    $(if $(CONFIG),--config $(CONFIG)) $(if $(ARGS),-- $(ARGS))

export UV_COMPILE_BYTECODE = 1
# Whatever Python is told elsewhere: programs find what lies beside them, and a warning
# of a package ends nothing.
export PYTHONSAFEPATH =
export PYTHONWARNINGS =

.PHONY: run status report help test test-vtab test-slurm test-container test-faults \
    lint bench bench-gpu clean

run status report: .venv/ready
	$(RUN) $@ $(GIVEN)

help:
	@sed -n '/^#   /s/^# //p; /^# Variables/s/^# /\n/p; /^$$/q' Makefile

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

# The smallest run, killed, starved and hindered in many ways, and gone on with (as root,
# on Linux; about forty minutes).
test-faults: .venv/ready
	.venv/bin/python -m tests.faults

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
