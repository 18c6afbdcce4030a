"""BLIP's NLVR model, compact, for timing PyTorch next to `nlvr bench` on the same weights and inputs.

Parameter names are BLIP's (models/blip_nlvr.py, vit.py, nlvr_encoder.py). PyTorch gets its best: scaled dot product
attention, fused AdamW, no Python loop inside a layer. Dropout and stochastic depth run as in training.

usage: blip_nlvr.py WEIGHTS.safetensors SHAPE.json STEPS fp32|tf32|bf16|fp16 [cpu|cuda] [eager|compile]  ->  one JSON line

fp16 scales the loss as GradScaler does; tf32 is for GPUs. `peakBytes` is of the process, `gpuPeakBytes` of PyTorch's
memory on the GPU.

With `compile` the model runs through torch.compile; `compileSeconds` is what the first evaluation and the first training
step took longer than a later one. Where it cannot compile, the line has `error` alone.
"""

import argparse
import json
import re
import sys
import threading
import time

arguments = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1])
for name, of in {"weights": str, "shape": str, "steps": int}.items():
    arguments.add_argument(name, type=of)
arguments.add_argument("precision", choices=["fp32", "tf32", "bf16", "fp16"])
arguments.add_argument("device", nargs="?", default="cpu", choices=["cpu", "cuda"])
arguments.add_argument("mode", nargs="?", default="eager", choices=["eager", "compile"])
given = arguments.parse_args()
steps, precision, device, compiled = given.steps, given.precision, given.device, given.mode == "compile"
if device == "cpu" and precision == "tf32":
    arguments.error("tf32 is a precision of NVIDIA's GPUs; use fp32 on the CPU")

import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import load_file
from torch.utils.flop_counter import FlopCounterMode, sdpa_backward_flop_count, sdpa_flop_count

peak = 0


def private_memory():
    """Bytes of pages that belong to no file, as src/train/peakMemory.ts counts them for us."""
    with open("/proc/self/status") as status:
        return int(re.search(r"^RssAnon:\s*(\d+) kB$", status.read(), re.M)[1]) * 1024


def watch_memory():
    global peak
    while True:
        peak = max(peak, private_memory())
        time.sleep(0.005)


threading.Thread(target=watch_memory, daemon=True).start()

# Also for convolutions, where PyTorch's default is TF32.
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
shape = json.load(open(given.shape))
torch.manual_seed(0)
if shape.get("threads"):
    torch.set_num_threads(shape["threads"])


def attention(q, k, v, heads, mask=None, dropout=0.0):
    split = lambda t: t.unflatten(-1, (heads, -1)).transpose(1, 2)
    out = F.scaled_dot_product_attention(split(q), split(k), split(v), attn_mask=mask, dropout_p=dropout)
    return out.transpose(1, 2).flatten(2)


class DropPath(nn.Module):
    def __init__(self, rate):
        super().__init__()
        self.rate = rate

    def forward(self, x):
        if not self.training or self.rate == 0:
            return x
        keep = 1 - self.rate
        return x * (torch.rand(x.shape[0], 1, 1, device=x.device) < keep).to(x.dtype) / keep


class VisionBlock(nn.Module):
    def __init__(self, width, heads, rate):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.attn = nn.ModuleDict({"qkv": nn.Linear(width, 3 * width), "proj": nn.Linear(width, width)})
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(width, 4 * width), "fc2": nn.Linear(4 * width, width)})
        self.drop_path = DropPath(rate)

    def forward(self, x):
        q, k, v = self.attn.qkv(self.norm1(x)).chunk(3, -1)
        x = x + self.drop_path(self.attn.proj(attention(q, k, v, self.heads)))
        return x + self.drop_path(self.mlp.fc2(F.gelu(self.mlp.fc1(self.norm2(x)))))


class VisionTransformer(nn.Module):
    def __init__(self, image_size, patch, width, depth, heads, rate):
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, (image_size // patch) ** 2 + 1, width))
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(3, width, patch, patch)})
        rates = torch.linspace(0, rate, depth).tolist()
        self.blocks = nn.ModuleList([VisionBlock(width, heads, r) for r in rates])
        self.norm = nn.LayerNorm(width, eps=1e-6)

    def forward(self, images):
        x = self.patch_embed.proj(images).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1) + self.pos_embed
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


