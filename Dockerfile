FROM python:3.13-slim-bookworm
RUN useradd --create-home --uid 1000 rekscan && mkdir /data && chown rekscan /data
WORKDIR /app
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY rekscan rekscan
COPY workers workers
COPY reports reports
COPY jobs jobs
COPY emulator emulator
RUN pip install --no-cache-dir --constraint constraints.txt '.[emulator,excel]'
USER rekscan
WORKDIR /home/rekscan
CMD ["rekscan", "worker"]
