"""Model files and their cards, and the authors' checkpoints."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional
from torchvision.models import resnet50

from reid_engine.errors import NetworkFileError, UsageError
from reid_engine.models import MODELS, VideoReidModel, build_model
from reid_engine.models.files import Story, card_path, import_checkpoint, load_model, read_card, save_model

SIZE = (64, 32)


def small(name: str = "tcl/tse_N4", variant: Any = "paper", **options: Any) -> VideoReidModel:
    torch.manual_seed(5)
    return build_model(name, variant, "compact", input_size=SIZE, **options).eval()


def saved(folder: Path, story: Story | None = None) -> Path:
    path = folder / "model.safetensors"
    save_model(small(), path, story)
    return path


def rewritten(path: Path, **changes: Any) -> None:
    card = json.loads(card_path(path).read_text())
    card_path(path).write_text(json.dumps({**card, **changes}))


@pytest.mark.parametrize("name", sorted(MODELS))
def test_a_file_gives_the_same_model_back_bit_for_bit(tmp_path, name):
    model = small(name)
    path = tmp_path / "model.safetensors"
    digest = save_model(model, path)
    again, card = load_model(path)
    clip = torch.randn(1, model.spec.clip_length, 3, *SIZE)
    assert torch.equal(again.embed(clip), model.embed(clip))
    assert again.spec == model.spec
    assert again.options == model.options
    assert not again.training
    assert card["sha256"] == digest


def test_the_card_says_how_to_feed_compare_and_trust_the_model(tmp_path):
    story = Story({"recipe": "tcl/full"}, ("world",), {"world mAP": 0.5})
    card = read_card(saved(tmp_path, story))
    assert card["input"] == [64, 32]
    assert card["distance"] == "cosine"
    assert card["channels"] == "RGB"
    assert card["scale"] == 255
    assert card["options"]["learners"] == 4
    assert card["spec"]["clip_length"] == 4
    assert (card["provenance"], card["training_data"], card["results"]) == (
        {"recipe": "tcl/full"},
        ["world"],
        {"world mAP": 0.5},
    )


def test_a_loaded_model_can_be_trained_on(tmp_path):
    model, _ = load_model(saved(tmp_path))
    model.train()(torch.randn(2, 4, 3, *SIZE)).videos.sum().backward()
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_nothing_is_left_behind_but_the_two_files(tmp_path):
    saved(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.json", "model.safetensors"]


def test_changed_tensors_are_refused_by_their_hash(tmp_path):
    path = saved(tmp_path)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(NetworkFileError, match="the file was changed or the card belongs to another one"):
        load_model(path)


def change_tensors(path: Path, change: Any) -> None:
    """Change the tensors and give the card their hash: only the architecture can tell."""
    state = load_file(path)
    change(state)
    save_file(state, path)
    rewritten(path, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda state: state.pop("path.boost9.bn.weight", None) or state.pop("path.stem.0.weight"), "misses path.stem"),
        (lambda state: state.update(spare=torch.zeros(1)), "has the foreign spare"),
        (lambda state: state.update({"path.stem.1.bias": torch.zeros(3)}), "another shape for path.stem.1.bias"),
    ],
)
def test_tensors_of_another_model_are_refused_by_name(tmp_path, change, sentence):
    path = saved(tmp_path)
    change_tensors(path, change)
    with pytest.raises(NetworkFileError, match=sentence):
        load_model(path)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"format": 9}, "has format 9, this version reads 1"),
        ({"model": "vgg"}, "describes no model of this version"),
        ({"options": {"nonsense": 1}}, "describes no model of this version: tclnet has no option 'nonsense'"),
        ({"options": {"learners": 3}}, "describes no model of this version"),
    ],
)
def test_cards_of_no_model_are_refused(tmp_path, changes, sentence):
    path = saved(tmp_path)
    rewritten(path, **changes)
    with pytest.raises(NetworkFileError, match=sentence):
        load_model(path)


def test_a_missing_or_broken_card_is_said(tmp_path):
    path = saved(tmp_path)
    card_path(path).write_text("{")
    with pytest.raises(NetworkFileError, match="is no card"):
        load_model(path)
    card_path(path).write_text("{}")
    with pytest.raises(NetworkFileError, match=r"it lacks \['format', 'model'"):
        load_model(path)
    card_path(path).unlink()
    with pytest.raises(NetworkFileError, match=r"has no card; expected model\.json beside it"):
        load_model(path)


def test_model_files_end_in_safetensors(tmp_path):
    with pytest.raises(UsageError, match=r"ends in .safetensors, got model.pth"):
        save_model(small(), tmp_path / "model.pth")


def tcl_as_published(model: VideoReidModel) -> dict[str, Tensor]:
    """The same weights under the authors' names, with their inflated kernels and their classifier."""
    theirs = {}
    for key, tensor in model.state_dict().items():
        name = key.replace("path.stem.", "").replace("path.boost2.conv", "layer2.4.W.0")
        name = name.replace("path.boost2.bn", "layer2.4.W.1").replace("path.stage", "layer")
        name = name.replace("erasing.shared", "TSE_Module.layer4").replace("erasing.learners", "TSE_Module.branch")
        name = name.replace("erasing.erasing", "TSE_Module").replace("necks", "bn")
        theirs["module." + name] = (
            tensor[:, :, None] if name.startswith(("conv1", "layer")) and tensor.ndim == 4 else tensor
        )
    theirs["module.classifier.0.weight"] = torch.zeros(625, 2048)
    return theirs