class Output(nn.Module):
    """dense, dropout, LayerNorm of the sum with the input."""

    def __init__(self, inner, width, eps, dropout):
        super().__init__()
        self.dense, self.LayerNorm, self.dropout = nn.Linear(inner, width), nn.LayerNorm(width, eps=eps), dropout

    def forward(self, x, residual):
        return self.LayerNorm(F.dropout(self.dense(x), self.dropout, self.training) + residual)


class TwinOutput(nn.Module):
    def __init__(self, width, eps, dropout, merged):
        super().__init__()
        self.dense0, self.dense1 = nn.Linear(width, width), nn.Linear(width, width)
        self.LayerNorm, self.dropout = nn.LayerNorm(width, eps=eps), dropout
        if merged:
            self.merge_layer = nn.Linear(2 * width, width)

    def forward(self, x0, x1, residual):
        x0, x1 = self.dense0(x0), self.dense1(x1)
        x = self.merge_layer(torch.cat([x0, x1], -1)) if hasattr(self, "merge_layer") else (x0 + x1) / 2
        return self.LayerNorm(F.dropout(x, self.dropout, self.training) + residual)


def qkv(width, context):
    return nn.ModuleDict({"query": nn.Linear(width, width), "key": nn.Linear(context, width), "value": nn.Linear(context, width)})


class TextLayer(nn.Module):
    def __init__(self, c, i):
        super().__init__()
        w, eps, drop = c["hidden_size"], c["layer_norm_eps"], c["hidden_dropout_prob"]
        self.heads, self.p = c["num_attention_heads"], c["attention_probs_dropout_prob"]
        self.attention = nn.ModuleDict({"self": qkv(w, w), "output": Output(w, w, eps, drop)})
        e = c["encoder_width"]
        self.crossattention = nn.ModuleDict({"self0": qkv(w, e), "self1": qkv(w, e), "output": TwinOutput(w, eps, drop, i >= 6)})
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(w, c["intermediate_size"])})
        self.output = Output(c["intermediate_size"], w, eps, drop)

    def attend(self, part, x, context, mask=None):
        p = self.p if self.training else 0.0
        return attention(part["query"](x), part["key"](context), part["value"](context), self.heads, mask, p)

    def forward(self, x, mask, image0, image1):
        x = self.attention["output"](self.attend(self.attention["self"], x, x, mask), x)
        cross = self.crossattention
        x = cross["output"](self.attend(cross["self0"], x, image0), self.attend(cross["self1"], x, image1), x)
        return self.output(F.gelu(self.intermediate["dense"](x)), x)


class Nlvr(nn.Module):
    def __init__(self, s):
        super().__init__()
        v, c = s["vit"], s["text"]
        self.visual_encoder = VisionTransformer(s["image_size"], v["patch_size"], v["width"], v["depth"], v["heads"], s["drop_path_rate"])
        w = c["hidden_size"]
        embeddings = nn.ModuleDict({
            "word_embeddings": nn.Embedding(c["vocab_size"], w, padding_idx=0),
            "position_embeddings": nn.Embedding(c["max_position_embeddings"], w),
            "LayerNorm": nn.LayerNorm(w, eps=c["layer_norm_eps"]),
        })
        layers = nn.ModuleList([TextLayer(c, i) for i in range(c["num_hidden_layers"])])
        self.text_encoder = nn.ModuleDict({"embeddings": embeddings, "encoder": nn.ModuleDict({"layer": layers})})
        self.cls_head = nn.Sequential(nn.Linear(w, w), nn.ReLU(), nn.Linear(w, 2))
        self.dropout = c["hidden_dropout_prob"]

    def forward(self, images, ids, mask, labels):
        image0, image1 = self.visual_encoder(images).chunk(2)
        e = self.text_encoder["embeddings"]
        x = e["word_embeddings"](ids) + e["position_embeddings"].weight[: ids.shape[1]]
        x = F.dropout(e["LayerNorm"](x), self.dropout, self.training)
        bias = (1.0 - mask[:, None, None, :].float()) * -10000.0
        for layer in self.text_encoder["encoder"]["layer"]:
            x = layer(x, bias.to(x.dtype), image0, image1)
        return F.cross_entropy(self.cls_head(x[:, 0]).float(), labels)


