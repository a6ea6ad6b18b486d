# The small image: predicts, scores and looks into trained models, without torch.
#
#   docker build -t grucli .
#   docker run --rm -v "$PWD:/work" grucli predict runs/co2/best.pt table.csv -o forecast.csv
#
# One that trains too:  docker build -t grucli-train --build-arg EXTRAS=[train] .
FROM python:3.12-slim AS build
RUN apt-get update && apt-get install --yes --no-install-recommends g++
COPY . /source
RUN pip wheel --no-deps --wheel-dir /wheels /source

FROM python:3.12-slim
ARG EXTRAS=""
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir "$(echo /wheels/*.whl)$EXTRAS" && rm -r /wheels
WORKDIR /work
ENTRYPOINT ["grucli"]
