# The image that every task of the pipeline runs in on Kubeflow: `make image`.
#
# Debian 13 or newer: the wheels of TFX want its C library. Another base, such as one with CUDA's
# driver libraries or one of your own registry: --build-arg BASE_IMAGE=... It must have apt. Given by
# its digest, NAME@sha256:..., it is the same image in each build.
#
# Packages are those of requirements.lock, or of requirements-gpu.lock, compared with its hashes. The
# same inputs give the same files; what differs between two builds is times, and what Debian has
# mended meanwhile.
ARG BASE_IMAGE=debian:trixie-slim
FROM ${BASE_IMAGE}

RUN apt-get update --quiet=2 \
 && DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --no-install-recommends \
      ca-certificates python3 \
 && rm -rf /var/lib/apt/lists/* /var/log/* /var/cache/*

# Where packages come from, if not from Python's own index. Neither is kept in the image.
ARG UV_DEFAULT_INDEX
ARG PIP_INDEX_URL
# gpu: with CUDA's libraries, of requirements-gpu.lock.
ARG EXTRA=""
WORKDIR /build
COPY scripts/install_uv.sh scripts/pip_install.sh scripts/uv.txt scripts/
COPY pyproject.toml requirements.lock requirements-gpu.lock ./
# One step, so that what packages are installed with is in no layer: pip and uv.
RUN apt-get update --quiet=2 \
 && DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --no-install-recommends python3-pip \
 && uv=$(scripts/install_uv.sh /uv python3) \
 && export UV_NO_CACHE=1 UV_SYSTEM_CERTS=1 UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy \
 && $uv venv --quiet --no-project --python python3 /opt/venv \
 && $uv pip install --quiet --python /opt/venv/bin/python \
      --requirement pyproject.toml ${EXTRA:+--extra "$EXTRA"} \
      --constraint "requirements${EXTRA:+-$EXTRA}.lock" \
 && DEBIAN_FRONTEND=noninteractive apt-get purge --quiet=2 --auto-remove python3-pip \
 && rm -rf /uv /root/.cache /var/lib/apt/lists/* /var/log/* /var/cache/*
# Compiled now, once, and not by each container anew: that takes a processor half a minute.
COPY scripts/compile_imported.py scripts/
RUN /opt/venv/bin/python -B scripts/compile_imported.py

WORKDIR /app
COPY pyproject.toml runner_local.py runner_kubeflow.py ./
COPY configs configs
COPY data/schemas data/schemas
COPY components components
COPY pipeline pipeline
# A home for whatever user id a cluster chooses; Python finds our packages wherever it is started.
ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/app HOME=/tmp PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
RUN python -m compileall -q --invalidation-mode unchecked-hash components pipeline
# A number, since Kubernetes cannot tell whether a name is root's.
USER 1000:1000
ARG REVISION=unknown
LABEL org.opencontainers.image.title="image-classification-pipeline" \
      org.opencontainers.image.revision="${REVISION}"
CMD ["python", "runner_local.py", "--help"]