model = Nlvr(shape).to(device)
state = {k: t for k, t in load_file(given.weights, device=device).items() if not k.endswith("position_ids")}
model.load_state_dict(state, strict=True)
del state  # a second copy of the weights would count as PyTorch's memory
optimizer = torch.optim.AdamW(model.parameters(), lr=shape["lr"], weight_decay=0.05, fused=True)
scaler = torch.amp.GradScaler(device, enabled=precision == "fp16")

n, size, length = shape["batch"], shape["image_size"], shape["length"]
# The same bytes and ids as `nlvr bench`: (i * 2654435761 mod 2^32) >> 24, and ids that count up.
i = torch.arange(2 * n * size * size * 3, dtype=torch.int64)
pixels = ((i * 2654435761) % 2**32 >> 24).view(2 * n, size, size, 3).permute(0, 3, 1, 2).float() / 255
mean = torch.tensor([0.48145466, 0.4578275, 0.40821073]).view(1, 3, 1, 1)
std = torch.tensor([0.26862954, 0.26130258, 0.27577711]).view(1, 3, 1, 1)
images = ((pixels - mean) / std).contiguous()
vocab = shape["text"]["vocab_size"]
ids = 1 + torch.arange(n * length).view(n, length) % (vocab - 1)
mask = torch.ones(n, length, dtype=torch.int64)
labels = torch.arange(n) % 2
images, ids, mask, labels = (each.to(device) for each in (images, ids, mask, labels))


def autocast():
    dtype = torch.float16 if precision == "fp16" else torch.bfloat16
    return torch.autocast(device, dtype, enabled=precision in ("bf16", "fp16"))


def forward(*inputs):
    with autocast():
        return run(*inputs)


def step():
    out = forward(images, ids, mask, labels)
    optimizer.zero_grad()
    scaler.scale(out).backward()
    scaler.step(optimizer)
    scaler.update()
    return out.item()


def seconds(function):
    start = time.perf_counter()
    function()
    if device == "cuda":
        # The update of the weights is still under way.
        torch.cuda.synchronize()
    return time.perf_counter() - start


def evaluate():
    with torch.no_grad():
        return forward(images, ids, mask, labels).item()


def measure():
    model.eval()
    losses = []
    first = seconds(lambda: losses.append(evaluate()))
    evaluation = sorted(seconds(evaluate) for _ in range(steps))[steps // 2]
    model.train()
    first += seconds(step)
    training = sorted(seconds(step) for _ in range(steps))[steps // 2]
    result = {"loss": losses[0], "step": training, "evaluation": evaluation, "peakBytes": peak}
    result |= {"device": device, "version": torch.__version__}
    if device == "cuda":
        result["gpuPeakBytes"] = torch.cuda.max_memory_allocated()
    if compiled:
        return {**result, "compileSeconds": first - evaluation - training}
    return {**result, "flops": {"evaluation": flops(evaluate, False), "training": flops(step, True)}}


def flops(function, training):
    """Floating point operations of matrix products; the counter does not know the CPU's attention by itself."""
    model.train(training)
    forward_op = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
    backward_op = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward
    known = {
        forward_op: lambda q, k, v, *_, **__: sdpa_flop_count(q, k, v),
        backward_op: lambda dy, q, k, v, *_, **__: sdpa_backward_flop_count(dy, q, k, v),
    }
    with FlopCounterMode(display=False, custom_mapping=known) as counter:
        function()
    return counter.get_total_flops()


run = torch.compile(model) if compiled else model
try:
    print(json.dumps(measure()))
except Exception as error:
    if not compiled:
        raise
    print(json.dumps({"error": f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"}))
