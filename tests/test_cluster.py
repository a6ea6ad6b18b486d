"""The programs of docs/howto/cluster.md, where Spark, Dask and Ray are installed for them alone."""

import os
import shutil
import subprocess
import sysconfig
import venv

import pandas as pd
import pytest

import grucli
from tests.test_howto import blocks, write_cases

pytestmark = pytest.mark.slow  # pip fetches them, and their processes start slowly
PACKAGES = ("pyspark[sql]", "dask[dataframe]", "ray[data]")


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The interpreter of an environment with them, and with everything of this one."""
    place = tmp_path_factory.mktemp("cluster")
    venv.create(place, with_pip=True)
    own = sysconfig.get_path("purelib")
    (site,) = place.glob("lib/python*/site-packages")
    (site / "own.pth").write_text(f"import site; site.addsitedir({own!r})\n")
    command = [place / "bin" / "python", "-m", "pip", "install", "--quiet", *PACKAGES]
    subprocess.run(command, check=True)
    return place / "bin" / "python"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A trained run in runs/stores, and the table of its six stores in two files."""
    folder = tmp_path_factory.mktemp("stores")
    names = [f"store{number}" for number in range(6)]
    write_cases(folder / "stores.csv", names, kind="store")
    (recipe,) = blocks("many-series", "yaml")
    (folder / "stores.yaml").write_text(recipe.replace("epochs: 20", "epochs: 1"))
    grucli.train(folder / "stores.yaml", run_dir=folder / "runs" / "stores")
    (folder / "in").mkdir()
    rows = pd.read_csv(folder / "stores.csv")
    for number, part in enumerate((names[:3], names[3:])):
        rows[rows.store.isin(part)].to_csv(folder / "in" / f"{number}.csv", index=False)
    return folder


@pytest.mark.parametrize(("number", "result"), [(0, "spark"), (1, "dask"), (2, "ray")])
def test_the_program_says_what_one_call_says(python, folder, number, result):
    if result == "spark" and shutil.which("java") is None:
        pytest.skip("the Debian package openjdk-17-jre-headless is not installed")
    program = blocks("cluster", "python")[number]
    done = subprocess.run(
        [python, "-c", program],
        cwd=folder,
        env=os.environ | {"PYSPARK_PYTHON": str(python)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = pd.read_csv(folder / f"{result}.csv").sort_values(["store", "week"])
    predictor = grucli.Predictor(folder / "runs" / "stores")
    alone = pd.DataFrame(predictor.predict(folder / "stores.csv").table)
    assert found.store.tolist() == alone.store.tolist()
    assert found.sold.to_numpy() == pytest.approx(alone.sold.to_numpy(), abs=1e-5)
