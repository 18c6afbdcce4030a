"""A small PyTorch training on the sample data set that NLVR Workbench shows while it runs.

    nlvr sample shapes                                     # or "NLVR: Create Sample Data Set" in VS Code
    python train_pytorch.py shapes output/pytorch          # needs only torch, and nlvr_run.py next to this file

Only the `with Run(…)` block near the end and its calls of `run` write the run folder. The model is far smaller than BLIP's
and designed for this data set.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import struct
import zlib

import torch
from torch import nn

from nlvr_run import Run

SIDE = 36  # side length of the model's input in pixels
PATCH = 12  # a cell of the images
WORDS = 24


def read_png(path: str) -> torch.Tensor:
    """Reads an image of the sample as [3, SIDE, SIDE], 0..1. Use Pillow or torchvision for your own images."""
    with open(path, "rb") as file:
        data = file.read()
    at, packed = 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        if kind == b"IHDR":
            width, height, depth, color = struct.unpack(">IIBB", data[at + 8 : at + 18])
        elif kind == b"IDAT":
            packed += data[at + 8 : at + 8 + length]
        at += length + 12
    rows = torch.frombuffer(bytearray(zlib.decompress(packed)), dtype=torch.uint8).view(height, -1)
    if (depth, color) != (8, 2) or rows[:, 0].any():
        raise ValueError(f"{path} is not a picture of the sample data set: read it with Pillow")
    pixels = rows[:, 1:].reshape(height, width, 3).permute(2, 0, 1).float() / 255
    return nn.functional.adaptive_avg_pool2d(pixels, SIDE)


class Examples:
    """A split in memory: each distinct image once, words as ids."""

    def __init__(self, root: str, files: list[str], vocabulary: dict[str, int], grow: bool) -> None:
        self.annotations = []
        for file in files:
            with open(os.path.join(root, "annotation", file), encoding="utf-8") as source:
                self.annotations += json.load(source)
        names = sorted({name for each in self.annotations for name in each["images"]})
        place = {name: i for i, name in enumerate(names)}
        self.pictures = torch.stack([read_png(os.path.join(root, "images", name)) for name in names])
        self.images = torch.tensor([[place[name] for name in each["images"]] for each in self.annotations])
        self.words = torch.zeros(len(self.annotations), WORDS, dtype=torch.long)
        for i, each in enumerate(self.annotations):
            for j, word in enumerate(re.findall(r"\w+", each["sentence"].lower())[:WORDS]):
                if grow:
                    vocabulary.setdefault(word, len(vocabulary) + 1)
                self.words[i, j] = vocabulary.get(word, 0)
        self.labels = torch.tensor([int(each["label"] == "True") for each in self.annotations])

    def batch(self, index: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        return self.words[index], self.pictures[self.images[index]], self.labels[index]


class Model(nn.Module):
    """The sentence selects features of each patch, which are summed over each image; the sums are compared."""

    def __init__(self, words: int, width: int = 96) -> None:
        super().__init__()
        self.word = nn.Embedding(words, width)
        self.sentence = nn.GRU(width, width, batch_first=True)
        self.patch = nn.Sequential(
            nn.Conv2d(3, width, PATCH, PATCH), nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, width, 1)
        )
        self.gate = nn.Linear(width, width)
        self.head = nn.Sequential(nn.Linear(3 * width, width), nn.ReLU(), nn.Linear(width, 2))

    def forward(self, words: torch.Tensor, pictures: torch.Tensor) -> torch.Tensor:
        """Maps words [n, WORDS] and images [n, 2, 3, SIDE, SIDE] to logits [n, 2] of False and True."""
        sentence = self.sentence(self.word(words))[1][0]
        patches = self.patch(pictures.flatten(0, 1)).unflatten(0, pictures.shape[:2]).flatten(3)
        seen = torch.sigmoid(patches * self.gate(sentence)[:, None, :, None]).sum(3) - (SIDE // PATCH) ** 2 / 2
        return self.head(torch.cat([seen.flatten(1), sentence], 1))


@torch.no_grad()
def predictions(model: Model, examples: Examples, batch: int = 256) -> list[dict]:
    """Predictions for Run.evaluation: the annotation of each example with the model's logits."""
    model.eval()
    rows = []
    for start in range(0, len(examples.annotations), batch):
        words, pictures, _ = examples.batch(torch.arange(start, min(start + batch, len(examples.annotations))))
        for logits in model(words, pictures).tolist():
            rows.append({**examples.annotations[len(rows)], "logits": logits})
    model.train()
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="the sample data set")
    parser.add_argument("output", help="the run folder")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--lr", type=float, default=3e-3)
    parser.add_argument("--warmup", type=int, default=100, help="steps in which the learning rate rises")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--overwrite", action="store_true", help="replace the run in the folder")
    options = parser.parse_args()
    torch.manual_seed(options.seed)

    vocabulary: dict[str, int] = {}
    # The easy examples, of one kind, help to learn the others.
    train = Examples(options.data, ["nlvr_easy.json", "nlvr_train.json"], vocabulary, True)
    val = Examples(options.data, ["nlvr_dev.json"], vocabulary, False)
    model = Model(len(vocabulary) + 1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.lr, weight_decay=0.01)
    steps_per_epoch = len(train.annotations) // options.batch

    # The configuration is shown and compared with other runs, and contains the location of the images.
    config = {
        **vars(options),
        "image_root": os.path.join(options.data, "images"),
        "ann_root": os.path.join(options.data, "annotation"),
        "ann_files": {"train": "nlvr_train.json", "val": "nlvr_dev.json", "test": ""},
    }
    with Run(
        options.output,
        config,
        max_epoch=options.epochs,
        steps_per_epoch=steps_per_epoch,
        examples={"train": len(train.annotations), "val": len(val.annotations)},
        trainer=f"PyTorch {torch.__version__}",
        device="cpu",
        parameters=sum(weights.numel() for weights in model.parameters()),
        overwrite=options.overwrite,
    ) as run:
        step = 0
        for epoch in range(options.epochs):
            order = torch.randperm(len(train.annotations))
            for at in range(steps_per_epoch):
                words, pictures, labels = train.batch(order[at * options.batch : (at + 1) * options.batch])
                share = step / (options.epochs * steps_per_epoch)
                lr = options.lr * min(1.0, (step + 1) / options.warmup) * (1 + math.cos(math.pi * share)) / 2
                optimizer.param_groups[0]["lr"] = lr
                logits = model(words, pictures)
                loss = nn.functional.cross_entropy(logits, labels)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                step += 1
                right = (logits.argmax(1) == labels).float().mean().item()
                run.log(step, loss=loss.item(), lr=lr, epoch=epoch, accuracy=right)
                if run.stop_requested:
                    run.finish("stopped", "Stopped on request.")
                    return
            result = run.evaluation("val", epoch, predictions(model, val))
            print(f"epoch {epoch + 1}/{options.epochs}: validation accuracy {result['accuracy']:.3f}", flush=True)


if __name__ == "__main__":
    main()
