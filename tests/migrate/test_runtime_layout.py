"""Where the files of a project get torch from: what decides, beyond the cases of raw-import."""

from __future__ import annotations

from tests.migrate.project import migrate
from torchdet.model.config import LintConfig

NET = "import torch\n\nprint(torch)\n"
INIT = {"kit/__init__.py": ""}


def test_a_module_that_has_torchs_name_does_not_make_its_package_a_folder_of_scripts() -> None:
    texts = {
        **INIT,
        "kit/layers/__init__.py": "",
        "kit/layers/torch.py": "import torch\n\nfrom . import names\n\nprint(torch, names)\n",
        "kit/layers/names.py": "",
    }
    migrated = migrate(texts, ["DET101"]).texts
    assert "from .._torch_runtime import torch\n" in migrated["kit/layers/torch.py"]


def test_a_module_that_the_project_names_is_used_where_it_exports_both() -> None:
    runtime = "from torchdet.runtime import deferred_handle\n\nrt = deferred_handle()\n"
    lint = LintConfig(runtime_modules=("kit.base",))
    texts = {**INIT, "kit/base.py": f"{runtime}torch = rt.torch\n", "kit/net.py": NET}
    migrated = migrate(texts, ["DET101"], lint).texts
    assert migrated["kit/net.py"] == "from .base import torch\n\nprint(torch)\n"
    assert set(migrated) == set(texts)
    lacking = {**texts, "kit/base.py": runtime}
    assert "kit/_torch_runtime.py" in migrate(lacking, ["DET101"], lint).texts


def test_each_package_of_a_project_has_its_own() -> None:
    texts = {**INIT, "kit/net.py": NET, "src/other/__init__.py": "", "src/other/net.py": NET}
    migrated = migrate(texts, ["DET101"]).texts
    assert {"kit/_torch_runtime.py", "src/other/_torch_runtime.py"} < set(migrated)


def test_a_script_that_others_import_holds_a_deferred_handle() -> None:
    texts = {"model.py": NET, "train.py": f"import model\n{NET}"}
    migrated = migrate(texts, ["DET101"]).texts
    assert "rt = deferred_handle()\n" in migrated["model.py"]
    assert "rt = get_torch_handle()\n" in migrated["train.py"]


def test_no_module_is_made_that_nobody_imports() -> None:
    texts = {**INIT, "kit/plain.py": "X = 1\n", "run.py": NET}
    assert set(migrate(texts, ["DET101"]).texts) == set(texts)
