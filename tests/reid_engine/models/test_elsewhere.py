"""Models on a machine that has torch, numba, OpenCV and safetensors, and nothing else of ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
PROGRAM = """
import sys

absent = ("pydantic pydantic_settings platformdirs sqlalchemy alembic faiss av openvino onnx onnxruntime ultralytics "
          "PySide6 pyqtgraph typer rich lap scipy yaml")
sys.modules.update(dict.fromkeys(absent.split()))  # importing one of them says that there is none
import reid_engine.models, reid_engine.models.files
assert not {"cv2", "numba"} & set(sys.modules), "models import torch, torchvision, numpy and safetensors only"
import numpy as np, torch
import reid_engine.errors, reid_engine.jobs, reid_engine.ranking, reid_engine.types, trainer
from pathlib import Path
from reid_engine.models import build_model, model_names
from reid_engine.models.complexity import measure
from reid_engine.models.files import load_model, save_model
from reid_engine.pixels import Preparation

torch.manual_seed(0)
torch.set_num_threads(1)
picture = np.full((50, 20, 3), 90, np.uint8)
for name in model_names():
    model = build_model(name, backbone="compact", clip_length=4, input_size=(64, 32)).train()
    clips = torch.from_numpy(Preparation.of(model.spec).clip([picture] * 4))[None].repeat(2, 1, 1, 1, 1)
    clips += torch.randn(clips.shape)
    adam = torch.optim.Adam(model.parameters())
    before = [p.detach().clone() for p in model.parameters()]
    features = [f for f in model(clips) if f is not None and f.requires_grad]
    sum((f * torch.randn_like(f)).sum() for f in features).backward()
    adam.step()
    moved = [not torch.equal(p, q) for p, q in zip(model.parameters(), before)]
    assert moved[0] and sum(moved) > len(moved) - 10, name  # what lies behind a weight that starts at zero waits
    file = Path(sys.argv[1]) / f"{name}.safetensors"
    save_model(model, file)
    found, _ = load_model(file)
    assert found.embed_tracklet(clips[0]).shape == (model.spec.embedding_dim,)
print("all five")
"""


def test_the_five_models_build_learn_and_are_kept_where_only_torch_is(tmp_path: Path) -> None:
    run = subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path)], capture_output=True, text=True, cwd=ROOT)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "all five"