def test_tclnets_published_checkpoint_fills_every_tensor(tmp_path):
    with torch.device("meta"):
        model = build_model("tclnet", "released")
    model.to_empty(device="cpu")
    for number, tensor in enumerate(model.state_dict().values()):
        tensor.fill_(number)
    wanted = {key: tensor.clone() for key, tensor in model.state_dict().items() if tensor.numel() < 3000}
    torch.save(tcl_as_published(model), tmp_path / "best.pth")
    for tensor in model.state_dict().values():
        tensor.zero_()
    report = import_checkpoint(model, tmp_path / "best.pth")
    assert report.complete
    assert report.ignored == ("module.classifier.0.weight",)
    assert all(torch.equal(model.state_dict()[key], tensor) for key, tensor in wanted.items())


def grl_as_published() -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The authors' two files, at a width of 16, from the layers their text describes."""

    def conv_bn(prefix: str, conv: str, bn: str, *shape: int) -> dict[str, Tensor]:
        return {f"{prefix}{conv}.weight": torch.randn(shape), **norm(f"{prefix}{bn}", shape[0])}

    def norm(name: str, width: int) -> dict[str, Tensor]:
        return {f"{name}.{key}": torch.rand(width) for key in ("weight", "bias", "running_mean", "running_var")}

    cnn: dict[str, Tensor] = {}
    for way, odd in (("forward", "foreward"), ("backward", "backward")):
        trl = "temporal_learning_block."
        for f in ("f1", "f2"):
            cnn[f"{trl}{way}_{f}.0.weight"], cnn[f"{trl}{way}_{f}.0.bias"] = (
                torch.randn(256, 256, 1, 1),
                torch.randn(256),
            )
        cnn[f"{trl}channel_atte_{odd}_corr.0.weight"] = torch.randn(16, 256)
        cnn[f"{trl}channel_atte_{odd}_corr.2.weight"] = torch.randn(256, 16)
        memory = f"{trl}uncorr_memo_{way}."
        cnn |= conv_bn(memory, "conv1", "bn1", 64, 256, 1, 1) | conv_bn(memory, "conv2", "bn2", 64, 64, 1, 1)
        cnn |= conv_bn(memory, "conv3", "bn3", 256, 64, 1, 1)
    cnn |= {"backbone.glo_fc.0.weight": torch.randn(128, 256), "backbone.glo_fc.0.bias": torch.randn(128)}
    cnn |= norm("backbone.glo_fc.1", 128) | norm("corr_bn", 256) | norm("uncorr_bn", 256)
    cnn |= conv_bn("backbone.corr_atte.", "0", "1", 128, 384, 1, 1) | conv_bn(
        "backbone.corr_atte.", "2", "3", 32, 128, 1, 1
    )
    cnn |= conv_bn("backbone.corr_atte.", "5", "6", 1, 32, 1, 1)
    pair: dict[str, Tensor] = {"classifierlinear.weight": torch.randn(2, 256)}
    for letter in "QKV":
        pair |= {f"feat{letter}.weight": torch.randn(64, 256), f"feat{letter}.bias": torch.randn(64)}
        pair |= norm(f"feat{letter}_bn", 64)
    return cnn, pair


