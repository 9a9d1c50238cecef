# One image for every process of the product; docker-compose.yml says which one runs what.
ARG PYTHON_VERSION=3.12

FROM python:${PYTHON_VERSION}-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH
COPY requirements.lock /tmp/
RUN pip install --quiet --require-hashes --requirement /tmp/requirements.lock
COPY . /app
WORKDIR /app
# The settings make keys in DATA_DIR when there are none: these are for collecting only and stay behind in this stage.
RUN DATA_DIR=/tmp/data STATIC_ROOT=/static python manage.py collectstatic --noinput --verbosity 0 \
 && python -m compileall -q /app

FROM python:${PYTHON_VERSION}-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 DATA_DIR=/data STATIC_ROOT=/static
# For channels that are Git repositories: the program itself, and ssh.
RUN apt-get update --quiet=2 \
 && apt-get install --quiet=2 --yes --no-install-recommends git openssh-client \
 && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 1000 --user-group --no-create-home --home-dir /tmp --shell /usr/sbin/nologin blogscheduler \
 && install --directory --owner 1000 --group 1000 --mode 0700 /data
COPY --from=build /venv /venv
COPY --from=build /static /static
COPY --from=build /app /app
WORKDIR /app
# Compiles what is used of the standard library, which no container could write down, and proves that all of it starts.
RUN DATA_DIR=/tmp/data python manage.py check \
 && python -c "import celery.bin.celery, gunicorn.app.wsgiapp, sandbox.server" \
 && rm -r /tmp/data
USER 1000:1000
VOLUME /data
EXPOSE 8000
CMD ["docker/web"]
