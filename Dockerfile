# One image for every room: the command says which. Built from the lock file, run as nobody.
FROM python:3.13-slim-bookworm

ENV PYTHONUNBUFFERED=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /opt/telecare
COPY requirements.lock pyproject.toml README.md ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY schema schema
COPY runtime runtime
COPY gateway gateway
COPY monitor monitor
COPY alerting alerting
COPY simulator simulator
COPY telecare telecare
RUN pip install --no-cache-dir --no-deps --no-build-isolation .
RUN install -d -o 65534 -g 65534 /var/lib/telecare
USER 65534:65534
ENTRYPOINT ["telecare"]
CMD ["--help"]