def test_grls_two_published_files_fill_all_but_the_trunk(tmp_path):
    cnn, pair = grl_as_published()
    torch.save({"state_dict": cnn}, tmp_path / "cnn.pth")
    torch.save({"state_dict": pair}, tmp_path / "siamese.pth")
    model = small("grl", "released")
    report = import_checkpoint(model, tmp_path / "cnn.pth", tmp_path / "siamese.pth")
    assert all(key.startswith("trunk.") for key in report.missing)  # the compact trunk is ours
    assert not report.complete
    assert {key.split(".")[0] for key in report.ignored} == {"classifierlinear", "featV", "featV_bn"}
    state = model.state_dict()
    assert torch.equal(
        state["trl.units.forward_unit.attention.2.weight"],
        cnn["temporal_learning_block.channel_atte_foreward_corr.2.weight"],
    )
    assert torch.equal(
        state["trl.units.backward_unit.memory.bn3.running_var"],
        cnn["temporal_learning_block.uncorr_memo_backward.bn3.running_var"],
    )
    assert torch.equal(state["gce.relate.5.weight"], cnn["backbone.corr_atte.5.weight"])
    assert torch.equal(state["pooling.key.0.bias"], pair["featK.bias"])


def stmp_as_published(model: VideoReidModel) -> dict[str, Tensor]:
    """The refining and integrating weights under the authors' names and in their shapes."""
    rru, integrate = model.rru.gate, model.pooling.integrate
    theirs = {"fuse_net.t_info.3.weight": integrate[0].weight.reshape(128, 128, 3, 3, 3)}
    theirs |= {f"fuse_net.t_info.4.{key}": tensor for key, tensor in integrate[1].state_dict().items()}
    theirs |= {f"fuse_net.t_info.{key}": tensor for key, tensor in model.pooling.reduce.state_dict().items()}
    theirs |= {f"fuse_net.reduce_dim_z.bn.{key}": tensor for key, tensor in rru.transition[1].state_dict().items()}
    theirs["fuse_net.reduce_dim_z.conv.weight"] = rru.transition[0].weight
    theirs["fuse_net.s_atten_z.0.weight"] = rru.spatial[0].weight.reshape(128, 1, 4, 2)
    theirs["fuse_net.s_atten_z.2.weight"] = rru.spatial[2].weight[:, :, None, None]
    theirs["fuse_net.c_atten_z.1.weight"] = rru.channel.weight[:, :, None, None]
    return theirs


def test_stmps_published_kernels_are_reshaped_to_ours(tmp_path):
    model, other = small("stmp", "released"), small("stmp", "released")
    for parameter in other.parameters():
        torch.nn.init.normal_(parameter)
    torch.save(stmp_as_published(model), tmp_path / "stmp.pth")
    report = import_checkpoint(other, tmp_path / "stmp.pth")
    assert all(key.startswith("trunk.") for key in report.missing)
    state, wanted = other.state_dict(), model.state_dict()
    assert all(torch.equal(state[key], wanted[key]) for key in report.matched)
    assert len(report.matched) >= 16


def gltr_heads_as_published() -> dict[str, Tensor]:
    """What stands behind the authors' trunk, in their shapes: kernels over (time, feature) of one channel."""
    theirs = {f"feat{branch}.weight": torch.randn(128, 1, 3, 128) for branch in (1, 2, 3)}
    theirs |= {"feat.weight": torch.randn(128, 256), "feat.bias": torch.randn(128)}
    for name, rows, columns in (("g", 256, 512), ("W.0", 512, 256), ("theta", 256, 512), ("phi", 256, 512)):
        theirs |= {f"Nonlocal_block0.{name}.weight": torch.randn(rows, columns, 1)}
        theirs |= {f"Nonlocal_block0.{name}.bias": torch.randn(rows)}
    for bn, width in (("Nonlocal_block0.W.1", 512), ("feat_bn", 512)):
        theirs |= {f"{bn}.{key}": torch.rand(width) for key in ("weight", "bias", "running_mean", "running_var")}
    return theirs | {"classifier.weight": torch.randn(625, 512), "classifier.bias": torch.randn(625)}


