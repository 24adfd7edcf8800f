"""Make ``tiny_clip/`` anew: a CLIP of seeded weights, exported to ONNX, and what transformers itself gives for it.

Run by hand where torch, transformers, onnx and onnxscript are installed: ``python -m tests.extractors.make_tiny_clip``.
The tests read what it wrote, so that they need none of these.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from tokenizers.pre_tokenizers import ByteLevel
from transformers import (
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    CLIPVisionModelWithProjection,
)

from tests.extractors.tiny import FOLDER, TEXTS, pictures

START, END = "<|startoftext|>", "<|endoftext|>"
MERGES = ["r e", "re d</w>", "d re", "s s</w>", "dre ss</w>", "l o", "lo n", "lon g</w>"]


def tokenizer() -> Any:
    letters = sorted(ByteLevel.alphabet())
    words = [*letters, *(letter + "</w>" for letter in letters), *(merge.replace(" ", "") for merge in MERGES)]
    vocabulary = {word: number for number, word in enumerate([*words, START, END])}
    return CLIPTokenizer(vocab=vocabulary, merges=[tuple(merge.split()) for merge in MERGES], model_max_length=77)


def model(vocabulary: int) -> Any:
    torch.manual_seed(0)
    tower = {
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "projection_dim": 12,
    }
    end = vocabulary - 1
    config = CLIPConfig(
        text_config=tower
        | {"vocab_size": vocabulary, "bos_token_id": end - 1, "eos_token_id": end, "pad_token_id": end},
        vision_config=tower | {"image_size": 32, "patch_size": 8},
        projection_dim=12,
    )
    made = CLIPModel(config).eval()
    with torch.no_grad():
        for name, values in made.named_parameters():
            if name.endswith("weight") and "norm" not in name:
                values.mul_(6)  # at their usual size, so small a network gives nearly the same for everything
    return made


def export(source: str, folder: Path) -> None:
    """Both towers of a CLIP to ONNX: the same lines as in docs/extractors.md."""
    vision = CLIPVisionModelWithProjection.from_pretrained(source).eval()
    text = CLIPTextModelWithProjection.from_pretrained(source).eval()
    side = vision.config.image_size
    n, tokens = torch.export.Dim("n"), torch.export.Dim("tokens", max=77)
    torch.onnx.export(
        vision,
        (torch.zeros(2, 3, side, side),),
        folder / "vision_model.onnx",
        input_names=["pixel_values"],
        output_names=["image_embeds"],
        dynamic_shapes=({0: n},),
        external_data=False,
    )
    ids, mask = torch.zeros(2, 7, dtype=torch.int64), torch.ones(2, 7, dtype=torch.int64)
    torch.onnx.export(
        text,
        (ids, mask),
        folder / "text_model.onnx",
        input_names=["input_ids", "attention_mask"],
        output_names=["text_embeds"],
        dynamic_shapes=({0: n, 1: tokens}, {0: n, 1: tokens}),
        external_data=False,
    )


def strip(path: Path) -> None:
    """Drop the notes of where each node came from: they are most of the file, and of the machine it was made on."""
    model = onnx.load(path)
    for each in (
        model,
        model.graph,
        *model.graph.node,
        *model.graph.input,
        *model.graph.output,
        *model.graph.value_info,
    ):
        del each.metadata_props[:]
        each.doc_string = ""
    onnx.save(model, path)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    words = tokenizer()
    convert = CLIPImageProcessorPil(size={"shortest_edge": 36}, crop_size={"height": 32, "width": 32})
    clip = model(len(words))
    words.save_pretrained(FOLDER)
    convert.save_pretrained(FOLDER)
    for extra in FOLDER.glob("*config.json"):
        if extra.name != "preprocessor_config.json":
            extra.unlink()
    with tempfile.TemporaryDirectory() as saved:
        clip.save_pretrained(saved)
        export(saved, FOLDER)
    for path in FOLDER.glob("*.onnx"):
        strip(path)
    tokens = words(TEXTS, padding=True, truncation=True, return_tensors="pt")
    pixels = convert(pictures(), return_tensors="pt")["pixel_values"]
    with torch.no_grad():
        output = clip(pixel_values=pixels, **tokens)
    np.savez_compressed(
        FOLDER / "expected.npz",
        pixels=pixels.numpy(),
        ids=tokens["input_ids"].numpy(),
        images=output.image_embeds.numpy(),
        texts=output.text_embeds.numpy(),
    )


if __name__ == "__main__":
    main()