def test_gltrs_published_heads_give_what_their_code_gives(tmp_path):
    theirs = gltr_heads_as_published()
    torch.save({f"module.{key}": tensor for key, tensor in theirs.items()}, tmp_path / "gltr.pth")
    model = small("gltr", "released")
    report = import_checkpoint(model, tmp_path / "gltr.pth")
    assert all(key.startswith("trunk.") for key in report.missing)  # the compact trunk is ours
    assert {key.split(".")[1] for key in report.ignored} == {"feat_bn", "classifier"}
    frames = torch.randn(2, 7, 128)
    wide = [  # a picture of one channel, frames below each other
        functional.conv2d(frames[:, None], theirs[f"feat{gap}.weight"], dilation=(gap, 1), padding=(gap, 0))[..., 0]
        for gap in (1, 2, 3)
    ]
    local = torch.cat([frames.transpose(1, 2), *wide], 1)  # (B, 512, T)

    def project(name: str, what: Tensor) -> Tensor:
        return functional.conv1d(what, theirs[f"Nonlocal_block0.{name}.weight"], theirs[f"Nonlocal_block0.{name}.bias"])

    mask = (project("theta", local).transpose(1, 2) @ project("phi", local)).softmax(-1)
    taken = project("W.0", project("g", local) @ mask.transpose(1, 2))
    norm = [theirs[f"Nonlocal_block0.W.1.{key}"] for key in ("running_mean", "running_var", "weight", "bias")]
    wanted = (functional.batch_norm(taken, *norm) + local).mean(2)
    with torch.no_grad():
        torch.testing.assert_close(model.gather(frames), wanted, rtol=1e-4, atol=1e-4 * float(wanted.abs().max()))


def test_gltrs_published_checkpoint_fills_every_tensor(tmp_path):
    trunk = {key: tensor for key, tensor in resnet50().state_dict().items() if not key.startswith("fc.")}
    heads = gltr_heads_as_published() | {"feat.weight": torch.randn(128, 2048)}
    torch.save(trunk | heads, tmp_path / "gltr.pth")
    model = build_model("gltr", "released")
    report = import_checkpoint(model, tmp_path / "gltr.pth")
    assert report.complete
    state = model.state_dict()
    assert torch.equal(state["trunk.stages.3.2.conv3.weight"], trunk["layer4.2.conv3.weight"])
    assert torch.equal(state["trunk.stem.bn1.running_var"], trunk["bn1.running_var"])


def test_foreign_checkpoints_are_refused(tmp_path):
    torch.save({"somebody": torch.zeros(2)}, tmp_path / "foreign.pth")
    with pytest.raises(NetworkFileError, match="no tensor belongs to tclnet"):
        import_checkpoint(small("tclnet", "released"), tmp_path / "foreign.pth")
    torch.save({"bn.0.weight": torch.zeros(7)}, tmp_path / "wide.pth")
    with pytest.raises(NetworkFileError, match=r"bn.0.weight is \(7,\), necks.0.weight is \(256,\)"):
        import_checkpoint(small("tclnet", "released"), tmp_path / "wide.pth")
    with pytest.raises(UsageError, match="into the released variant"):
        import_checkpoint(small("tclnet", "paper"), tmp_path / "foreign.pth")


def test_what_a_file_fills_is_not_drawn_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are only shapes, drawing loads torch's compiler: two seconds of every process with a model."""
    save_model(build_model("gltr", backbone="compact"), tmp_path / "model.safetensors")
    drawn: list[object] = []
    monkeypatch.setattr(torch.nn.init, "_no_grad_normal_", lambda *given: drawn.append(given) or given[0])
    build_model("gltr", backbone="compact")
    assert drawn
    drawn.clear()
    load_model(tmp_path / "model.safetensors")
    assert not drawn
